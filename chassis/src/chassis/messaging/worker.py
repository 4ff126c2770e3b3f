"""The Celery app of a service: every event it handles is a task, named like the event."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

from celery import Celery
from celery.exceptions import Reject
from celery.signals import setup_logging, worker_init
from django.conf import settings
from django.db import Error as DatabaseFailure
from django.db import connection

from chassis.jitter import jittered
from chassis.messaging import broker, task_metrics
from chassis.messaging.events import Event
from chassis.messaging.housekeeping import measure, prune, prune_sessions
from chassis.messaging.inbox import Handler, receive
from chassis.messaging.topology import clock_queue, event_queue
from chassis.storage.database import is_away
from chassis.telemetry import tracing
from chassis.telemetry.correlation import correlated

log = logging.getLogger(__name__)

Handlers = Mapping[str, Handler | Callable[[Event], object]]
Ticks = Mapping[str, Sequence[Callable[[], object]]]

# A database that restarts is back within this: waiting beats spending the message's deliveries.
RETRY_SECONDS = 20.0
# Well under the 30 minutes after which RabbitMQ takes a message from a consumer that does not acknowledge it.
AWAY_SECONDS = 600.0


def service_tables() -> tuple[Handlers, Ticks]:
    """HANDLERS and TICKS of the service whose settings are loaded, the chassis's own ticks with them."""
    module = import_module(f"{settings.SERVICE_APP}.handlers")
    return module.HANDLERS, _with_housekeeping(module.TICKS)


def _with_housekeeping(ticks: Ticks) -> Ticks:
    return {
        **ticks,
        "clock.minute": [*ticks.get("clock.minute", ()), prune, measure],
        "clock.day": [*ticks.get("clock.day", ()), prune_sessions],
    }


def celery_app(*, handlers: Handlers, ticks: Ticks) -> Celery:
    """The worker of the service whose settings are loaded, consuming its event queue and its clock queue."""
    task_metrics.connect()
    ticks = _with_housekeeping(ticks)
    # Without Celery's Django fixup, which closes the database's connection before and after every task: a new one
    # for each event costs more than the event. What it would do else, Django's setup, config/celery.py has done.
    app = Celery(settings.SERVICE_NAME, set_as_current=True, fixups=[])
    app.conf.update(
        broker_url=settings.RABBITMQ_URL,
        broker_use_ssl=broker.tls(settings.RABBITMQ_URL),
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_connection_timeout=4,
        broker_heartbeat=30,
        task_queues=[event_queue(handlers), clock_queue(ticks)],
        task_default_queue=settings.QUEUE_NAME,
        task_create_missing_queues=False,
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_acks_on_failure_or_timeout=False,
        accept_content=["json"],
        worker_consumer="chassis.messaging.consumer:EventConsumer",
        worker_pool=settings.WORKER_POOL,
        worker_concurrency=settings.WORKER_CONCURRENCY,
        worker_prefetch_multiplier=4,
        # After a reconnect the reduced prefetch of a quorum queue would never grow back (celery issue 9512).
        worker_enable_prefetch_count_reduction=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_send_task_events=True,
        enable_utc=True,
    )
    for event_type, handler in handlers.items():
        app.task(_event_task(handler), name=event_type, bind=True, Request="chassis.messaging.consumer:StepRequest")
    for tick, jobs in ticks.items():
        app.task(_tick_task(tick, jobs), name=tick, send_events=False)
    return app


# Celery has no types, so its signals are decorators of nobody knows what.
@setup_logging.connect  # type: ignore[untyped-decorator]  # Celery has no types
def _keep_our_logging(**_: Any) -> None:
    """A receiver alone keeps Celery from configuring the logs: Django's settings did."""


@worker_init.connect  # type: ignore[untyped-decorator]  # Celery has no types
def _send_spans(**_: Any) -> None:
    tracing.start()


def _event_task(handler: Handler | Callable[[Event], object]) -> Callable[..., None]:
    @tracing.event_handled
    def run(task: Any, **attributes: Any) -> None:
        with correlated(attributes.get("correlationid"), attributes.get("traceparent")):
            try:
                patiently(lambda: receive(Event.parse(attributes), handler))
            except Exception as exc:
                if is_away(exc):
                    _await_database()
                    log.warning("event put back", extra={"event_type": task.name, "error": type(exc).__name__})
                    raise Reject(type(exc).__name__, requeue=True) from exc
                log.exception("event dead-lettered", extra={"event_type": task.name})
                raise Reject(type(exc).__name__, requeue=False) from exc

    return run


def _tick_task(tick: str, jobs: Sequence[Callable[[], object]]) -> Callable[[], None]:
    def run() -> None:
        failures = []
        with correlated(None, None):
            for job in jobs:
                try:
                    job()
                except Exception as exc:
                    # The other jobs of this tick have nothing to do with it, and this one has its next tick.
                    if is_away(exc):
                        connection.close()
                        log.warning("tick lost", extra={"tick": tick, "error": type(exc).__name__})
                    else:
                        log.exception("tick failed", extra={"tick": tick})
                        failures.append(exc)
        if failures:
            raise ExceptionGroup(tick, failures)

    return run


def patiently(work: Callable[[], object], *, seconds: float = RETRY_SECONDS) -> None:
    """Repeats work that the database refused (restart, deadlock, lock timeout), with jittered back-off.

    Raises the last error after that many seconds.
    """
    deadline = time.monotonic() + seconds
    pause = 0.05
    while True:
        try:
            work()
        except DatabaseFailure as exc:
            if not is_away(exc):
                raise
            if not connection.in_atomic_block:
                connection.close()
            if time.monotonic() + pause > deadline:
                raise
            time.sleep(jittered(pause))
            pause = min(pause * 2, 2.0)
        else:
            return


def _await_database() -> None:
    """Until the database answers. Putting an event back while it is away would spend the event's deliveries."""
    deadline = time.monotonic() + AWAY_SECONDS
    while time.monotonic() < deadline:
        try:
            connection.ensure_connection()
        except DatabaseFailure:
            time.sleep(jittered(1.25))
        else:
            return
