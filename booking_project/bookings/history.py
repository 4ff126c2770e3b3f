"""Every step of a booking with its line in the history: what happened, why, and who acted."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from bookings.domain import State, Trigger, next_state
from bookings.models import Booking, BookingTransition

# What its customer does, whoever that was then: somebody who bought as a guest may have an account since.
BY_CUSTOMER = frozenset({Trigger.HELD, Trigger.HOLD_EXTENDED, Trigger.CHANGE_ACCEPTED, Trigger.CANCELLED_BY_CUSTOMER})


@dataclass(frozen=True, slots=True)
class Cause:
    """Why something happens: who acts (a user's id or a part of the system), on which event, for what reason.

    reason: the system's word for it, or a note among staff. message: what staff tell the customer of it.
    """

    actor: str
    event_id: UUID | None = None
    reason: str = ""
    message: str = ""


class Moved(Protocol):
    """A seat of a booking that is another by now, as both are written."""

    @property
    def before(self) -> str: ...
    @property
    def now(self) -> str: ...


def advance(
    booking: Booking, trigger: Trigger, *, cause: Cause, at: datetime, moved: Iterable[Moved] = ()
) -> BookingTransition:
    """Brings a locked booking into its next state and returns the line of its history, neither of them saved yet.

    moved: its seats that are others by that. Raises IllegalTransition.
    """
    before = State(booking.status)
    booking.status = next_state(before, trigger)
    return BookingTransition(
        booking_id=booking.id,
        from_status=before,
        to_status=booking.status,
        trigger=trigger,
        cause=str(cause.event_id or ""),
        actor=cause.actor,
        reason=cause.reason[:300],
        message=cause.message,
        seats=", ".join(f"{seat.before} → {seat.now}" for seat in moved)[:500],
        at=at,
    )
