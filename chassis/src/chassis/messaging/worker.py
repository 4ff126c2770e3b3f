"""The Celery app of a service: every event it handles is a task, named like the event."""

import logging
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_init, worker_ready
from django.conf import settings
from django.db import connection

from chassis import garbage
from chassis.messaging import broker, task_metrics
from chassis.messaging.batches import PREFETCH, Lane
from chassis.messaging.housekeeping import measure, prune, prune_sessions
from chassis.messaging.inbox import Handlers, Lock
from chassis.messaging.topology import clock_queue, event_queue
from chassis.storage.database import is_away
from chassis.storage.partitions import keep_up
from chassis.telemetry import tracing
from chassis.telemetry.correlation import correlated

log = logging.getLogger(__name__)

Ticks = Mapping[str, Sequence[Callable[[], object]]]


def service_tables() -> tuple[Handlers, Ticks]:
    """HANDLERS and TICKS of the service whose settings are loaded, the chassis's own ticks with them."""
    module = import_module(f"{settings.SERVICE_APP}.handlers")
    return module.HANDLERS, _with_housekeeping(module.TICKS)


def _with_housekeeping(ticks: Ticks) -> Ticks:
    return {
        **ticks,
        "clock.minute": [*ticks.get("clock.minute", ()), keep_up, prune, measure],
        "clock.day": [*ticks.get("clock.day", ()), prune_sessions],
    }


def celery_app(*, handlers: Handlers, ticks: Ticks, lock: Lock | None = None) -> Celery:
    """The worker of the service whose settings are loaded, consuming its event queue and its clock queue.

    lock: locks the rows that events of several types will touch, in one order.
    """
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
        task_acks_on_failure_or_timeout=False,
        accept_content=["json"],
        worker_consumer="chassis.messaging.consumer:EventConsumer",
        # Of the ticks alone; events have a thread of their own.
        worker_pool="threads",
        worker_concurrency=settings.WORKER_CONCURRENCY,
        worker_prefetch_multiplier=-(-PREFETCH // settings.WORKER_CONCURRENCY),
        # After a reconnect the reduced prefetch of a quorum queue would never grow back (celery issue 9512).
        worker_enable_prefetch_count_reduction=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_send_task_events=True,
        enable_utc=True,
    )
    app.lane = Lane(handlers, lock=lock)
    for event_type in handlers:
        app.task(_never_run, name=event_type, Strategy="chassis.messaging.consumer:event_strategy")
    for tick, jobs in ticks.items():
        app.task(
            _tick_task(tick, jobs), name=tick, send_events=False, Strategy="chassis.messaging.consumer:tick_strategy"
        )
    return app


# Celery has no types, so its signals are decorators of nobody knows what.
@setup_logging.connect  # type: ignore[untyped-decorator]  # Celery has no types
def _keep_our_logging(**_: Any) -> None:
    """A receiver alone keeps Celery from configuring the logs: Django's settings did."""


@worker_init.connect  # type: ignore[untyped-decorator]  # Celery has no types
def _send_spans(**_: Any) -> None:
    tracing.start()


@worker_ready.connect  # type: ignore[untyped-decorator]  # Celery has no types
def _collect_rarely(**_: Any) -> None:
    garbage.settle()


def _never_run() -> None:
    """Events are handled in batches, by chassis.messaging.batches; Celery knows of them by their names."""
    raise NotImplementedError


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
