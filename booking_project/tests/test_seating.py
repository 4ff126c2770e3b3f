import uuid
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookings.seating import NotEnoughSeats, choose, runs, singles_left


@dataclass(frozen=True)
class Place:
    x: int
    y: int
    category: str = "standard"
    price: int = 100
    id: uuid.UUID = field(default_factory=uuid.uuid4)


def hall(*rows: str) -> tuple[list[Place], set[uuid.UUID]]:
    """A hall drawn from the screen to the back: o free, x taken, space aisle, A an accessible free seat."""
    seats, free = [], set()
    for y, row in enumerate(rows, 1):
        for x, mark in enumerate(row, 1):
            if mark != " ":
                seats.append(Place(x, y, "accessible" if mark == "A" else "standard"))
                if mark != "x":
                    free.add(seats[-1].id)
    return seats, free


def drawn(chosen: list[Place]) -> set[tuple[int, int]]:
    return {(seat.x, seat.y) for seat in chosen}


def test_an_empty_hall_gives_the_middle_of_a_good_row():
    seats, free = hall(*["ooooooooo"] * 6)
    assert drawn(choose(seats, free, quantity=3)) == {(4, 4), (5, 4), (6, 4)}


def test_a_party_sits_together_even_when_better_single_seats_are_free():
    seats, free = hall("oooo", "oxox", "oxox")
    assert drawn(choose(seats, free, quantity=3)) <= {(1, 1), (2, 1), (3, 1), (4, 1)}


def test_nobody_sits_across_an_aisle_when_a_row_has_room():
    seats, free = hall("oo oo", "ooo  ")
    assert {y for _, y in drawn(choose(seats, free, quantity=3))} == {2}


def test_a_party_too_large_for_any_row_is_split_into_few_groups():
    seats, free = hall("ooo", "xxx", "ooo")
    chosen = choose(seats, free, quantity=5)
    assert len(chosen) == len(set(chosen)) == 5


def test_accessible_seats_are_kept_for_those_who_ask():
    seats, free = hall("AAoo", "AAxx")
    assert drawn(choose(seats, free, quantity=2)) == {(3, 1), (4, 1)}
    assert len(choose(seats, free, quantity=2, category="accessible")) == 2
    with pytest.raises(NotEnoughSeats):
        choose(seats, free, quantity=3)


def test_a_choice_that_leaves_no_single_is_preferred_when_the_rule_holds():
    seats, free = hall("ooooo")
    chosen = choose(seats, free, quantity=2, leave_no_single=True)
    assert not singles_left(seats, free, {seat.id for seat in chosen})


def test_a_single_between_taken_seats_or_at_an_aisle_is_found():
    seats, free = hall("ooooo ooo")
    by_x = {seat.x: seat for seat in seats}
    assert drawn(singles_left(seats, free, {by_x[2].id, by_x[3].id})) == {(1, 1)}
    assert drawn(singles_left(seats, free, {by_x[8].id})) == {(7, 1), (9, 1)}


def test_a_single_that_cannot_be_avoided_is_allowed():
    seats, free = hall("ooox")
    assert singles_left(seats, free, {seats[0].id, seats[1].id}) == []


def test_a_single_that_was_there_before_is_nobodys_fault():
    seats, free = hall("oxooo")
    assert singles_left(seats, free, {seats[2].id, seats[3].id, seats[4].id}) == []


halls = st.lists(st.text("ox A", min_size=1, max_size=10), min_size=1, max_size=5).map(lambda rows: hall(*rows))


@given(halls, st.integers(1, 10), st.booleans())
def test_what_is_chosen_is_free_fitting_and_as_much_as_was_asked(drawing, quantity, rule):
    seats, free = drawing
    fitting = {seat.id for seat in seats if seat.category == "standard"} & free
    if len(fitting) < quantity:
        with pytest.raises(NotEnoughSeats):
            choose(seats, free, quantity=quantity, leave_no_single=rule)
        return
    chosen = choose(seats, free, quantity=quantity, leave_no_single=rule)
    assert len({seat.id for seat in chosen}) == len(chosen) == quantity
    assert {seat.id for seat in chosen} <= fitting
    longest = max(len(run) for run in runs(seats, fitting))
    if longest >= quantity:
        assert len(list(runs(seats, {seat.id for seat in chosen}))) == 1


@given(halls, st.integers(1, 10))
def test_best_available_obeys_the_rule_wherever_one_row_can(drawing, quantity):
    seats, free = drawing
    usable = {seat.id for seat in seats if seat.category == "standard"} & free
    roomy = [run for run in runs(seats, usable) if len(run) in (quantity, *range(quantity + 2, 20))]
    if roomy:
        chosen = choose(seats, free, quantity=quantity)
        assert not singles_left(seats, usable, {seat.id for seat in chosen})
