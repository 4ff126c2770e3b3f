"""The slices of the events this service reads; it emits none."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.money import Money


@dataclass(frozen=True, slots=True)
class TicketType:
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Seat:
    """ticket_type: whom its ticket is for, where the event says."""

    row: str
    number: int | str
    ticket_type: TicketType | None = None


def written(seats: Sequence[Seat]) -> str:
    """For people: B1, B2."""
    return ", ".join(f"{seat.row}{seat.number}" for seat in seats)


@dataclass(frozen=True, slots=True)
class Showtime:
    movie_title: str
    theater_name: str
    screen: str
    starts_at: datetime
    time_zone: str
    format: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class GuestClaimed:
    """What the guest bought is the account's from now on."""

    guest_id: UUID
    user_id: UUID


@dataclass(frozen=True, slots=True)
class SeatTicket:
    """What lets one person in. seat: as it is written, B1."""

    seat: str
    code: str


@dataclass(frozen=True, slots=True)
class UserKnown:
    """user.registered and user.updated. language and time_zone: "" where the user has not said."""

    user_id: UUID
    username: str
    email: str
    full_name: str = ""
    phone: str | None = None
    email_verified: bool = False
    language: str = ""
    time_zone: str = ""


@dataclass(frozen=True, slots=True)
class TokenSent:
    """password.reset_requested and email.verification_requested. token: sealed until the mail is composed."""

    user_id: UUID
    email: str
    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class EmailVerified:
    user_id: UUID
    email: str
    new_account: bool


@dataclass(frozen=True, slots=True)
class EmailClaimed:
    user_id: UUID
    email: str


@dataclass(frozen=True, slots=True)
class MailboxTold:
    """email.changed and password.changed. email: the mailbox that is to know, which need not be the contact's now."""

    user_id: UUID
    email: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class SecondFactorChanged(MailboxTold):
    """is_set_up: the account has one now; else it was taken away."""

    is_set_up: bool


@dataclass(frozen=True, slots=True)
class SecurityKeyChanged(MailboxTold):
    """is_added: it signs them in now; else it was taken away."""

    key_name: str
    is_added: bool


@dataclass(frozen=True, slots=True)
class InExchange:
    """A booking that is exchanged for another one. carried: what it pays of that."""

    carried: Money


@dataclass(frozen=True, slots=True)
class BookingCreated:
    booking_id: UUID
    reference: str
    user_id: UUID
    seats: list[Seat]
    total: Money
    hold_expires_at: datetime
    payment_method: dict[str, Any] | None
    showtime: Showtime
    exchange: InExchange | None = None
    theater_id: UUID | None = None

    @property
    def to_pay(self) -> int:
        """What its customer has to see to, in minor units."""
        return self.total.amount - (self.exchange.carried.amount if self.exchange else 0)


@dataclass(frozen=True, slots=True)
class Before:
    """What the showtime was; of before there was more, a start and a screen."""

    starts_at: datetime
    screen: str
    movie_title: str = ""
    format: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class MovedSeat:
    before: str


@dataclass(frozen=True, slots=True)
class BookingMoved:
    """`before`: what the customer knew. revision: grows with each move. ticket: with the new time, or "" if unpaid.

    changed: which fields of the showtime differ.
    """

    booking_id: UUID
    reference: str
    user_id: UUID
    ticket: str
    seats: list[Seat]
    total: Money
    revision: int
    before: Before
    showtime: Showtime
    free_cancellation_until: datetime
    tickets: list[SeatTicket] = field(default_factory=list)
    changed: list[str] = field(default_factory=lambda: ["starts_at"])
    moved_seats: list[MovedSeat] = field(default_factory=list)

    @property
    def seats_before(self) -> str:
        """What its seats were called in another screen: B1, B2; or "" where they are the same, and its ticket good."""
        return ", ".join(seat.before for seat in self.moved_seats)


@dataclass(frozen=True, slots=True)
class BookingReseated:
    """It has other seats of its screen: `seats`, with the ticket for them. seating: grows with each change.

    message: what staff say of it, or "".
    """

    booking_id: UUID
    reference: str
    user_id: UUID
    seating: int
    ticket: str
    tickets: list[SeatTicket]
    seats: list[Seat]
    moved_seats: list[MovedSeat]
    showtime: Showtime
    message: str = ""

    @property
    def seats_before(self) -> str:
        """Those that it has no more: B1, B2."""
        return ", ".join(seat.before for seat in self.moved_seats)


@dataclass(frozen=True, slots=True)
class BookingReduced:
    """Seats were given back; `seats`: those that are left; gone: those, none in events of before.

    refund, retained: what comes back of them and what is kept, where their customer gave them back; None where their
    money had gone back before, and in events of before.
    """

    booking_id: UUID
    reference: str
    user_id: UUID
    seats: list[Seat]
    showtime: Showtime
    gone: list[Seat] = field(default_factory=list)
    refund: Money | None = None
    retained: Money | None = None

    @property
    def back(self) -> Money | None:
        """What comes back now; None: nothing, or it was told before."""
        return self.refund if self.refund is not None and self.refund.amount > 0 else None

    @property
    def kept(self) -> Money | None:
        """What does not come back; None: nothing is kept."""
        return self.retained if self.retained is not None and self.retained.amount > 0 else None

    @property
    def of_seats(self) -> str:
        """The seats that were given back: B1, B2; or ""."""
        return written(self.gone)

    @property
    def stay(self) -> str:
        """The seats that the booking goes on with."""
        return written(self.seats)


@dataclass(frozen=True, slots=True)
class BookingEnded:
    """booking.expired, booking.rejected and booking.failed."""

    booking_id: UUID
    reference: str
    user_id: UUID
    reason: str


# Why a booking was cancelled that had been paid, and one that had not: the others say nothing of it by themselves.
PAID = frozenset({"in_time", "late", "showtime_changed"})
UNPAID = frozenset({"unpaid", "capture_failed"})


@dataclass(frozen=True, slots=True)
class BookingCancelled:
    """Of the total `retained` is kept, and the rest comes back, with what had gone back before (`refunded`).

    why: a code of booking's. message: what staff say to the customer. confirmed: whether it had been, so that its money
    was taken or on its way; None: before that was told. exchanged_for: the reference of the booking that this one was
    exchanged for, which `carried` pays instead of coming back. Before there was a `why`, only total and refund were
    told, and `refund` of what was not paid as well.
    """

    booking_id: UUID
    reference: str
    user_id: UUID
    reason: str
    total: Money
    refund: Money
    retained: Money | None = None
    refunded: Money | None = None
    why: str = ""
    message: str = ""
    confirmed: bool | None = None
    exchanged_for: str = ""
    carried: Money | None = None

    @property
    def exchanged(self) -> bool:
        return bool(self.exchanged_for)

    @property
    def paid(self) -> bool:
        """Whether it is known to have been paid: nothing is kept of what was not, nor goes back of it."""
        known = self.confirmed or self.why in PAID or self.kept is not None or self.gone is not None
        return known and not self.unpaid

    @property
    def unpaid(self) -> bool:
        """Whether it is known that nothing was taken."""
        return self.why in UNPAID or self.confirmed is False

    @property
    def kept(self) -> Money | None:
        """What does not come back; None: nothing is kept."""
        kept = self.total.amount - self.refund.amount if self.retained is None else self.retained.amount
        return Money(kept, self.total.currency) if kept > 0 and not self.unpaid else None

    @property
    def gone(self) -> Money | None:
        """What had gone back before; None: nothing."""
        return self.refunded if self.refunded is not None and self.refunded.amount > 0 else None

    @property
    def back(self) -> Money | None:
        """What comes back now; None: nothing does."""
        elsewhere = (self.refunded, self.carried)
        back = self.refund.amount - sum(part.amount for part in elsewhere if part is not None)
        return Money(back, self.total.currency) if back > 0 and not self.unpaid else None


@dataclass(frozen=True, slots=True)
class TicketIssued:
    booking_id: UUID
    reference: str
    user_id: UUID
    ticket: str
    seats: list[Seat]
    total: Money
    showtime: Showtime
    tickets: list[SeatTicket] = field(default_factory=list)
