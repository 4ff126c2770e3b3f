"""pytest plugin of every service: `-p chassis.testing`. Real PostgreSQL, Redis and RabbitMQ, from the environment."""

import gc
import json
import re
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

import jwt
import pytest
import urllib3
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from chassis import garbage
from chassis.ids import uuid7
from chassis.messaging.events import Event

if TYPE_CHECKING:  # DRF's client wants settings, and the plugin is loaded before there are any
    from rest_framework.test import APIClient

T = TypeVar("T")

KEY_ID = "test"
SIGNING_KEY = Ed25519PrivateKey.generate()


def pytest_collection_finish() -> None:
    """What is loaded by now stays: looked through again and again, it takes a tenth of the time of the tests."""
    garbage.settle()
    gc.set_threshold(100_000, 20, 100)


def wait_until(condition: Callable[[], T], seconds: float = 30.0) -> T:
    """The first true value of condition(), asked again and again; fails the test after that many seconds."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            pytest.fail(f"still not true after {seconds} s: {condition!r}")
        time.sleep(0.02)


def assert_repeated(first: Any, again: Any) -> None:
    """The second answer is the first one, to the byte and by its headers, but for what says that it is a repetition."""
    assert "Idempotency-Replayed" not in first
    assert again["Idempotency-Replayed"] == "true"
    assert (again.status_code, again.content) == (first.status_code, first.content)
    own = {"X-Correlation-ID", "Idempotency-Replayed"}
    told, repeated = ({name: value for name, value in each.items() if name not in own} for each in (first, again))
    assert repeated == told


def metric(name: str, **labels: str) -> float:
    """What this process has counted or measured under that name; 0 for what it has not."""
    from prometheus_client import REGISTRY

    return REGISTRY.get_sample_value(name, labels) or 0.0


def access_token(
    *, user_id: UUID, roles: tuple[str, ...] = ("customer",), username: str = "someone", **claims: Any
) -> str:
    """A token like auth's, signed with the key the tests trust."""
    now = datetime.now(UTC)
    payload = {
        "token_type": "access",
        "user_id": str(user_id),
        "username": username,
        "roles": list(roles),
        "jti": uuid7().hex,
        "iat": now.timestamp(),
        "exp": now + timedelta(minutes=5),
        **claims,
    }
    return jwt.encode(payload, SIGNING_KEY, algorithm="EdDSA", headers={"kid": KEY_ID})


def contracts_folder() -> Path:
    """contracts/ of the checkout this runs in."""
    for folder in Path(settings.BASE_DIR).parents:
        if (folder / "contracts").is_dir():
            return folder / "contracts"
    raise FileNotFoundError("contracts")


@pytest.fixture(autouse=True, scope="session")
def _emptied_where_written() -> None:
    from chassis import testing_database

    testing_database.install()


@pytest.fixture(autouse=True, scope="session")
def _static_files_looked_for_when_asked_for() -> None:
    """Else each client of each test goes through all of them before its first request: a fifth of the tests' time."""
    settings.WHITENOISE_AUTOREFRESH = True


@pytest.fixture(autouse=True)
def _trusted_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tokens are verified by the real code; only the answer of auth's key endpoint is ours."""
    from chassis.web.keys import key_set

    keys = key_set()
    monkeypatch.setattr(keys, "known", {**keys.known, KEY_ID: SIGNING_KEY.public_key()})
    monkeypatch.setattr(keys, "fetched_at", time.monotonic())


class Saga:
    """Holds what a step emits against what contracts/saga.toml says that it may tell."""

    def __init__(self) -> None:
        rows = tomllib.loads((contracts_folder() / "saga.toml").read_text())["step"]
        self._tells = {row["on"]: set(row["tells"]) for row in rows if settings.SERVICE_NAME in row}
        self._told: ContextVar[set[str] | None] = ContextVar("told", default=None)

    def note(self, event_type: str) -> None:
        told = self._told.get()
        if told is not None:
            told.add(event_type)

    @contextmanager
    def step(self, name: Callable[[], str]) -> Iterator[None]:
        """What is emitted inside, in this thread, is within the row of this step; its name is asked for at the end."""
        told: set[str] = set()
        token = self._told.set(told)
        try:
            yield
        finally:
            self._told.reset(token)
        if told and self._tells:
            assert told <= self._tells.get(name(), set()), f"{name()}: contracts/saga.toml does not say {told}"


@pytest.fixture
def saga(monkeypatch: pytest.MonkeyPatch) -> Saga:
    from chassis.messaging import outbox
    from chassis.messaging.events import envelope

    saga = Saga()

    def noted(event: Any, **how: Any) -> dict[str, Any]:
        saga.note(event.type)
        return envelope(event, **how)

    monkeypatch.setattr(outbox, "envelope", noted)
    return saga


def _client(saga: Saga) -> "APIClient":
    """A client whose requests are steps of the saga."""
    from rest_framework.test import APIClient

    class Client(APIClient):
        def request(self, **kwargs: Any) -> Any:
            answered: list[Any] = []

            def name() -> str:
                match = answered[0].resolver_match
                route = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", match.route) if match else ""
                return f"{kwargs['REQUEST_METHOD']} /{route}"

            with saga.step(name):
                answered.append(super().request(**kwargs))
            return answered[0]

    return Client(raise_request_exception=False)


@pytest.fixture
def api(saga: Saga) -> "APIClient":
    """A client that is nobody."""
    return _client(saga)


@pytest.fixture
def sign_in(saga: "Saga") -> "Callable[..., APIClient]":
    """sign_in(roles=("customer",), user_id=None) → a client with a valid Bearer token; its .user_id says whose."""

    def make(roles: tuple[str, ...] = ("customer",), user_id: UUID | None = None, **claims: Any) -> "APIClient":
        user_id = user_id or uuid7()
        client = _client(saga)
        client.user_id = user_id  # type: ignore[attr-defined]  # ours, for the test that asked for it
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {access_token(user_id=user_id, roles=roles, **claims)}")
        return client

    return make


@pytest.fixture
def golden() -> Callable[[str], dict[str, Any]]:
    """golden("booking.created") → that golden message, envelope and all."""

    def read(event_type: str) -> dict[str, Any]:
        message: dict[str, Any] = json.loads((contracts_folder() / f"{event_type}.json").read_text())
        return message

    return read


@pytest.fixture
def deliver(golden: Callable[[str], dict[str, Any]], saga: "Saga") -> Callable[..., bool]:
    """deliver(event_type, data=None, *, event_id=None, at=None, **overrides): one delivery through the real inbox.

    The data is the golden message's, with the overrides; at: when it was told. True when the effect was new. What the
    handler told must be what contracts/saga.toml says that it may tell.
    """
    from chassis.messaging.inbox import receive

    def send(
        event_type: str,
        data: dict[str, Any] | None = None,
        *,
        event_id: UUID | None = None,
        at: datetime | None = None,
        **overrides: Any,
    ) -> bool:
        handlers = import_module(f"{settings.SERVICE_APP}.handlers").HANDLERS
        message: dict[str, Any] = golden(event_type) if data is None else {"data": data}
        body = {**message["data"], **json.loads(json.dumps(overrides, default=str))}
        event = Event(
            id=event_id or uuid7(),
            type=event_type,
            source=message.get("source", "/test"),
            subject=message.get("subject", "test"),
            time=at or datetime.now(UTC),
            data=body,
        )
        with saga.step(lambda: event_type):
            return receive(event, handlers[event_type])

    return send


@pytest.fixture
def emitted() -> Callable[..., list[Event]]:
    """emitted("booking.created") → what the outbox holds of it, the oldest first; without a type: all of it."""
    from chassis.storage.models import OutboxMessage

    def read(event_type: str | None = None) -> list[Event]:
        rows = OutboxMessage.objects.order_by("id")
        if event_type is not None:
            rows = rows.filter(type=event_type)
        return [Event.parse(row.body) for row in rows]

    return read


@pytest.fixture(scope="module")
def _long_history(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    from chassis.testing_database import kept, large_world

    large = partial(large_world, theaters=2, movies=1000, showtimes=20_000, bookings=20_000, users=20_000)
    with django_db_blocker.unblock(), kept(large):
        yield


@pytest.fixture
def long_history(_long_history: None, db: None) -> None:
    """Thousands of everything that the service has: more than anything may look at. Loaded once for all of a module."""


@pytest.fixture
def redis_at(settings: Any) -> Iterator[Callable[[str], None]]:
    """redis_at(url): from now on Redis is there, the cache's too, and is asked even if it was away before."""
    from chassis.storage.redis import breaker

    def move(url: str) -> None:
        settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": url}}
        breaker.close()

    yield move
    breaker.close()


def redis_url() -> str:
    """Where Redis is at the moment."""
    address: str = settings.CACHES["default"]["LOCATION"]
    return address


@pytest.fixture
def broker(settings: Any) -> Iterator[str]:
    """The address of a new, empty vhost of the real RabbitMQ; settings.RABBITMQ_URL points at it meanwhile."""
    management = settings_env("RABBITMQ_MANAGEMENT_URL")
    name = f"test-{uuid7().hex}"
    parts = urllib3.util.parse_url(management)
    headers = urllib3.make_headers(basic_auth=parts.auth)
    base = f"{parts.scheme}://{parts.host}:{parts.port}/api"
    old = urllib3.util.parse_url(settings.RABBITMQ_URL)
    user = (old.auth or "").partition(":")[0]
    http = urllib3.PoolManager(timeout=urllib3.Timeout(connect=2, read=10), headers=headers)
    http.request("PUT", f"{base}/vhosts/{name}")
    http.request("PUT", f"{base}/permissions/{name}/{user}", json={"configure": ".*", "write": ".*", "read": ".*"})
    settings.RABBITMQ_URL = f"{old.scheme}://{old.auth}@{old.host}:{old.port}/{name}"
    try:
        yield settings.RABBITMQ_URL
    finally:
        http.request("DELETE", f"{base}/vhosts/{name}")


def settings_env(name: str) -> str:
    from chassis.settings import env

    value: str = env.str(name)
    return value
