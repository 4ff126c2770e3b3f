"""The page on which staff exchange somebody's booking: a showtime, its seats, what it comes to, and then the hold."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from bookings import chosen_seats, desk, selectors, told, words
from bookings.exchange_rules import Exchange
from bookings.holds import Replayed
from bookings.models import Booking, Showtime
from bookings.quotes import Quote
from bookings.sales import Seat
from bookings.theaters import bookings_at, refuse_showtime, showtimes_at
from chassis.admin import actor_of
from chassis.money import Money, format_money
from chassis.theaters import Theaters
from chassis.web.desk import context, may
from chassis.web.problems import Problem
from chassis.web.theaters import theaters_of

SHOWTIMES_SHOWN = 60


class WantedForm(forms.Form):
    """Which seats of which showtime, as tickets of which types."""

    showtime = forms.UUIDField()
    reason = forms.CharField(max_length=300, required=False)


@require_http_methods(["GET", "HEAD", "POST"])
def exchange_page(request: HttpRequest, booking_id: UUID) -> HttpResponse:
    theaters = theaters_of(request)
    booking = get_object_or_404(bookings_at(theaters).select_related("showtime"), id=booking_id)
    if not may(request, "cancel_booking"):
        raise PermissionDenied
    said = request.POST if request.method == "POST" else request.GET
    form = WantedForm(said)
    if not form.is_valid():
        return _choose_showtime(request, booking)
    wanted = chosen_seats.wanted(said, form.cleaned_data["showtime"])
    try:
        refuse_showtime(theaters, wanted["showtime_id"])
        if not wanted["seat_ids"]:
            return _choose_seats(request, booking, form.cleaned_data["showtime"])
        if request.method == "POST" and form.cleaned_data["reason"].strip():
            return _hold(request, booking, wanted, form.cleaned_data["reason"].strip())
        quoted = desk.quote_exchange(booking_id=booking.id, wanted=wanted, by_staff=may(request, "sell_booking"))
    except Problem as problem:
        messages.error(request, problem.detail)
        return redirect("booking_exchange", booking.id)
    if request.method == "POST":
        messages.error(request, "Say why: the reason is kept with it.")
    return _show_quote(request, booking, *quoted)


def _choose_showtime(request: HttpRequest, booking: Booking) -> HttpResponse:
    """Those of its film that are still to come: of its own theater or, where that is asked for, of all."""
    everywhere = "everywhere" in request.GET
    showtimes = list(_showtimes_for(booking, theaters_of(request), everywhere=everywhere)[:SHOWTIMES_SHOWN])
    return _page(request, booking, "exchange_showtime", showtimes=showtimes, everywhere=everywhere)


def _showtimes_for(booking: Booking, theaters: Theaters, *, everywhere: bool) -> QuerySet[Showtime]:
    sold = booking.showtime
    to_come = showtimes_at(theaters).filter(starts_at__gt=timezone.now(), currency=sold.currency)
    found = (
        to_come.filter(movie_id=sold.movie_id, status=Showtime.Status.SCHEDULED)
        .exclude(id=sold.id)
        .order_by("starts_at")
    )
    return found if everywhere else found.filter(theater_id=sold.theater_id)


def _choose_seats(request: HttpRequest, booking: Booking, showtime_id: UUID) -> HttpResponse:
    """Raises Problem."""
    sale, statuses = selectors.seat_map(showtime_id)
    rows: dict[int, list[tuple[Seat, bool]]] = {}
    for seat in sorted(sale.seats.values(), key=lambda seat: (seat.y, seat.x)):
        rows.setdefault(seat.y, []).append((seat, seat.id not in statuses))
    return _page(request, booking, "exchange_seats", showtime=sale.showtime, rows=list(rows.values()))


def _show_quote(request: HttpRequest, booking: Booking, quote: Quote, exchange: Exchange) -> HttpResponse:
    carried = exchange.carried(quote.bill.total)

    def money(amount: int) -> str:
        return format_money(Money(amount, exchange.currency))

    return _page(
        request,
        booking,
        "exchange_quote",
        showtime=quote.sale.showtime,
        seats=[
            (seat, chosen_seats.types_for(quote.sale, seat.category, seat.ticket_type.code)) for seat in quote.seats
        ],
        lines=[(line.name, money(line.gross)) for line in quote.bill.lines],
        total=money(quote.bill.total),
        worth=money(exchange.worth),
        to_pay=money(quote.bill.total - carried),
        refund=money(exchange.worth - carried) if exchange.worth > carried else "",
        panel=told.of_exchange(booking, exchange, carried=carried),
    )


def _hold(request: HttpRequest, booking: Booking, wanted: dict[str, Any], reason: str) -> HttpResponse:
    """Raises Problem."""
    actor = actor_of(request)
    seller = actor if may(request, "sell_booking") else None
    held = desk.exchange_for_customer(booking_id=booking.id, actor=actor, reason=reason, wanted=wanted, seller=seller)
    assert not isinstance(held, Replayed)  # which is asked with a key alone
    seats = words.names_of(held.seats)
    messages.success(request, f"Held in exchange: {seats}. What is left to pay is the customer's to pay.")
    return redirect("booking_whole", held.booking.id)


def _page(request: HttpRequest, booking: Booking, template: str, **shown: Any) -> HttpResponse:
    title = f"Exchange {booking.reference}"
    said = context(request, title, booking=booking, seats_now=_seats_of(booking), **shown)
    return TemplateResponse(request, f"bookings/{template}.html", said)


def _seats_of(booking: Booking) -> str:
    return words.names_of(selectors.seats_left(booking))
