"""Events leave through a table: written with the decision, published by the relay, at least once."""

from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from chassis.events import EventData, envelope
from chassis.models import OutboxMessage


def emit(event: EventData, *, subject: UUID | str) -> UUID:
    """Writes the event to the outbox of the current transaction; the id of the event comes back.

    Raises TransactionManagementError outside of transaction.atomic(): an event without its decision is a lie.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("emit() belongs in the transaction that decides")
    body = envelope(event, subject=subject, source=f"/{settings.SERVICE_NAME}")
    OutboxMessage.objects.create(id=body["id"], exchange=settings.EVENTS_EXCHANGE, type=event.type, body=body)
    return UUID(body["id"])


def emit_all(events: list[tuple[EventData, UUID | str]]) -> None:
    """emit() for many (event, subject) in one statement, for bulk changes such as an import."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("emit_all() belongs in the transaction that decides")
    rows = []
    for event, subject in events:
        body = envelope(event, subject=subject, source=f"/{settings.SERVICE_NAME}")
        rows.append(OutboxMessage(id=body["id"], exchange=settings.EVENTS_EXCHANGE, type=event.type, body=body))
    OutboxMessage.objects.bulk_create(rows, batch_size=500)
