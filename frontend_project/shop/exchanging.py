"""A booking is exchanged for another showtime of its film: which one, what it comes to, and holding its seats."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_http_methods, require_safe

from shop import choices, programme, purchases, words
from shop.services import Refused, Shopper, together
from shop.sign_in import signed_in
from shop.visitors import shopper_of


@require_safe
@signed_in
def exchange(request: HttpRequest, booking_id: UUID) -> HttpResponse:
    """The film's other times: first those of the same cinema."""
    shopper = shopper_of(request)
    booking = shopper.get("booking", f"/bookings/{booking_id}")
    shown = {"booking": booking, "cinemas": _cinemas(shopper, booking)}
    return render(request, "shop/exchange.html", shown)


def _cinemas(shopper: Shopper, booking: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each cinema with the film's times by day. None for a showtime that catalog has no more."""
    try:
        own = shopper.get("catalog", f"/showtimes/{booking['showtime_id']}")
    except Refused:
        return []
    asked = {
        "movie_id": own["movie"]["id"],
        "starts_after": datetime.now(UTC).isoformat(timespec="seconds"),
        "page_size": programme.MOST,
    }
    here, anywhere = together(
        partial(shopper.get, "catalog", "/showtimes", theater_id=own["theater"]["id"], **asked),
        partial(shopper.get, "catalog", "/showtimes", **asked),
    )
    return _by_cinema([*here["results"], *anywhere["results"]], booking)


def _by_cinema(showtimes: Sequence[Mapping[str, Any]], booking: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each showtime once, without the booking's own and those in another currency, which are not exchanged for it."""
    others = {
        showtime["id"]: showtime
        for showtime in showtimes
        if showtime["id"] != booking["showtime_id"]
        and showtime["price_from"]["currency"] == booking["total"]["currency"]
    }
    theaters = {showtime["theater"]["id"]: showtime["theater"] for showtime in others.values()}
    return [
        {"theater": theater, "days": days}
        for theater in theaters.values()
        if (days := programme.by_day([each for each in others.values() if each["theater"] == theater], theater))
    ]


@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def exchange_for(request: HttpRequest, booking_id: UUID, showtime_id: UUID) -> HttpResponse:
    """As many tickets of the same types, on the best seats: what is to be paid or comes back; then they are held."""
    shopper = shopper_of(request)
    error, status = "", 200
    if request.method == "POST":
        body = {"showtime_id": str(showtime_id), "seats": _tickets(request.POST.getlist("ticket"))}
        try:
            key = choices.attempt(request.POST)
            held = shopper.post("booking", f"/bookings/{booking_id}/exchange", body, key=key)
            return redirect("checkout" if purchases.due(held)["amount"] else "booking", booking_id=held["id"])
        except Refused as refused:
            error, status = words.against(refused)
    booking, showtime = together(
        partial(shopper.get, "booking", f"/bookings/{booking_id}"),
        partial(shopper.get, "catalog", f"/showtimes/{showtime_id}"),
    )
    shown = {"booking": booking, "showtime": showtime, "attempt": uuid4(), "error": error}
    try:
        ask = {"showtime_id": str(showtime_id), "quantity": purchases.types(booking)}
        shown["quote"] = shopper.post("booking", f"/bookings/{booking_id}/exchange/quote", ask)
    except Refused as refused:
        shown["error"] = error or words.problem(refused)
    return render(request, "shop/exchange_for.html", shown, status=status)


def _tickets(named: Sequence[str]) -> list[dict[str, str]]:
    """Of the form's "seat type" each: a seat with the type of its ticket."""
    pairs = (each.partition(" ") for each in named[: choices.MOST])
    return [{"seat_id": seat, "ticket_type": code} for seat, _, code in pairs]
