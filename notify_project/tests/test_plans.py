"""What runs by itself and what staff open costs the same however much history there is, in pages of the database."""

from collections.abc import Callable
from typing import Any

from django.test import Client

from chassis import testing_staff
from chassis.testing_costs import assert_bounded, lists, lists_at_theaters, reads, ticks
from chassis.testing_database import large_theater
from chassis.web.staff import local_user
from notifications.models import Notification


def test_what_the_clock_starts_costs_what_there_is_to_do(long_history: None) -> None:
    assert_bounded(ticks())


def test_every_list_of_staff_costs_what_it_shows(long_history: None) -> None:
    assert_bounded(lists(local_user("root", {"admin"})))


def test_the_lists_of_somebody_limited_to_a_theater_cost_no_more(long_history: None) -> None:
    limited = testing_staff.staff_token("admin", theaters=frozenset({large_theater(1)}))
    assert_bounded(lists_at_theaters(local_user("root", {"admin"}), limited))


def test_what_customers_and_staff_read_costs_what_it_shows(long_history: None, sign_in: Callable[..., Any]) -> None:
    message = Notification.objects.filter(template="ticket").order_by("-id")[0]
    own = ["", "?template=refund", f"?booking_id={message.booking_id}", "?status=failed", "?channel=sms"]
    mine, support = sign_in(user_id=message.user_id), sign_in(("support",))
    assert_bounded(reads(mine, [f"/notifications/history{query}" for query in own]), rows=1000)
    assert_bounded(reads(support, [f"/notifications/history?user_id={message.user_id}"]), rows=1000)


def test_what_the_desk_shows_costs_what_it_shows(long_history: None, client: Client) -> None:
    testing_staff.enter(client, "support")
    message = Notification.objects.filter(template="ticket").exclude(booking_id=None).order_by("-id")[0]
    pages = [
        f"bookings/{message.booking_id}/messages/",
        f"bookings/{message.booking_id}/steps/",
        f"customers/{message.user_id}/messages/",
        f"messages/{message.id}/",
        f"previews/booking_cancelled/?booking={message.booking_id}&user={message.user_id}",
        "needs/",
        *(f"search/?q={term}" for term in (message.id, message.booking_id, "ada@example.com", "4711")),
    ]
    client.get("/admin/notify/panels/needs/")  # which makes the account that stands for them here
    assert_bounded(reads(client, [f"/admin/notify/panels/{page}" for page in pages]), rows=1000)
