"""A real Celery worker on a real broker: every event has its effect once, whatever happens to the worker."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import amqp
import pytest
from django.conf import settings
from kombu import Connection
from processes import PATIENCE, address, database_url, worker
from things.models import Thing

from chassis.ids import uuid7
from chassis.messaging.publisher import Publisher
from chassis.storage.models import InboxMessage
from chassis.storage.redis import redis_client
from chassis.testing import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

Depth = Callable[[str], int]


def publish(event_type: str, *, event_id: UUID | None = None, name: str = "lamp", **attributes: Any) -> UUID:
    event_id = event_id or uuid7()
    envelope = {
        "specversion": "1.0",
        "id": str(event_id),
        "type": event_type,
        "source": "/elsewhere",
        "subject": "s",
        "time": "2026-01-02T03:04:05Z",
        "traceparent": "",
        "correlationid": "order-4711",
        "data": {"thing_id": str(uuid7()), "name": name, "more": "than the slice names"},
        **attributes,
    }
    publisher = Publisher(settings.RABBITMQ_URL, origin="test")
    publisher.publish([(settings.EVENTS_EXCHANGE, envelope)])
    publisher.close()
    return event_id


def handled(event_id: UUID) -> bool:
    return InboxMessage.objects.filter(event_id=event_id).exists()


def things(name: str) -> int:
    return Thing.objects.filter(name=name).count()


def dead(broker: str) -> list[amqp.Message]:
    taken = []
    with Connection(broker) as opened:
        channel = opened.channel()
        while (message := channel.basic_get("chassis.dead", no_ack=True)) is not None:
            taken.append(message)
    return taken


def test_a_worker_handles_dead_letters_and_repeats_as_it_should(queues: str, depth: Depth) -> None:
    """One worker, for starting it is what takes the time; each paragraph is a case of its own."""
    with worker() as process:
        first = publish("thing.made", name="an event")
        wait_until(lambda: handled(first), PATIENCE)
        assert things("an event") == 1

        publish("thing.made", event_id=first, name="an event")
        after = publish("thing.made", name="after the repetition")
        wait_until(lambda: handled(after))
        assert things("an event") == 1

        told = publish("thing.told", name="then")
        wait_until(lambda: redis_client().get(f"told:{told}") == b"1")
        publish("thing.told", event_id=told, name="then")
        wait_until(lambda: redis_client().get(f"told:{told}") == b"2")
        assert things("then") == 1

        stumbling = publish("thing.stumbling", name="the database was away")
        wait_until(lambda: handled(stumbling))
        assert things("the database was away") == 1
        assert redis_client().get(f"stumbled:{stumbling}") == b"3"

        refused = publish("thing.refused", name="refused")
        malformed = publish("thing.made", time="yesterday")
        incomplete = publish("thing.made", data={"thing_id": "not-a-uuid"})
        wait_until(lambda: depth("chassis.dead") == 3)
        assert things("refused") == 0
        assert not any(handled(event_id) for event_id in (refused, malformed, incomplete))
        letters = dead(queues)
        assert {UUID(letter.headers["id"]) for letter in letters} == {refused, malformed, incomplete}
        assert {letter.headers["x-death"][0]["queue"] for letter in letters} == {"chassis_queue"}

        unreadable(queues)
        behind = publish("thing.made", name="behind what cannot be read")
        wait_until(lambda: handled(behind))
        wait_until(lambda: depth("chassis.dead") == 6)
        assert depth("chassis_queue") == 0
        assert process.running
        said = process.said()
    assert "order-4711" in said
    assert "a secret in the body" not in said


def unreadable(broker: str) -> None:
    """Messages that are no events at all."""
    with Connection(broker) as opened:
        channel = opened.channel()
        for properties in (
            {"application_headers": {"task": "thing.made", "id": "1"}, "content_type": "application/json"},
            {"application_headers": {"task": "thing.unheard.of", "id": "2"}, "content_type": "application/json"},
            {"application_headers": {}, "content_type": "application/json"},
            {"content_type": "application/x-pickle"},
            {"application_headers": {"task": ["thing.made"], "id": "3"}, "content_type": "application/json"},
        ):
            message = amqp.Message("{a secret in the body", content_encoding="utf-8", **properties)
            channel.basic_publish(message, exchange="", routing_key="chassis_queue")
        deep = amqp.Message(
            f"[[], {'[' * 5000}{']' * 5000}, {{}}]",
            application_headers={"task": "thing.made", "id": "4"},
            content_type="application/json",
            content_encoding="utf-8",
        )
        channel.basic_publish(deep, exchange="", routing_key="chassis_queue")


def test_a_worker_killed_in_the_middle_of_a_handler_leaves_the_effect_to_the_next_one_once(queues: str) -> None:
    event_id = uuid7()
    began = f"lingering:{event_id}"
    with worker() as killed:
        publish("thing.lingering", event_id=event_id, name="interrupted")
        wait_until(lambda: redis_client().get(began) == b"1", PATIENCE)
        killed.kill()
    assert things("interrupted") == 0
    redis_client().set(f"go-on:{event_id}", "1", ex=60)
    with worker():
        wait_until(lambda: handled(event_id), PATIENCE)
    assert redis_client().get(began) == b"2"
    assert things("interrupted") == 1


def test_a_worker_told_to_stop_finishes_what_it_is_doing(queues: str, depth: Depth) -> None:
    event_id = uuid7()
    with worker() as process:
        publish("thing.lingering", event_id=event_id, name="finished")
        wait_until(lambda: redis_client().get(f"lingering:{event_id}") == b"1", PATIENCE)
        process.ask_to_stop()
        redis_client().set(f"go-on:{event_id}", "1", ex=60)
        assert process.exit_code() == 0
    assert things("finished") == 1
    assert depth("chassis_queue") == 0


def test_a_worker_outlives_the_broker_and_the_database(queues: str, proxied: Any) -> None:
    broker, database = proxied(queues, 5672), proxied(database_url(), 5432)
    with worker(RABBITMQ_URL=address(queues, broker.port), DATABASE_URL=database_url(port=database.port)) as process:
        first = publish("thing.made", name="before")
        wait_until(lambda: handled(first), PATIENCE)

        database.cut()
        during = publish("thing.made", name="without a database")
        wait_until(lambda: ready(queues, "chassis_queue") == 0)
        database.mend()
        wait_until(lambda: handled(during), PATIENCE)

        broker.cut()
        while_cut = publish("thing.made", name="without a broker")
        broker.mend()
        wait_until(lambda: handled(while_cut), PATIENCE)
        assert process.running
    assert [things(name) for name in ("before", "without a database", "without a broker")] == [1, 1, 1]


def test_a_worker_gives_up_a_database_that_is_frozen_and_asks_it_anew(queues: str, proxied: Any) -> None:
    database = proxied(database_url(), 5432)
    with worker(DATABASE_URL=database_url(port=database.port)):
        first = publish("thing.made", name="before")
        wait_until(lambda: handled(first), PATIENCE)
        database.freeze()
        known = database.accepted
        during = publish("thing.made", name="while it was frozen")
        wait_until(lambda: database.accepted > known, PATIENCE)
        database.mend()
        wait_until(lambda: handled(during), PATIENCE)
    assert things("while it was frozen") == 1


def ready(broker: str, queue: str) -> int:
    with Connection(broker) as opened:
        return opened.channel().queue_declare(queue, passive=True).message_count


def consumed(broker: str, queue: str) -> bool:
    """Whether the queue is there, and somebody reads it."""
    try:
        with Connection(broker) as opened:
            return bool(opened.channel().queue_declare(queue, passive=True).consumer_count)
    except amqp.NotFound:
        return False


def test_on_a_broker_that_came_back_empty_a_worker_declares_all_it_needs(broker: str) -> None:
    redis_client().delete("ticked")
    with worker(), Connection(broker) as opened:
        wait_until(lambda: consumed(broker, "chassis_ticks"), PATIENCE)
        assert ready(broker, "chassis.dead") == ready(broker, "unrouted") == ready(broker, "chassis_queue") == 0
        body = json.dumps([[], {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}])
        headers = {"task": "clock.second", "id": str(uuid7()), "lang": "py", "argsrepr": "()", "kwargsrepr": "{}"}
        message = amqp.Message(
            body, content_type="application/json", content_encoding="utf-8", application_headers=headers
        )
        opened.channel().basic_publish(message, exchange="clock", routing_key="clock.second")
        wait_until(lambda: redis_client().get("ticked") == b"1", PATIENCE)
