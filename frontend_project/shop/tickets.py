"""Bookings that were made: the list of them, how each stands, its tickets."""

from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_POST, require_safe

from shop import codes, purchases, words
from shop.services import Refused, cursor_of, together, unless_away
from shop.sign_in import signed_in
from shop.visitors import shopper_of

PAGE = 50
# A page looks again each second, so often; after that a mail says what became of it.
LOOKS = 60
# Digits of the largest number that the API takes.
LONGEST_REVISION = 19


@require_safe
@signed_in
def bookings(request: HttpRequest) -> HttpResponse:
    shopper = shopper_of(request)
    page, account = together(
        partial(shopper.get, "booking", "/bookings", page_size=PAGE, cursor=request.GET.get("cursor")),
        unless_away(partial(shopper.get, "auth", "/users/me")),
    )
    coming, past = purchases.parted(page["results"], now=datetime.now(UTC))
    turns = {"next": cursor_of(page["next"]), "previous": cursor_of(page["previous"])}
    return render(request, "shop/bookings.html", {"coming": coming, "past": past, "account": account, **turns})


@require_safe
@signed_in
def booking(request: HttpRequest, booking_id: UUID) -> HttpResponse:
    shopper = shopper_of(request)
    found, terms, history = together(
        partial(shopper.get, "booking", f"/bookings/{booking_id}"),
        unless_away(partial(shopper.get, "booking", f"/bookings/{booking_id}/cancellation")),
        unless_away(partial(shopper.get, "booking", f"/bookings/{booking_id}/history"), {"results": []}),
    )
    shown = {
        **_status(found, looks=0),
        "cancellation": terms,
        "ending": purchases.ending(history["results"]),
        "codes": [{**ticket, "picture": _picture(ticket["code"])} for ticket in purchases.tickets(found)],
        "changes": purchases.changes(found),
        "has_moved_seats": any(seat["moved_to"] for seat in found["seats"]),
        "has_receipt": bool(found["payment_id"]) and found["payment_status"] in purchases.PAID,
        "wallets": {"apple": settings.APPLE_PASSES, "google": settings.GOOGLE_PASSES},
    }
    return render(request, "shop/booking.html", shown)


@require_safe
@signed_in
def status(request: HttpRequest, booking_id: UUID) -> HttpResponse:
    """How it stands, looked at again and again until it is settled; then the page is loaded anew."""
    found = shopper_of(request).get("booking", f"/bookings/{booking_id}")
    said = request.GET.get("looks", "")
    shown = _status(found, looks=int(said) if said.isascii() and said.isdecimal() and len(said) < 4 else LOOKS)
    return render(request, "shop/status.html", shown)


def _status(found: dict[str, Any], *, looks: int) -> dict[str, Any]:
    """looks: how often the page has looked already."""
    return {"booking": found, "settled": purchases.is_settled(found), "looks": looks + 1, "patient": looks < LOOKS}


@csrf_protect
@require_POST
@signed_in
def keep(request: HttpRequest, booking_id: UUID) -> HttpResponse:
    """What the showtime became, as it was looked at, suits its customer."""
    said = request.POST.get("revision", "")
    looked_at = int(said) if said.isascii() and said.isdecimal() and len(said) < LONGEST_REVISION else 1
    try:
        shopper_of(request).post("booking", f"/bookings/{booking_id}/accept-change", {"revision": looked_at})
    except Refused as refused:
        messages.error(request, words.problem(refused))
    return redirect("booking", booking_id=booking_id)


def _picture(code: str) -> SafeString:
    """A code as vectors."""
    drawn = codes.drawn(code).svg_inline(border=2, omitsize=True, svgclass="code", lineclass=None)
    return mark_safe(drawn)  # noqa: S308  (its own elements alone)
