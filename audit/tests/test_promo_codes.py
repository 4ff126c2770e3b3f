"""A code is used by the bookings that have it, and by no more of them than may."""

from datetime import timedelta

import pytest
from planted import BOOKING, NOW, OTHER, SEAT, SECOND, claim, keep, plant_booking

from audit.auditing import look
from chassis.ids import uuid7

CODE, PROMOTION = uuid7(), uuid7()
LINE = {"kind": "discount", "code": "QUIET", "net": -1, "tax": 0, "gross": -1, "seat_id": str(SEAT)}


def use(world, booking, *seats, counted=True, given_back=False):
    world.plant(
        "booking", "promo_uses", booking_id=booking, code_id=CODE, promotion_id=PROMOTION,
        given_back_at=NOW if given_back else None, counted=counted,
    )  # fmt: skip
    world.execute("booking", "UPDATE promo_uses SET seat_ids = %s WHERE booking_id = %s", list(seats), booking)


@pytest.fixture
def sold(world):
    """A booking of two seats of which one came cheaper, confirmed."""
    plant_booking(world, BOOKING, "AAAA", "CONFIRMED", ends=NOW - timedelta(hours=1))
    for seat in (SEAT, SECOND):
        claim(world, BOOKING, seat)
        keep(world, seat, "sold")
    world.change("booking", "bookings", lines=[LINE])
    world.plant("booking", "promotions", id=PROMOTION)
    world.plant("booking", "promo_codes", id=CODE, promotion_id=PROMOTION, most_uses=1, uses=1)
    use(world, BOOKING, SEAT)
    return world


def found(world, since=None):
    with world.sources() as sources:
        (finding,) = (finding for finding in look(sources, since=since).findings if finding.number == 9)
    return finding.violations


def test_a_code_that_its_booking_has_violates_nothing(sold):
    assert found(sold) == ()
    assert found(sold, since=NOW - timedelta(hours=1)) == ()


@pytest.mark.parametrize("status", ["CANCELLED", "EXPIRED", "REJECTED", "FAILED"])
def test_a_code_that_an_ended_booking_still_uses_is_found(sold, status):
    sold.change("booking", "bookings", status=status)
    assert found(sold) == (f"booking AAAA is {status} and uses code {CODE}",)
    sold.change("booking", "promo_uses", given_back_at=NOW)
    assert found(sold) == ()


def test_a_code_that_its_booking_has_and_gave_back_is_found(sold):
    sold.change("booking", "promo_uses", given_back_at=NOW)
    assert found(sold) == (f"booking AAAA is CONFIRMED and has given back code {CODE}",)


def test_it_goes_with_the_last_seat_that_came_cheaper(sold):
    sold.change("booking", "booking_seats", f"seat_id = '{SECOND}'", given_back_at=NOW)
    assert found(sold) == ()
    sold.change("booking", "booking_seats", given_back_at=NOW)
    assert found(sold) == (f"booking AAAA is CONFIRMED and uses code {CODE}",)


def test_a_line_without_its_use_and_a_use_without_its_line_are_found(sold):
    sold.change("booking", "bookings", lines=[{**LINE, "code": "early"}])
    assert found(sold) == ("booking AAAA has no line of a code and uses one",)
    sold.change("booking", "bookings", lines=[LINE])
    sold.execute("booking", "DELETE FROM promo_uses")
    sold.change("booking", "promo_codes", uses=0)
    assert found(sold) == ("booking AAAA has a line of a code and uses none",)


def test_a_code_that_is_had_once_too_often_is_found(sold):
    plant_booking(sold, OTHER, "BBBB", "PENDING", ends=NOW + timedelta(hours=1))
    claim(sold, OTHER, SEAT)
    sold.change("booking", "bookings", f"id = '{OTHER}'", lines=[LINE])
    use(sold, OTHER, SEAT, counted=False)
    assert found(sold) == (f"code {CODE} is used by 2 bookings, 1 may",)
    assert found(sold, since=NOW - timedelta(hours=1)) == found(sold)


def test_a_count_that_is_not_what_is_counted_is_found(sold):
    sold.change("booking", "promo_codes", uses=0)
    assert found(sold) == (f"code {CODE} says 0 uses, 1 are counted",)
