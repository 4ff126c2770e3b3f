"""Whose the seat locks in Redis are: a booking's, from the call that makes it to its end."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from factories import seat_ids
from prometheus_client import REGISTRY

from bookings import endings, holds, locks, sales
from bookings.errors import SeatUnavailable
from chassis.ids import uuid7
from chassis.storage.redis import redis_client


@pytest.fixture
def owners(showtime):
    """owners(0, 1) → the bookings that have the locks of the first two seats."""

    def read(*places: int) -> list[str | None]:
        ids = seat_ids(showtime)
        keys = [f"lock:showtime:{{{showtime.id}}}:seat:{ids[place]}" for place in places]
        return [owner and owner.decode().partition(":")[2] for owner in redis_client().mget(keys)]

    return read


@pytest.fixture
def turned_away_cheaply(showtime):
    """turned_away_cheaply(0) → whether a stranger who wants that seat is refused before PostgreSQL is asked."""

    def ask(place: int) -> bool:
        seats = [seat_ids(showtime)[place]]
        with CaptureQueriesContext(connection) as asked, pytest.raises(SeatUnavailable):
            holds.hold_seats(user_id=uuid7(), showtime_id=showtime.id, seat_ids=seats)
        return not asked.captured_queries

    return ask


def conflicts() -> float:
    return REGISTRY.get_sample_value("seat_lock_conflicts_total") or 0.0


def test_the_locks_are_the_bookings(hold, owners, turned_away_cheaply):
    booking = hold(0, 1)
    assert owners(0, 1, 2) == [str(booking.id), str(booking.id), None]
    assert turned_away_cheaply(0)


def test_the_locks_of_seats_that_were_chosen_for_somebody_are_the_bookings_too(showtime, owners):
    held = holds.hold_best_seats(user_id=uuid7(), showtime_id=showtime.id, quantity=2)
    places = [seat_ids(showtime).index(seat.id) for seat in held.seats]
    assert owners(*places) == [str(held.booking.id)] * 2


def test_a_repeated_request_leaves_the_locks_to_the_booking_that_it_made(
    showtime, sign_in, owners, turned_away_cheaply
):
    customer = sign_in()
    body = {"showtime_id": str(showtime.id), "seat_ids": [str(seat) for seat in seat_ids(showtime)[:2]]}
    before = conflicts()
    first, again = [customer.post("/bookings", body, HTTP_IDEMPOTENCY_KEY="order-1") for _ in range(2)]
    assert again["Idempotency-Replayed"] == "true"
    assert owners(0, 1) == [first.json()["id"]] * 2
    assert conflicts() == before
    assert turned_away_cheaply(1)


@pytest.mark.parametrize("header", [{}, {"HTTP_IDEMPOTENCY_KEY": "order-2"}], ids=["no key", "another key"])
def test_a_second_call_of_the_same_customer_for_the_same_seats_lets_go_of_nothing(
    showtime, sign_in, owners, turned_away_cheaply, header
):
    customer, ids = sign_in(), [str(seat) for seat in seat_ids(showtime)]
    first = customer.post("/bookings", {"showtime_id": str(showtime.id), "seat_ids": ids[:2]})
    before = conflicts()
    second = customer.post("/bookings", {"showtime_id": str(showtime.id), "seat_ids": ids[1:3]}, **header)
    assert (first.status_code, second.status_code) == (201, 409)
    assert second.json()["seats"] == [ids[1]]
    assert owners(0, 1, 2) == [first.json()["id"], first.json()["id"], None]
    assert conflicts() == before, "it is PostgreSQL that refused: the first call might have been cut off"
    assert turned_away_cheaply(1)


@pytest.mark.parametrize("header", [{}, {"HTTP_IDEMPOTENCY_KEY": "order-3"}], ids=["no key", "with a key"])
def test_a_customer_whose_call_was_cut_off_gets_the_seats_and_their_locks(
    showtime, sign_in, owners, turned_away_cheaply, header
):
    customer, ids = sign_in(), seat_ids(showtime)
    cut_off = locks.Owner(customer.user_id, uuid7())
    sales.reload_sale(showtime.id)
    assert locks.acquire(showtime.id, ids[:2], owner=cut_off, seconds=60) == locks.Outcome([], [])
    assert turned_away_cheaply(1)
    body = {"showtime_id": str(showtime.id), "seat_ids": [str(seat) for seat in ids[1:3]]}
    again = customer.post("/bookings", body, **header)
    assert again.status_code == 201
    assert owners(0, 1, 2) == [str(cut_off.booking_id), again.json()["id"], again.json()["id"]]


def test_a_booking_that_ends_lets_go_of_its_locks_and_of_nobody_elses(
    hold, owners, let_hold_end, django_capture_on_commit_callbacks
):
    ended = hold(0, 1)
    let_hold_end(ended)
    redis_client().flushdb()
    later = hold(1, 2)
    with django_capture_on_commit_callbacks(execute=True):
        assert endings.expire_holds() == 1
    assert owners(0, 1, 2) == [None, str(later.id), str(later.id)]
    with django_capture_on_commit_callbacks(execute=True):
        endings.cancel_booking(booking_id=later.id, user_id=later.user_id)
    assert owners(1, 2) == [None, None]
