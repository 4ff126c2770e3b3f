"""What every page of the admin site has to stand, whoever asks it what."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from factories import BookingSummaryFactory, ContactFactory, NotificationFactory

from chassis.testing_pages import (
    assert_lists_are_taken_along,
    assert_nothing_hidden_can_be_asked,
    assert_odd_addresses_are_refused,
    assert_searches_have_indexes,
)
from chassis.testing_words import assert_pages_are_in_words
from chassis.web.staff import local_user
from notifications.kinds import KINDS, samples
from notifications.models import DeliveryLog, NotificationTemplate

pytestmark = pytest.mark.django_db


def test_nothing_that_a_list_does_not_show_can_be_asked_of_it() -> None:
    assert_nothing_hidden_can_be_asked(local_user("root", {"admin"}))


def test_odd_addresses_and_forms_are_refused(client: Client) -> None:
    client.force_login(local_user("root", {"admin"}), backend="django.contrib.auth.backends.ModelBackend")
    assert_odd_addresses_are_refused(client)


def test_what_staff_read_is_in_words(client: Client, golden: Callable[[str], dict[str, Any]]) -> None:
    client.force_login(local_user("root", {"admin"}), backend="django.contrib.auth.backends.ModelBackend")
    contact, booking = ContactFactory(), BookingSummaryFactory()
    for code, kind in KINDS.items():
        message = NotificationFactory(
            contact=contact, booking_id=booking.booking_id, template=code, reason="waiting_for_contact", language="vi"
        )
        log = DeliveryLog.objects.create(
            notification=message,
            attempt=1,
            outcome=DeliveryLog.DEFERRED,
            code="circuit_open",
            message_id="<1@marquee.example>",
            milliseconds=7,
            created_at=timezone.now(),
        )
        wording = NotificationTemplate.objects.get(code=code, channel="email", language="en")
        assert kind.code == code
        assert_pages_are_in_words(client, [contact, booking, wording, message, log])
    assert_lists_are_taken_along(client)


def test_a_message_and_a_tried_one_say_whose_they_are_and_of_which_booking(client: Client) -> None:
    client.force_login(local_user("root", {"admin"}), backend="django.contrib.auth.backends.ModelBackend")
    booking = BookingSummaryFactory()
    for _ in range(3):
        message = NotificationFactory(template="ticket", booking_id=booking.booking_id, contact__username="mai")
    listed = client.get("/admin/notify/notifications/notification/").content.decode()
    assert listed.count("K7QF2M9XTD") == 3
    shown = client.get(f"/admin/notify/notifications/notification/{message.id}/change/").content.decode()
    assert "The Long Take, Marquee Opera House, Screen 3, Sat 14 Mar 2026 19:30 Asia/Ho_Chi_Minh" in shown
    assert "250,000 VND" in shown
    assert "F7, F8" in shown
    assert "mai" in shown
    assert samples.TICKET not in shown


def test_a_list_of_messages_takes_as_many_queries_for_ten_as_for_one(
    client: Client, django_assert_max_num_queries: Any
) -> None:
    client.force_login(local_user("root", {"admin"}), backend="django.contrib.auth.backends.ModelBackend")
    taken = []
    for _ in range(2):
        NotificationFactory.create_batch(5)
        with django_assert_max_num_queries(40) as counted:
            client.get("/admin/notify/notifications/notification/")
        taken.append(len(counted))
    assert taken[0] == taken[1]


def test_what_staff_search_for_is_found_by_an_index() -> None:
    assert_searches_have_indexes(few={"notificationtemplate", "group", "user"})
