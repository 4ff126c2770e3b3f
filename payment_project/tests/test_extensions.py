"""A booking whose hold was made longer may be paid for so much longer."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from django.utils import timezone

from chassis.ids import uuid7
from payments import bookings
from payments.models import Payment
from tests.booking_service import BookingService
from tests.factories import PaymentFactory, booking_data, ending_data

pytestmark = pytest.mark.django_db

Client = Any
Deliver = Callable[..., bool]
FEW = timedelta(minutes=2)


@pytest.fixture
def booking() -> dict[str, Any]:
    """One whose hold is over, as far as its first event told."""
    return booking_data(hold_expires_at=(timezone.now() - FEW).isoformat())


@pytest.fixture
def booking_service(settings: Any) -> Iterator[BookingService]:
    service = BookingService()
    settings.BOOKING_URL = service.url
    bookings.client.cache_clear()
    yield service
    service.shutdown()
    service.server_close()


def extension(booking: dict[str, Any]) -> dict[str, Any]:
    """The data of the event that its hold is longer."""
    told = {name: booking[name] for name in ("booking_id", "reference", "user_id", "total")}
    return {**told, "hold_expires_at": (timezone.now() + FEW).isoformat()}


def pay(client: Client, booking_id: object) -> Any:
    body = {"booking_id": str(booking_id), "payment_method": {"token": "tok_visa"}}
    return client.post("/payments", body, headers={"Idempotency-Key": str(uuid7())})


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_it_may_be_paid_until_the_later_time_whichever_is_heard_first(
    deliver: Deliver, booking: dict[str, Any], sign_in: Callable[..., Client]
) -> None:
    longer = extension(booking)
    orders = list(permutations([("booking.created", booking), ("booking.extended", longer)]))
    for order in orders:
        for event_type, data in order:
            deliver(event_type, data)
        payment = Payment.objects.get()
        assert payment.hold_expires_at is not None
        assert payment.hold_expires_at.isoformat() == longer["hold_expires_at"]
        assert (payment.amount, payment.booking_reference, len(payment.seats)) == (180_000, booking["reference"], 2)
        Payment.objects.all().delete()
    assert len(orders) == 2
    deliver("booking.created", booking)
    customer = sign_in(user_id=booking["user_id"])
    assert code(pay(customer, booking["booking_id"])) == (409, "hold_expired")
    deliver("booking.extended", longer)
    assert pay(customer, booking["booking_id"]).status_code == 201


def test_a_booking_that_ended_stays_so(deliver: Deliver, booking: dict[str, Any]) -> None:
    deliver("booking.expired", ending_data(booking))
    deliver("booking.extended", extension(booking))
    payment = Payment.objects.get()
    assert (payment.booking_state, payment.status) == ("ended", "voided")


def test_before_its_event_has_arrived_booking_is_asked_whether_the_hold_is_longer(
    booking_service: BookingService, booking: dict[str, Any], sign_in: Callable[..., Client]
) -> None:
    customer = sign_in(user_id=booking["user_id"])
    payment = PaymentFactory(
        user_id=customer.user_id, booking_id=booking["booking_id"], hold_expires_at=timezone.now() - FEW
    )
    booking_service.bookings[booking["booking_id"]] = {
        **{name: booking[name] for name in ("reference", "user_id", "total", "seats")},
        "id": booking["booking_id"],
        "status": "PENDING",
        "hold_expires_at": (timezone.now() + FEW).isoformat(),
    }
    assert pay(customer, payment.booking_id).status_code == 201


def test_a_hold_that_booking_knows_to_be_over_too_is_not_paid(
    booking_service: BookingService, booking: dict[str, Any], sign_in: Callable[..., Client]
) -> None:
    customer = sign_in(user_id=booking["user_id"])
    known = {"id": booking["booking_id"], "user_id": booking["user_id"], "total": booking["total"]}
    PaymentFactory(user_id=customer.user_id, booking_id=booking["booking_id"], hold_expires_at=timezone.now() - FEW)
    assert code(pay(customer, booking["booking_id"])) == (409, "hold_expired")  # not known there
    for status in ("PENDING", "EXPIRED"):
        booking_service.bookings[booking["booking_id"]] = {
            **known,
            "status": status,
            "hold_expires_at": booking["hold_expires_at"],
        }
        assert code(pay(customer, booking["booking_id"])) == (409, "hold_expired")
