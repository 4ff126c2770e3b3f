"""Lists in pages, whatever happens to their rows meanwhile."""

from collections.abc import Callable
from typing import Any

import pytest
from factories import NotificationFactory

from chassis.testing_lists import assert_pages_come_by_index, assert_rows_may_go, list_routes

pytestmark = pytest.mark.django_db


@pytest.fixture
def customer(sign_in: Callable[..., Any]) -> Any:
    return sign_in()


def test_every_list_is_among_these() -> None:
    assert list_routes() == {"notifications/history"}


def test_no_message_is_skipped_or_told_twice_when_others_go(customer: Any) -> None:
    rows = NotificationFactory.create_batch(7, user_id=customer.user_id)
    assert_rows_may_go(customer, "/notifications/history", rows)


def test_a_page_of_messages_is_read_off_an_index(customer: Any) -> None:
    NotificationFactory.create_batch(3, user_id=customer.user_id)
    assert_pages_come_by_index(customer, "/notifications/history")
