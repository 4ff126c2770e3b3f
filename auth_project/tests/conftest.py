from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from factories import PASSWORD, UserFactory
from rest_framework.test import APIClient

from accounts import sessions
from accounts.models import User
from accounts.tokens import TokenPair
from chassis.storage.redis import redis_client
from chassis.testing import redis_url
from chassis.web.keys import key_set

# A database of the real Redis for these tests alone.
OWN_REDIS = redis_url().rpartition("/")[0] + "/11"


@pytest.fixture(autouse=True, scope="session")
def _own_keys() -> None:
    """Loaded before any test trusts its own key beside them."""
    key_set().key(settings.TOKEN_KEYS.kid)


@pytest.fixture(autouse=True)
def _cheap_hashes(settings: Any) -> None:
    settings.BCRYPT_ROUNDS = 4


@pytest.fixture(autouse=True)
def _empty_redis(redis_at: Callable[[str], None]) -> None:
    """Each test begins with nothing in it."""
    redis_at(OWN_REDIS)
    redis_client().flushdb()


@pytest.fixture
def no_redis(redis_at: Callable[[str], None]) -> None:
    """Redis is away; nothing listens at the discard port."""
    redis_at("redis://127.0.0.1:9/0")


@pytest.fixture
def redis_is_back(no_redis: None, redis_at: Callable[[str], None]) -> None:
    """After no_redis, asked for in the middle of a test."""
    redis_at(OWN_REDIS)


@pytest.fixture
def committed(django_capture_on_commit_callbacks: Callable[..., Any]) -> Callable[..., Any]:
    """`with committed():` what is done inside is followed by what waits for its commit."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


@pytest.fixture
def api(db: None, committed: Callable[..., Any]) -> APIClient:
    """A client that is nobody; each request commits."""
    return _client(committed)


@pytest.fixture
def user(db: None) -> User:
    return UserFactory()


@pytest.fixture
def tokens_of() -> Callable[[User], TokenPair]:
    """tokens_of(user) → a pair from a real sign-in."""
    return lambda user: sessions.sign_in(login=user.username, password=PASSWORD)


@pytest.fixture
def client_of(committed: Callable[..., Any], tokens_of: Callable[[User], TokenPair]) -> Callable[[User], APIClient]:
    """client_of(user) → a client signed in as this user; its .tokens are the pair it got."""

    def make(user: User) -> APIClient:
        client = _client(committed)
        client.tokens = tokens_of(user)
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {client.tokens.access_token}")
        return client

    return make


def _client(committed: Callable[..., Any]) -> APIClient:
    class Client(APIClient):
        def request(self, **kwargs: Any) -> Any:
            with committed():
                return super().request(**kwargs)

    return Client(raise_request_exception=False)
