"""The desk's panels of messages: what was told, what it said, and what would be said."""

import html
from typing import Any

import pytest
from django.test import Client
from factories import BookingSummaryFactory, ContactFactory, NotificationFactory
from servers import Sink

from chassis import testing_staff
from chassis.ids import uuid7
from chassis.messaging.dead_letters import DeadLetters
from notifications import delivery
from notifications.kinds import KINDS
from notifications.models import Notification, NotificationTemplate

pytestmark = pytest.mark.django_db
PANELS = "/admin/notify/panels"


@pytest.fixture
def support(client: Client) -> Client:
    testing_staff.enter(client, "support", username="linh")
    return client


def read(browser: Client, path: str, **asked: Any) -> str:
    answer = browser.get(f"{PANELS}/{path}", asked, headers={"HX-Request": "true"})
    assert answer.status_code == 200, (path, answer.status_code)
    return html.unescape(answer.content.decode())


@pytest.fixture
def sent(sink: Sink) -> Notification:
    """A receipt that its customer has."""
    reader = ContactFactory(full_name="Ada Lovelace")
    booking = BookingSummaryFactory()
    written = NotificationFactory(contact=reader, booking_id=booking.booking_id)
    delivery.deliver_due()
    return Notification.objects.get(id=written.id)


def test_a_bookings_and_a_customers_messages_lead_to_what_they_say(support: Client, sent: Notification) -> None:
    for panel in (f"bookings/{sent.booking_id}/messages/", f"customers/{sent.user_id}/messages/"):
        page = read(support, panel)
        assert f"{PANELS}/messages/{sent.id}/" in page
        assert sent.recipient in page
        assert 'value="send_again"' in page
        assert "Nothing was written" in read(support, panel.replace(panel.split("/")[1], str(uuid7())))
    said = read(support, f"messages/{sent.id}/")
    for part in ("Hello Ada Lovelace", "<iframe sandbox", f"/admin/booking/bookings/{sent.booking_id}/whole/", "sent"):
        assert part in said, part


def test_the_line_of_time_says_what_was_told_and_what_was_not(support: Client, sent: Notification) -> None:
    NotificationFactory(template="ticket", booking_id=sent.booking_id, status="failed", reason="address_refused")
    page = read(support, f"bookings/{sent.booking_id}/steps/", zone="Asia/Ho_Chi_Minh")
    assert "told by mail: receipt" in page
    assert "not told by mail: ticket, failed" in page
    assert "address refused" in page
    assert sent.sent_at is not None
    assert f'datetime="{sent.sent_at.isoformat()}"' in page


def test_a_link_that_signs_in_is_shown_to_nobody(support: Client) -> None:
    secret = NotificationFactory(template="password_reset", context={"token": "s3cret"})
    said = read(support, f"messages/{secret.id}/")
    assert "nobody but its reader" in said
    assert "s3cret" not in said
    could_be = read(support, "previews/password_reset/", expires_at="2026-11-28T10:00:00Z", token="s3cret")
    assert "/reset?token=••••••••" in could_be
    assert "2026" in could_be
    assert "s3cret" not in could_be
    assert read(support, "previews/email_changed/", changed_at="soon")
    assert support.get(f"{PANELS}/previews/nothing/").status_code == 404


def test_of_tickets_staff_read_how_many_there_are_and_no_code(support: Client) -> None:
    sample = KINDS["ticket"].sample
    two = [{"seat": f"A{number}", "code": f"opens-{number}"} for number in (1, 2)]
    said = read(support, f"messages/{NotificationFactory(template='ticket', context={**sample, 'tickets': two}).id}/")
    assert "here are your tickets: 2 codes" in said
    one = {name: value for name, value in sample.items() if name != "tickets"} | {"ticket": "opens-all"}
    said += read(support, f"messages/{NotificationFactory(template='ticket', context=one).id}/")
    assert "here is your ticket." in said
    assert "opens-" not in said
    assert "cid:" not in said


def test_a_preview_says_what_its_page_says_and_nothing_else(support: Client) -> None:
    reader, booking = ContactFactory(full_name="Ada Lovelace"), BookingSummaryFactory()
    asked = {"booking": booking.booking_id, "user": reader.user_id, "currency": "EUR", "total": 2900}
    page = read(
        support, "previews/booking_cancelled/", **asked, back=1450, paid=1, message="The <b>projector</b> failed."
    )
    for said in (
        "Ada Lovelace",
        booking.reference,
        "€14.50 goes back to what you paid with",
        "The <b>projector</b> failed.",
    ):
        assert said in page, said
    assert "we keep" not in page
    plain = read(support, "previews/booking_cancelled/")
    assert "There is nothing to give back" in plain
    for odd in (
        {"booking": "x", "user": "'"},
        {"total": "1e9", "currency": "EUR"},
        {"total": 5, "currency": "XXX"},
        {"total": "9" * 400, "back": "9" * 29, "currency": "EUR"},
    ):
        assert "cancelled" in read(support, "previews/booking_cancelled/", **odd)


def test_a_preview_is_in_the_words_of_staff_and_those_that_cannot_be_sent_give_way(support: Client) -> None:
    words = NotificationTemplate.objects.filter(code="booking_expired", channel="email", language="en")
    words.update(subject="Gone: {{ reference }}")
    assert "<strong>Gone:" in read(support, "previews/booking_expired/")
    words.update(body="<script>1</script>")
    assert "Your hold has ended" in read(support, "previews/booking_expired/")


def test_messages_that_failed_need_somebody(support: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DeadLetters, "counts", lambda _: {"notify.dead": 0})
    assert "Nothing waits" in read(support, "needs/")
    failed = NotificationFactory.create_batch(2, status="failed", recipient="ada@example.com")
    assert "2</strong> messages that could not be sent" in read(support, "needs/")
    found = read(support, "search/", q="ada@example.com")
    assert all(f"{PANELS}/messages/{each.id}/" in found for each in failed)
