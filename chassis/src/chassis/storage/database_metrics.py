"""How long statements take, and how much of a process's connections is in use."""

import time
from collections.abc import Callable
from typing import Any

from django.core.signals import request_started
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


def connect() -> None:
    """Measures every connection that this process makes, or takes from its pool, from now on."""
    connection_created.connect(_watch)
    # While nobody gets a connection, none is made or taken, and just then there are threads that wait.
    request_started.connect(_look)


def _watch(connection: Any, **_: Any) -> None:
    if _timed not in connection.execute_wrappers:
        connection.execute_wrappers.append(_timed)
    _sample(connection)


def _look(**_: Any) -> None:
    _sample(default_connection)


def _sample(connection: Any) -> None:
    global _sampled
    now = time.monotonic()
    pool = connection.pool if now - _sampled > SAMPLE_SECONDS else None
    if pool is not None:
        _sampled = now
        stats = pool.get_stats()
        POOL.labels("used").set(stats["pool_size"] - stats["pool_available"])
        POOL.labels("idle").set(stats["pool_available"])
        # Those who gave up are among them until the next connection comes by.
        POOL.labels("waiting").set(stats["requests_waiting"])


def _timed(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
    started = time.perf_counter()
    try:
        return execute(sql, params, many, context)
    finally:
        seconds = time.perf_counter() - started
        QUERIES.observe(seconds)
        if seconds > SLOW_SECONDS:
            SLOW.inc()
