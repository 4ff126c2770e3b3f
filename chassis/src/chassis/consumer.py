"""Celery's consumer, as events need it: nothing is lost because it cannot be read, and no payload ends in a log."""

import logging
from typing import Any

from celery import bootsteps
from celery.worker.consumer import Consumer
from django.conf import settings

from chassis.task_metrics import UNREADABLE
from chassis.topology import dead_queue, unrouted_queue

log = logging.getLogger(__name__)


class KeepingQueues(bootsteps.StartStopStep):  # type: ignore[misc]
    """Declares, on each connect, where dead letters go: the broker may have come back empty."""

    requires = ("celery.worker.consumer.connection:Connection",)

    def start(self, consumer: Any) -> None:
        channel = consumer.connection.default_channel
        for queue in (dead_queue(settings.SERVICE_NAME), unrouted_queue()):
            queue(channel).declare()


class EventConsumer(Consumer):  # type: ignore[misc]
    class Blueprint(Consumer.Blueprint):  # type: ignore[misc]
        default_steps = [
            # 28 quorum queues for tasks with an ETA, which events do not have.
            *(step for step in Consumer.Blueprint.default_steps if not step.endswith(":DelayedDelivery")),
            KeepingQueues,
        ]

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
