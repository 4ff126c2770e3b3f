"""Seats of a payment are called as their booking has them, whichever news of that comes first."""

from collections.abc import Callable
from itertools import permutations
from typing import Any

import pytest

from chassis.ids import uuid7
from payments import kept, seats
from payments.models import Payment
from tests.factories import booking_data, refund, seat_data

pytestmark = pytest.mark.django_db

Deliver = Callable[..., bool]
PRICES = (90_000, 60_000)


@pytest.fixture
def payment(deliver: Deliver) -> Payment:
    """Of B1 and B2."""
    sold = [seat_data(number, price=price) for number, price in enumerate(PRICES, 1)]
    booking = booking_data(payment_method={"token": "tok_visa"}, seats=sold)
    deliver("booking.created", booking)
    deliver("booking.confirmed", booking)
    return Payment.objects.get(booking_id=booking["booking_id"])


def told(payment: Payment, seating: int, *places: tuple[str, int]) -> dict[str, Any]:
    ids = [each["id"] for each in payment.seats]
    now = [{"id": id_, "row": row, "number": number} for id_, (row, number) in zip(ids, places, strict=True)]
    return {"booking_id": payment.booking_id, "seats": now, "seating": seating}


def names(payment: Payment) -> str:
    return seats.named(kept.seats_of(Payment.objects.get(pk=payment.pk)))


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_latest_seating_names_them_in_whatever_order_it_is_heard_of(
    payment: Payment, deliver: Deliver, order: tuple[int, ...]
) -> None:
    news = [
        ("booking.reseated", told(payment, 1, ("E", 7), ("B", 2))),
        ("booking.reseated", told(payment, 2, ("E", 7), ("B", 1))),
        ("booking.moved", told(payment, 1_700_000_000_003, ("A", 1), ("A", 2))),
    ]
    for number in order:
        kind, data = news[number]
        assert deliver(kind, data)
    assert names(payment) == "A1, A2"
    assert [seat.price for seat in kept.seats_of(Payment.objects.get(pk=payment.pk))] == list(PRICES)


def test_a_seat_is_refunded_at_its_price_by_the_name_that_it_has(
    payment: Payment, deliver: Deliver, sign_in: Callable[..., Any]
) -> None:
    """After two changes its customer sits in B1 with the ticket that was sold for B2."""
    deliver("booking.reseated", told(payment, 2, ("E", 7), ("B", 1)))
    (paid_less,) = [seat for seat in kept.seats_of(Payment.objects.get(pk=payment.pk)) if seat.name == "B1"]
    answer = refund(sign_in(roles=("support",), username="linh"), payment, seats=[str(paid_less.id)])
    assert answer.status_code in (200, 201, 202), answer.json()
    (done,) = payment.refunds.all()
    assert (done.amount, seats.named(kept.seats_of(done))) == (60_000, "B1")


def test_news_of_a_booking_without_a_payment_and_of_a_service_of_before_is_taken(
    payment: Payment, deliver: Deliver
) -> None:
    assert deliver("booking.reseated", {**told(payment, 3, ("E", 7), ("B", 1)), "booking_id": uuid7()})
    before = told(payment, 0, ("E", 7), ("B", 1))
    del before["seating"]
    assert deliver("booking.moved", before)
    assert names(payment) == "B1, B2"
