"""What this service emits looks like its golden messages; what it reads, it reads from those of the others."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any
from uuid import UUID

import pytest

from chassis.messaging.events import Event, MalformedEvent
from payments import events, heard, refunds, tasks
from payments.handlers import HANDLERS
from payments.models import Payment
from payments.refunds import Wanted
from tests.factories import booking_data, clerk_of, ending_data, gift_card
from tests.sales import SELLER

Golden = Callable[[str], dict[str, Any]]

EMITTED: list[Any] = [
    events.PaymentAuthorized,
    events.PaymentCompleted,
    events.PaymentFailed,
    events.PaymentVoided,
    events.PaymentRefunded,
    events.PaymentFeeLowered,
]
READ: dict[str, Any] = {
    "booking.created": heard.BookingCreated,
    "booking.extended": heard.BookingExtended,
    "booking.confirmed": heard.BookingConfirmed,
    "booking.reduced": heard.BookingReduced,
    "booking.moved": heard.BookingSeated,
    "booking.reseated": heard.BookingSeated,
    "booking.checked_in": heard.BookingCheckedIn,
    "user.updated": heard.UserUpdated,
    "guest.claimed": heard.GuestClaimed,
    **dict.fromkeys(
        ["booking.rejected", "booking.expired", "booking.cancelled", "booking.failed"], heard.BookingEnding
    ),
}
# What opens the payment of a booking that is not known yet; nobody is let in, or sits elsewhere, before it is paid.
OF_SOLD = {"booking.checked_in", "booking.moved", "booking.reseated"}
OF_BOOKING = [each for each in READ if each.startswith("booking.") and each not in OF_SOLD]


def shape(value: Any) -> Any:
    """The fields of a message and the kinds of their values, whatever the values are."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    return type(value).__name__


@pytest.mark.parametrize("event", EMITTED, ids=lambda event: event.type)
def test_golden_messages_of_payment_are_what_the_code_means(golden: Golden, event: Any) -> None:
    message = Event.parse(golden(event.type))
    assert message.read(event) == message.read(event)
    assert set(message.data) == {field.name for field in fields(event)}


@pytest.mark.django_db
def test_what_is_emitted_has_the_shape_of_the_golden_messages(
    deliver: Callable[..., bool],
    emitted: Callable[..., list[Event]],
    golden: Golden,
    sign_in: Callable[..., Any],
) -> None:
    for card in ("tok_visa", "tok_capture_fails"):
        booking = booking_data(payment_method={"token": card})
        deliver("booking.created", booking)
        deliver("booking.confirmed", booking)
        deliver("booking.cancelled", ending_data(booking))
    late = booking_data(seller=SELLER)
    deliver("booking.created", late)
    both = {"gift_card": {"code": gift_card(150_000)[1]}, "payment_method": {"token": "tok_visa"}}
    customer = sign_in(user_id=UUID(late["user_id"]))
    customer.post("/payments", {"booking_id": late["booking_id"], **both}, headers={"Idempotency-Key": "both"})
    deliver("booking.confirmed", late)
    seats = [seat["id"] for seat in late["seats"]]
    wanted = Wanted(clerk_of(), "one of them is ill", seats=[UUID(seats[0])])
    refunds.request_refund(payment_id=Payment.objects.get(booking_id=late["booking_id"]).id, wanted=wanted)
    tasks.resume_operations()
    deliver("booking.cancelled", ending_data(late, refund=0) | {"seat_ids": seats})
    seen = {event.type: event for event in emitted()}
    assert set(seen) == {event.type for event in EMITTED}
    for event_type, event in seen.items():
        message = golden(event_type)
        assert shape(event.data) == shape(message["data"]), event_type
        assert event.source == message["source"] == "/payment"
        assert event.subject == event.data["payment_id"]


def test_a_slice_is_declared_for_everything_that_is_handled() -> None:
    assert set(READ) == set(HANDLERS)


@pytest.mark.parametrize("event_type", OF_BOOKING)
def test_the_golden_messages_of_booking_are_understood(golden: Golden, event_type: str) -> None:
    message = golden(event_type)
    read = Event.parse(message).read(READ[event_type])
    assert str(read.booking_id) == message["data"]["booking_id"]
    assert (read.total.amount, read.total.currency) == (180_000, "VND")


def test_the_method_that_came_with_a_booking_is_read(golden: Golden) -> None:
    read = Event.parse(golden("booking.created")).read(heard.BookingCreated)
    assert read.payment_method == heard.MethodGiven(token="tok_visa")


@pytest.mark.django_db
@pytest.mark.parametrize("event_type", OF_BOOKING)
def test_the_golden_messages_of_booking_are_handled(deliver: Callable[..., bool], event_type: str) -> None:
    assert deliver(event_type)
    assert Payment.objects.get().booking_reference == "K7QF2M9XTD"


def test_the_golden_message_of_an_account_is_understood(golden: Golden) -> None:
    message = golden("user.updated")
    read = Event.parse(message).read(heard.UserUpdated)
    assert str(read.user_id) == message["data"]["user_id"]
    assert str(read.email_changed_by) == message["data"]["email_changed_by"]


@pytest.mark.django_db
def test_an_event_without_its_total_is_malformed_and_leaves_nothing(deliver: Callable[..., bool]) -> None:
    with pytest.raises(MalformedEvent):
        deliver("booking.created", {"booking_id": booking_data()["booking_id"]})
    assert not Payment.objects.exists()
