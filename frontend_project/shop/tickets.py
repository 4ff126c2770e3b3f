"""Bookings that were made: the list of them, how each stands, its tickets."""

from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_safe

from shop import codes, purchases, words
from shop.forms import sent_from
from shop.services import Refused, cursor_of, together, unless_away
from shop.sign_in import signed_in
from shop.visitors import shopper_of

PAGE = 50
# For so many seconds a page asks how its booking stands; after that a mail says what became of it.
PATIENCE = 60
# A status at which htmx takes what comes, and asks no more.
ASK_NO_MORE = 286
# Digits of the largest number that the API takes.
LONGEST_NUMBER = 19


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
        **_status(found, since=_now()),
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
    """How it stands, as its page asks every second until it is settled; then the page is loaded anew.

    since, standing: when the page began to ask, and what it shows, which is not sent again.
    """
    found = shopper_of(request).get("booking", f"/bookings/{booking_id}")
    shown = _status(found, since=_number(request.GET.get("since", ""), otherwise=0))
    if shown["settled"]:
        return HttpResponse(headers={"HX-Refresh": "true"})
    if shown["patient"] and request.GET.get("standing") == shown["standing"]:
        return HttpResponse(status=204)
    return render(request, "shop/status.html", shown, status=200 if shown["patient"] else ASK_NO_MORE)


def _status(found: dict[str, Any], *, since: int) -> dict[str, Any]:
    """since: seconds of the epoch."""
    return {
        "booking": found,
        "settled": purchases.is_settled(found),
        "standing": purchases.standing(found),
        "since": since,
        "patient": abs(_now() - since) < PATIENCE,
        "again": _seats_again(found) if purchases.may_try_again(found, now=datetime.now(UTC)) else "",
    }


def _seats_again(booking: dict[str, Any]) -> str:
    """To the seats, with those chosen that it had as far as they are free; in exchange for the same booking again."""
    showtime, exchange = {"showtime_id": booking["showtime_id"]}, booking["exchange"]
    chosen = [("seat", seat["id"]) for seat in booking["seats"]]
    if exchange:
        address = reverse("exchange_for", kwargs={"booking_id": exchange["booking_id"], **showtime})
    else:
        address = reverse("showtime", kwargs=showtime)
        chosen = [*((f"type-{code}", number) for code, number in purchases.types(booking).items()), *chosen]
    return f"{address}?{urlencode(chosen)}"


def _now() -> int:
    return int(datetime.now(UTC).timestamp())


def _number(text: str, *, otherwise: int) -> int:
    """What a page says of itself, as long as the API takes it."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < LONGEST_NUMBER else otherwise


@csrf_protect
@sent_from("booking")
@signed_in
def keep(request: HttpRequest, booking_id: UUID) -> HttpResponse:
    """What the showtime became, as it was looked at, suits its customer."""
    looked_at = _number(request.POST.get("revision", ""), otherwise=1)
    try:
        shopper_of(request).post("booking", f"/bookings/{booking_id}/accept-change", {"revision": looked_at})
    except Refused as refused:
        messages.error(request, words.problem(refused))
    return redirect("booking", booking_id=booking_id)


def _picture(code: str) -> SafeString:
    """A code as vectors."""
    drawn = codes.drawn(code).svg_inline(border=2, omitsize=True, svgclass="code", lineclass=None)
    return mark_safe(drawn)  # noqa: S308  (its own elements alone)
