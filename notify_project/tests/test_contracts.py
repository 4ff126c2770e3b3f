"""What producers promise under contracts/ is what this service reads."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest

from chassis.messaging.events import Event, MalformedEvent
from notifications import heard, heard_payments
from notifications.handlers import HANDLERS

Golden = Callable[[str], dict[str, Any]]

SLICES: dict[str, type[Any]] = {
    "user.registered": heard.UserKnown,
    "user.updated": heard.UserKnown,
    "password.reset_requested": heard.TokenSent,
    "email.verification_requested": heard.TokenSent,
    "email.verified": heard.EmailVerified,
    "email.claimed": heard.EmailClaimed,
    "guest.claimed": heard.GuestClaimed,
    "email.changed": heard.MailboxTold,
    "password.changed": heard.MailboxTold,
    "user.second_factor_changed": heard.SecondFactorChanged,
    "user.security_key_changed": heard.SecurityKeyChanged,
    "booking.created": heard.BookingCreated,
    "booking.moved": heard.BookingMoved,
    "booking.reduced": heard.BookingReduced,
    "booking.reseated": heard.BookingReseated,
    "booking.cancelled": heard.BookingCancelled,
    "booking.expired": heard.BookingEnded,
    "booking.rejected": heard.BookingEnded,
    "booking.failed": heard.BookingEnded,
    "ticket.issued": heard.TicketIssued,
    "payment.completed": heard_payments.PaymentCompleted,
    "payment.failed": heard_payments.PaymentFailed,
    "payment.refunded": heard_payments.PaymentRefunded,
    "payment.fee_lowered": heard_payments.PaymentFeeLowered,
}


def test_every_handled_event_has_its_slice() -> None:
    assert set(SLICES) == set(HANDLERS)


@pytest.mark.parametrize("event_type", SLICES)
def test_the_golden_message_has_every_field_we_read(golden: Golden, event_type: str) -> None:
    message = golden(event_type)
    assert message["type"] == event_type
    assert Event.parse(message).read(SLICES[event_type])
    assert {field.name for field in fields(SLICES[event_type])} <= set(message["data"])


@pytest.mark.parametrize("event_type", SLICES)
def test_a_message_without_whom_it_concerns_is_malformed(golden: Golden, event_type: str) -> None:
    message = golden(event_type)
    del message["data"]["user_id"]
    with pytest.raises(MalformedEvent):
        Event.parse(message).read(SLICES[event_type])


@pytest.mark.parametrize("event_type", SLICES)
def test_a_message_may_say_more_than_we_read(golden: Golden, event_type: str) -> None:
    message = golden(event_type)
    message["data"]["something_new"] = {"nested": [1, 2, 3]}
    assert Event.parse(message).read(SLICES[event_type])
