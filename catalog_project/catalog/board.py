"""The plan board: the screens of a theater by the hours of a day or of a week, planned and on sale.

Along a day it counts the minutes since midnight as they pass, and not as clocks show them: where these jump an hour is
missing, or there twice, and each place on the board is one moment all the same.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils import timezone

from catalog import domain
from catalog.clocks import midnight
from catalog.domain import ON_A_SCREEN, ShowtimeStatus
from catalog.models import Screen, Showtime, Theater
from catalog.occupancy import count_occupied
from catalog.scheduling import in_the_way, slot_of

# Showtimes that are drawn, and screens: a week of thirty screens with six showtimes a day, and more.
MOST = 1500
MOST_SCREENS = 100
# Minutes since midnight between which a day is drawn, even where nothing is shown.
OPENS, CLOSES = 9 * 60, 24 * 60
OWN_PRICES = "prices of their own"


@dataclass(frozen=True, slots=True)
class Span:
    """Days of a theater, by its clocks."""

    first: date
    days: int

    @property
    def last(self) -> date:
        return self.first + timedelta(days=self.days - 1)

    @property
    def dates(self) -> list[date]:
        return [self.first + timedelta(days=number) for number in range(self.days)]

    def away(self, spans: int) -> "Span":
        """As many days, so many spans later."""
        return Span(self.first + timedelta(days=self.days * spans), self.days)


@dataclass(slots=True)
class Block:
    """A showtime on the board; in minutes, at: since midnight. track: 1 where another has the place already.

    clock: what those of the theater show. moves: it has not begun. taken: seats that cannot be bought. in_its_way: a
    sentence about what has its screen then, or nothing.
    """

    showtime: Showtime
    clock: str
    at: int
    runs: int
    cleaning: int
    moves: bool
    taken: int = 0
    track: int = 0
    in_its_way: str = ""

    @property
    def free_at(self) -> int:
        return self.at + self.runs + self.cleaning

    @property
    def draft(self) -> bool:
        return self.showtime.status == ShowtimeStatus.DRAFT


@dataclass(frozen=True, slots=True)
class Gap:
    """Minutes in which a screen waits for the next film."""

    at: int
    minutes: int


@dataclass(slots=True)
class Lane:
    """A screen on one day."""

    screen: Screen
    blocks: list[Block] = field(default_factory=list)

    @property
    def twofold(self) -> bool:
        return any(block.track for block in self.blocks)

    @property
    def gaps(self) -> list[Gap]:
        found = []
        for block, after in zip(self.blocks, self.blocks[1:], strict=False):
            if after.at > block.free_at:
                found.append(Gap(block.free_at, after.at - block.free_at))
        return found


@dataclass(frozen=True, slots=True)
class Day:
    """lists: what its showtimes are priced by, and how many by each."""

    date: date
    begins: datetime
    lanes: list[Lane]
    lists: list[tuple[str, int]]
    drafts: int

    @property
    def clashes(self) -> list[Block]:
        return [block for lane in self.lanes for block in lane.blocks if block.in_its_way]


@dataclass(frozen=True, slots=True)
class Board:
    """opens, closes: between which minutes since midnight its days are drawn. cut_off: there is more than is drawn.

    lists: the names of the theater's price lists.
    """

    theater: Theater
    span: Span
    days: list[Day]
    lists: dict[UUID, str]
    opens: int
    closes: int
    cut_off: bool

    @property
    def drafts(self) -> int:
        return sum(day.drafts for day in self.days)

    @property
    def minutes(self) -> int:
        return self.closes - self.opens

    def hours(self, day: Day) -> Iterator[tuple[int, str]]:
        """The minutes at which an hour begins, and what the clocks show then."""
        zone = ZoneInfo(self.theater.time_zone)
        for minute in range(self.opens, self.closes, 60):
            yield minute, f"{(day.begins + timedelta(minutes=minute)).astimezone(zone):%H}"


def moment_on(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    """So many minutes after that day began there."""
    return midnight(day, zone).astimezone(UTC) + timedelta(minutes=minutes)


def read_board(theater: Theater, span: Span) -> Board:
    """What begins on those days by the clocks of the theater, but nothing that is cancelled."""
    zone = ZoneInfo(theater.time_zone)
    screens = _screens(theater)
    found = _showtimes(theater, span, zone)
    for showtime in found:
        showtime.theater = theater
        showtime.screen = screens[showtime.screen_id]
    blocks = _blocks(found[:MOST], zone)
    lists = dict(theater.price_lists.order_by("name").values_list("id", "name"))
    days = [_day(each, zone, screens.values(), blocks, lists) for each in span.dates]
    return Board(
        theater=theater,
        span=span,
        days=days,
        lists=lists,
        opens=min([OPENS, *(block.at // 60 * 60 for block in blocks)]),
        closes=max([CLOSES, *(-(-block.free_at // 60) * 60 for block in blocks)]),
        cut_off=len(found) > MOST,
    )


def _screens(theater: Theater) -> dict[UUID, Screen]:
    """Hall 2 before Hall 10."""
    screens = Screen.objects.filter(theater=theater).order_by("name")[:MOST_SCREENS]
    return {screen.id: screen for screen in sorted(screens, key=lambda screen: _in_numbers(screen.name))}


def _in_numbers(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"(\d+)", name)]


def _showtimes(theater: Theater, span: Span, zone: ZoneInfo) -> list[Showtime]:
    """One more than is drawn."""
    begins, ends = midnight(span.first, zone), midnight(span.last + timedelta(days=1), zone)
    showtimes = Showtime.objects.filter(
        theater=theater, starts_at__gte=begins, starts_at__lt=ends, status__in=ON_A_SCREEN
    )
    shown = ("movie__title", *("screen", "starts_at", "ends_at", "screen_free_at", "format", "language"))
    read = showtimes.select_related("movie").only("theater", "price_list", "status", "revision", *shown)
    return list(read.order_by("starts_at", "id")[: MOST + 1])


def _blocks(showtimes: Sequence[Showtime], zone: ZoneInfo) -> list[Block]:
    now = timezone.now()
    blocks = [_block(showtime, zone, now) for showtime in showtimes]
    for one, other in domain.clashes([(showtime.screen_id, slot_of(showtime)) for showtime in showtimes]):
        blocks[one].in_its_way = in_the_way(showtimes[one], showtimes[other])
    taken = count_occupied([showtime.id for showtime in showtimes if showtime.status != ShowtimeStatus.DRAFT])
    for block in blocks:
        block.taken = taken.get(block.showtime.id, 0)
    return blocks


def _block(showtime: Showtime, zone: ZoneInfo, now: datetime) -> Block:
    local = showtime.starts_at.astimezone(zone)
    return Block(
        showtime,
        clock=f"{local:%H:%M}",
        at=_minutes(midnight(local.date(), zone), showtime.starts_at),
        runs=_minutes(showtime.starts_at, showtime.ends_at),
        cleaning=_minutes(showtime.ends_at, showtime.screen_free_at),
        moves=showtime.status == ShowtimeStatus.DRAFT or showtime.starts_at > now,
    )


def _minutes(since: datetime, until: datetime) -> int:
    """Those that pass: two moments of one zone would be taken by its clocks."""
    return int((until.astimezone(UTC) - since.astimezone(UTC)).total_seconds() // 60)


def _day(day: date, zone: ZoneInfo, screens: Iterable[Screen], blocks: Iterable[Block], lists: dict[UUID, str]) -> Day:
    its = [block for block in blocks if block.showtime.starts_at.astimezone(zone).date() == day]
    lanes = {screen.id: Lane(screen) for screen in screens}
    for block in its:
        lane = lanes[block.showtime.screen_id]
        block.track = int(any(other.track == 0 and other.free_at > block.at for other in lane.blocks))
        lane.blocks.append(block)
    priced = Counter(
        lists.get(block.showtime.price_list_id, OWN_PRICES) if block.showtime.price_list_id else OWN_PRICES
        for block in its
    )
    return Day(
        date=day,
        begins=midnight(day, zone).astimezone(UTC),
        lanes=list(lanes.values()),
        lists=sorted(priced.items()),
        drafts=sum(block.draft for block in its),
    )
