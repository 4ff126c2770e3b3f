"""Clocks that jump: in every zone there is, at every jump it makes or has made since 1970."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.clocks import LocalTime, NoSuchTime, TimeIsTwice, local_time, on_another_day

MINUTE = timedelta(minutes=1)
FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2038, 1, 1, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def jumps(zone: ZoneInfo) -> Iterator[tuple[datetime, timedelta]]:
    """Every moment from which on the clocks have another offset, and by how much they jump; none within a week."""
    week, at, was = timedelta(days=7), FIRST, _offset(FIRST, zone)
    while at < LAST:
        at, now = at + week, _offset(at + week, zone)
        if now != was:
            low, high = at - week, at
            while high - low > timedelta(seconds=1):
                middle = (low + (high - low) // 2).replace(microsecond=0)
                low, high = (middle, high) if _offset(middle, zone) == was else (low, middle)
            yield high, now - was
            was = now


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    offset = moment.astimezone(zone).utcoffset()
    assert offset is not None
    return offset


@cache
def every_jump() -> list[tuple[str, datetime, timedelta]]:
    """Of zones whose clocks jump alike, which are many, once."""
    names = sorted(name for name in available_timezones() if "/" in name)
    alike = {(at, by, _offset(at - MINUTE, ZoneInfo(name))): name for name in names for at, by in jumps(ZoneInfo(name))}
    return [(name, at, by) for (at, by, _), name in alike.items()]


def test_at_every_jump_of_every_zone_what_is_skipped_is_refused_and_what_comes_twice_is_asked_about() -> None:
    skipped = twice = 0
    for name, at, by in every_jump():
        zone = ZoneInfo(name)
        ends = (at + _offset(at - MINUTE, zone)).replace(tzinfo=None)  # what the clocks would have shown
        inside = ends + by / 2
        if by > timedelta(0):
            for fold in (None, 0, 1):
                with pytest.raises(NoSuchTime, match=f"{inside:%H:%M}"):
                    LocalTime(inside, fold).at(zone)
            skipped += 1
        else:
            with pytest.raises(TimeIsTwice, match=f"{inside:%H:%M}"):
                LocalTime(inside).at(zone)
            first, second = (LocalTime(inside, fold).at(zone) for fold in (0, 1))
            assert second.astimezone(UTC) - first.astimezone(UTC) == -by
            assert first.astimezone(UTC) < at <= second.astimezone(UTC)
            assert [local_time(moment, zone) for moment in (first, second)] == [LocalTime(inside, n) for n in (0, 1)]
            twice += 1
    assert skipped > 2_000
    assert twice > 2_000


def test_around_every_jump_each_moment_is_found_again_by_what_the_clocks_show() -> None:
    walked = 0
    for name, at, by in every_jump():
        zone = ZoneInfo(name)
        for moment in (at - abs(by) - MINUTE, at - MINUTE, at, at + abs(by) - MINUTE, at + abs(by)):
            shown = local_time(moment, zone)
            assert shown.at(zone).astimezone(UTC) == moment
            assert shown.wall == moment.astimezone(zone).replace(tzinfo=None)
            walked += 1
    assert walked > 20_000


@given(
    zone=st.sampled_from(sorted(name for name in available_timezones() if "/" in name)).map(ZoneInfo),
    wall=st.datetimes(datetime(1990, 1, 1), datetime(2060, 1, 1)),  # noqa: DTZ001  (what a clock shows)
    fold=st.sampled_from([None, 0, 1]),
)
def test_a_time_that_is_taken_is_what_the_clocks_show_then(zone: ZoneInfo, wall: datetime, fold: int | None) -> None:
    try:
        moment = LocalTime(wall, fold).at(zone)
    except (NoSuchTime, TimeIsTwice):
        return
    assert moment.astimezone(UTC).astimezone(zone).replace(tzinfo=None, fold=0) == wall


def test_the_same_time_of_another_day_is_the_same_on_the_clock_and_not_in_hours() -> None:
    saturday = datetime(2026, 10, 24, 20, 15, tzinfo=BERLIN)
    sunday = on_another_day(saturday, BERLIN, days=1).at(BERLIN)
    assert (sunday.hour, sunday.minute) == (20, 15)
    assert sunday.astimezone(UTC) - saturday.astimezone(UTC) == timedelta(hours=25)


def test_a_late_show_that_would_fall_into_the_jump_is_named() -> None:
    late = datetime(2026, 10, 24, 2, 30, tzinfo=BERLIN)
    with pytest.raises(TimeIsTwice, match=r"02:30 twice on 25 Oct 2026: .* \(\+0200\) or the second \(\+0100\)"):
        on_another_day(late, BERLIN, days=1).at(BERLIN)
    assert on_another_day(late, BERLIN, days=1, fold=1).at(BERLIN).utcoffset() == timedelta(hours=1)
    with pytest.raises(NoSuchTime, match=r"jump over 02:30 on 28 Mar 2027"):
        LocalTime(datetime(2027, 3, 28, 2, 30)).at(BERLIN)  # noqa: DTZ001  (what a clock shows)
