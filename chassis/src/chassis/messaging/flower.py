"""What Flower hears of events: what one consumer does with one event is a step, with an id and a name of its own.

Under the event's own id the consumers of an event would be one row, each overwriting what the last one told.
"""

import time
from collections.abc import Iterable
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from django.conf import settings

from chassis.messaging.batches import Delivery, Verdict


def step_id(consumer: str, event_id: str) -> str:
    """The same whenever the event comes again: a redelivery is the same step, tried once more."""
    return str(uuid5(NAMESPACE_URL, f"/{consumer}/{event_id}"))


def tell(dispatcher: Any, *, ended: Iterable[Delivery], unfinished: Iterable[Delivery]) -> None:
    """Of a step that has ended once, all in one; of one that goes on, once, that it has arrived."""
    for one in ended:
        how, outcome = _end(one)
        arrived = time.time() - (time.perf_counter() - one.arrived)
        dispatcher.send(how, **_step(one), received=arrived, **outcome)
    for one in unfinished:
        if not one.told:
            one.told = True
            dispatcher.send("task-received", **_step(one))
    dispatcher.flush()


def _end(delivery: Delivery) -> tuple[str, dict[str, Any]]:
    match delivery.verdict:
        case Verdict.HANDLED:
            return "task-succeeded", {"result": "None", "runtime": delivery.ended - delivery.arrived}
        case Verdict.DEAD_LETTERED:
            return "task-failed", {"exception": delivery.error, "traceback": ""}
        case _:
            return "task-rejected", {"requeue": True}


def _step(delivery: Delivery) -> dict[str, Any]:
    service = settings.SERVICE_NAME
    headers = delivery.message.headers
    return {
        "uuid": step_id(service, str(delivery.event.id)),
        "name": f"{service}: {delivery.event.type}",
        "args": "()",
        "kwargs": headers.get("kwargsrepr", "{}"),
        "root_id": headers.get("root_id"),
        "parent_id": None,
        "retries": 0,
        "eta": None,
        "expires": None,
    }
