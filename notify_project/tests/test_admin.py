import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from factories import BookingSummaryFactory, ContactFactory, NotificationFactory
from servers import Sink

from chassis.storage.models import AuditRecord
from notifications import delivery
from notifications.domain import Status
from notifications.kinds import KINDS, carries_secret
from notifications.models import Contact, DeliveryLog, Notification, NotificationTemplate

pytestmark = pytest.mark.django_db

LISTS = ["contact", "bookingsummary", "notificationtemplate", "notification", "deliverylog"]


@pytest.fixture
def staff() -> Callable[[str], Client]:
    """staff("support") → a signed-in member of staff with that role."""

    def sign_in(role: str) -> Client:
        who = {"is_staff": True, "is_superuser": role == "admin"}
        user, _ = get_user_model().objects.get_or_create(username=role, defaults=who)
        if role != "admin":
            user.groups.add(Group.objects.get(name=role))
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return sign_in


@pytest.fixture
def receipt() -> NotificationTemplate:
    return NotificationTemplate.objects.get(code="receipt", channel="email", language="en")


def page(model: str, what: str = "changelist", *args: object) -> str:
    return reverse(f"admin:notifications_{model}_{what}", args=args)


@pytest.mark.parametrize("role", ["support", "manager", "admin"])
@pytest.mark.parametrize("model", LISTS)
def test_every_role_of_the_staff_reads_every_list(
    sink: Sink, staff: Callable[[str], Client], role: str, model: str
) -> None:
    NotificationFactory()
    BookingSummaryFactory()
    delivery.deliver_due()
    client = staff(role)
    assert client.get(page(model)).status_code == 200
    assert client.get(page(model), {"q": "something"}).status_code == 200


@pytest.mark.parametrize("model", ["notification", "deliverylog"])
def test_a_long_list_costs_no_more_queries_than_a_short_one(
    sink: Sink, staff: Callable[[str], Client], model: str, django_assert_max_num_queries: Any
) -> None:
    NotificationFactory.create_batch(20)
    delivery.deliver_due()
    client = staff("admin")
    with django_assert_max_num_queries(12):
        assert client.get(page(model)).status_code == 200


@pytest.mark.parametrize("model", ["notification", "deliverylog", "bookingsummary"])
def test_what_happened_cannot_be_edited(staff: Callable[[str], Client], model: str) -> None:
    notification = NotificationFactory()
    key = {
        "notification": notification.id,
        "deliverylog": DeliveryLog.objects.create(
            notification=notification, attempt=1, outcome="sent", milliseconds=1, created_at=notification.created_at
        ).id,
        "bookingsummary": BookingSummaryFactory().booking_id,
    }[model]
    client = staff("admin")
    assert client.get(page(model, "change", key)).status_code == 200
    assert client.post(page(model, "change", key), {"status": "sent"}).status_code == 403
    assert client.post(page(model, "delete", key), {"post": "yes"}).status_code == 403
    assert client.get(page(model, "add")).status_code == 403


def test_a_contact_s_wishes_can_be_edited_and_nothing_else(staff: Callable[[str], Client]) -> None:
    contact = ContactFactory()
    answer = staff("support").post(
        page("contact", "change", contact.user_id), {"language": "vi", "email": "evil@example.com", "wants_sms": "on"}
    )
    assert answer.status_code == 302
    changed = Contact.objects.get(user_id=contact.user_id)
    assert (changed.language, changed.wants_sms, changed.wants_hold_notices) == ("vi", True, False)
    assert changed.email == contact.email


def test_a_template_shows_its_preview_and_its_names(
    staff: Callable[[str], Client], receipt: NotificationTemplate
) -> None:
    shown = staff("manager").get(page("notificationtemplate", "change", receipt.pk)).content.decode()
    assert "Your receipt for booking MQ7K2P" in shown
    assert "<iframe sandbox srcdoc=" in shown
    assert "captured_at" in shown


@pytest.mark.parametrize(
    "change",
    [
        {"text": "{% if %}"},
        {"text": "{{ no_such_name }}"},
        {"body": "{{ name|safe }}"},
        {"body": "{% include 'admin/base.html' %}"},
        {"body": '<img src="https://elsewhere.example/pixel.png">'},
        {"body": "<p>Paid.</strong>"},
        {"text": "Paid: {{ amount"},
        {"subject": ""},
        {"text": ""},
    ],
)
def test_wording_that_cannot_be_sent_is_not_saved(
    staff: Callable[[str], Client], receipt: NotificationTemplate, change: dict[str, str]
) -> None:
    form = {"subject": receipt.subject, "text": receipt.text, "body": receipt.body} | change
    answer = staff("manager").post(page("notificationtemplate", "change", receipt.pk), form)
    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode()
    assert NotificationTemplate.objects.get(pk=receipt.pk).text == receipt.text


def test_edited_wording_is_used_for_the_next_message(
    sink: Sink, staff: Callable[[str], Client], receipt: NotificationTemplate
) -> None:
    contact = ContactFactory()
    NotificationFactory(contact=contact)
    delivery.deliver_due()
    form = {"subject": "Paid: {{ amount }}", "text": "Thank you, {{ name }}.", "body": ""}
    assert staff("manager").post(page("notificationtemplate", "change", receipt.pk), form).status_code == 302

    NotificationFactory(contact=contact)
    delivery.deliver_due()

    mail = sink.messages(contact.email)[-1]
    assert (mail["subject"], mail["text"].strip()) == ("Paid: ₫250,000", "Thank you, Ada Lovelace.")
    assert mail["html"] == ""


def test_a_preview_is_one_page_in_a_frame_that_it_cannot_leave(
    staff: Callable[[str], Client], receipt: NotificationTemplate
) -> None:
    """Escaped once: twice would show tags as text, and not at all would end it at the first quotation mark."""
    body = '<p title="&quot;">Paid: "{{ amount }}" &amp; more</p>'
    NotificationTemplate.objects.filter(pk=receipt.pk).update(body=body)
    shown = staff("manager").get(page("notificationtemplate", "change", receipt.pk)).content.decode()
    frame, _of_the_other_language = re.findall(r"<iframe[^>]*>", shown)
    attributes = dict(re.findall(r'([a-z]+)="([^"]*)"', frame))
    assert " sandbox srcdoc=" in frame
    inside = html.unescape(attributes["srcdoc"])
    assert '<p title="&quot;">Paid: "₫250,000" &amp; more</p>' in inside
    assert inside.startswith('<!doctype html><meta http-equiv="Content-Security-Policy" content="default-src')


def test_a_preview_shows_a_code_where_the_mail_has_one(staff: Callable[[str], Client]) -> None:
    ticket = NotificationTemplate.objects.get(code="ticket", channel="email", language="en")
    shown = staff("manager").get(page("notificationtemplate", "change", ticket.pk)).content.decode()
    assert "data:image/png;base64," in shown
    assert "cid:" not in shown.split("<iframe")[1].split("</iframe>")[0]


SECRET_KINDS = [code for code in KINDS if carries_secret(code)]


@pytest.mark.parametrize("code", SECRET_KINDS)
def test_what_carries_a_link_that_signs_in_is_worded_by_admins_alone(staff: Callable[[str], Client], code: str) -> None:
    """Whoever words a mail decides where its link leads: a manager could send an admin's to another page."""
    for wording in NotificationTemplate.objects.filter(code=code):
        change = page("notificationtemplate", "change", wording.pk)
        form = {"subject": "New", "text": "New: {{ link }}", "body": ""}
        manager = staff("manager")
        shown = manager.get(change)
        assert shown.status_code == 200
        assert 'name="body"' not in shown.content.decode()
        assert manager.post(change, form).status_code == 403
        assert manager.post(page("notificationtemplate", "delete", wording.pk), {"post": "yes"}).status_code == 403
        assert staff("admin").post(change, form).status_code == 302


def test_a_manager_is_not_offered_what_only_admins_word(staff: Callable[[str], Client]) -> None:
    NotificationTemplate.objects.filter(code="password_reset", language="vi").delete()
    add = page("notificationtemplate", "add")
    form = {"code": "password_reset", "channel": "email", "language": "vi", "subject": "x", "text": "x", "body": ""}
    manager = staff("manager")
    assert 'value="password_reset"' not in manager.get(add).content.decode()
    assert "errorlist" in manager.post(add, form).content.decode()
    assert not NotificationTemplate.objects.filter(code="password_reset", language="vi").exists()
    assert staff("admin").post(add, form).status_code == 302


def test_a_refused_wording_of_before_says_so_in_the_admin_site(
    staff: Callable[[str], Client], receipt: NotificationTemplate
) -> None:
    NotificationTemplate.objects.filter(pk=receipt.pk).update(body='<img src="https://elsewhere.example/logo.png">')
    shown = staff("manager").get(page("notificationtemplate", "change", receipt.pk)).content.decode()
    assert "the wording that the service came with goes out instead" in shown
    assert 'title="HTML part"' not in shown


def test_support_reads_wording_but_does_not_edit_it(
    staff: Callable[[str], Client], receipt: NotificationTemplate
) -> None:
    client = staff("support")
    assert client.get(page("notificationtemplate", "change", receipt.pk)).status_code == 200
    assert client.post(page("notificationtemplate", "change", receipt.pk), {"text": "x"}).status_code == 403


def test_the_wording_others_fall_back_to_cannot_be_deleted(
    staff: Callable[[str], Client], receipt: NotificationTemplate
) -> None:
    client = staff("manager")
    translated = NotificationTemplate.objects.get(code="receipt", channel="email", language="vi")
    assert client.post(page("notificationtemplate", "delete", receipt.pk), {"post": "yes"}).status_code == 403
    assert client.post(page("notificationtemplate", "delete", translated.pk), {"post": "yes"}).status_code == 302
    everything = {"action": "delete_selected", "_selected_action": [receipt.pk], "post": "yes"}
    client.post(page("notificationtemplate"), everything)
    assert NotificationTemplate.objects.filter(pk=receipt.pk).exists()


def test_a_new_translation_is_checked_before_it_is_added(staff: Callable[[str], Client]) -> None:
    NotificationTemplate.objects.filter(code="welcome", language="vi").delete()
    client = staff("manager")
    form = {"code": "welcome", "channel": "email", "language": "vi", "subject": "Chào {{ name }}", "text": "{{ x }}"}
    assert client.post(page("notificationtemplate", "add"), form).status_code == 200
    assert client.post(page("notificationtemplate", "add"), form | {"text": "Xin chào"}).status_code == 302
    assert NotificationTemplate.objects.get(code="welcome", language="vi").text == "Xin chào"


def test_support_sends_a_message_again(sink: Sink, staff: Callable[[str], Client]) -> None:
    contact = ContactFactory()
    notification = NotificationFactory(contact=contact)
    delivery.deliver_due()

    form = {"action": "send_again", "_selected_action": [notification.id]}
    support = staff("support")
    asked = support.post(page("notification"), form).content.decode()
    assert f"/admin/notify/panels/messages/{notification.id}/" in asked
    assert "A note among staff" in asked
    assert "This field is required" in support.post(page("notification"), form | {"reason": " "}).content.decode()
    answer = support.post(page("notification"), form | {"reason": "Asked by telephone."}, follow=True)
    delivery.deliver_due()

    assert AuditRecord.objects.get(action="notification.sent_again").reason == "Asked by telephone."
    assert "1 will be sent again." in answer.content.decode()
    assert len(sink.messages(contact.email)) == 2


def test_what_cannot_be_sent_again_says_why(staff: Callable[[str], Client]) -> None:
    notification = NotificationFactory(template="password_reset", status=Status.SUPPRESSED)
    answer = staff("support").post(
        page("notification"),
        {"action": "send_again", "_selected_action": [notification.id], "reason": "Asked."},
        follow=True,
    )
    assert "Its link is not kept." in answer.content.decode()


def test_a_secret_is_not_shown_to_the_staff(staff: Callable[[str], Client]) -> None:
    secret = NotificationFactory(template="password_reset", context={"token": "s3cret"})
    ticket = NotificationFactory(template="ticket")
    client = staff("admin")
    assert "s3cret" not in client.get(page("notification", "change", secret.id)).content.decode()
    assert Notification.objects.get(id=ticket.id).context["ticket"] not in (
        client.get(page("notification", "change", ticket.id)).content.decode()
    )
