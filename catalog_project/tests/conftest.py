from collections.abc import Callable, Iterator
from typing import Any

import pytest
from factories import ShowtimeFactory
from pytest_django import DjangoCaptureOnCommitCallbacks
from rest_framework.test import APIClient

from catalog.models import Showtime
from chassis.storage.redis import RedisUnavailable, redis_client
from chassis.testing import wait_until

OWN_REDIS_DATABASE = 9


def redis_answers() -> bool:
    try:
        return bool(redis_client().ping())
    except RedisUnavailable:
        return False


@pytest.fixture(autouse=True)
def _own_redis(settings: Any) -> Iterator[None]:
    """The real Redis, in a database of the tests' own, with nothing of the catalog's in it."""
    base = settings.REDIS_URL.rpartition("/")[0]
    settings.REDIS_URL = f"{base}/{OWN_REDIS_DATABASE}"
    redis_client.cache_clear()
    wait_until(redis_answers, seconds=5)  # a test before may have left the breaker open
    keys = list(redis_client().scan_iter("catalog:*", count=1000))
    if keys:
        redis_client().delete(*keys)
    yield
    redis_client.cache_clear()


@pytest.fixture
def manager(sign_in: Callable[..., APIClient]) -> APIClient:
    return sign_in(roles=("manager",))


@pytest.fixture
def showtime(db: None) -> Showtime:
    return ShowtimeFactory()


@pytest.fixture
def commits(db: None, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks) -> Callable[[], Any]:
    """`with commits(): ...` runs what waits for the commit, as if the transaction of the test were none."""
    return lambda: django_capture_on_commit_callbacks(execute=True)
