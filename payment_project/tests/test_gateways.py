"""Two payment providers at once: new money goes to the one that is set, old money to the one that holds it."""

import hashlib
import hmac
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from chassis.ids import uuid7
from chassis.storage.http import Response
from gateway_simulator.webhook import signature
from payments import gateways, tasks
from payments.gateways import Approved
from payments.gateways import simulator as simulated
from payments.ledger import Kind
from payments.models import GatewayOperation, Payment, PaymentMethod, Transaction
from payments.states import OperationState
from tests.factories import PaymentFactory, PaymentMethodFactory, booking_data, ending_data
from tests.second_bank import SecondBank
from tests.second_provider import SecondProvider
from tests.simulator import PROJECT, WEBHOOK_SECRET, Simulator

pytestmark = pytest.mark.django_db

Client = Any
Deliver = Callable[..., bool]
SECRET = "the second provider's"


@pytest.fixture
def second(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[SecondBank]:
    """The second provider is there and registered; new money goes to the first until a test says otherwise."""
    monkeypatch.setitem(gateways.GATEWAYS, "second", SecondProvider)
    bank = SecondBank()
    settings.SECOND_PROVIDER_URL = bank.url
    settings.SECOND_PROVIDER_SECRET = SECRET
    yield bank
    bank.shutdown()
    bank.server_close()


def payment_of(booking: dict[str, Any]) -> Payment:
    return Payment.objects.get(booking_id=booking["booking_id"])


def pay(client: Client, payment: Payment, **method: str) -> Any:
    body = {"booking_id": str(payment.booking_id), "payment_method": method}
    return client.post("/payments", body, headers={"Idempotency-Key": str(uuid7())})


def send(api: Client, operation: GatewayOperation, *, secret: str = SECRET, provider: str = "second") -> Any:
    body = json.dumps({"message": "msg_1", "request": str(operation.id)}).encode()
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return api.generic(
        "POST",
        f"/payments/webhooks/{provider}",
        body,
        content_type="application/json",
        headers={"second-signature": signature},
    )


def test_the_second_provider_sells_and_refunds_while_old_money_stays_with_the_first(
    deliver: Deliver, second: SecondBank, simulator: Simulator, settings: Any
) -> None:
    old = booking_data(payment_method={"token": "tok_visa"})
    deliver("booking.created", old)
    settings.PAYMENT_PROVIDER = "second"
    new = booking_data(payment_method={"token": "tok_anna"})
    deliver("booking.created", new)
    for booking in (old, new):
        deliver("booking.confirmed", booking)
        deliver("booking.cancelled", ending_data(booking, refund=100_000))
    first, other = payment_of(old), payment_of(new)
    assert (first.provider, other.provider) == ("simulator", "second")
    for payment in (first, other):
        assert (payment.status, payment.refunded_amount) == ("partially_refunded", 100_000)
        assert sum(Transaction.objects.filter(payment=payment).values_list("amount", flat=True)) == 0
    [charge] = second.charges
    assert (charge.order, charge.held, charge.taken, charge.given_back) == (str(other.id), 0, 180_000, 100_000)
    [kept] = simulator.record(first.id)
    assert (kept["captured_amount"], kept["refunded_amount"]) == (180_000, 100_000)
    assert simulator.record(other.id) == []


def test_a_provider_that_does_not_tell_the_card_takes_the_money_all_the_same(
    deliver: Deliver, second: SecondBank, settings: Any, emitted: Callable[..., list[Any]]
) -> None:
    settings.PAYMENT_PROVIDER = "second"
    booking = booking_data(payment_method={"token": "tok_anna"})
    deliver("booking.created", booking)
    assert emitted("payment.authorized")[0].data["card_last4"] == ""
    assert payment_of(booking).status == "authorized"


@pytest.mark.parametrize("card", [None, [], "4242", {}, {"last4": None}, {"last4": 4242}, {"last4": "x242\0"}])
def test_a_card_that_is_told_oddly_is_no_reason_to_doubt_the_money(card: object) -> None:
    operation = GatewayOperation(kind=Kind.AUTHORIZE, state=OperationState.PENDING)
    body = json.dumps({"id": "auth_1", "amount": 180_000, "card": card}).encode()
    assert simulated._outcome(operation, Response(201, {}, body)) == Approved("auth_1", 180_000)


def test_what_the_second_provider_holds_is_settled_there_after_the_setting_went_back(
    deliver: Deliver, second: SecondBank, settings: Any, sign_in: Callable[..., Client]
) -> None:
    settings.PAYMENT_PROVIDER = "second"
    sold, left = (booking_data(payment_method={"token": "tok_anna"}) for _ in range(2))
    for booking in (sold, left):
        deliver("booking.created", booking)
    settings.PAYMENT_PROVIDER = "simulator"
    deliver("booking.confirmed", sold)
    deliver("booking.expired", ending_data(left))
    wanted = {"payment_id": str(payment_of(sold).id), "amount": 50_000, "reason": "the sound failed"}
    refund = sign_in(roles=("support",)).post("/refunds", wanted, headers={"Idempotency-Key": "k"})
    assert (refund.status_code, refund.json()["status"]) == (201, "succeeded")
    assert payment_of(left).status == "voided"
    taken, released = second.charges
    assert (taken.held, taken.taken, taken.given_back) == (0, 180_000, 50_000)
    assert (released.held, released.taken) == (0, 0)


def test_a_card_that_the_first_declined_may_be_followed_by_one_of_the_second(
    deliver: Deliver, second: SecondBank, settings: Any, sign_in: Callable[..., Client]
) -> None:
    payment = PaymentFactory()
    customer = sign_in(user_id=payment.user_id)
    assert pay(customer, payment, token="tok_card_declined").status_code == 402
    settings.PAYMENT_PROVIDER = "second"
    assert pay(customer, payment, token="tok_empty").json()["code"] == "insufficient_funds"
    assert pay(customer, payment, token="tok_anna").json()["status"] == "authorized"
    asked = GatewayOperation.objects.filter(payment=payment).values_list("provider", "state")
    assert list(asked) == [("simulator", "refused"), ("second", "refused"), ("second", "succeeded")]
    payment.refresh_from_db()
    assert payment.provider == "second"


def test_a_saved_card_is_charged_by_the_provider_that_keeps_it(
    second: SecondBank, simulator: Simulator, settings: Any, sign_in: Callable[..., Client]
) -> None:
    customer = sign_in()
    ids = []
    for settings.PAYMENT_PROVIDER, token in (("simulator", "tok_visa"), ("second", "tok_anna")):
        ids.append(customer.post("/payments/methods", {"token": token}).json()["id"])
    for settings.PAYMENT_PROVIDER in ("second", "simulator"):
        first, other = PaymentFactory.create_batch(2, user_id=customer.user_id)
        assert pay(customer, first, id=ids[0]).status_code == 201
        assert pay(customer, other, id=ids[1]).status_code == 201
        assert [charge.held for charge in second.of(other.id)] == [180_000]
        assert [kept["status"] for kept in simulator.record(first.id)] == ["authorised"]


def test_the_same_token_of_two_providers_is_two_cards(
    second: SecondBank, settings: Any, sign_in: Callable[..., Client]
) -> None:
    somebodys = PaymentMethodFactory(token="kept_tok_anna")
    settings.PAYMENT_PROVIDER = "second"
    saved = sign_in().post("/payments/methods", {"token": "tok_anna"})
    assert saved.status_code == 201
    assert UUID(saved.json()["id"]) != somebodys.id


def test_a_webhook_of_the_second_provider_hastens_what_it_was_asked_for(
    api: Client, deliver: Deliver, second: SecondBank, settings: Any
) -> None:
    settings.PAYMENT_PROVIDER = "second"
    second.lose_answers = 2
    deliver("booking.created", booking_data(payment_method={"token": "tok_anna"}))
    operation = GatewayOperation.objects.get(state="pending")
    assert send(api, operation, secret="guessed").status_code == 401
    assert send(api, operation, provider="simulator").status_code == 401
    assert tasks.resume_operations() == 0
    assert send(api, operation).json() == {"status": "accepted"}
    assert send(api, operation).json() == {"status": "seen before"}
    assert tasks.resume_operations() == 1
    assert Payment.objects.get().status == "authorized"
    assert [charge.held for charge in second.charges] == [180_000]


def test_two_providers_may_give_their_messages_the_same_id(api: Client, second: SecondBank) -> None:
    body = json.dumps({"type": "x", "data": {"idempotency_key": str(uuid7())}}).encode()
    now = int(time.time())
    signed = {"webhook-timestamp": str(now), "webhook-signature": signature(WEBHOOK_SECRET, "msg_1", now, body)}
    of_the_first = {
        "content_type": "application/json",
        "headers": {"webhook-id": "msg_1", **signed},
    }
    answers = [
        send(api, GatewayOperation(id=uuid7())),
        api.generic("POST", "/payments/webhooks/simulator", body, **of_the_first),
    ]
    assert [answer.json()["status"] for answer in answers] == ["accepted", "accepted"]


def test_a_provider_hastens_nothing_that_another_was_asked_for(
    api: Client, deliver: Deliver, second: SecondBank, lossy: Any
) -> None:
    lossy.lose_answers = 2
    deliver("booking.created", booking_data(payment_method={"token": "tok_visa"}))
    assert send(api, GatewayOperation.objects.get(state="pending")).status_code == 202
    assert tasks.resume_operations() == 0


def test_an_authorisation_in_doubt_is_taken_back_where_it_was_asked_for(
    deliver: Deliver, second: SecondBank, settings: Any
) -> None:
    settings.PAYMENT_PROVIDER = "second"
    second.lose_answers = 2
    booking = booking_data(payment_method={"token": "tok_anna"})
    deliver("booking.created", booking)
    settings.PAYMENT_PROVIDER = "simulator"
    deliver("booking.expired", ending_data(booking))
    assert payment_of(booking).status == "voided"
    assert [charge.held for charge in second.charges] == [0]


def test_money_at_a_provider_that_was_taken_out_of_the_registry_waits_until_it_is_back(
    deliver: Deliver, second: SecondBank, settings: Any, time_passes: Callable[[], int]
) -> None:
    settings.PAYMENT_PROVIDER = "second"
    booking = booking_data(payment_method={"token": "tok_anna"})
    deliver("booking.created", booking)
    settings.PAYMENT_PROVIDER = "simulator"
    gateways.named.cache_clear()
    provider = gateways.GATEWAYS.pop("second")
    deliver("booking.confirmed", booking)
    assert GatewayOperation.objects.get(state="pending").last_error == "no such provider"
    gateways.GATEWAYS["second"] = provider
    time_passes()
    assert tasks.resume_operations() == 1
    assert payment_of(booking).status == "captured"


@pytest.mark.parametrize("answer", [{}, [], {"because": None}, {"because": "", "charge": "ch_1"}])
def test_an_answer_that_its_provider_does_not_understand_leaves_the_outcome_unknown(
    deliver: Deliver, second: SecondBank, settings: Any, monkeypatch: pytest.MonkeyPatch, answer: Any
) -> None:
    settings.PAYMENT_PROVIDER = "second"
    monkeypatch.setattr(second, "act", lambda *_: answer)
    booking = booking_data(payment_method={"token": "tok_anna"})
    deliver("booking.created", booking)
    assert GatewayOperation.objects.get().last_error == "answer not understood"
    assert payment_of(booking).status == "processing"


def test_rows_that_processes_of_the_version_before_write_belong_to_the_first_provider() -> None:
    row = PaymentMethodFactory()
    with connection.cursor() as cursor:
        cursor.execute("""
            INSERT INTO payment_methods
                (id, user_id, gateway_token, brand, last4, expiry_month, expiry_year, created_at)
            SELECT gen_random_uuid(), user_id, 'pm_of_then', brand, last4, expiry_month, expiry_year, created_at
            FROM payment_methods
        """)
    assert PaymentMethod.objects.exclude(id=row.id).get().provider == "simulator"


def test_a_provider_that_is_not_registered_stops_the_boot_with_its_name() -> None:
    booted = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=PROJECT,
        env={**os.environ, "PAYMENT_PROVIDER": "strpie"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert booted.returncode != 0
    said = booted.stderr.strip().splitlines()[-1]
    assert said.endswith("PAYMENT_PROVIDER is 'strpie', which is no payment provider. There are: simulator.")
