"""Auth's public keys: fetched once, kept while auth is away, renewed when they change."""

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm
from servers import Request, Server, serving

from chassis.storage.http import Client
from chassis.testing import wait_until
from chassis.web import keys as web_keys
from chassis.web.keys import KeySet
from chassis.web.problems import ServiceUnavailable, Unauthenticated


def public(key: Any, kid: str) -> dict[str, Any]:
    return {**json.loads(OKPAlgorithm.to_jwk(key.public_key())), "kid": kid, "use": "sig", "alg": "EdDSA"}


class Auth:
    """An auth service that publishes keys, or fails to."""

    def __init__(self) -> None:
        self.keys = [public(Ed25519PrivateKey.generate(), "one")]
        self.status = 200
        self.body: Any = None
        self.gate = threading.Event()
        self.gate.set()

    def decide(self, request: Request) -> None:
        self.gate.wait(10)
        good = {"keys": self.keys} if self.status == 200 else {"code": "service_unavailable"}
        request.answer(self.status, good if self.body is None else self.body)


@pytest.fixture
def issuer() -> Auth:
    return Auth()


@pytest.fixture
def server(issuer: Auth) -> Iterator[Server]:
    with serving(issuer.decide) as opened:
        yield opened


@pytest.fixture
def keys(server: Server) -> KeySet:
    client = Client("auth", server.base, timeout=(5.0, 5.0), retries=0, breaker_failures=1000)
    return KeySet(lambda: client.get("/.well-known/jwks.json").json())


def grow_old(keys: KeySet, *, seconds: float) -> None:
    keys._asked -= seconds
    keys.fetched_at -= seconds


def test_keys_are_fetched_once_for_any_number_of_calls(keys: KeySet, server: Server) -> None:
    assert all(keys.key("one") is keys.key("one") for _ in range(100))
    assert [request.path for request in server.requests] == ["/.well-known/jwks.json"]


def test_many_threads_that_come_first_share_one_fetch(keys: KeySet, server: Server, issuer: Auth) -> None:
    issuer.gate.clear()
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(keys.key("one"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    wait_until(lambda: server.requests)
    issuer.gate.set()
    for thread in threads:
        thread.join(5)
    assert len(found) == 8
    assert len(server.requests) == 1


def test_a_new_key_is_fetched_when_a_token_names_it(keys: KeySet, server: Server, issuer: Auth) -> None:
    keys.key("one")
    issuer.keys.append(public(Ed25519PrivateKey.generate(), "two"))
    grow_old(keys, seconds=6)
    assert keys.key("two")
    assert keys.key("one")
    assert len(server.requests) == 2


def test_made_up_key_ids_cost_auth_one_question_in_five_seconds(keys: KeySet, server: Server) -> None:
    keys.key("one")
    grow_old(keys, seconds=6)
    for n in range(50):
        with pytest.raises(Unauthenticated):
            keys.key(f"made-up-{n}")
    assert len(server.requests) == 2


def test_a_withdrawn_key_is_forgotten_at_the_next_renewal(keys: KeySet, server: Server, issuer: Auth) -> None:
    keys.key("one")
    issuer.keys = [public(Ed25519PrivateKey.generate(), "two")]
    grow_old(keys, seconds=601)
    assert keys.key("one"), "this caller does not wait for the renewal"
    wait_until(lambda: "two" in keys.known)
    with pytest.raises(Unauthenticated):
        keys.key("one")


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, {"code": "internal_error"}),
        (503, {"code": "service_unavailable"}),
        (200, {}),
        (200, []),
        (200, {"keys": []}),
        (200, {"keys": ["x"]}),
        (200, {"keys": None}),
        (200, {"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "one", "x": "!"}]}),
        (200, {"keys": [{"kty": "RSA", "kid": "one"}]}),
        (200, {"keys": [{"kty": "OKP", "crv": "X25519", "kid": "one", "x": "A" * 43}]}),
        (200, b"<html>"),
    ],
)
def test_keys_are_kept_while_auth_answers_nonsense(
    keys: KeySet, server: Server, issuer: Auth, status: int, body: Any
) -> None:
    known = keys.key("one")
    issuer.status, issuer.body = status, body
    grow_old(keys, seconds=601)
    assert keys.key("one") is known
    wait_until(lambda: len(server.requests) == 2 and not keys._lock.locked())
    assert keys.key("one") is known


def test_nobody_waits_for_an_auth_that_hangs(keys: KeySet, server: Server, issuer: Auth) -> None:
    keys.key("one")
    issuer.gate.clear()
    grow_old(keys, seconds=601)
    started = time.monotonic()
    for _ in range(1000):
        keys.key("one")
    assert time.monotonic() - started < 4, "the fetch alone takes five seconds to give up"
    wait_until(lambda: len(server.requests) == 2)
    issuer.gate.set()


def test_without_auth_and_without_keys_the_caller_is_told_to_come_back(keys: KeySet, issuer: Auth) -> None:
    issuer.status = 503
    with pytest.raises(ServiceUnavailable) as refused:
        keys.key("one")
    assert int(refused.value.headers["Retry-After"]) > 0
    issuer.status = 200
    grow_old(keys, seconds=1)
    assert keys.key("one")


def test_a_key_that_could_not_be_asked_for_is_not_called_unknown(keys: KeySet, issuer: Auth) -> None:
    keys.key("one")
    issuer.status = 503
    grow_old(keys, seconds=6)
    with pytest.raises(ServiceUnavailable):
        keys.key("two")


def test_auth_itself_asks_nobody(settings: Any) -> None:
    settings.JWKS = {"keys": [public(Ed25519PrivateKey.generate(), "own")]}
    web_keys.key_set.cache_clear()
    try:
        assert web_keys.key_set().key("own")
    finally:
        web_keys.key_set.cache_clear()
