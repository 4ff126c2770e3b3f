"""The admin shows a booking as staff talk of it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from bookings.models import Booking, BookingSeat
from chassis.web.staff import local_user

MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"
LIST = "/admin/booking/bookings/booking/"


@pytest.fixture
def staff(client: Client, db: None) -> Client:
    user = User.objects.create_user("linh", is_staff=True, is_superuser=True)
    client.force_login(user, backend=MODEL_BACKEND)
    return client


def test_money_is_written_in_major_units_on_every_page(staff: Client, hold: Any) -> None:
    booking = hold(0, 1)
    Booking.objects.filter(id=booking.id).update(total_amount=2550, refunded_amount=310, currency="EUR")
    BookingSeat.objects.filter(booking=booking).update(price_amount=1275)
    listed = staff.get("/admin/booking/bookings/booking/").content.decode()
    shown = staff.get(f"/admin/booking/bookings/booking/{booking.id}/change/").content.decode()
    assert "25.50 EUR" in listed
    assert "25.50 EUR" in shown
    assert "3.10 EUR" in shown
    assert shown.count("12.75 EUR") == 2
    assert "2550" not in listed + shown
    assert "1275" not in listed + shown


@pytest.fixture
def signed_in(client: Client, db: None) -> Callable[[str], Client]:
    """signed_in("support") → a browser at the admin site."""

    def enter(role: str) -> Client:
        client.force_login(local_user(role, {role}), backend=MODEL_BACKEND)
        return client

    return enter


@pytest.mark.parametrize("role", ["support", "manager"])
def test_staff_look_bookings_up_by_reference_address_and_ids(
    signed_in: Any, hold: Any, deliver: Any, role: str
) -> None:
    booking, other = hold(0), hold(1)
    deliver("user.registered", user_id=booking.user_id, email="mai.tran@example.com")
    browser = signed_in(role)
    listed = browser.get(LIST).content.decode()
    assert booking.reference in listed
    assert "mai.tran@example.com" in listed
    deliver("payment.authorized", booking_id=booking.id, user_id=booking.user_id, card_last4="0341")
    for term in (booking.reference.lower(), "Mai.Tran@example.com", "0341", str(booking.id), f" {booking.user_id} "):
        found = browser.get(LIST, {"q": term}).content.decode()
        assert booking.reference in found, term
        assert other.reference not in found, term
    page = browser.get(f"{LIST}{booking.id}/change/")
    assert page.status_code == 200
    assert "mai.tran@example.com" in page.content.decode()


def test_a_page_of_the_list_takes_as_many_statements_for_many_bookings_as_for_one(
    signed_in: Any, hold: Any, django_assert_max_num_queries: Any
) -> None:
    browser = signed_in("support")
    for place in range(6):
        hold(place)
    browser.get(LIST)
    with django_assert_max_num_queries(12):
        browser.get(LIST)
