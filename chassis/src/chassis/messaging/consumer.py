"""Celery's consumer, as events need it: nothing is lost because it cannot be read, and no payload ends in a log."""

import logging
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from celery import bootsteps
from celery.worker.consumer import Consumer
from celery.worker.request import Request
from django.conf import settings

from chassis.messaging.exchanges import dead_queue, unrouted_queue
from chassis.messaging.task_metrics import UNREADABLE

log = logging.getLogger(__name__)

MONITORING_SECONDS = 0.5


def step_id(consumer: str, event_id: str) -> str:
    """The same whenever the event comes again: a redelivery is the same step, tried once more."""
    return str(uuid5(NAMESPACE_URL, f"/{consumer}/{event_id}"))


class KeepingQueues(bootsteps.StartStopStep):  # type: ignore[misc]  # Celery has no types
    """Declares, on each connect, where dead letters go: the broker may have come back empty."""

    requires = ("celery.worker.consumer.connection:Connection",)

    def start(self, consumer: Any) -> None:
        channel = consumer.connection.default_channel
        for queue in (dead_queue(settings.SERVICE_NAME), unrouted_queue()):
            queue(channel).declare()


class MonitoringInBatches(bootsteps.StartStopStep):  # type: ignore[misc]  # Celery has no types
    """What Flower hears leaves together, twice a second, and not in a message of its own for each step."""

    requires = ("celery.worker.consumer.events:Events",)

    def start(self, consumer: Any) -> None:
        self._timer = consumer.timer.call_repeatedly(MONITORING_SECONDS, _flush, (consumer,))

    def stop(self, consumer: Any) -> None:
        self._timer.cancel()
        _flush(consumer)


def _flush(consumer: Any) -> None:
    if consumer.event_dispatcher:  # gone between two connections
        consumer.event_dispatcher.flush()


class StepRequest(Request):  # type: ignore[misc]  # Celery has no types
    """What one consumer does with one event, as Flower hears of it: a step, with an id and a name of its own.

    Under the event's own id the consumers of an event would be one row, each overwriting what the last one told.
    """

    id: str
    name: str

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.id = step_id(settings.SERVICE_NAME, self.id)
        self.name = f"{settings.SERVICE_NAME}: {self.name}"

    def send_event(self, type_: str, **fields: Any) -> None:
        """When it arrives and when it ends; that it began would be a third of all that Flower hears."""
        if type_ != "task-started":
            super().send_event(type_, **fields)


class EventConsumer(Consumer):  # type: ignore[misc]  # Celery has no types
    class Blueprint(Consumer.Blueprint):  # type: ignore[misc]  # Celery has no types
        default_steps = [
            # 28 quorum queues for tasks with an ETA, which events do not have.
            *(step for step in Consumer.Blueprint.default_steps if not step.endswith(":DelayedDelivery")),
            KeepingQueues,
            MonitoringInBatches,
        ]

    def on_send_event_buffered(self) -> None:
        """Celery would send what is buffered at once."""

    def on_decode_error(self, message: Any, exc: Exception) -> None:
        """Celery would acknowledge it, and log its body."""
        self._lay_aside(message, exc)

    def on_unknown_task(self, body: Any, message: Any, exc: Exception) -> None:
        self._lay_aside(message, exc)

    def on_unknown_message(self, body: Any, message: Any) -> None:
        self._lay_aside(message, None)

    def on_invalid_task(self, body: Any, message: Any, exc: Exception) -> None:
        self._lay_aside(message, exc)

    def _lay_aside(self, message: Any, exc: Exception | None) -> None:
        UNREADABLE.inc()
        log.error(
            "message dead-lettered",
            extra={"event_type": (message.headers or {}).get("task"), "error": type(exc).__name__},
        )
        message.reject_log_error(log, self.connection_errors)
