"""The admin shows a booking as staff talk of it."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from bookings.models import Booking, BookingSeat

MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture
def staff(client: Client, db: None) -> Client:
    user = User.objects.create_user("linh", is_staff=True, is_superuser=True)
    client.force_login(user, backend=MODEL_BACKEND)
    return client


def test_money_is_written_in_major_units_on_every_page(staff: Client, hold: Any) -> None:
    booking = hold(0, 1)
    Booking.objects.filter(id=booking.id).update(total_amount=2550, currency="EUR")
    BookingSeat.objects.filter(booking=booking).update(price_amount=1275)
    listed = staff.get("/admin/booking/bookings/booking/").content.decode()
    shown = staff.get(f"/admin/booking/bookings/booking/{booking.id}/change/").content.decode()
    assert "25.50 EUR" in listed
    assert "25.50 EUR" in shown
    assert shown.count("12.75 EUR") == 2
    assert "2550" not in listed + shown
    assert "1275" not in listed + shown
