"""Mails about an account: to which mailbox they go, and that a link's secret is open in the mail alone."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone
from servers import ScriptedSmtp, Sink

from chassis.ids import uuid7
from chassis.secrets import seal
from notifications import delivery
from notifications.domain import Status
from notifications.models import Contact, Notification

pytestmark = pytest.mark.django_db

Deliver = Callable[..., bool]


def soon() -> str:
    return (timezone.now() + timedelta(minutes=5)).isoformat()


def test_who_registers_is_known_and_welcomed_when_the_address_is_proved(
    sink: Sink, deliver: Deliver, golden: Any
) -> None:
    user = golden("user.registered")["data"] | {"email": f"{uuid7().hex}@example.com", "language": "en"}
    deliver("user.registered", user)
    contact = Contact.objects.get(user_id=user["user_id"])
    assert (contact.email, contact.username) == (user["email"], user["username"])
    assert sink.messages(user["email"]) == []
    deliver("email.verified")
    assert [mail["subject"] for mail in sink.messages(user["email"])] == ["Welcome to Marquee"]
    deliver("email.verified", new_account=False)
    assert len(sink.messages(user["email"])) == 1


@pytest.mark.parametrize(
    ("event_type", "subject"),
    [
        ("email.claimed", "You already have an account"),
        ("email.changed", "The e-mail address of your account was changed"),
        ("password.changed", "Your password was changed"),
        ("user.second_factor_changed", "The second factor of your account was changed"),
        ("user.security_key_changed", "The security keys of your account were changed"),
    ],
)
def test_what_happened_to_an_account_is_told_to_the_mailbox_that_the_event_names(
    sink: Sink, deliver: Deliver, contact: Contact, event_type: str, subject: str
) -> None:
    mailbox = f"{uuid7().hex}@example.com"
    deliver(event_type, email=mailbox)
    assert [mail["subject"] for mail in sink.messages(mailbox)] == [subject]
    assert sink.messages(contact.email) == []


def test_a_second_factor_that_is_taken_away_is_told(sink: Sink, deliver: Deliver, contact: Contact) -> None:
    mailbox = f"{uuid7().hex}@example.com"
    deliver("user.second_factor_changed", email=mailbox, is_set_up=False)
    [mail] = sink.messages(mailbox)
    assert "was taken away on" in mail["text"]
    assert "your password alone lets you in" in mail["text"]


def test_a_security_key_is_told_by_its_name_with_what_to_do(sink: Sink, deliver: Deliver, contact: Contact) -> None:
    mailbox = f"{uuid7().hex}@example.com"
    for is_added in (True, False):
        deliver("user.security_key_changed", email=mailbox, key_name="<b>blue</b>", is_added=is_added)
    added, gone = sink.messages(mailbox)
    for mail, said in ((added, "was added to your account on"), (gone, "was taken away on")):
        assert said in mail["text"]
        assert "<b>blue</b>" in mail["text"]
        assert "&lt;b&gt;blue&lt;/b&gt;" in mail["html"]
        assert "tell an admin at once" in mail["text"]
        assert "https://marquee.example/reset" in mail["text"]


def test_mails_are_in_the_language_of_the_account_and_its_times_in_its_zone(
    sink: Sink, deliver: Deliver, golden: Any
) -> None:
    user = golden("user.registered")["data"] | {"email": f"{uuid7().hex}@example.com"}
    deliver("user.registered", user, language="vi-VN", time_zone="Asia/Ho_Chi_Minh")
    deliver("user.updated", user, language="", time_zone="")
    ask = {"user_id": user["user_id"], "email": user["email"], "expires_at": soon()}
    deliver("password.reset_requested", token="s3cret", **ask)
    deliver("user.updated", user, language="fr", time_zone="Europe/Berlin")
    deliver("password.reset_requested", token="s3cret", **ask)
    deliver("user.updated", user, language="en")
    deliver("password.reset_requested", token="s3cret", **ask)
    first, second, third = sink.messages(user["email"])
    assert first["subject"] == second["subject"] == "Đặt lại mật khẩu", "what we do not write changes nothing"
    assert "Giờ Việt Nam (GMT+7)" in first["text"]
    assert "Giờ Việt Nam" not in second["text"]
    assert third["subject"] == "Reset your password"


def test_an_update_that_comes_before_the_registration_is_kept(sink: Sink, deliver: Deliver, golden: Any) -> None:
    user_id = uuid7()
    registered = golden("user.registered")["data"] | {"user_id": str(user_id), "email": "old@example.com"}
    deliver("user.updated", user_id=user_id, email="new@example.com")
    Contact.objects.update(as_of=timezone.now() + timedelta(seconds=1))
    deliver("user.registered", registered)
    assert Contact.objects.get(user_id=user_id).email == "new@example.com"


@pytest.mark.parametrize(
    ("event_type", "path"), [("password.reset_requested", "reset"), ("email.verification_requested", "verify")]
)
def test_a_link_goes_to_the_address_the_event_names(
    sink: Sink, deliver: Deliver, contact: Contact, event_type: str, path: str
) -> None:
    address = f"{uuid7().hex}@example.com"
    sealed = seal("s3cret", settings.MAILED_SECRET_KEYS)
    deliver(event_type, user_id=contact.user_id, email=address, token=sealed, expires_at=soon())
    [mail] = sink.messages(address)
    assert f"https://marquee.example/{path}?token=s3cret" in mail["text"]
    assert sealed not in str(Notification.objects.get().context)
    assert sink.messages(contact.email) == []


def test_a_link_of_an_event_of_before_the_seal_still_works(sink: Sink, deliver: Deliver) -> None:
    address = f"{uuid7().hex}@example.com"
    deliver("password.reset_requested", email=address, token="s3cret", expires_at=soon())
    assert "/reset?token=s3cret" in sink.messages(address)[0]["text"]


def test_a_secret_lies_open_nowhere_while_its_mail_waits(
    scripted: ScriptedSmtp, deliver: Deliver, make_due: Callable[[], None], caplog: pytest.LogCaptureFixture
) -> None:
    scripted.replies["CONNECT"] = None
    sealed = seal("s3cr3t-t0ken", settings.MAILED_SECRET_KEYS)
    deliver("password.reset_requested", token=sealed, expires_at=soon())
    with connection.cursor() as cursor:
        cursor.execute("SELECT n::text FROM notifications n UNION ALL SELECT i::text FROM inbox i")
        rows = [row for (row,) in cursor.fetchall()]
    assert any(sealed in row for row in rows)
    assert "s3cr3t-t0ken" not in str(rows)
    scripted.replies.clear()
    make_due()
    delivery.deliver_due()
    assert len(scripted.accepted) == 1
    assert "s3cr3t-t0ken" not in str([vars(record) for record in caplog.records])


def test_a_secret_that_no_key_opens_is_a_mail_that_failed(sink: Sink, deliver: Deliver) -> None:
    deliver("password.reset_requested", token=seal("s3cret", ["another key, of another system...."]), expires_at=soon())
    failed = Notification.objects.get()
    assert (failed.status, failed.reason) == (Status.FAILED, "not_rendered")


def test_two_requests_for_a_link_are_two_mails(sink: Sink, deliver: Deliver) -> None:
    address = f"{uuid7().hex}@example.com"
    for token in ("first", "second"):
        deliver("password.reset_requested", email=address, token=token, expires_at=soon())
    assert len(sink.messages(address)) == 2
