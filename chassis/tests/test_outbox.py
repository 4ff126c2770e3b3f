"""An event as a part of a statement of the caller's own."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from things.events import ThingMade
from things.models import Thing

from chassis.ids import uuid7
from chassis.messaging import outbox
from chassis.messaging.events import Event
from chassis.storage.models import OutboxMessage

pytestmark = pytest.mark.django_db

MADE_AT = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
EVENT = ThingMade(thing_id=UUID("019ab1c8-1000-7000-8000-000000000001"), name="lamp", made_at=MADE_AT)


def run(statement: str, parameters: Any) -> int:
    """How many rows the caller's own part of the statement has."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return len(cursor.fetchall())


def emitted() -> list[Event]:
    return [Event.parse(row.body) for row in OutboxMessage.objects.order_by("id")]


def test_an_event_is_written_by_the_statement_that_decides_it(settings: Any) -> None:
    thing_id = uuid7()
    event = outbox.insertion(EVENT, subject=thing_id, source="made")
    statement = f"""
        WITH made AS (INSERT INTO things (id, name, size) VALUES (%s, 'lamp', 1) RETURNING id), told AS ({event.sql})
        SELECT id FROM made
    """
    assert run(statement, [thing_id, *event.parameters]) == 1
    assert Thing.objects.get().id == thing_id
    [told] = emitted()
    assert (told.type, told.subject, told.source) == ("thing.made", str(thing_id), f"/{settings.SERVICE_NAME}")
    assert told.read(ThingMade) == EVENT
    [row] = OutboxMessage.objects.all()
    assert (row.id, row.type, row.exchange) == (told.id, "thing.made", settings.EVENTS_EXCHANGE)
    assert row.published_at is None


def test_where_nothing_was_decided_nothing_is_told() -> None:
    event = outbox.insertion(EVENT, subject=uuid7(), source="renamed")
    statement = f"""
        WITH renamed AS (UPDATE things SET name = 'lamp' WHERE id = %s RETURNING id), told AS ({event.sql})
        SELECT id FROM renamed
    """
    assert run(statement, [uuid7(), *event.parameters]) == 0
    assert emitted() == []


def test_what_only_the_database_knows_is_filled_in_and_the_rest_stays() -> None:
    thing = Thing.objects.create(name="found in the row", size=41)
    event = outbox.insertion(EVENT, subject=thing.id, source="grown", fill={"name": "name", "size": "grown_to"})
    statement = f"""
        WITH grown AS (UPDATE things SET size = size + 1 WHERE id = %s RETURNING name, size AS grown_to),
            told AS ({event.sql})
        SELECT 1 FROM grown
    """
    assert run(statement, [thing.id, *event.parameters]) == 1
    [told] = emitted()
    assert told.data == {
        "thing_id": str(EVENT.thing_id),
        "made_at": "2026-01-02T03:04:00Z",
        "name": "found in the row",
        "size": 42,
    }
    assert told.subject == str(thing.id), "the envelope is the event's own"


def test_a_statement_may_call_its_parameters_by_names() -> None:
    thing_id = uuid7()
    event = outbox.insertion(EVENT, subject=thing_id, source="made", marks=("%(exchange)s", "%(event)s"))
    exchange, body = event.parameters
    statement = f"""
        WITH made AS (SELECT %(id)s AS id), told AS ({event.sql}) SELECT id FROM made
    """
    assert run(statement, {"id": thing_id, "exchange": exchange, "event": body}) == 1
    assert [told.subject for told in emitted()] == [str(thing_id)]
