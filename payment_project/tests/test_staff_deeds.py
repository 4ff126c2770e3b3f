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
from payments.gift_models import GiftCardIssue, IssueStatus
from payments.models import Payment, Refund
from tests.factories import (
    GiftCardFactory,
    GiftCardIssueFactory,
    PaymentFactory,
    PayOutFactory,
    RefundFactory,
    booking_data,
)

pytestmark = pytest.mark.django_db

BASE = "/admin/payment/payments"
DOWNLOADS = {"make giftcardissue"}
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
    """A form that asks for a key gets one; the others pass over it."""
    sent = {"action": action, "_selected_action": [str(chosen)], "key": str(uuid7()), **form}
    return lambda browser: browser.post(f"{BASE}/{page}/", sent)


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


def pay_out(api: APIClient, payment: Payment) -> Any:
    return api.post(f"/payments/pay-outs/{PayOutFactory(payment=payment).id}/paid", {"till": "till 2"})


def pay_out_by_hand(browser: Client) -> Any:
    payment = PaymentFactory(captured=True)
    return act("payout", "pay_out", PayOutFactory(payment=payment).id, seen="yes", till="till 2")(browser)


def approve_by_hand(browser: Client) -> Any:
    payment = PaymentFactory(captured=True, capture_id="cap_1")
    return act("refund", "approve", waiting(payment).id, seen="yes")(browser)


def refuse_by_hand(browser: Client) -> Any:
    return act("refund", "refuse", waiting(PaymentFactory(captured=True)).id, note="the film was shown")(browser)


def issue_gift_cards(api: APIClient, _: Payment) -> Any:
    body = {"origin": "sold", "amount": {"amount": 1000, "currency": "VND"}, "reason": "paid in cash"}
    return api.post("/gift-cards/issues", body, headers={"Idempotency-Key": str(uuid7())})


def awaiting() -> GiftCardIssue:
    return GiftCardIssueFactory(status=IssueStatus.AWAITING_APPROVAL)


def of_issue(deed: str, made: Callable[[], GiftCardIssue], body: Any = None) -> Callable[[APIClient, Payment], Any]:
    return lambda api, _: api.post(f"/gift-cards/issues/{made().id}/{deed}", body)


def of_card(deed: str, **columns: Any) -> Callable[[APIClient, Payment], Any]:
    return lambda api, _: api.post(f"/gift-cards/{GiftCardFactory(**columns).id}/{deed}", {"reason": "stolen"})


def add_issue(browser: Client) -> Any:
    form = {"origin": "sold", "count": "1", "amount": "1000", "currency": "VND", "reason": "paid in cash"}
    return browser.post(f"{BASE}/giftcardissue/add/", form | {"key": str(uuid7())})


def act_on(page: str, action: str, made: Callable[[], Any], **form: str) -> Callable[[Client], Any]:
    return lambda browser: act(page, action, made().id, **form)(browser)


# A page of its own that changes nothing.
ONLY_READ = {"print receipt"}
BLOCKED = {"blocked_at": "2026-01-01T00:00Z"}

BY_API: dict[str, Callable[[APIClient, Payment], Any]] = {
    "POST /refunds": refund,
    "POST /refunds/outside": give_outside,
    "POST /payments/pay-outs/{payout_id}/paid": pay_out,
    "POST /refunds/{refund_id}/approve": approve,
    "POST /refunds/{refund_id}/refuse": refuse,
    "POST /gift-cards/issues": issue_gift_cards,
    "POST /gift-cards/issues/{issue_id}/approve": of_issue("approve", awaiting),
    "POST /gift-cards/issues/{issue_id}/refuse": of_issue("refuse", awaiting, {"note": "for whom?"}),
    "POST /gift-cards/issues/{issue_id}/codes": of_issue("codes", lambda: GiftCardIssueFactory(requested_by="minh")),
    "POST /gift-cards/{card_id}/block": of_card("block"),
    "POST /gift-cards/{card_id}/unblock": of_card("unblock", **BLOCKED),
}
BY_HAND: dict[str, Callable[[Client], Any]] = {
    "refund payment": refund_by_hand,
    "try_again payment": try_again,
    "give_outside payment": give_outside_by_hand,
    "pay_out payout": pay_out_by_hand,
    "approve refund": approve_by_hand,
    "refuse refund": refuse_by_hand,
    "add giftcardissue": add_issue,
    "make giftcardissue": act_on("giftcardissue", "make", lambda: GiftCardIssueFactory(requested_by="ada"), seen="yes"),
    "approve giftcardissue": act_on("giftcardissue", "approve", awaiting, seen="yes"),
    "refuse giftcardissue": act_on("giftcardissue", "refuse", awaiting, seen="yes", note="for whom?"),
    "block giftcard": act_on("giftcard", "block", GiftCardFactory, seen="yes", reason="stolen"),
    "unblock giftcard": act_on("giftcard", "unblock", lambda: GiftCardFactory(**BLOCKED), seen="yes", reason="found"),
}


@pytest.fixture
def payment(deliver: Deliver) -> Payment:
    booking = booking_data(payment_method={"token": "tok_visa"})
    deliver("booking.created", booking)
    deliver("booking.confirmed", booking)
    return Payment.objects.get(booking_id=booking["booking_id"])


def test_there_is_nothing_else_that_staff_can_do() -> None:
    assert staff_deeds(local_user("root", {"admin"})) == {*BY_API, *BY_HAND, *ONLY_READ}


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
        assert BY_HAND[deed](client).status_code == (200 if deed in DOWNLOADS else 302)
    assert {entry.actor_name for entry in made()} == {"ada"}


def test_a_refund_is_on_record_once_however_often_it_is_asked_for(
    sign_in: Callable[..., APIClient], payment: Payment
) -> None:
    minh = sign_in(roles=("support",), username="minh")
    body = {"payment_id": str(payment.id), "reason": "the sound failed"}
    for _ in range(2):
        assert minh.post("/refunds", body, headers={"Idempotency-Key": "once-is-enough"}).status_code == 201
    assert AuditRecord.objects.filter(action="refund.requested").count() == 1
