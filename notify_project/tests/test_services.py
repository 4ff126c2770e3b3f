"""What is known and written, and what the clock does with it."""

from collections.abc import Callable
from datetime import timedelta
from itertools import permutations
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from factories import CLERK, BookingSummaryFactory, ContactFactory, NotificationFactory
from servers import Sink

from chassis.ids import first_uuid7_at, time_of_uuid7, uuid7
from chassis.storage import partitions
from chassis.storage.partitions import drop_old, make_ahead, partitions_of
from chassis.testing_plans import costs, scanned
from notifications import delivery, services, tasks
from notifications.domain import WAIT_FOR_CONTACT, Status, ending_key, receipt_key
from notifications.errors import BookingHasEnded, NotResendable, OutOfDate
from notifications.kinds import KINDS, samples
from notifications.models import AddressAllowance, BookingSummary, Contact, DeliveryLog, Notification

pytestmark = pytest.mark.django_db

MakeDue = Callable[[], None]


def outcomes(notification: Notification) -> list[str]:
    return list(
        DeliveryLog.objects.filter(notification=notification).order_by("attempt").values_list("outcome", flat=True)
    )


def know(contact: Contact, **differing: Any) -> None:
    facts = {
        "user_id": contact.user_id,
        "username": contact.username,
        "email": contact.email,
        "full_name": contact.full_name,
        "phone": contact.phone,
        "as_of": timezone.now(),
    }
    services.know_contact(**(facts | differing))


def test_the_log_cannot_say_sent_twice() -> None:
    notification = NotificationFactory()
    row = {"notification": notification, "attempt": 1, "outcome": "sent", "milliseconds": 1}
    DeliveryLog.objects.create(**row, created_at=timezone.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        DeliveryLog.objects.create(**row, created_at=timezone.now())


def test_a_message_waits_for_its_contact_and_is_sent_when_it_comes(sink: Sink) -> None:
    contact = ContactFactory.build()
    notification = NotificationFactory(contact=contact)
    delivery.deliver_due()
    notification.refresh_from_db()
    assert notification.status == Status.WAITING_FOR_CONTACT
    assert outcomes(notification) == []

    know(contact)
    delivery.deliver_due()
    assert len(sink.messages(contact.email)) == 1


def test_a_contact_without_an_address_keeps_a_message_waiting(sink: Sink) -> None:
    contact = ContactFactory(email="")
    notification = NotificationFactory(contact=contact)
    delivery.deliver_due()
    know(contact, email="")
    notification.refresh_from_db()
    assert notification.status == Status.WAITING_FOR_CONTACT

    know(contact, email="found@example.com")
    delivery.deliver_due()
    assert len(sink.messages("found@example.com")) == 1


def test_a_message_that_missed_its_contact_s_arrival_is_found_by_the_clock(sink: Sink) -> None:
    notification = NotificationFactory(status=Status.WAITING_FOR_CONTACT)
    assert tasks.release_waiting() == 1
    assert tasks.release_waiting() == 0
    notification.refresh_from_db()
    assert notification.status == Status.PENDING


def test_a_message_whose_contact_never_comes_fails_after_a_week() -> None:
    long_ago = timezone.now() - WAIT_FOR_CONTACT - timedelta(minutes=1)
    kept = NotificationFactory(status=Status.WAITING_FOR_CONTACT)
    given_up = NotificationFactory(status=Status.WAITING_FOR_CONTACT, created_at=long_ago)
    assert tasks.give_up_waiting() == 1
    kept.refresh_from_db()
    given_up.refresh_from_db()
    assert (kept.status, given_up.status) == (Status.WAITING_FOR_CONTACT, Status.FAILED)


def test_an_older_word_of_a_contact_does_not_replace_a_newer_one() -> None:
    contact = ContactFactory(email="new@example.com")
    know(contact, email="old@example.com", as_of=contact.as_of - timedelta(seconds=1))
    assert Contact.objects.get(user_id=contact.user_id).email == "new@example.com"
    know(contact, email="newest@example.com")
    assert Contact.objects.get(user_id=contact.user_id).email == "newest@example.com"


def test_what_staff_set_for_a_contact_survives_news_of_it() -> None:
    contact = ContactFactory(language="vi", wants_hold_notices=False, wants_sms=True)
    know(contact, email="newer@example.com")
    contact.refresh_from_db()
    assert (contact.language, contact.wants_hold_notices, contact.wants_sms) == ("vi", False, True)


def test_a_failed_message_can_be_tried_again(sink: Sink) -> None:
    notification = NotificationFactory(status=Status.FAILED, attempts=100)
    services.send_again(notification_id=notification.id, actor=CLERK)
    delivery.deliver_due()
    notification.refresh_from_db()
    assert (notification.status, notification.attempts) == (Status.SENT, 1)


def test_a_sent_message_is_sent_again_as_a_copy(sink: Sink) -> None:
    contact = ContactFactory()
    first = NotificationFactory(contact=contact, natural_key="receipt:1")
    delivery.deliver_due()
    Contact.objects.filter(user_id=contact.user_id).update(email="moved@example.com")

    copy = services.send_again(notification_id=first.id, actor=CLERK)
    delivery.deliver_due()

    copy.refresh_from_db()
    assert copy.id != first.id
    assert copy.resend_of == first.id
    assert copy.status == Status.SENT
    assert len(sink.messages(contact.email)) == 1
    assert len(sink.messages("moved@example.com")) == 1
    assert outcomes(first) == outcomes(copy) == ["sent"]


@pytest.mark.parametrize(
    ("template", "status"),
    [
        ("receipt", Status.PENDING),
        ("receipt", Status.WAITING_FOR_CONTACT),
        ("password_reset", Status.SUPPRESSED),
    ],
)
def test_what_is_on_its_way_or_lost_its_secret_is_not_sent_again(template: str, status: Status) -> None:
    notification = NotificationFactory(template=template, status=status)
    with pytest.raises(NotResendable):
        services.send_again(notification_id=notification.id, actor=CLERK)


def about(booking: BookingSummary, template: str, **fields: Any) -> Notification:
    fields = {"booking_id": booking.booking_id, "template": template, "status": Status.SENT} | fields
    return NotificationFactory(**fields, sent_at=timezone.now() if fields["status"] == Status.SENT else None)


@pytest.mark.parametrize("template", ["ticket", "hold", "booking_moved", "payment_failed"])
@pytest.mark.parametrize("status", [Status.SENT, Status.FAILED, Status.SUPPRESSED])
def test_what_a_booking_that_has_ended_was_told_is_not_sent_again(template: str, status: Status) -> None:
    booking = BookingSummaryFactory()
    told = about(booking, template, status=status)
    ended = about(booking, "booking_cancelled", natural_key=ending_key(booking.booking_id))
    with pytest.raises(BookingHasEnded):
        services.send_again(notification_id=told.id, actor=CLERK)
    assert services.send_again(notification_id=ended.id, actor=CLERK).resend_of == ended.id
    receipt = about(booking, "receipt")
    assert services.send_again(notification_id=receipt.id, actor=CLERK).resend_of == receipt.id


def test_a_hold_notice_is_not_sent_again_when_the_hold_is_over_or_paid() -> None:
    soon = timezone.now() + timedelta(minutes=5)
    booking = BookingSummaryFactory()
    over = about(booking, "hold", not_after=timezone.now())
    holding = about(booking, "hold", not_after=soon)
    with pytest.raises(OutOfDate):
        services.send_again(notification_id=over.id, actor=CLERK)
    assert services.send_again(notification_id=holding.id, actor=CLERK).not_after == soon
    about(booking, "receipt", natural_key=receipt_key(booking.booking_id))
    with pytest.raises(OutOfDate):
        services.send_again(notification_id=holding.id, actor=CLERK)


def test_a_ticket_sent_again_says_the_time_as_it_is_now(sink: Sink) -> None:
    contact, showtime = ContactFactory(), samples.BOOKING["showtime"] | {"starts_at": "2026-03-15T12:30:00+00:00"}
    booking = BookingSummaryFactory(showtime=showtime, revision=2)
    ticket = about(booking, "ticket", contact=contact)
    services.send_again(notification_id=ticket.id, actor=CLERK)
    delivery.deliver_due()
    assert "Sunday, March 15, 2026" in sink.messages(contact.email)[0]["text"]


def test_a_ticket_of_seats_in_another_screen_is_not_sent_again() -> None:
    booking = BookingSummaryFactory(showtime=samples.BOOKING["showtime"] | {"screen": "Screen 9"}, revision=2)
    with pytest.raises(OutOfDate):
        services.send_again(notification_id=about(booking, "ticket").id, actor=CLERK)


def test_a_ticket_sent_again_leaves_out_the_seats_that_were_given_back(sink: Sink, deliver: Any) -> None:
    contact = ContactFactory(user_id=uuid7())
    deliver("booking.created", user_id=contact.user_id)
    deliver("ticket.issued", user_id=contact.user_id)
    delivery.deliver_due()
    deliver("booking.reduced", user_id=contact.user_id)
    services.send_again(notification_id=Notification.objects.get(template="ticket").id, actor=CLERK)
    delivery.deliver_due()
    before, after = (mail["text"] for mail in sink.messages(contact.email) if "ticket" in mail["subject"])
    assert "The code of seat B1" in before
    assert "The code of seat B2" in after
    assert "B1" not in after


@pytest.mark.parametrize("order", list(permutations(["booking.created", "booking.reduced", "booking.moved"])))
def test_the_fewest_seats_of_a_booking_are_known_in_every_order(deliver: Any, order: tuple[str, ...]) -> None:
    for event_type in order:
        deliver(event_type)
    assert [seat["number"] for seat in BookingSummary.objects.get().seats] == [2]


def test_of_several_moves_only_the_last_is_sent_again() -> None:
    booking = BookingSummaryFactory(revision=3)
    first, last = (
        about(booking, "booking_moved", context={**KINDS["booking_moved"].sample, "revision": revision})
        for revision in (2, 3)
    )
    with pytest.raises(OutOfDate):
        services.send_again(notification_id=first.id, actor=CLERK)
    assert services.send_again(notification_id=last.id, actor=CLERK).resend_of == last.id


def test_a_ticket_that_waited_while_its_booking_ended_is_not_sent(sink: Sink) -> None:
    booking = BookingSummaryFactory()
    ticket = about(booking, "ticket", status=Status.PENDING)
    about(booking, "booking_cancelled", natural_key=ending_key(booking.booking_id))
    delivery.deliver_due()
    ticket.refresh_from_db()
    assert (ticket.status, ticket.reason) == (Status.SUPPRESSED, "superseded")


def test_an_allowance_is_forgotten_when_its_hour_is_over() -> None:
    AddressAllowance.objects.create(address="a", since=timezone.now() - timedelta(minutes=61), messages=5)
    AddressAllowance.objects.create(address="b", since=timezone.now() - timedelta(minutes=59), messages=5)
    assert tasks.prune_allowances() == 1
    assert AddressAllowance.objects.get().address == "b"


def test_old_rows_are_pruned_and_new_ones_kept(settings: Any) -> None:
    old = timezone.now() - timedelta(days=settings.NOTIFICATION_KEEP_DAYS + 1)
    gone = NotificationFactory(id=first_uuid7_at(old), created_at=old)
    kept = NotificationFactory()
    for notification in (gone, kept):
        DeliveryLog.objects.create(
            notification=notification, attempt=1, outcome="sent", milliseconds=1, created_at=timezone.now()
        )
    BookingSummaryFactory(booking_id=first_uuid7_at(old))
    BookingSummaryFactory()

    assert tasks.prune() == 2

    assert list(Notification.objects.all()) == [kept]
    assert DeliveryLog.objects.count() == 1
    assert BookingSummary.objects.count() == 1


def test_the_log_goes_in_partitions_and_its_notifications_after_it(settings: Any, monkeypatch: Any) -> None:
    start = partitions_of("delivery_log")[2].begin
    assert start is not None
    old = time_of_uuid7(start) + timedelta(days=1)
    notification = NotificationFactory(id=first_uuid7_at(old))
    DeliveryLog.objects.create(
        notification=notification, attempt=1, outcome="sent", milliseconds=1, created_at=timezone.now()
    )
    by = DeliveryLog.partitions

    def later(days: int) -> None:
        now = old + timedelta(days=settings.NOTIFICATION_KEEP_DAYS + days)
        monkeypatch.setattr(partitions, "timezone", SimpleNamespace(now=lambda: now))

    later(1)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert make_ahead(by) > 0
    assert drop_old(by) == 1  # of before
    assert tasks.prune() == 0  # its part of the log is not old enough as a whole
    later(28)
    with costs() as made:
        assert drop_old(by) == 1
    assert not DeliveryLog.objects.exists()
    assert not [cost for cost in made if "DELETE" in cost.sql]
    with costs() as made:
        assert tasks.prune() == 1
    [deleted] = [cost for cost in made if "DELETE FROM delivery_log" in cost.sql]
    assert scanned(deleted) <= {"notifications", "delivery_log_default"}
    assert not Notification.objects.exists()


def test_the_backlog_is_measured(sink: Sink) -> None:
    NotificationFactory.create_batch(2)
    NotificationFactory(status=Status.FAILED)
    tasks.measure()
    assert tasks.BACKLOG.labels("pending")._value.get() == 2
    assert tasks.BACKLOG.labels("failed")._value.get() == 1
    assert tasks.BACKLOG.labels("waiting_for_contact")._value.get() == 0


def test_two_messages_with_one_natural_key_are_one() -> None:
    draft = services.Draft(kind=KINDS["receipt"], context={}, user_id=uuid7(), natural_key="receipt:7")
    services.write(draft=draft, event_id=uuid7())
    services.write(draft=draft, event_id=uuid7())
    assert Notification.objects.count() == 1
