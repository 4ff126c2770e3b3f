"""How many seats of a showtime are taken, as booking's events tell in whatever order they arrive."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import Now
from django.utils import timezone

from catalog.domain import OccupancyState
from catalog.models import Showtime, ShowtimeOccupancy

KEEP = timedelta(days=1)
PRUNE_BATCH = 5000
PRUNE_BATCHES = 20


def record_occupancy(
    *, booking_id: UUID, showtime_id: UUID, seats: int, state: OccupancyState, held_until: datetime | None = None
) -> bool:
    """Moves a booking's row forwards, or makes it; False when it had come further already.

    An end that arrives before its beginning leaves a row behind, and the late beginning finds it and changes nothing.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO showtime_occupancy AS kept"
            " (booking_id, showtime_id, seats, state, held_until, updated_at) VALUES (%s, %s, %s, %s, %s, now())"
            " ON CONFLICT (booking_id) DO UPDATE SET seats = EXCLUDED.seats, state = EXCLUDED.state,"
            " held_until = EXCLUDED.held_until, updated_at = EXCLUDED.updated_at"
            " WHERE kept.state < EXCLUDED.state",
            [booking_id, showtime_id, seats, state, held_until],
        )
        return bool(cursor.rowcount)


def any_seat_taken(showtimes: QuerySet[Showtime]) -> bool:
    """Whether a booking has seats of any of these showtimes, as far as it was told."""
    return ShowtimeOccupancy.objects.filter(_taken(), showtime_id__in=showtimes.values("id")).exists()


def count_occupied(showtime_ids: Collection[UUID]) -> dict[UUID, int]:
    """Seats sold and seats held by a hold that still runs, of each of the showtimes."""
    sums = (
        ShowtimeOccupancy.objects.filter(showtime_id__in=showtime_ids)
        .filter(_taken())
        .order_by()
        .values_list("showtime_id")
        .annotate(Sum("seats"))
    )
    return dict.fromkeys(showtime_ids, 0) | dict(sums)


def _taken() -> Q:
    return Q(state=OccupancyState.SOLD) | Q(state=OccupancyState.HELD, held_until__gt=Now())


def prune_occupancy() -> int:
    """Removes rows of showtimes that ended a day ago, or that never existed here; a bounded number of batches."""
    removed = 0
    for _ in range(PRUNE_BATCHES):
        batch = _prune_batch()
        removed += batch
        if batch < PRUNE_BATCH:
            break
    return removed


def _prune_batch() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM showtime_occupancy WHERE booking_id IN ("
            " SELECT o.booking_id FROM showtime_occupancy o LEFT JOIN showtimes s ON s.id = o.showtime_id"
            " WHERE coalesce(s.ends_at, o.updated_at) < %s LIMIT %s)",
            [timezone.now() - KEEP, PRUNE_BATCH],
        )
        return int(cursor.rowcount)
