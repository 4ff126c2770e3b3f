"""Bookings of nothing: no card, no gateway, no ledger, and the saga as ever."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chassis.ids import uuid7
from chassis.messaging.events import Event
from chassis.messaging.inbox import receive_all
from payments.handlers import HANDLERS
from payments.models import GatewayOperation, Payment, Transaction
from payments.receipt_models import Receipt
from tests.booking_service import BookingService
from tests.factories import booking_data, ending_data, refund, seat_data
from tests.together import event, payment_of

pytestmark = pytest.mark.django_db

Deliver = Callable[..., bool]
Emitted = Callable[..., list[Event]]
NOTHING = {"amount": 0, "currency": "VND"}
METHODS = [None, {"token": "tok_card_declined"}, {"id": str(uuid7())}]


def free(**overrides: Any) -> dict[str, Any]:
    return booking_data(**{"total": NOTHING, "seats": [seat_data(1, price=0)], **overrides})


def assert_no_money_was_asked_for() -> None:
    assert not GatewayOperation.objects.exists()
    assert not Transaction.objects.exists()


@pytest.mark.parametrize("method", METHODS, ids=["no card", "a card", "a saved card"])
def test_a_booking_of_nothing_is_authorised_at_once_whatever_card_it_names(
    deliver: Deliver, emitted: Emitted, method: Any
) -> None:
    booking = free(payment_method=method)
    deliver("booking.created", booking)
    payment = payment_of(booking)
    assert (payment.status, payment.amount, payment.card_last4) == ("authorized", 0, "")
    deliver("booking.confirmed", booking)
    payment.refresh_from_db()
    assert (payment.status, payment.captured_amount) == ("captured", 0)
    assert payment.captured_at is not None
    assert [told.type for told in emitted()] == ["payment.authorized", "payment.completed"]
    assert_no_money_was_asked_for()
    receipt = Receipt.objects.get()
    assert (receipt.total, receipt.card_last4) == (0, "")


@pytest.mark.parametrize("first", ["booking.created", "booking.confirmed"])
def test_the_order_of_arrival_does_not_matter(deliver: Deliver, emitted: Emitted, first: str) -> None:
    booking = free()
    names = ["booking.created", "booking.confirmed"]
    for name in names if first == names[0] else names[::-1]:
        deliver(name, booking)
    assert payment_of(booking).status == "captured"
    assert [told.type for told in emitted()] == ["payment.authorized", "payment.completed"]


@pytest.mark.parametrize("ending", ["booking.expired", "booking.rejected", "booking.cancelled", "booking.failed"])
def test_one_that_ends_before_it_is_confirmed_is_voided(deliver: Deliver, emitted: Emitted, ending: str) -> None:
    booking = free()
    deliver("booking.created", booking)
    deliver(ending, ending_data(booking))
    assert payment_of(booking).status == "voided"
    assert [told.type for told in emitted()] == ["payment.authorized", "payment.voided"]
    assert_no_money_was_asked_for()
    assert not Receipt.objects.exists()


def test_one_that_ends_before_it_is_known_is_told_nothing(deliver: Deliver, emitted: Emitted) -> None:
    booking = free()
    deliver("booking.expired", ending_data(booking))
    deliver("booking.created", booking)
    assert (payment_of(booking).status, emitted()) == ("voided", [])


def test_one_that_is_cancelled_after_all_owes_nothing(deliver: Deliver, emitted: Emitted) -> None:
    booking = free()
    for name in ("booking.created", "booking.confirmed"):
        deliver(name, booking)
    deliver("booking.cancelled", ending_data(booking))
    assert payment_of(booking).status == "captured"
    assert [told.type for told in emitted()] == ["payment.authorized", "payment.completed"]
    assert_no_money_was_asked_for()


def test_to_pay_nothing_answers_the_payment_as_it_is_and_again(
    deliver: Deliver, sign_in: Callable[..., Any], emitted: Emitted
) -> None:
    customer = sign_in()
    booking = free(user_id=customer.user_id)
    deliver("booking.created", booking)
    body = {"booking_id": booking["booking_id"], "payment_method": {"token": "tok_card_declined"}}
    first, again = (customer.post("/payments", body, headers={"Idempotency-Key": "once"}) for _ in range(2))
    assert (first.status_code, first.json()["status"]) == (201, "authorized")
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(emitted()) == 1
    assert_no_money_was_asked_for()
    deliver("booking.expired", ending_data(booking))
    late = customer.post("/payments", body, headers={"Idempotency-Key": "late"})
    assert (late.status_code, late.json()["code"]) == (409, "booking_ended")


def test_one_that_no_event_has_told_of_is_looked_up(
    sign_in: Callable[..., Any], settings: Any, emitted: Emitted
) -> None:
    customer, service = sign_in(), BookingService()
    settings.BOOKING_URL = service.url
    booking = free(user_id=customer.user_id)
    service.bookings[booking["booking_id"]] = {**booking, "id": booking["booking_id"], "status": "PENDING"}
    body = {"booking_id": booking["booking_id"], "payment_method": {"token": "tok_visa"}}
    answer = customer.post("/payments", body, headers={"Idempotency-Key": "k"})
    assert (answer.status_code, answer.json()["status"]) == (201, "authorized")
    assert [told.type for told in emitted()] == ["payment.authorized"]
    service.shutdown()
    service.server_close()


def test_what_was_free_is_not_refunded(deliver: Deliver, sign_in: Callable[..., Any]) -> None:
    paid = booking_data(
        payment_method={"token": "tok_visa"}, seats=[seat_data(1, price=180_000), seat_data(2, price=0)]
    )
    for booking in (free(), paid):
        for name in ("booking.created", "booking.confirmed"):
            deliver(name, booking)
        payment, seat = payment_of(booking), booking["seats"][-1]["id"]
        for wanted in ({"seats": [seat]}, {}) if booking is not paid else ({"seats": [seat]},):
            answer = refund(sign_in(("support",)), payment, **wanted)
            assert (answer.status_code, answer.json()["code"]) == (409, "nothing_paid")


def test_many_cost_as_many_statements_as_one() -> None:
    counts = []
    for count in (1, 30):
        bookings = [free(theater_id=str(uuid7())) for _ in range(count)]
        for name in ("booking.created", "booking.confirmed"):
            with CaptureQueriesContext(connection) as made:
                receive_all([event(name, booking) for booking in bookings], HANDLERS)
            counts.append(len(made))
        assert {payment_of(booking).status for booking in bookings} == {"captured"}
    assert counts[:2] == counts[2:]
    assert Payment.objects.count() == Receipt.objects.count() == 31
