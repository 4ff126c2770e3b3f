"""Words for staff, where rows hold codes. Columns name these functions, so that a new word is no migration."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Protocol, TypeVar

from bookings.counter_rules import Method
from bookings.domain import CancellationRules, PaymentStatus, State, Trigger
from bookings.prices import Off
from chassis.money import Money, format_money

Code = TypeVar("Code", bound=StrEnum)

STATES: Mapping[State, str] = {
    State.PENDING: "held",
    State.CONFIRMED: "confirmed",
    State.CANCELLED: "cancelled",
    State.EXPIRED: "expired",
    State.REJECTED: "rejected",
    State.FAILED: "failed",
}
PAYMENT_STATUSES: Mapping[PaymentStatus, str] = {
    PaymentStatus.UNPAID: "not paid",
    PaymentStatus.DECLINED: "card declined",
    PaymentStatus.AUTHORIZED: "reserved on the card",
    PaymentStatus.FAILED: "could not be taken",
    PaymentStatus.CAPTURED: "paid",
    PaymentStatus.VOIDED: "reservation given up",
    PaymentStatus.PARTIALLY_REFUNDED: "refunded in part",
    PaymentStatus.REFUNDED: "refunded",
}
TRIGGERS: Mapping[Trigger, str] = {
    Trigger.HELD: "seats held",
    Trigger.HOLD_EXTENDED: "held for longer",
    Trigger.SEATS_SOLD: "seats sold",
    Trigger.SEATS_LOST: "a seat went to somebody else",
    Trigger.HOLD_ENDED: "the hold ended",
    Trigger.CANCELLED_BY_CUSTOMER: "cancelled by the customer",
    Trigger.CANCELLED_BY_STAFF: "cancelled by staff",
    Trigger.SHOWTIME_CANCELLED: "showtime cancelled",
    Trigger.SHOWTIME_MOVED: "showtime changed",
    Trigger.CHANGE_ACCEPTED: "the change accepted by the customer",
    Trigger.PAYMENT_DECLINED: "card declined",
    Trigger.CAPTURE_FAILED: "the money could not be taken",
    Trigger.REFUNDED: "all the money given back",
    Trigger.SEATS_REFUNDED: "some seats given back",
    Trigger.SEATS_GIVEN_BACK: "some seats given back by the customer",
    Trigger.SEATS_CHANGED: "other seats given by staff",
    Trigger.EXCHANGED: "exchanged for another booking",
    Trigger.EXCHANGE_LOST: "what it was exchanged for is not there any more",
}
# The parts of the system that act by themselves, as a history names them.
ACTORS: Mapping[str, str] = {"payment": "payment", "clock": "the clock", "catalog": "catalog"}


# Why a door would not have let somebody in, by the code of what it says.
DOOR_REFUSALS: Mapping[str, str] = {
    "ticket_used": "somebody was in with it already",
    "ticket_void": "the ticket does not count any more",
    "ticket_unknown": "there is no booking for the ticket",
    "ticket_invalid": "it is no ticket of ours",
    "wrong_showtime": "the ticket is for another showtime",
}


# How staff took the money at the counter, and what they do where it goes back.
COUNTER_METHODS: Mapping[Method, str] = {Method.CASH: "in cash", Method.TERMINAL: "by the card machine"}

OFFS: Mapping[Off, str] = {
    Off.PERCENT: "percent of each ticket",
    Off.AMOUNT: "an amount",
    Off.TICKETS: "free tickets",
}


def offs() -> list[tuple[str, str]]:
    return _choices(OFFS)


def states() -> list[tuple[str, str]]:
    return _choices(STATES)


def payment_statuses() -> list[tuple[str, str]]:
    return _choices(PAYMENT_STATUSES)


def triggers() -> list[tuple[str, str]]:
    return _choices(TRIGGERS)


def counter_methods() -> list[tuple[str, str]]:
    return _choices(COUNTER_METHODS)


def give_back(method: str, amount: str) -> str:
    """What is left for staff to do where a sale of the counter ends. amount: as people write it."""
    return f"Give back {amount} {COUNTER_METHODS[Method(method)]}."


def _choices(words: Mapping[Code, str]) -> list[tuple[str, str]]:
    return [(str(code), said) for code, said in words.items()]


def taken_off(off: Off, value: int, currency: str) -> str:
    """15 % of each ticket; 12.50 EUR; 1 free ticket."""
    match off:
        case Off.PERCENT:
            return f"{value} % of each ticket"
        case Off.AMOUNT:
            return format_money(Money(value, currency))
        case Off.TICKETS:
            return count(value, "free ticket")


def cancellation(rules: CancellationRules) -> str:
    """A theater's rules for its customers, as one sentence."""
    if not rules.cutoff_minutes or rules.fee_percent == 0:
        return "free until the start"
    after = "not at all" if rules.fee_percent is None else f"for {rules.fee_percent} % of the price"
    return f"free until {duration(rules.cutoff_minutes)} before the start, then {after}"


def rate(basis_points: int) -> str:
    """500: 5 %; 825: 8.25 %."""
    return f"{basis_points / 100:g} %"


def duration(minutes: int) -> str:
    """120: 2 hours; 90: 90 minutes."""
    for name, length in (("day", 1440), ("hour", 60)):
        if minutes % length == 0:
            return count(minutes // length, name)
    return count(minutes, "minute")


def count(number: int, name: str, plural: str = "") -> str:
    """1 booking, 2 bookings, 3 people."""
    return f"{number} {name}" if number == 1 else f"{number} {plural or name + 's'}"


class Numbered(Protocol):
    """A seat, as people call it."""

    @property
    def row(self) -> str: ...
    @property
    def number(self) -> int: ...


Some = TypeVar("Some", bound=Numbered)


def in_order(seats: Iterable[Some]) -> list[Some]:
    """A1, A2, AA1: as people read a hall."""
    return sorted(seats, key=lambda seat: (len(seat.row), seat.row, seat.number))


def names_of(seats: Iterable[Numbered]) -> str:
    """In that order, with commas."""
    return ", ".join(f"{seat.row}{seat.number}" for seat in in_order(seats))


def touched(bookings: int, people: int, holds: int = 0, holding: int = 0) -> str:
    """Who has seats: 3 bookings of 7 people, and 1 hold of 2 people that is not paid yet."""
    of = [(bookings, people, "booking", ""), (holds, holding, "hold", " not paid yet")]
    said = [f"{count(n, name)} of {count(p, 'person', 'people')}{after}" for n, p, name, after in of if n]
    return ", and ".join(said) or "no bookings"
