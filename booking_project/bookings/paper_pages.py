"""Tickets on paper, for who comes without a telephone; that they were printed is on record."""

from uuid import UUID

import segno
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_POST

from bookings import words
from bookings.domain import State
from bookings.events import seat_tickets
from bookings.selectors import seats_left
from bookings.theaters import bookings_at
from chassis.admin import actor_of
from chassis.storage.audit_log import record
from chassis.web.desk import context
from chassis.web.theaters import theaters_of


@require_POST
def tickets_view(request: HttpRequest, booking_id: UUID) -> HttpResponse:
    """A page to be printed: a ticket for each seat that the booking has."""
    theirs = bookings_at(theaters_of(request))
    booking = theirs.filter(id=booking_id).select_related("showtime").prefetch_related("seats").first()
    if booking is None or booking.status != State.CONFIRMED or not booking.ticket:
        messages.error(request, "There are tickets of what is sold and paid alone.")
        return redirect("showtime_map", booking.showtime_id) if booking else redirect("tonight")
    seats = seats_left(booking)
    with transaction.atomic():
        seen = {"seats": words.names_of(seats)}
        record(actor_of(request), "booking.tickets_printed", ("booking", booking.id), after=seen)
    shown = [(each.seat, _drawn(each.code)) for each in seat_tickets(booking, seats)]
    title = f"Tickets of {booking.reference}"
    starts = booking.showtime.at_the_theater(booking.showtime.starts_at)
    return TemplateResponse(
        request, "bookings/paper_tickets.html", context(request, title, booking=booking, starts=starts, tickets=shown)
    )


def _drawn(code: str) -> str:
    """The address of a picture, which the page holds itself."""
    return segno.make_qr(code, error="m").svg_data_uri(scale=4, border=2)
