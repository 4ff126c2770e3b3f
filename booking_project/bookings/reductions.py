"""Seats that are given back while their booking goes on with the others."""

from collections.abc import Collection
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from bookings import events, inventory, locks, tickets
from bookings.domain import Trigger
from bookings.history import Cause, advance
from bookings.models import Booking, BookingSeat
from bookings.selectors import seats_left
from chassis.messaging.outbox import emit
from chassis.money import Money


def give_back(booking: Booking, seat_ids: Collection[UUID], *, cause: Cause) -> None:
    """Frees some seats of a locked, confirmed booking, which is a part of its caller's transaction.

    Their tickets let nobody in any more, the one of the whole booking says the others, and everybody else is told.
    """
    now = timezone.now()
    seats = list(booking.seats.all())
    gone = [seat for seat in seats if seat.seat_id in seat_ids]
    left = [seat for seat in seats_left(booking) if seat.seat_id not in seat_ids]
    inventory.free_seats([booking.id], seat_ids=seat_ids)
    BookingSeat.objects.filter(id__in=[seat.id for seat in gone]).update(given_back_at=now)
    if booking.ticket:
        # Who has the code of a seat that is left has it in a mail or on paper: those stay as they are.
        codes = tickets.sign(booking=booking, showtime=booking.showtime, seats=left, issued_at=now)
        kept = {str(seat.seat_id): booking.seat_tickets.get(str(seat.seat_id)) for seat in left}
        booking.ticket, booking.seat_tickets = codes.whole, {seat: code for seat, code in kept.items() if code}
        booking.save(update_fields=["ticket", "seat_tickets"])
    said = Cause(cause.actor, cause.event_id, ", ".join(map(str, gone)), cause.message)
    advance(booking, Trigger.SEATS_REFUNDED, cause=said, at=now).save(force_insert=True)
    emit(
        events.BookingReduced(
            booking_id=booking.id,
            reference=booking.reference,
            user_id=booking.user_id,
            showtime_id=booking.showtime_id,
            given_back=[seat.seat_id for seat in gone],
            seat_ids=[seat.seat_id for seat in left],
            seats=[events.ticket_seat(seat) for seat in left],
            ticket=booking.ticket,
            total=Money(booking.total_amount, booking.currency),
            refunded=Money(booking.refunded_amount, booking.currency),
            showtime=events.in_brief(booking.showtime),
            gone=[events.ticket_seat(seat) for seat in gone],
        ),
        subject=booking.id,
    )
    owner = locks.Owner(booking.user_id, booking.id)
    transaction.on_commit(lambda: locks.release(booking.showtime_id, list(seat_ids), owner=owner))
