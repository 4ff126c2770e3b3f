"""What every page of the admin site has to stand, whoever asks it what."""

import pytest
from django.test import Client
from django.utils import timezone

from chassis.ids import uuid7
from chassis.testing_pages import (
    assert_lists_are_taken_along,
    assert_nothing_hidden_can_be_asked,
    assert_odd_addresses_are_refused,
    assert_searches_have_indexes,
)
from chassis.testing_words import assert_pages_are_in_words
from chassis.web.staff import local_user
from payments.ledger import Account, Kind
from payments.models import GatewayOperation, Transaction, WebhookDelivery
from payments.receipt_models import Receipt
from payments.states import OperationState, Status
from tests.factories import PaymentFactory, PaymentMethodFactory, PayOutFactory, RefundFactory, gift_card

pytestmark = pytest.mark.django_db


def test_nothing_that_a_list_does_not_show_can_be_asked_of_it() -> None:
    assert_nothing_hidden_can_be_asked(local_user("root", {"admin"}))


def test_odd_addresses_and_forms_are_refused(client: Client) -> None:
    client.force_login(local_user("root", {"admin"}), backend="django.contrib.auth.backends.ModelBackend")
    assert_odd_addresses_are_refused(client)


def test_what_staff_read_is_in_words(client: Client) -> None:
    client.force_login(local_user("root", {"admin"}), backend="django.contrib.auth.backends.ModelBackend")
    payment = PaymentFactory(
        captured=True,
        status=Status.PARTIALLY_REFUNDED,
        refunded_amount=20_000,
        failure_code="insufficient_funds",
        attention="refund_window_closed",
        ended_reason="cancelled_by_customer",
        card_last4="4242",
    )
    operation = GatewayOperation.objects.create(
        payment=payment,
        kind=Kind.REFUND,
        state=OperationState.REFUSED,
        amount=20_000,
        currency="VND",
        outcome_code="refund_window_closed",
        due_at=timezone.now(),
    )
    line = Transaction.objects.create(
        payment=payment, operation=operation, kind=Kind.REFUND, account=Account.CASH, amount=0, currency="VND"
    )
    refund = RefundFactory(payment=payment, operation=operation, reason="cancelled_by_customer", requested_by="")
    receipt = Receipt.objects.create(
        payment=payment,
        theater_id=uuid7(),
        position=1,
        number="R1-000001",
        total=180_000,
        currency="VND",
        lines=[{"kind": "ticket", "code": "adult", "name": "Adult", "net": 171_429, "tax": 8_571, "gross": 180_000}],
        issued_at=timezone.now(),
    )
    webhook = WebhookDelivery.objects.create(id="simulator:msg 1", provider="simulator")
    card, _ = gift_card()
    owed = PayOutFactory(payment=payment, amount=20_000)
    of_gift_cards = [card, card.issue, card.lines.all()[0]]
    rows = [payment, operation, owed, line, refund, receipt, PaymentMethodFactory(), webhook, *of_gift_cards]
    assert_pages_are_in_words(client, rows)
    assert_lists_are_taken_along(client)


def test_what_staff_search_for_is_found_by_an_index() -> None:
    assert_searches_have_indexes(few={"refund", "webhookdelivery", "giftcardissue", "group", "user"})
