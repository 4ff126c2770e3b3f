"""What this service tells, and the part it reads of what the booking service tells."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Money:
    """amount in minor units of an ISO 4217 currency."""

    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class PaymentAuthorized:
    """The funds are reserved."""

    type: ClassVar[str] = "payment.authorized"
    payment_id: UUID
    booking_id: UUID
    user_id: UUID
    amount: Money


@dataclass(frozen=True, slots=True)
class PaymentCompleted:
    """The money was taken."""

    type: ClassVar[str] = "payment.completed"
    payment_id: UUID
    booking_id: UUID
    user_id: UUID
    amount: Money
    captured_at: datetime


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
class PaymentRefunded:
    """Captured money went back. amount: of this refund; refunded_amount: so far."""

    type: ClassVar[str] = "payment.refunded"
    payment_id: UUID
    booking_id: UUID
    user_id: UUID
    refund_id: UUID
    amount: Money
    refunded_amount: Money
    status: str


@dataclass(frozen=True, slots=True)
class MethodGiven:
    """How the customer wants to pay: a token, or the id of a saved method."""

    token: str | None = None
    id: UUID | None = None


@dataclass(frozen=True, slots=True)
class BookingCreated:
    booking_id: UUID
    user_id: UUID
    total: Money
    hold_expires_at: datetime
    reference: str = ""
    payment_method: MethodGiven | None = None


@dataclass(frozen=True, slots=True)
class BookingConfirmed:
    booking_id: UUID
    user_id: UUID
    total: Money
    reference: str = ""


@dataclass(frozen=True, slots=True)
class BookingEnding:
    """Rejected, expired, cancelled or failed. refund: what goes back of the total; nothing said means all of it."""

    booking_id: UUID
    user_id: UUID
    total: Money
    reference: str = ""
    refund: Money | None = None
    reason: str = ""

    @property
    def retained(self) -> int:
        """The fee that stays with us."""
        return 0 if self.refund is None else max(self.total.amount - self.refund.amount, 0)
