"""How many tickets and which seats: what a form of anybody's making comes to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop import choices

TYPES = [
    {"code": "adult", "online": True, "default": True},
    {"code": "child", "online": True, "default": False},
    {"code": "companion", "online": False, "default": False},
]


def test_without_a_choice_there_are_two_tickets_of_the_default_type():
    assert choices.counts({}, TYPES) == {"adult": 2}


def test_none_at_all_is_a_choice():
    assert choices.counts({"type-adult": "0"}, TYPES) == {}


def test_what_is_not_sold_online_is_not_chosen():
    assert choices.counts({"type-adult": "1", "type-companion": "1"}, TYPES) == {"adult": 1}


@given(st.dictionaries(st.sampled_from(["type-adult", "type-child", "type-x"]), st.text(max_size=6)))
def test_whatever_is_typed_is_at_most_what_one_booking_holds(form):
    wanted = choices.counts(form, TYPES)
    assert sum(wanted.values()) <= choices.MOST
    assert all(number > 0 for number in wanted.values())


def test_each_seat_gets_a_type_in_their_order():
    assert choices.tickets(["a", "b", "c"], {"adult": 2, "child": 1}) == [
        {"seat_id": "a", "ticket_type": "adult"},
        {"seat_id": "b", "ticket_type": "adult"},
        {"seat_id": "c", "ticket_type": "child"},
    ]


@pytest.mark.parametrize("seats", [["a"], ["a", "b", "c"], ["a", "a"]])
def test_other_numbers_and_seats_named_twice_are_refused(seats):
    with pytest.raises(ValueError, match="seats for"):
        choices.tickets(seats, {"adult": 2})


def test_rows_come_from_the_screen_backwards_and_from_left_to_right():
    seats = [{"row": row, "x": x, "y": y} for row, y in (("B", 2), ("A", 1)) for x in (2, 1)]
    assert [(row["name"], [seat["x"] for seat in row["seats"]]) for row in choices.rows(seats)] == [
        ("A", [1, 2]),
        ("B", [1, 2]),
    ]
