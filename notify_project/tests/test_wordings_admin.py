"""A wording at the desk: looked at before it is saved, sent to oneself, and taken back to what it said before."""

import html
from typing import Any

import pytest
from django.test import Client
from factories import BookingSummaryFactory, ContactFactory, NotificationFactory
from servers import ScriptedSmtp, Sink

from chassis import testing_staff
from chassis.storage.models import AuditRecord
from notifications import wording_versions
from notifications.kinds import KINDS, carries_secret
from notifications.models import Contact, NotificationTemplate, WordingVersion

pytestmark = pytest.mark.django_db

TYPED = {"subject": "Paid: {{ amount }}", "text": "Thank you, {{ name }}: {{ reference }}.", "body": ""}


@pytest.fixture
def receipt() -> NotificationTemplate:
    return NotificationTemplate.objects.get(code="receipt", channel="email", language="en")


@pytest.fixture
def me() -> Contact:
    """The manager who words, as notify knows them."""
    return ContactFactory(username="mai", email="mai@marquee.example", email_verified=True)


@pytest.fixture
def manager(client: Client, me: Contact) -> Client:
    testing_staff.enter(client, "manager", username="mai", account_id=me.user_id)
    return client


def page_of(template: NotificationTemplate) -> str:
    return f"/admin/notify/notifications/notificationtemplate/{template.pk}/change/"


def asked(browser: Client, template: NotificationTemplate, what: str, **form: Any) -> str:
    answer = browser.post(f"/admin/notify/wordings/{template.pk}/{what}/", form, headers={"HX-Request": "true"})
    assert answer.status_code == 200, answer.status_code
    return html.unescape(answer.content.decode())


def saved(browser: Client, template: NotificationTemplate, **words: str) -> None:
    assert browser.post(page_of(template), TYPED | words).status_code == 302
    template.refresh_from_db()


def test_what_was_said_before_is_kept_and_can_be_said_again(manager: Client, receipt: NotificationTemplate) -> None:
    first = receipt.source
    saved(manager, receipt)
    saved(manager, receipt, text="Thanks.")
    saved(manager, receipt, text="Thanks.")
    versions = [(each.number, each.saved_by, each.text) for each in wording_versions.kept(receipt)]
    assert versions == [(3, "mai", "Thanks."), (2, "mai", TYPED["text"]), (1, "", first.text)]
    shown = manager.get(page_of(receipt)).content.decode()
    for part in ("Go back to version 1", "Go back to version 2", "as the release brought it"):
        assert part in shown, part
    assert "Go back to version 3" not in shown

    answer = manager.post(f"/admin/notify/wordings/{receipt.pk}/back/", {"version": "1"}, follow=True)
    assert "It says again what version 1 said." in answer.content.decode()
    receipt.refresh_from_db()
    assert receipt.source == first
    assert [each.number for each in wording_versions.kept(receipt)] == [4, 3, 2, 1]
    told = AuditRecord.objects.filter(action="notificationtemplate.changed").order_by("-id")[0]
    assert (told.actor_name, told.before["text"], told.after["text"]) == ("mai", "Thanks.", first.text)


@pytest.mark.parametrize("version", ["", "0", "99", "x", "9" * 40, "-1"])
def test_there_is_no_way_back_to_what_never_was(manager: Client, receipt: NotificationTemplate, version: str) -> None:
    saved(manager, receipt)
    assert manager.post(f"/admin/notify/wordings/{receipt.pk}/back/", {"version": version}).status_code == 404
    assert NotificationTemplate.objects.get(pk=receipt.pk).text == TYPED["text"]


def test_there_is_no_way_back_to_what_no_mail_may_say_any_more(manager: Client, receipt: NotificationTemplate) -> None:
    saved(manager, receipt)
    WordingVersion.objects.filter(number=1).update(body='<img src="https://elsewhere.example/pixel.png">')
    answer = manager.post(f"/admin/notify/wordings/{receipt.pk}/back/", {"version": "1"}, follow=True)
    assert "Version 1 cannot be sent any more" in answer.content.decode()
    assert NotificationTemplate.objects.get(pk=receipt.pk).text == TYPED["text"]


def test_of_many_versions_the_oldest_go(receipt: NotificationTemplate) -> None:
    for number in range(wording_versions.MOST + 5):
        receipt.text = f"Thanks {number}."
        wording_versions.keep(receipt, by="mai")
    numbers = [each.number for each in wording_versions.kept(receipt)]
    assert numbers == list(range(wording_versions.MOST + 5, 5, -1))
    assert WordingVersion.objects.count() == wording_versions.MOST


def test_a_wording_that_is_added_again_has_its_history(manager: Client) -> None:
    vietnamese = NotificationTemplate.objects.get(code="receipt", channel="email", language="vi")
    saved(manager, vietnamese)
    manager.post(page_of(vietnamese).replace("/change/", "/delete/"), {"post": "yes"})
    assert not NotificationTemplate.objects.filter(pk=vietnamese.pk).exists()
    kept = [each.text for each in wording_versions.kept(vietnamese)]
    assert kept[0] == TYPED["text"]
    assert len(kept) == 2


def test_the_other_language_stands_beside(manager: Client, receipt: NotificationTemplate) -> None:
    shown = html.unescape(manager.get(page_of(receipt)).content.decode())
    vietnamese = NotificationTemplate.objects.get(code="receipt", channel="email", language="vi")
    assert "Tiếng Việt" in shown or "Vietnamese" in shown
    assert page_of(vietnamese) in shown
    assert shown.count("<iframe sandbox srcdoc=") == 2


def test_what_is_typed_is_looked_at_and_not_saved(
    sink: Sink, manager: Client, receipt: NotificationTemplate, me: Contact
) -> None:
    before = receipt.source
    said = asked(manager, receipt, "look", **TYPED)
    assert "Paid: ₫250,000" in said
    assert "MQ7K2P" in said

    reader = ContactFactory(full_name="Ada Lovelace")
    booking = BookingSummaryFactory(reference="REAL42")
    real = NotificationFactory(contact=reader, booking_id=booking.booking_id)
    assert f'value="{real.id}"' in manager.get(page_of(receipt)).content.decode()
    said = asked(manager, receipt, "look", **TYPED, about=str(real.id))
    assert "Thank you, Ada Lovelace: REAL42." in said
    assert "MQ7K2P" in asked(manager, receipt, "look", **TYPED, about="nobody")
    receipt.refresh_from_db()
    assert receipt.source == before


@pytest.mark.parametrize(
    "change",
    [
        {"text": "{{ no_such_name }}"},
        {"body": '<img src="https://elsewhere.example/pixel.png">'},
        {"text": ""},
        {"subject": ""},
        {"text": "x" * 20_001},
    ],
)
def test_what_cannot_be_sent_is_neither_shown_nor_tried(
    sink: Sink, manager: Client, receipt: NotificationTemplate, me: Contact, change: dict[str, str]
) -> None:
    for what in ("look", "try"):
        said = asked(manager, receipt, what, **(TYPED | change))
        assert "This cannot be sent" in said
        assert "<iframe" not in said
    assert sink.messages(me.email) == []


def test_a_test_goes_to_who_asks_for_it_and_to_nobody_else(
    sink: Sink, manager: Client, receipt: NotificationTemplate, me: Contact, settings: Any
) -> None:
    settings.MAILS_TO_OWN_ADDRESS_PER_HOUR = 2
    reader = ContactFactory()
    real = NotificationFactory(contact=reader)
    assert f"Sent to {me.email}." in asked(manager, receipt, "try", **TYPED, about=str(real.id), to=reader.email)
    [mail] = sink.messages(me.email)
    assert mail["subject"].startswith("[Test] Paid: ")
    assert sink.messages(reader.email) == []
    assert AuditRecord.objects.filter(action="notificationtemplate.tried", actor_name="mai").count() == 1

    ticket = NotificationTemplate.objects.get(code="ticket", channel="email", language="en")
    words = {"subject": ticket.subject, "text": ticket.text, "body": ticket.body}
    assert "Sent to" in asked(manager, ticket, "try", **words)
    assert "as many messages as it may" in asked(manager, receipt, "try", **TYPED)
    assert len(sink.messages(me.email)) == 2


def test_a_test_without_an_address_or_a_server_says_so(
    scripted: ScriptedSmtp, manager: Client, receipt: NotificationTemplate, me: Contact
) -> None:
    sms = NotificationTemplate.objects.filter(channel="sms").first()
    assert sms is not None
    assert "Only a mail" in asked(manager, sms, "try", text="x")
    scripted.replies["RCPT"] = "550 no such person"
    assert "could not be sent" in asked(manager, receipt, "try", **TYPED)
    Contact.objects.filter(pk=me.pk).update(email_verified=False)
    assert "no address here that you have confirmed" in asked(manager, receipt, "try", **TYPED)


@pytest.mark.parametrize("what", ["look", "try", "back"])
def test_who_may_not_word_a_message_does_none_of_it(
    client: Client, receipt: NotificationTemplate, what: str, sink: Sink
) -> None:
    wordings = [receipt, *NotificationTemplate.objects.filter(code__in=list(filter(carries_secret, KINDS)))[:3]]
    for template in wordings:
        address = f"/admin/notify/wordings/{template.pk}/{what}/"
        for role in ("support", "manager"):
            testing_staff.enter(client, role, username=role)
            if role == "support" or template is not receipt:
                assert client.post(address, TYPED).status_code == 403, (template, role)
                assert "Send it to me" not in client.get(page_of(template)).content.decode()
        assert client.get(address).status_code == 405 if template is receipt else True
    assert client.post(f"/admin/notify/wordings/{2**40}/{what}/", TYPED).status_code == 404
