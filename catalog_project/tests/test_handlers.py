import itertools
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone
from factories import ShowtimeFactory
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from catalog import occupancy
from catalog.domain import OccupancyState
from catalog.handlers import STATE_AFTER
from catalog.models import BlockedSeats, Showtime, ShowtimeOccupancy
from catalog.occupancy import Occupancy, count_occupied, prune_occupancy, record_occupancy
from chassis.ids import uuid7
from chassis.messaging.events import MalformedEvent


def created(showtime_id: UUID, booking_id: UUID, *, seats: int = 2, minutes: float = 5) -> dict[str, Any]:
    return {
        "booking_id": str(booking_id),
        "showtime_id": str(showtime_id),
        "seats": [{"id": str(uuid7()), "row": "A", "number": n} for n in range(seats)],
        "hold_expires_at": (timezone.now() + timedelta(minutes=minutes)).isoformat(),
    }


def moved(showtime_id: UUID, booking_id: UUID, *, seats: int = 2) -> dict[str, Any]:
    return {
        "booking_id": str(booking_id),
        "showtime_id": str(showtime_id),
        "seat_ids": [str(uuid7()) for _ in range(seats)],
    }


def extended(showtime_id: UUID, booking_id: UUID, *, seats: int = 2, minutes: float = 10) -> dict[str, Any]:
    until = timezone.now() + timedelta(minutes=minutes)
    return {**moved(showtime_id, booking_id, seats=seats), "hold_expires_at": until.isoformat()}


MAKE = {"booking.created": created, "booking.extended": extended}


def left(showtime: Showtime) -> int:
    return showtime.screen.seat_count - count_occupied([showtime.id])[showtime.id]


# What a booking of two can go through, in the order in which booking decides it, and how many seats it has at the end.
LIVES = {
    ("booking.created",): 2,
    ("booking.created", "booking.confirmed"): 2,
    ("booking.created", "booking.confirmed", "booking.cancelled"): 0,
    ("booking.created", "booking.confirmed", "booking.reduced"): 1,
    ("booking.created", "booking.confirmed", "booking.reduced", "booking.cancelled"): 0,
    ("booking.created", "booking.extended"): 2,
    ("booking.created", "booking.extended", "booking.expired"): 0,
    ("booking.created", "booking.extended", "booking.confirmed"): 2,
    ("booking.created", "booking.expired"): 0,
    ("booking.created", "booking.expired", "booking.confirmed"): 2,
    ("booking.created", "booking.expired", "booking.confirmed", "booking.failed"): 0,
    ("booking.created", "booking.rejected"): 0,
    ("booking.created", "booking.failed"): 0,
    ("booking.created", "booking.cancelled"): 0,
}


def seats_after(event_type: str) -> int:
    return 1 if event_type == "booking.reduced" else 2


@pytest.mark.parametrize(("life", "taken"), LIVES.items())
def test_every_order_of_arrival_ends_the_same(
    showtime: Showtime, deliver: Any, life: tuple[str, ...], taken: int
) -> None:
    orders = list(itertools.permutations(life))
    for order in orders:
        booking_id = uuid7()
        for event_type in order:
            make = MAKE.get(event_type, moved)
            deliver(event_type, make(showtime.id, booking_id, seats=seats_after(event_type)))
        assert left(showtime) == 14 - taken, order
        ShowtimeOccupancy.objects.all().delete()
    assert len(orders) >= 1


@pytest.mark.parametrize("first", ["booking.created", "booking.extended"])
def test_a_hold_that_was_made_longer_holds_its_seats_until_the_later_time_whichever_is_heard_first(
    showtime: Showtime, deliver: Any, first: str
) -> None:
    booking_id = uuid7()
    told = {
        "booking.created": created(showtime.id, booking_id, minutes=-1),
        "booking.extended": extended(showtime.id, booking_id, minutes=4),
    }
    for event_type in sorted(told, key=lambda each: each != first):
        deliver(event_type, told[event_type])
    assert left(showtime) == 14 - 2
    ends = ShowtimeOccupancy.objects.get().held_until
    assert ends is not None
    assert ends.isoformat() == told["booking.extended"]["hold_expires_at"]


class AnyOrder(TestCase):
    """TestCase of hypothesis: every example in a transaction of its own."""

    @hypothesis_settings(max_examples=40, deadline=None)
    @given(data=st.data())
    def test_many_bookings_with_duplicates_shuffled_are_counted_as_if_in_order(self, data: Any) -> None:
        showtime = ShowtimeFactory()
        lives = data.draw(st.lists(st.sampled_from(list(LIVES)), min_size=1, max_size=5))
        sent = [(uuid7(), event_type) for life in lives for event_type in life]
        for index, life in enumerate(lives):
            booking_id = uuid7()
            start = sum(len(other) for other in lives[:index])
            sent[start : start + len(life)] = [(booking_id, event_type) for event_type in life]
        states = {**dict.fromkeys(MAKE, OccupancyState.HELD), **STATE_AFTER}
        again = data.draw(st.lists(st.sampled_from(sent), max_size=5))
        soon = timezone.now() + timedelta(minutes=5)
        told = [
            Occupancy(booking_id, showtime.id, seats_after(event_type), states[event_type], soon)
            for booking_id, event_type in data.draw(st.permutations(sent + again))
        ]
        while told:
            together = data.draw(st.integers(1, len(told)))
            record_occupancy(told[:together])
            told = told[together:]
        assert count_occupied([showtime.id]) == {showtime.id: sum(LIVES[life] for life in lives)}


def test_a_repeated_delivery_counts_once(showtime: Showtime, deliver: Any) -> None:
    event_id, data = uuid7(), created(showtime.id, uuid7())
    assert deliver("booking.created", data, event_id=event_id) is True
    assert deliver("booking.created", data, event_id=event_id) is False
    assert left(showtime) == 12


@pytest.mark.parametrize("event_type", ["booking.created", *STATE_AFTER])
def test_news_of_a_booking_cost_two_statements_and_a_repetition_one(
    showtime: Showtime, deliver: Any, django_assert_num_queries: Any, event_type: str
) -> None:
    make = created if event_type == "booking.created" else moved
    event_id, data = uuid7(), make(showtime.id, uuid7(), seats=8)
    savepoints = 2  # of the test's own transaction
    with django_assert_num_queries(2 + savepoints):  # inbox, occupancy
        deliver(event_type, data, event_id=event_id)
    with django_assert_num_queries(1 + savepoints):
        deliver(event_type, data, event_id=event_id)
    with django_assert_num_queries(1):
        count_occupied([showtime.id])


def off_sale(showtime_id: UUID, revision: int, blocked: int) -> dict[str, Any]:
    return {"showtime_id": str(showtime_id), "revision": revision, "blocked": blocked, "seat_ids": []}


def test_seats_that_are_off_sale_are_not_available_and_their_news_come_in_any_order(
    showtime: Showtime, deliver: Any
) -> None:
    news = [("seats.blocked", 1, 3), ("seats.blocked", 2, 5), ("seats.unblocked", 3, 2), ("seats.unblocked", 4, 1)]
    for order in itertools.permutations(news):
        for event_type, revision, blocked in order:
            deliver(event_type, off_sale(showtime.id, revision, blocked))
        assert left(showtime) == 13, order
        BlockedSeats.objects.all().delete()


def test_what_is_sold_and_what_is_off_sale_add_up_everywhere(
    showtime: Showtime, deliver: Any, api: Any, django_assert_num_queries: Any
) -> None:
    def listed() -> int:
        (found,) = api.get(f"/showtimes?movie_id={showtime.movie_id}").json()["results"]
        return found["available_seats"]

    assert listed() == 14
    deliver("booking.created", created(showtime.id, uuid7(), seats=3))
    deliver("seats.blocked", off_sale(showtime.id, 1, 4))
    assert listed() == api.get(f"/showtimes/{showtime.id}").json()["available_seats"] == left(showtime) == 7
    deliver("seats.blocked", off_sale(showtime.id, 2, 11))
    assert listed() == 0
    with django_assert_num_queries(1):
        count_occupied([showtime.id])


def test_a_hold_that_ran_out_frees_its_seats_without_any_event(showtime: Showtime, deliver: Any) -> None:
    deliver("booking.created", created(showtime.id, uuid7(), minutes=-0.1))
    assert left(showtime) == 14


def test_an_end_that_overtook_its_beginning_leaves_a_tombstone(showtime: Showtime, deliver: Any) -> None:
    booking_id = uuid7()
    deliver("booking.rejected", moved(showtime.id, booking_id))
    deliver("booking.created", created(showtime.id, booking_id))
    assert left(showtime) == 14
    assert ShowtimeOccupancy.objects.get().state == OccupancyState.ENDED


def test_a_booking_of_an_unknown_showtime_is_kept_for_when_it_is_known(db: None, deliver: Any) -> None:
    unknown = uuid7()
    deliver("booking.created", created(unknown, uuid7(), seats=3))
    assert count_occupied([unknown]) == {unknown: 3}


def test_an_event_without_its_fields_is_malformed(db: None, deliver: Any) -> None:
    with pytest.raises(MalformedEvent):
        deliver("booking.created", {"booking_id": "x"})
    assert not ShowtimeOccupancy.objects.exists()


def test_seats_left_follow_the_events_at_once_through_the_cache(showtime: Showtime, deliver: Any, api: Any) -> None:
    def shown() -> int:
        return api.get(f"/showtimes/{showtime.id}").json()["available_seats"]

    booking_id = uuid7()
    assert shown() == 14
    deliver("booking.created", created(showtime.id, booking_id, seats=3))
    assert shown() == 11
    deliver("booking.confirmed", moved(showtime.id, booking_id, seats=3))
    assert shown() == 11
    deliver("booking.cancelled", moved(showtime.id, booking_id, seats=3))
    assert shown() == 14


def test_rows_of_showtimes_long_over_are_pruned_in_batches(
    showtime: Showtime, deliver: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(occupancy, "PRUNE_BATCH", 2)
    gone = ShowtimeFactory()
    for _ in range(5):
        deliver("booking.created", created(gone.id, uuid7()))
    deliver("booking.created", created(showtime.id, uuid7()))
    deliver("booking.created", created(uuid7(), uuid7()))
    Showtime.objects.filter(id=gone.id).update(
        starts_at=timezone.now() - timedelta(days=2), ends_at=timezone.now() - timedelta(hours=25)
    )
    deliver("seats.blocked", off_sale(gone.id, 1, 2))
    deliver("seats.blocked", off_sale(showtime.id, 1, 2))
    assert prune_occupancy() == 5 + 1
    assert BlockedSeats.objects.get().showtime_id == showtime.id
    assert ShowtimeOccupancy.objects.count() == 2
    ShowtimeOccupancy.objects.update(updated_at=timezone.now() - timedelta(hours=25))
    assert prune_occupancy() == 1
    assert ShowtimeOccupancy.objects.get().showtime_id == showtime.id
