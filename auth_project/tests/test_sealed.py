"""Whoever reads tables, queues or logs finds no secret that opens an account."""

from typing import Any

import pytest
from django.db import connection
from factories import PASSWORD, UserFactory, mailed_token
from kombu import Connection

from accounts import services
from chassis.messaging import topology
from chassis.messaging.dead_letters import DeadLetters
from chassis.messaging.events import Event
from chassis.messaging.publisher import Publisher
from chassis.storage.models import OutboxMessage
from chassis.testing import wait_until

pytestmark = pytest.mark.django_db
TYPES = ("password.reset_requested", "email.verification_requested")


@pytest.fixture
def mailed() -> list[tuple[Event, str]]:
    """Both kinds of event that carry a secret, each with its secret."""
    services.register(username="mai", email="mai@example.com", password=PASSWORD)
    services.request_password_reset(email=UserFactory().email)
    events = [Event.parse(row.body) for row in OutboxMessage.objects.filter(type__in=TYPES)]
    assert {event.type for event in events} == set(TYPES)
    return [(event, mailed_token(event)) for event in events]


def test_no_table_of_ours_holds_a_mailed_secret(mailed: list[tuple[Event, str]]) -> None:
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT row::text FROM {connection.ops.quote_name(table)} row")
            found[table] = str(cursor.fetchall())
    assert all(event.data["token"] in found["outbox"] for event, _ in mailed)
    assert [table for table, rows in found.items() for _, secret in mailed if secret in rows] == []


def test_neither_a_queue_nor_a_dead_letter_holds_one(
    mailed: list[tuple[Event, str]], broker: str, settings: Any
) -> None:
    # As notify hears them.
    settings.EVENT_EXCHANGES = {"password": "auth_events", "email": "auth_events"}
    topology.declare(TYPES, [])
    publisher = Publisher(broker, origin="test")
    publisher.publish([(row.exchange, row.body) for row in OutboxMessage.objects.filter(type__in=TYPES)])
    publisher.close()
    bodies: list[str] = []
    with Connection(broker) as opened:
        channel = opened.channel()

        def refuse() -> bool:
            message: Any = channel.basic_get(settings.QUEUE_NAME)
            if message is not None:
                bodies.append(str(message.body))
                channel.basic_reject(message.delivery_tag, requeue=False)
            return len(bodies) == len(mailed)

        wait_until(refuse)
        wait_until(lambda: len(DeadLetters(()).all()) == len(mailed))
    bodies += [str(letter) for letter in DeadLetters(()).all()]
    for event, secret in mailed:
        assert sum(str(event.id) in body for body in bodies) == 2
        assert secret not in str(bodies)


def test_the_log_holds_none(caplog: pytest.LogCaptureFixture) -> None:
    services.request_password_reset(email=UserFactory().email)
    secret = mailed_token(Event.parse(OutboxMessage.objects.get().body))
    with pytest.raises(services.WeakPassword):
        services.reset_password(token=secret, new_password="password")
    services.reset_password(token=secret, new_password="an0ther-horse")
    assert "password_reset" in caplog.messages
    assert secret not in str([vars(record) for record in caplog.records])
