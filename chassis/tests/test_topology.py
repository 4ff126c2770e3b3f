"""What a service declares on a real RabbitMQ, as RabbitMQ tells it."""

from collections.abc import Callable
from typing import Any

import pytest
import urllib3
from kombu import Connection, Queue
from processes import PATIENCE, worker

from chassis.messaging import topology
from chassis.testing import settings_env, wait_until


@pytest.fixture
def queues(broker: str) -> Callable[[], dict[str, dict[str, Any]]]:
    """By name, every queue there is."""
    management = urllib3.util.parse_url(settings_env("RABBITMQ_MANAGEMENT_URL"))
    headers = urllib3.make_headers(basic_auth=management.auth)
    address = f"{management.scheme}://{management.host}:{management.port}/api/queues/{broker.rpartition('/')[2]}"
    http = urllib3.PoolManager(timeout=urllib3.Timeout(connect=2, read=10), headers=headers)
    return lambda: {queue["name"]: queue for queue in http.request("GET", address).json()}


def is_of_a_process(queue: dict[str, Any]) -> bool:
    """Whether it goes with its reader: the mailbox of a worker, by which it is asked how it is."""
    return bool(queue["auto_delete"] and not queue["durable"] and queue["name"].endswith(".celery.pidbox"))


@pytest.mark.django_db(transaction=True)
def test_every_queue_that_outlives_its_reader_has_copies_on_other_nodes(
    queues: Callable[[], dict[str, dict[str, Any]]],
) -> None:
    with worker():
        # Its own two, its mailbox, and where messages are laid aside.
        wait_until(lambda: len(queues()) >= 5, PATIENCE)
        there = queues()
    kept = {name: queue for name, queue in there.items() if not is_of_a_process(queue)}
    assert kept.keys() == {"chassis.dead", "chassis_queue", "chassis_ticks", "unrouted"}
    assert {queue["type"] for queue in kept.values()} == {"quorum"}
    # By their own arguments, whatever the vhost's default is.
    assert {queue["arguments"]["x-queue-type"] for queue in kept.values()} == {"quorum"}


def test_the_queue_of_ticks_of_before_goes_when_nobody_reads_it_any_more(
    broker: str, queues: Callable[[], dict[str, dict[str, Any]]]
) -> None:
    before = Queue("chassis_clock", durable=True, queue_arguments={"x-message-ttl": 5000, "x-max-length": 10})
    with Connection(broker) as opened:
        reader = opened.channel()
        before(reader).declare()
        before(reader).consume(callback=lambda message: None)
        topology.declare([], ["clock.second"])
        assert "chassis_clock" in queues()
    topology.declare([], ["clock.second"])
    wait_until(lambda: "chassis_clock" not in queues())
    assert "chassis_ticks" in queues()


def test_what_is_told_to_whoever_wants_it_is_no_dead_letter(
    broker: str, queues: Callable[[], dict[str, dict[str, Any]]], settings: Any
) -> None:
    settings.EVENTS_FOR_ANYBODY = ["thing.changed"]
    assert "chassis_for_anybody" in topology.declare([], [])
    with Connection(broker) as opened:
        for type_ in ("thing.changed", "thing.unknown"):
            opened.Producer().publish({}, exchange=settings.EVENTS_EXCHANGE, routing_key=type_)
        unrouted = opened.channel()
        wait_until(lambda: unrouted.queue_declare("unrouted", passive=True).message_count == 1)
        found = unrouted.basic_get("unrouted", no_ack=True)
    assert found.delivery_info["routing_key"] == "thing.unknown"
    assert queues()["chassis_for_anybody"]["arguments"]["x-max-length"] == 10
