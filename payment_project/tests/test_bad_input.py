"""Whatever is sent, the answer is problem+json with the right status, never a 500."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from chassis.ids import uuid7
from chassis.money import LARGEST_PAYMENT

pytestmark = pytest.mark.django_db

Client = Any
ID = "019ab1c8-1000-7a00-8000-000000000b01"
CARD = {"token": "tok_visa"}


@pytest.fixture
def staff(sign_in: Callable[..., Client]) -> Client:
    return sign_in(roles=("support",))


def post(client: Client, path: str, body: Any, content_type: str = "application/json", **headers: str) -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {"Idempotency-Key": str(uuid7()), **{name.replace("_", "-"): value for name, value in headers.items()}}
    return client.generic("POST", path, content, content_type=content_type, headers=sent)


def is_problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == status
    assert problem["code"]
    assert "Traceback" not in answer.content.decode()
    return problem


@pytest.mark.parametrize("path", ["/payments", "/refunds", "/payments/methods"])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b"null",
        b"[]",
        b'"text"',
        b"1",
        b"{}",
        b'{"token": "\\u0000", "reason": "\\u0000"}',
        b'{"token": "\\ud800"}',
        b'{"amount": NaN}',
        b"\xff\xfe",
        b"[" * 5000,
        b'{"unknown": 1}',
    ],
)
def test_a_body_that_makes_no_sense_is_400(staff: Client, path: str, body: bytes) -> None:
    is_problem(post(staff, path, body), 400)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"payment_method": CARD}, "/booking_id"),
        ({"booking_id": ID}, "/payment_method"),
        ({"booking_id": 1, "payment_method": CARD}, "/booking_id"),
        ({"booking_id": "x", "payment_method": CARD}, "/booking_id"),
        ({"booking_id": None, "payment_method": CARD}, "/booking_id"),
        ({"booking_id": [ID], "payment_method": CARD}, "/booking_id"),
        ({"booking_id": ID, "payment_method": None}, "/payment_method"),
        ({"booking_id": ID, "payment_method": "tok_visa"}, "/payment_method"),
        ({"booking_id": ID, "payment_method": {}}, "/payment_method"),
        ({"booking_id": ID, "payment_method": {"token": ""}}, "/payment_method/token"),
        ({"booking_id": ID, "payment_method": {"token": 1}}, "/payment_method/token"),
        ({"booking_id": ID, "payment_method": {"token": True}}, "/payment_method/token"),
        ({"booking_id": ID, "payment_method": {"token": ["tok_visa"]}}, "/payment_method/token"),
        ({"booking_id": ID, "payment_method": {"token": "visa"}}, "/payment_method/token"),
        ({"booking_id": ID, "payment_method": {"token": "tok_" + "x" * 200}}, "/payment_method/token"),
        ({"booking_id": ID, "payment_method": {"token": "tok_vïsa"}}, "/payment_method/token"),
        ({"booking_id": ID, "payment_method": {"token": "pm_" + "0a" * 12}}, "/payment_method/token"),
        ({"booking_id": ID, "payment_method": {"token": "kept_tok_anna"}}, "/payment_method/token"),
        ({"booking_id": ID, "payment_method": {"token": "TOK_visa"}}, "/payment_method/token"),
        ({"booking_id": ID, "payment_method": {"token": "tok_visa\n"}}, "/payment_method/token"),
        ({"booking_id": ID, "payment_method": {"id": "x"}}, "/payment_method/id"),
        ({"booking_id": ID, "payment_method": {"id": ID, "token": "tok_visa"}}, "/payment_method"),
        ({"booking_id": ID, "payment_method": {**CARD, "cvc": "123"}}, "/payment_method/cvc"),
        ({"booking_id": ID, "payment_method": CARD, "amount": 1}, "/amount"),
    ],
)
def test_each_bad_field_of_a_payment_is_pointed_at(staff: Client, body: Any, pointer: str) -> None:
    problem = is_problem(post(staff, "/payments", body), 400)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"payment_id": "x"}, "/payment_id"),
        ({"amount": 0}, "/amount"),
        ({"amount": -1}, "/amount"),
        ({"amount": 1.5}, "/amount"),
        ({"amount": "1000"}, "/amount"),
        ({"amount": True}, "/amount"),
        ({"amount": LARGEST_PAYMENT + 1}, "/amount"),
        ({"amount": {"amount": "1", "currency": "VND"}}, "/amount/amount"),
        ({"amount": {"amount": 1, "currency": "vnd"}}, "/amount/currency"),
        ({"amount": {"amount": 1}}, "/amount/currency"),
        ({"amount": {"amount": 1, "currency": "VND", "unit": "dong"}}, "/amount/unit"),
        ({"amount": [1]}, "/amount"),
        ({"amount": None}, "/amount"),
        ({"kind": "cancelled"}, "/kind"),
        ({"kind": ""}, "/kind"),
        ({"kind": None}, "/kind"),
        ({"kind": ["cancel"]}, "/kind"),
        ({"reason": ""}, "/reason"),
        ({"reason": "  "}, "/reason"),
        ({"reason": 5}, "/reason"),
        ({"reason": "x" * 201}, "/reason"),
        ({"status": "succeeded"}, "/status"),
    ],
)
def test_each_bad_field_of_a_refund_is_pointed_at(staff: Client, changes: dict[str, Any], pointer: str) -> None:
    problem = is_problem(post(staff, "/refunds", {"payment_id": ID, "reason": "why", **changes}), 400)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


@pytest.mark.parametrize("key", ["", "x" * 256, "with space", "ünicode", "\x7f"])
def test_a_malformed_idempotency_key_is_400(staff: Client, key: str) -> None:
    body = {"booking_id": ID, "payment_method": CARD}
    is_problem(post(staff, "/payments", body, Idempotency_Key=key), 400)


@pytest.mark.parametrize("path", ["/payments", "/refunds", "/payments/methods"])
def test_another_media_type_is_415(staff: Client, path: str) -> None:
    is_problem(post(staff, path, b"token=tok_visa", "application/x-www-form-urlencoded"), 415)
    is_problem(post(staff, path, b"<a/>", "text/xml"), 415)


@pytest.mark.parametrize("path", ["/payments", "/refunds", "/payments/methods", "/payments/webhooks/simulator"])
def test_a_body_of_three_megabytes_is_413(staff: Client, path: str) -> None:
    is_problem(post(staff, path, b'"' + b"x" * 3_000_000 + b'"'), 413)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/payments"),
        ("PUT", f"/payments/{ID}"),
        ("PUT", "/refunds"),
        ("PATCH", "/payments/methods"),
        ("GET", "/payments/webhooks/simulator"),
        ("TRACE", "/payments"),
    ],
)
def test_another_method_is_405(staff: Client, method: str, path: str) -> None:
    is_problem(staff.generic(method, path), 405)


@pytest.mark.parametrize(
    "path",
    [
        *(f"/payments/{ID}", "/payments/x", "/payments/1", "/payments/"),
        *(f"/refunds/{ID}", f"/payments/methods/{ID}", "/nothing"),
    ],
)
def test_what_is_not_there_is_404(staff: Client, path: str) -> None:
    is_problem(staff.get(path), 404)


@pytest.mark.parametrize(
    "query",
    [
        "cursor=x",
        "cursor=%00",
        "cursor=cD0y",
        "page_size=0",
        "page_size=101",
        "page_size=x",
        "booking_id=x",
        "booking_id=%00",
        "status=paid",
        "user_id=1",
        "unknown=1",
    ],
)
def test_a_bad_query_is_400(staff: Client, query: str) -> None:
    is_problem(staff.get(f"/payments?{query}"), 400)


@pytest.mark.parametrize(("method", "path"), [("GET", "/payments"), ("POST", "/payments"), ("POST", "/refunds")])
def test_without_a_token_it_is_401(api: Client, method: str, path: str) -> None:
    answer = api.generic(method, path, b"{}", content_type="application/json")
    is_problem(answer, 401)
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_every_answer_carries_the_correlation_id(staff: Client) -> None:
    answer = staff.get("/payments/x", headers={"X-Correlation-ID": "correlation-of-this-test"})
    assert answer.headers["X-Correlation-ID"] == "correlation-of-this-test"
    assert answer.json()["correlation_id"] == "correlation-of-this-test"
