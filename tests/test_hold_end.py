"""A hold ends on time, whatever else the system is at. The watch begins with the first test: see watched_hold."""

from concurrent.futures import Future
from datetime import timedelta

import pytest
from watch import HoldEnd


@pytest.fixture(scope="module")
def end(watched_hold: "Future[HoldEnd]") -> HoldEnd:
    return watched_hold.result(timeout=330)


@pytest.mark.late
def test_the_next_customer_gets_the_seats_the_instant_the_hold_ends_and_not_before(end: HoldEnd) -> None:
    assert end.taken_over.asked < end.at <= end.taken_over.seen


@pytest.mark.late
def test_seats_are_shown_free_within_two_seconds_of_the_hold_s_end(end: HoldEnd) -> None:
    assert end.shown_free.asked < end.at + timedelta(seconds=2)
    assert end.at <= end.shown_free.seen


@pytest.mark.late
def test_the_booking_has_expired_within_five_seconds_of_the_hold_s_end_and_once(end: HoldEnd) -> None:
    assert end.expired.asked < end.at + timedelta(seconds=5)
    assert [line["to_status"] for line in end.history] == ["PENDING", "EXPIRED"]
