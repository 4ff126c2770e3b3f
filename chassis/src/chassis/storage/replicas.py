"""Reads on streaming replicas: one that is behind, away or hung is left out, and the primary answers.

What a replica says is never older than its caller needs: the caller looks on the replica itself whether it has come
that far, and only then reads there. Replay goes forwards only, so whatever is read afterwards is at least as new.
"""

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from functools import cache
from typing import Any, TypeVar

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from django.db import Error as DatabaseFailure

from chassis.storage.breaker import Breaker, BreakerOpen
from chassis.storage.database import is_away
from chassis.telemetry.metrics import counter, gauge

T = TypeVar("T")

log = logging.getLogger(__name__)

SAMPLE_SECONDS = 1.0
# A lag is told up to so many samples.
SAMPLES = 600
# Places in the write-ahead log, as bytes since its beginning.
WRITTEN = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint"
REPLAYED = "SELECT coalesce(pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0'), 0)::bigint"

READS = counter("database_reads_total", "Reads that a replica may answer, by the server that did", ["server"])
LAG = gauge("database_replica_lag_seconds", "For how long a replica has lacked what the primary has", ["replica"])
LEFT_OUT = gauge("database_replica_left_out", "1 of a replica that is away or too far behind", ["replica"])

_reading_from: ContextVar[str] = ContextVar("reading_from", default=DEFAULT_DB_ALIAS)


class Router:
    """Django's: models are read where `read` says, and written and migrated at the primary alone."""

    def db_for_read(self, *_: Any, **__: Any) -> str:
        return _reading_from.get()

    def db_for_write(self, *_: Any, **__: Any) -> str:
        return DEFAULT_DB_ALIAS

    def allow_relation(self, *_: Any, **__: Any) -> bool:
        return True

    def allow_migrate(self, db: str, *_: Any, **__: Any) -> bool:
        return db == DEFAULT_DB_ALIAS


def read(load: Callable[[], T], *, is_current: Callable[[str], bool]) -> T:
    """load(), whose models are read from a replica for which is_current(alias) is true, else from the primary.

    is_current: asks the replica of this alias whether it has all that the answer must have. What load() raises is
    raised, but for errors of a replica: then the next one is asked, and the primary in the end.
    """
    for replica in _in_any_order():
        try:
            answer = replica.breaker.call(replica.ask, load, is_current)
        except (BreakerOpen, _Behind):
            continue
        except DatabaseFailure as exc:
            replica.failed(exc)
            continue
        READS.labels(replica.alias).inc()
        return answer
    READS.labels("primary").inc()
    return load()


def measure() -> None:
    """Tells how far behind each replica is, and which are left out; for the clock's second."""
    for alias in settings.DATABASE_REPLICAS:
        replica = _replica(alias)
        try:
            replica.breaker.call(replica.measure)
            LAG.labels(alias).set(replica.lag)
        except BreakerOpen:
            pass
        except DatabaseFailure as exc:
            replica.failed(exc)
        LEFT_OUT.labels(alias).set(replica.breaker.is_open or replica.is_late)


class _Behind(Exception):
    """The replica is there, and has not come far enough."""


class Replica:
    """One replica, as this process sees it.

    breaker: closed by its first answer; while it is away one read in one to eight seconds tries.
    lag: seconds for which it has lacked something that the primary has written, as last measured.
    """

    def __init__(self, alias: str) -> None:
        self.alias = alias
        self.breaker = Breaker(failures=1, reset=1.0, reset_max=8.0, counts=_is_away)
        self.lag = 0.0
        self._measured = 0.0
        self._measuring = threading.Lock()
        # When the primary had come how far, of what the replica has not replayed yet.
        self._unseen: deque[tuple[float, int]] = deque(maxlen=SAMPLES)

    @property
    def is_late(self) -> bool:
        return bool(self.lag > settings.DATABASE_REPLICA_MAX_LAG)

    def ask(self, load: Callable[[], T], is_current: Callable[[str], bool]) -> T:
        """Raises _Behind."""
        self.measure()
        if self.is_late or not is_current(self.alias):
            raise _Behind
        token = _reading_from.set(self.alias)
        try:
            return load()
        finally:
            _reading_from.reset(token)

    def measure(self) -> None:
        """Compares it with the primary, unless that was done within the last second."""
        now = time.monotonic()
        if now - self._measured < SAMPLE_SECONDS or not self._measuring.acquire(blocking=False):
            return
        try:
            self._measured = now
            with suppress(DatabaseFailure):  # nothing is written to a primary that is away
                self._unseen.append((now, _place(DEFAULT_DB_ALIAS, WRITTEN)))
            replayed = _place(self.alias, REPLAYED)
            while self._unseen and self._unseen[0][1] <= replayed:
                self._unseen.popleft()
            self.lag = now - self._unseen[0][0] if self._unseen else 0.0
        finally:
            self._measuring.release()

    def failed(self, exc: DatabaseFailure) -> None:
        connections[self.alias].close()
        log.warning("replica failed", extra={"replica": self.alias, "error": type(exc.__cause__ or exc).__name__})


def _is_away(exc: BaseException) -> bool:
    return isinstance(exc, DatabaseFailure) and is_away(exc)


def _in_any_order() -> list[Replica]:
    aliases = settings.DATABASE_REPLICAS
    return [_replica(alias) for alias in random.sample(aliases, len(aliases))]


@cache
def _replica(alias: str) -> Replica:
    return Replica(alias)


def _place(alias: str, statement: str) -> int:
    with connections[alias].cursor() as cursor:
        cursor.execute(statement)
        return int(cursor.fetchone()[0])
