"""How many seats of a showtime are taken, as booking's events tell in whatever order they arrive."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from catalog.domain import OccupancyState
from catalog.models import Showtime, ShowtimeOccupancy
from chassis.storage import pruning
from chassis.storage.database import as_jsonb, execute

OCCUPIED = """
SELECT showtime_id, sum(seats)::int FROM (
    SELECT showtime_id, seats FROM showtime_occupancy
    WHERE showtime_id = ANY(%(ids)s) AND (state = %(sold)s OR (state = %(held)s AND held_until > now()))
    UNION ALL
    SELECT showtime_id, seats FROM showtime_blocked_seats WHERE showtime_id = ANY(%(ids)s)
) AS taken
GROUP BY showtime_id
"""

# In the order of their keys, and each row once, for ON CONFLICT touches no row twice.
RECORD_OCCUPANCY = """
INSERT INTO showtime_occupancy AS kept (booking_id, showtime_id, seats, state, held_until, updated_at)
SELECT DISTINCT ON (booking_id) booking_id, showtime_id, seats, state, held_until, now()
FROM jsonb_populate_recordset(NULL::showtime_occupancy, %s)
ORDER BY booking_id, state DESC, seats, held_until DESC
ON CONFLICT (booking_id) DO UPDATE SET seats = EXCLUDED.seats, state = EXCLUDED.state,
    held_until = EXCLUDED.held_until, updated_at = EXCLUDED.updated_at
WHERE (kept.state, -kept.seats, coalesce(kept.held_until, '-infinity'))
    < (EXCLUDED.state, -EXCLUDED.seats, coalesce(EXCLUDED.held_until, '-infinity'))
"""

RECORD_BLOCKED = """
INSERT INTO showtime_blocked_seats AS kept (showtime_id, seats, revision, updated_at)
SELECT DISTINCT ON (showtime_id) showtime_id, seats, revision, now()
FROM jsonb_populate_recordset(NULL::showtime_blocked_seats, %s)
ORDER BY showtime_id, revision DESC
ON CONFLICT (showtime_id) DO UPDATE SET seats = EXCLUDED.seats, revision = EXCLUDED.revision,
    updated_at = EXCLUDED.updated_at
WHERE kept.revision < EXCLUDED.revision
"""

KEEP = timedelta(days=1)
PRUNE_BATCH = 5000


@dataclass(frozen=True, slots=True)
class Occupancy:
    """How many seats a booking takes of a showtime, as one event told."""

    booking_id: UUID
    showtime_id: UUID
    seats: int
    state: OccupancyState
    held_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Blocked:
    """How many seats of a showtime are off sale, as one event told; a higher revision is later news."""

    showtime_id: UUID
    seats: int
    revision: int


def record_occupancy(told: Sequence[Occupancy]) -> int:
    """Moves the rows of bookings forwards, or makes them; how many: one that had come further already stays.

    Of several about one booking the furthest counts; its seats become fewer only, and its hold longer. An end that
    arrives before its beginning leaves a row behind, and the late beginning finds it and changes nothing.
    """
    return execute(RECORD_OCCUPANCY, [as_jsonb(told)])


def record_blocked(told: Sequence[Blocked]) -> int:
    """Keeps how many seats are off sale unless something newer is known; of how many showtimes it was news."""
    return execute(RECORD_BLOCKED, [as_jsonb(told)])


def any_seat_taken(showtimes: QuerySet[Showtime]) -> bool:
    """Whether a booking has seats of any of these showtimes, as far as it was told."""
    return _open(ShowtimeOccupancy.objects.filter(showtime_id__in=showtimes.values("id"))).exists()


def count_occupied(showtime_ids: Collection[UUID]) -> dict[UUID, int]:
    """Seats that cannot be bought of each of the showtimes: sold, held by a hold that still runs, or off sale."""
    with connection.cursor() as cursor:
        cursor.execute(OCCUPIED, {"ids": list(showtime_ids), "sold": OccupancyState.SOLD, "held": OccupancyState.HELD})
        return dict.fromkeys(showtime_ids, 0) | dict(cursor.fetchall())


@dataclass(frozen=True, slots=True)
class Touched:
    """Whom a change of a showtime reaches: bookings that are sold or held, and how many people come with them."""

    bookings: int
    people: int

    def __str__(self) -> str:
        if not self.bookings:
            return "nobody has booked"
        return f"{self.bookings:,} booking{'s' * (self.bookings != 1)}, {self.people:,} people"


def touched_by(showtime_id: UUID) -> Touched:
    """As booking has told so far: what was sold in the last second may be missing."""
    bookings = _open(ShowtimeOccupancy.objects.filter(showtime_id=showtime_id))
    counted = bookings.aggregate(bookings=Count("booking_id"), people=Coalesce(Sum("seats"), 0))
    return Touched(**counted)


def _open(rows: QuerySet[ShowtimeOccupancy]) -> QuerySet[ShowtimeOccupancy]:
    """Sold, or held by a hold that still runs."""
    return rows.filter(Q(state=OccupancyState.SOLD) | Q(state=OccupancyState.HELD, held_until__gt=Now()))


def prune_occupancy() -> int:
    """Removes rows of showtimes that ended a day ago, or that never existed here, for as long as a tick may last."""
    return _pruned("showtime_occupancy", "booking_id") + _pruned("showtime_blocked_seats", "showtime_id")


def _pruned(table: str, key: str) -> int:
    statement = (
        f"DELETE FROM {table} WHERE {key} IN ("  # noqa: S608  (names of ours)
        f" SELECT o.{key} FROM {table} o LEFT JOIN showtimes s ON s.id = o.showtime_id"
        " WHERE coalesce(s.ends_at, o.updated_at) < %s LIMIT %s)"
    )
    long_ago = timezone.now() - KEEP
    return pruning.in_batches(lambda batch: execute(statement, [long_ago, batch]), batch=PRUNE_BATCH)
