"""Which seats a customer gets: the best ones, and those they pick, by the rules of the hall and the theater."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from factories import seat_ids

from bookings import holds, inventory, sales
from bookings.domain import State
from bookings.errors import CompanionAlone, CoupleSeatSplit, NotEnoughSeats, OrphanSeat
from bookings.models import Showtime
from chassis.ids import uuid7


def best(showtime, quantity, **wanted):
    return holds.hold_best_seats(user_id=uuid7(), showtime_id=showtime.id, quantity=quantity, **wanted)


def test_the_best_seats_are_held_together(showtime):
    seats = best(showtime, 3).seats
    assert len({seat.y for seat in seats}) == 1
    assert sorted(seat.x for seat in seats) == [min(seat.x for seat in seats) + step for step in range(3)]


def test_best_available_goes_on_until_the_hall_is_full(showtime):
    held = [best(showtime, 2, category=category) for category in ["standard"] * 16 + ["premium"] * 4]
    assert len({seat.id for each in held for seat in each.seats}) == 40
    with pytest.raises(NotEnoughSeats):
        best(showtime, 1)


@pytest.mark.django_db(transaction=True)
def test_all_who_ask_for_the_best_seats_at_once_get_some(transactional_db):
    from factories import ScreenFactory, ShowtimeFactory

    showtime = ShowtimeFactory(screen=ScreenFactory(rows=10, columns=16), prices={"standard": 1, "premium": 1})
    sales.reload_sale(showtime.id)

    def ask(_: int) -> set:
        try:
            return {seat.id for seat in best(showtime, 2).seats}
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as pool:
        got = list(pool.map(ask, range(80)))
    assert sum(map(len, got)) == len(set().union(*got)) == 160


@pytest.fixture
def furnished(db):
    """furnished("oocc", rules={…}) → a showtime of one row: o standard, c couple, A accessible, K companion."""
    from factories import ScreenFactory, ShowtimeFactory, layout

    kinds = {"o": "standard", "c": "couple", "A": "accessible", "K": "companion"}

    def make(row: str, **changes: object) -> Showtime:
        seats = layout(1, len(row))
        for seat, mark in zip(seats, row, strict=True):
            seat["category"] = kinds[mark]
        prices = {"standard": 1000, "couple": 5000, "accessible": 800, "companion": 800}
        return ShowtimeFactory(screen=ScreenFactory(rows=1, columns=len(row), seats=seats), prices=prices, **changes)

    return make


def pick(showtime, *places):
    ids = seat_ids(showtime)
    return holds.hold_seats(user_id=uuid7(), showtime_id=showtime.id, seat_ids=[ids[place] for place in places]).booking


def test_somebody_who_comes_alone_is_not_sold_half_a_couple_seat(furnished):
    assert [seat.category for seat in best(furnished("ooccoo"), 1).seats] == ["standard"]
    showtime = furnished("ooccoo")
    ids = seat_ids(showtime)
    with pytest.raises(CoupleSeatSplit) as refused:
        pick(showtime, 1, 2)
    assert refused.value.extra["seats"] == [str(ids[3])]
    assert inventory.seat_statuses(showtime.id) == {}
    assert pick(showtime, 2, 3).total_amount == 10000


def test_a_companion_seat_is_sold_with_its_wheelchair_place_unless_anybody_may_have_it(furnished):
    showtime = furnished("AKoo")
    ids = seat_ids(showtime)
    with pytest.raises(CompanionAlone) as refused:
        pick(showtime, 1)
    assert refused.value.extra["seats"] == [str(ids[1])]
    with pytest.raises(CompanionAlone):
        best(showtime, 1, category="companion")
    assert inventory.seat_statuses(showtime.id) == {}
    assert pick(showtime, 0, 1).status == State.PENDING
    assert pick(furnished("AKoo"), 0).status == State.PENDING
    assert pick(furnished("AKoo", rules={"accessible_places": "anybody"}), 1).status == State.PENDING


def test_a_rule_that_was_changed_refuses_nobody_who_comes_after_it(furnished):
    showtime = furnished("AKoo")
    with pytest.raises(CompanionAlone):
        pick(showtime, 1)
    Showtime.objects.filter(id=showtime.id).update(rules={"accessible_places": "anybody"}, revision=2)
    assert pick(showtime, 1).status == State.PENDING


def test_a_choice_that_leaves_a_single_is_refused_where_the_theater_says_so(hold, showtime):
    hold(3)
    Showtime.objects.filter(id=showtime.id).update(rules={"orphan_seat_rule": True}, revision=2)
    with pytest.raises(OrphanSeat) as refused:
        hold(1)
    ids = seat_ids(showtime)
    assert refused.value.extra["seats"] == sorted([str(ids[0]), str(ids[2])])
    assert len(inventory.seat_statuses(showtime.id)) == 1
    assert hold(1, 2).status == State.PENDING  # of three free seats, two always leave one
