"""The inventory guards seats that are sold. Of a showtime that is over nobody buys one: its rows go, the bookings stay.

What was blocked stays as well, for no booking says it.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from bookings.models import Showtime
from chassis.storage.database import execute
from chassis.storage.pruning import in_batches

SHOWTIMES = 20

# A hold that has not ended yet might still become a booking, by the rows that are here.
_OVER = """
SELECT * FROM showtimes
WHERE seats_forgotten_at IS NULL AND ends_at >= %(reached)s AND ends_at < %(before)s
  AND NOT EXISTS (SELECT FROM bookings WHERE bookings.showtime_id = showtimes.id AND bookings.status = 'PENDING')
ORDER BY ends_at LIMIT %(showtimes)s FOR NO KEY UPDATE SKIP LOCKED
"""
_FORGET = """
WITH gone AS (DELETE FROM seat_status WHERE showtime_id = ANY(%(over)s) AND status <> 'blocked')
UPDATE showtimes SET seats_forgotten_at = now() WHERE id = ANY(%(over)s)
"""
_SOLD = """
FROM bookings JOIN booking_seats AS seat ON seat.booking_id = bookings.id
WHERE bookings.showtime_id = %s AND bookings.status = 'CONFIRMED' AND seat.given_back_at IS NULL
"""
_REMEMBER = (
    "INSERT INTO seat_status (showtime_id, seat_id, status, booking_id)"
    f" SELECT bookings.showtime_id, coalesce(seat.moved_to, seat.seat_id) AS place, 'sold', bookings.id {_SOLD}"
    " ORDER BY place ON CONFLICT DO NOTHING"
)
_WHO_SAT = f"SELECT coalesce(seat.moved_to, seat.seat_id) {_SOLD}"


def forget_seats(before_that: Callable[[Sequence[Showtime]], None]) -> int:
    """Of showtimes that have been over for SEATS_KEEP_HOURS, in batches for as long as a tick may last; how many.

    before_that: what is done with those of a batch, in its transaction.
    """
    reached = datetime.min.replace(tzinfo=UTC)
    before = timezone.now() - timedelta(hours=settings.SEATS_KEEP_HOURS)

    def forget(showtimes: int) -> int:
        nonlocal reached
        with transaction.atomic():
            found = Showtime.objects.raw(_OVER, {"reached": reached, "before": before, "showtimes": showtimes})
            over = list(found)
            if over:
                before_that(over)
                execute(_FORGET, {"over": [showtime.id for showtime in over]})
                reached = over[-1].ends_at
        return len(over)

    return in_batches(forget, batch=SHOWTIMES)


def remember_seats(showtime_id: UUID) -> None:
    """The seats of a showtime that was told to be over, and is not: as its bookings have them."""
    with transaction.atomic():
        execute(_REMEMBER, [showtime_id])
        execute("UPDATE showtimes SET seats_forgotten_at = NULL WHERE id = %s", [showtime_id])
        execute("DELETE FROM occupancies WHERE showtime_id = %s", [showtime_id])


def sold_seats(showtime_id: UUID) -> dict[UUID, str]:
    """sold by seat, as the bookings of a showtime have them: what the inventory said of it before it forgot."""
    with connection.cursor() as cursor:
        cursor.execute(_WHO_SAT, [showtime_id])
        return {seat_id: "sold" for (seat_id,) in cursor.fetchall()}
