"""How long statements take, and how much of a process's connections is in use."""

import threading
import time
from collections.abc import Callable
from typing import Any

from django.core.signals import request_started
from django.db import DEFAULT_DB_ALIAS
from django.db import connection as default_connection
from django.db.backends.signals import connection_created

from chassis.telemetry.metrics import counter, gauge, histogram

SLOW_SECONDS = 0.5
# More often, the pool would be asked for every request.
SAMPLE_SECONDS = 1.0

QUERIES = histogram(
    "database_query_seconds",
    "Time a statement took",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0),
)
SLOW = counter("database_slow_queries_total", f"Statements that took longer than {SLOW_SECONDS} s")
POOL = gauge("database_pool_connections", "Pooled connections, and threads that wait for one", ["state"], "livesum")

_sampled = 0.0
_counting = threading.Lock()


def connect() -> None:
    """Measures every connection that this process makes, or takes from its pool, from now on."""
    connection_created.connect(_watch)
    # While nobody gets a connection, none is made or taken: then too there is a pool to look at.
    request_started.connect(_look)


def _watch(connection: Any, **_: Any) -> None:
    if _timed not in connection.execute_wrappers:
        connection.execute_wrappers.append(_timed)
    if connection.alias == DEFAULT_DB_ALIAS:
        _sample(connection)


def _look(**_: Any) -> None:
    _sample(default_connection)


def _sample(connection: Any) -> None:
    global _sampled
    now = time.monotonic()
    pool = connection.pool if now - _sampled > SAMPLE_SECONDS else None
    if pool is not None:
        _sampled = now
        _count_waits(pool)
        stats = pool.get_stats()
        POOL.labels("used").set(stats["pool_size"] - stats["pool_available"])
        POOL.labels("idle").set(stats["pool_available"])


def _count_waits(pool: Any) -> None:
    """Whoever asks this pool for a connection is counted until they have it or give up.

    The pool's own number has those who gave up in it until another connection comes back.
    """
    with _counting:
        if "getconn" in vars(pool):
            return
        getconn, waiting = pool.getconn, POOL.labels("waiting")

        def counted(*args: Any, **named: Any) -> Any:
            waiting.inc()
            try:
                return getconn(*args, **named)
            finally:
                waiting.dec()

        pool.getconn = counted


def _timed(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
    started = time.perf_counter()
    try:
        return execute(sql, params, many, context)
    finally:
        seconds = time.perf_counter() - started
        QUERIES.observe(seconds)
        if seconds > SLOW_SECONDS:
            SLOW.inc()
