"""What this service tells."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from chassis.money import Money
from payments.lines import Seller


@dataclass(frozen=True, slots=True)
class GiftCardPart:
    """What a gift card pays, or gets back. last4: the last signs of its code."""

    last4: str
    amount: Money


@dataclass(frozen=True, slots=True)
class PaymentAuthorized:
    """The funds are reserved. card_last4: of the card that pays, or "" where the provider does not tell. carried: what
    the booking pays of it that is exchanged for this one, None where none is.
    """

    type: ClassVar[str] = "payment.authorized"
    payment_id: UUID
    booking_id: UUID
    user_id: UUID
    amount: Money
    card_last4: str
    carried: Money | None = None


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """count: of what was sold at this rate under this name. amount: of all of it, tax included.

    kind, rate: of lines.Line.
    """

    kind: str
    name: str
    count: int
    amount: Money
    rate: int


@dataclass(frozen=True, slots=True)
class ReceiptTax:
    """Of all lines of a rate, which is in basis points."""

    rate: int
    net: Money
    tax: Money


@dataclass(frozen=True, slots=True)
class IssuedReceipt:
    """number: as people read it; the statement that issues it fills it in."""

    id: UUID
    lines: list[ReceiptLine]
    taxes: list[ReceiptTax]
    seller: Seller | None
    number: str = ""


@dataclass(frozen=True, slots=True)
class PaymentCompleted:
    """The money was taken. card_last4, carried: as in payment.authorized. gift_card: what one paid, None where none
    did.

    receipt: None in events of before, which told none.
    """

    type: ClassVar[str] = "payment.completed"
    payment_id: UUID
    booking_id: UUID
    user_id: UUID
    amount: Money
    captured_at: datetime
    card_last4: str = ""
    gift_card: GiftCardPart | None = None
    receipt: IssuedReceipt | None = None
    carried: Money | None = None


@dataclass(frozen=True, slots=True)
class PaymentFailed:
    """A card was declined, or a capture refused for good.

    stage: "authorise" or "capture". retryable: another card may be tried while the hold lasts.
    final: the booking must end.
    """

    type: ClassVar[str] = "payment.failed"
    payment_id: UUID
    booking_id: UUID
    user_id: UUID
    amount: Money
    stage: str
    failure_code: str
    retryable: bool
    final: bool


@dataclass(frozen=True, slots=True)
class PaymentVoided:
    """Reserved funds were released."""

    type: ClassVar[str] = "payment.voided"
    payment_id: UUID
    booking_id: UUID
    user_id: UUID
    amount: Money


@dataclass(frozen=True, slots=True)
class RefundedSeat:
    """price: what it was sold at. amount: what goes back of it, which is less where its customer gave it back late."""

    id: UUID
    row: str
    number: int
    price: Money
    amount: Money


@dataclass(frozen=True, slots=True)
class PaymentRefunded:
    """Captured money went back. amount: of this refund; refunded_amount: so far.

    kind: "cancel" gives the seats back or, when it names none, ends the booking once all of it is back; after
    "goodwill" the ticket stays good. reason: what staff wrote to the customer; empty when the booking had ended by
    itself. seats: those whose money this is, none when it is an amount; seats_left: those that the booking keeps then.
    outside: how it went back where the card gateway had refused ("cash", "bank_transfer", "other", or "provider": by
    hand there), or "cash" of what was paid so at the counter; "" where it did as it was asked. gift_card: what of it
    went to the gift card that had paid.
    """

    type: ClassVar[str] = "payment.refunded"
    payment_id: UUID
    booking_id: UUID
    user_id: UUID
    refund_id: UUID
    amount: Money
    refunded_amount: Money
    status: str
    kind: str
    reason: str
    seats: list[RefundedSeat] = field(default_factory=list)
    seats_left: list[RefundedSeat] = field(default_factory=list)
    outside: str = ""
    gift_card: GiftCardPart | None = None


@dataclass(frozen=True, slots=True)
class PaymentFeeLowered:
    """Booking ended, with a fee, before it had heard that seats were given back: of those no fee is kept.

    fee_told: what booking.cancelled said; retained: what is kept instead. seats: those that were given back.
    """

    type: ClassVar[str] = "payment.fee_lowered"
    payment_id: UUID
    booking_id: UUID
    user_id: UUID
    fee_told: Money
    retained: Money
    seats: list[RefundedSeat]
