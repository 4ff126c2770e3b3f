"""The slices of payment's events; those of the others are in heard.py."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from chassis.money import Money
from notifications.heard import Seat, written


@dataclass(frozen=True, slots=True)
class GiftCardPart:
    """last4: the last signs of its code."""

    last4: str
    amount: Money


class PartlyByGiftCard:
    """Money of which a gift card may have a part."""

    __slots__ = ()
    amount: Money
    gift_card: GiftCardPart | None

    @property
    def gift_card_last4(self) -> str:
        return self.gift_card.last4 if self.gift_card else ""

    @property
    def gift_card_amount(self) -> Money:
        return self.gift_card.amount if self.gift_card else Money(0, self.amount.currency)


@dataclass(frozen=True, slots=True)
class PaymentCompleted(PartlyByGiftCard):
    """card_last4: "" where no card paid, or its provider does not tell. gift_card: what one paid of it. carried: what a
    booking paid that was exchanged for this one.
    """

    payment_id: UUID
    booking_id: UUID
    user_id: UUID
    amount: Money
    captured_at: datetime
    card_last4: str = ""
    gift_card: GiftCardPart | None = None
    carried: Money | None = None

    @property
    def card_amount(self) -> Money:
        by_others = self.gift_card_amount.amount + (self.carried.amount if self.carried else 0)
        return Money(self.amount.amount - by_others, self.amount.currency)


@dataclass(frozen=True, slots=True)
class PaymentFailed:
    payment_id: UUID
    booking_id: UUID
    user_id: UUID
    amount: Money
    failure_code: str | None
    retryable: bool
    final: bool


@dataclass(frozen=True, slots=True)
class PaymentRefunded(PartlyByGiftCard):
    """reason: what staff wrote to the customer, or "". seats: whose money it is; that they were given back is booking's
    to say, as somebody may sit there. seats_left: those that payment takes the booking to go on with. outside: how it
    went back where the card gateway had refused; "provider" is by hand there.

    Both are empty where an amount was given back, and before there was another way. gift_card: what of it went to the
    gift card that had paid.
    """

    payment_id: UUID
    booking_id: UUID
    user_id: UUID
    refund_id: UUID
    amount: Money
    refunded_amount: Money
    status: str
    kind: str = "cancel"
    reason: str = ""
    seats: list[Seat] = field(default_factory=list)
    seats_left: list[Seat] = field(default_factory=list)
    outside: str = ""
    gift_card: GiftCardPart | None = None

    @property
    def gift_card_alone(self) -> bool:
        """Whether all of it went to the gift card, so that no bank and nobody else has anything to do with it."""
        return self.gift_card_amount == self.amount

    @property
    def by_house(self) -> bool:
        """Whether the house gave it, so that no bank of a card will show it."""
        return self.outside not in ("", "provider")

    @property
    def again(self) -> bool:
        """Whether something had gone back before."""
        return self.refunded_amount.amount > self.amount.amount

    @property
    def goodwill(self) -> bool:
        """Whether the booking goes on, and its ticket stays good."""
        return self.kind == "goodwill"

    @property
    def of_seats(self) -> str:
        """The seats whose money it is: B1, B2; or ""."""
        return written(self.seats)

    @property
    def goes_on(self) -> bool:
        """Whether no end of the booking is to be expected with it."""
        return self.goodwill or bool(self.seats_left)


@dataclass(frozen=True, slots=True)
class PaymentFeeLowered:
    """A fee was told that was reckoned of seats, too, which had been given back just before."""

    booking_id: UUID
    user_id: UUID
    fee_told: Money
    retained: Money
    seats: list[Seat]

    @property
    def of_seats(self) -> str:
        """The seats that were given back: B1, B2."""
        return written(self.seats)

    @property
    def kept(self) -> Money | None:
        """What is kept; None: nothing."""
        return self.retained if self.retained.amount > 0 else None
