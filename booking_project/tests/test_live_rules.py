"""Live seats without a server: when a showtime is read, what a client is told of what it missed, and what wakes."""

import contextlib
import itertools
import json
import math
from collections.abc import Callable, Iterator

import pytest
from factories import seat_ids
from hypothesis import given
from hypothesis import strategies as some

from bookings import blocks, endings, holds, locks
from bookings.seat_news import EVERY_CHANNEL, channel_of, showtime_of
from chassis.ids import uuid7
from chassis.storage.redis import redis_client
from live_seats.pace import GAP, LONGEST_GAP, LOOK_SECONDS, LOOKS_PER_SECOND, Pace, look_seconds
from live_seats.seat_maps import KEPT_CHANGES, KEPT_SECONDS, History, SeatMap, seat_map_of

SEATS = ("a", "b", "c")
STATUSES = ("available", "held", "sold")


def shown(statuses: dict[str, str], *, price: int = 1) -> SeatMap:
    seats = [{"id": seat, "status": status, "price": {"amount": price}} for seat, status in statuses.items()]
    return seat_map_of({"version": f"1.1.{price}{''.join(statuses.values())}", "seats": seats})


def told(history: History, version: str | None) -> dict:
    kind, text = history.since(version)
    message = json.loads(text)
    assert message["type"] == kind
    return message


maps = some.lists(some.tuples(*[some.sampled_from(STATUSES)] * len(SEATS)), min_size=1, max_size=12)


@given(maps)
def test_whoever_comes_with_a_version_that_is_kept_has_the_map_after_one_message(steps):
    states = [dict(zip(SEATS, step, strict=True)) for step in steps]
    history = History(shown(states[0]))
    for now, state in enumerate(states[1:]):
        if shown(state).version != history.current.version:
            history.advance(shown(state), now=now)
    for state in states:
        message = told(history, shown(state).version)
        assert (message["type"], message["from"]) == ("delta", shown(state).version)
        after = state | {seat["id"]: seat["status"] for seat in message["seats"]}
        assert after == states[-1]
        assert message["version"] == shown(states[-1]).version


def test_what_is_not_kept_is_told_as_a_map():
    free, held = (shown(dict.fromkeys(SEATS, status)) for status in ("available", "held"))
    history = History(free)
    assert told(history, None)["type"] == told(history, "1.1.other")["type"] == "map"
    history.advance(held, now=0)
    history.advance(shown({**held.statuses, "a": "sold"}), now=KEPT_SECONDS + 1)
    assert told(history, free.version)["type"] == "map", "it is too long ago"
    history.advance(shown(dict.fromkeys(SEATS, "held"), price=2), now=KEPT_SECONDS + 2)
    assert told(history, held.version)["type"] == "map", "prices are another map"
    for number in range(KEPT_CHANGES + 1):
        history.advance(free if number % 2 else held, now=KEPT_SECONDS + 3)
    assert len(history._changes) == KEPT_CHANGES


@given(some.lists(some.floats(0, 3), min_size=1, max_size=60), some.floats(0, 2))
def test_however_often_it_is_woken_a_showtime_is_read_five_times_a_second_and_soon_after_each(pauses, telling):
    """A simulation: it is read when due, each reading takes no time, and telling whatever it takes."""
    now, pace, reads = 0.0, Pace(0.0), []

    def read_until(moment: float) -> None:
        while pace.due <= moment:
            reads.append(pace.due)
            pace.has_read(pace.due, look=LOOK_SECONDS)
            pace.has_told(telling)

    for pause in pauses:
        read_until(now + pause)
        now += pause
        pace.wake(now)
        assert pace.due <= now + LONGEST_GAP, "a storm of wakes puts no reading off"
    read_until(now + 10)
    gaps = [after - before for before, after in itertools.pairwise(reads)]
    assert all(gap > GAP - 1e-6 for gap in gaps)
    assert all(gap < LOOK_SECONDS * 1.1 + 1e-6 for gap in gaps)
    # A commit that comes half a second after the wake is seen half a second later at the latest.
    assert any(now + 0.5 <= read <= now + 1.0 for read in reads)


@given(
    some.lists(some.floats(0.001, 0.05), min_size=40, max_size=120),
    some.floats(0, 0.03),
    some.floats(0.005, 0.03),
    some.floats(0, 0.1),
    some.floats(1, 2),
)
def test_while_a_showtime_sells_nineteen_of_twenty_changes_are_told_within_half_a_second(
    pauses, commits_after, reading, worked, busy
):
    """A simulation of one process: worked: of the processor for telling all, which takes busy times as long."""
    wakes = list(itertools.accumulate(pauses))
    untold, unheard = [wake + commits_after for wake in wakes], list(wakes)
    pace, free, waited, reads = Pace(0.0), 0.0, [], []

    def hear_until(moment: float) -> None:
        while unheard and unheard[0] <= moment:
            pace.wake(max(unheard.pop(0), free))

    while untold:
        while unheard and unheard[0] <= max(pace.due, free):
            hear_until(unheard[0])
        started = max(pace.due, free)
        reads.append(started)
        pace.has_read(started, look=LOOK_SECONDS)
        free = started + reading
        hear_until(free)
        seen = [commit for commit in untold if commit <= started]
        if seen:
            del untold[: len(seen)]
            pace.has_told(worked)
            free += worked * busy
            waited += [free - commit for commit in seen]
    assert all(after - before > GAP - 1e-6 for before, after in itertools.pairwise(reads))
    assert sorted(waited)[math.ceil(0.95 * len(waited)) - 1] <= 0.5


def test_a_showtime_that_cannot_be_read_is_not_asked_for_more_often():
    pace = Pace(0.0)
    pace.has_failed(0.0, 0.1)
    assert pace.due > GAP
    pace.wake(0.11)
    assert pace.due >= GAP


def test_thousands_of_showtimes_are_looked_at_less_often():
    assert look_seconds(10, alone=False) == LOOK_SECONDS
    assert look_seconds(10, alone=True) == 1.0
    assert look_seconds(10_000, alone=True) == 10_000 / LOOKS_PER_SECOND


@pytest.fixture
def woken(showtime) -> Iterator[Callable[[], int]]:
    """woken() → how often the showtime was told of since it was asked last."""
    with contextlib.closing(redis_client().pubsub()) as listening:
        listening.psubscribe(EVERY_CHANNEL)
        assert listening.get_message(timeout=5)["type"] == "psubscribe"

        def count() -> int:
            """What was published before is heard before this."""
            mark = channel_of(uuid7())
            redis_client().publish(mark, "")
            heard = list(iter(lambda: listening.get_message(timeout=5)["channel"].decode(), mark))
            return heard.count(channel_of(showtime.id))

        yield count


@pytest.mark.django_db(transaction=True)
def test_whatever_takes_or_frees_seats_tells_so_and_what_changes_nothing_does_not(showtime, hold, woken, bought):
    seats = seat_ids(showtime)
    booking = hold(0, 1)
    assert woken() == 1
    mine = locks.Owner(booking.user_id, booking.id)
    assert locks.acquire(showtime.id, seats[:2], owner=locks.Owner(uuid7(), uuid7()), seconds=60).refused
    assert locks.acquire(showtime.id, seats[:2], owner=mine, seconds=60).earlier
    locks.extend(showtime.id, seats[:2], owner=mine, seconds=60)
    locks.release(showtime.id, seats[2:4], owner=mine)
    assert woken() == 0
    endings.cancel_booking(booking_id=booking.id, user_id=booking.user_id)
    assert woken() == 1
    blocks.block_seats(showtime_id=showtime.id, seat_ids=seats[5:6])
    blocks.unblock_seats(showtime_id=showtime.id, seat_ids=seats[5:6])
    assert woken() == 2
    blocks.unblock_seats(showtime_id=showtime.id, seat_ids=seats[5:6])
    assert woken() == 0
    bought(3)
    assert woken() == 2, "held, and sold"
    holds.hold_best_seats(user_id=uuid7(), showtime_id=showtime.id, quantity=1)
    assert woken() == 1


def test_a_channel_is_its_showtimes_and_others_are_nobodys():
    showtime_id = uuid7()
    assert showtime_of(channel_of(showtime_id)) == showtime_id
    assert showtime_of("seats:showtime:nothing") is None
