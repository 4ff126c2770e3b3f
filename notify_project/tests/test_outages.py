"""A mail server or an SMS gateway that is away."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from factories import ContactFactory, NotificationFactory
from servers import ScriptedSmtp, Sink

from notifications import delivery
from notifications.domain import Channel, Status
from notifications.failures import DeliveryFailure, PermanentFailure, TemporaryFailure, Unreachable
from notifications.models import DeliveryLog, Notification
from notifications.smtp import SmtpServer

pytestmark = pytest.mark.django_db

MakeDue = Callable[[], None]


def test_a_server_that_is_away_is_left_alone_and_then_everything_goes_out(
    sink: Sink, settings: Any, make_due: MakeDue
) -> None:
    contact = ContactFactory()
    NotificationFactory.create_batch(5, contact=contact)
    working = settings.SMTP_SERVER
    settings.SMTP_SERVER = SmtpServer("127.0.0.1", 1)
    delivery.forget_connection()

    assert delivery.deliver_due() == 1, "the first failure ends the sweep"
    assert delivery.deliver_due() == 0, "and the next ones while the outage lasts"
    assert sum(notification.attempts for notification in Notification.objects.all()) == 1

    settings.SMTP_SERVER = working
    delivery.forget_connection()
    make_due()
    assert delivery.deliver_due() == 5
    assert len(sink.messages(contact.email)) == 5
    assert sorted(DeliveryLog.objects.values_list("outcome", flat=True)) == [
        "deferred",
        *["sent"] * 5,
    ]


def test_an_outage_is_left_alone_for_longer_and_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    server = delivery.server_breaker()

    def away() -> None:
        raise Unreachable("away")

    def pause_after_a_failure() -> float:
        assert not server.is_open
        with pytest.raises(Unreachable):
            server.call(away)
        start = now[0]
        while server.is_open:
            now[0] += 0.25
        return now[0] - start

    assert [pause_after_a_failure() for _ in range(7)] == [0.5, 1, 2, 4, 8, 10, 10]
    server.call(lambda: None)
    assert not server.is_open
    assert pause_after_a_failure() == 0.5


@pytest.mark.parametrize("failure", [TemporaryFailure, PermanentFailure])
def test_a_server_that_refuses_a_message_is_not_away(failure: type[DeliveryFailure]) -> None:
    server = delivery.server_breaker()

    def refuse() -> None:
        raise failure("smtp_450")

    with pytest.raises(failure):
        server.call(refuse)
    assert not server.is_open


def test_a_message_taken_while_another_found_its_server_away_is_put_off(
    scripted: ScriptedSmtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "_open_channels", lambda: list(Channel))
    scripted.replies["CONNECT"] = None
    found_out, refused = NotificationFactory.create_batch(2)

    assert delivery.deliver_due() == 2

    found_out.refresh_from_db()
    refused.refresh_from_db()
    assert (found_out.status, refused.status) == (Status.PENDING, Status.PENDING)
    assert refused.reason == "circuit_open" != found_out.reason
    assert scripted.connections == 1
    assert min(found_out.due_at, refused.due_at) > timezone.now()


def test_an_sms_goes_out_while_the_mail_server_is_away(sink: Sink, settings: Any) -> None:
    contact = ContactFactory(phone="+84900000002")
    NotificationFactory(contact=contact)
    NotificationFactory(contact=contact, template="message", channel=Channel.SMS)
    settings.SMTP_SERVER = SmtpServer("127.0.0.1", 1)
    delivery.forget_connection()

    delivery.deliver_due()

    assert len(sink.messages("+84900000002")) == 1
