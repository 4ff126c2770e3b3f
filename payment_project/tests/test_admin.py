"""The admin shows everything about a payment, changes nothing by hand, and refunds through the service."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from chassis import testing_staff
from chassis.ids import first_uuid7_at, uuid7
from chassis.money import Money, format_money
from payments import refunds, tasks
from payments.errors import NotAwaitingApproval
from payments.models import Payment, Refund, Transaction
from payments.refunds import Wanted
from tests.factories import PaymentFactory, PaymentMethodFactory, RefundFactory, booking_data, clerk_of

pytestmark = pytest.mark.django_db

BASE = "/admin/payment/payments"
MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"
PAGES = ["payment", "gatewayoperation", "transaction", "refund", "paymentmethod", "webhookdelivery"]


def signed_in(name: str) -> Client:
    """Somebody of support, with their account at auth."""
    client = Client()
    testing_staff.enter(client, "support", username=name, account_id=clerk_of(name).account_id)
    return client


def opened(*payments: Payment, **filled_in: str) -> dict[str, Any]:
    """A form of a refund, with the key that it has from the moment in which it is opened."""
    ids = [str(each.id) for each in payments]
    return {"action": "refund", "_selected_action": ids, "key": str(uuid7()), **filled_in}


@pytest.fixture
def support() -> Client:
    return signed_in("linh")


@pytest.fixture
def colleague() -> Client:
    return signed_in("minh")


@pytest.fixture
def payment(deliver: Callable[..., bool]) -> Payment:
    booking = booking_data(payment_method={"token": "tok_visa"})
    deliver("booking.created", booking)
    deliver("booking.confirmed", booking)
    return Payment.objects.get()


@pytest.mark.parametrize("page", PAGES)
def test_support_sees_every_list_and_adds_nothing(support: Client, payment: Payment, page: str) -> None:
    PaymentMethodFactory()
    assert support.get(f"{BASE}/{page}/").status_code == 200
    assert support.get(f"{BASE}/{page}/?q=K7QF2M9XTD").status_code == 200
    assert support.get(f"{BASE}/{page}/add/").status_code == 403


def test_a_payment_shows_its_operations_its_ledger_and_its_refunds(support: Client, payment: Payment) -> None:
    page = support.get(f"{BASE}/payment/{payment.id}/change/").content.decode()
    for shown in ("authorise", "capture", "cash", "Ledger", "succeeded", "K7QF2M9XTD"):
        assert shown in page


@pytest.mark.parametrize("page", ["payment", "gatewayoperation", "transaction", "refund"])
def test_money_is_written_as_people_write_it_on_every_page(support: Client, payment: Payment, page: str) -> None:
    refunds.request_refund(payment_id=payment.id, wanted=Wanted(clerk_of(), "the sound failed"))
    assert tasks.resume_operations() == 1
    row = apps.get_model("payments", page).objects.latest("id")
    for address in (f"{BASE}/{page}/", f"{BASE}/{page}/{row.pk}/change/"):
        shown = support.get(address).content.decode()
        assert "180,000 VND" in shown
        assert "180000" not in shown


def test_nothing_can_be_changed_or_deleted_by_hand(support: Client, payment: Payment) -> None:
    line = Transaction.objects.first()
    assert line is not None
    for path in (f"payment/{payment.id}", f"transaction/{line.id}"):
        assert support.post(f"{BASE}/{path}/change/", {"amount": 1}).status_code == 403
        assert support.post(f"{BASE}/{path}/delete/", {"post": "yes"}).status_code == 403


def test_no_token_is_shown(support: Client, payment: Payment) -> None:
    method = PaymentMethodFactory(token="pm_secret")
    assert b"pm_secret" not in support.get(f"{BASE}/paymentmethod/{method.id}/change/").content


def test_a_refund_asks_for_a_reason_shows_what_it_does_and_goes_through_the_service(
    support: Client, payment: Payment
) -> None:
    chosen = opened(payment, amount="", kind="")
    asked = support.post(f"{BASE}/payment/", {**chosen, "reason": ""}).content.decode()
    assert "180,000 VND" in asked
    assert "This field is required" in asked
    seen = support.post(f"{BASE}/payment/", {**chosen, "reason": "the <sound> failed"}).content.decode()
    assert "180,000 VND goes back; the booking ends, its seats are free again." in seen
    assert "<blockquote>the &lt;sound&gt; failed</blockquote>" in seen
    assert not Refund.objects.exists()
    answer = support.post(f"{BASE}/payment/", {**chosen, "reason": "the sound failed", "seen": "yes"}, follow=True)
    assert b"180,000 VND is on its way back" in answer.content
    assert tasks.resume_operations() == 1
    refund = Refund.objects.get()
    assert (refund.status, refund.reason, refund.requested_by) == ("succeeded", "the sound failed", "linh")
    assert refund.kind == "cancel"


def test_seats_are_chosen_by_their_names_and_those_that_went_back_cannot_be(
    support: Client, payment: Payment, deliver: Callable[..., bool]
) -> None:
    gone, used = (str(each["id"]) for each in payment.seats)
    chosen = opened(payment, amount="", kind="", reason="as asked")
    assert "B1, 90,000 VND" in support.post(f"{BASE}/payment/", {**chosen, "reason": ""}).content.decode()
    seen = support.post(f"{BASE}/payment/", {**chosen, "seats": [gone]}).content.decode()
    assert "90,000 VND goes back; B1 free again, tickets void; the booking goes on with B2." in seen
    assert "errorlist" in support.post(f"{BASE}/payment/", {**chosen, "seats": [gone], "amount": "5"}).content.decode()
    support.post(f"{BASE}/payment/", {**chosen, "seats": [gone], "seen": "yes"})
    assert tasks.resume_operations() == 1
    assert names(Refund.objects.get()) == "B1"
    deliver("booking.checked_in", booking_id=payment.booking_id, seat_ids=[used])
    asked = support.post(f"{BASE}/payment/", {**chosen, "reason": ""}).content.decode()
    assert "B1, 90,000 VND: given back" in asked
    assert "B2, 90,000 VND: somebody was let in" in asked
    assert "errorlist" in support.post(f"{BASE}/payment/", {**chosen, "seats": [gone], "seen": "yes"}).content.decode()
    assert "as goodwill it can" in support.post(f"{BASE}/payment/", {**chosen, "seats": [used]}).content.decode()
    assert "given back" in support.get(f"{BASE}/payment/{payment.id}/change/").content.decode()
    assert Refund.objects.count() == 1


def test_the_same_form_sent_again_gives_nothing_back_once_more(support: Client, payment: Payment) -> None:
    chosen = opened(payment, kind="", reason="x", amount="900")
    asked = {name: chosen[name] for name in ("action", "_selected_action")}
    made = re.search(r'name="key" value="([0-9a-f-]{36})"', support.post(f"{BASE}/payment/", asked).content.decode())
    assert made is not None
    form = {**chosen, "key": made[1]}
    assert f'name="key" value="{made[1]}"' in support.post(f"{BASE}/payment/", form).content.decode()
    for amount in ("900", "900", "5000"):
        told = support.post(f"{BASE}/payment/", {**form, "amount": amount, "seen": "yes"}, follow=True).content.decode()
        assert tasks.resume_operations() == (amount == "900" and "on its way back" in told)
    assert "asked for already" in told
    assert Refund.objects.get().amount == 900
    support.post(f"{BASE}/payment/", {**form, "key": str(uuid7()), "seen": "yes"})
    assert Refund.objects.count() == 2


def test_a_form_that_was_opened_long_ago_is_opened_anew(support: Client, payment: Payment) -> None:
    old = first_uuid7_at(timezone.now() - timedelta(hours=13))
    form = opened(payment, kind="", reason="x", seen="yes")
    for key in (str(old), str(uuid4()), "", "x"):
        assert "errorlist" in support.post(f"{BASE}/payment/", {**form, "key": key}).content.decode()
    assert not Refund.objects.exists()


def names(refund: Refund) -> str:
    return ", ".join(f"{each['row']}{each['number']}" for each in refund.seats)


@pytest.mark.parametrize(
    ("currency", "left", "typed", "amount"),
    [("EUR", "1,800.00 EUR", "12.50", 1250), ("KWD", "180.000 KWD", "1.255", 1255), ("VND", "180,000 VND", "900", 900)],
)
def test_a_part_is_typed_and_shown_as_people_write_it_in_its_currency(
    support: Client, currency: str, left: str, typed: str, amount: int
) -> None:
    payment = PaymentFactory(captured=True, capture_id="cap_1", currency=currency)
    chosen = opened(payment, kind="", reason="the sound failed")
    assert left in support.post(f"{BASE}/payment/", {**chosen, "reason": ""}).content.decode()
    for wrong in ("0", "-1", "0.0005", "1e9", "200000000", "much"):
        page = support.post(f"{BASE}/payment/", {**chosen, "amount": wrong, "seen": "yes"}).content.decode()
        assert "errorlist" in page, wrong
    seen = support.post(f"{BASE}/payment/", {**chosen, "amount": typed}).content.decode()
    assert f"{format_money(Money(amount, currency))} goes back; the ticket stays good." in seen
    assert not Refund.objects.exists()
    support.post(f"{BASE}/payment/", {**chosen, "amount": typed, "seen": "yes"})
    assert (Refund.objects.get().amount, Refund.objects.get().kind) == (amount, "goodwill")


def test_of_several_payments_only_all_that_is_left_is_given_back(support: Client) -> None:
    payments = PaymentFactory.create_batch(2, captured=True, capture_id="cap_1")
    form = opened(*payments, kind="goodwill", reason="x", amount="1")
    support.post(f"{BASE}/payment/", {**form, "seen": "yes"})
    assert [(refund.amount, refund.kind) for refund in Refund.objects.all()] == [(180_000, "goodwill")] * 2


def test_a_large_refund_is_approved_on_a_page_by_somebody_else(
    support: Client, colleague: Client, payment: Payment, settings: Any
) -> None:
    settings.REFUND_ALONE_UP_TO = {"VND": 100_000}
    chosen = opened(payment, kind="goodwill", reason="the sound")
    asked = support.post(f"{BASE}/payment/", chosen).content.decode()
    assert "somebody else has to approve it first" in asked
    assert "One person alone gives back 100,000 VND of a payment at most" in asked
    assert "Somebody else of admin, manager or support approves it" in asked
    assert 'value="Ask for it"' in asked
    assert "Give it back" not in asked
    answer = support.post(f"{BASE}/payment/", {**chosen, "seen": "yes"}, follow=True)
    assert b"180,000 VND waits for somebody else" in answer.content
    refund = Refund.objects.get()
    assert "linh" in colleague.get(f"{BASE}/refund/?status__exact=awaiting_approval").content.decode()
    decide = {"_selected_action": [str(refund.id)], "action": "approve"}
    shown = colleague.post(f"{BASE}/refund/", decide).content.decode()
    assert "K7QF2M9XTD: 180,000 VND, awaiting approval, goodwill, asked for by linh." in shown
    assert "<q>the sound</q>" in shown
    decide["seen"] = "yes"
    alone = support.post(f"{BASE}/refund/", decide, follow=True)
    assert b"Somebody else than who asked for this has to decide" in alone.content
    done = colleague.post(f"{BASE}/refund/", decide, follow=True)
    assert b"180,000 VND: is on its way back" in done.content
    assert tasks.resume_operations() == 1
    refund.refresh_from_db()
    assert (refund.status, refund.decided_by) == ("succeeded", "minh")


@pytest.mark.parametrize(("page", "action"), [("payment", "refund"), ("refund", "approve"), ("refund", "refuse")])
def test_every_page_that_asks_before_it_acts_has_a_way_back(
    support: Client, payment: Payment, page: str, action: str
) -> None:
    refund = RefundFactory(payment=payment)
    chosen = {"action": action, "_selected_action": [str({"payment": payment, "refund": refund}[page].pk)]}
    asked = support.post(f"{BASE}/{page}/", chosen).content.decode()
    assert f'<a href="{BASE}/{page}/" class="closelink">' in asked
    assert f'&rsaquo; <a href="{BASE}/{page}/">' in " ".join(asked.split())
    assert not Refund.objects.exclude(pk=refund.pk).exists()
    refund.refresh_from_db()
    assert refund.status == "awaiting_approval"


def test_a_large_refund_is_refused_on_a_page_with_a_note(support: Client, colleague: Client, payment: Payment) -> None:
    wanted = Wanted(clerk_of("linh"), "the sound failed")
    Refund.objects.create(
        payment=payment, amount=180_000, currency="VND", status="awaiting_approval", reason="x", requested_by="linh"
    )
    chosen = {"action": "refuse", "_selected_action": [str(Refund.objects.get().id)]}
    assert b"asked for by linh" in colleague.post(f"{BASE}/refund/", chosen).content
    colleague.post(f"{BASE}/refund/", {**chosen, "note": "the film was shown"})
    refund = Refund.objects.get()
    assert (refund.status, refund.decision_note, refund.decided_by) == ("refused", "the film was shown", "minh")
    with pytest.raises(NotAwaitingApproval):
        refunds.approve_refund(refund_id=refund.id, clerk=wanted.clerk)


def test_nobody_gives_back_their_own_on_a_page_either(support: Client, payment: Payment) -> None:
    Payment.objects.update(user_id=clerk_of("linh").account_id)
    form = opened(payment, kind="", reason="mine", seen="yes")
    answer = support.post(f"{BASE}/payment/", form, follow=True)
    assert b"Nobody gives back the money of their own purchase" in answer.content
    Payment.objects.update(attention="card_closed", booking_state="ended")
    form = {"action": "try_again", "_selected_action": [str(payment.id)]}
    assert b"their own purchase" in support.post(f"{BASE}/payment/", form, follow=True).content
    assert not Refund.objects.exists()


def test_a_refund_of_what_was_not_captured_is_told(support: Client) -> None:
    payment = PaymentFactory()
    form = opened(payment, kind="", reason="x", seen="yes")
    answer = support.post(f"{BASE}/payment/", form, follow=True)
    assert b"There is no captured money to give back" in answer.content


def test_what_the_gateway_refused_can_be_tried_again(support: Client) -> None:
    payment = PaymentFactory(captured=True, booking_state="ended", attention="card_closed", capture_id="cap_1")
    support.post(f"{BASE}/payment/", {"action": "try_again", "_selected_action": [str(payment.id)]})
    payment.refresh_from_db()
    assert (payment.attention, payment.under_way) == ("", "refund")


def test_somebody_without_the_permission_cannot_refund(client: Client, payment: Payment) -> None:
    client.force_login(User.objects.create_user("lan", is_staff=True), backend=MODEL_BACKEND)
    form = opened(payment, reason="x")
    assert client.post(f"{BASE}/payment/", form).status_code == 403
    assert not Refund.objects.exists()


@pytest.mark.parametrize("page", ["payment", "gatewayoperation", "transaction", "refund", "receipt"])
def test_a_longer_list_takes_no_more_queries(support: Client, deliver: Callable[..., bool], page: str) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as context:
            assert support.get(f"{BASE}/{page}/").status_code == 200
        return len(context)

    def sell() -> None:
        booking = booking_data(payment_method={"token": "tok_visa"})
        for event_type in ("booking.created", "booking.confirmed"):
            deliver(event_type, booking)
        deliver("booking.cancelled", {**booking, "reason": "cancelled_by_customer"})

    sell()
    queries()
    few = queries()
    for _ in range(3):
        sell()
    assert queries() == few
