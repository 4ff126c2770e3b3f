"""What runs by itself costs the same however much history there is, in pages of the database."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from bookings import closures, metrics, tasks
from bookings.models import Booking, SeatStatus, Showtime
from chassis.testing_costs import assert_bounded, ticks
from chassis.testing_database import kept, large_world
from chassis.testing_plans import buffers, costs, rows_read


@pytest.fixture(scope="module")
def _history(django_db_setup, django_db_blocker) -> Iterator[None]:
    large = partial(large_world, theaters=2, movies=20, showtimes=4000, bookings=8000, users=500)
    with django_db_blocker.unblock(), kept(large):
        yield


@pytest.fixture
def history(_history: None, db: None) -> None:
    """Thousands of bookings, most of showtimes that are over; some of these showtimes were cancelled."""


def test_cancelled_showtimes_that_are_settled_are_not_looked_at_again(history):
    with costs() as made:
        assert tasks.cancel_bookings_of_cancelled_showtimes() == 0
    assert Showtime.objects.filter(status="cancelled").count() == 200
    assert rows_read(made, "showtimes") == 0


def test_the_bookings_of_a_cancelled_showtime_are_found_by_it(history):
    showtime = Booking.objects.filter(status="CONFIRMED").first().showtime
    Showtime.objects.filter(id=showtime.id).update(status="cancelled")
    with costs() as made:
        assert closures.cancel_bookings() == 8
    # What the bookings themselves cost is another matter: each is written, with its seats and its event.
    [found] = [cost for cost in made if "LATERAL" in cost.sql]
    assert "idx_bookings_showtime_status" in {node.get("Index Name") for node in found.nodes}
    assert found.buffers <= 60
    with costs() as made:
        assert closures.cancel_bookings() == 0
    assert rows_read(made, "showtimes") == rows_read(made, "bookings") == 0


def test_settling_costs_what_is_to_be_settled(history):
    showtime = Booking.objects.filter(status="CONFIRMED").first().showtime
    Showtime.objects.filter(id=showtime.id).update(status="cancelled")
    tasks.cancel_bookings_of_cancelled_showtimes()
    assert tasks.settle_cancellations() == 0
    Showtime.objects.filter(id=showtime.id).update(swept_at=timezone.now() - 2 * closures.SETTLED_AFTER)
    with costs() as made:
        assert tasks.settle_cancellations() == 1
    assert buffers(made) <= 60
    with costs() as made:
        assert tasks.settle_cancellations() == 0
    assert buffers(made) <= 20


def test_the_gauges_of_each_minute_read_a_day_of_showtimes_and_an_hour_of_bookings(history):
    everything = SeatStatus.objects.count()
    with costs() as made:
        metrics.measure()
    assert len(made) == 3
    for cost in made:
        assert "Seq Scan" not in {node["Node Type"] for node in cost.nodes}, cost
    to_come = Showtime.objects.filter(starts_at__range=(timezone.now(), timezone.now() + timedelta(days=1))).count()
    assert buffers(made) <= 8 * to_come < everything


def test_what_the_clock_starts_costs_what_there_is_to_do(history):
    assert_bounded(ticks())
