"""Showtimes that catalog cancelled: their open bookings are ended, and then they are not looked at again."""

from uuid import UUID

from django.db import connection, transaction

from bookings.domain import Trigger
from bookings.endings import end
from bookings.history import Cause
from bookings.models import Booking
from bookings.moves import SETTLED_AFTER
from chassis.storage.database import execute

# Conditions stand in the text, as those of their index do: with parameters a prepared plan could not take it.
_OF_SHOWTIME = "bookings.showtime_id = showtimes.id AND bookings.status IN ('PENDING', 'CONFIRMED')"
_TO_SWEEP = """
    SELECT id, cancellation_message FROM showtimes
    WHERE status = 'cancelled' AND settled_at IS NULL AND swept_at IS NULL LIMIT %s
"""
# Showtime by showtime, so that each is an index's few pages, whatever the planner thinks of how many there are.
_DUE = f"""
    SELECT due.* FROM unnest(%s::uuid[]) AS showtimes(id) CROSS JOIN LATERAL (
        SELECT * FROM bookings WHERE {_OF_SHOWTIME} LIMIT %s FOR UPDATE SKIP LOCKED
    ) AS due LIMIT %s
"""  # noqa: S608  (a part of the text, above)
_NOBODY_LEFT = f"NOT EXISTS (SELECT FROM bookings WHERE {_OF_SHOWTIME})"
_SWEPT = f"""
    UPDATE showtimes SET swept_at = now()
    WHERE id = ANY(%s) AND status = 'cancelled' AND swept_at IS NULL AND {_NOBODY_LEFT}
"""  # noqa: S608  (likewise)
# Whoever is found after all is swept with the next tick.
_SETTLE = f"""
    WITH old AS (
        SELECT id FROM showtimes
        WHERE status = 'cancelled' AND settled_at IS NULL AND swept_at < now() - %s
        LIMIT %s FOR UPDATE SKIP LOCKED
    ), again AS (
        UPDATE showtimes SET swept_at = NULL FROM old WHERE showtimes.id = old.id AND NOT {_NOBODY_LEFT}
    )
    UPDATE showtimes SET settled_at = now() FROM old WHERE showtimes.id = old.id AND {_NOBODY_LEFT}
"""  # noqa: S608  (likewise)

# Most cancelled showtimes have few bookings or none: so many are looked at for each booking that may be ended.
SHOWTIMES_EACH = 5


def cancel_bookings(*, limit: int = 200) -> int:
    """Ends open bookings of showtimes that catalog cancelled, at most `limit`; the money goes back whole.

    How much there was to do comes back: limit where more is to be done, of bookings or of showtimes. Rows another
    worker is at are skipped.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TO_SWEEP, [limit * SHOWTIMES_EACH])
        showtimes: dict[UUID, str] = dict(cursor.fetchall())
    if not showtimes:
        return 0
    ids = list(showtimes)
    with transaction.atomic():
        due = list(Booking.objects.raw(_DUE, [ids, limit, limit]))
        messages = {booking.id: showtimes[booking.showtime_id] for booking in due}
        cause = Cause("catalog", reason="showtime_cancelled")
        end(due, Trigger.SHOWTIME_CANCELLED, cause=cause, messages=messages)
    if len(due) < limit:
        execute(_SWEPT, [ids])
    return limit if len(showtimes) == limit * SHOWTIMES_EACH else len(due)


def settle(*, limit: int = 1000) -> int:
    """Closes cancellations that no hold can be on its way to any more, at most `limit`; how many.

    A hold of before may still have been on its way to its commit when its showtime was swept (moves.SETTLED_AFTER).
    """
    return execute(_SETTLE, [SETTLED_AFTER, limit])
