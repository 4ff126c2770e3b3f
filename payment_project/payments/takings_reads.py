"""The takings as staff look at them: of days, theaters and a film, added up by what they are asked by."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Max, QuerySet, Sum

from chassis.money import Money, format_money
from chassis.storage.database import execute
from chassis.theaters import Theaters
from payments.takings import CODE_SUMS, SUMS
from payments.takings_models import Takings, TakingsCode

# What they may be added up by, beside the currency, and the columns of that.
BY = {"day": "day", "theater": "theater_id", "film": "film", "type": "ticket_type"}
FILMS, CODES = 200, 200
# Titles are offered of so many days, the last ones.
FILM_DAYS = timedelta(days=14)
# For sums by film and type of a year: without, PostgreSQL would sort all of it on disk.
_MEMORY = "SET LOCAL work_mem = '64MB'"

# No clock is further from UTC's date than a day.
_TODAY = """
SELECT series.theater_name, takings.currency, sum(tickets)::bigint, sum(gross)::bigint, sum(refunds)::bigint
FROM takings JOIN takings_series AS series USING (theater_id)
WHERE takings.day BETWEEN current_date - 1 AND current_date + 1
    AND takings.day = (statement_timestamp() AT TIME ZONE coalesce(nullif(series.time_zone, ''), 'UTC'))::date
    AND (%s::uuid[] IS NULL OR theater_id = ANY(%s::uuid[]))
GROUP BY theater_id, series.theater_name, takings.currency
ORDER BY series.theater_name, theater_id, takings.currency LIMIT %s
"""
MOST_TODAY = 500


@dataclass(frozen=True, slots=True)
class Today:
    """What a theater's day by its own clock has come to so far, in one currency."""

    theater: str
    currency: str
    tickets: int
    gross: int
    refunds: int

    @property
    def left(self) -> int:
        return self.gross - self.refunds

    def written(self, amount: int) -> str:
        return format_money(Money(amount, self.currency))


@dataclass(frozen=True, slots=True)
class Asked:
    """theaters: those that are looked at, all of them by their ids. film: its title, or "" for all. by: keys of BY."""

    first: date
    last: date
    theaters: Sequence[UUID]
    film: str = ""
    by: Sequence[str] = ("day",)

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=number) for number in range((self.last - self.first).days + 1)]

    @property
    def rows(self) -> QuerySet[Takings]:
        of_days = Takings.objects.filter(day__range=(self.first, self.last), theater_id__in=self.theaters)
        return of_days.filter(film=self.film) if self.film else of_days


@dataclass(frozen=True, slots=True)
class Row:
    """of: what it is of, by the columns of BY. Amounts as in Takings; what is left is gross less refunds, and net is
    that without the tax.
    """

    of: Mapping[str, Any]
    currency: str
    type_name: str
    tickets: int
    returned: int
    gross: int
    refunds: int
    tax: int
    reductions: int
    gift: int
    cash: int
    terminal: int
    kept: int

    @property
    def left(self) -> int:
        return self.gross - self.refunds

    @property
    def net(self) -> int:
        return self.left - self.tax


@dataclass(frozen=True, slots=True)
class Code:
    """A reduction: on how many receipts it is, and what came off by it."""

    code: str
    name: str
    currency: str
    uses: int
    amount: int


def today(theaters: Theaters = None) -> list[Today]:
    """Of these theaters, or of all, by name."""
    limit = None if theaters is None else list(theaters)
    with connection.cursor() as cursor:
        cursor.execute(_TODAY, [limit, limit, MOST_TODAY])
        return [Today(theater or "theater not known", *others) for theater, *others in cursor.fetchall()]


def rows(asked: Asked, *, most: int | None = None) -> list[Row]:
    """The newest day first, what is named in the order of the alphabet; all of them where nothing is said of `most`."""
    with transaction.atomic():
        execute(_MEMORY, [])
        return [_row(found, asked) for found in _summed(asked)[:most]]


def stream(asked: Asked, *, most: int) -> Iterator[Row]:
    """The same, some of them in memory at a time."""
    for found in _summed(asked)[:most].iterator():
        yield _row(found, asked)


def _summed(asked: Asked) -> Any:
    columns = [BY[each] for each in asked.by]
    ordered = ["-day" if each == "day" else each for each in columns]
    called = {"called": Max("type_name")} if "type" in asked.by else {}
    summed = asked.rows.values(*columns, "currency").annotate(**called, **_sums(SUMS))
    return summed.order_by(*ordered, "currency")


def _row(found: Mapping[str, Any], asked: Asked) -> Row:
    amounts = {name: int(found[f"{name}_sum"]) for name in SUMS}
    return Row({BY[each]: found[BY[each]] for each in asked.by}, found["currency"], found.get("called", ""), **amounts)


def totals(of_days: Iterable[Row]) -> list[Row]:
    """Of rows what they come to in each currency, which nothing is added across."""
    found: dict[str, list[Row]] = {}
    for row in of_days:
        found.setdefault(row.currency, []).append(row)
    return [
        Row({}, currency, "", **{name: sum(getattr(row, name) for row in some) for name in SUMS})
        for currency, some in sorted(found.items())
    ]


def films(asked: Asked) -> list[str]:
    """Titles of what was sold or given back in the end of these days, some of them."""
    first = max(asked.first, asked.last - FILM_DAYS)
    named = Takings.objects.filter(day__range=(first, asked.last), theater_id__in=asked.theaters)
    return list(named.exclude(film="").values_list("film", flat=True).distinct().order_by("film")[:FILMS])


def codes(asked: Asked) -> list[Code]:
    """Reductions of these days and theaters, of all films, the most used first."""
    found = TakingsCode.objects.filter(day__range=(asked.first, asked.last), theater_id__in=asked.theaters)
    summed: Any = found.values("code", "currency").annotate(called=Max("name"), **_sums(CODE_SUMS))
    return [
        Code(each["code"], each["called"], each["currency"], int(each["uses_sum"]), int(each["amount_sum"]))
        for each in summed.order_by("-uses_sum", "code", "currency")[:CODES]
    ]


def _sums(names: Iterable[str]) -> dict[str, Any]:
    return {f"{name}_sum": Sum(name) for name in names}
