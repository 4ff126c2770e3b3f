"""Sessions in the real Redis: of two requests of one browser at once each writes what it has changed."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.sessions.backends.base import UpdateError

from shop.sessions import SessionStore, merged


@pytest.fixture
def key() -> Iterator[str]:
    """Of a session that keeps something."""
    store = SessionStore()
    store.update({"who": "ada", "choices": {"a": 1}})
    store.create()
    yield str(store.session_key)
    store.delete()


def test_neither_undoes_what_the_other_did(key: str) -> None:
    first, second = SessionStore(key), SessionStore(key)
    assert first["who"] == second["who"] == "ada"
    first["choices"] = {"a": 1, "b": 2}
    second["choices"] = {"a": 1, "c": 3}
    second["tokens"] = {"access": "new"}
    del first["who"]
    second.save()
    first.save()
    assert dict(SessionStore(key).items()) == {"choices": {"a": 1, "c": 3, "b": 2}, "tokens": {"access": "new"}}


def test_what_was_read_before_others_renewed_it_is_not_written_again(key: str) -> None:
    slow, quick = SessionStore(key), SessionStore(key)
    assert slow["who"]
    quick["who"] = "grace"
    quick.save()
    slow["choices"] = {}
    slow.save()
    assert dict(SessionStore(key).items()) == {"who": "grace", "choices": {}}


def test_a_request_may_write_more_than_once(key: str) -> None:
    store = SessionStore(key)
    for number in range(3):
        store["choices"] = {str(number): number}
        store.save()
    assert SessionStore(key)["choices"] == {"2": 2}


def test_a_new_name_keeps_what_there_is_and_one_that_has_ended_does_not_come_back(key: str) -> None:
    slow, quick = SessionStore(key), SessionStore(key)
    assert slow["who"]
    quick.cycle_key()
    quick["choices"] = {"b": 2}
    quick.save()
    assert dict(SessionStore(quick.session_key).items()) == {"who": "ada", "choices": {"b": 2}}
    slow["who"] = "eve"
    with pytest.raises(UpdateError):
        slow.save()
    assert not SessionStore(key).exists(key)
    quick.delete()


@pytest.mark.parametrize(
    ("now", "before", "mine", "kept"),
    [
        ({}, {}, {"a": 1}, {"a": 1}),
        ({"a": 1, "b": 1}, {"a": 1}, {}, {"b": 1}),
        ({"a": 2}, {"a": 1}, {"a": 1}, {"a": 2}),
        ({"tokens": {"x": 2, "y": 2}}, {"tokens": {"x": 1, "y": 1}}, {"tokens": {"x": 3, "y": 1}}, None),
        ({}, {"cards": {"a": 1}}, {"cards": {"b": 1}}, None),
    ],
)
def test_things_of_a_kind_are_each_for_itself_and_all_else_is_whole(
    now: dict[str, Any], before: dict[str, Any], mine: dict[str, Any], kept: dict[str, Any] | None
) -> None:
    assert merged(now, before, mine) == (mine if kept is None else kept)
