"""contracts/saga.toml cannot lie: whatever differs from the code, the golden messages or the API is named."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from stack import saga
from stack.errors import StackError
from stack.saga import Known, Step

STEPS = [
    Step("POST /things", {"booking": "makes it"}, ("thing.made",), "thing.unmade"),
    Step("thing.made", {"payment": "counts it"}, ("thing.unmade",)),
]
BOOKING = Known(frozenset(), frozenset({"clock.second"}), frozenset({"thing.made"}))
PAYMENT = Known(frozenset({"thing.made"}), frozenset(), frozenset({"thing.unmade"}))
ANSWERED = {"booking": {"POST /things"}, "payment": set[str]()}
GOLDEN = {"thing.made", "thing.unmade"}


def faults(
    steps: list[Step] = STEPS, booking: Known = BOOKING, payment: Known = PAYMENT, golden: set[str] = GOLDEN
) -> list[str]:
    return list(saga.faults(steps, {"booking": booking, "payment": payment}, ANSWERED, golden))


def changed(index: int, **how: Any) -> list[Step]:
    steps = list(STEPS)
    steps[index] = replace(steps[index], **how)
    return steps


def test_what_the_code_does_has_no_fault() -> None:
    assert faults() == []


@pytest.mark.parametrize(
    ("found", "named"),
    [
        (lambda: faults(changed(1, does={"booking": "counts it"})), "thing.made: booking does not handle it"),
        (lambda: faults(STEPS[:1]), "thing.made: payment handles it, and no step says so"),
        (lambda: faults(changed(1, on="clock.hour")), "clock.hour: payment has no such tick"),
        (lambda: faults(changed(0, on="GET /things")), "GET /things: booking does not answer that"),
        (lambda: faults(changed(0, on="page /admin/lost/")), "page /admin/lost/: booking has no such page"),
        (lambda: faults(changed(0, tells=("thing.lost",))), "POST /things: no service tells thing.lost"),
        (
            lambda: faults(changed(1, tells=("thing.made",))),
            "thing.made: it is booking that tells thing.made, and it has no part in this step",
        ),
        (lambda: faults(changed(1, tells=())), "thing.unmade: payment tells it, and no step says so"),
        (
            lambda: faults(changed(0, undone_by="thing.undone")),
            "POST /things: undone by thing.undone, which no service tells",
        ),
        (lambda: faults([*STEPS, STEPS[1]]), "thing.made: payment does 2 things"),
        (lambda: faults(golden={"thing.made"}), "thing.unmade: it has no golden message"),
        (
            lambda: faults(golden={*GOLDEN, "thing.sold"}),
            "thing.sold: no service has a class for this golden message",
        ),
        (
            lambda: faults(payment=replace(PAYMENT, handles=PAYMENT.handles | {"thing.sold"})),
            "thing.sold: payment handles it, and no step says so",
        ),
    ],
)
def test_whatever_differs_is_named(found: Callable[[], list[str]], named: str) -> None:
    assert named in found()


def test_a_page_of_the_desk_is_a_step_of_who_has_it() -> None:
    booking = replace(BOOKING, pages=frozenset({"/admin/booking/things/"}))
    assert faults(changed(0, on="page /admin/booking/things/"), booking=booking) == []


def test_a_row_with_an_unknown_word_is_refused(tmp_path: Any) -> None:
    file = tmp_path / "saga.toml"
    file.write_text('[[step]]\non = "thing.made"\nbilling = "counts it"\ntells = []\n')
    with pytest.raises(StackError, match="what is billing"):
        saga.read(file)


def test_the_page_has_every_step() -> None:
    steps = saga.read()
    assert len(steps) > 30
    assert all(f"| `{step.on}` |" in saga.page(steps) for step in steps)
