"""How full showtimes are and were: of days, theaters and a film, added up by what they are asked by."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, F, Max, QuerySet, Sum
from django.db.models.functions import Collate

from bookings.models import Showtime
from bookings.occupancy_models import Occupancy
from bookings.theaters import showtimes_at
from bookings.tonight import Filling, fillings_of
from chassis.theaters import Theaters

# What they may be added up by, and the columns and the order of that: letters as Python compares them.
BY = {"day": "day", "theater": "theater_id", "film": "film"}
ORDER = {"day": F("day").desc(), "theater": Collate("called", "C").asc(), "film": Collate("film", "C").asc()}
# Of those whose seats are counted one by one: what is not over for a day yet, of two hundred houses.
MOST_SHOWTIMES = 10_000
# Counted anew by one statement.
AT_ONCE = 500
# No clock is further from UTC's date than this.
_FARTHEST = timedelta(days=1)
_SUMS: Mapping[str, Any] = {
    "showtimes_sum": Count("*"),
    "seats_sum": Sum("seats"),
    "sold_sum": Sum("sold"),
    "let_in_sum": Sum("let_in"),
}
# How many showtimes, seats, sold, let in.
_Numbers = tuple[int, ...]
# Of what it is, as `by` asks; what a theater of it is called; how many.
_Part = tuple[tuple[Any, ...], Mapping[UUID, str], _Numbers]


@dataclass(frozen=True, slots=True)
class Asked:
    """theaters: None is all of them. film: its title, or "" for all. by: keys of BY."""

    first: date
    last: date
    theaters: Theaters = None
    film: str = ""
    by: Sequence[str] = ("day",)


@dataclass(slots=True)
class Row:
    """of: what it is of, by Asked.by, as people call it. seats: that could be sold at all."""

    of: tuple[date | str, ...] = ()
    showtimes: int = 0
    seats: int = 0
    sold: int = 0
    let_in: int = 0

    @property
    def full(self) -> int:
        """In percent."""
        return round(100 * self.sold / self.seats) if self.seats else 0

    @property
    def written(self) -> Mapping[str, str]:
        """For people: 1,682."""
        return {name: f"{getattr(self, name):,}" for name in ("showtimes", "seats", "sold", "let_in")}

    def add(self, showtimes: int, seats: int, sold: int, let_in: int) -> None:
        self.showtimes += showtimes
        self.seats += seats
        self.sold += sold
        self.let_in += let_in


@dataclass(frozen=True, slots=True)
class Found:
    """rows: of them there are `more`, all of which the total counts. all_counted: else of those that are not over yet
    only the MOST_SHOWTIMES that end first.
    """

    rows: Sequence[Row]
    total: Row
    more: bool
    all_counted: bool


def keep(showtimes: Sequence[Showtime]) -> None:
    """How full they were, before their seats are forgotten; of those that were cancelled nothing is kept."""
    made = [
        Occupancy(
            showtime_id=filling.showtime.id,
            day=_day_of(filling.showtime),
            theater_id=filling.showtime.theater_id,
            theater_name=filling.showtime.theater_name,
            film=filling.showtime.movie_title,
            seats=filling.seats,
            sold=filling.sold,
            let_in=filling.let_in,
        )
        for filling in fillings_of([each for each in showtimes if each.status == Showtime.Status.SCHEDULED])
    ]
    Occupancy.objects.bulk_create(
        made,
        update_conflicts=True,
        unique_fields=["showtime_id"],
        update_fields=["day", "theater_id", "theater_name", "film", "seats", "sold", "let_in"],
    )


def rebuild() -> int:
    """Counts those by their bookings whose seats are forgotten, some at a time; how many."""
    counted, reached = 0, UUID(int=0)
    forgotten = Showtime.objects.exclude(seats_forgotten_at=None).order_by("id")
    while found := list(forgotten.filter(id__gt=reached)[:AT_ONCE]):
        keep(found)
        counted, reached = counted + len(found), found[-1].id
    return counted


def read(asked: Asked, *, most: int) -> Found:
    """The newest day first, what is named in the order of the alphabet, `most` rows; one of all where `by` is empty."""
    total = Row()
    parts, all_counted = _not_over(asked)
    total.add(*_sums_of(_over(asked)))
    for _, _, numbers in parts:
        total.add(*numbers)
    listed = _rows(asked, parts, most + 1) if asked.by else [total]
    return Found(listed[:most], total, more=len(listed) > most, all_counted=all_counted)


def _rows(asked: Asked, not_over: Iterable[_Part], most: int) -> list[Row]:
    """A group that is beyond `most` of what is over comes after all of these here, too."""
    found: dict[tuple[Any, ...], Row] = {}
    names: dict[UUID, str] = {}
    for of, theater, numbers in chain(_groups(asked, most), not_over):
        names.update(theater)
        found.setdefault(of, Row()).add(*numbers)
    for of, row in found.items():
        row.of = tuple(names.get(part) or part for part in of)
    return sorted(found.values(), key=lambda row: [_place(part) for part in row.of])[:most]


def _place(part: date | str) -> int | str:
    return -part.toordinal() if isinstance(part, date) else str(part)


def _over(asked: Asked) -> QuerySet[Occupancy]:
    kept = Occupancy.objects.filter(day__range=(asked.first, asked.last))
    if asked.theaters is not None:
        kept = kept.filter(theater_id__in=asked.theaters)
    return kept.filter(film=asked.film) if asked.film else kept


def _sums_of(kept: QuerySet[Occupancy]) -> _Numbers:
    summed = kept.aggregate(**_SUMS)
    return tuple(summed[name] or 0 for name in _SUMS)


def _groups(asked: Asked, most: int) -> Iterator[_Part]:
    columns = [BY[each] for each in asked.by]
    added_up = _over(asked).values(*columns).annotate(called=Max("theater_name"), **_SUMS)
    for each in added_up.order_by(*(ORDER[name] for name in asked.by))[:most]:
        theater = {each["theater_id"]: each["called"]} if "theater_id" in each else {}
        yield tuple(each[column] for column in columns), theater, tuple(each[name] for name in _SUMS)


def _not_over(asked: Asked) -> tuple[list[_Part], bool]:
    """And whether these are all of them."""
    first, behind = (datetime.combine(day, time(), UTC) for day in (asked.first, asked.last + _FARTHEST))
    near = showtimes_at(asked.theaters).filter(
        # By the index of those that are not forgotten, which has their ends: no film lasts longer than a day.
        ends_at__gte=first - _FARTHEST,
        ends_at__lt=behind + 2 * _FARTHEST,
        seats_forgotten_at=None,
        status=Showtime.Status.SCHEDULED,
    )
    if asked.film:
        near = near.filter(movie_title=asked.film)
    found = list(near.order_by("ends_at")[: MOST_SHOWTIMES + 1])
    shown = [each for each in found[:MOST_SHOWTIMES] if asked.first <= _day_of(each) <= asked.last]
    return [_part(filling, asked) for filling in fillings_of(shown)], len(found) <= MOST_SHOWTIMES


def _part(filling: Filling, asked: Asked) -> _Part:
    showtime = filling.showtime
    is_of = {"day": _day_of(showtime), "theater": showtime.theater_id, "film": showtime.movie_title}
    numbers = (1, filling.seats, filling.sold, filling.let_in)
    return tuple(is_of[each] for each in asked.by), {showtime.theater_id: showtime.theater_name}, numbers


def _day_of(showtime: Showtime) -> date:
    return showtime.starts_at.astimezone(ZoneInfo(showtime.time_zone or "UTC")).date()
