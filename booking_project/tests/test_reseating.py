import uuid
from collections import Counter
from dataclasses import dataclass
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookings.reseating import Party, Spot, reseat, spots
from bookings.seating import RESERVED, companions_alone, other_halves, runs

KINDS = {"o": "standard", "P": "premium", "c": "couple", "A": "accessible", "K": "companion"}


@dataclass(frozen=True)
class Seat:
    id: uuid.UUID
    row: str
    number: int
    x: int
    y: int
    category: str

    def __str__(self) -> str:
        return f"{self.row}{self.number}"


def hall(*rows: str, name: str = "hall") -> list[Seat]:
    """A hall drawn from the screen to the back: a space is an aisle, a letter a seat of KINDS.

    Rows are A, B, C, and their seats are numbered from the left.
    """
    seats = []
    for y, row in enumerate(rows, 1):
        for x, mark in enumerate(row, 1):
            if mark != " ":
                called, number = chr(64 + y), len(row[: x - 1].replace(" ", "")) + 1
                seats.append(
                    Seat(uuid.uuid5(uuid.NAMESPACE_OID, f"{name}{called}{number}"), called, number, x, y, KINDS[mark])
                )
    return seats


def parties(seats: list[Seat], *groups: str) -> list[Party]:
    """parties(seats, "A1 A2", "B5") → the first booked A1 and A2, the second B5."""
    known, named = spots(seats), {str(seat): seat for seat in seats}
    return [
        Party(uuid.UUID(int=number), [known[named[one].id] for one in group.split()])
        for number, group in enumerate(groups)
    ]


def who_sits_where(booked: list[Party], into: list[Seat], **how: object) -> list[str]:
    """As in parties(); "-" of who gets nothing."""
    found = reseat(booked, into, **{"free": {seat.id for seat in into}, **how})
    return [
        " ".join(str(found[party.id][spot.id]) for spot in party.spots) if party.id in found else "-"
        for party in booked
    ]


@pytest.mark.parametrize(
    ("before", "after", "booked", "expected"),
    [
        pytest.param(["oooo"], ["oooooo"], ["A1 A2", "A4"], ["A1 A2", "A4"], id="the same row and number"),
        pytest.param(["oooo", "oooo"], ["oo", "oooo"], ["A4", "B4"], ["A2", "B4"], id="else the nearest that is left"),
        pytest.param(["oooo"], ["PPPP", "oooo"], ["A2"], ["B2"], id="of the same category"),
        pytest.param(["oo"], ["PP"], ["A1"], ["-"], id="or none"),
        pytest.param(["oooooo"], ["oo oo", "oooo"], ["A4 A5 A6"], ["A4 B3 B4"], id="a party near its own"),
        pytest.param(["ooooo"], ["PPPPP", "oo oooo"], ["A1 A2 A3"], ["B3 B4 B5"], id="a party side by side"),
        pytest.param(["ooo"], ["oo"], ["A1 A2 A3"], ["-"], id="a party whole or not at all"),
        pytest.param(["cccc"], ["Pcccc"], ["A1 A2", "A3 A4"], ["A2 A3", "A4 A5"], id="couple seats stay pairs"),
        pytest.param(["cc"], ["c c c"], ["A1 A2"], ["-"], id="singles are no couple seat"),
        pytest.param(["cccc"], ["cccc"], ["A2", "A3 A4"], ["A2", "A3 A4"], id="half a couple seat"),
        pytest.param(["AK"], ["AoK", "AK"], ["A1 A2"], ["B1 B2"], id="a companion beside the wheelchair"),
        pytest.param(["AKK"], ["KA KAK"], ["A1 A2 A3"], ["A4 A3 A5"], id="and two of them"),
        pytest.param(["AK"], ["oA", "oooK"], ["A1 A2"], ["A2 B4"], id="or as near as one is"),
    ],
)
def test_who_sits_where(before, after, booked, expected):
    assert who_sits_where(parties(hall(*before), *booked), hall(*after, name="other")) == expected


def test_nobody_is_given_a_seat_that_is_not_free_and_one_that_is_kept_only_to_its_twin_or_as_the_last():
    into = hall("ooo", name="other")
    first, _, third = (seat.id for seat in into)
    booked = parties(hall("oooo"), "A1", "A4")
    assert who_sits_where(booked, into, free={first, third}) == ["A1", "A3"]
    assert who_sits_where(booked, into, rather_not={first, third}) == ["A1", "A2"]
    assert who_sits_where(booked, into, free={first, third}, rather_not={third}) == ["A1", "A3"]


def test_who_booked_first_chooses_first_and_a_twin_comes_before_any_choice():
    into = hall("oo", name="other")
    assert who_sits_where(parties(hall("oooo"), "A4", "A3", "A2"), into) == ["A1", "-", "A2"]


def test_a_seat_that_its_hall_has_no_more_is_looked_for_by_its_name():
    lost = Party(uuid.UUID(int=1), [Spot(uuid.UUID(int=9), "B", 2, "standard")])
    assert who_sits_where([lost], hall("oo", "oo", name="other")) == ["B2"]


def test_a_large_hall_that_has_no_twin_is_seated_in_time():
    before, after = hall(*["o" * 30] * 26), hall("P", *[" ".join(["o" * 16] * 2)] * 26, name="other")
    groups = [f"{chr(65 + row)}{seat} {chr(65 + row)}{seat + 1}" for row in range(25) for seat in range(17, 30, 2)]
    assert "-" not in who_sits_where(parties(before, *groups), after)


MARKS = st.text("ooPccAK ", min_size=1, max_size=8)
HALLS = st.lists(MARKS, min_size=1, max_size=5).filter(lambda rows: any(row.strip() for row in rows))


@cache
def _hall(rows: tuple[str, ...], name: str) -> list[Seat]:
    return hall(*rows, name=name)


@st.composite
def moved(draw):
    """Parties of a hall as they may be sold (couple seats whole), another hall, and which of its seats are free."""
    before, after = _hall(tuple(draw(HALLS)), "before"), _hall(tuple(draw(HALLS)), "after")
    known, halves = spots(before), other_halves(before)
    units = [
        [seat.id, halves[seat.id]] if seat.id in halves else [seat.id]
        for seat in before
        if seat.id not in halves or str(seat.id) < str(halves[seat.id])
    ]
    whose = draw(st.lists(st.integers(0, 4), min_size=len(units), max_size=len(units)))
    booked = [
        Party(
            uuid.UUID(int=party),
            [known[id_] for unit, its in zip(units, whose, strict=True) if its == party for id_ in unit],
        )
        for party in range(1, 5)
        if party in whose
    ]
    taken, kept = (draw(st.integers(0, 2 ** len(after) - 1)) for _ in range(2))
    free = {seat.id for place, seat in enumerate(after) if not taken >> place & 1}
    return (
        before,
        after,
        booked,
        free,
        frozenset(seat.id for place, seat in enumerate(after) if kept >> place & 1) & free,
    )


@given(moved())
def test_it_is_a_fair_exchange_whatever_the_halls(world):
    before, after, booked, free, rather_not = world
    found = reseat(booked, after, free=free, rather_not=rather_not)
    given_away = [seat.id for its in found.values() for seat in its.values()]

    assert len(set(given_away)) == len(given_away), "a seat is given to two"
    assert set(given_away) <= free
    was, pairs = spots(before), other_halves(after)
    for party in booked:
        if party.id not in found:
            continue
        its = found[party.id]
        assert its.keys() == {spot.id for spot in party.spots}, "a party gets seats in part"
        assert all(seat.category == was[id_].category for id_, seat in its.items())
        for spot in party.spots:
            assert not spot.half or pairs.get(its[spot.id].id) == its[spot.half].id, "a couple is parted"

    nobody_lets_go = len(found) == len(booked)
    twins = {(seat.row, seat.number, seat.category): seat for seat in after if seat.id in free}
    for party in booked:
        for spot in party.spots:
            twin = twins.get((spot.row, spot.number, spot.category))
            if twin and nobody_lets_go and spot.category not in {"couple", *RESERVED}:
                assert found[party.id][spot.id] == twin

    turned = [Party(party.id, party.spots[::-1]) for party in booked[::-1]]
    assert reseat(turned, after[::-1], free=free, rather_not=rather_not) == found


@given(moved())
def test_whoever_finds_nothing_could_not_have_had_it(world):
    """Among what nobody got there are too few seats of a category for them, or too few couple seats that are whole."""
    _, after, booked, free, rather_not = world
    found = reseat(booked, after, free=free, rather_not=rather_not)
    left = free - {seat.id for its in found.values() for seat in its.values()}
    halves = other_halves(after)
    seats = Counter(seat.category for seat in after if seat.id in left)
    paired = sum(seat.id in left and halves.get(seat.id) in left for seat in after)
    for party in booked:
        if party.id not in found:
            wanted = Counter(spot.category for spot in party.spots)
            couples = sum(spot.half is not None for spot in party.spots)
            assert any(seats[category] < count for category, count in wanted.items()) or paired < couples


@given(moved())
def test_a_companion_sits_with_the_wheelchair_wherever_a_run_has_room(world):
    _, after, booked, free, _ = world
    party = next((each for each in booked if {spot.category for spot in each.spots} >= RESERVED), None)
    if party is None:
        return
    only = Party(party.id, [spot for spot in party.spots if spot.category in RESERVED])
    found = reseat([only], after, free=free).get(only.id)
    if found is None:
        return
    chosen = {seat.id for seat in found.values()}
    wanted = Counter(spot.category for spot in only.spots)
    if companions_alone(after, chosen):
        reserved = [seat for seat in after if seat.category in RESERVED]
        for run in runs(reserved, {seat.id for seat in reserved}):
            has = Counter(seat.category for seat in run if seat.id in free)
            assert any(has[category] < count for category, count in wanted.items())
