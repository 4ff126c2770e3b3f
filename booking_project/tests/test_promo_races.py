"""Asked for side by side, by real threads, a code is never had beyond its bounds."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError, connection
from factories import PromoCodeFactory, ScreenFactory, ShowtimeFactory, seat_ids

from bookings import endings, holds, promotions, sales
from bookings.models import Booking, PromoUse
from bookings.promo_errors import PromoCodeUsedUp
from chassis.ids import uuid7
from chassis.storage.database import is_away
from chassis.web.problems import Problem

TRIES = 20


def in_use(code):
    return promotions.uses_of([code])[code.id]


@pytest.fixture
def hall(transactional_db):
    """A showtime of 100 seats, whose rows other connections see."""
    showtime = ShowtimeFactory(screen=ScreenFactory(rows=10, columns=10), prices={"standard": 100, "premium": 100})
    sales.reload_sale(showtime.id)
    return showtime


def side_by_side(ask, count=64):
    """What so many threads get that ask at once: "held", or the code of the problem.

    Whom a busy database has kept waiting for too long asks again, as clients do that are told to (503).
    """

    def one(number):
        for _ in range(TRIES):
            try:
                ask(number)
            except Problem as problem:
                return problem.code
            except OperationalError as exc:
                if not is_away(exc):
                    raise
            else:
                return "held"
            finally:
                connection.close()
        return "busy"

    with ThreadPoolExecutor(count) as pool:
        return Counter(pool.map(one, range(count)))


@pytest.mark.parametrize("most", [1, 7])
def test_asked_side_by_side_a_code_is_never_had_beyond_its_bound(hall, most):
    code = PromoCodeFactory(most_uses=most)
    ids = seat_ids(hall)

    def ask(number):
        wanted = {"user_id": uuid7(), "showtime_id": hall.id, "promo_code": "QUIET", "verified": True}
        if number % 16 == 0:
            holds.hold_best_seats(quantity=1, **wanted)
        else:
            holds.hold_seats(seat_ids=[ids[number]], **wanted)

    told = side_by_side(ask)
    code.refresh_from_db()
    assert told["held"] == Booking.objects.count() == PromoUse.objects.count() == code.uses == most
    assert set(told) <= {"held", "promo_code_used_up", "seat_unavailable"}


def test_asked_side_by_side_a_customer_has_it_no_more_often_than_each_may(hall, settings):
    settings.MAX_OPEN_HOLDS = settings.MAX_OPEN_HOLDS_IN_ALL = 100
    PromoCodeFactory(promotion__most_per_customer=3)
    ids, customer = seat_ids(hall), uuid7()

    def ask(number):
        holds.hold_seats(
            user_id=customer, showtime_id=hall.id, seat_ids=[ids[number]], promo_code="QUIET", verified=True
        )

    told = side_by_side(ask)
    assert told == {"held": 3, "promo_code_used_up": 61}
    assert PromoUse.objects.count() == 3


def test_taken_and_given_back_side_by_side_it_is_within_its_bound_and_all_of_it_comes_back(hall):
    code = PromoCodeFactory(most_uses=4)
    ids = seat_ids(hall)

    held = {}

    def ask(number):
        if number not in held:
            one = {"showtime_id": hall.id, "seat_ids": [ids[number]], "promo_code": "QUIET", "verified": True}
            held[number] = holds.hold_seats(user_id=uuid7(), **one).booking
        endings.cancel_booking(booking_id=held[number].id, user_id=held[number].user_id)

    told = side_by_side(ask)
    assert told["held"] >= 4
    code.refresh_from_db()
    assert code.uses <= 4
    assert in_use(code) == 0
    # Of seats that nobody has asked for: where Redis was late, a lock is left to expire.
    *others, last = ids[64:69]
    for seat in others:
        holds.hold_seats(user_id=uuid7(), showtime_id=hall.id, seat_ids=[seat], promo_code="QUIET")
    with pytest.raises(PromoCodeUsedUp):
        holds.hold_seats(user_id=uuid7(), showtime_id=hall.id, seat_ids=[last], promo_code="QUIET")
