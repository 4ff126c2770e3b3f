"""Whatever comes in, what goes out is a problem with the right status, and never a 500."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from client import Answer
from contract import document, operation_of, routed
from endpoints import ENDPOINTS, NOWHERE, SERVICES, Endpoint
from file_endpoints import FILES, FileEndpoint
from reads import ITEMS, LISTS
from world import Person, World, new_key

MALFORMED = {
    "nothing": b"",
    "an open brace": b"{",
    "not UTF-8": b"\xff\xfe{}",
    "NaN": b'{"amount": NaN}',
    "NUL": b'{"a": "b\\u0000c"}',
    "a lone surrogate": b'{"a": "\\ud800"}',
    "a name twice": b'{"a": 1, "a": 2}',
    "nested too deeply": b"[" * 50_000 + b"]" * 50_000,
    "a list": b"[]",
    "a text": b'"text"',
    "a number": b"7",
    "null": b"null",
    "an unknown field": b'{"no_such_field": 1}',
}
JSON = "application/json"
WRONG_ANYWHERE: list[Any] = [[], {}, True, {"$ne": None}, ["a", {"b": []}]]


Send = Callable[..., Answer]


def test_every_body_that_the_documents_name_is_tried() -> None:
    """That of a picture is tried by its service."""
    tried = {operation_at(each) for each in [*ENDPOINTS, *FILES]}
    named = {
        (service, method, path)
        for service in SERVICES
        for path, operations in document(service)["paths"].items()
        for method, says in operations.items()
        if JSON in says.get("requestBody", {}).get("content", {})
    }
    assert named
    assert named - tried == set()


def operation_at(each: Endpoint | FileEndpoint) -> tuple[str, str, str]:
    found = routed(each.path.partition("?")[0])
    assert found, each
    operation = operation_of(found[0], each.method, found[1])
    assert operation, each
    return found[0], each.method.lower(), operation.path


@pytest.fixture
def send(world: World, admin: Person) -> Send:
    """send(endpoint, body, …): as somebody who may do it, with a new key where one is needed."""

    def request(endpoint: Endpoint, body: Any = None, *, method: str = "", **sent: Any) -> Answer:
        who = world.anybody if endpoint.public else admin
        headers = {"Idempotency-Key": new_key()} if endpoint.key else {}
        return who.send(method or endpoint.method, endpoint.path, body, headers=headers, **sent)

    return request


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=str)
def test_a_malformed_body_is_a_400(send: Send, endpoint: Endpoint) -> None:
    tried = [(name, content) for name, content in MALFORMED.items() if content or not endpoint.optional]
    for name, content in tried:
        answer = send(endpoint, raw=content)
        assert answer.status == 400, (name, answer)
        answer.problem(400)
    assert len(tried) >= len(MALFORMED) - 1


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=str)
def test_a_wrong_value_is_a_400_that_points_at_it(send: Send, endpoint: Endpoint) -> None:
    tried = 0
    for name in {*endpoint.body, *endpoint.wrong}:
        good = endpoint.body.get(name)
        anywhere = [value for value in WRONG_ANYWHERE if type(value) is not type(good) or good == value]
        for value in [*anywhere, *endpoint.wrong.get(name, [])]:
            if value == good:
                continue
            body = {**endpoint.body, name: value}
            if name == "quantity":
                del body["seat_ids"]
            answer = send(endpoint, body)
            assert answer.status == 400, (name, value, answer)
            problem = answer.problem(400)
            if problem["code"] == "invalid":
                assert all({"pointer", "detail"} <= set(error) for error in problem["errors"]), problem
            tried += 1
    assert tried >= 3


@pytest.mark.parametrize("endpoint", [each for each in ENDPOINTS if not each.optional], ids=str)
def test_a_missing_field_is_a_400(send: Send, endpoint: Endpoint) -> None:
    may_miss = {"synopsis", "rating", "amount", "address"}
    for name in endpoint.body.keys() - may_miss:
        body = {kept: value for kept, value in endpoint.body.items() if kept != name}
        answer = send(endpoint, body)
        assert answer.status == 400, (name, answer)
        answer.problem(400)


def lacking(body: Any) -> Iterator[Any]:
    """The body without one member of an object that is in it, for each of them, however deep."""
    inner = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for place, value in inner:
        less = (
            [{kept: value[kept] for kept in value if kept != name} for name in value] if isinstance(value, dict) else []
        )
        for changed in [*less, *lacking(value)]:
            whole = body.copy()
            whole[place] = changed
            yield whole


@pytest.mark.parametrize("endpoint", [each for each in ENDPOINTS if any(lacking(each.body))], ids=str)
def test_what_is_nested_is_whole_or_a_400_in_a_change_too(send: Send, endpoint: Endpoint) -> None:
    """Where a body says what may be left out of it, such as the category of a seat, `body` leaves it out."""
    for body in lacking(endpoint.body):
        answer = send(endpoint, body)
        assert answer.status == 400, (body, answer)
        answer.problem(400)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=str)
def test_a_body_of_three_megabytes_is_a_413(send: Send, endpoint: Endpoint) -> None:
    send(endpoint, raw=b'{"a": "' + b"x" * 3_000_000 + b'"}').problem(413, "payload_too_large")


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=str)
@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/xml", "application/x-www-form-urlencoded", "nonsense"]
)
def test_another_media_type_is_a_415(send: Send, endpoint: Endpoint, media_type: str) -> None:
    send(endpoint, raw=b"a=b", media_type=media_type).problem(415)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=str)
def test_another_method_is_a_405_that_says_which_are_allowed(send: Send, endpoint: Endpoint) -> None:
    answer = send(endpoint, {}, method="PATCH" if endpoint.method == "PUT" else "PUT")
    answer.problem(405)
    assert endpoint.method in answer.headers["Allow"]


@pytest.mark.parametrize("method", ["TRACE", "PROPFIND", "BREW"])
def test_a_method_nobody_knows_is_refused(admin: Person, method: str) -> None:
    answer = admin.send(method, "/api/movies")
    assert answer.status in (400, 405), answer
    answer.problem(answer.status)


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    "query",
    ["cursor=nonsense", "cursor=%00", "cursor=%ff", "page_size=0", "page_size=-1", "page_size=x", "page_size=9999"],
)
def test_a_bad_page_is_a_400(admin: Person, path: str, query: str) -> None:
    answer = admin.get(f"{path}?{query}")
    assert answer.status == 400, answer
    answer.problem(400)


@pytest.mark.parametrize("path", ITEMS)
@pytest.mark.parametrize("what", [NOWHERE, "nonsense", "7", "%00", "..%2f..%2fetc%2fpasswd", "x" * 500, "%ff"])
def test_what_is_not_there_is_a_404(admin: Person, path: str, what: str) -> None:
    answer = admin.get(path.format(what))
    assert answer.status in ((404,) if what != "%00" else (400, 404)), answer
    answer.problem(answer.status)


@pytest.mark.parametrize(
    "query", ["movie_id=x", "theater_id=7", "date=soon", "date=2026-99-99", "movie_id=%00", "user_id=x"]
)
def test_a_filter_that_makes_no_sense_is_a_400(admin: Person, query: str) -> None:
    path = "/api/bookings" if query.startswith("user_id") else "/api/showtimes"
    admin.get(f"{path}?{query}").problem(400)


@pytest.mark.parametrize(
    "token", ["", "nonsense", "a.b.c", "eyJhbGciOiJub25lIn0.eyJ1c2VyX2lkIjoiMSJ9.", "\u00e9", "x" * 4000]
)
def test_a_bad_token_is_a_401(world: World, token: str) -> None:
    for path in ("/api/auth/users/me", "/api/bookings", "/api/payments", "/api/notifications/history"):
        answer = world.anybody.send(
            "GET", path, headers={"Authorization": f"Bearer {token}".encode().decode("latin-1")}
        )
        answer.problem(401)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_webhook_without_a_signature_is_refused(world: World) -> None:
    for content in (b"{}", b"", b"\xff", b"[" * 1000):
        answer = world.anybody.send("POST", "/api/payments/webhooks/simulator", raw=content)
        answer.problem(401, "invalid_signature")
    world.anybody.send("POST", "/api/payments/webhooks/nobody", raw=b"{}").problem(404)
