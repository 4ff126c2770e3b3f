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
from factories import ContactFactory
from servers import ScriptedSmtp, Sink

from chassis.ids import uuid7
from chassis.secrets import seal
from notifications import delivery
from notifications.domain import Status
from notifications.handlers import HANDLERS, TICKS
from notifications.kinds import samples
from notifications.models import BookingSummary, Contact, DeliveryLog, Notification

pytestmark = pytest.mark.django_db

Deliver = Callable[..., bool]


@pytest.fixture
def contact(golden: Callable[[str], dict[str, Any]]) -> Contact:
    """Who the golden messages are about."""
    return ContactFactory(user_id=golden("booking.created")["data"]["user_id"], full_name="Minh Khai")


def soon() -> str:
    return (timezone.now() + timedelta(minutes=5)).isoformat()


def hold(deliver: Deliver, **overrides: Any) -> bool:
    return deliver("booking.created", **({"payment_method": None, "hold_expires_at": soon()} | overrides))


MAILS = {
    "payment.completed": ("Your receipt", ["₫180,000"]),
    "ticket.issued": (
        "Your ticket K7QF2M9XTD: The Lantern Keeper",
        ["Marquee Bến Thành, Hall 1", "Seats B1, B2", "Wednesday, November 25, 2026, 7:30\u202fPM (Asia/Ho_Chi_Minh"],
    ),
    "payment.failed": ("Your payment did not go through", ["the bank declined the card", "The booking has ended"]),
    "payment.refunded": ("Your refund of ₫180,000", ["we refunded ₫180,000"]),
    "booking.cancelled": ("Booking K7QF2M9XTD is cancelled", ["the money goes back"]),
    "booking.expired": ("Your hold has ended: K7QF2M9XTD", ["was not paid in time"]),
    "booking.rejected": ("Booking K7QF2M9XTD could not be kept", ["nothing stays charged"]),
    "booking.failed": ("Booking K7QF2M9XTD did not go through", ["nothing stays charged"]),
}


@pytest.mark.parametrize("event_type", MAILS)
def test_the_golden_message_becomes_the_right_mail(
    sink: Sink, deliver: Deliver, contact: Contact, event_type: str
) -> None:
    subject, phrases = MAILS[event_type]
    assert deliver(event_type)
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


def test_refunds_of_one_booking_are_told_one_by_one(sink: Sink, deliver: Deliver, contact: Contact) -> None:
    for number, status in ((1, "partially_refunded"), (2, "refunded")):
        deliver(
            "payment.refunded",
            refund_id=uuid7(),
            amount={"amount": 90000, "currency": "VND"},
            refunded_amount={"amount": 90000 * number, "currency": "VND"},
            status=status,
        )
    first, second = sink.messages(contact.email)
    assert "That makes ₫90,000 so far." in first["text"]
    assert "so far" not in second["text"]


THIS_HOUR = timezone.now().replace(minute=0, second=0, microsecond=0)


def move(deliver: Deliver, *, hours: int, revision: int, **overrides: Any) -> bool:
    """The showtime of the golden booking is in as many hours from now, an hour later than before."""
    start = THIS_HOUR + timedelta(hours=hours)
    showtime = {**samples.BOOKING["showtime"], "starts_at": start.isoformat(), "time_zone": "UTC"}
    before = {"starts_at": (start - timedelta(hours=1)).isoformat(), "screen": "Screen 3"}
    told = {"before": before, "showtime": showtime, "free_cancellation_until": start.isoformat()}
    return deliver("booking.moved", revision=revision, **(told | overrides))


def hour(hours: int) -> str:
    local = THIS_HOUR + timedelta(hours=hours)
    return f"{local:%B} {local.day}, {local.year}, {local.hour % 12 or 12}:00\u202f{local:%p}"


def test_a_moved_showtime_is_told_with_both_times_and_the_way_out(
    sink: Sink, deliver: Deliver, contact: Contact
) -> None:
    move(deliver, hours=30, revision=2)
    [mail] = sink.messages(contact.email)
    assert mail["subject"] == "Another time for your booking K7QF2M9XTD: The Long Take"
    was, now, offer = (line for line in mail["text"].splitlines() if line.startswith(("Was", "Now", "If it does not")))
    assert hour(29) in was
    assert hour(30) in now
    assert hour(30) in offer
    assert "₫180,000 goes back to your card" in offer
    assert "the ticket you have stays valid" in mail["text"]
    assert mail["attachments"][0]["name"] == "ticket.png"


def test_who_has_not_paid_yet_is_not_promised_their_money_back(sink: Sink, deliver: Deliver, contact: Contact) -> None:
    move(deliver, hours=30, revision=2, ticket="")
    [mail] = sink.messages(contact.email)
    assert "free of charge" in mail["text"]
    assert "ticket" not in mail["text"]
    assert mail["attachments"] == []


def test_each_move_is_told_once(sink: Sink, deliver: Deliver, contact: Contact) -> None:
    for hours, revision in ((30, 2), (30, 2), (31, 3)):
        move(deliver, hours=hours, revision=revision)
    first, second = sink.messages(contact.email)
    assert hour(30) in first["text"]
    assert hour(31) in second["text"]


def test_a_move_that_nobody_can_act_on_any_more_is_not_told(sink: Sink, deliver: Deliver, contact: Contact) -> None:
    move(deliver, hours=0, revision=2)
    assert sink.messages(contact.email) == []
    assert Notification.objects.get().reason == "too_late"


@pytest.mark.parametrize("order", list(permutations(["created", 2, 3])), ids=str)
def test_later_messages_say_the_newest_time_whatever_arrived_last(
    sink: Sink, deliver: Deliver, contact: Contact, order: tuple[Any, ...]
) -> None:
    for news in order:
        if news == "created":
            deliver("booking.created", payment_method={"token": "tok_visa"})
        else:
            move(deliver, hours=30 + news, revision=news)
    deliver("payment.completed")
    receipt = sink.messages(contact.email)[-1]
    assert receipt["subject"].startswith("Your receipt")
    assert hour(33) in receipt["text"]


@pytest.mark.parametrize("event_type", sorted(set(HANDLERS) - {"user.registered", "user.updated"}))
def test_an_event_that_comes_twice_is_told_once(
    sink: Sink, deliver: Deliver, contact: Contact, event_type: str
) -> None:
    event_id = uuid7()
    overrides: dict[str, Any] = {}
    if event_type == "booking.created":
        overrides = {"payment_method": None, "hold_expires_at": soon()}
    if "requested" in event_type:
        overrides = {"token": seal("s3cret", settings.MAILED_SECRET_KEYS), "expires_at": soon()}
    if event_type == "booking.moved":
        overrides = {"before": {"starts_at": soon(), "screen": "Hall 1"}}
    assert deliver(event_type, event_id=event_id, **overrides) is True
    assert deliver(event_type, event_id=event_id, **overrides) is False
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
        overrides = {"email": address} if event_type == "user.registered" else {}
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
    with CaptureQueriesContext(connection) as queries:
        deliver(event_type)
    statements = [query["sql"] for query in queries if "SAVEPOINT" not in query["sql"]]
    assert len(statements) == 4, statements


def test_each_event_that_concerns_a_customer_is_handled() -> None:
    assert set(MAILS) | {
        "booking.created",
        "booking.moved",
        "user.registered",
        "user.updated",
        "password.reset_requested",
        "password.changed",
        "email.verification_requested",
        "email.verified",
        "email.claimed",
        "email.changed",
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
