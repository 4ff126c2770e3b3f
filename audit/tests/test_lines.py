"""What a booking costs, line by line."""

from datetime import timedelta

import pytest
from planted import BOOKING, NOW, SEAT, TOTAL, claim, keep, plant_booking

from audit.auditing import look


@pytest.fixture
def sold(world):
    """A booking of a seat, confirmed; nothing else is known of it."""
    plant_booking(world, BOOKING, "AAAA", "CONFIRMED", ends=NOW - timedelta(hours=1))
    claim(world, BOOKING, SEAT, TOTAL - 5000)
    keep(world, SEAT, "sold")
    return world


def line(seat, gross, *, tax=0):
    return {"code": "adult", "seat_id": seat and str(seat), "net": gross - tax, "tax": tax, "gross": gross}


RIGHT = [line(SEAT, TOTAL, tax=700), line(SEAT, -5000, tax=-25), line(None, 5000)]


def found(world):
    with world.sources() as sources:
        (finding,) = (finding for finding in look(sources).findings if finding.number == 8)
    assert finding.examined == 1
    return finding.violations


def test_lines_that_add_up_violate_nothing(sold):
    sold.change("booking", "bookings", lines=RIGHT)
    assert found(sold) == ()


def test_a_booking_of_before_there_were_lines_violates_nothing(sold):
    assert found(sold) == ()


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (RIGHT[:2], f"booking AAAA costs {TOTAL}, its lines {TOTAL - 5000}"),
        ([line(SEAT, TOTAL)], f"booking AAAA: seat {SEAT} costs something else than its lines"),
        ([{**RIGHT[0], "tax": 699}, *RIGHT[1:]], "booking AAAA: net and tax are not the gross of adult"),
    ],
)
def test_lines_that_do_not_add_up_are_found(sold, lines, said):
    sold.change("booking", "bookings", lines=lines)
    assert found(sold) == (said,)
