"""Handing over, with the real message sink, or a server that misbehaves, on the other side."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from factories import CLERK, BookingSummaryFactory, ContactFactory, NotificationFactory, event_of
from servers import ScriptedSmtp, Sink

from chassis.ids import uuid7
from notifications import compose, delivery, first_wordings, outgoing, services
from notifications.domain import GRACE, Channel, Status
from notifications.kinds import KINDS
from notifications.models import DeliveryLog, Notification, NotificationTemplate

pytestmark = pytest.mark.django_db

MakeDue = Callable[[], None]


class Killed(BaseException):
    """Stands for SIGKILL: nothing of ours catches it."""


def outcomes(notification: Notification) -> list[str]:
    return list(
        DeliveryLog.objects.filter(notification=notification).order_by("attempt").values_list("outcome", flat=True)
    )


def killed_at(monkeypatch: pytest.MonkeyPatch, module: object, function: str) -> None:
    """A worker takes the message and is killed when it calls this."""

    def kill(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(module, function, kill)
        with pytest.raises(Killed):
            delivery.deliver_due()


def test_a_due_message_is_sent_and_recorded(sink: Sink) -> None:
    contact = ContactFactory()
    notification = NotificationFactory(contact=contact)

    assert delivery.deliver_due() == 1

    notification.refresh_from_db()
    [mail] = sink.messages(contact.email)
    assert notification.status == Status.SENT
    assert notification.sent_at is not None
    assert notification.recipient == contact.email
    assert notification.subject == mail["subject"] == "Your receipt"
    assert mail["from"] == "Marquee <tickets@marquee.example>"
    assert mail["message_id"] == f"<{notification.id}@marquee.example>"
    assert "₫250,000" in mail["text"]
    log = DeliveryLog.objects.get(notification=notification)
    assert (log.outcome, log.attempt, log.message_id) == ("sent", 1, mail["message_id"])


def test_a_mail_says_where_to_ask_and_answers_go_there(sink: Sink, settings: Any) -> None:
    settings.SUPPORT_EMAIL = "help@cinema.example"
    contact = ContactFactory()
    NotificationFactory(contact=contact)
    delivery.deliver_due()
    [mail] = sink.messages(contact.email)
    assert mail["text"].replace("\r\n", "\n").endswith("\n\nQuestions? Write to help@cinema.example.\n")
    assert '<a href="mailto:help@cinema.example"' in mail["html"]
    assert "Reply-To: help@cinema.example" in sink.source(mail).splitlines()


def test_a_message_is_not_sent_before_it_is_due_nor_twice(sink: Sink) -> None:
    notification = NotificationFactory(due_at=timezone.now() + timedelta(minutes=1))
    assert delivery.deliver_due() == 0
    Notification.objects.update(due_at=timezone.now())
    assert delivery.deliver_due() == 1
    assert delivery.deliver_due() == 0
    assert outcomes(notification) == ["sent"]


def test_a_tick_leaves_a_fresh_message_to_its_event_and_takes_it_when_that_never_comes(
    sink: Sink, make_due: MakeDue
) -> None:
    contact, event_id = ContactFactory(), uuid7()
    draft = services.Draft(kind=KINDS["welcome"], context={}, user_id=contact.user_id)
    services.write(draft=draft, event_id=event_id)
    assert delivery.deliver_due() == 0, "the event's own delivery follows its commit"
    assert Notification.objects.get().due_at <= timezone.now() + GRACE

    make_due()
    assert delivery.deliver_due() == 1, "the worker was killed after the commit"
    delivery.deliver_for_events([event_of("email.verified", {}, event_id=event_id)])
    assert len(sink.messages(contact.email)) == 1


def test_the_event_that_wrote_a_message_hands_it_over_at_once_and_leaves_a_failed_try_to_its_pause(
    scripted: ScriptedSmtp,
) -> None:
    event_id = uuid7()
    services.write(draft=services.Draft(kind=KINDS["welcome"], context={}, recipient="a@b.example"), event_id=event_id)
    scripted.replies["RCPT"] = "451 greylisted"
    for _ in range(2):
        delivery.deliver_for_events([event_of("email.verified", {}, event_id=event_id)])
    assert Notification.objects.get().attempts == 1


def test_a_worker_killed_before_sending_costs_the_lease_and_nothing_else(
    sink: Sink, monkeypatch: pytest.MonkeyPatch, make_due: MakeDue
) -> None:
    contact = ContactFactory()
    notification = NotificationFactory(contact=contact)

    killed_at(monkeypatch, compose, "mail")

    assert delivery.deliver_due() == 0, "the lease still holds"
    make_due()
    assert delivery.deliver_due() == 1
    assert len(sink.messages(contact.email)) == 1
    assert outcomes(notification) == ["sent"]


def test_a_mail_sent_but_not_recorded_comes_again_under_the_same_message_id(
    sink: Sink, monkeypatch: pytest.MonkeyPatch, make_due: MakeDue
) -> None:
    contact = ContactFactory()
    notification = NotificationFactory(contact=contact)

    killed_at(monkeypatch, outgoing, "record")

    make_due()
    assert delivery.deliver_due() == 1
    first, second = sink.messages(contact.email)
    assert first["message_id"] == second["message_id"] == f"<{notification.id}@marquee.example>"
    assert outcomes(notification) == ["sent"]


def test_an_sms_sent_but_not_recorded_is_kept_once_by_the_gateway(
    sink: Sink, monkeypatch: pytest.MonkeyPatch, make_due: MakeDue
) -> None:
    contact = ContactFactory(phone="+84900000001")
    NotificationFactory(contact=contact, template="message", channel=Channel.SMS)

    killed_at(monkeypatch, outgoing, "record")

    make_due()
    assert delivery.deliver_due() == 1
    assert len(sink.messages("+84900000001")) == 1


def test_a_worker_that_overran_its_lease_records_nothing_over_the_other_s(sink: Sink, make_due: MakeDue) -> None:
    notification = NotificationFactory()
    [slow] = outgoing.take(channels=list(Channel), limit=1)
    make_due()
    assert delivery.deliver_due() == 1

    assert outgoing.record([(slow, outgoing.Result(outgoing.Step.PUT_OFF, outcome="deferred"))]) == set()

    notification.refresh_from_db()
    assert notification.status == Status.SENT
    assert outcomes(notification) == ["sent"]


@pytest.mark.django_db(transaction=True)
def test_workers_at_the_same_queue_send_each_message_once(sink: Sink) -> None:
    contact = ContactFactory()
    NotificationFactory.create_batch(40, contact=contact)

    def work(_: int) -> int:
        try:
            return delivery.deliver_due()
        finally:
            delivery.forget_connection()
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        delivered = list(pool.map(work, range(4)))

    assert sum(delivered) == 40
    mails = sink.messages(contact.email)
    assert len(mails) == 40
    assert len({mail["message_id"] for mail in mails}) == 40
    assert DeliveryLog.objects.filter(outcome="sent").count() == 40


def test_a_temporary_refusal_is_tried_again_later(scripted: ScriptedSmtp, make_due: MakeDue) -> None:
    notification = NotificationFactory()
    scripted.replies["RCPT"] = "451 greylisted"
    delivery.deliver_due()

    notification.refresh_from_db()
    assert (notification.status, notification.reason) == (Status.PENDING, "smtp_451")
    assert notification.due_at > timezone.now()

    scripted.replies.clear()
    make_due()
    delivery.deliver_due()
    assert outcomes(notification) == ["deferred", "sent"]
    notification.refresh_from_db()
    assert notification.reason == ""


def test_a_permanent_refusal_fails_at_once_and_says_why(scripted: ScriptedSmtp) -> None:
    notification = NotificationFactory()
    scripted.replies["RCPT"] = "550 no such user"
    delivery.deliver_due()

    notification.refresh_from_db()
    assert (notification.status, notification.reason) == (Status.FAILED, "smtp_550")
    assert outcomes(notification) == ["failed"]


def test_after_a_day_of_refusals_a_message_is_given_up(scripted: ScriptedSmtp) -> None:
    notification = NotificationFactory(attempts=99)
    scripted.replies["RCPT"] = "451 still greylisted"
    delivery.deliver_due()
    notification.refresh_from_db()
    assert notification.status == Status.FAILED


@pytest.mark.parametrize("address", ["not an address", "a@", "@b", "a@b@c", "x" * 70 + "@" + "y" * 300 + ".example"])
def test_an_address_that_is_none_fails_at_once(sink: Sink, address: str) -> None:
    notification = NotificationFactory(contact=ContactFactory(email=address))
    delivery.deliver_due()
    notification.refresh_from_db()
    assert notification.status == Status.FAILED


@pytest.mark.parametrize(
    ("answer", "status"), [(500, Status.PENDING), (429, Status.PENDING), (401, Status.PENDING), (422, Status.FAILED)]
)
def test_the_sms_gateway_s_answer_decides(
    sink: Sink, monkeypatch: pytest.MonkeyPatch, answer: int, status: Status
) -> None:
    from chassis.storage.http import Client, Response

    monkeypatch.setattr(Client, "post", lambda *_, **__: Response(answer, {}, b""))
    notification = NotificationFactory(template="message", channel=Channel.SMS)
    delivery.deliver_due()
    notification.refresh_from_db()
    assert (notification.status, notification.reason) == (status, f"http_{answer}")


def test_a_message_speaks_the_language_of_its_contact(sink: Sink) -> None:
    contact = ContactFactory(language="vi")
    booking = BookingSummaryFactory()
    notification = NotificationFactory(contact=contact, booking_id=booking.booking_id)
    delivery.deliver_due()
    [mail] = sink.messages(contact.email)
    assert mail["subject"] == f"Biên nhận thanh toán cho mã đặt vé {booking.reference}"
    assert "250.000\xa0₫" in mail["text"]
    assert "Thứ Bảy, 14 tháng 3, 2026, 19:30" in mail["text"]
    notification.refresh_from_db()
    assert notification.language == "vi"


def test_a_language_without_wording_falls_back_to_english(sink: Sink) -> None:
    NotificationTemplate.objects.filter(language="vi", code="receipt").delete()
    contact = ContactFactory(language="vi")
    NotificationFactory(contact=contact)
    delivery.deliver_due()
    assert "₫250,000" in sink.messages(contact.email)[0]["text"]


@pytest.mark.parametrize(
    "change",
    [
        None,
        {"text": "{% nonsense %}"},
        {"body": '<p>Paid.</p><img src="https://elsewhere.example/pixel">'},
        {"body": '<p>Paid.</p>{% if reference %}x{% else %}<a href="https://elsewhere.example">here</a>{% endif %}'},
    ],
    ids=["deleted", "broken", "a picture from elsewhere", "a link to elsewhere in one branch"],
)
def test_what_may_not_be_sent_in_the_wording_of_staff_is_sent_in_the_one_the_service_came_with(
    sink: Sink, change: dict[str, str] | None, caplog: pytest.LogCaptureFixture
) -> None:
    wordings = NotificationTemplate.objects.filter(code="receipt")
    _ = wordings.delete() if change is None else wordings.update(**change)
    contact = ContactFactory()
    NotificationFactory(contact=contact)
    delivery.deliver_due()
    [mail] = sink.messages(contact.email)
    assert "we received your payment of ₫250,000" in mail["text"]
    assert "elsewhere.example" not in sink.source(mail)
    assert "wording refused" in [record.message for record in caplog.records]


def test_a_kind_without_any_wording_fails_the_message_and_not_the_queue(
    sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    NotificationTemplate.objects.filter(code="receipt").delete()
    monkeypatch.setattr(first_wordings, "_known", dict)
    broken, fine = NotificationFactory(), NotificationFactory(template="welcome", context={})
    NotificationTemplate.objects.filter(code="welcome").update(subject="Hello", text="Hello", body="")
    delivery.deliver_due()
    broken.refresh_from_db()
    fine.refresh_from_db()
    assert (broken.status, broken.reason) == (Status.FAILED, "not_rendered")
    assert fine.status == Status.SENT


def test_a_reset_link_goes_into_no_wording_of_before_that_takes_it_elsewhere(sink: Sink) -> None:
    thief = '<p><a href="https://elsewhere.example/?t={{ link|urlencode }}">here</a></p>'
    aside = "Go: https://e.example/{{ link }}"
    NotificationTemplate.objects.filter(code="password_reset").update(body=thief, text=aside)
    contact = ContactFactory()
    NotificationFactory(contact=contact, template="password_reset")
    delivery.deliver_due()
    [mail] = sink.messages(contact.email)
    assert "https://marquee.example/reset?token=sample" in mail["text"].split()
    assert "e.example/" not in mail["text"].replace("marquee.example/", "")
    assert 'href="https://marquee.example/reset?token=sample"' in mail["html"]
    assert "elsewhere.example" not in mail["html"]


def test_a_message_that_breaks_our_own_code_fails_and_not_the_queue(sink: Sink) -> None:
    broken = NotificationFactory(context={"amount": "not money"})
    fine = NotificationFactory(template="welcome")
    delivery.deliver_due()
    broken.refresh_from_db()
    fine.refresh_from_db()
    assert (broken.status, broken.reason) == (Status.FAILED, "not_rendered")
    assert fine.status == Status.SENT


def test_the_secret_of_a_message_is_gone_once_it_is_sent(sink: Sink) -> None:
    contact = ContactFactory()
    notification = NotificationFactory(contact=contact, template="password_reset")
    delivery.deliver_due()
    notification.refresh_from_db()
    assert "/reset?token=sample" in sink.messages(contact.email)[0]["text"]
    assert "token" not in notification.context
    assert "expires_at" in notification.context


@pytest.mark.parametrize("age", [timedelta(0), timedelta(hours=1)])
def test_a_secret_that_is_too_old_is_not_sent_and_not_kept(sink: Sink, age: timedelta) -> None:
    contact = ContactFactory()
    notification = NotificationFactory(contact=contact, template="password_reset", not_after=timezone.now() - age)
    delivery.deliver_due()
    notification.refresh_from_db()
    assert (notification.status, notification.reason) == (Status.SUPPRESSED, "too_late")
    assert "token" not in notification.context
    assert sink.messages(contact.email) == []


def test_whoever_wants_it_also_gets_the_ticket_as_an_sms_once(sink: Sink, make_due: MakeDue) -> None:
    contact = ContactFactory(wants_sms=True, phone="+84900000003")
    first = NotificationFactory(contact=contact, template="ticket")
    delivery.deliver_due()
    services.send_again(notification_id=first.id, actor=CLERK)
    make_due()
    delivery.deliver_due()
    assert len(sink.messages(contact.email)) == 2
    [sms] = sink.messages("+84900000003")
    assert sms["text"].startswith("Your ticket MQ7K2P: The Long Take, Saturday, March 14, 2026")


def test_addresses_and_bodies_stay_out_of_the_log(
    sink: Sink, scripted: ScriptedSmtp, caplog: pytest.LogCaptureFixture
) -> None:
    contact = ContactFactory(email="private@example.com")
    NotificationFactory(contact=contact, template="message", context={"subject": "s", "text": "a confidence"})
    scripted.replies["RCPT"] = "550 private@example.com is unknown here"
    with caplog.at_level("DEBUG"):
        delivery.deliver_due()
    assert caplog.records
    logged = "\n".join(str(record.__dict__) for record in caplog.records)
    assert "private@example.com" not in logged
    assert "a confidence" not in logged
