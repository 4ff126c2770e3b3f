"""Saved cards: tokens in, never numbers."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from chassis.ids import uuid7
from chassis.secrets import is_sealed
from chassis.testing_plans import analyze, costs
from payments import gateways, methods, tasks, vault
from payments.models import GatewayOperation, PaymentMethod
from tests.factories import PaymentFactory, PaymentMethodFactory
from tests.simulator import Simulator

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


def kept() -> PaymentMethod:
    return PaymentMethod.objects.get()


def test_what_a_card_is_charged_with_lies_sealed_wherever_it_is_kept(
    customer: Client, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = customer.post("/payments/methods", {"token": "tok_visa"}).json()
    token = vault.opened(kept().gateway_token)
    assert token.startswith("pm_")
    asked: list[str] = []
    perform = gateways.perform

    def look(operation: GatewayOperation) -> gateways.Outcome:
        asked.append(GatewayOperation.objects.get(id=operation.id).payment_token)
        return perform(operation)

    monkeypatch.setattr(gateways, "perform", look)
    for method in ({"id": saved["id"]}, {"token": "tok_visa"}):
        payment = PaymentFactory(user_id=customer.user_id)
        body = {"booking_id": str(payment.booking_id), "payment_method": method}
        assert customer.post("/payments", body, headers={"Idempotency-Key": str(uuid7())}).status_code == 201
    assert [vault.opened(sealed) for sealed in asked] == [token, "tok_visa"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT p::text FROM payment_methods p UNION ALL SELECT o::text FROM gateway_operations o")
        everything = "".join(row for (row,) in cursor.fetchall())
    for secret in (token, "tok_visa", *asked):
        assert (secret in everything) == (secret == kept().gateway_token)


def test_the_same_card_is_known_again_under_a_new_key(customer: Client, settings: Any) -> None:
    first = customer.post("/payments/methods", {"token": "tok_visa"}).json()
    settings.PAYMENT_SECRET_KEYS = ("n" * 48, *settings.PAYMENT_SECRET_KEYS)
    again = customer.post("/payments/methods", {"token": "tok_visa"})
    assert (again.status_code, again.json()) == (200, first)


def test_after_a_rotation_the_old_key_opens_nothing_that_is_kept(
    customer: Client, settings: Any, simulator: Simulator
) -> None:
    saved = customer.post("/payments/methods", {"token": "tok_visa"}).json()
    PaymentMethodFactory.create_batch(2)
    settings.PAYMENT_SECRET_KEYS = ("n" * 48, *settings.PAYMENT_SECRET_KEYS)
    assert tasks.reseal_tokens() == 3
    assert tasks.reseal_tokens() == 0
    settings.PAYMENT_SECRET_KEYS = ("n" * 48,)
    assert customer.post("/payments/methods", {"token": "tok_visa"}).json() == saved
    payment = PaymentFactory(user_id=customer.user_id)
    body = {"booking_id": str(payment.booking_id), "payment_method": {"id": saved["id"]}}
    assert customer.post("/payments", body, headers={"Idempotency-Key": "key-of-this-test"}).status_code == 201


def test_what_a_process_of_before_has_kept_open_is_sealed_by_the_clock_and_known_until_then(customer: Client) -> None:
    customer.post("/payments/methods", {"token": "tok_visa"})
    token = vault.opened(kept().gateway_token)
    PaymentMethod.objects.update(gateway_token=token, token_digest="", sealed_by="")
    assert customer.post("/payments/methods", {"token": "tok_visa"}).status_code == 200
    assert tasks.reseal_tokens() == 1
    assert (is_sealed(kept().gateway_token), kept().token_digest) == (True, vault.digests(token)[0])


def test_the_migration_seals_what_is_there_and_opens_it_again_on_the_way_back() -> None:
    migration = import_module("payments.migrations.0009_sealed_tokens")
    tokens = [f"pm_{number}" for number in range(3)]
    for token in tokens:
        PaymentMethodFactory(gateway_token=token, token_digest="", sealed_by="")

    def rows() -> list[str]:
        return list(PaymentMethod.objects.order_by("id").values_list("gateway_token", flat=True))

    with connection.schema_editor() as editor:
        migration.seal(apps, editor)
        assert all(map(is_sealed, rows()))
        assert [vault.opened(row) for row in rows()] == tokens
        assert tasks.reseal_tokens() == 0
        migration.unseal(apps, editor)
    assert rows() == tokens
    assert not PaymentMethod.objects.exclude(token_digest="", sealed_by="").exists()


def test_what_is_still_to_be_sealed_is_found_by_index_alone() -> None:
    PaymentMethod.objects.bulk_create(PaymentMethodFactory.build_batch(500))
    analyze("payment_methods")
    with costs() as found:
        assert methods.reseal(limit=50) == 0
    [look] = found
    assert look.rows == 0, look
