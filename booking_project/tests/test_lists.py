"""Lists in pages, whatever happens to their rows meanwhile."""

import pytest

from bookings.models import BookingSeat, BookingTransition, SeatStatus
from chassis.testing_lists import assert_pages_come_by_index, assert_rows_may_go, list_routes


class _Row:
    """A booking that can go with all that hangs on it, as no customer's ever does."""

    def __init__(self, booking):
        self.pk = booking.pk
        self._booking = booking

    def delete(self):
        for model in (BookingSeat, BookingTransition, SeatStatus):
            model.objects.filter(booking_id=self.pk).delete()
        self._booking.delete()


@pytest.fixture
def bookings(hold, sign_in, settings):
    settings.MAX_OPEN_HOLDS = 9
    customer = sign_in()
    return customer, [_Row(hold(place, user_id=customer.user_id)) for place in range(7)]


def test_every_list_is_among_these():
    assert list_routes() == {"bookings"}


def test_no_booking_is_skipped_or_told_twice_when_others_go(bookings):
    customer, rows = bookings
    assert_rows_may_go(customer, "/bookings", rows)


def test_a_page_of_bookings_is_read_off_an_index(bookings):
    customer, _ = bookings
    assert_pages_come_by_index(customer, "/bookings")
