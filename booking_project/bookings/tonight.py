"""What a theater shows on a day, and how full it is. Every read is bounded by that day."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from bookings import words
from bookings.errors import TicketUsed
from bookings.models import DoorConflict, Screen, Showtime
from bookings.sales import categories_sold

# No clock is further from UTC than this.
_FARTHEST = timedelta(days=1)
SHOWN = 200
CONFLICTS = 50

_SEATS = """
    SELECT showtime_id, status, count(*) FROM seat_status
    WHERE showtime_id = ANY(%s) AND (held_until IS NULL OR held_until > now()) GROUP BY 1, 2
"""
# Of showtimes that are over, whose seats the inventory has forgotten.
_SAT = """
    SELECT bookings.showtime_id, 'sold', count(*)
    FROM bookings JOIN booking_seats AS seat ON seat.booking_id = bookings.id
    WHERE bookings.showtime_id = ANY(%s) AND bookings.status = 'CONFIRMED' AND seat.given_back_at IS NULL GROUP BY 1
"""
_LET_IN = """
    SELECT bookings.showtime_id, 'let in', count(*)
    FROM bookings JOIN check_ins ON check_ins.booking_id = bookings.id
    WHERE bookings.showtime_id = ANY(%s) AND bookings.status = 'CONFIRMED' GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class Theater:
    id: UUID
    name: str
    time_zone: str


@dataclass(frozen=True, slots=True)
class Filling:
    """Seats of a showtime by what they are; let_in: of those that are sold. All that can be sold at all: seats."""

    showtime: Showtime
    seats: int
    sold: int
    held: int
    blocked: int
    let_in: int

    @property
    def free(self) -> int:
        return max(self.seats - self.sold - self.held - self.blocked, 0)

    @property
    def starts(self) -> str:
        """By the clock there: 20:15."""
        return clock(self.showtime, self.showtime.starts_at)


@dataclass(frozen=True, slots=True)
class Conflict:
    """What a door without a connection did, as people read it."""

    row: DoorConflict
    showtime: Showtime

    @property
    def was_twice(self) -> bool:
        return self.row.code == TicketUsed.code

    @property
    def entries(self) -> list[str]:
        """Each door with the moment, by the theater's clock, in their order: left 19:02."""
        others = [(datetime.fromisoformat(used["at"]), used["door"]) for used in self.row.used]
        return [
            f"{door or 'a door without a name'} {clock(self.showtime, at)}"
            for at, door in sorted({*others, (self.row.at, self.row.door)})
        ]

    @property
    def why(self) -> str:
        return words.DOOR_REFUSALS.get(self.row.code, self.row.code)


def clock(showtime: Showtime, moment: datetime) -> str:
    """As the clocks of its theater show it: 20:15."""
    return f"{moment.astimezone(ZoneInfo(showtime.time_zone or 'UTC')):%H:%M}"


def theaters_of(first: datetime, behind: datetime) -> list[Theater]:
    """Those that show something on the day that begins and ends then in some zone, by name."""
    near = Showtime.objects.filter(starts_at__gte=first - _FARTHEST, starts_at__lt=behind + _FARTHEST)
    known = near.order_by().values_list("theater_id", "theater_name", "time_zone").distinct()
    return sorted((Theater(*each) for each in known if each[1]), key=lambda theater: theater.name)


def programme_of(theater: Theater, first: datetime, behind: datetime) -> list[Filling]:
    """What the theater shows of what starts from `first` on and before `behind`, in that order; at most SHOWN."""
    shown = Showtime.objects.filter(theater_id=theater.id, starts_at__gte=first, starts_at__lt=behind)
    return fillings_of(list(shown.order_by("starts_at")[:SHOWN]))


def fillings_of(showtimes: Sequence[Showtime]) -> list[Filling]:
    """How full each of them is; in as many statements as for one."""
    halls = _halls_of(showtimes)
    counts = _counts_of([showtime.id for showtime in showtimes if showtime.seats_forgotten_at is None], _SEATS)
    counts |= _counts_of([showtime.id for showtime in showtimes if showtime.seats_forgotten_at is not None], _SAT)
    let_in = _counts_of([showtime.id for showtime in showtimes], _LET_IN)
    return [
        Filling(
            showtime,
            seats=sum(halls[showtime.screen_id][category] for category in categories_sold(showtime)),
            sold=counts[showtime.id, "sold"],
            held=counts[showtime.id, "held"],
            blocked=counts[showtime.id, "blocked"],
            let_in=let_in[showtime.id, "let in"],
        )
        for showtime in showtimes
    ]


def conflicts_of(showtimes: Sequence[Showtime]) -> list[Conflict]:
    """Whom doors without a connection let in to them that should not have been; the newest first, at most CONFLICTS."""
    by_id = {showtime.id: showtime for showtime in showtimes}
    found = DoorConflict.objects.filter(showtime_id__in=list(by_id)).order_by("-id")[:CONFLICTS]
    return [Conflict(row, by_id[row.showtime_id]) for row in found]


def _halls_of(showtimes: Sequence[Showtime]) -> Mapping[UUID, Counter[str]]:
    """By screen how many seats of each category it has; none where the screen is not known yet."""
    halls: dict[UUID, Counter[str]] = {showtime.screen_id: Counter() for showtime in showtimes}
    for screen in Screen.objects.filter(id__in=halls):
        halls[screen.id] = Counter(seat["category"] for seat in screen.seats)
    return halls


def _counts_of(showtime_ids: Sequence[UUID], statement: str) -> Counter[tuple[UUID, str]]:
    if not showtime_ids:
        return Counter()
    with connection.cursor() as cursor:
        cursor.execute(statement, [list(showtime_ids)])
        return Counter({(showtime_id, what): count for showtime_id, what, count in cursor.fetchall()})
