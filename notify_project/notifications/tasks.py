"""What the clock starts. Each is safe to repeat and bounded."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.utils import timezone

from chassis.ids import first_uuid7_at
from chassis.telemetry.metrics import gauge
from notifications import delivery
from notifications.domain import WAIT_FOR_CONTACT
from notifications.selectors import backlog

BATCH = 5000

BACKLOG = gauge("notifications_backlog", "Notifications that are not settled, and failed ones", ["status"])


def deliver_due() -> None:
    delivery.deliver_due()


def release_waiting() -> int:
    """Messages written in the moment their contact arrived, which neither transaction saw of the other."""
    return _execute(
        "UPDATE notifications SET status = 'pending', due_at = statement_timestamp(), reason = '' WHERE id IN ("
        "  SELECT n.id FROM notifications n JOIN contacts c USING (user_id)"
        "  WHERE n.status = 'waiting_for_contact'"
        "    AND CASE n.channel WHEN 'email' THEN c.email ELSE c.phone END <> ''"
        "  LIMIT %s FOR UPDATE OF n SKIP LOCKED)",
        [BATCH],
    )


def give_up_waiting() -> int:
    """Messages whose contact never came."""
    return _execute(
        "UPDATE notifications SET status = 'failed', context = context - 'token' WHERE id IN ("
        "  SELECT id FROM notifications WHERE status = 'waiting_for_contact' AND created_at < %s"
        "  LIMIT %s FOR UPDATE SKIP LOCKED)",
        [timezone.now() - WAIT_FOR_CONTACT, BATCH],
    )


def measure() -> None:
    for status, count in backlog().items():
        BACKLOG.labels(status).set(count)


def prune() -> int:
    """Deletes what is older than NOTIFICATION_KEEP_DAYS, at most BATCH rows of each table; how many went.

    Notifications have time-ordered ids; their delivery log goes with them.
    """
    oldest = timezone.now() - timedelta(days=settings.NOTIFICATION_KEEP_DAYS)
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH old AS (SELECT id FROM notifications WHERE id < %s ORDER BY id LIMIT %s),"
            " log AS (DELETE FROM delivery_log WHERE notification_id IN (SELECT id FROM old))"
            " DELETE FROM notifications WHERE id IN (SELECT id FROM old)",
            [first_uuid7_at(oldest), BATCH],
        )
        deleted = cursor.rowcount
        cursor.execute(
            "DELETE FROM booking_summaries WHERE booking_id IN"
            " (SELECT booking_id FROM booking_summaries WHERE created_at < %s LIMIT %s)",
            [oldest, BATCH],
        )
        return int(deleted + cursor.rowcount)


def prune_allowances() -> int:
    """Forgets addresses whose hour is over; how many."""
    return _execute(
        "DELETE FROM address_allowances WHERE address IN"
        " (SELECT address FROM address_allowances WHERE since < %s LIMIT %s)",
        [timezone.now() - timedelta(hours=1), BATCH],
    )


def _execute(statement: str, values: Sequence[int | datetime]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)
