"""What each event says to whom, in any order and however often it comes. Events are the producers' golden messages."""

from collections.abc import Callable
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from servers import ScriptedSmtp, Sink

from chassis.ids import nobodys_id, uuid7
from chassis.secrets import seal
from notifications import delivery
from notifications.domain import Status
from notifications.handlers import HANDLERS, TICKS
from notifications.models import BookingSummary, Contact, DeliveryLog, Notification

pytestmark = pytest.mark.django_db

Deliver = Callable[..., bool]


def soon() -> str:
    return (timezone.now() + timedelta(minutes=5)).isoformat()


def hold(deliver: Deliver, **overrides: Any) -> bool:
    return deliver("booking.created", **({"payment_method": None, "hold_expires_at": soon()} | overrides))


MAILS = {
    "payment.completed": (
        "Your receipt",
        [
            *("we received your payment of ₫180,000. Thank you.", "Receipt  R7-000123", "Total    ₫180,000"),
            *("2 \N{MULTIPLICATION SIGN} Adult: ₫180,000", "2 \N{MULTIPLICATION SIGN} 7 days before: -₫18,000"),
            *(
                "Tax of 5% in it: ₫7,714",
                "Tax of 10% in it: ₫1,636",
                "Gift card …7K3Q: ₫50,000",
                "Card …4242: ₫130,000",
            ),
            *("Sold by  Marquee Bến Thành Co. Ltd, 1 Lê Lợi, Hồ Chí Minh", "Tax number 0312345678"),
        ],
    ),
    "ticket.issued": (
        "Your ticket K7QF2M9XTD: The Lantern Keeper",
        [
            *(
                "Marquee Bến Thành, Hall 1",
                "Seats B1, B2",
                "The code of seat B1 (Adult)",
                "The code of seat B2 (Adult)",
            ),
            "Wednesday, November 25, 2026, 7:30\u202fPM, Vietnam Time (GMT+7)",
        ],
    ),
    "payment.failed": ("Your payment did not go through", ["the bank declined the card", "The booking has ended"]),
    "payment.refunded": (
        "Your refund of ₫90,000",
        ["(B1)", "You asked us to take one seat back."],
    ),
    "payment.fee_lowered": (
        "We keep less than we wrote",
        ["we keep ₫36,000. B1 had been given back just before", "In all we keep ₫18,000"],
    ),
    "booking.reduced": (
        "Seats of booking K7QF2M9XTD were given back",
        [
            *("given back: B1;", "Your booking goes on with B2, and tickets for that stay valid", "Marquee Bến Thành"),
            *("₫81,000 goes back to what you paid with", "We keep ₫9,000: the fee for giving seats back"),
        ],
    ),
    "booking.cancelled": ("Booking K7QF2M9XTD is cancelled", ["₫180,000 goes back to what you paid with"]),
    "booking.expired": ("Your hold has ended: K7QF2M9XTD", ["was not paid in time"]),
    "booking.rejected": ("Booking K7QF2M9XTD could not be kept", ["nothing stays charged"]),
    "booking.failed": ("Booking K7QF2M9XTD did not go through", ["nothing stays charged"]),
}


@pytest.mark.parametrize("event_type", MAILS)
def test_the_golden_message_becomes_the_right_mail(
    sink: Sink, deliver: Deliver, contact: Contact, make_due: Callable[[], None], event_type: str
) -> None:
    subject, phrases = MAILS[event_type]
    assert deliver(event_type)
    make_due()
    delivery.deliver_due()
    [mail] = sink.messages(contact.email)
    assert mail["subject"] == subject
    assert mail["text"].startswith("Hello Minh Khai,")
    for phrase in phrases:
        assert phrase in mail["text"]
    assert Notification.objects.get().status == Status.SENT


def test_a_booking_that_awaits_its_payment_gets_a_hold_notice(sink: Sink, deliver: Deliver, contact: Contact) -> None:
    hold(deliver)
    [mail] = sink.messages(contact.email)
    assert mail["subject"] == "We are holding your seats: K7QF2M9XTD"
    assert "Total    ₫180,000" in mail["text"]


def test_a_booking_whose_payment_came_with_it_needs_none(sink: Sink, deliver: Deliver, contact: Contact) -> None:
    deliver("booking.created", payment_method={"token": "tok_visa"}, hold_expires_at=soon())
    assert sink.messages(contact.email) == []
    assert BookingSummary.objects.count() == 1


def test_a_booking_that_costs_nothing_needs_none(sink: Sink, deliver: Deliver, contact: Contact) -> None:
    hold(deliver, total={"amount": 0, "currency": "VND"})
    assert sink.messages(contact.email) == []


def test_a_hold_notice_that_comes_too_late_is_not_sent(sink: Sink, deliver: Deliver, contact: Contact) -> None:
    hold(deliver, hold_expires_at=timezone.now().isoformat())
    assert sink.messages(contact.email) == []
    assert Notification.objects.get().reason == "too_late"


def test_whoever_opted_out_gets_no_hold_notice_but_the_receipt(sink: Sink, deliver: Deliver, contact: Contact) -> None:
    Contact.objects.update(wants_hold_notices=False)
    hold(deliver)
    deliver("payment.completed")
    [mail] = sink.messages(contact.email)
    assert mail["subject"].startswith("Your receipt")


def test_a_receipt_names_the_booking_when_it_is_known(sink: Sink, deliver: Deliver, contact: Contact) -> None:
    deliver("booking.created", hold_expires_at=soon())
    deliver("payment.completed")
    [mail] = sink.messages(contact.email)
    assert mail["subject"] == "Your receipt for booking K7QF2M9XTD"
    assert "The Lantern Keeper" in mail["text"]


@pytest.mark.parametrize("later", ["payment.completed", "booking.cancelled", "payment.failed"])
def test_a_hold_notice_after_later_news_of_its_booking_is_superseded(
    sink: Sink, deliver: Deliver, contact: Contact, later: str
) -> None:
    deliver(later)
    hold(deliver)
    assert len(sink.messages(contact.email)) == 1
    assert Notification.objects.get(template="hold").reason == "superseded"


def test_a_decline_that_leaves_the_hold_tells_each_time_and_does_not_end_it(
    sink: Sink, deliver: Deliver, contact: Contact
) -> None:
    deliver("payment.failed", final=False, retryable=True, failure_code="insufficient_funds")
    deliver("payment.failed", final=False, retryable=True, failure_code="expired_card")
    deliver("payment.completed")
    first, second, receipt = sink.messages(contact.email)
    assert "not enough funds" in first["text"]
    assert "Try another card" in first["text"]
    assert "the card has expired" in second["text"]
    assert receipt["subject"].startswith("Your receipt")


@pytest.mark.parametrize(
    "order", list(permutations(["payment.failed", "booking.failed"])), ids=lambda order: " then ".join(order)
)
def test_a_booking_ends_with_one_message(
    sink: Sink, deliver: Deliver, contact: Contact, order: tuple[str, str]
) -> None:
    for event_type in order:
        deliver(event_type)
    assert len(sink.messages(contact.email)) == 1


@pytest.mark.parametrize("event_type", sorted(set(HANDLERS) - {"user.registered", "user.updated", "guest.claimed"}))
def test_an_event_that_comes_twice_is_told_once(
    sink: Sink, deliver: Deliver, contact: Contact, make_due: Callable[[], None], event_type: str
) -> None:
    event_id = uuid7()
    overrides: dict[str, Any] = {}
    if event_type == "booking.created":
        overrides = {"payment_method": None, "hold_expires_at": soon()}
    if "requested" in event_type:
        overrides = {"token": seal("s3cret", settings.MAILED_SECRET_KEYS), "expires_at": soon()}
    if event_type == "payment.refunded":
        overrides = {"kind": "goodwill"}
    if event_type == "booking.moved":
        overrides = {"before": {"starts_at": soon(), "screen": "Hall 1"}}
    assert deliver(event_type, event_id=event_id, **overrides) is True
    assert deliver(event_type, event_id=event_id, **overrides) is False
    make_due()  # what follows another message that never came
    delivery.deliver_due()
    assert DeliveryLog.objects.filter(outcome="sent").count() == 1


@pytest.mark.parametrize("event_type", ["payment.completed", "ticket.issued", "booking.cancelled"])
def test_two_events_that_tell_the_same_are_told_once(
    sink: Sink, deliver: Deliver, contact: Contact, event_type: str
) -> None:
    deliver(event_type)
    deliver(event_type)
    assert len(sink.messages(contact.email)) == 1


STORY = ["user.registered", "email.verified", "booking.created", "payment.completed", "ticket.issued"]


@pytest.mark.parametrize("order", list(permutations(STORY))[::5], ids=lambda order: " ".join(order))
def test_whatever_the_order_the_customer_has_a_welcome_a_receipt_and_a_ticket(
    sink: Sink, deliver: Deliver, golden: Callable[[str], dict[str, Any]], order: tuple[str, ...]
) -> None:
    user_id, address = uuid7(), f"{uuid7().hex}@example.com"
    for event_type in order:
        overrides = {"email": address, "language": "en"} if event_type == "user.registered" else {}
        deliver(event_type, user_id=user_id, **overrides)
    delivery.deliver_due()
    subjects = [mail["subject"] for mail in sink.messages(address)]
    assert sorted(subject[:12] for subject in subjects) == ["Welcome to M", "Your receipt", "Your ticket "]
    assert set(Notification.objects.values_list("status", flat=True)) == {Status.SENT}


def test_a_mail_server_that_is_away_neither_loses_the_event_nor_blocks_the_handler(
    scripted: ScriptedSmtp, deliver: Deliver, contact: Contact, make_due: Callable[[], None]
) -> None:
    scripted.replies["CONNECT"] = None
    assert deliver("payment.completed")
    assert Notification.objects.get().status == Status.PENDING
    scripted.replies.clear()
    make_due()
    delivery.deliver_due()
    assert len(scripted.accepted) == 1


@pytest.mark.parametrize("event_type", ["payment.completed", "ticket.issued", "booking.cancelled", "payment.refunded"])
def test_an_event_costs_four_statements(sink: Sink, deliver: Deliver, contact: Contact, event_type: str) -> None:
    overrides = {"kind": "goodwill"} if event_type == "payment.refunded" else {}
    with CaptureQueriesContext(connection) as queries:
        deliver(event_type, **overrides)
    statements = [query["sql"] for query in queries if "SAVEPOINT" not in query["sql"]]
    assert len(statements) == 4, statements


def test_each_event_that_concerns_a_customer_is_handled() -> None:
    assert set(MAILS) | {
        "booking.created",
        "booking.moved",
        "booking.reduced",
        "booking.reseated",
        "user.registered",
        "user.updated",
        "password.reset_requested",
        "password.changed",
        "user.second_factor_changed",
        "user.security_key_changed",
        "email.verification_requested",
        "email.verified",
        "email.claimed",
        "email.changed",
        "guest.claimed",
    } == set(HANDLERS)


def test_events_travel_on_the_exchanges_of_those_who_emit_them() -> None:
    from chassis.messaging.topology import event_queue, exchange_of

    assert exchange_of("ticket.issued").name == "booking_events"
    assert {exchange_of(event_type).name for event_type in HANDLERS} == {
        "auth_events",
        "booking_events",
        "payment_events",
    }
    assert event_queue(HANDLERS).name == settings.QUEUE_NAME == "notification_queue"


def test_every_tick_runs_on_an_empty_database() -> None:
    ran = [job() for jobs in TICKS.values() for job in jobs]
    assert len(ran) >= 5


@pytest.mark.parametrize("event_type", ["booking.created", "payment.completed", "ticket.issued", "payment.refunded"])
def test_whoever_gave_no_address_at_the_counter_is_told_nothing(deliver, event_type):
    assert deliver(event_type, user_id=str(nobodys_id()))
    assert not Notification.objects.exists()
