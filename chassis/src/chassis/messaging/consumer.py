"""Celery's consumer, as events need it: they are handled in batches, nothing is lost because it cannot be read, and no
payload ends in a log.
"""

import logging
import math
import threading
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from celery import bootsteps
from celery.worker import strategy
from celery.worker.consumer import Consumer
from django.conf import settings

from chassis.messaging import flower
from chassis.messaging.batches import STOP_SECONDS, Delivery, Verdict
from chassis.messaging.events import Event
from chassis.messaging.exchanges import dead_queue, unrouted_queue
from chassis.messaging.task_metrics import UNREADABLE

log = logging.getLogger(__name__)

MONITORING_SECONDS = 0.5

# Arguments by position, of which an event has none; its attributes; what Celery would do afterwards.
_body = msgspec.json.Decoder(tuple[list[Any], Event, dict[str, Any]])


class KeepingQueues(bootsteps.StartStopStep):  # type: ignore[misc]  # Celery has no types
    """Declares, on each connect, where dead letters go: the broker may have come back empty."""

    requires = ("celery.worker.consumer.connection:Connection",)

    def start(self, consumer: Any) -> None:
        channel = consumer.connection.default_channel
        for queue in (dead_queue(settings.SERVICE_NAME), unrouted_queue()):
            queue(channel).declare()


class RunningLane(bootsteps.StartStopStep):  # type: ignore[misc]  # Celery has no types
    """Events are taken while there is a connection. What it has lost comes again, on the next one."""

    requires = ("celery.worker.consumer.events:Events",)

    def start(self, consumer: Any) -> None:
        consumer.unfinished, consumer.ended, consumer.telling = set(), [], None
        consumer.app.lane.start(wake=lambda: consumer.hub.call_soon(consumer.settle))

    def stop(self, consumer: Any) -> None:
        consumer.app.lane.stop(seconds=STOP_SECONDS if consumer.connection else 0.0)
        consumer.settle()
        if consumer.telling:
            consumer.telling.cancel()
            consumer.tell_flower()


class EventConsumer(Consumer):  # type: ignore[misc]  # Celery has no types
    class Blueprint(Consumer.Blueprint):  # type: ignore[misc]  # Celery has no types
        default_steps = [
            # 28 quorum queues for tasks with an ETA, which events do not have.
            *(step for step in Consumer.Blueprint.default_steps if not step.endswith(":DelayedDelivery")),
            KeepingQueues,
            RunningLane,
        ]

    unfinished: set[Delivery]
    ended: list[Delivery]
    # The timer of what is still to be told; none while nothing is.
    telling: Any

    def create_task_handler(self, *args: Any, **options: Any) -> Callable[[Any], None]:
        """Celery's, from which nothing is raised but that the connection is lost: a message that was neither handled
        nor laid aside would be acknowledged with those after it, or take the worker down, and the next one.
        """
        handle = super().create_task_handler(*args, **options)

        def take(message: Any) -> None:
            try:
                handle(message)
            except self.connection_errors:
                raise
            except Exception as exc:  # noqa: BLE001  (whatever it is, this message is the reason)
                self._lay_aside(message, exc)

        return take

    def take(self, message: Any) -> None:
        """Hands an event to the lane. Raises DecodeError and others for what is none."""
        if message.content_type != "application/json":
            raise msgspec.DecodeError(message.content_type)
        event = _body.decode(message.body)[1]
        if event.type != message.headers["task"]:
            raise msgspec.ValidationError("an envelope of another type")
        delivery = Delivery(event, message)
        self.unfinished.add(delivery)
        self.app.lane.put(delivery)
        self._tell_flower_soon()

    def settle(self) -> None:
        """Tells the broker what has become of deliveries: those that nothing waits below are acknowledged in one word.

        Ticks are acknowledged when they come, and what cannot be read is rejected then.
        """
        handled: dict[Any, list[int]] = {}
        for delivery in self.app.lane.settled():
            message = delivery.message
            self.unfinished.discard(delivery)
            self.ended.append(delivery)
            if delivery.verdict is Verdict.HANDLED:
                handled.setdefault(message.channel, []).append(message.delivery_tag)
            else:
                message.reject_log_error(log, self.connection_errors, requeue=delivery.verdict is Verdict.PUT_BACK)
        for channel, tags in handled.items():
            try:
                self._acknowledge(channel, tags)
            except self.connection_errors as exc:
                log.warning("events not acknowledged", extra={"error": type(exc).__name__})
        self._tell_flower_soon()

    def _acknowledge(self, channel: Any, tags: Sequence[int]) -> None:
        waiting = [one.message.delivery_tag for one in self.unfinished if one.message.channel is channel]
        lowest = min(waiting, default=math.inf)
        below = [tag for tag in tags if tag < lowest]
        if below:
            channel.basic_ack(max(below), multiple=True)
        for tag in tags:
            if tag > lowest:
                channel.basic_ack(tag)

    def _tell_flower_soon(self) -> None:
        if self.telling is None and (self.ended or self.unfinished):
            self.telling = self.timer.call_after(MONITORING_SECONDS, self.tell_flower)

    def tell_flower(self) -> None:
        self.telling = None
        if self.event_dispatcher:  # gone between two connections
            ended, self.ended = self.ended, []
            flower.tell(self.event_dispatcher, ended=ended, unfinished=self.unfinished)

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
        # A tick has been acknowledged, and is of no use to anybody later.
        said = "tick not read" if message.acknowledged else "message dead-lettered"
        log.error(said, extra={"event_type": str((message.headers or {}).get("task")), "error": type(exc).__name__})
        if not message.acknowledged:
            message.reject_log_error(log, self.connection_errors)


def event_strategy(task: Any, app: Any, consumer: EventConsumer, **_: Any) -> Callable[..., None]:
    """What Celery does with the message of an event, in place of making a task of it."""
    return lambda message, *_: consumer.take(message)


def tick_strategy(task: Any, app: Any, consumer: Any, **options: Any) -> Callable[..., None]:
    """A tick is acknowledged when it comes, and dropped when each thread has one like it: the next does its work."""
    make_task = strategy.default(task, app, consumer, **options)
    slots = threading.Semaphore(settings.WORKER_CONCURRENCY)

    def take(message: Any, body: Any, ack: Any, reject: Any, callbacks: Any) -> None:
        message.ack_log_error(log, consumer.connection_errors)
        if not slots.acquire(blocking=False):
            return
        try:
            make_task(message, body, ended, ended, callbacks)
        except BaseException:
            ended()
            raise

    def ended(*_: Any) -> None:
        slots.release()

    return take
