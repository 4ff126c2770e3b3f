"""Events in batches that form by themselves: whatever has arrived while the batch before was handled is the next one.

On an idle stack a batch is one event, which waits for nobody; under load it is as many as have arrived, and what comes
after several may gather for a moment.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.db import Error as DatabaseFailure
from django.db import connection

from chassis.jitter import jittered
from chassis.messaging import task_metrics
from chassis.messaging.events import Event, at_hand
from chassis.messaging.inbox import Handlers, Lock, receive_all
from chassis.storage.database import is_away, is_busy, patiently
from chassis.telemetry import tracing

log = logging.getLogger(__name__)

BATCH = 64
# After a batch of so many the next ones gather, for so long or until a whole batch is there: where the processor is
# full, a transaction, its commit and an acknowledgement for each few of them are most of what they cost.
SEVERAL = 4
GATHER_SECONDS = 0.05
# What the broker hands over before any of it is acknowledged: the batch at hand, and the next one.
PREFETCH = 2 * BATCH
# Well under the 30 minutes after which RabbitMQ takes a message from a consumer that does not acknowledge it.
AWAY_SECONDS = 600.0
# A batch does not wait for a row that somebody else has: it is handled one by one then, and that one put aside.
LOCK_SECONDS = 0.5
# How long an event that is held up is put aside, doubled each time; after AWAY_SECONDS it is dead-lettered.
ASIDE_SECONDS = 1.0
# How long a worker that is told to stop waits for the batch at hand; what is not acknowledged by then comes again.
STOP_SECONDS = 30.0


class Verdict(StrEnum):
    """What becomes of a delivery, as the metrics call it."""

    HANDLED = "succeeded"
    DEAD_LETTERED = "dead_lettered"
    PUT_BACK = "requeued"


@dataclass(slots=True, eq=False)
class Delivery:
    """An event that has come, and its message, which is to be settled in the thread of the connection.

    arrived, ended: by time.perf_counter(). error: the class of what its handler raised. told: the monitoring knows of
    its arrival. due: when it is tried again that was put aside, by time.perf_counter(), after so many seconds.
    """

    event: Event
    message: Any = field(repr=False)
    arrived: float = field(default_factory=time.perf_counter)
    ended: float = 0.0
    verdict: Verdict | None = None
    error: str = ""
    told: bool = False
    due: float = 0.0
    aside: float = 0.0


class Lane:
    """The events of one worker: handled batch by batch in a thread of its own, one batch at a time.

    One at a time lets batches grow under load. The connection's thread puts deliveries in, and settles them when it is
    woken.
    """

    def __init__(self, handlers: Handlers, *, lock: Lock | None = None) -> None:
        self._handlers = handlers
        self._lock = lock
        self._waiting: deque[Delivery] = deque()
        self._aside: list[Delivery] = []
        self._handled: deque[Delivery] = deque()
        self._arrival = threading.Condition()
        self._enough = threading.Event()
        self._idle = threading.Event()
        self._idle.set()
        self._open = False
        self._wake: Callable[[], object] = lambda: None
        self._thread: threading.Thread | None = None

    def start(self, *, wake: Callable[[], object]) -> None:
        """wake: called, in the thread of the lane, when deliveries have ended."""
        with self._arrival:
            self._open = True
            self._wake = wake
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="events", daemon=True)
                self._thread.start()

    def put(self, delivery: Delivery) -> None:
        with self._arrival:
            if self._open:  # else it comes again, when the channel closes
                self._waiting.append(delivery)
                self._arrival.notify()
                if len(self._waiting) >= BATCH:
                    self._enough.set()

    def stop(self, *, seconds: float = STOP_SECONDS) -> None:
        """Takes nothing more, and waits for the batch at hand. What has only arrived comes again."""
        with self._arrival:
            self._open = False
            self._waiting.clear()
            self._aside.clear()
            self._arrival.notify()
            self._enough.set()
        self._idle.wait(seconds)

    def settled(self) -> list[Delivery]:
        """What was handled since it was last asked."""
        return [self._handled.popleft() for _ in range(len(self._handled))]

    def _run(self) -> None:
        while (taken := self._next()) is not None:
            batch, again = taken
            try:
                if batch:
                    self.handle(batch)
                for one in again:
                    self.handle([one], hastily=True)
                if len(batch) >= SEVERAL:
                    self._enough.wait(GATHER_SECONDS)
            except Exception:
                # Not of an event, those were caught: whatever it was, they come again.
                log.exception("batch put back")
                left = [one for one in (*batch, *again) if one.verdict is None and one not in self._aside]
                self._end(left, Verdict.PUT_BACK)

    def _next(self) -> tuple[list[Delivery], list[Delivery]] | None:
        """What has arrived, and what was put aside and is due; waits until there is something. None: it is stopped."""
        with self._arrival:
            while self._open and not (self._waiting or self._due()):
                self._idle.set()
                self._arrival.wait(ASIDE_SECONDS / 4 if self._aside else None)
            if not self._open:
                connection.close()
                self._thread = None
                self._idle.set()
                return None
            batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            if len(self._waiting) < BATCH:
                self._enough.clear()
            again = self._due()
            self._aside = [one for one in self._aside if one not in again]
            self._idle.clear()
        return batch, again

    def _due(self) -> list[Delivery]:
        now = time.perf_counter()
        return [one for one in self._aside if one.due <= now]

    def handle(self, batch: Sequence[Delivery], *, hastily: bool = False) -> None:
        """A verdict for each of them, but for those that are put aside, for somebody else has their rows.

        What befalls one event befalls the whole batch, which is rolled back. What an event does wrong is found by
        halving; what is held up, by handling one after the other. hastily: no row is waited for.
        """
        with tracing.events_handled([one.event for one in batch]) as events:
            failure = self._tried(events, hastily=hastily or len(batch) > 1)
            if failure is None:
                self._end(batch, Verdict.HANDLED)
            elif is_busy(failure):
                if len(batch) == 1:
                    self._put_aside(batch[0], failure)
                else:
                    for one in batch:
                        self.handle([one], hastily=True)
            elif is_away(failure):
                self._put_back(batch, failure)
            elif len(batch) == 1:
                self._dead_letter(batch, failure)
            else:
                half = len(batch) // 2
                self.handle(batch[:half])
                self.handle(batch[half:])

    def _tried(self, events: Sequence[Event], *, hastily: bool) -> Exception | None:
        seconds = LOCK_SECONDS if hastily else None

        def receive() -> None:
            # What is asked for all of them at once stands in the trace of the first.
            with at_hand(events[0]) if len(events) == 1 else tracing.event_at_hand(events[0].id):
                receive_all(events, self._handlers, lock=self._lock, lock_seconds=seconds)

        try:
            patiently(receive, unless=is_busy)
        except Exception as exc:  # noqa: BLE001  (whatever it is, the caller looks at it)
            return exc
        return None

    def _put_aside(self, one: Delivery, failure: Exception) -> None:
        now = time.perf_counter()
        if now - one.arrived > AWAY_SECONDS:
            self._dead_letter([one], failure)
            return
        one.aside = min(max(one.aside * 2, ASIDE_SECONDS), AWAY_SECONDS / 10)
        one.due = now + jittered(one.aside)
        with at_hand(one.event):
            log.warning("event put aside", extra={"event_type": one.event.type, "error": type(failure).__name__})
        with self._arrival:
            if self._open:
                self._aside.append(one)

    def _dead_letter(self, batch: Sequence[Delivery], failure: Exception) -> None:
        for one in batch:
            one.error = type(failure).__name__
            tracing.event_failed(one.event.id, failure)
            with at_hand(one.event):
                log.error("event dead-lettered", extra={"event_type": one.event.type}, exc_info=failure)
        self._end(batch, Verdict.DEAD_LETTERED)

    def _put_back(self, batch: Sequence[Delivery], failure: Exception) -> None:
        _await_database()
        for one in batch:
            with at_hand(one.event):
                log.warning("event put back", extra={"event_type": one.event.type, "error": type(failure).__name__})
        self._end(batch, Verdict.PUT_BACK)

    def _end(self, deliveries: Sequence[Delivery], verdict: Verdict) -> None:
        now = time.perf_counter()
        for one in deliveries:
            one.verdict, one.ended = verdict, now
            task_metrics.ended(one.event.type, verdict, now - one.arrived)
        self._handled.extend(deliveries)
        self._wake()


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
