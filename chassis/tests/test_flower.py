"""What Flower is told: each step of a saga by itself, and all of them by one id. Read as Flower reads it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from uuid import UUID

import pytest
from celery import Celery
from celery.events.receiver import EventReceiver
from celery.events.state import State
from flower.utils.search import TaskSearchEngine
from kombu import Connection
from processes import PATIENCE, worker
from test_worker import publish

from chassis.ids import uuid7
from chassis.messaging.flower import step_id
from chassis.testing import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def watching(broker: str) -> Iterator[Callable[[], dict[str, Any]]]:
    """Hears what workers tell meanwhile; what is yielded gives the tasks told of up to now, by their ids."""
    state = State()
    with Connection(broker) as opened:
        receiver = EventReceiver(opened, {"*": state.event}, app=Celery())
        with receiver.consumer_context(wakeup=False) as (connection, _, _):

            def told() -> dict[str, Any]:
                with suppress(TimeoutError):
                    while True:
                        connection.drain_events(timeout=0.1)
                return dict(state.tasks)

            yield told


def ended(tasks: dict[str, Any]) -> dict[str, str]:
    return {id_: task.name for id_, task in tasks.items() if task.state not in ("RECEIVED", "PENDING")}


def found(tasks: dict[str, Any], text: str) -> set[str]:
    """The ids of what Flower lists when this is typed into its search."""
    engine = TaskSearchEngine()
    engine.rebuild(list(tasks.items()))
    return set(engine.search(tasks, text).task_ids)


def test_two_consumers_of_an_event_are_two_steps_and_any_of_its_ids_finds_them_both(queues: str) -> None:
    one, another = str(uuid7()), str(uuid7())
    about = {"thing_id": one, "order_id": another, "name": "a secret in the body", "size_ids": ["nothing"]}
    with watching(queues) as told, worker(), worker(named="other"):
        wait_until(lambda: {"chassis@test", "other@test"} <= workers_of(queues), PATIENCE)
        made = publish("thing.made", data=about)
        refused = publish("thing.refused", data={**about, "order_id": str(uuid7())})
        elsewhere = publish("thing.made")
        steps = {
            **steps_of(made, "thing.made"),
            **steps_of(refused, "thing.refused"),
            **steps_of(elsewhere, "thing.made"),
        }
        wait_until(lambda: ended(told()) == steps, PATIENCE)
        tasks = told()
    assert {tasks[id_].state for id_ in steps_of(made, "thing.made")} == {"SUCCESS"}
    assert {tasks[id_].state for id_ in steps_of(refused, "thing.refused")} == {"FAILURE"}
    assert {tasks[id_].exception for id_ in steps_of(refused, "thing.refused")} == {"ValueError"}
    assert found(tasks, one) == {*steps_of(made, "thing.made"), *steps_of(refused, "thing.refused")}
    assert found(tasks, another) == set(steps_of(made, "thing.made"))
    assert found(tasks, str(elsewhere)) == set(steps_of(elsewhere, "thing.made"))
    assert found(tasks, '"other: thing.made"') == {step_id("other", str(id_)) for id_ in (made, elsewhere)}
    assert not found(tasks, "secret")


def steps_of(event_id: UUID, event_type: str) -> dict[str, str]:
    return {step_id(name, str(event_id)): f"{name}: {event_type}" for name in ("chassis", "other")}


def workers_of(broker: str) -> set[str]:
    """The workers that answer."""
    app = Celery(broker=broker)
    return {name for answer in app.control.ping(timeout=1) for name in answer}


def test_a_redelivery_is_the_same_step() -> None:
    event_id = str(uuid7())
    assert step_id("chassis", event_id) == step_id("chassis", event_id)
    assert step_id("chassis", event_id) != step_id("other", event_id)
    assert step_id("chassis", event_id) != step_id("chassis", str(uuid7()))
