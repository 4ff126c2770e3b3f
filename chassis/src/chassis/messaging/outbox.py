"""Events leave through a table: written with the decision, published by the relay, at least once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from chassis.messaging import outbox_table
from chassis.messaging.events import Event, EventData, at_hand, envelope
from chassis.storage.database import as_jsonb

BATCH = 500

# An event, and the id of what it is about.
Telling = tuple[EventData, UUID | str]


def emit(event: EventData, *, subject: UUID | str) -> UUID:
    """Writes the event to the outbox of the current transaction; the id of the event comes back.

    Raises TransactionManagementError outside of transaction.atomic(): an event without its decision is a lie.
    """
    (event_id,) = emit_all([(event, subject)])
    return event_id


def emit_all(events: Sequence[Telling], *, causes: Sequence[Event | None] | None = None) -> list[UUID]:
    """emit() for many, BATCH of them in a statement; causes: as of envelopes()."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("an event belongs in the transaction that decides")
    if not events:
        return []
    bodies = envelopes(events, causes=causes)
    with connection.cursor() as cursor:
        for start in range(0, len(bodies), BATCH):
            cursor.execute(
                outbox_table.INSERT_MANY, [settings.EVENTS_EXCHANGE, as_jsonb(bodies[start : start + BATCH])]
            )
    return [UUID(body["id"]) for body in bodies]


def envelopes(events: Sequence[Telling], *, causes: Sequence[Event | None] | None = None) -> list[dict[str, Any]]:
    """The bodies of new events, for a statement of the caller's own.

    causes: of each event the one that it follows from, where those came together: it takes its correlation id and its
    trace from there, and else from the work at hand.
    """
    bodies = []
    for (event, subject), cause in zip(events, causes or [None] * len(events), strict=True):
        with at_hand(cause):
            bodies.append(envelope(event, subject=subject, source=f"/{settings.SERVICE_NAME}"))
    return bodies


@dataclass(frozen=True, slots=True)
class Insertion:
    """The INSERT of one event, for a WITH of the caller's own, and its parameters in their order."""

    sql: str
    parameters: tuple[Any, Any]


def insertion(
    event: EventData,
    *,
    subject: UUID | str,
    source: str,
    marks: tuple[str, str] = ("%s", "%s"),
    fill: Mapping[str, str] | None = None,
) -> Insertion:
    """emit() as a part of a bigger statement: the event is written when the part named `source` has a row.

    marks: how the caller's statement names the two parameters, the exchange and the event's body.
    fill: members of the data that the statement itself decides, with the columns of `source` that hold them.
    """
    body = envelope(event, subject=subject, source=f"/{settings.SERVICE_NAME}")
    exchange, given = marks
    return Insertion(
        outbox_table.insert_from(source, event=given, exchange=exchange, fill=fill or {}),
        (settings.EVENTS_EXCHANGE, as_jsonb(body)),
    )
