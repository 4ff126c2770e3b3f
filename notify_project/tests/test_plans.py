"""What runs by itself and what staff open costs the same however much history there is, in pages of the database."""

from collections.abc import Callable
from typing import Any

from chassis.testing_costs import assert_bounded, lists, reads, ticks
from chassis.web.staff import local_user
from notifications.models import Notification


def test_what_the_clock_starts_costs_what_there_is_to_do(long_history: None) -> None:
    assert_bounded(ticks())


def test_every_list_of_staff_costs_what_it_shows(long_history: None) -> None:
    assert_bounded(lists(local_user("root", {"admin"})))


def test_what_customers_and_staff_read_costs_what_it_shows(long_history: None, sign_in: Callable[..., Any]) -> None:
    message = Notification.objects.filter(template="ticket").order_by("-id")[0]
    own = ["", "?template=refund", f"?booking_id={message.booking_id}", "?status=failed", "?channel=sms"]
    mine, support = sign_in(user_id=message.user_id), sign_in(("support",))
    assert_bounded(reads(mine, [f"/notifications/history{query}" for query in own]), rows=1000)
    assert_bounded(reads(support, [f"/notifications/history?user_id={message.user_id}"]), rows=1000)
