"""From a commit to the queue: the outbox and its relay, on a real database and a real broker."""

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import connection, transaction
from django.utils import timezone
from kombu import Connection
from processes import PATIENCE, address, database_url, relay
from things.events import ThingMade

from chassis.ids import first_uuid7_at, uuid7
from chassis.messaging import outbox_table
from chassis.messaging import relay as relay_module
from chassis.messaging.events import Event
from chassis.messaging.outbox import emit, emit_all
from chassis.messaging.publisher import NotConfirmed, Publisher
from chassis.messaging.relay import BATCH, Relay
from chassis.storage.models import OutboxMessage
from chassis.storage.postgresql import BoundedConnection
from chassis.telemetry.correlation import correlated
from chassis.testing import metric, wait_until

pytestmark = pytest.mark.django_db(transaction=True)

MADE_AT = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
TRACE = f"00-{'a' * 32}-{'b' * 16}-01"


def make_thing(name: str = "lamp") -> UUID:
    thing_id = uuid7()
    with transaction.atomic():
        return emit(ThingMade(thing_id=thing_id, name=name, made_at=MADE_AT), subject=thing_id)


def messages(broker: str, queue: str = "chassis_queue") -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Takes what is in a queue: (headers, CloudEvents attributes) pairs."""
    taken = []
    with Connection(broker) as opened:
        channel = opened.channel()
        while (message := channel.basic_get(queue, no_ack=True)) is not None:
            taken.append((message.headers, json.loads(message.body)[1]))
    return taken


def unpublished() -> int:
    return OutboxMessage.objects.filter(published_at=None).count()


def all_marked() -> bool:
    """What was published before it was marked is published again when the relay dies: at least once, not exactly."""
    return unpublished() == 0


@pytest.fixture
def a_relay(queues: str) -> Relay:
    return Relay(database_url(), queues, service="chassis")


def test_what_was_committed_arrives_as_a_celery_task_named_like_the_event(a_relay: Relay, queues: str) -> None:
    with correlated("checkout-4711", TRACE):
        event_id = make_thing()
    assert a_relay.publish_batch() == 1
    a_relay.close()
    [(headers, attributes)] = messages(queues)
    assert headers["task"] == "thing.made"
    assert headers["id"] == str(event_id)
    assert "lamp" not in headers["kwargsrepr"]
    event = Event.parse(attributes)
    assert event.id == event_id
    assert event.source == "/chassis"
    assert event.correlationid == "checkout-4711"
    assert event.traceparent == TRACE
    assert event.data["made_at"] == "2026-01-02T03:04:00Z"
    assert event.subject == event.data["thing_id"]


def test_what_was_rolled_back_is_never_published(a_relay: Relay, queues: str) -> None:
    with transaction.atomic():
        emit(ThingMade(thing_id=uuid7(), name="ghost", made_at=MADE_AT), subject="ghost")
        transaction.set_rollback(True)
    assert a_relay.publish_batch() == 0
    a_relay.close()
    assert messages(queues) == []


def test_an_event_outside_of_a_transaction_is_refused() -> None:
    made = ThingMade(thing_id=uuid7(), name="lamp", made_at=MADE_AT)
    with pytest.raises(transaction.TransactionManagementError):
        emit(made, subject="x")
    with pytest.raises(transaction.TransactionManagementError):
        emit_all([(made, "x")])


def test_many_events_are_written_at_once_and_leave_in_their_order(a_relay: Relay, queues: str) -> None:
    names = [f"thing {n}" for n in range(450)]
    with transaction.atomic():
        emit_all([(ThingMade(thing_id=uuid7(), name=name, made_at=MADE_AT), name) for name in names])
    batches = [a_relay.publish_batch() for _ in range(4)]
    a_relay.close()
    assert batches == [200, 200, 50, 0]
    assert [attributes["subject"] for _, attributes in messages(queues)] == names


def test_a_published_event_is_marked_and_not_published_again(a_relay: Relay, queues: str) -> None:
    make_thing()
    assert [a_relay.publish_batch(), a_relay.publish_batch()] == [1, 0]
    a_relay.close()
    assert OutboxMessage.objects.get().published_at is not None
    assert len(messages(queues)) == 1


def make_things(number: int) -> None:
    with transaction.atomic():
        emit_all([(ThingMade(thing_id=uuid7(), name="lamp", made_at=MADE_AT), "lamp") for _ in range(number)])


def test_beside_a_dump_a_batch_costs_no_more_than_before_it(
    a_relay: Relay, queues: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as somebody may still read what was, vacuum takes nothing away of the rows that were published."""
    monkeypatch.setattr(relay_module, "LATE_SECONDS", 0.0)
    with psycopg.connect(database_url()) as dump:
        dump.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        dump.execute("SELECT count(*) FROM outbox")
        for _ in range(10):
            make_things(BATCH)
            assert a_relay.publish_batch() == BATCH
        make_things(BATCH)
        cost = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {outbox_table.TAKE}"
        with connection.cursor() as cursor, transaction.atomic():
            spent = {}
            for start in (UUID(int=0), a_relay.reached):
                cursor.execute(cost, [start, BATCH])
                spent[start] = cursor.fetchone()[0][0]["Plan"]["Shared Hit Blocks"]
    a_relay.close()
    # A page for each row that is locked, and few more.
    assert spent[a_relay.reached] < 1.3 * BATCH < spent[UUID(int=0)]


def test_what_is_committed_late_is_found_by_looking_again(
    a_relay: Relay, queues: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "LATE_SECONDS", 0.0)
    make_thing()
    late = OutboxMessage.objects.get()
    assert a_relay.publish_batch() == 1
    OutboxMessage.objects.filter(id=late.id).update(
        id=first_uuid7_at(timezone.now() - timedelta(minutes=1)), published_at=None
    )
    assert a_relay.publish_batch() == 0
    monkeypatch.setattr(a_relay, "_look_again_at", 0.0)
    assert [a_relay.publish_batch(), a_relay.publish_batch()] == [1, 0]
    a_relay.close()


def test_two_relays_share_the_work_and_publish_nothing_twice(queues: str) -> None:
    with transaction.atomic():
        emit_all([(ThingMade(thing_id=uuid7(), name="lamp", made_at=MADE_AT), "lamp") for _ in range(600)])
    relays = [Relay(database_url(), queues, service="chassis") for _ in range(2)]
    ready = threading.Barrier(2)

    def work(one: Relay) -> None:
        ready.wait()
        while unpublished_by_now():
            one.publish_batch()
        one.close()

    def unpublished_by_now() -> bool:
        try:
            return bool(unpublished())
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=[one]) for one in relays]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    ids = [attributes["id"] for _, attributes in messages(queues)]
    assert len(ids) == len(set(ids)) == 600


def test_an_event_that_no_queue_wants_is_kept_for_who_comes_late(broker: str) -> None:
    # Not even the queue for that is declared: the broker may have come back empty.
    one = Relay(database_url(), broker, service="chassis")
    event_id = make_thing()
    assert one.publish_batch() == 1
    one.close()
    [(_, attributes)] = messages(broker, "unrouted")
    assert attributes["id"] == str(event_id)


def test_a_relay_wakes_at_the_commit(queues: str, depth: Callable[[str], int], monkeypatch: Any) -> None:
    """By itself it would look again in ten minutes only."""
    monkeypatch.setattr("chassis.messaging.relay.POLL_SECONDS", 600.0)
    one = Relay(database_url(), queues, service="chassis")
    thread = threading.Thread(target=one.run)
    thread.start()
    for n in range(1, 6):
        make_thing()
        wait_until(lambda n=n: depth("chassis_queue") == n)
    one.stopping = True
    make_thing()
    thread.join(30)
    assert not thread.is_alive()


def test_while_the_broker_is_away_events_wait_and_then_arrive_once(queues: str, proxied: Any) -> None:
    proxy = proxied(queues, 5672)
    with relay(RABBITMQ_URL=address(queues, proxy.port)) as one:
        make_thing()
        wait_until(all_marked)
        proxy.cut()
        ids = {make_thing() for _ in range(3)}
        wait_until(lambda: unpublished() == 3)
        assert one.running
        proxy.mend()
        wait_until(all_marked, PATIENCE)
        assert one.terminate() == 0
    arrived = [UUID(attributes["id"]) for _, attributes in messages(queues)]
    assert ids <= set(arrived)
    assert len(arrived) == 4


def test_a_broker_that_hangs_is_given_up_and_nothing_is_marked(queues: str, proxied: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("chassis.messaging.publisher.CONFIRM_SECONDS", 0.5)
    proxy = proxied(queues, 5672)
    one = Relay(database_url(), address(queues, proxy.port), service="chassis")
    make_thing()
    assert one.publish_batch() == 1
    proxy.freeze()
    make_thing()
    with pytest.raises(OSError):
        one.publish_batch()
    assert unpublished() == 1
    proxy.mend()
    one._publisher.abandon()
    assert one.publish_batch() == 1
    one.close()
    assert len({attributes["id"] for _, attributes in messages(queues)}) == 2


def test_a_relay_survives_the_loss_of_its_database_connection(queues: str, depth: Any) -> None:
    with relay():
        make_thing()
        wait_until(all_marked)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'relay' AND datname = current_database()"
            )
            assert cursor.fetchall() == [(True,)]
        make_thing()
        wait_until(all_marked)
    assert depth("chassis_queue") == 2


def test_a_database_that_hangs_is_given_up_and_found_again(queues: str, proxied: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(BoundedConnection, "answer_seconds", 0.5)
    proxy = proxied(database_url(), 5432)
    one = Relay(database_url(port=proxy.port), queues, service="chassis")
    assert one.publish_batch() == 0
    proxy.freeze()
    with pytest.raises(psycopg.OperationalError):
        one.publish_batch()
    make_thing()
    proxy.mend()
    one.close()
    assert one.publish_batch() == 1
    one.close()


@pytest.mark.parametrize("away", ["broker", "database"])
def test_a_relay_stops_when_told_even_while_something_is_away(queues: str, proxied: Any, away: str) -> None:
    broker, database = proxied(queues, 5672), proxied(database_url(), 5432)
    (broker if away == "broker" else database).cut()
    make_thing()
    with relay(RABBITMQ_URL=address(queues, broker.port), DATABASE_URL=database_url(port=database.port)) as one:
        wait_until(lambda: "interrupted" in one.said())
        assert one.terminate(5) == 0


def test_the_publisher_raises_and_recovers_when_its_connection_was_dropped(queues: str, proxied: Any) -> None:
    proxy = proxied(queues, 5672)
    publisher = Publisher(address(queues, proxy.port), origin="test")
    attributes = {"id": str(uuid7()), "type": "thing.made", "source": "/t", "subject": "s", "time": "now"}
    publisher.publish([("chassis_events", attributes)])
    proxy.cut()
    with pytest.raises(OSError):
        publisher.publish([("chassis_events", attributes)])
    publisher.abandon()
    proxy.mend()
    publisher.publish([("chassis_events", attributes)])
    publisher.close()
    assert len(messages(queues)) == 2


def test_an_event_that_the_broker_refuses_stays_unpublished(queues: str, a_relay: Relay) -> None:
    with Connection(queues) as opened:
        channel = opened.channel()
        full = {"x-max-length": 1, "x-overflow": "reject-publish"}
        channel.queue_declare("full", durable=True, auto_delete=False, arguments=full)
        channel.queue_bind("full", "chassis_events", "thing.made")
    for _ in range(5):
        make_thing()
    with pytest.raises(NotConfirmed):
        a_relay.publish_batch()
    assert unpublished() == 5
    a_relay.close()


def test_the_lag_is_measured_when_the_broker_has_the_event(a_relay: Relay) -> None:
    before = metric("outbox_lag_seconds_sum")
    make_thing()
    OutboxMessage.objects.update(created_at=datetime.now(UTC) - timedelta(seconds=5))
    a_relay.publish_batch()
    a_relay.close()
    assert 5 <= metric("outbox_lag_seconds_sum") - before < 15
