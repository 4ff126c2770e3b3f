import random
from datetime import UTC, datetime, timedelta

import pytest

from chassis.states import IllegalTransition
from notifications.domain import (
    MACHINE,
    MAX_ATTEMPTS,
    TRANSITIONS,
    Circumstances,
    Status,
    Step,
    inbox_of,
    is_settled,
    name_to_greet,
    pause_before_next_try,
    reason_not_to_send,
    spoken_language,
)

NOW = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("step", Step)
def test_every_step_from_every_status_is_either_in_the_table_or_refused(status: Status, step: Step) -> None:
    if (status, step) in TRANSITIONS:
        assert MACHINE.next(status, step) == TRANSITIONS[status, step]
    else:
        with pytest.raises(IllegalTransition):
            MACHINE.next(status, step)


def test_what_was_sent_stays_sent() -> None:
    assert not [step for status, step in TRANSITIONS if status == Status.SENT]


def test_every_status_can_be_reached_from_pending() -> None:
    reached = {Status.PENDING}
    while more := {after for (before, _), after in TRANSITIONS.items() if before in reached} - reached:
        reached |= more
    assert reached == set(Status)


def test_only_pending_and_waiting_are_open() -> None:
    assert {status for status in Status if not is_settled(status)} == {
        Status.PENDING,
        Status.WAITING_FOR_CONTACT,
    }


def test_the_pause_doubles_up_to_a_quarter_of_an_hour() -> None:
    pauses = [pause_before_next_try(attempts=attempts, spread=float) for attempts in range(1, 12)]
    assert pauses[:4] == [timedelta(seconds=seconds) for seconds in (2, 4, 8, 16)]
    assert pauses[-1] == timedelta(minutes=15)


def test_jitter_spreads_the_pause_over_half_to_one_and_a_half(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "uniform", min)
    assert pause_before_next_try(attempts=3) == timedelta(seconds=4)
    monkeypatch.setattr(random, "uniform", max)
    assert pause_before_next_try(attempts=3) == timedelta(seconds=12)


def test_trying_goes_on_for_about_a_day_and_then_ends() -> None:
    pauses = [pause_before_next_try(attempts=attempts, spread=float) for attempts in range(1, MAX_ATTEMPTS)]
    total = sum((pause for pause in pauses if pause is not None), timedelta())
    assert None not in pauses
    assert timedelta(hours=20) < total < timedelta(hours=26)
    assert pause_before_next_try(attempts=MAX_ATTEMPTS, spread=float) is None


def circumstances(**differing: object) -> Circumstances:
    usual: dict[str, object] = {
        "now": NOW,
        "not_after": NOW + timedelta(minutes=5),
        "while_held": True,
        "wants_hold_notices": True,
        "superseded": False,
    }
    return Circumstances(**(usual | differing))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("differing", "reason"),
    [
        ({}, None),
        ({"not_after": None}, None),
        ({"not_after": NOW}, "too_late"),
        ({"superseded": True}, "superseded"),
        ({"wants_hold_notices": False}, "opted_out"),
        ({"while_held": False, "wants_hold_notices": False}, None),
        ({"while_held": False, "superseded": True}, "superseded"),
        ({"while_held": False, "not_after": NOW - timedelta(seconds=1)}, "too_late"),
    ],
)
def test_a_message_that_makes_no_sense_any_more_is_not_sent(differing: dict[str, object], reason: str | None) -> None:
    assert reason_not_to_send(circumstances(**differing)) == reason


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Nguyễn Thị Minh Khai", "Nguyễn Thị Minh Khai"),
        ("  Ada\r\nLovelace\t", "Ada Lovelace"),
        ("Jean-Luc O'Hara Jr.", "Jean-Luc O'Hara Jr."),
        ("Ms. J. R. Tran", "Ms. J. R. Tran"),
        ("A\u202eda\u200b\x1b[2J", "Ada[2J"),
        ("You won 500 EUR http://evil.example/claim", ""),
        ("You won: evil.example", ""),
        ("www evil", ""),
        ("me@evil.example", ""),
        ("<b>bold</b>", ""),
        ("x" * 81, ""),
        ("", ""),
    ],
)
def test_a_greeting_says_a_name_and_nothing_that_could_be_a_message(name: str, said: str) -> None:
    assert name_to_greet(name) == said


@pytest.mark.parametrize(
    "address", ["ada@example.com", "ADA@Example.com", "ada+1@example.com", " Ada+a+b@example.com "]
)
def test_an_inbox_is_one_however_its_address_is_written(address: str) -> None:
    assert inbox_of(address) == "ada@example.com"


@pytest.mark.parametrize(
    ("tag", "language"), [("vi", "vi"), ("vi-VN", "vi"), ("VI_vn", "vi"), ("en-GB", "en"), ("de", ""), ("", "")]
)
def test_a_tag_means_a_language_that_we_write_or_none(tag: str, language: str) -> None:
    assert spoken_language(tag) == language
