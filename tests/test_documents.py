"""The documents of contracts/openapi: their examples are taken by the API, and what they do not say fails a test."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import contract
import pytest
from contract import METHODS, document
from endpoints import NOWHERE, SERVICES
from world import Market, Person, World, book, new_key, payment_of, settled

PREFIX = {"auth": "/api/auth"}
JSON = "application/json"
# What an example may meet that is no fault of its own: a mailed token or a ticket type that is made up.
MADE_UP = {"invalid_token", "unknown_ticket_type"}


def examples() -> Iterator[Any]:
    for service in SERVICES:
        for path, operations in document(service)["paths"].items():
            for method, says in operations.items():
                shown = says.get("requestBody", {}).get("content", {}).get(JSON, {}).get("examples", {})
                for name, example in shown.items():
                    yield pytest.param(service, method.upper(), path, example["value"], id=f"{method} {path} {name}")


@pytest.fixture(scope="module")
def things(world: World, market: Market, admin: Person) -> dict[str, Callable[[], Any]]:
    """What stands for the ids and times of the examples, by the name of their member: what is really there."""
    method = admin.post("/api/payments/methods", {"token": "tok_visa"}).json()["id"]
    choice = market.seats(2)
    paid = book(admin, choice, "tok_visa")
    settled(admin, paid, "CONFIRMED", "captured")
    return {
        "movie_id": lambda: market.movie["id"],
        "screen_id": lambda: market.screen["id"],
        "theater_id": lambda: market.theater["id"],
        "showtime_id": lambda: choice.showtime,
        "starts_at": lambda: (datetime.now(UTC) + timedelta(days=600)).isoformat(),
        "local_starts_at": lambda: f"{datetime.now(UTC) + timedelta(days=601):%Y-%m-%dT%H:%M}",
        "user_id": lambda: admin.id,
        "id": lambda: method,
        "booking_id": lambda: book(admin, market.seats(2))["id"],
        "payment_id": lambda: payment_of(admin, paid)["id"],
        "tag": lambda: "fr",
        "ticket": lambda: admin.get(f"/api/bookings/{paid['id']}").json()["ticket"],
    }


def real(value: Any, things: dict[str, Callable[[], Any]]) -> Any:
    if not isinstance(value, dict):
        return value
    return {
        name: things[name]() if name in things and isinstance(inner, str) else real(inner, things)
        for name, inner in value.items()
    }


@pytest.fixture(scope="module")
def selling(admin: Person) -> str:
    """A theater of its own, with ticket types: one with showtimes would tell of its prices."""
    where = {"city": "Hanoi", "address": "1 Test Street", "time_zone": "Asia/Ho_Chi_Minh", "currency": "VND"}
    theater: str = admin.post("/api/theaters", {"name": f"Selling {new_key()}", **where}).ok(201)["id"]
    for code in ("adult", "student"):
        admin.post(f"/api/theaters/{theater}/ticket-types", {"code": code, "name": code.capitalize()}).ok(201)
    return theater


@pytest.mark.parametrize(("service", "method", "path", "body"), list(examples()))
def test_the_api_takes_every_example_of_its_document(
    world: World,
    market: Market,
    admin: Person,
    things: dict[str, Callable[[], Any]],
    selling: str,
    service: str,
    method: str,
    path: str,
    body: dict[str, Any],
) -> None:
    who = world.new_customer() if service == "auth" else admin
    sent = real(body, things)
    if "seat_ids" in body or ("seats" in body and "showtime_id" in body):
        choice = market.seats(2)
        sent |= {"showtime_id": choice.showtime} if "showtime_id" in body else {}
        if "seat_ids" in body:
            sent["seat_ids"] = choice.seats
        else:
            sent["seats"] = [
                ticket | {"seat_id": seat} for ticket, seat in zip(sent["seats"], choice.seats, strict=True)
            ]
        things = {**things, "showtime_id": lambda: choice.showtime}
    if "current_password" in body:
        sent["current_password"] = who.password
    if "ticket-types" in path or "price-lists" in path:
        things = {**things, "theater_id": lambda: selling}
    # Nothing of the market is moved or cancelled.
    there = {} if (method, service) in {("PATCH", "catalog"), ("DELETE", "booking")} else things
    route = re.sub(r"{(\w+)}", lambda name: there.get(name[1], lambda: NOWHERE)(), path)
    answer = who.send(method, PREFIX.get(service, "/api") + route, sent, headers={"Idempotency-Key": new_key()})
    taken = answer.status not in (400, 415, 422) or answer.json()["code"] in MADE_UP
    assert taken, answer


def test_there_are_examples_of_every_body_that_is_json() -> None:
    shown = {(each.values[0], each.values[1], each.values[2]) for each in examples()}
    asked = {
        (service, method.upper(), path)
        for service in SERVICES
        for path, operations in document(service)["paths"].items()
        for method, says in operations.items()
        if JSON in says.get("requestBody", {}).get("content", {})
    }
    assert asked == shown
    assert len(asked) >= 20


ANSWER = {
    "keys": [{"kty": "OKP", "crv": "Ed25519", "x": "AQ", "kid": "1", "use": "sig", "alg": "EdDSA"}],
}
HEADERS = {"Content-Type": JSON, "X-Correlation-ID": "black-box-0001", "ETag": '"v1"'}


def held(**changed: Any) -> None:
    answer = {"status": 200, "headers": HEADERS, "body": json.dumps(ANSWER).encode(), **changed}
    contract.hold("GET", "/api/auth/.well-known/jwks.json", **answer)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"status": 202}, "this status is not documented"),
        ({"body": json.dumps({**ANSWER, "more": 1}).encode()}, "'more' was unexpected"),
        ({"body": b"{}"}, '"keys" is a required property'),
        ({"headers": {**HEADERS, "Content-Type": "text/html"}}, "media type 'text/html'"),
        ({"headers": {**HEADERS, "Retry-After": "2"}}, "Retry-After is not documented"),
        ({"headers": {"Content-Type": JSON, "ETag": '"v1"'}}, "X-Correlation-ID is missing"),
    ],
)
def test_an_answer_that_is_not_documented_fails_its_test(changed: dict[str, Any], said: str) -> None:
    held()
    with pytest.raises(AssertionError, match=re.escape(said)):
        held(**changed)


def test_every_route_of_the_documents_leads_to_its_service() -> None:
    found = 0
    for service in SERVICES:
        for path, operations in document(service)["paths"].items():
            address = PREFIX.get(service, "/api") + re.sub(r"{\w+}", NOWHERE, path)
            for method in operations.keys() & {name.lower() for name in METHODS}:
                routed = contract.routed(address)
                assert routed is not None
                operation = contract.operation_of(routed[0], method, routed[1])
                assert operation is not None
                assert (routed[0], operation.path) == (service, path)
                found += 1
    assert found >= 40


@pytest.mark.parametrize("service", SERVICES)
def test_a_query_parameter_that_no_document_names_is_a_400_wherever_something_is_read(
    admin: Person, service: str
) -> None:
    reads = [path for path, operations in document(service)["paths"].items() if "get" in operations]
    assert reads
    for path in reads:
        address = PREFIX.get(service, "/api") + re.sub(r"{\w+}", NOWHERE, path)
        told = admin.get(f"{address}?nobody_takes_this=1").problem(400, "bad_parameter")
        assert [error["parameter"] for error in told["errors"]] == ["nobody_takes_this"]
        assert told["instance"] == address
