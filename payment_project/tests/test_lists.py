"""Lists in pages, whatever happens to their rows meanwhile."""

from collections.abc import Callable
from typing import Any

import pytest

from chassis.testing_lists import assert_pages_come_by_index, assert_rows_may_go, list_routes
from tests.factories import PaymentFactory, PaymentMethodFactory, RefundFactory, gift_card
from tests.sales import paid

pytestmark = pytest.mark.django_db
LINES = "gift-cards/<uuid:card_id>/lines"
OF_STAFF = ("payments/pay-outs", "refunds", "receipts", "gift-cards", "gift-cards/issues", LINES)
LISTS: dict[str, Any] = {"payments": PaymentFactory, "payments/methods": PaymentMethodFactory}


def test_every_list_is_among_these() -> None:
    assert list_routes() == {*LISTS, *OF_STAFF}


@pytest.mark.parametrize("route", LISTS)
def test_no_row_is_skipped_or_told_twice_when_others_go(sign_in: Callable[..., Any], route: str) -> None:
    customer = sign_in()
    assert_rows_may_go(customer, f"/{route}", LISTS[route].create_batch(7, user_id=customer.user_id))


@pytest.mark.parametrize("route", LISTS)
def test_a_page_is_read_off_an_index(sign_in: Callable[..., Any], route: str) -> None:
    customer = sign_in()
    LISTS[route].create_batch(3, user_id=customer.user_id)
    assert_pages_come_by_index(customer, f"/{route}")


def test_a_page_of_receipts_is_read_off_an_index(sign_in: Callable[..., Any], deliver: Callable[..., bool]) -> None:
    staff = sign_in(roles=("support",))
    for _ in range(3):
        paid(deliver)
    assert_pages_come_by_index(staff, "/receipts")


def test_lists_of_gift_cards_are_read_off_an_index(sign_in: Callable[..., Any]) -> None:
    staff = sign_in(roles=("support",))
    cards = [gift_card()[0] for _ in range(3)]
    for path in ("/gift-cards", "/gift-cards/issues", f"/gift-cards/{cards[0].id}/lines"):
        assert_pages_come_by_index(staff, path)


def test_refunds_are_found_by_what_a_customer_reads_out(sign_in: Callable[..., Any]) -> None:
    refund, _ = RefundFactory.create_batch(2)
    reference = refund.payment.booking_reference.lower()
    found = sign_in(roles=("support",)).get(f"/refunds?reference={reference}").json()["results"]
    assert [entry["id"] for entry in found] == [str(refund.id)]


def test_the_list_of_refunds_which_staff_read_is_as_good(sign_in: Callable[..., Any]) -> None:
    staff = sign_in(roles=("support",))
    assert_rows_may_go(staff, "/refunds", RefundFactory.create_batch(7))
    assert_pages_come_by_index(staff, "/refunds")
