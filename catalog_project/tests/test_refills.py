"""An answer that many miss at once is computed by one of them."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from catalog import cache
from chassis.storage.redis import redis_client

pytestmark = pytest.mark.django_db
CROWD = 12


@pytest.fixture(autouse=True)
def _known_generation() -> None:
    """So that the threads ask Redis alone."""
    cache._raise_generation(1)


def ask_together(load: Callable[[], str], count: int = CROWD) -> list[Any]:
    """What each of a crowd gets, or has raised."""
    barrier = threading.Barrier(count)
    got: list[Any] = []

    def ask() -> None:
        barrier.wait()
        try:
            got.append(cache.read_through("movie", "crowd", load))
        except RuntimeError as exc:
            got.append(exc)

    threads = [threading.Thread(target=ask) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(got) == count
    return got


def test_one_of_a_crowd_computes_what_all_get() -> None:
    computed: list[int] = []
    waiting = threading.Event()

    def load() -> str:
        computed.append(1)
        waiting.wait(0.3)  # the others are there by then
        return "answer"

    assert ask_together(load) == ["answer"] * CROWD
    assert len(computed) == 1
    assert cache.read_through("movie", "crowd", load) == "answer"
    assert len(computed) == 1


def test_one_that_fails_gives_its_turn_to_the_next() -> None:
    computed: list[int] = []

    def load() -> str:
        computed.append(1)
        if len(computed) == 1:
            raise RuntimeError
        return "answer"

    got = ask_together(load)
    assert got.count("answer") == CROWD - 1
    assert len(computed) == 2


def test_one_that_died_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "FILLING_SECONDS", 0.2)
    assert cache.read_through("movie", "other", lambda: "x") == "x"
    [key] = [name for name in redis_client().scan_iter("catalog:movie:*") if not name.endswith(b":filling")]
    redis_client().delete(key)
    redis_client().set(key + b":filling", "1", ex=60)
    assert cache.read_through("movie", "other", lambda: "y") == "y"


def test_no_turn_stays_taken() -> None:
    with pytest.raises(RuntimeError):
        cache.read_through("movie", "fails", fail)
    assert not list(redis_client().scan_iter("catalog:*:filling"))
    cache.read_through("movie", "works", lambda: "x")
    assert not list(redis_client().scan_iter("catalog:*:filling"))


def fail() -> str:
    raise RuntimeError


def test_each_answer_may_be_kept_for_a_second_by_whatever_is_in_front(api: Any) -> None:
    answer = api.get("/movies")
    assert answer["Cache-Control"] == "public, max-age=1, stale-if-error=600"
    assert answer["X-Accel-Expires"].startswith("@")
    assert api.get("/movies", headers={"If-None-Match": answer["ETag"]}).status_code == 304
