"""The events this service tells; what it hears of others is in heard.py. Golden messages: contracts/."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from msgspec import UNSET, UnsetType

from bookings.models import Booking, BookingSeat, Showtime
from bookings.prices import STANDARD, Line
from chassis.money import Money


@dataclass(frozen=True, slots=True)
class SoldAs:
    """The type of a ticket, as it was called when it was sold."""

    code: str
    name: str


def ticket_type_of(seat: BookingSeat) -> SoldAs:
    """Of a seat that was sold before there were types, the only one."""
    return SoldAs(seat.ticket_type or STANDARD.code, seat.ticket_type_name or STANDARD.name)


@dataclass(frozen=True, slots=True)
class PricedSeat:
    """price: what the lines that name it come to."""

    id: UUID
    row: str
    number: int
    category: str
    price: Money
    ticket_type: SoldAs


@dataclass(frozen=True, slots=True)
class ShowtimeInBrief:
    movie_title: str
    theater_name: str
    screen: str
    starts_at: datetime
    time_zone: str
    format: str
    language: str


def in_brief(showtime: Showtime) -> ShowtimeInBrief:
    return ShowtimeInBrief(
        movie_title=showtime.movie_title,
        theater_name=showtime.theater_name,
        screen=showtime.screen_name,
        starts_at=showtime.starts_at,
        time_zone=showtime.time_zone,
        format=showtime.format,
        language=showtime.language,
    )


@dataclass(frozen=True, slots=True)
class InExchange:
    """A booking that ends once the one that it is exchanged for is paid. carried: what it pays of that one's total."""

    booking_id: UUID
    reference: str
    carried: Money


@dataclass(frozen=True, slots=True)
class BookingCreated:
    """lines: what the total is made of. seller: as the tariff names it; None where there is no tariff. exchange: what
    is exchanged for it; None where nothing is.
    """

    type: ClassVar[str] = "booking.created"
    booking_id: UUID
    reference: str
    user_id: UUID
    showtime_id: UUID
    theater_id: UUID
    seats: list[PricedSeat]
    lines: Sequence[Line]
    total: Money
    seller: dict[str, Any] | None
    payment_method: dict[str, str] | None
    showtime: ShowtimeInBrief
    exchange: InExchange | None = None
    # The database's own, filled in by the statement that makes the booking (inventory.TAKE).
    hold_expires_at: datetime | UnsetType = UNSET
    created_at: datetime | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class BookingExtended:
    """The seats are held until hold_expires_at now, which is later than it was."""

    type: ClassVar[str] = "booking.extended"
    booking_id: UUID
    reference: str
    user_id: UUID
    showtime_id: UUID
    seat_ids: list[UUID]
    total: Money
    # The database's own, filled in by the statement that extends the hold (extensions.EXTEND).
    hold_expires_at: datetime | UnsetType = UNSET
    extended_at: datetime | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class BookingConfirmed:
    type: ClassVar[str] = "booking.confirmed"
    booking_id: UUID
    reference: str
    user_id: UUID
    showtime_id: UUID
    seat_ids: list[UUID]
    payment_id: UUID
    total: Money


@dataclass(frozen=True, slots=True)
class BookingEnded:
    """What every end without a sale tells. refund: what comes back of the total in all, as far as it was paid."""

    type: ClassVar[str]
    booking_id: UUID
    reference: str
    user_id: UUID
    showtime_id: UUID
    seat_ids: list[UUID]
    total: Money
    refund: Money
    reason: str


@dataclass(frozen=True, slots=True)
class BookingRejected(BookingEnded):
    type: ClassVar[str] = "booking.rejected"


@dataclass(frozen=True, slots=True)
class BookingExpired(BookingEnded):
    type: ClassVar[str] = "booking.expired"


@dataclass(frozen=True, slots=True)
class SeatDue:
    """A seat that was given back. price: what it was sold at; due: what goes back of that."""

    id: UUID
    row: str
    number: int
    price: Money
    due: Money


def seat_due(seat: BookingSeat, amount: int, currency: str) -> SeatDue:
    """amount: what goes back, in minor units."""
    return SeatDue(seat.seat_id, seat.row, seat.number, Money(seat.price_amount, currency), Money(amount, currency))


@dataclass(frozen=True, slots=True)
class BookingCancelled(BookingEnded):
    """retained: what is kept of the total. refund: the rest, with `refunded`, which had gone back of it before, or was
    on its way.

    why: the code of a Cancellation (domain.Why); unpaid: nothing had been taken. message: what staff say to the
    customer of it, or "". confirmed: whether it had been, so that its money was taken or on its way. due: the seats
    that had been given back before, of which `retained` may have a part. exchanged_for: the reference of the booking
    that it was exchanged for, or ""; carried: of the refund, what pays that one instead of coming back.
    """

    type: ClassVar[str] = "booking.cancelled"
    retained: Money
    refunded: Money
    why: str
    message: str = ""
    confirmed: bool = False
    due: list[SeatDue] = field(default_factory=list)
    exchanged_for: str = ""
    carried: Money | None = None


@dataclass(frozen=True, slots=True)
class BookingCheckedIn:
    """Somebody was let in to these seats, the first time to each; what was used is not given back any more."""

    type: ClassVar[str] = "booking.checked_in"
    booking_id: UUID
    reference: str
    user_id: UUID
    showtime_id: UUID
    seat_ids: list[UUID]
    at: datetime


@dataclass(frozen=True, slots=True)
class BookingFailed(BookingEnded):
    type: ClassVar[str] = "booking.failed"


@dataclass(frozen=True, slots=True)
class _Blocking:
    """seat_ids: which seats it was about. blocked: how many are off sale since. revision grows with each of these."""

    type: ClassVar[str]
    showtime_id: UUID
    revision: int
    seat_ids: list[UUID]
    blocked: int


@dataclass(frozen=True, slots=True)
class SeatsBlocked(_Blocking):
    type: ClassVar[str] = "seats.blocked"


@dataclass(frozen=True, slots=True)
class SeatsUnblocked(_Blocking):
    type: ClassVar[str] = "seats.unblocked"


@dataclass(frozen=True, slots=True)
class TicketSeat:
    id: UUID
    row: str
    number: int
    category: str
    ticket_type: SoldAs


def ticket_seat(seat: BookingSeat) -> TicketSeat:
    return TicketSeat(seat.seat_id, seat.row, seat.number, seat.category, ticket_type_of(seat))


@dataclass(frozen=True, slots=True)
class SeatTicket:
    """What lets one person in. seat: as it is written, B1."""

    seat: str
    seat_id: UUID
    code: str


def seat_tickets(booking: Booking, seats: Iterable[BookingSeat]) -> list[SeatTicket]:
    """Of each seat that has one."""
    codes = booking.seat_tickets
    return [
        SeatTicket(seat=str(seat), seat_id=seat.seat_id, code=codes[str(seat.seat_id)])
        for seat in seats
        if str(seat.seat_id) in codes
    ]


@dataclass(frozen=True, slots=True)
class TicketIssued:
    """ticket: one code for all of the booking. tickets: one for each seat."""

    type: ClassVar[str] = "ticket.issued"
    booking_id: UUID
    reference: str
    user_id: UUID
    ticket: str
    tickets: list[SeatTicket]
    seats: list[TicketSeat]
    total: Money
    showtime: ShowtimeInBrief
    issued_at: datetime


@dataclass(frozen=True, slots=True)
class BookingReduced:
    """Seats were given back, and the booking goes on with the others. given_back, gone: those; seat_ids, seats: what is
    left. Of a refund it names the seats that were freed, and not those that somebody is in.

    total: what all of it was sold at; refunded: what went back of that so far. ticket: of what is left, or "" while
    none was issued; the tickets of the seats that are left stay as they are. Where its customer gave them back: due,
    what payment is to give back of each, refund, which that is in all, and retained, what is kept; else, when their
    money had gone back before, none and None.
    """

    type: ClassVar[str] = "booking.reduced"
    booking_id: UUID
    reference: str
    user_id: UUID
    showtime_id: UUID
    given_back: list[UUID]
    seat_ids: list[UUID]
    seats: list[TicketSeat]
    ticket: str
    total: Money
    refunded: Money
    showtime: ShowtimeInBrief
    gone: list[TicketSeat]
    due: list[SeatDue] = field(default_factory=list)
    refund: Money | None = None
    retained: Money | None = None


@dataclass(frozen=True, slots=True)
class BookingReseated:
    """Staff gave a booking other seats of its screen. seats, ticket, tickets: those of now; the tickets of before let
    nobody in any more. ticket is "" and there are no tickets while none was issued.

    seating grows with each of these. message: what staff say to the customer of it, or "".
    """

    type: ClassVar[str] = "booking.reseated"
    booking_id: UUID
    reference: str
    user_id: UUID
    showtime_id: UUID
    seating: int
    ticket: str
    tickets: list[SeatTicket]
    seats: list[TicketSeat]
    moved_seats: list["MovedSeat"]
    showtime: ShowtimeInBrief
    message: str


@dataclass(frozen=True, slots=True)
class Before:
    """What `showtime` tells now, as it was."""

    movie_title: str
    screen: str
    starts_at: datetime
    time_zone: str
    format: str
    language: str


@dataclass(frozen=True, slots=True)
class MovedSeat:
    """A seat of a booking that is another by now. before, now: as they are written, B1.

    id: of the seat as it was sold, by which everybody calls it. moved_to: of the one in the screen; null where it is
    back at the one that was sold.
    """

    id: UUID
    before: str
    now: str
    moved_to: UUID | None


@dataclass(frozen=True, slots=True)
class BookingMoved:
    """The showtime of an open booking is not as it was sold: `showtime` now, `before` as its customer knew it.

    changed: which fields differ, of starts_at, screen, movie_title, format and language; starts_at also when the
    theater's clocks were changed around it. revision grows with each change of that kind, seating with each that brings
    other seats, as in BookingReseated. ticket and tickets: signed anew, or "" and none while it is not paid.
    moved_seats: in another screen, those that it has there; tickets of before let nobody in any more then, and else
    stay good. Until free_cancellation_until the booking may be cancelled for nothing, and all that was paid comes back.
    """

    type: ClassVar[str] = "booking.moved"
    booking_id: UUID
    reference: str
    user_id: UUID
    showtime_id: UUID
    status: str
    ticket: str
    tickets: list[SeatTicket]
    seats: list[TicketSeat]
    total: Money
    revision: int
    seating: int
    changed: list[str]
    before: Before
    showtime: ShowtimeInBrief
    free_cancellation_until: datetime
    moved_seats: list[MovedSeat]
