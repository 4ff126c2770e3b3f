"""Lists in pages, whatever happens to their rows meanwhile."""

import pytest
from factories import PromoCodeFactory, PromotionFactory

from bookings.models import BookingSeat, BookingTransition, PromoCode, PromoUse, SeatStatus
from chassis.ids import uuid7
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
    assert list_routes() == {
        "bookings",
        "promotions",
        "promotions/<uuid:promotion_id>/codes",
        "promotions/<uuid:promotion_id>/uses",
    }


def test_no_booking_is_skipped_or_told_twice_when_others_go(bookings):
    customer, rows = bookings
    assert_rows_may_go(customer, "/bookings", rows)


def test_a_page_of_bookings_is_read_off_an_index(bookings):
    customer, _ = bookings
    assert_pages_come_by_index(customer, "/bookings")


@pytest.fixture
def promoted(hold, sign_in):
    """A manager, and by the address of each list its rows."""
    manager = sign_in(("manager",))
    promotions = [PromotionFactory() for _ in range(7)]
    promotion = promotions[0]
    codes = [PromoCodeFactory(word=f"QUIET{number}", promotion=promotion) for number in range(7)]
    uses = []
    for place, code in enumerate(codes):
        booking = hold(place)
        uses.append(
            PromoUse.objects.create(
                booking=booking, code=code, promotion=promotion, user_id=booking.user_id, seat_ids=[uuid7()]
            )
        )
    here = f"/promotions/{promotion.pk}"
    return manager, {"/promotions": promotions, f"{here}/codes": codes, f"{here}/uses": uses}


def test_no_promotion_code_or_use_is_skipped_or_told_twice_when_others_go(promoted):
    manager, lists = promoted
    for address, rows in reversed(lists.items()):
        if address == "/promotions":
            PromoCode.objects.all().delete()
        assert_rows_may_go(manager, address, rows)
        if address.endswith("/uses"):
            PromoUse.objects.all().delete()


def test_a_page_of_promotions_codes_or_uses_is_read_off_an_index(promoted):
    manager, lists = promoted
    for address in lists:
        assert_pages_come_by_index(manager, address)
