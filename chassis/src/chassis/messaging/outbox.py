"""Events leave through a table: written with the decision, published by the relay, at least once."""

from collections.abc import Sequence
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from chassis.messaging.events import EventData, envelope
from chassis.storage.database import as_jsonb

BATCH = 500

_INSERT = """
INSERT INTO outbox (id, exchange, type, body, created_at)
SELECT (event ->> 'id')::uuid, %s, event ->> 'type', event, clock_timestamp() FROM jsonb_array_elements(%s) AS event
"""


def emit(event: EventData, *, subject: UUID | str) -> UUID:
    """Writes the event to the outbox of the current transaction; the id of the event comes back.

    Raises TransactionManagementError outside of transaction.atomic(): an event without its decision is a lie.
    """
    (event_id,) = emit_all([(event, subject)])
    return event_id


def emit_all(events: Sequence[tuple[EventData, UUID | str]]) -> list[UUID]:
    """emit() for many (event, subject), BATCH of them in a statement, for bulk changes such as an import."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("an event belongs in the transaction that decides")
    if not events:
        return []
    bodies = [envelope(event, subject=subject, source=f"/{settings.SERVICE_NAME}") for event, subject in events]
    with connection.cursor() as cursor:
        for start in range(0, len(bodies), BATCH):
            cursor.execute(_INSERT, [settings.EVENTS_EXCHANGE, as_jsonb(bodies[start : start + BATCH])])
    return [UUID(body["id"]) for body in bodies]
