"""Events that come together: told, taken, handed over and recorded together, and each of them as if it came alone."""

import copy
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from factories import ContactFactory, event_of
from mail_server import HANG_UP, MailServer
from servers import ScriptedSmtp, Sink

from chassis.ids import uuid7
from chassis.messaging.batches import Delivery, Lane, Verdict
from chassis.messaging.events import Event
from chassis.messaging.inbox import receive_all
from chassis.storage.models import InboxMessage
from chassis.telemetry import tracing
from chassis.telemetry.correlation import correlation_id
from chassis.testing_database import sweep
from chassis.testing_plans import buffers, costs, many_partitions, scanned
from notifications import compose, delivery, outgoing
from notifications.domain import Status
from notifications.handlers import HANDLERS, lock
from notifications.models import BookingSummary, Contact, DeliveryLog, Notification
from notifications.outgoing import TOGETHER
from notifications.smtp import SmtpServer

pytestmark = pytest.mark.django_db

Golden = Callable[[str], dict[str, Any]]
Make = Callable[..., Event]


@pytest.fixture
def make(golden: Golden) -> Make:
    """make(event_type, **data): the golden message of another booking, unless data says which."""

    def make_one(event_type: str, *, event_id: Any = None, correlation: str = "", **data: Any) -> Event:
        said = {**copy.deepcopy(golden(event_type)["data"]), "booking_id": str(uuid7()), **data}
        return event_of(
            event_type, {key: str(value) if key.endswith("_id") else value for key, value in said.items()},
            event_id=event_id, correlation=correlation,
        )  # fmt: skip

    return make_one


@pytest.fixture(params=[True, False], ids=["pipelining", "one by one"])
def server(request: pytest.FixtureRequest, settings: Any, sink: Sink) -> Iterator[MailServer]:
    with MailServer(pipelining=request.param).running() as running:
        settings.SMTP_SERVER = SmtpServer("127.0.0.1", running.port)
        delivery.forget_connection()
        yield running
        delivery.forget_connection()
        delivery.forget_outages()


def receive(*events: Event) -> int:
    return len(receive_all(events, HANDLERS, lock=lock))


def statements(events: list[Event]) -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        assert receive(*events) == len(events)
    return [query["sql"] for query in queries if "SAVEPOINT" not in query["sql"]]


def statuses() -> list[str]:
    return sorted(Notification.objects.values_list("status", flat=True))


def some_seconds_later() -> None:
    delivery.forget_outages()
    Notification.objects.filter(status=Status.PENDING).update(due_at=timezone.now() - timedelta(seconds=1))


@pytest.mark.parametrize("event_type", ["ticket.issued", "payment.completed", "booking.cancelled"])
def test_many_messages_take_the_statements_of_one(sink: Sink, make: Make, contact: Contact, event_type: str) -> None:
    receive(make(event_type))  # so that the mail server is known to be there
    one = statements([make(event_type)])
    many = statements([make(event_type) for _ in range(TOGETHER)])
    locks = [statement for statement in many if "advisory" in statement]
    assert (len(one), len(many), len(locks)) == (4, 5, 1)
    fifty = statements([make(event_type) for _ in range(50)])
    assert len(fifty) == len(locks) + 2 + 2 * 4, "it takes and records 16 at a time"
    assert DeliveryLog.objects.filter(outcome="sent").count() == 1 + 1 + TOGETHER + 50


def test_a_message_costs_the_same_however_long_the_log_is_kept(sink: Sink, make: Make, contact: Contact) -> None:
    def told() -> int:
        with costs() as made:
            assert receive(make("ticket.issued")) == 1
        assert {name for cost in made for name in scanned(cost) if name.startswith("inbox")} == set()
        assert len({name for cost in made for name in scanned(cost) if name.startswith("delivery_log")}) <= 1
        return buffers(made)

    sweep()
    few = max(told(), told())
    many_partitions(DeliveryLog.partitions, InboxMessage.partitions)
    assert min(told(), told()) <= few
    assert DeliveryLog.objects.filter(outcome="sent").count() == 4


def test_many_bookings_are_known_with_the_statements_of_one(sink: Sink, make: Make) -> None:
    paid = {"payment_method": {"token": "tok_visa"}}
    one = statements([make("booking.created", **paid)])
    fifty = statements([make("booking.created", **paid) for _ in range(50)])
    assert len(fifty) == len(one) + 1, "and the one that locks them"
    assert BookingSummary.objects.count() == 51


def test_all_of_a_batch_are_told_and_each_once(sink: Sink, make: Make, contact: Contact) -> None:
    bookings = [str(uuid7()) for _ in range(20)]
    events = [make(kind, booking_id=one) for one in bookings for kind in ("payment.completed", "ticket.issued")]
    again = [make("ticket.issued", booking_id=bookings[0]), make("payment.completed", booking_id=bookings[1])]
    assert receive(*events, events[3], *again) == 42
    assert receive(*events) == 0
    assert receive(make("ticket.issued", booking_id=bookings[2])) == 1
    assert statuses() == [Status.SENT] * 40
    assert DeliveryLog.objects.filter(outcome="sent").count() == 40
    assert len(sink.messages(contact.email)) == 40


@pytest.mark.parametrize("created_first", [True, False])
def test_created_and_cancelled_of_one_booking_in_a_batch_end_with_one_message(
    sink: Sink, make: Make, created_first: bool
) -> None:
    contact, booking = ContactFactory(), uuid7()
    about = {"booking_id": booking, "user_id": contact.user_id}
    soon = (timezone.now() + timedelta(minutes=5)).isoformat()
    events = [
        make("booking.created", payment_method=None, hold_expires_at=soon, **about),
        make("booking.cancelled", **about),
        make("payment.failed", final=True, **about),
    ]
    receive(*(events if created_first else reversed(events)))
    told = {one.template: (one.status, one.reason) for one in Notification.objects.all()}
    assert told.pop("hold") == (Status.SUPPRESSED, "superseded")
    assert list(told.values()) == [(Status.SENT, "")]
    assert len(sink.messages(contact.email)) == 1


@pytest.mark.parametrize("moved_first", [True, False])
def test_a_booking_that_is_created_moved_and_reduced_in_a_batch_is_known_as_it_is_now(
    sink: Sink, make: Make, moved_first: bool
) -> None:
    booking = uuid7()
    events = [make(kind, booking_id=booking) for kind in ("booking.created", "booking.moved", "booking.reduced")]
    receive(*(reversed(events) if moved_first else events))
    summary = BookingSummary.objects.get()
    assert summary.showtime == events[1].data["showtime"]
    assert [seat["number"] for seat in summary.seats] == [2]


def test_each_message_is_told_under_the_correlation_of_its_event(
    sink: Sink, make: Make, contact: Contact, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    composed: dict[str, str] = {}
    mail = compose.mail

    def observed(**given: Any) -> Any:
        composed[str(given["notification_id"])] = correlation_id()
        return mail(**given)

    logged: dict[str, str] = {}

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.getMessage() == "notification tried":
                logged[vars(record)["notification_id"]] = correlation_id()

    spans: dict[str, str] = {}
    step = tracing.step

    def seen(name: str, **attributes: str) -> Any:
        spans[attributes["notification.id"]] = correlation_id()
        return step(name, **attributes)

    monkeypatch.setattr(compose, "mail", observed)
    monkeypatch.setattr(tracing, "step", seen)
    listener = Listener()
    logging.getLogger("notifications").addHandler(listener)
    try:
        with caplog.at_level("INFO"):
            receive(*(make("ticket.issued", correlation=f"correlation-{n}") for n in range(20)))
    finally:
        logging.getLogger("notifications").removeHandler(listener)
    told = {f"correlation-{n}" for n in range(20)}
    assert set(composed.values()) == told
    assert composed == logged == spans


@pytest.mark.parametrize("place", [0, 4, 8])
def test_a_poisoned_event_costs_the_others_nothing(sink: Sink, make: Make, contact: Contact, place: int) -> None:
    events = [make("ticket.issued") for _ in range(8)]
    events.insert(place, make("ticket.issued", seats="none"))
    batch = [Delivery(event, message=None) for event in events]
    Lane(HANDLERS, lock=lock).handle(batch)
    verdicts = [one.verdict for one in batch]
    assert verdicts.pop(place) == Verdict.DEAD_LETTERED
    assert verdicts == [Verdict.HANDLED] * 8
    assert statuses() == [Status.SENT] * 8
    assert len(sink.messages(contact.email)) == 8


def test_a_message_that_cannot_be_rendered_and_one_without_an_address_fail_alone(
    sink: Sink, make: Make, contact: Contact
) -> None:
    events = [make("payment.completed") for _ in range(4)]
    events[1] = make("payment.completed", amount={"amount": 1, "currency": "XXX"})
    events[2] = make("payment.completed", user_id=uuid7())
    receive(*events)
    assert statuses() == [Status.FAILED, Status.SENT, Status.SENT, Status.WAITING_FOR_CONTACT]


@pytest.mark.parametrize("command", ["RCPT", "END"])
def test_a_mail_that_is_refused_is_the_only_one_of_its_batch(
    server: MailServer, make: Make, contact: Contact, command: str
) -> None:
    receive(make("ticket.issued"))
    server.replies[command, 1 + 3] = "550 never"
    receive(*(make("ticket.issued") for _ in range(5)))
    assert statuses() == [Status.FAILED, *[Status.SENT] * 5]
    assert len(server.accepted) == 5


def test_a_server_that_hangs_up_after_the_third_has_no_mail_twice_that_it_answered(
    server: MailServer, make: Make, contact: Contact
) -> None:
    receive(make("ticket.issued"))
    server.replies["END", 1 + 3] = HANG_UP
    receive(*(make("ticket.issued") for _ in range(5)))
    assert statuses() == [*[Status.PENDING] * 3, *[Status.SENT] * 3]
    some_seconds_later()
    delivery.deliver_due()
    assert statuses() == [Status.SENT] * 6
    assert len(server.accepted) == 6


def test_a_server_that_is_away_costs_one_message_of_a_batch_a_try(
    scripted: ScriptedSmtp, make: Make, contact: Contact
) -> None:
    scripted.replies["CONNECT"] = None
    receive(*(make("ticket.issued") for _ in range(20)))
    assert statuses() == [Status.PENDING] * 20
    assert sum(Notification.objects.values_list("attempts", flat=True)) == 1
    scripted.replies.clear()
    some_seconds_later()
    delivery.deliver_due()
    assert statuses() == [Status.SENT] * 20
    assert len(scripted.accepted) == 20


def test_a_slow_server_holds_a_batch_for_a_bound_and_gets_the_rest_later(
    server: MailServer, make: Make, contact: Contact, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive(make("ticket.issued"))
    monkeypatch.setattr(delivery, "BEGIN_SECONDS", 1.0)
    server.seconds = 0.3
    receive(*(make("ticket.issued") for _ in range(10)))
    assert 2 <= statuses().count(Status.SENT) <= 6
    server.seconds = 0.0
    some_seconds_later()
    delivery.deliver_due()
    assert statuses() == [Status.SENT] * 11
    assert len(server.accepted) == 11


def test_a_hung_server_is_not_waited_for(
    server: MailServer, make: Make, contact: Contact, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "EVENTS_PATIENCE", 0.2)
    server.asking = 1.0
    receive(*(make("ticket.issued") for _ in range(5)))
    assert set(Notification.objects.values_list("reason", flat=True)) == {"", "SMTPServerDisconnected"}
    assert sum(Notification.objects.values_list("attempts", flat=True)) == 1
    server.asking = 0.0
    some_seconds_later()
    delivery.deliver_due()
    assert statuses() == [Status.SENT] * 5


def test_messages_to_one_address_in_a_batch_are_counted_one_after_the_other(
    sink: Sink, make: Make, settings: Any
) -> None:
    settings.MAILS_TO_STRANGERS_PER_HOUR = 3
    contact = ContactFactory(email_verified=False)
    soon = (timezone.now() + timedelta(minutes=5)).isoformat()
    receive(
        *(make("booking.created", payment_method=None, hold_expires_at=soon, user_id=contact.user_id) for _ in range(5))
    )
    assert sorted(Notification.objects.values_list("reason", flat=True)) == ["", "", "", "too_many", "too_many"]


def test_whoever_wants_them_gets_all_the_tickets_of_a_batch_as_sms_too(sink: Sink, make: Make) -> None:
    contact = ContactFactory(wants_sms=True, phone="+84900000009")
    receive(*(make("ticket.issued", user_id=contact.user_id) for _ in range(3)))
    delivery.deliver_due()
    assert len(sink.messages(contact.email)) == len(sink.messages(contact.phone)) == 3


def test_the_lease_outlives_all_that_are_taken_together(make: Make, contact: Contact, settings: Any) -> None:
    settings.DELIVERY_SECONDS = 7
    events = [make("ticket.issued") for _ in range(3)]
    for event in events:
        HANDLERS[event.type].apply_all([event])
    before = timezone.now()
    taken = outgoing.take(channels=delivery._open_channels(), limit=16, events=[event.id for event in events])
    assert len(taken) == 3
    longest = timedelta(seconds=outgoing.BEGIN_SECONDS + 7 + delivery.RECORD_SECONDS)
    assert all(one.due_at >= before + longest for one in Notification.objects.all())


@pytest.mark.django_db(transaction=True)
def test_workers_that_hear_of_the_same_bookings_in_another_order_do_not_wait_for_each_other(
    sink: Sink, make: Make, contact: Contact
) -> None:
    bookings = [str(uuid7()) for _ in range(8)]

    def work(number: int) -> int:
        kinds = ["booking.failed", "booking.created", "payment.failed"]
        order = (bookings, bookings[::-1])[number % 2]
        try:
            return sum(
                receive(*(make(kinds[(n + number) % 3], booking_id=one) for n, one in enumerate(order)))
                for _ in range(10)
            )
        finally:
            delivery.forget_connection()
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(work, range(4))) == 320
    assert Notification.objects.filter(natural_key__startswith="ended:").count() <= 8
