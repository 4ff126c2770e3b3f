"""What this service reads of the events that it hears: of each only the fields that it needs."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from bookings.domain import GOODWILL
from bookings.prices import Tariff
from chassis.money import Money


@dataclass(frozen=True, slots=True)
class AboutBooking:
    """What any of the events may be about."""

    booking_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class PaymentAuthorized:
    """card_last4: of the card that pays; "" where the provider does not tell, and in events of before. carried: what
    the booking pays that is exchanged for this one; None where none is, and of a payment service of before.
    """

    payment_id: UUID
    booking_id: UUID
    card_last4: str = ""
    carried: Money | None = None


@dataclass(frozen=True, slots=True)
class PaymentCompleted:
    payment_id: UUID
    booking_id: UUID


@dataclass(frozen=True, slots=True)
class PaymentFailed:
    booking_id: UUID
    stage: str
    failure_code: str
    final: bool


@dataclass(frozen=True, slots=True)
class PaymentVoided:
    booking_id: UUID


@dataclass(frozen=True, slots=True)
class RefundedSeat:
    """amount: what went back of it; None in events of before, which was all that it was sold at."""

    id: UUID
    amount: Money | None = None


@dataclass(frozen=True, slots=True)
class PaymentRefunded:
    """kind: before it was told, a refund left the ticket as it was. reason: what staff wrote to the customer.

    seats: those whose money it was; none where it was an amount, and in events of before.
    """

    booking_id: UUID
    status: str
    refunded_amount: Money | None = None
    kind: str = GOODWILL
    reason: str = ""
    seats: tuple[RefundedSeat, ...] = ()


@dataclass(frozen=True, slots=True)
class UserKnown:
    """user.registered and user.updated. email_changed_*: of the last change of the address, by None the owner.

    A change by staff is told until a day has passed, or until another one by staff."""

    user_id: UUID
    email: str
    email_changed_by: UUID | None = None
    email_changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class GuestClaimed:
    """What the guest bought is the account's from now on."""

    guest_id: UUID
    user_id: UUID


@dataclass(frozen=True, slots=True)
class ScreenUpdated:
    screen_id: UUID
    theater_id: UUID
    name: str
    rows: int
    columns: int
    revision: int
    seats: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Named:
    id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class _Theater:
    id: UUID
    name: str
    time_zone: str


@dataclass(frozen=True, slots=True)
class _Movie:
    id: UUID
    title: str


@dataclass(frozen=True, slots=True)
class ShowtimeScheduled:
    showtime_id: UUID
    revision: int
    movie: _Movie
    theater: _Theater
    screen: _Named
    starts_at: datetime
    ends_at: datetime
    format: str
    language: str
    currency: str
    prices: dict[str, int]
    tariff: Tariff | None = None
    rules: dict[str, Any] | None = None
    status: str = "scheduled"  # events of scheduling have none; an answer of catalog does


@dataclass(frozen=True, slots=True)
class ShowtimeCancelled:
    """reason: what staff tell its customers."""

    showtime_id: UUID
    revision: int
    reason: str = ""
