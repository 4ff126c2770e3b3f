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
from chassis.storage import partitions
from chassis.storage.models import InboxMessage, OutboxMessage
from chassis.storage.partitions import without_begin
from chassis.storage.pruning import in_order
from chassis.telemetry.metrics import gauge

DEAD_LETTERS = gauge("dead_letters", "Messages laid aside, by queue", ["queue"])


def prune() -> int:
    """Deletes what is older than the settings keep it, in batches for as long as a tick may last; how many rows went.

    Keys are time-ordered, so indexes find what is old; the inbox's begins with its one consumer. Outbox and inbox go by
    whole partitions (keep_up), but for what was there before they had any, or comes when its partition is gone.
    """
    outbox, inbox = OutboxMessage.partitions, InboxMessage.partitions
    return (
        sum(
            in_order(name, key="id", older=outbox.kept(), where=outbox_table.PUBLISHED)
            for name in without_begin("outbox")
        )
        + sum(
            in_order(name, key="event_id", older=inbox.kept(), where="consumer = %s", values=[settings.SERVICE_NAME])
            for name in without_begin("inbox")
        )
        + in_order("idempotency_keys", key="id", older=_first_kept(settings.IDEMPOTENCY_KEEP_SECONDS))
    )


def _first_kept(seconds: int) -> UUID:
    return first_uuid7_at(timezone.now() - timedelta(seconds=seconds))


def measure() -> None:
    """What waits or was laid aside, for the alerts: a relay that is dead cannot say how far behind it is."""
    with connection.cursor() as cursor:
        cursor.execute(outbox_table.OLDEST_AGE)
        oldest = cursor.fetchone()
    OLDEST.set(oldest[0] if oldest else 0)
    partitions.measure()
    for queue, count in DeadLetters(handled=()).counts().items():
        DEAD_LETTERS.labels(queue).set(count)


def prune_sessions() -> None:
    from django.contrib.sessions.backends.db import SessionStore

    SessionStore.clear_expired()
