"""What a Job does before a version runs (`manage.py prepare`), and what a version without its schema says of itself."""

import threading
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from kombu import Connection
from rest_framework.test import APIClient

from chassis.management.commands.declare_topology import BrokerAway
from chassis.messaging.worker import service_tables
from chassis.storage.models import HeardEvent, OutboxMessage
from chassis.storage.partitions import partitions_of
from chassis.testing_proxy import Proxy
from chassis.web import health

committed = pytest.mark.django_db(transaction=True)


@committed
def test_it_waits_for_a_broker_that_comes_later(
    broker: str, proxied: Callable[[str, int], Proxy], settings: Any
) -> None:
    proxy = proxied(broker, 5672)
    proxy.cut()
    vhost = broker.rpartition("/")[2]
    login = broker.partition("@")[0]
    settings.RABBITMQ_URL = f"{login}@127.0.0.1:{proxy.port}/{vhost}"
    threading.Timer(1.5, proxy.mend).start()
    call_command("prepare", wait=30, stdout=StringIO())
    handlers, _ = service_tables()
    assert set(HeardEvent.objects.values_list("type", flat=True)) == set(handlers)
    with Connection(broker) as there:
        assert there.channel().queue_declare(settings.QUEUE_NAME, passive=True).consumer_count == 0


@committed
def test_partitions_are_there_for_the_time_to_come(broker: str) -> None:
    by = OutboxMessage.partitions
    *before, last = partitions_of(by.table)
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE {last.name}")
    call_command("prepare", stdout=StringIO())
    assert partitions_of(by.table) == [*before, last]


@committed
def test_a_broker_that_stays_away_fails_it_unless_it_can_be_spared(settings: Any) -> None:
    settings.RABBITMQ_URL = "amqp://guest:guest@127.0.0.1:1/"
    with pytest.raises(BrokerAway):
        call_command("prepare", stdout=StringIO())
    said = StringIO()
    call_command("prepare", spare_broker=True, stdout=StringIO(), stderr=said)
    assert "queues are declared by who uses them" in said.getvalue()


@committed
def test_demo_data_is_not_told_of_before_those_who_listen_have_their_queues(broker: str, settings: Any) -> None:
    assert broker == settings.RABBITMQ_URL
    call_command("prepare", demo=True, after_queues=[settings.QUEUE_NAME], stdout=StringIO())
    with pytest.raises(BrokerAway, match="nobody_queue"):
        call_command("prepare", demo=True, after_queues=["nobody_queue"], stdout=StringIO())


@committed
def test_nobody_is_sent_to_a_version_whose_schema_is_not_there(api: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_migrated", threading.Event())
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'chassis' RETURNING name")
        taken = [name for (name,) in cursor.fetchall()]
    assert taken
    try:
        answer = api.get("/health/ready")
        assert answer.status_code == 503
        assert answer.json()["checks"]["schema"]["status"] == "down"
        assert answer.json()["checks"]["postgresql"]["status"] == "up"
        assert api.get("/health/live").status_code == 200
    finally:
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO django_migrations (app, name, applied) VALUES ('chassis', %s, now())",
                [(name,) for name in taken],
            )
    assert api.get("/health/ready").status_code == 200
