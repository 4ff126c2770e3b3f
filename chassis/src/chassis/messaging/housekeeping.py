"""What keeps the tables of the chassis bounded and their backlog seen: ticks that every service has."""

from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.utils import timezone

from chassis.ids import first_uuid7_at
from chassis.messaging import outbox_table
from chassis.messaging.dead_letters import DeadLetters
from chassis.messaging.relay import OLDEST
from chassis.telemetry.metrics import gauge

DEAD_LETTERS = gauge("dead_letters", "Messages laid aside, by queue", ["queue"])

BATCH = 5000

# The keys are time-ordered, so the primary key finds what is old; the inbox's begins with its one consumer.
_PRUNE = {
    "outbox": ("OUTBOX_KEEP_SECONDS", outbox_table.PRUNE),
    "inbox": (
        "INBOX_KEEP_SECONDS",
        "DELETE FROM inbox WHERE (consumer, event_id) IN"
        " (SELECT consumer, event_id FROM inbox WHERE consumer = %s AND event_id < %s ORDER BY event_id LIMIT %s)",
    ),
    "idempotency_keys": (
        "IDEMPOTENCY_KEEP_SECONDS",
        "DELETE FROM idempotency_keys WHERE id IN (SELECT id FROM idempotency_keys WHERE id < %s ORDER BY id LIMIT %s)",
    ),
}


def prune() -> int:
    """Deletes what is older than the settings keep it, at most BATCH rows of each table; how many went."""
    deleted = 0
    for table, (setting, statement) in _PRUNE.items():
        oldest = first_uuid7_at(timezone.now() - timedelta(seconds=getattr(settings, setting)))
        consumer = [settings.SERVICE_NAME] if table == "inbox" else []
        with connection.cursor() as cursor:
            cursor.execute(statement, [*consumer, oldest, BATCH])
            deleted += cursor.rowcount
    return deleted


def measure() -> None:
    """What waits or was laid aside, for the alerts: a relay that is dead cannot say how far behind it is."""
    with connection.cursor() as cursor:
        cursor.execute(outbox_table.OLDEST_AGE)
        oldest = cursor.fetchone()
    OLDEST.set(oldest[0] if oldest else 0)
    for queue, count in DeadLetters(handled=()).counts().items():
        DEAD_LETTERS.labels(queue).set(count)


def prune_sessions() -> None:
    from django.contrib.sessions.backends.db import SessionStore

    SessionStore.clear_expired()
