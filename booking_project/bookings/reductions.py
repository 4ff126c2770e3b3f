"""Seats that are given back while their booking goes on with the others."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
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


@dataclass(frozen=True, slots=True)
class Due:
    """What payment is to give back of seats, by their ids, and what is kept of them; minor units."""

    amounts: Mapping[UUID, int]
    retained: int


def give_back(
    booking: Booking, seat_ids: Collection[UUID], *, trigger: Trigger, cause: Cause, due: Due | None = None
) -> None:
    """Frees some seats of a locked, confirmed booking, which is a part of its caller's transaction.

    Their tickets let nobody in any more, the one of the whole booking says the others, and everybody else is told.
    due: None where their money went back before.
    """
    now = timezone.now()
    seats = list(booking.seats.all())
    gone = [seat for seat in seats if seat.seat_id in seat_ids]
    left = [seat for seat in seats_left(booking) if seat.seat_id not in seat_ids]
    inventory.free_seats([booking.id], seat_ids=seat_ids)
    for seat in gone:
        seat.given_back_at = now
        if due is not None:
            seat.refund_amount = (seat.refund_amount or 0) + due.amounts[seat.seat_id]
    BookingSeat.objects.bulk_update(gone, ["given_back_at", "refund_amount"])
    if booking.ticket:
        # Who has the code of a seat that is left has it in a mail or on paper: those stay as they are.
        codes = tickets.sign(booking=booking, showtime=booking.showtime, seats=left, issued_at=now)
        kept = {str(seat.seat_id): booking.seat_tickets.get(str(seat.seat_id)) for seat in left}
        booking.ticket, booking.seat_tickets = codes.whole, {seat: code for seat, code in kept.items() if code}
        booking.save(update_fields=["ticket", "seat_tickets"])
    said = Cause(cause.actor, cause.event_id, ", ".join(map(str, gone)), cause.message)
    advance(booking, trigger, cause=said, at=now).save(force_insert=True)
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
            **(_told(booking, gone, due) if due is not None else {}),
        ),
        subject=booking.id,
    )
    owner = locks.Owner(booking.user_id, booking.id)
    transaction.on_commit(lambda: locks.release(booking.showtime_id, list(seat_ids), owner=owner))


def _told(booking: Booking, gone: Sequence[BookingSeat], due: Due) -> dict[str, Any]:
    return {
        "due": [events.seat_due(seat, due.amounts[seat.seat_id], booking.currency) for seat in gone],
        "refund": Money(sum(due.amounts.values()), booking.currency),
        "retained": Money(due.retained, booking.currency),
    }
