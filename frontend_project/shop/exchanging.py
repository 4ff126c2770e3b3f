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
from shop import seats as seats_page
from shop.forms import sent_from
from shop.services import Refused, Shopper, together
from shop.sign_in import signed_in
from shop.visitors import shopper_of

# Refusals of a quote that no other seats would mend.
NOT_AT_ALL = frozenset({"not_exchangeable", "cancellation_closed"})


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
    """As many tickets of the same types, on the best seats or on others that are chosen: what is to be paid or comes
    back; then they are held. What was chosen without having seen what it comes to is shown with that first."""
    shopper = shopper_of(request)
    own = partial(shopper.get, "booking", f"/bookings/{booking_id}")
    look = partial(seats_page.looked_at, shopper, showtime_id)
    named = (request.POST if request.method == "POST" else request.GET).getlist("seat")
    error, status = "", 200
    refused = None
    if request.method == "POST":
        booking = own()
        try:
            seats = choices.tickets(named, purchases.types(booking))
            if set(named) == set(request.POST.getlist("priced")):
                return _hold(request, booking_id, {"showtime_id": str(showtime_id), "seats": seats})
        except ValueError:
            error, status = words.numbers_differ(), 400
        except Refused as no:
            refused, (error, status) = no, words.against(no)
        shown = look()
    else:
        shown, booking = together(look, own)
    there = shown["seat_map"]["seats"]
    found = _priced(shopper, booking, showtime_id, choices.still_free(named, there))
    if refused is not None:
        error = words.about_seats(refused, there)
    shown |= {
        **seats_page.hall(there, found["chosen"]),
        **found,
        "booking": booking,
        "wanted": purchases.types(booking),
        "exchangeable": found.get("refused") not in NOT_AT_ALL,
        "attempt": uuid4(),
        "error": error or found["error"],
    }
    return render(request, "shop/exchange_for.html", shown, status=status)


def _hold(request: HttpRequest, booking_id: UUID, wanted: dict[str, Any]) -> HttpResponse:
    """Raises Refused."""
    key = choices.attempt(request.POST)
    held = shopper_of(request).post("booking", f"/bookings/{booking_id}/exchange", wanted, key=key)
    return redirect("checkout" if purchases.due(held)["amount"] else "booking", booking_id=held["id"])


@csrf_protect
@sent_from("exchange_for")
@signed_in
def exchange_price(request: HttpRequest, booking_id: UUID, showtime_id: UUID) -> HttpResponse:
    """What the seats that are chosen come to: a part of the page."""
    shopper = shopper_of(request)
    booking = shopper.get("booking", f"/bookings/{booking_id}")
    found = _priced(shopper, booking, showtime_id, request.POST.getlist("seat"), proposes=False)
    return render(request, "shop/exchange_price.html", found)


def _priced(
    shopper: Shopper, booking: Mapping[str, Any], showtime_id: UUID, named: Sequence[str], *, proposes: bool = True
) -> dict[str, Any]:
    """As of the showtime's page, with what the booking pays of it."""

    def quote(ask: dict[str, Any]) -> Any:
        path = f"/bookings/{booking['id']}/exchange/quote"
        return shopper.post("booking", path, {"showtime_id": str(showtime_id), **ask})

    return seats_page.priced(quote, purchases.types(booking), named, proposes=proposes)
