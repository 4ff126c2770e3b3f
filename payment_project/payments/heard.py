"""What this service reads of what the booking service and auth tell."""

import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.money import Money
from payments.ledger import COUNTER
from payments.lines import AtTheCounter, Line, Sale, Seller, ShowtimeSold
from payments.seats import Seat

# A token of the payment form, for one payment: in no provider's words for a card that it keeps.
FORM_GIVEN = r"\Atok_[A-Za-z0-9_]{1,100}\Z"


@dataclass(frozen=True, slots=True)
class MethodGiven:
    """How the customer wants to pay: a fresh token, or the id of a saved method.

    counter: how staff took the money themselves, which booking's desk alone tells; sold_by, sold_by_id: who of them.
    """

    token: str | None = None
    id: UUID | None = None
    counter: str | None = None
    slip: str = ""
    sold_by: str = ""
    sold_by_id: UUID | None = None

    @property
    def at_the_counter(self) -> AtTheCounter | None:
        """None of what nobody of staff stands for, or of a way to pay that is none of the counter's."""
        if self.counter not in COUNTER or self.sold_by_id is None:
            return None
        return AtTheCounter(self.counter, self.sold_by, self.sold_by_id, self.slip)

    @property
    def fresh_token(self) -> str | None:
        """The token, unless it is not one of the payment form: whatever let it through, it pays nothing."""
        return self.token if self.token and re.match(FORM_GIVEN, self.token) else None


@dataclass(frozen=True, slots=True)
class UserUpdated:
    """email_changed_by: who of staff gave the account its address, and when; nobody when its owner did."""

    user_id: UUID
    email_changed_by: UUID | None = None
    email_changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class GuestClaimed:
    """What the guest bought is the account's from now on."""

    guest_id: UUID
    user_id: UUID


@dataclass(frozen=True, slots=True)
class PricedSeat:
    id: UUID
    row: str
    number: int
    price: Money


@dataclass(frozen=True, slots=True)
class InExchange:
    """A booking that is exchanged for another one, of which it pays `carried`."""

    booking_id: UUID
    carried: Money


@dataclass(frozen=True, slots=True)
class BookingCreated:
    """exchange: of what it is one; a booking service of before tells none.

    lines, seller, theater_id, showtime: for its receipt; a booking service of before receipts tells none of them."""

    booking_id: UUID
    user_id: UUID
    total: Money
    hold_expires_at: datetime
    reference: str = ""
    payment_method: MethodGiven | None = None
    seats: tuple[PricedSeat, ...] = ()
    lines: tuple[Line, ...] = ()
    theater_id: UUID | None = None
    seller: Seller | None = None
    showtime: ShowtimeSold | None = None
    exchange: InExchange | None = None

    @property
    def paid_at_once(self) -> bool:
        """Whether it came with a card, or needs none: its answer sells or ends it."""
        whole = self.exchange is not None and self.exchange.carried.amount == self.total.amount
        return self.payment_method is not None or whole

    @property
    def sale(self) -> Sale:
        counter = self.payment_method.at_the_counter if self.payment_method else None
        return Sale(self.lines, self.theater_id, self.seller, self.showtime, counter)


@dataclass(frozen=True, slots=True)
class BookingExtended:
    """Its hold is longer; that of before ends earlier, whichever is heard of first."""

    booking_id: UUID
    user_id: UUID
    total: Money
    hold_expires_at: datetime
    reference: str = ""


@dataclass(frozen=True, slots=True)
class OfBooking:
    """What everything that is told of a booking says, and what of one that another is exchanged for."""

    booking_id: UUID
    exchange: InExchange | None = None


@dataclass(frozen=True, slots=True)
class BookingCheckedIn:
    """Somebody was let in to these seats."""

    booking_id: UUID
    seat_ids: list[UUID]


@dataclass(frozen=True, slots=True)
class Place:
    id: UUID
    row: str
    number: int


@dataclass(frozen=True, slots=True)
class BookingSeated:
    """Its seats as they are called now. seating: the larger, the later; a booking service of before tells none."""

    booking_id: UUID
    seats: tuple[Place, ...]
    seating: int = 0


@dataclass(frozen=True, slots=True)
class BookingConfirmed:
    booking_id: UUID
    user_id: UUID
    total: Money
    reference: str = ""


@dataclass(frozen=True, slots=True)
class SeatDue:
    """A seat that was given back. due: what goes back of its price."""

    id: UUID
    row: str
    number: int
    price: Money
    due: Money


@dataclass(frozen=True, slots=True)
class _GivenBack:
    """due: none in events of before."""

    booking_id: UUID
    user_id: UUID
    total: Money
    reference: str = ""
    due: tuple[SeatDue, ...] = ()

    @property
    def given_back(self) -> tuple[Seat, ...]:
        return tuple(Seat(each.id, each.row, each.number, each.price.amount, due=each.due.amount) for each in self.due)


@dataclass(frozen=True, slots=True)
class BookingReduced(_GivenBack):
    """Seats were given back. due: what is to go back of each; none where their money went back before."""


@dataclass(frozen=True, slots=True)
class BookingEnding(_GivenBack):
    """Rejected, expired, cancelled or failed. refund: what goes back of the total; nothing said means all of it.

    seat_ids: those that the booking had, of which its fee was reckoned. due: those that it had no more. carried: of the
    refund, what pays the booking that it was exchanged for.
    """

    refund: Money | None = None
    reason: str = ""
    seat_ids: frozenset[UUID] = frozenset()
    carried: Money | None = None

    @property
    def retained(self) -> int:
        """The fee that stays with us."""
        return 0 if self.refund is None else max(self.total.amount - self.refund.amount, 0)
