from collections.abc import Callable
from typing import Any

import pytest
from boards import signed_in
from django.test import Client
from factories import SELLER, PriceListFactory, ShowtimeFactory, TheaterFactory, with_types
from pytest_django import DjangoCaptureOnCommitCallbacks
from rest_framework.test import APIClient

from catalog.models import Showtime, Theater
from catalog.tariff_models import PriceList
from chassis.storage.redis import redis_client
from chassis.testing import redis_url

OWN_REDIS_DATABASE = 9


@pytest.fixture(autouse=True)
def _own_redis(redis_at: Callable[[str], None]) -> None:
    """The real Redis, in a database of the tests' own, with nothing of the catalog's in it."""
    base = redis_url().rpartition("/")[0]
    redis_at(f"{base}/{OWN_REDIS_DATABASE}")
    keys = list(redis_client().scan_iter("catalog:*", count=1000))
    if keys:
        redis_client().delete(*keys)


@pytest.fixture(autouse=True)
def _at_the_primary(settings: Any) -> None:
    """What a test has written it has not committed: a replica never sees it."""
    settings.DATABASE_REPLICAS = ()


@pytest.fixture
def manager(sign_in: Callable[..., APIClient]) -> APIClient:
    return sign_in(roles=("manager",))


@pytest.fixture
def planner(db: None) -> Client:
    """A browser in which somebody is signed in who manages the programme."""
    return signed_in("manager")


@pytest.fixture
def showtime(db: None) -> Showtime:
    return ShowtimeFactory()


@pytest.fixture
def theater(db: None) -> Theater:
    """With a seller and taxes, for adults and children."""
    made: Theater = TheaterFactory(**SELLER)
    with_types(made)
    return made


@pytest.fixture
def price_list(theater: Theater) -> PriceList:
    made: PriceList = PriceListFactory(theater=theater)
    return made


@pytest.fixture
def commits(db: None, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks) -> Callable[[], Any]:
    """`with commits(): ...` runs what waits for the commit, as if the transaction of the test were none."""
    return lambda: django_capture_on_commit_callbacks(execute=True)
