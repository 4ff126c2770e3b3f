"""Whoever is limited to theaters has no part in money that was taken at others, by any door."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from chassis.ids import uuid7
from chassis.testing_staff import enter
from chassis.testing_theaters import (
    assert_deeds_stay_at_their_theater,
    assert_lists_show_their_theater_alone,
    assert_told_of_their_theater_alone,
    desk_pages,
    reads,
)
from payments import tasks
from payments.models import GatewayOperation, Payment, Refund, Transaction
from payments.receipt_models import Receipt
from tests import factories
from tests import test_staff_deeds as deeds
from tests.factories import PaymentFactory, PayOutFactory, booking_data
from tests.sales import SHOWTIME, THEATER, give_back, paid
from tests.together import payment_of

pytestmark = pytest.mark.django_db
Deliver = Callable[..., bool]
# Gift cards are good at every theater: whoever may look after them does so wherever they work.
GIFT_CARDS = {name for name in (*deeds.BY_API, *deeds.BY_HAND) if "gift" in name}
OWN_OR_GIFT_CARDS = {
    *("GET /payments/methods", "GET /payments/methods/{method_id}", "GET /gift-cards", "GET /gift-cards/issues"),
    *("GET /gift-cards/issues/{issue_id}", "GET /gift-cards/{card_id}", "GET /gift-cards/{card_id}/lines"),
}
# Beside the house's own pages.
OF_HOUSE = {"reconciliation", "reconciliation_ask", "reconciliation_note"}
OF_NO_THEATER = {"giftcard", "giftcardissue", "giftcardline", "paymentmethod", "webhookdelivery"}


@pytest.fixture
def _of_one_theater() -> Iterator[None]:
    factories.OF_ONE.append(THEATER)
    yield
    factories.OF_ONE.clear()


@pytest.fixture
def sale(deliver: Deliver) -> Payment:
    """Of which a part went back."""
    booking = paid(deliver)
    give_back(booking, amount=30_000)
    tasks.sum_up_takings()
    return payment_of(booking)


@pytest.mark.usefixtures("_of_one_theater")
def test_what_is_done_is_done_at_their_theater_alone(payment: Payment) -> None:
    Payment.objects.update(theater_id=THEATER)
    by_api = {name: partial(_of, do, payment) for name, do in deeds.BY_API.items() if name not in GIFT_CARDS}
    by_hand = {name: do for name, do in deeds.BY_HAND.items() if name not in GIFT_CARDS}
    assert_deeds_stay_at_their_theater(by_api, by_hand, theater=THEATER)


def _of(do: Callable[[Any, Payment], Any], payment: Payment, client: Any) -> Any:
    return do(client, payment)


def test_what_is_read_is_of_their_theater_alone(sale: Payment) -> None:
    payout = PayOutFactory(payment=sale)
    receipt, refund = Receipt.objects.get(refund=None), Refund.objects.get()
    by_api = {
        "GET /payments": (f"/payments?booking_id={sale.booking_id}", str(sale.id)),
        "GET /payments/{payment_id}": (f"/payments/{sale.id}", str(sale.id)),
        "GET /payments/{payment_id}/receipt": (f"/payments/{sale.id}/receipt", receipt.number),
        "GET /payments/{payment_id}/receipt/page": (f"/payments/{sale.id}/receipt/page", receipt.number),
        "GET /payments/pay-outs": ("/payments/pay-outs", str(payout.id)),
        "GET /payments/pay-outs/{payout_id}": (f"/payments/pay-outs/{payout.id}", str(payout.id)),
        "GET /receipts": ("/receipts", receipt.number),
        "GET /refunds": ("/refunds", str(refund.id)),
        "GET /refunds/{refund_id}": (f"/refunds/{refund.id}", str(refund.id)),
    }
    assert by_api.keys() | OWN_OR_GIFT_CARDS == reads()
    root, panels, admin = "/admin/payment", "/admin/payment/panels", "/admin/payment/payments"
    theater = SHOWTIME["theater_name"]
    by_hand = {
        "takings": (f"{root}/takings/", theater),
        "takings_file": (f"{root}/takings/export.csv?by=theater", theater),
        "takings_panel": (f"{panels}/takings-today/", theater),
        "booking_money_panel": (f"{panels}/bookings/{sale.booking_id}/money/", "185,000 VND"),
        "booking_steps_panel": (f"{panels}/bookings/{sale.booking_id}/steps/", "185,000 VND"),
        "customer_money_panel": (f"{panels}/customers/{sale.user_id}/money/", "185,000 VND"),
        "desk_search": (f"{panels}/search/?q={sale.capture_id}", f"/bookings/{sale.booking_id}/"),
        "desk_needs": (f"{panels}/needs/", "refused to give back"),
    }
    assert by_hand.keys() | OF_HOUSE == desk_pages()
    Payment.objects.filter(id=sale.id).update(attention="card_closed")
    by_hand |= {
        "print": (f"{admin}/receipt/{receipt.id}/print/", receipt.number),
        "receipts": (f"{admin}/receipt/export.csv", receipt.number),
        "pay_outs": (f"{admin}/payout/export.csv", sale.booking_reference),
        "payments": (f"{admin}/payment/export.csv", sale.booking_reference),
    }
    assert_told_of_their_theater_alone(by_api, by_hand, theater=THEATER)


def test_lists_are_of_their_theater_alone(sale: Payment) -> None:
    rows = [
        *(sale, GatewayOperation.objects.first(), Transaction.objects.first(), Refund.objects.get()),
        *(Receipt.objects.first(), PayOutFactory(payment=sale)),
    ]
    assert_lists_show_their_theater_alone(rows, of_none=OF_NO_THEATER, theater=THEATER)


def test_a_payment_from_before_they_kept_theaters_is_where_its_receipt_says(
    sign_in: Callable[..., APIClient], sale: Payment
) -> None:
    Payment.objects.update(theater_id=None)
    for theater, status in ((THEATER, 200), (uuid7(), 404)):
        assert sign_in(roles=("support",), theaters=[str(theater)]).get(f"/payments/{sale.id}").status_code == status
    unpaid = PaymentFactory()
    clerk = sign_in(roles=("support",), theaters=[str(THEATER)])
    assert clerk.get(f"/payments/{unpaid.id}").status_code == 404
    assert sign_in(roles=("support",)).get(f"/payments/{unpaid.id}").status_code == 200


@pytest.mark.parametrize("first", ["booking.created", "booking.extended"])
def test_a_payment_keeps_its_theater_whatever_is_heard_of_first(deliver: Deliver, first: str) -> None:
    booking = booking_data(theater_id=str(THEATER))
    later = (timezone.now() + timedelta(minutes=9)).isoformat()
    told = {"booking.created": booking, "booking.extended": booking | {"hold_expires_at": later}}
    for name in sorted(told, key=lambda name: name != first):
        deliver(name, told[name])
    assert payment_of(booking).theater_id == THEATER


def test_what_somebody_of_staff_bought_themselves_is_theirs_wherever_it_was(
    sign_in: Callable[..., APIClient], sale: Payment
) -> None:
    clerk = sign_in(roles=("customer", "support"), user_id=sale.user_id, theaters=[str(uuid7())])
    assert clerk.get(f"/payments/{sale.id}").status_code == 200
    assert len(clerk.get("/payments").json()["results"]) == 1


def test_what_is_the_houses_is_for_nobody_who_is_limited(client: Client) -> None:
    for limit, status in ((None, 200), (frozenset({THEATER}), 403)):
        enter(client, "manager", theaters=limit)
        assert client.get("/admin/payment/reconciliation/").status_code == status
    menu = client.get("/admin/payment/takings/").content.decode()
    assert "/admin/payment/takings/" in menu
    assert "/admin/payment/reconciliation/" not in menu
