"""What a showtime is allowed to do and what is left of it: pure decisions over plain values."""

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Protocol

from chassis.states import Machine


class ShowtimeStatus(StrEnum):
    """A draft is planned and takes its screen; nobody but those who plan sees it, and it is not told."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    CANCELLED = "cancelled"


# What keeps a screen from others.
ON_A_SCREEN = (ShowtimeStatus.DRAFT, ShowtimeStatus.SCHEDULED)


class Command(StrEnum):
    CHANGE = "change"
    PUBLISH = "publish"
    CANCEL = "cancel"


class ShowtimeFormat(StrEnum):
    TWO_D = "2D"
    THREE_D = "3D"
    IMAX = "IMAX"
    FOUR_DX = "4DX"


class SeatCategory(StrEnum):
    """The price classes of a hall. `accessible` is a wheelchair space, `companion` the seat beside one."""

    STANDARD = "standard"
    PREMIUM = "premium"
    COUPLE = "couple"
    ACCESSIBLE = "accessible"
    COMPANION = "companion"


class AccessiblePlaces(StrEnum):
    """Who gets wheelchair places and the seats beside them.

    ON_REQUEST: who asks for them, and a companion seat only together with a wheelchair place. ANYBODY: like any seat.
    """

    ON_REQUEST = "on_request"
    ANYBODY = "anybody"


class Kind(StrEnum):
    """What a showtime says the names, zone, rules and prices of."""

    MOVIE = "movie"
    THEATER = "theater"
    SCREEN = "screen"
    PRICE_LIST = "price_list"


class OccupancyState(IntEnum):
    """How far a booking got, as its events tell; a higher one wins, in whatever order they arrive.

    LAPSED stands below SOLD because money that comes after a hold ended may still win the seats back,
    while a booking that was cancelled, rejected or failed never takes seats again.
    """

    HELD = 1
    LAPSED = 2
    SOLD = 3
    ENDED = 4


# A draft that is not wanted is removed and leaves no state: nobody has heard of it.
TRANSITIONS: dict[tuple[ShowtimeStatus, Command], ShowtimeStatus] = {
    (ShowtimeStatus.DRAFT, Command.CHANGE): ShowtimeStatus.DRAFT,
    (ShowtimeStatus.DRAFT, Command.PUBLISH): ShowtimeStatus.SCHEDULED,
    (ShowtimeStatus.SCHEDULED, Command.CHANGE): ShowtimeStatus.SCHEDULED,
    (ShowtimeStatus.SCHEDULED, Command.CANCEL): ShowtimeStatus.CANCELLED,
}
SHOWTIME = Machine(TRANSITIONS)


@dataclass(frozen=True, slots=True)
class Slot:
    """When a film runs and when its screen can take the next one; starts_at ≤ t < screen_free_at is taken."""

    starts_at: datetime
    ends_at: datetime
    screen_free_at: datetime

    def overlaps(self, other: "Slot") -> bool:
        return self.starts_at < other.screen_free_at and other.starts_at < self.screen_free_at


def slot(*, starts_at: datetime, duration_minutes: int, cleaning_minutes: int) -> Slot:
    """The time a film of that length takes of a screen; the audience's end excludes the cleaning after it."""
    ends_at = starts_at + timedelta(minutes=duration_minutes)
    return Slot(starts_at, ends_at, ends_at + timedelta(minutes=cleaning_minutes))


def clashes(wanted: Sequence[tuple[Hashable, Slot]]) -> Iterator[tuple[int, int]]:
    """Of slots on screens, by their place in the sequence: each that overlaps another of its screen, with one such."""
    order = sorted(range(len(wanted)), key=lambda place: wanted[place][1].starts_at)
    last: dict[Hashable, int] = {}
    named: set[int] = set()
    for place in order:
        screen, slot_ = wanted[place]
        before = last.get(screen)
        if before is not None and wanted[before][1].overlaps(slot_):
            for one, other in ((place, before), (before, place)):
                if one not in named:
                    named.add(one)
                    yield one, other
        if before is None or wanted[before][1].screen_free_at < slot_.screen_free_at:
            last[screen] = place


def price_from(prices: Mapping[str, int], categories: Collection[str]) -> int:
    """The lowest amount, minor units, of the categories that the hall has.

    Wheelchair and companion places, which not everybody may take, count only if there is nothing else.
    """
    for_everybody = set(categories) - {SeatCategory.ACCESSIBLE, SeatCategory.COMPANION}
    return min(prices[category] for category in for_everybody or categories)


def missing_prices(categories: Iterable[str], prices: Mapping[str, int]) -> list[str]:
    """The seat categories of a hall that a price list leaves out, in the order of the alphabet."""
    return sorted(set(categories) - set(prices))


class Standing(Protocol):
    """A seat in its hall; x counts from the left, y from the screen."""

    @property
    def x(self) -> int: ...
    @property
    def y(self) -> int: ...
    @property
    def category(self) -> str: ...


def fewer_seats(before: Iterable[Standing], after: Iterable[Standing]) -> list[str]:
    """The categories of which somebody might find no seat who had one before, in the order of the alphabet.

    Couple seats are two of theirs side by side, counted from the left of their run; the last of an odd run is single.
    """
    had, has = _counted(before), _counted(after)
    return sorted({category for category, kind in had if has[category, kind] < had[category, kind]})


def _counted(seats: Iterable[Standing]) -> Counter[tuple[str, str]]:
    counted: Counter[tuple[str, str]] = Counter()
    last: Standing | None = None
    half = False
    for seat in sorted(seats, key=lambda seat: (seat.category, seat.y, seat.x)):
        beside = last is not None and (last.category, last.y, last.x + 1) == (seat.category, seat.y, seat.x)
        half = seat.category == SeatCategory.COUPLE and beside and not half
        if half:
            counted[seat.category, "single"] -= 1
        counted[seat.category, "pair" if half else "single"] += 1
        last = seat
    return counted


def available_seats(
    *, total_seats: int, occupied: int, status: ShowtimeStatus, ends_at: datetime, now: datetime
) -> int:
    """Seats that can still be bought: none once the showtime is over or cancelled, never less than zero."""
    if status != ShowtimeStatus.SCHEDULED or now >= ends_at:
        return 0
    return max(0, total_seats - occupied)
