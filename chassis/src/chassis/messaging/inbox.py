"""Events arrive at least once; their effect happens once."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.db import connection, transaction

from chassis.messaging.events import Event
from chassis.telemetry import metrics

log = logging.getLogger(__name__)

HANDLED = metrics.counter("inbox_handled_total", "Events handled", ["type"])
DUPLICATES = metrics.counter("inbox_duplicates_total", "Events that had been handled before", ["type"])
SECONDS = metrics.histogram("inbox_handler_seconds", "Time from receipt of an event to its effect", ["type"])


@dataclass(frozen=True, slots=True)
class Handler:
    """What an event does.

    apply runs in the transaction of the inbox row: exactly once, and nothing from the network.
    then runs after the commit, on every delivery, duplicates too, outside any transaction: calls to other servers
    belong there, and it looks at the rows to see what is still to be done.
    """

    apply: Callable[[Event], object]
    then: Callable[[Event], object] | None = None


def receive(event: Event, handler: Handler | Callable[[Event], object]) -> bool:
    """Handles one delivery; True when its effect was new. Exceptions of the handler pass through."""
    if not isinstance(handler, Handler):
        handler = Handler(apply=handler)
    started = time.perf_counter()
    with transaction.atomic():
        fresh = _remember(event)
        if fresh:
            handler.apply(event)
    # Both, so that the first duplicate is a step from zero and not a series out of nowhere.
    HANDLED.labels(event.type).inc(int(fresh))
    DUPLICATES.labels(event.type).inc(int(not fresh))
    if handler.then is not None:
        handler.then(event)
    seconds = time.perf_counter() - started
    SECONDS.labels(event.type).observe(seconds)
    log.info(
        "event handled" if fresh else "event seen before",
        extra={
            "event_type": event.type,
            "event_id": str(event.id),
            "subject": event.subject,
            "seconds": round(seconds, 4),
        },
    )
    return fresh


def _remember(event: Event) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO inbox (consumer, event_id, type, handled_at) VALUES (%s, %s, %s, now())"
            " ON CONFLICT DO NOTHING",
            [settings.SERVICE_NAME, event.id, event.type],
        )
        return bool(cursor.rowcount)
