"""The rules of a promotion: whether they are rules at all, what they do not fit, what they take off. No Django."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from bookings.prices import Discount, Off
from chassis.money import DECIMALS, LARGEST_PRICE

# Of each list of what a promotion is for.
MOST_NAMED = 100
MOST_TICKETS = 100
MOST_USES = 1_000_000_000
MONDAY, SUNDAY = 1, 7


@dataclass(frozen=True, slots=True)
class Rules:
    """What a promotion takes off, and of what; an empty list and None bound nothing.

    off, value: percent of each ticket's price, minor units of `currency` in all, or a number of tickets that are free.
    ticket_types: codes of those that it comes off. theaters, movies: ids. weekdays: 1 is Monday, of the day that the
    showtime starts on by the theater's clock. min_tickets: that the booking has, of whatever type. Codes are taken from
    sold_from on, before sold_until; of showtimes that start from starts_from on, before starts_until.
    """

    off: Off
    value: int
    currency: str = ""
    ticket_types: Sequence[str] = ()
    theaters: Sequence[UUID] = ()
    movies: Sequence[UUID] = ()
    weekdays: Sequence[int] = ()
    min_tickets: int = 1
    sold_from: datetime | None = None
    sold_until: datetime | None = None
    starts_from: datetime | None = None
    starts_until: datetime | None = None
    most_per_customer: int | None = None

    def discount(self, *, code: str, name: str) -> Discount:
        """As the lines of a booking tell it."""
        return Discount(code, name, Off(self.off), self.value, frozenset(self.ticket_types))


MOST = {Off.PERCENT: 100, Off.AMOUNT: LARGEST_PRICE, Off.TICKETS: MOST_TICKETS}


def faults(rules: Rules) -> Iterator[tuple[str, str]]:
    """A field and a sentence for whatever makes no sense; nothing of rules that can hold."""
    yield from _out_of_bounds(rules)
    if rules.off == Off.AMOUNT and rules.currency not in DECIMALS:
        yield "currency", "An amount has the currency of the showtimes that it is for."
    if rules.off != Off.AMOUNT and rules.currency:
        yield "currency", "Only an amount has a currency."
    for name in ("ticket_types", "theaters", "movies", "weekdays"):
        if len(set(named := getattr(rules, name))) != len(named) or len(named) > MOST_NAMED:
            yield name, f"Each once, and {MOST_NAMED} at most."
    for first, last in (("sold_from", "sold_until"), ("starts_from", "starts_until")):
        begin, end = getattr(rules, first), getattr(rules, last)
        if begin is not None and end is not None and begin >= end:
            yield last, "The end is after the beginning."


def _out_of_bounds(rules: Rules) -> Iterator[tuple[str, str]]:
    most = MOST[Off(rules.off)]
    if not 1 <= rules.value <= most:
        yield "value", f"From 1 to {most}."
    if not 1 <= rules.min_tickets <= MOST_TICKETS:
        yield "min_tickets", f"From 1 to {MOST_TICKETS}."
    if rules.most_per_customer is not None and not 1 <= rules.most_per_customer <= MOST_USES:
        yield "most_per_customer", f"From 1 to {MOST_USES}, or nothing at all."
    if any(not MONDAY <= day <= SUNDAY for day in rules.weekdays):
        yield "weekdays", "From 1, Monday, to 7, Sunday."


class Misfit(StrEnum):
    """What a promotion is not for, of a booking."""

    THEATER = "theater"
    MOVIE = "movie"
    SHOWTIME = "showtime"
    WEEKDAY = "weekday"
    CURRENCY = "currency"
    TICKETS = "tickets"
    TICKET_TYPES = "ticket_types"


@dataclass(frozen=True, slots=True)
class Showing:
    """What of a showtime a promotion can ask for."""

    theater_id: UUID
    movie_id: UUID
    starts_at: datetime
    time_zone: str
    currency: str


def misfit(rules: Rules, showing: Showing, ticket_types: Sequence[str]) -> Misfit | None:
    """What stands against it, the first of the list above; None: nothing. ticket_types: of each wanted ticket."""
    starts = showing.starts_at
    fits = (
        (Misfit.THEATER, not rules.theaters or showing.theater_id in rules.theaters),
        (Misfit.MOVIE, not rules.movies or showing.movie_id in rules.movies),
        (
            Misfit.SHOWTIME,
            (rules.starts_from is None or starts >= rules.starts_from)
            and (rules.starts_until is None or starts < rules.starts_until),
        ),
        (
            Misfit.WEEKDAY,
            not rules.weekdays or starts.astimezone(ZoneInfo(showing.time_zone)).isoweekday() in rules.weekdays,
        ),
        (Misfit.CURRENCY, rules.off != Off.AMOUNT or showing.currency == rules.currency),
        (Misfit.TICKETS, len(ticket_types) >= rules.min_tickets),
        (Misfit.TICKET_TYPES, not rules.ticket_types or not set(rules.ticket_types).isdisjoint(ticket_types)),
    )
    return next((which for which, fit in fits if not fit), None)
