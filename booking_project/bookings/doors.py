"""Letting people in: each ticket once, at the door of its showtime."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import jwt
from django.db import transaction
from django.utils import timezone

from bookings import tickets
from bookings.domain import State, Trigger
from bookings.errors import TicketInvalid, TicketUnknown, TicketUsed, TicketVoid, WrongShowtime
from bookings.events import BookingCheckedIn
from bookings.models import Booking, BookingSeat, CheckIn, Showtime
from bookings.selectors import in_exchange, locked_booking
from chassis.messaging.outbox import emit
from chassis.storage.audit_log import Actor, record


@dataclass(frozen=True, slots=True)
class Admission:
    """Who may go in now: the people of these seats."""

    booking: Booking
    showtime: Showtime
    seats: Sequence[BookingSeat]
    at: datetime


def check_in(*, ticket: str, showtime_id: UUID, door: str, actor: Actor) -> Admission:
    """Lets in by a seat's ticket, or by the booking's whoever of it is not in yet; showtime_id: what the door is for.

    The booking is locked, so that of many doors one lets in, and nobody is let in on what is cancelled meanwhile.
    Raises TicketInvalid, TicketUnknown, WrongShowtime, TicketVoid, TicketUsed.
    """
    try:
        claims = tickets.verify(ticket)
    except jwt.InvalidTokenError:
        raise TicketInvalid from None
    with transaction.atomic():
        booking = locked_booking(claims.booking_id)
        if booking is None:
            raise TicketUnknown
        showtime = Showtime.objects.get(id=booking.showtime_id)
        _refuse_what_does_not_count(booking, showtime, at=showtime_id)
        _refuse_of_other_seats(booking, claims)
        seats = _seats_of(booking, claims.seat_id)
        used = {each.seat_id: each for each in booking.check_ins.all()}
        fresh = [seat for seat in seats if seat.seat_id not in used]
        if not fresh:
            raise TicketUsed(used=[_told(seat, used) for seat in seats])
        now = timezone.now()
        CheckIn.objects.bulk_create(
            CheckIn(booking=booking, seat_id=seat.seat_id, at=now, door=door, actor=actor.id) for seat in fresh
        )
        record(
            actor,
            "booking.checked_in",
            ("booking", booking.id),
            after={"seats": [str(seat) for seat in fresh], "at_the_door": door},
        )
        emit(
            BookingCheckedIn(
                booking_id=booking.id,
                reference=booking.reference,
                user_id=booking.user_id,
                showtime_id=booking.showtime_id,
                seat_ids=[seat.seat_id for seat in fresh],
                at=now,
            ),
            subject=booking.id,
        )
    return Admission(booking, showtime, fresh, now)


def _seats_of(booking: Booking, seat_id: UUID | None) -> list[BookingSeat]:
    """The seat of that ticket, or all that the booking has. Raises TicketUnknown, and TicketVoid once given back."""
    seats = [seat for seat in booking.seats.all() if seat_id in (None, seat.seat_id)]
    left = [seat for seat in seats if seat.given_back_at is None]
    if left:
        return left
    if not seats:
        raise TicketUnknown
    at = max(seat.given_back_at for seat in seats if seat.given_back_at is not None)
    line = booking.history.filter(at=at).first()
    ended_by = line.trigger if line is not None else Trigger.SEATS_REFUNDED.value
    raise TicketVoid(booking_status=booking.status, ended_by=ended_by, ended_at=at.isoformat())


def _refuse_what_does_not_count(booking: Booking, showtime: Showtime, *, at: UUID) -> None:
    """Raises WrongShowtime, TicketVoid."""
    if booking.showtime_id != at:
        raise WrongShowtime(
            showtime={
                "id": str(showtime.id),
                "movie_title": showtime.movie_title,
                "theater_name": showtime.theater_name,
                "screen": showtime.screen_name,
                "starts_at": showtime.starts_at.isoformat(),
                "time_zone": showtime.time_zone,
            }
        )
    if booking.status != State.CONFIRMED:
        last = booking.history.last()
        assert last is not None  # a booking is made with the first line of its history
        raise TicketVoid(booking_status=booking.status, ended_by=last.trigger, ended_at=last.at.isoformat())
    if in_exchange(booking):
        raise TicketVoid(booking_status=booking.status, ended_by=Trigger.EXCHANGED.value, ended_at=None)
    if showtime.status == Showtime.Status.CANCELLED:  # and the tick has not come to this booking yet
        raise TicketVoid(booking_status=booking.status, ended_by="showtime_cancelled", ended_at=None)


def _refuse_of_other_seats(booking: Booking, claims: tickets.Claims) -> None:
    """Raises TicketVoid of a ticket for the seats that it had before."""
    if claims.seating == booking.seating:
        return
    if claims.seating < booking.seated_revision:
        why, said = Trigger.SHOWTIME_MOVED, "The showtime was moved to another screen: the ticket of the seats there"
    else:
        why, said = Trigger.SEATS_CHANGED, "It has other seats by now: the ticket of those"
    raise TicketVoid(f"{said} was sent by mail.", booking_status=booking.status, ended_by=why.value, ended_at=None)


def _told(seat: BookingSeat, used: Mapping[UUID, CheckIn]) -> dict[str, str]:
    check_in = used[seat.seat_id]
    return {"seat": str(seat), "at": check_in.at.isoformat(), "door": check_in.door}
