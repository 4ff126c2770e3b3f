"""Saved cards: tokens in, never numbers."""

from collections.abc import Callable
from typing import Any

import pytest

from payments import methods
from payments.models import PaymentMethod
from tests.factories import PaymentMethodFactory

pytestmark = pytest.mark.django_db

Client = Any


@pytest.fixture
def customer(sign_in: Callable[..., Client]) -> Client:
    return sign_in()


def test_a_card_is_saved_shown_and_forgotten(customer: Client) -> None:
    saved = customer.post("/payments/methods", {"token": "tok_visa"})
    assert saved.status_code == 201
    method = saved.json()
    assert (method["brand"], method["last4"], "gateway_token" in method) == ("visa", "4242", False)
    assert customer.get("/payments/methods").json()["results"] == [method]
    assert customer.get(f"/payments/methods/{method['id']}").json() == method
    assert customer.delete(f"/payments/methods/{method['id']}").status_code == 204
    assert customer.get("/payments/methods").json()["results"] == []
    assert customer.delete(f"/payments/methods/{method['id']}").status_code == 404


def test_the_same_token_again_is_the_same_method(customer: Client) -> None:
    first = customer.post("/payments/methods", {"token": "tok_visa"})
    second = customer.post("/payments/methods", {"token": "tok_visa"})
    assert (second.status_code, second.json()) == (200, first.json())


def test_two_customers_with_one_token_have_a_method_each(customer: Client, sign_in: Callable[..., Client]) -> None:
    ids = {client.post("/payments/methods", {"token": "tok_visa"}).json()["id"] for client in (customer, sign_in())}
    assert len(ids) == 2


def test_somebody_elses_card_does_not_exist(customer: Client) -> None:
    theirs = PaymentMethodFactory()
    assert customer.get(f"/payments/methods/{theirs.id}").status_code == 404
    assert customer.delete(f"/payments/methods/{theirs.id}").status_code == 404
    assert PaymentMethod.objects.filter(id=theirs.id).exists()


def test_a_token_the_gateway_never_gave_out_is_402(customer: Client) -> None:
    answer = customer.post("/payments/methods", {"token": "tok_of_nobody"})
    assert (answer.status_code, answer.json()["code"]) == (402, "invalid_token")


def test_without_the_gateway_nothing_is_saved(customer: Client, settings: Any) -> None:
    settings.PAYMENT_GATEWAY_URL = "http://127.0.0.1:9"
    answer = customer.post("/payments/methods", {"token": "tok_visa"})
    assert (answer.status_code, answer.json()["code"]) == (503, "gateway_unavailable")
    assert not PaymentMethod.objects.exists()


def test_the_number_of_saved_cards_is_bounded(customer: Client) -> None:
    PaymentMethodFactory.create_batch(methods.MOST_PER_USER, user_id=customer.user_id)
    answer = customer.post("/payments/methods", {"token": "tok_visa"})
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_payment_methods")


@pytest.mark.parametrize(
    "number",
    ["4242424242424242", "4242 4242 4242 4242", "4242-4242-4242-4242", "tok_4242424242424242", 4242424242424242],
)
def test_a_card_number_is_refused_and_not_repeated(customer: Client, number: object) -> None:
    for path, body in [
        ("/payments/methods", {"token": number}),
        ("/payments", {"booking_id": str(customer.user_id), "payment_method": {"token": number}}),
    ]:
        answer = customer.post(path, body, headers={"Idempotency-Key": "key-of-this-test"})
        assert (answer.status_code, answer.json()["code"]) == (400, "card_number_refused")
        assert b"4242" not in answer.content
