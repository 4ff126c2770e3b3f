import uuid
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookings import seating
from bookings.seating import (
    RESERVED,
    NotEnoughSeats,
    companions_alone,
    halves_left,
    other_halves,
    runs,
    singles_left,
)


@dataclass(frozen=True)
class Place:
    x: int
    y: int
    category: str = "standard"
    price: int = 100
    id: uuid.UUID = field(default_factory=uuid.uuid4)


KINDS = {
    "o": ("standard", 100),
    "x": ("standard", 100),
    "P": ("premium", 200),
    "c": ("couple", 500),
    "X": ("couple", 500),
    "A": ("accessible", 80),
    "K": ("companion", 80),
}


def hall(*rows: str) -> tuple[list[Place], set[uuid.UUID]]:
    """A hall drawn from the screen to the back: space aisle; free seats: o standard, P premium at twice the price,
    c couple at five times, A accessible, K companion; taken ones: x standard, X couple.
    """
    seats, free = [], set()
    for y, row in enumerate(rows, 1):
        for x, mark in enumerate(row, 1):
            if mark != " ":
                seats.append(Place(x, y, *KINDS[mark]))
                if mark not in "xX":
                    free.add(seats[-1].id)
    return seats, free


def choose(seats: list[Place], free: set[uuid.UUID], **wanted: object) -> list[Place]:
    return seating.choose(seats, free, prices={seat.category: seat.price for seat in seats}, **wanted)


def named(seats: list[Place], *places: tuple[int, int]) -> set[uuid.UUID]:
    return {seat.id for seat in seats if (seat.x, seat.y) in places}


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


def categories(chosen: list[Place]) -> list[str]:
    return sorted(seat.category for seat in chosen)


def test_the_cheapest_kind_that_has_so_many_is_given():
    seats, free = hall("ooooPPPPcc", "oxooPPPPcc")
    assert categories(choose(seats, free, quantity=1)) == ["standard"]
    assert categories(choose(seats, free, quantity=7)) == ["standard"] * 7
    assert categories(choose(seats, free, quantity=8)) == ["premium"] * 8
    assert categories(choose(seats, free, quantity=2, category="couple")) == ["couple"] * 2


def test_when_no_kind_has_so_many_the_cheapest_together_are_given():
    seats, free = hall("ooPPcc")
    assert categories(choose(seats, free, quantity=3)) == ["premium", "standard", "standard"] or categories(
        choose(seats, free, quantity=3)
    ) == ["premium", "premium", "standard"]
    assert categories(choose(seats, free, quantity=5, leave_no_single=False)).count("couple") == 2


def test_kinds_of_one_price_are_one():
    seats, free = hall("oo", "oo")
    same = [Place(seat.x, seat.y, "premium" if seat.y == 2 else "standard", id=seat.id) for seat in seats]
    assert categories(choose(same, free, quantity=4)) == ["premium", "premium", "standard", "standard"]


def test_nobody_gets_half_a_couple_seat():
    seats, free = hall("cccc")
    assert drawn(choose(seats, free, quantity=2)) in ({(1, 1), (2, 1)}, {(3, 1), (4, 1)})
    for category in (None, "couple"):
        with pytest.raises(NotEnoughSeats):
            choose(seats, free, quantity=1, category=category)
        with pytest.raises(NotEnoughSeats):
            choose(seats, free, quantity=3, category=category)


def test_a_couple_seat_whose_other_half_is_taken_is_not_offered():
    seats, free = hall("cXcc")
    assert drawn(choose(seats, free, quantity=2)) == {(3, 1), (4, 1)}
    with pytest.raises(NotEnoughSeats):
        choose(seats, free, quantity=4)


def test_the_last_of_an_odd_row_of_couple_seats_is_a_seat_by_itself():
    seats, free = hall("ccc cc")
    assert drawn(choose(seats, free, quantity=1)) == {(3, 1)}
    assert halves_left(named(seats, (3, 1)), other_halves(seats)) == []


def test_an_odd_party_gets_couple_seats_only_with_a_seat_for_the_odd_one():
    seats, free = hall("oo x cc")
    assert categories(choose(seats, free, quantity=3)) == ["couple", "couple", "standard"]


def test_of_a_couple_seat_picked_in_part_the_other_half_is_named():
    seats, _ = hall("occcc")
    halves = other_halves(seats)
    assert set(halves_left(named(seats, (2, 1)), halves)) == named(seats, (3, 1))
    assert set(halves_left(named(seats, (3, 1), (4, 1)), halves)) == named(seats, (2, 1), (5, 1))
    assert halves_left(named(seats, (1, 1), (2, 1), (3, 1)), halves) == []


def test_a_companion_comes_with_the_wheelchair_place_beside_them():
    seats, _ = hall("KAK oo AK")
    assert companions_alone(seats, named(seats, (1, 1), (2, 1), (3, 1))) == []
    assert drawn(companions_alone(seats, named(seats, (1, 1), (5, 1)))) == {(1, 1)}
    assert drawn(companions_alone(seats, named(seats, (9, 1), (2, 1)))) == {(9, 1)}
    assert companions_alone(seats, named(seats, (2, 1))) == []


def test_a_companion_seat_with_no_wheelchair_place_beside_it_goes_with_any():
    seats, _ = hall("K ooA")
    assert drawn(companions_alone(seats, named(seats, (1, 1)))) == {(1, 1)}
    assert companions_alone(seats, named(seats, (1, 1), (5, 1))) == []


def test_where_anybody_may_have_them_wheelchair_places_are_seats_like_any():
    seats, free = hall("AKoo")
    assert categories(choose(seats, free, quantity=2, reserved=())) == ["accessible", "companion"]
    assert categories(choose(seats, free, quantity=2)) == ["standard", "standard"]


mixed = st.lists(st.text("oxPcX AK", min_size=1, max_size=10), min_size=1, max_size=5).map(lambda rows: hall(*rows))


@given(mixed, st.integers(1, 10), st.sampled_from([None, "standard", "premium", "couple"]), st.booleans())
def test_couple_seats_are_whole_and_no_cheaper_kind_would_have_done(drawing, quantity, category, rule):
    seats, free = drawing
    halves = other_halves(seats)
    try:
        chosen = choose(seats, free, quantity=quantity, category=category, leave_no_single=rule)
    except NotEnoughSeats:
        chosen = None

    def had(kinds: set[str]) -> bool:
        fitting = [seat for seat in seats if seat.category in kinds and seat.id in free]
        whole = [seat for seat in fitting if halves.get(seat.id, seat.id) in free]
        return len(whole) >= quantity and (quantity % 2 == 0 or any(seat.id not in halves for seat in whole))

    if chosen is None:
        assert not had({category} if category else {"standard", "premium", "couple"})
        return
    ids = {seat.id for seat in chosen}
    assert len(ids) == len(chosen) == quantity
    assert ids <= free
    assert halves_left(ids, halves) == []
    if category is not None:
        assert {seat.category for seat in chosen} == {category}
        return
    assert not {seat.category for seat in chosen} & RESERVED
    dearest = max(seat.price for seat in chosen)
    cheaper = {kind for kind, price in KINDS.values() if price < dearest and kind not in RESERVED}
    assert not had(cheaper) or len({seat.category for seat in chosen}) == 1
    for kind in cheaper:
        assert not had({kind})


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
