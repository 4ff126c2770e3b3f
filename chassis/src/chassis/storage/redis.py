"""Redis, guarded: short timeouts and a breaker, for nothing here may hang on it. The pool is django-redis's."""

from typing import Any, cast

import redis
from django_redis import get_redis_connection
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
    # In a pipeline redis-py says first which command it was.
    answer = str(exc).rpartition(" of pipeline caused error: ")[2]
    return isinstance(exc, _AWAY) or (isinstance(exc, ResponseError) and answer.startswith(("MISCONF", "NOREPLICAS")))


# After three failures in a row one call in two seconds tries again; the others fail at once.
breaker = Breaker(failures=3, reset=2.0, counts=_means_away)


@tracing.redis_call
def _guarded(call: Any, *args: Any, **kwargs: Any) -> Any:
    try:
        return breaker.call(call, *args, **kwargs)
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

    It is the client of Django's cache (settings.CACHES), where RedisUnavailable counts as a miss.
    """

    def execute_command(self, *args: Any, **options: Any) -> Any:
        return _guarded(super().execute_command, *args, **options)

    def pipeline(self, transaction: bool = True, shard_hint: Any = None) -> Pipeline:
        return GuardedPipeline(self.connection_pool, self.response_callbacks, transaction, shard_hint)


def redis_client() -> GuardedRedis:
    """The client of Django's cache, for what is no cache: keys are taken as they are, and bytes come back.

    There is one alias, for django-redis keeps its pools by address alone: a second one with other options would get
    the pool of whichever came first.
    """
    return cast(GuardedRedis, get_redis_connection())
