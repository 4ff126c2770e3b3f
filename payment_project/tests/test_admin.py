"""The admin shows everything about a payment, changes nothing by hand, and refunds through the service."""

from collections.abc import Callable

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from payments import refunds, tasks
from payments.models import Payment, Refund, Transaction
from payments.refunds import Wanted
from tests.factories import PaymentFactory, PaymentMethodFactory, booking_data, clerk_of

pytestmark = pytest.mark.django_db

BASE = "/admin/payment/payments"
MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"
PAGES = ["payment", "gatewayoperation", "transaction", "refund", "paymentmethod", "webhookdelivery"]


@pytest.fixture
def support(client: Client) -> Client:
    """Somebody of the group `support`, as auth's roles make them."""
    user = User.objects.create_user("linh", is_staff=True)
    user.groups.add(Group.objects.get(name="support"))
    client.force_login(user, backend=MODEL_BACKEND)
    return client


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


def test_a_refund_asks_for_a_reason_and_goes_through_the_service(support: Client, payment: Payment) -> None:
    chosen = {"action": "refund", "_selected_action": [str(payment.id)]}
    asked = support.post(f"{BASE}/payment/", chosen)
    assert b"180,000 VND" in asked.content
    assert not Refund.objects.exists()
    done = support.post(f"{BASE}/payment/", {**chosen, "reason": "the sound failed"}, follow=True)
    assert b"1 refunds are on their way" in done.content
    assert tasks.resume_operations() == 1
    refund = Refund.objects.get()
    assert (refund.status, refund.reason, refund.requested_by) == ("succeeded", "the sound failed", "linh")


def test_a_refund_of_what_was_not_captured_is_told(support: Client) -> None:
    payment = PaymentFactory()
    form = {"action": "refund", "_selected_action": [str(payment.id)], "reason": "x"}
    answer = support.post(f"{BASE}/payment/", form, follow=True)
    assert b"There is no captured money to give back" in answer.content


def test_what_the_gateway_refused_can_be_tried_again(support: Client) -> None:
    payment = PaymentFactory(captured=True, booking_state="ended", attention="card_closed", capture_id="cap_1")
    support.post(f"{BASE}/payment/", {"action": "try_again", "_selected_action": [str(payment.id)]})
    payment.refresh_from_db()
    assert (payment.attention, payment.under_way) == ("", "refund")


def test_somebody_without_the_permission_cannot_refund(client: Client, payment: Payment) -> None:
    client.force_login(User.objects.create_user("lan", is_staff=True), backend=MODEL_BACKEND)
    form = {"action": "refund", "_selected_action": [str(payment.id)], "reason": "x"}
    assert client.post(f"{BASE}/payment/", form).status_code == 403
    assert not Refund.objects.exists()


@pytest.mark.parametrize("page", ["payment", "gatewayoperation", "transaction", "refund"])
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
