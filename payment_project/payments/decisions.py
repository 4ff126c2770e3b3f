"""What is known of a payment, and what is decided of it. Pure, as domain.py is; amounts are integers in minor units."""

from dataclasses import dataclass
from uuid import UUID

from payments.gift_ledger import GiftMove
from payments.ledger import Kind, Posting
from payments.seats import Seat, kept
from payments.states import Booking, Status


@dataclass(frozen=True, slots=True)
class Payment:
    """What a decision needs to know. held: authorised and neither captured nor voided.

    fee_told: the fee that booking reckoned when it ended, of the seats that it had; retained: what stays with us, of
    that for the seats that had not been given back by then, and of what their customer gave back before.
    under_way: what the gateway was asked and has not answered. attention: the code with which the gateway refused a
    void or a refund, which a person has to look at before it is tried again.
    seats: as they were sold, none where that is not known. let_in: the seats to which somebody was.
    gift: of held or captured money, or of what an authorisation is asked for, the part of a gift card; gift_refunded:
    what went back to it. carried: likewise the part of a booking that is exchanged for this one, whose payment has it.
    lent: of what is here, what such another booking holds; exchanged: of what went back, what pays it; to_return: of
    that, what goes back to who paid here, for the other booking was refunded.
    """

    amount: int
    status: Status = Status.REQUIRES_PAYMENT_METHOD
    booking: Booking = Booking.OPEN
    held: int = 0
    captured: int = 0
    refunded: int = 0
    fee_told: int = 0
    retained: int = 0
    under_way: Kind | None = None
    failure_code: str = ""
    attention: str = ""
    seats: tuple[Seat, ...] = ()
    let_in: frozenset[UUID] = frozenset()
    gift: int = 0
    gift_refunded: int = 0
    carried: int = 0
    lent: int = 0
    exchanged: int = 0
    to_return: int = 0

    @property
    def left(self) -> int:
        """What is left of the money, and is not held by another booking."""
        return self.captured - self.refunded - self.lent

    @property
    def due_back(self) -> int:
        """What is left to refund once the booking ended."""
        return self.captured - self.retained - self.refunded - self.lent

    @property
    def gone(self) -> int:
        """What left this payment: what pays another booking is here still."""
        return self.refunded - self.exchanged

    @property
    def fee(self) -> int:
        """What the house has of what was captured for a booking that ended, or for seats that were given back."""
        told = self.retained if self.booking is Booking.ENDED else kept(self.seats)
        return min(told, self.captured - self.refunded)

    def back_to_gift(self, amount: int) -> int:
        """Of a refund, what the card has not paid: that goes back to the gift card."""
        paid_here = self.captured - self.carried
        left_on_card = paid_here - self.gift - (min(self.gone, paid_here) - self.gift_refunded)
        return max(0, amount - self.back_to_carrier(amount) - left_on_card)

    def back_to_carrier(self, amount: int) -> int:
        """Of a refund, what nothing here has paid: that goes back through the payment that has it."""
        paid_here = self.captured - self.carried
        return max(0, self.gone + amount - paid_here) - max(0, self.gone - paid_here)


@dataclass(frozen=True, slots=True)
class Ask:
    """amount: of all that it is about; gift: of it, the gift card's part, and carried, that of an exchanged booking,
    which no provider is asked for; seats: whose money it is, where their customer gave them back.
    """

    kind: Kind
    amount: int
    gift: int = 0
    seats: tuple[Seat, ...] = ()
    carried: int = 0


@dataclass(frozen=True, slots=True)
class Announcement:
    """An event to emit. final: the booking must end. retryable: another card may be tried while the hold lasts."""

    type: str
    stage: str = ""
    final: bool = False
    retryable: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """lends: what the payment of the booking that is exchanged for this one holds for it from now on, or, less than
    nothing, does so no more.
    """

    payment: Payment
    ask: Ask | None = None
    announcements: tuple[Announcement, ...] = ()
    postings: tuple[Posting, ...] = ()
    gift: GiftMove | None = None
    lends: int = 0
