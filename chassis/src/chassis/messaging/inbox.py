"""Events arrive at least once, often several together; the effect of each happens once."""

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from chassis.messaging.events import Event, at_hand
from chassis.storage.database import execute
from chassis.telemetry import metrics

log = logging.getLogger(__name__)

HANDLED = metrics.counter("inbox_handled_total", "Events handled", ["type"])
DUPLICATES = metrics.counter("inbox_duplicates_total", "Events that had been handled before", ["type"])
SECONDS = metrics.histogram("inbox_handler_seconds", "Time from receipt of an event to its effect", ["type"])

# Without a word of the consumer's own in it, the text is the same for every batch, and so stays prepared.
REMEMBER = """
INSERT INTO inbox (consumer, event_id, type, handled_at)
SELECT %s, event_id, type, now() FROM unnest(%s::uuid[], %s::text[]) AS event (event_id, type) ORDER BY event_id
ON CONFLICT DO NOTHING RETURNING event_id
"""


@dataclass(frozen=True, slots=True)
class Handler:
    """What the events of a type do, however many of them come together.

    apply_all gets those that are new, and runs in the transaction of their inbox rows: exactly once for each event,
    and nothing from the network.
    then_all runs after the commit, for every delivery, duplicates too, outside any transaction: calls to other servers
    belong there, and it looks at the rows to see what is still to be done.
    """

    apply_all: Callable[[Sequence[Event]], object]
    then_all: Callable[[Sequence[Event]], object] | None = None


# A function of one event stands for a handler that takes one after the other.
Handlers = Mapping[str, Handler | Callable[[Event], object]]
# Locks the rows that events of several types will touch, in one order, before any of them is handled.
Lock = Callable[[Sequence[Event]], object]


def each(work: Callable[[Event], object]) -> Callable[[Sequence[Event]], None]:
    """One event after the other, for what is not worth a statement for many."""

    def work_through(events: Sequence[Event]) -> None:
        for event in events:
            with at_hand(event):
                work(event)

    return work_through


def receive(event: Event, handler: Handler | Callable[[Event], object]) -> bool:
    """Handles one delivery; True when its effect was new. Exceptions of the handler pass through."""
    return bool(receive_all([event], {event.type: handler}))


def receive_all(
    events: Sequence[Event], handlers: Handlers, *, lock: Lock | None = None, lock_seconds: float | None = None
) -> set[UUID]:
    """Handles what came together, in one transaction; the ids of the events whose effect was new come back.

    lock_seconds: how long a row that somebody else has is waited for, if not as long as usual.
    Exceptions of the handlers pass through: of apply_all nothing has happened then, of then_all it happens again when
    the events come again.
    """
    started = time.perf_counter()
    distinct = list({event.id: event for event in events}.values())
    by_type = {type_: _handler(handlers[type_]) for type_ in {event.type for event in distinct}}
    with transaction.atomic():
        if lock_seconds is not None:
            execute("SELECT set_config('lock_timeout', %s, true)", [f"{lock_seconds * 1000:.0f}"])
        fresh = _remember(distinct)
        new = [event for event in distinct if event.id in fresh]
        if lock is not None and len(new) > 1:
            lock(new)
        for type_, group in _grouped(new):
            by_type[type_].apply_all(group)
    _count(events, fresh)
    for type_, group in _grouped(distinct):
        then_all = by_type[type_].then_all
        if then_all is not None:
            then_all(group)
    _tell(distinct, fresh, time.perf_counter() - started)
    return fresh


def _handler(handler: Handler | Callable[[Event], object]) -> Handler:
    return handler if isinstance(handler, Handler) else Handler(apply_all=each(handler))


def _grouped(events: Iterable[Event]) -> Iterable[tuple[str, list[Event]]]:
    """By type, in the order in which the first of each came."""
    groups: dict[str, list[Event]] = {}
    for event in events:
        groups.setdefault(event.type, []).append(event)
    return groups.items()


def _remember(events: Sequence[Event]) -> set[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(
            REMEMBER, [settings.SERVICE_NAME, [event.id for event in events], [event.type for event in events]]
        )
        return {event_id for (event_id,) in cursor.fetchall()}


def _count(events: Sequence[Event], fresh: set[UUID]) -> None:
    """Both, so that the first duplicate is a step from zero and not a series out of nowhere."""
    for type_, group in _grouped(events):
        new = len({event.id for event in group} & fresh)
        HANDLED.labels(type_).inc(new)
        DUPLICATES.labels(type_).inc(len(group) - new)


def _tell(events: Sequence[Event], fresh: set[UUID], seconds: float) -> None:
    for event in events:
        SECONDS.labels(event.type).observe(seconds)
        with at_hand(event):
            log.info(
                "event handled" if event.id in fresh else "event seen before",
                extra={
                    "event_type": event.type,
                    "event_id": str(event.id),
                    "subject": event.subject,
                    "seconds": round(seconds, 4),
                },
            )
