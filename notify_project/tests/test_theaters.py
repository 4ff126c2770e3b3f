"""Whoever is limited to theaters has no part in what was told about bookings at others, by any door."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import test_staff_deeds as deeds
from django.test import Client
from django.utils import timezone
from factories import BookingSummaryFactory, ContactFactory, NotificationFactory
from rest_framework.test import APIClient

from chassis.ids import uuid7
from chassis.testing_staff import enter
from chassis.testing_theaters import (
    assert_deeds_stay_at_their_theater,
    assert_lists_show_their_theater_alone,
    assert_told_of_their_theater_alone,
    desk_pages,
    reads,
)
from notifications.domain import Status
from notifications.models import BookingSummary, DeliveryLog, Notification, NotificationTemplate

pytestmark = pytest.mark.django_db
HERE = uuid7()
# Accounts have no theater, and words are those of all.
OF_NO_BOOKING = {"POST /notifications/email", "POST /notifications/sms", "change contact"}
WORDS = {"change notificationtemplate", "add notificationtemplate"}


@pytest.fixture
def failed() -> Notification:
    """A message that did not reach somebody, about a booking."""
    booking = BookingSummaryFactory(theater_id=HERE)
    reader = ContactFactory()
    message = NotificationFactory(booking_id=booking.booking_id, user_id=reader.user_id, status=Status.FAILED)
    DeliveryLog.objects.create(
        notification=message, attempt=1, outcome="failed", milliseconds=5, created_at=timezone.now()
    )
    return message


def send_again(api: APIClient, message: Notification) -> Any:
    return api.post(f"/notifications/{message.id}/send-again")


def send_again_by_hand(browser: Client, message: Notification) -> Any:
    form = {"action": "send_again", "_selected_action": [str(message.pk)], "reason": "Asked."}
    return browser.post(deeds.page("notification", "changelist"), form)


def _of(do: Callable[[Any, Notification], Any], message: Notification, client: Any) -> Any:
    return do(client, message)


def test_what_is_done_is_done_at_their_theater_alone(failed: Notification) -> None:
    by_api = {"POST /notifications/{notification_id}/send-again": partial(_of, send_again, failed)}
    by_hand = {"send_again notification": partial(_of, send_again_by_hand, failed)}
    assert {*by_api, *by_hand, *OF_NO_BOOKING, *WORDS} == {*deeds.BY_API, *deeds.BY_HAND}
    assert_deeds_stay_at_their_theater(by_api, by_hand, theater=HERE)


def test_what_is_read_is_of_their_theater_alone(failed: Notification) -> None:
    by_api = {"GET /notifications/history": (f"/notifications/history?user_id={failed.user_id}", str(failed.id))}
    assert by_api.keys() == reads()
    panels, admin = "/admin/notify/panels", "/admin/notify/notifications"
    reference = BookingSummary.objects.get().reference
    by_hand = {
        "booking_messages_panel": (f"{panels}/bookings/{failed.booking_id}/messages/", str(failed.id)),
        "booking_steps_panel": (f"{panels}/bookings/{failed.booking_id}/steps/", "not told"),
        "customer_messages_panel": (f"{panels}/customers/{failed.user_id}/messages/", str(failed.id)),
        "message_panel": (f"{panels}/messages/{failed.id}/", "Receipt"),
        "preview_panel": (f"{panels}/previews/booking_cancelled/?booking={failed.booking_id}", reference),
        "desk_search": (f"{panels}/search/?q={failed.id}", f"messages/{failed.id}/"),
        "desk_needs": (f"{panels}/needs/", "could not be sent"),
    }
    # The words of all theaters, which are not read there but changed.
    words = f"/admin/notify/wordings/{NotificationTemplate.objects.all()[0].pk}"
    by_hand |= {f"wording_{what}": (f"{words}/{what}/", "never") for what in ("look", "try", "back")}
    assert by_hand.keys() == desk_pages()
    by_hand["export"] = (f"{admin}/bookingsummary/export.csv", reference)
    assert_told_of_their_theater_alone(by_api, by_hand, theater=HERE)


def test_lists_are_of_their_theater_alone(failed: Notification) -> None:
    rows = [failed, BookingSummary.objects.get(), DeliveryLog.objects.get()]
    assert_lists_show_their_theater_alone(rows, of_none={"contact", "notificationtemplate"}, theater=HERE)


def test_what_was_told_about_no_booking_is_for_whoever_looks_after_the_account(client: Client) -> None:
    message = NotificationFactory(booking_id=None, template="welcome")
    enter(client, "support", theaters=frozenset({HERE}))
    assert client.get(f"/admin/notify/panels/messages/{message.id}/").status_code == 200


def test_the_words_of_all_theaters_are_for_nobody_who_is_limited(client: Client) -> None:
    wording = NotificationTemplate.objects.first()
    assert wording is not None
    for limit, status in ((None, 302), (frozenset({HERE}), 403)):
        enter(client, "manager", theaters=limit)
        assert deeds.word_anew(client).status_code == status
        looked = client.post(f"/admin/notify/wordings/{wording.pk}/look/", {})
        assert looked.status_code == (200 if limit is None else 403)
    assert client.get(deeds.page("notificationtemplate", "change", wording.pk)).status_code == 200


@pytest.mark.parametrize("before", [[], ["booking.moved"], ["booking.reduced", "booking.reseated"]])
def test_a_booking_keeps_its_theater_whatever_is_heard_of_it_first(
    deliver: Callable[..., bool], golden: Callable[[str], dict[str, Any]], before: list[str]
) -> None:
    for event_type in (*before, "booking.created"):
        deliver(event_type)
    assert str(BookingSummary.objects.get().theater_id) == golden("booking.created")["data"]["theater_id"]
