"""What may happen to a notification, when it is tried again, and when it is better not sent."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from unicodedata import category

from chassis.jitter import jittered
from chassis.states import Machine

# With the pauses below, about a day.
MAX_ATTEMPTS = 100
WAIT_FOR_CONTACT = timedelta(days=7)
# For the event's own delivery, which follows its commit within milliseconds unless the worker was killed between them.
GRACE = timedelta(seconds=5)
# How long a message waits for the one that has to be read before it.
FOLLOW_WAIT = timedelta(seconds=15)
FIRST_PAUSE = timedelta(seconds=2)
LONGEST_PAUSE = timedelta(minutes=15)

FALLBACK_LANGUAGE = "en"
LANGUAGES = {"en": "English", "vi": "Tiếng Việt"}

SECRET = "token"  # noqa: S105  (the name of the field of an event that holds one)


# Of the pictures of tickets' codes in a mail. A QR code holds 2,953 bytes at its lowest level of correction, and a
# picture of one is some ten kilobytes; the codes of more seats come as letters.
CODE_LIMIT = 2000
CODES_LIMIT = 24


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
    superseded: a later message about the same booking was written, one that this one would contradict.
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
    if circumstances.superseded:
        return "superseded"
    if circumstances.while_held and not circumstances.wants_hold_notices:
        return "opted_out"
    return None


def receipt_key(booking_id: object) -> str:
    """One receipt a booking, however many events tell of it."""
    return f"receipt:{booking_id}"


def ending_key(booking_id: object) -> str:
    """A booking ends once: whichever event tells of it first writes the one message about it."""
    return f"ended:{booking_id}"


LONGEST_NAME = 80
# What mail programs make links of, or what a link is written with.
LINK_LIKE = re.compile(r"[/\\@:<>&#%]|\bwww\b|\w\.\w\w", re.IGNORECASE)


def name_to_greet(name: str) -> str:
    """The name as a mail may say it: one line of printable signs; "" for what could be a message or a link."""
    line = " ".join("".join(" " if sign.isspace() else sign for sign in name if _is_seen(sign)).split())
    return "" if len(line) > LONGEST_NAME or LINK_LIKE.search(line) else line


def _is_seen(sign: str) -> bool:
    """Not what turns the direction of writing, takes no width, or controls a terminal."""
    return sign.isspace() or not category(sign).startswith("C")


def inbox_of(address: str) -> str:
    """The mailbox behind an address: its letters may be large, and what follows a plus is its owner's own label."""
    local, at, domain = address.strip().lower().rpartition("@")
    return f"{local.partition('+')[0]}{at}{domain}"


def spoken_language(tag: str) -> str:
    """The language of ours that a tag like vi-VN means; "" for none and for one that we do not write."""
    language = tag.replace("_", "-").partition("-")[0].lower()
    return language if language in LANGUAGES else ""
