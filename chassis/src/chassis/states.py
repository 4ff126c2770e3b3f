"""A state machine as data: the table that the code obeys is the one that a person can read."""

from collections.abc import Hashable, Mapping
from typing import Generic, TypeVar

State = TypeVar("State", bound=Hashable)
Trigger = TypeVar("Trigger", bound=Hashable)


class IllegalTransition(Exception):
    """What is said to have happened, or was asked for, is not possible in this state."""

    def __init__(self, state: object, trigger: object) -> None:
        super().__init__(f"{trigger} is not possible in {state}")
        self.state = state
        self.trigger = trigger


class Machine(Generic[State, Trigger]):
    """transitions: the state that follows on each trigger that is possible in each state."""

    def __init__(self, transitions: Mapping[tuple[State, Trigger], State]) -> None:
        self.transitions = transitions

    def next(self, state: State, trigger: Trigger) -> State:
        """Raises IllegalTransition."""
        try:
            return self.transitions[state, trigger]
        except KeyError:
            raise IllegalTransition(state, trigger) from None

    def allows(self, state: State, trigger: Trigger) -> bool:
        return (state, trigger) in self.transitions
