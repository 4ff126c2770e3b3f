"""The slices of the events this service reads; it emits none."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.money import Money


@dataclass(frozen=True, slots=True)
class Seat:
    row: str
    number: int | str


@dataclass(frozen=True, slots=True)
class Showtime:
    movie_title: str
    theater_name: str
    screen: str
    starts_at: datetime
    time_zone: str


@dataclass(frozen=True, slots=True)
class UserKnown:
    """user.registered and user.updated."""

    user_id: UUID
    username: str
    email: str
    full_name: str = ""
    phone: str | None = None


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
class BookingCreated:
    booking_id: UUID
    reference: str
    user_id: UUID
    seats: list[Seat]
    total: Money
    hold_expires_at: datetime
    payment_method: dict[str, Any] | None
    showtime: Showtime


@dataclass(frozen=True, slots=True)
class Place:
    starts_at: datetime
    screen: str


@dataclass(frozen=True, slots=True)
class BookingMoved:
    """`before`: what the customer knew. revision: grows with each move. ticket: with the new time, or "" if unpaid."""

    booking_id: UUID
    reference: str
    user_id: UUID
    ticket: str
    seats: list[Seat]
    total: Money
    revision: int
    before: Place
    showtime: Showtime
    free_cancellation_until: datetime


@dataclass(frozen=True, slots=True)
class BookingEnded:
    """booking.cancelled, booking.expired, booking.rejected and booking.failed."""

    booking_id: UUID
    reference: str
    user_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class TicketIssued:
    booking_id: UUID
    reference: str
    user_id: UUID
    ticket: str
    seats: list[Seat]
    total: Money
    showtime: Showtime


@dataclass(frozen=True, slots=True)
class PaymentCompleted:
    payment_id: UUID
    booking_id: UUID
    user_id: UUID
    amount: Money
    captured_at: datetime


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
class PaymentRefunded:
    payment_id: UUID
    booking_id: UUID
    user_id: UUID
    refund_id: UUID
    amount: Money
    refunded_amount: Money
    status: str
