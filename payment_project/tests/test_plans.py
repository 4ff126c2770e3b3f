"""What runs by itself and what staff open costs the same however much history there is, in pages of the database."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.test import Client

from chassis import testing_staff
from chassis.ids import uuid7
from chassis.testing_costs import assert_bounded, lists, lists_at_theaters, measured, reads, ticks
from chassis.testing_database import large_theater
from chassis.testing_staff import enter
from chassis.web.staff import local_user
from payments.gift_models import GiftCard
from payments.models import GatewayOperation, Payment
from payments.receipt_models import Receipt, ReceiptSeries
from payments.receipts_admin import SeriesFilter
from payments.takings_models import Takings
from tests.factories import PaymentFactory


def test_what_the_clock_starts_costs_what_there_is_to_do(long_history: None) -> None:
    assert_bounded(ticks())


def test_every_list_of_staff_costs_what_it_shows(long_history: None) -> None:
    assert_bounded(lists(local_user("root", {"admin"})))


def test_the_lists_of_somebody_limited_to_a_theater_cost_no_more(long_history: None) -> None:
    limited = testing_staff.staff_token("admin", theaters=frozenset({large_theater(1)}))
    assert_bounded(lists_at_theaters(local_user("root", {"admin"}), limited))


def test_what_the_desk_shows_costs_what_its_days_are(long_history: None, client: Client) -> None:
    enter(client, "manager")
    last = Takings.objects.order_by("-day")[0].day
    week = f"/admin/payment/takings/?first={last - timedelta(days=6)}&last={last}"
    assert_bounded(reads(client, [week, f"{week}&by=day&by=theater&by=film&by=type"]), rows=1000)


def test_what_customers_and_staff_read_costs_what_it_shows(long_history: None, sign_in: Callable[..., Any]) -> None:
    payment = Payment.objects.order_by("-id")[0]
    own = ["/payments", f"/payments?booking_id={payment.booking_id}", f"/payments/{payment.id}", "/payments/methods"]
    own.append(f"/payments/{payment.id}/receipt")
    assert_bounded(reads(sign_in(user_id=payment.user_id), own), rows=1000)
    by_status = ["/payments?status=declined", "/payments?status=refunded"]
    everybody_s = [*own[:3], *by_status, f"/payments?user_id={payment.user_id}"]
    refunds = ["/refunds", "/refunds?status=awaiting_approval", f"/refunds?payment_id={payment.id}"]
    card = GiftCard.objects.order_by("-id")[0]
    cards = ["", f"?last4={card.last4}", f"?issue_id={card.issue_id}", f"/{card.id}", f"/{card.id}/lines", "/issues"]
    gift_cards = [f"/gift-cards{path}" for path in cards]
    receipt = Receipt.objects.order_by("-id")[0]
    receipts = ["/receipts", *(f"/receipts?{name}={value}" for name, value in _asked_of(receipt).items())]
    assert_bounded(reads(sign_in(("support",)), [*everybody_s, *refunds, *receipts, *gift_cards]), rows=1000)


def _asked_of(receipt: Receipt) -> dict[str, Any]:
    """What one of them is found by."""
    return {
        "theater_id": receipt.theater_id,
        "number": receipt.number,
        "reference": receipt.payment.booking_reference,
        "day": receipt.issued_at.date(),
    }


def test_a_theater_that_sold_long_ago_is_named_at_the_cost_of_any_other(long_history: None) -> None:
    """By its own receipts: whoever went back through everybody's until there is one would read nearly all."""
    long_ago = Receipt.objects.order_by("id")[0]
    long_ago.id, long_ago.theater_id, long_ago.position, long_ago.number = UUID(int=1), uuid7(), 1, "R0-1"
    long_ago.payment, long_ago.refund = PaymentFactory(), None
    long_ago.save(force_insert=True)
    ReceiptSeries.objects.create(theater_id=long_ago.theater_id, last=1)
    named = measured("series", 200, lambda: SeriesFilter(HttpRequest(), {}, Receipt, None))
    assert named.met, str(named)


def test_what_the_desk_shows_costs_what_it_shows(long_history: None, client: Client) -> None:
    testing_staff.enter(client, "support")
    payment = Payment.objects.order_by("-id")[0]
    asked = GatewayOperation.objects.exclude(result="").order_by("-id")[0]
    found = [payment.booking_reference, payment.id, payment.user_id, asked.result, "4711", "Ada Vy"]
    pages = [
        f"bookings/{payment.booking_id}/money/",
        f"bookings/{payment.booking_id}/steps/",
        f"customers/{payment.user_id}/money/",
        "needs/",
        *(f"search/?q={term}" for term in found),
    ]
    client.get("/admin/payment/panels/needs/")  # which makes the account that stands for them here
    assert_bounded(reads(client, [f"/admin/payment/panels/{page}" for page in pages]), rows=1000)
