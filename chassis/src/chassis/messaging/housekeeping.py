"""What keeps the tables of the chassis bounded and their backlog seen: ticks that every service has."""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils import timezone

from chassis.ids import first_uuid7_at
from chassis.messaging import outbox_table
from chassis.messaging.dead_letters import DeadLetters
from chassis.messaging.relay import OLDEST
from chassis.storage.pruning import in_order
from chassis.telemetry.metrics import gauge

DEAD_LETTERS = gauge("dead_letters", "Messages laid aside, by queue", ["queue"])


def prune() -> int:
    """Deletes what is older than the settings keep it, in batches for as long as a tick may last; how many rows went.

    Keys are time-ordered, so indexes find what is old; the inbox's begins with its one consumer.
    """
    return (
        in_order("outbox", key="id", older=_kept("OUTBOX_KEEP_SECONDS"), where=outbox_table.PUBLISHED)
        + in_order(
            "inbox",
            key="event_id",
            older=_kept("INBOX_KEEP_SECONDS"),
            where="consumer = %s",
            values=[settings.SERVICE_NAME],
        )
        + in_order("idempotency_keys", key="id", older=_kept("IDEMPOTENCY_KEEP_SECONDS"))
    )


def _kept(setting: str) -> UUID:
    """The first key that is young enough to stay."""
    return first_uuid7_at(timezone.now() - timedelta(seconds=getattr(settings, setting)))


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
