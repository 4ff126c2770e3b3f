"""Everything that staff can do here is on record: who did it, and what it was before."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from chassis.ids import uuid7
from chassis.storage.models import AuditRecord
from chassis.testing_deeds import leaving_a_record, staff_deeds
from chassis.web.staff import local_user
from payments.models import Payment, Refund
from tests.factories import PaymentFactory, RefundFactory, booking_data

pytestmark = pytest.mark.django_db

BASE = "/admin/payment/payments"
Deliver = Callable[..., bool]


def refund(api: APIClient, payment: Payment) -> Any:
    body = {"payment_id": str(payment.id), "reason": "the sound failed"}
    return api.post("/refunds", body, headers={"Idempotency-Key": str(uuid7())})


def give_outside(api: APIClient, payment: Payment) -> Any:
    Payment.objects.filter(id=payment.id).update(attention="card_closed")
    body = {"payment_id": str(payment.id), "way": "cash", "reference": "till 2", "reason": "the sound failed"}
    return api.post("/refunds/outside", body, headers={"Idempotency-Key": str(uuid7())})


def approve(api: APIClient, payment: Payment) -> Any:
    return api.post(f"/refunds/{waiting(payment).id}/approve")


def refuse(api: APIClient, payment: Payment) -> Any:
    return api.post(f"/refunds/{waiting(payment).id}/refuse", {"note": "the film was shown"})


def waiting(payment: Payment) -> Refund:
    return RefundFactory(payment=payment)


def act(page: str, action: str, chosen: object, **form: str) -> Callable[[Client], Any]:
    return lambda browser: browser.post(
        f"{BASE}/{page}/", {"action": action, "_selected_action": [str(chosen)], **form}
    )


def refund_by_hand(browser: Client) -> Any:
    payment = PaymentFactory(captured=True, capture_id="cap_1")
    return act("payment", "refund", payment.id, kind="", reason="the sound failed", seen="yes")(browser)


def try_again(browser: Client) -> Any:
    payment = PaymentFactory(captured=True, booking_state="ended", attention="card_closed", capture_id="cap_1")
    return act("payment", "try_again", payment.id)(browser)


def give_outside_by_hand(browser: Client) -> Any:
    payment = PaymentFactory(captured=True, booking_state="ended", attention="card_closed", capture_id="cap_1")
    form = {"kind": "", "way": "cash", "reference": "till 2", "reason": "the sound failed", "seen": "yes"}
    return act("payment", "give_outside", payment.id, **form)(browser)


def approve_by_hand(browser: Client) -> Any:
    payment = PaymentFactory(captured=True, capture_id="cap_1")
    return act("refund", "approve", waiting(payment).id, seen="yes")(browser)


def refuse_by_hand(browser: Client) -> Any:
    return act("refund", "refuse", waiting(PaymentFactory(captured=True)).id, note="the film was shown")(browser)


BY_API: dict[str, Callable[[APIClient, Payment], Any]] = {
    "POST /refunds": refund,
    "POST /refunds/outside": give_outside,
    "POST /refunds/{refund_id}/approve": approve,
    "POST /refunds/{refund_id}/refuse": refuse,
}
BY_HAND: dict[str, Callable[[Client], Any]] = {
    "refund payment": refund_by_hand,
    "try_again payment": try_again,
    "give_outside payment": give_outside_by_hand,
    "approve refund": approve_by_hand,
    "refuse refund": refuse_by_hand,
}


@pytest.fixture
def payment(deliver: Deliver) -> Payment:
    booking = booking_data(payment_method={"token": "tok_visa"})
    deliver("booking.created", booking)
    deliver("booking.confirmed", booking)
    return Payment.objects.get(booking_id=booking["booking_id"])


def test_there_is_nothing_else_that_staff_can_do() -> None:
    assert staff_deeds(local_user("root", {"admin"})) == {*BY_API, *BY_HAND}


@pytest.mark.parametrize("deed", BY_API)
def test_what_is_done_through_the_api_is_on_record(
    sign_in: Callable[..., APIClient], payment: Payment, deed: str
) -> None:
    minh = sign_in(roles=("manager",), username="minh")
    with leaving_a_record("api") as made:
        assert BY_API[deed](minh, payment).status_code in (200, 201)
    assert {entry.actor_name for entry in made()} == {"minh"}


@pytest.mark.parametrize("deed", BY_HAND)
def test_what_is_done_in_the_admin_site_is_on_record(client: Client, deed: str) -> None:
    client.force_login(local_user("ada", {"admin"}), backend="django.contrib.auth.backends.ModelBackend")
    with leaving_a_record("admin") as made:
        assert BY_HAND[deed](client).status_code == 302
    assert {entry.actor_name for entry in made()} == {"ada"}


def test_a_refund_is_on_record_once_however_often_it_is_asked_for(
    sign_in: Callable[..., APIClient], payment: Payment
) -> None:
    minh = sign_in(roles=("support",), username="minh")
    body = {"payment_id": str(payment.id), "reason": "the sound failed"}
    for _ in range(2):
        assert minh.post("/refunds", body, headers={"Idempotency-Key": "once-is-enough"}).status_code == 201
    assert AuditRecord.objects.filter(action="refund.requested").count() == 1
