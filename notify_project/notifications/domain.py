"""What may happen to a notification, when it is tried again, and when it is better not sent."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from chassis.jitter import jittered
from chassis.states import Machine

# With the pauses below, about a day.
MAX_ATTEMPTS = 100
WAIT_FOR_CONTACT = timedelta(days=7)
# For the event's own delivery, which follows its commit within milliseconds unless the worker was killed between them.
GRACE = timedelta(seconds=5)
FIRST_PAUSE = timedelta(seconds=2)
LONGEST_PAUSE = timedelta(minutes=15)

FALLBACK_LANGUAGE = "en"
LANGUAGES = {"en": "English", "vi": "Tiếng Việt"}

SECRET = "token"  # noqa: S105  (the name of the field of an event that holds one)


class Channel(StrEnum):
    EMAIL = "email"
    SMS = "sms"


class Status(StrEnum):
    WAITING_FOR_CONTACT = "waiting_for_contact"
    PENDING = "pending"
    SENT = "sent"
    SUPPRESSED = "suppressed"
    FAILED = "failed"


class Step(StrEnum):
    """What happens to a notification."""

    DELIVERED = "delivered"
    PUT_OFF = "put_off"
    ADDRESS_MISSING = "address_missing"
    ADDRESS_ARRIVED = "address_arrived"
    NOT_WANTED = "not_wanted"
    GIVEN_UP = "given_up"
    TRIED_AGAIN = "tried_again"


TRANSITIONS: dict[tuple[Status, Step], Status] = {
    (Status.PENDING, Step.DELIVERED): Status.SENT,
    (Status.PENDING, Step.PUT_OFF): Status.PENDING,
    (Status.PENDING, Step.ADDRESS_MISSING): Status.WAITING_FOR_CONTACT,
    (Status.PENDING, Step.NOT_WANTED): Status.SUPPRESSED,
    (Status.PENDING, Step.GIVEN_UP): Status.FAILED,
    (Status.WAITING_FOR_CONTACT, Step.ADDRESS_ARRIVED): Status.PENDING,
    (Status.WAITING_FOR_CONTACT, Step.GIVEN_UP): Status.FAILED,
    (Status.SUPPRESSED, Step.TRIED_AGAIN): Status.PENDING,
    (Status.FAILED, Step.TRIED_AGAIN): Status.PENDING,
}


MACHINE = Machine(TRANSITIONS)


def is_settled(status: Status) -> bool:
    """Nothing more happens to it unless a person asks."""
    return status not in {Status.PENDING, Status.WAITING_FOR_CONTACT}


def pause_before_next_try(*, attempts: int, spread: Callable[[float], float] = jittered) -> timedelta | None:
    """How long to wait after so many failed tries; None: give it up.

    Doubles from 2 s to 15 min, spread over half to one and a half of that.
    """
    if attempts >= MAX_ATTEMPTS:
        return None
    pause = min(FIRST_PAUSE * (1 << min(attempts - 1, 20)), LONGEST_PAUSE)
    return timedelta(seconds=spread(pause.total_seconds()))


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What decides whether a message still makes sense at the moment it could be sent.

    not_after: the end of what it is about. while_held: it is about a hold, as its kind says.
    superseded: a later message about the same booking was written.
    """

    now: datetime
    not_after: datetime | None
    while_held: bool
    wants_hold_notices: bool
    superseded: bool


def reason_not_to_send(circumstances: Circumstances) -> str | None:
    """`too_late`, `superseded`, `opted_out`, or None: send it."""
    if circumstances.not_after is not None and circumstances.now >= circumstances.not_after:
        return "too_late"
    if circumstances.while_held:
        if circumstances.superseded:
            return "superseded"
        if not circumstances.wants_hold_notices:
            return "opted_out"
    return None


def receipt_key(booking_id: object) -> str:
    """One receipt a booking, however many events tell of it."""
    return f"receipt:{booking_id}"


def ending_key(booking_id: object) -> str:
    """A booking ends once: whichever event tells of it first writes the one message about it."""
    return f"ended:{booking_id}"
