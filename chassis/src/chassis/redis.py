"""One guarded Redis client per process: short timeouts and a breaker, for nothing here may hang on Redis."""

from functools import cache
from typing import Any

import pybreaker
import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.client import Pipeline
from redis.retry import Retry


class RedisUnavailable(redis.RedisError):
    """Redis is away: the caller goes on without it."""


# After three failures in a row one call in two seconds tries again; the others fail at once.
_breaker = pybreaker.CircuitBreaker(
    fail_max=3, reset_timeout=2, exclude=[lambda exc: not _means_away(exc)], name="redis"
)


def _means_away(exc: BaseException) -> bool:
    return isinstance(exc, redis.ConnectionError | redis.TimeoutError | redis.exceptions.BusyLoadingError)


def _guarded(call: Any, *args: Any, **kwargs: Any) -> Any:
    try:
        return _breaker.call(call, *args, **kwargs)
    except pybreaker.CircuitBreakerError as exc:
        raise RedisUnavailable("circuit open") from exc
    except redis.RedisError as exc:
        if _means_away(exc):
            raise RedisUnavailable(type(exc).__name__) from exc
        raise


class GuardedPipeline(Pipeline):
    def execute(self, raise_on_error: bool = True) -> Any:
        return _guarded(super().execute, raise_on_error)


class GuardedRedis(redis.Redis):
    """Raises RedisUnavailable instead of connection errors and timeouts, at once while the breaker is open."""

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
        socket_timeout=0.2,
        socket_connect_timeout=0.2,
        # One repetition, at once: after a restart of Redis every pooled connection fails exactly once.
        retry=Retry(NoBackoff(), 1),
    )
    return GuardedRedis(connection_pool=pool)
