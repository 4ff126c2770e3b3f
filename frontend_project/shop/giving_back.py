"""Cancelling a booking, and giving some of its seats back: what comes back, before, and that it does, after."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_http_methods

from shop import choices, words
from shop.services import Refused, Shopper, together
from shop.sign_in import signed_in
from shop.templatetags.shop import money
from shop.visitors import shopper_of


@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def cancel(request: HttpRequest, booking_id: UUID) -> HttpResponse:
    shopper = shopper_of(request)
    error, status = "", 200
    if request.method == "POST":
        try:
            _tell(request, shopper.ask("booking", "DELETE", f"/bookings/{booking_id}"))
            return redirect("booking", booking_id=booking_id)
        except Refused as refused:
            error, status = words.against(refused)
    found, terms = together(
        partial(shopper.get, "booking", f"/bookings/{booking_id}"),
        partial(shopper.get, "booking", f"/bookings/{booking_id}/cancellation"),
    )
    if found["status"] not in ("PENDING", "CONFIRMED"):
        return redirect("booking", booking_id=booking_id)
    shown = {"booking": found, "cancellation": terms, "error": error}
    return render(request, "shop/cancel.html", shown, status=status)


@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def give_back(request: HttpRequest, booking_id: UUID) -> HttpResponse:
    """Seats are chosen, the answer says what comes back of them, and a second form gives them back."""
    shopper = shopper_of(request)
    error, status = "", 200
    named = (request.POST if request.method == "POST" else request.GET).getlist("seat")
    if request.method == "POST":
        key = choices.attempt(request.POST)
        try:
            body = {"seat_ids": named}
            _tell(request, shopper.post("booking", f"/bookings/{booking_id}/give-back", body, key=key))
            return redirect("booking", booking_id=booking_id)
        except Refused as refused:
            error, status = words.against(refused)
    found = shopper.get("booking", f"/bookings/{booking_id}")
    chosen = [seat["id"] for seat in found["seats"] if seat["id"] in named]
    shown = {"booking": found, "chosen": chosen, "attempt": uuid4(), "error": error}
    if not error:
        shown |= _quoted(shopper, found, chosen)
    return render(request, "shop/give_back.html", shown, status=status)


def _quoted(shopper: Shopper, booking: Mapping[str, Any], chosen: Sequence[str]) -> dict[str, Any]:
    """What would come back of these seats, or what stands against it."""
    if not chosen:
        return {}
    try:
        body = {"seat_ids": chosen}
        return {"cancellation": shopper.post("booking", f"/bookings/{booking['id']}/give-back/quote", body)}
    except Refused as refused:
        return {"error": words.problem(refused)}


def _tell(request: HttpRequest, booking: Mapping[str, Any]) -> None:
    """What came of it, on the page that is shown next."""
    outcome = booking["cancellation"]
    if outcome and outcome["refund"]["amount"]:
        amount = money(outcome["refund"])
        messages.success(request, _("%(amount)s goes back to where it came from.") % {"amount": amount})
