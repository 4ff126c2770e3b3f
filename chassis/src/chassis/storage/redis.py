"""One guarded Redis client per process: short timeouts and a breaker, for nothing here may hang on Redis."""

from functools import cache
from typing import Any

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.client import Pipeline
from redis.exceptions import (
    BusyLoadingError,
    ClusterDownError,
    MasterDownError,
    OutOfMemoryError,
    ReadOnlyError,
    ResponseError,
)
from redis.retry import Retry

from chassis.storage.breaker import Breaker, BreakerOpen
from chassis.telemetry import tracing

TIMEOUT_SECONDS = 0.2
# One repetition, at once: after a restart of Redis every pooled connection fails exactly once. Not after a timeout:
# the command may have been carried out.
RETRY = Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,))


class RedisUnavailable(redis.ConnectionError):
    """Redis is away: the caller goes on without it."""


_AWAY = (
    redis.ConnectionError,
    redis.TimeoutError,
    BusyLoadingError,
    ReadOnlyError,
    OutOfMemoryError,
    ClusterDownError,
    MasterDownError,
)


def _means_away(exc: BaseException) -> bool:
    """A Redis that cannot write (disk full, a replica, out of memory) is of as little use as one that is gone."""
    return isinstance(exc, _AWAY) or (isinstance(exc, ResponseError) and str(exc).startswith(("MISCONF", "NOREPLICAS")))


# After three failures in a row one call in two seconds tries again; the others fail at once.
_breaker = Breaker(failures=3, reset=2.0, counts=_means_away)


@tracing.redis_call
def _guarded(call: Any, *args: Any, **kwargs: Any) -> Any:
    try:
        return _breaker.call(call, *args, **kwargs)
    except BreakerOpen:
        raise RedisUnavailable("circuit open") from None
    except redis.RedisError as exc:
        if _means_away(exc):
            raise RedisUnavailable(type(exc).__name__) from exc
        raise


class GuardedPipeline(Pipeline):
    def execute(self, raise_on_error: bool = True) -> Any:
        return _guarded(super().execute, raise_on_error)


class GuardedRedis(redis.Redis):
    """Raises RedisUnavailable instead of connection errors and timeouts, at once while the breaker is open.

    Django's cache uses it too (settings.CACHES), where RedisUnavailable counts as a miss.
    """

    def execute_command(self, *args: Any, **options: Any) -> Any:
        return _guarded(super().execute_command, *args, **options)

    def pipeline(self, transaction: bool = True, shard_hint: Any = None) -> Pipeline:
        return GuardedPipeline(self.connection_pool, self.response_callbacks, transaction, shard_hint)


@cache
def redis_client() -> GuardedRedis:
    """The process's client of settings.REDIS_URL; texts come back as str. Timeouts are 0.2 s."""
    pool = redis.ConnectionPool.from_url(
        settings.REDIS_URL,
        decode_responses=True,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        retry=RETRY,
    )
    return GuardedRedis(connection_pool=pool)
