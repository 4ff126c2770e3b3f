"""Everything that staff can do here is on record: who did it, and what it was before."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from factories import CLERK, ContactFactory, NotificationFactory
from rest_framework.test import APIClient

from chassis.storage.models import AuditRecord
from chassis.testing_deeds import leaving_a_record, staff_deeds
from chassis.web.staff import local_user
from notifications import services
from notifications.domain import Status
from notifications.models import NotificationTemplate

pytestmark = pytest.mark.django_db

BY_API: dict[str, Callable[[APIClient], Any]] = {
    "POST /notifications/email": lambda api: api.post(
        "/notifications/email", {"to": "ada@example.com", "subject": "About your visit", "text": "Doors open at seven."}
    ),
    "POST /notifications/{notification_id}/send-again": lambda api: api.post(
        f"/notifications/{NotificationFactory(status=Status.FAILED).id}/send-again"
    ),
    "POST /notifications/sms": lambda api: api.post("/notifications/sms", {"to": "+84901234567", "text": "At seven."}),
}


def page(model: str, what: str, *args: object) -> str:
    return reverse(f"admin:notifications_{model}_{what}", args=args)


def change_contact(browser: Client) -> Any:
    return browser.post(page("contact", "change", ContactFactory().user_id), {"language": "vi", "wants_sms": "on"})


def word_anew(browser: Client) -> Any:
    receipt = NotificationTemplate.objects.get(code="receipt", channel="email", language="en")
    form = {"subject": "Paid: {{ amount }}", "text": "Thank you, {{ name }}.", "body": ""}
    return browser.post(page("notificationtemplate", "change", receipt.pk), form)


def add_wording(browser: Client) -> Any:
    NotificationTemplate.objects.filter(code="welcome", language="vi").delete()
    form = {"code": "welcome", "channel": "email", "language": "vi", "subject": "Chào {{ name }}", "text": "Xin chào"}
    return browser.post(page("notificationtemplate", "add"), form)


def send_again(browser: Client) -> Any:
    failed = NotificationFactory(status=Status.FAILED)
    form = {"action": "send_again", "_selected_action": [str(failed.pk)], "reason": "Asked by telephone."}
    return browser.post(page("notification", "changelist"), form)


BY_HAND: dict[str, Callable[[Client], Any]] = {
    "change contact": change_contact,
    "change notificationtemplate": word_anew,
    "add notificationtemplate": add_wording,
    "send_again notification": send_again,
}


@pytest.fixture
def ada(client: Client) -> Client:
    client.force_login(local_user("ada", {"admin"}), backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_there_is_nothing_else_that_staff_can_do() -> None:
    assert staff_deeds(local_user("root", {"admin"})) == {*BY_API, *BY_HAND}


@pytest.mark.parametrize("deed", BY_API)
def test_what_is_done_through_the_api_is_on_record(sign_in: Callable[..., APIClient], deed: str) -> None:
    support = sign_in(roles=("support",))
    with leaving_a_record("api") as made:
        assert BY_API[deed](support).status_code == 202
    assert {entry.actor_id for entry in made()} == {str(support.user_id)}  # type: ignore[attr-defined]


@pytest.mark.parametrize("deed", BY_HAND)
def test_what_is_done_in_the_admin_site_is_on_record(ada: Client, deed: str) -> None:
    with leaving_a_record("admin") as made:
        assert BY_HAND[deed](ada).status_code == 302
    assert {entry.actor_name for entry in made()} == {"ada"}


def test_a_wording_is_on_record_as_it_was_and_as_it_is(ada: Client) -> None:
    before = NotificationTemplate.objects.get(code="receipt", channel="email", language="en")
    word_anew(ada)
    entry = AuditRecord.objects.get()
    assert entry.action == "notificationtemplate.changed"
    assert entry.before["subject"] == before.subject
    assert entry.after["subject"] == "Paid: {{ amount }}"


def test_a_translation_that_is_deleted_is_on_record(ada: Client) -> None:
    translation = NotificationTemplate.objects.get(code="receipt", channel="email", language="vi")
    with leaving_a_record("admin") as made:
        ada.post(page("notificationtemplate", "delete", translation.pk), {"post": "yes"})
    [entry] = made()
    assert (entry.action, entry.before["text"]) == ("notificationtemplate.deleted", translation.text)


def test_a_message_is_on_record_once_however_often_it_is_asked_for(sign_in: Callable[..., APIClient]) -> None:
    support = sign_in(roles=("support",))
    for _ in range(2):
        answer = support.post(
            "/notifications/sms", {"to": "+84901234567", "text": "At seven."}, HTTP_IDEMPOTENCY_KEY="once-is-enough"
        )
        assert answer.status_code == 202
    assert AuditRecord.objects.count() == 1


def test_the_copy_of_what_was_sent_is_named_in_the_record() -> None:
    sent = NotificationFactory(status=Status.SENT, sent_at=timezone.now())
    copy = services.send_again(notification_id=sent.id, actor=CLERK)
    entry = AuditRecord.objects.get()
    assert (entry.subject_id, entry.after) == (str(sent.id), {"copy": str(copy.id)})
