"""Letting people in: each ticket once, at the door of its showtime."""

import re
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
from bookings.theaters import refuse_showtime
from chassis.messaging.outbox import emit
from chassis.storage.audit_log import Actor, record

# A reference as bookings have them; a ticket has dots.
_REFERENCE = re.compile(r"[0-9A-Z]{6,12}")


@dataclass(frozen=True, slots=True)
class Admission:
    """Who may go in now: the people of these seats."""

    booking: Booking
    showtime: Showtime
    seats: Sequence[BookingSeat]
    at: datetime


@dataclass(frozen=True, slots=True)
class Scan:
    """What a door read while it had no connection. id: its own. code: of a ticket, or a reference typed by hand.

    seats: those that it let somebody in to; none: whoever of the ticket was not in. at: by its own clock.
    """

    id: UUID
    code: str
    at: datetime
    seats: Sequence[UUID] = ()


@dataclass(frozen=True, slots=True)
class Admitted:
    """What a scan did. used: of the seats that somebody else was in to by then, who."""

    booking: Booking
    seats: Sequence[BookingSeat]
    used: Sequence[CheckIn]


@dataclass(frozen=True, slots=True)
class Entry:
    """How somebody comes in. scan_id: the door's own, by which asking or telling again changes nothing."""

    showtime_id: UUID
    door: str
    actor: Actor
    at: datetime
    scan_id: UUID | None = None


def check_in(*, ticket: str, showtime_id: UUID, door: str, actor: Actor) -> Admission:
    """Lets in by a seat's ticket, or by the booking's whoever of it is not in yet; showtime_id: what the door is for.

    The booking is locked, so that of many doors one lets in, and nobody is let in on what is cancelled meanwhile.
    Raises OtherTheater, TicketInvalid, TicketUnknown, WrongShowtime, TicketVoid, TicketUsed.
    """
    refuse_showtime(actor.theaters, showtime_id)
    claims = _read(ticket)
    with transaction.atomic():
        return _let_in(claims, Entry(showtime_id, door, actor, timezone.now()))


def check_in_typed(*, code: str, showtime_id: UUID, door: str, actor: Actor, scan_id: UUID | None = None) -> Admission:
    """The same by whatever staff scan or type at a door: a ticket, or the reference of a booking, whose people they
    know by other means.

    scan_id: where the door may ask again, its answer having been lost. Raises what check_in() raises.
    """
    refuse_showtime(actor.theaters, showtime_id)
    with transaction.atomic():
        return _let_in(_claims_of(code), Entry(showtime_id, door, actor, timezone.now(), scan_id))


def admit_scanned(entry: Entry, scan: Scan) -> Admitted:
    """Writes down whom a door let in while it had no connection, by its clock; of no effect the second time.

    A part of the caller's transaction. Raises TicketInvalid, TicketUnknown, WrongShowtime, TicketVoid.
    """
    claims = _claims_of(scan.code)
    booking = _counting(claims, entry)
    seats = [seat for seat in _seats_of(booking, claims.seat_id) if not scan.seats or seat.seat_id in scan.seats]
    used = _used(booking)
    _admit(booking, [seat for seat in seats if seat.seat_id not in used], entry)
    others = [used[seat.seat_id] for seat in seats if seat.seat_id in used and not _is_of(entry, used[seat.seat_id])]
    return Admitted(booking, seats, others)


def reference_of(code: str) -> str:
    """Of the booking that a code is of; "" where it is of none."""
    try:
        booking_id = _claims_of(code).booking_id
    except (TicketInvalid, TicketUnknown):
        return ""
    return Booking.objects.values_list("reference", flat=True).filter(id=booking_id).first() or ""


def _read(ticket: str) -> tickets.Claims:
    """Raises TicketInvalid."""
    try:
        return tickets.verify(ticket)
    except jwt.InvalidTokenError:
        raise TicketInvalid from None


def _claims_of(code: str) -> tickets.Claims:
    """Of a ticket, or of all of a booking by its reference. Raises TicketInvalid, TicketUnknown."""
    typed = code.strip().upper()
    if not _REFERENCE.fullmatch(typed):
        return _read(code.strip())
    booking = Booking.objects.filter(reference=typed).only("id", "seated_revision", "seat_changes").first()
    if booking is None:
        raise TicketUnknown
    return tickets.Claims(booking.id, seating=booking.seating)


def _let_in(claims: tickets.Claims, entry: Entry) -> Admission:
    booking = _counting(claims, entry)
    seats = _seats_of(booking, claims.seat_id)
    used = _used(booking)
    fresh = [seat for seat in seats if seat.seat_id not in used]
    _admit(booking, fresh, entry)
    by_this = [seat for seat in seats if seat.seat_id in used and _is_of(entry, used[seat.seat_id])]
    if not fresh and not by_this:
        raise TicketUsed(used=[_told(seat, used) for seat in seats])
    return Admission(booking, booking.showtime, [*by_this, *fresh], entry.at)


def _is_of(entry: Entry, check_in: CheckIn) -> bool:
    return entry.scan_id is not None and check_in.scan_id == entry.scan_id


def _counting(claims: tickets.Claims, entry: Entry) -> Booking:
    """The booking, locked, with its showtime. Raises TicketUnknown, WrongShowtime, TicketVoid."""
    booking = locked_booking(claims.booking_id)
    if booking is None:
        raise TicketUnknown
    _refuse_what_does_not_count(booking, booking.showtime, at=entry.showtime_id)
    _refuse_of_other_seats(booking, claims)
    return booking


def _used(booking: Booking) -> dict[UUID, CheckIn]:
    return {each.seat_id: each for each in booking.check_ins.all()}


def _admit(booking: Booking, seats: Sequence[BookingSeat], entry: Entry) -> None:
    """Writes it down, and tells of it; of nobody nothing."""
    if not seats:
        return
    CheckIn.objects.bulk_create(
        CheckIn(
            booking=booking,
            seat_id=seat.seat_id,
            at=entry.at,
            door=entry.door,
            actor=entry.actor.id,
            scan_id=entry.scan_id,
        )
        for seat in seats
    )
    record(
        entry.actor,
        "booking.checked_in",
        ("booking", booking.id),
        after={"seats": [str(seat) for seat in seats], "at_the_door": entry.door},
    )
    emit(
        BookingCheckedIn(
            booking_id=booking.id,
            reference=booking.reference,
            user_id=booking.user_id,
            showtime_id=booking.showtime_id,
            seat_ids=[seat.seat_id for seat in seats],
            at=entry.at,
        ),
        subject=booking.id,
    )


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
