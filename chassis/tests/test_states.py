from enum import StrEnum
from itertools import product

import pytest

from chassis.states import IllegalTransition, Machine


class Light(StrEnum):
    RED = "red"
    GREEN = "green"
    OFF = "off"


TURNS = {
    (Light.RED, "go"): Light.GREEN,
    (Light.GREEN, "stop"): Light.RED,
    (Light.GREEN, "fail"): Light.OFF,
    (Light.RED, "fail"): Light.OFF,
}
TRIGGERS = ("go", "stop", "fail")
LIGHT = Machine(TURNS)


def test_the_table_is_all_that_is_possible() -> None:
    walked = 0
    for state, trigger in product(Light, TRIGGERS):
        walked += 1
        assert LIGHT.allows(state, trigger) == ((state, trigger) in TURNS)
        if LIGHT.allows(state, trigger):
            assert LIGHT.next(state, trigger) == TURNS[state, trigger]
        else:
            with pytest.raises(IllegalTransition):
                LIGHT.next(state, trigger)
    assert walked == 9


def test_a_refusal_says_what_was_not_possible_and_in_which_state() -> None:
    with pytest.raises(IllegalTransition, match="go is not possible in off") as refusal:
        LIGHT.next(Light.OFF, "go")
    assert (refusal.value.state, refusal.value.trigger) == (Light.OFF, "go")
    assert refusal.value.__cause__ is None


def test_the_table_can_be_read_by_others() -> None:
    assert LIGHT.transitions == TURNS
