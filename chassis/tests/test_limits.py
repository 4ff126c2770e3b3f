"""Limits by address and by user: told, counted over all processes, and in one round trip with the revocations."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIClient
from things.api import Things

from chassis.ids import uuid7
from chassis.storage import redis
from chassis.storage.redis import redis_client
from chassis.web.limits import looked_up

pytestmark = pytest.mark.django_db


@pytest.fixture
def at_gateway() -> Callable[..., dict[str, str]]:
    """at_gateway(3) → the headers of a request from an address of its own, of which three a minute are allowed."""
    number = uuid7().int

    def make(address_rate: int, user_rate: int = 100, other: int = 0) -> dict[str, str]:
        address = f"2001:db8:{number >> 48 & 0xFFFF:x}:{(number + other) & 0xFFFF:x}::{other + 1:x}"
        return {
            "HTTP_X_FORWARDED_FOR": address,
            "HTTP_X_RATE_PER_ADDRESS": str(address_rate),
            "HTTP_X_RATE_PER_USER": str(user_rate),
        }

    return make


def test_a_minutes_allowance_may_be_spent_at_once_and_then_429(api: APIClient, at_gateway: Any) -> None:
    answers = [api.get("/public", **at_gateway(3)) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert [answer["RateLimit"] for answer in answers[:3]] == [
        '"address";r=2;t=20',
        '"address";r=1;t=40',
        '"address";r=0;t=60',
    ]
    assert {answer["RateLimit-Policy"] for answer in answers} == {'"address";q=3;w=60'}
    refused = answers[-1]
    assert refused["RateLimit"].startswith('"address";r=0;t=')
    assert refused.json()["code"] == "too_many_requests"
    assert 18 <= int(refused["Retry-After"]) <= 20


def test_the_allowance_comes_back_evenly(api: APIClient, at_gateway: Any) -> None:
    headers = at_gateway(6)
    for _ in range(7):
        last = api.get("/public", **headers)
    assert last.status_code == 429
    [key] = redis_client().scan_iter("rate:address:*" + network(headers))
    # As if ten seconds had gone by.
    redis_client().set(key, float(redis_client().get(key)) - 10_000, keepttl=True)
    assert [api.get("/public", **headers).status_code for _ in range(2)] == [200, 429]


def network(headers: dict[str, str]) -> str:
    return ":".join(headers["HTTP_X_FORWARDED_FOR"].split(":")[:4]) + "::/64"


def test_a_user_is_counted_whatever_address_they_come_from(sign_in: Callable[..., APIClient], at_gateway: Any) -> None:
    customer = sign_in()
    answers = [customer.get("/things", **at_gateway(100, 2, other=n)) for n in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[0]["RateLimit-Policy"] == '"address";q=100;w=60, "user";q=2;w=60'
    assert answers[0]["RateLimit"] == '"address";r=99;t=1, "user";r=1;t=30'
    assert sign_in().get("/things", **at_gateway(100, 2)).status_code == 200


def test_an_address_is_counted_whoever_comes_from_it(sign_in: Callable[..., APIClient], at_gateway: Any) -> None:
    assert [sign_in().get("/things", **at_gateway(2)).status_code for _ in range(3)] == [200, 200, 429]


@pytest.mark.parametrize("token", ["Bearer nonsense", "Bearer a.b.c"])
def test_a_request_that_is_refused_counts_too(api: APIClient, at_gateway: Any, token: str) -> None:
    answers = [api.get("/things", HTTP_AUTHORIZATION=token, **at_gateway(2)) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [401, 401, 429]
    answers = [api.post("/nothing-but-get", **at_gateway(2, other=9)) for _ in range(3)]
    assert 429 not in {answer.status_code for answer in answers}  # what leads nowhere the gateway alone counts


def test_pages_of_the_admin_and_documents_count_as_well(api: APIClient, at_gateway: Any) -> None:
    for path in ("/admin/chassis/login/", "/docs/", "/plain/fine"):
        headers = at_gateway(1, other=len(path))
        assert [api.get(path, **headers).status_code for _ in range(2)] == [200, 429]


@pytest.mark.parametrize("rate", ["", "0", "-1", "x", "1e9", "9" * 30])
def test_without_a_number_from_the_gateway_nothing_is_counted(api: APIClient, at_gateway: Any, rate: str) -> None:
    headers = at_gateway(1) | {"HTTP_X_RATE_PER_ADDRESS": rate}
    answers = [api.get("/public", **headers) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {200}
    assert "RateLimit" not in answers[0]


def test_counting_and_the_revocations_are_one_round_trip(
    sign_in: Callable[..., APIClient], at_gateway: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer = sign_in()
    customer.get("/things", **at_gateway(100))  # the script is known to Redis from now on
    asked: list[str] = []
    guarded = redis._guarded

    def counted(call: Any, *args: Any, **kwargs: Any) -> Any:
        asked.append(str(args[0]))
        return guarded(call, *args, **kwargs)

    monkeypatch.setattr(redis, "_guarded", counted)
    assert customer.get("/things", **at_gateway(100)).status_code == 200
    assert asked == ["EVALSHA"]
    asked.clear()
    assert customer.get("/things").status_code == 200
    assert asked == ["MGET"]


def test_what_a_view_wants_to_know_of_its_caller_is_looked_up_in_that_round_trip_too(
    sign_in: Callable[..., APIClient], at_gateway: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[object] = []

    def get(self: Things, request: Request) -> Response:
        seen.append(looked_up(request))
        return Response({})

    customer, asked = sign_in(), []
    key = f"wanted:{uuid7()}"
    redis_client().set(key, "1", ex=60)
    customer.get("/things", **at_gateway(100))
    monkeypatch.setattr(Things, "get", get)
    monkeypatch.setattr(Things, "looks_up", lambda self, request, user_id: [key, f"{key}:{user_id}"])
    guarded = redis._guarded
    monkeypatch.setattr(redis, "_guarded", lambda *args, **more: asked.append(args) or guarded(*args, **more))
    for headers in (at_gateway(100), {}):
        assert customer.get("/things", **headers).status_code == 200
    assert len(asked) == 2
    assert seen == [{key: b"1", f"{key}:{customer.user_id}": None}] * 2  # type: ignore[attr-defined]


def test_without_redis_requests_pass(
    sign_in: Callable[..., APIClient], api: APIClient, at_gateway: Any, redis_at: Callable[[str], None]
) -> None:
    redis_at("redis://127.0.0.1:9/0")
    for client in (sign_in(), api):
        answers = [client.get("/public", **at_gateway(1)) for _ in range(3)]
        assert {answer.status_code for answer in answers} == {200}


def test_a_token_that_was_revoked_is_refused_in_the_same_breath(
    sign_in: Callable[..., APIClient], at_gateway: Any
) -> None:
    from chassis.web.revoked import revoke_token

    jti = uuid7().hex
    customer = sign_in(jti=jti)
    assert customer.get("/things", **at_gateway(100)).status_code == 200
    revoke_token(jti, seconds=60)
    assert customer.get("/things", **at_gateway(100)).status_code == 401
