"""A day or a week of a theater, copied: at the same time of its clocks, with whatever is in the way named."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from bodies import problem
from django.db import connection
from django.test.utils import CaptureQueriesContext
from factories import PRICES, MovieFactory, ScreenFactory, ShowtimeFactory, TheaterFactory, next_jump, next_week

from catalog import copying
from catalog.errors import InvalidFields
from catalog.models import Showtime
from chassis.ids import uuid7
from chassis.storage.audit_log import Actor

pytestmark = pytest.mark.django_db
ADA = Actor(uuid7(), "ada", "api")
HANOI = ZoneInfo("Asia/Ho_Chi_Minh")


def monday_in(days: int) -> datetime:
    day = next_week(0, days=days)
    return (day - timedelta(days=day.weekday())).replace(tzinfo=HANOI)


def copy(manager: Any, theater: Any, first: datetime, *to: datetime, **fields: Any) -> Any:
    body = {"from": f"{first:%Y-%m-%d}", "days": 7, "to": [f"{day:%Y-%m-%d}" for day in to], **fields}
    return manager.post(f"/theaters/{theater.id}/plan:copy", body)


def test_a_week_is_copied_at_the_same_times(manager: Any, emitted: Any) -> None:
    first = monday_in(14)
    theater = TheaterFactory()
    one, other = (ScreenFactory(theater=theater) for _ in range(2))
    kept = ShowtimeFactory(
        screen=one, starts_at=first + timedelta(hours=20), format="3D", prices={**PRICES, "premium": 1}
    )
    ShowtimeFactory(screen=other, starts_at=first + timedelta(days=6, hours=23, minutes=30), status="draft")
    ShowtimeFactory(screen=other, starts_at=first + timedelta(hours=2), status="cancelled")
    ShowtimeFactory(screen=one, starts_at=first + timedelta(days=7, minutes=1))
    ShowtimeFactory(starts_at=first + timedelta(hours=20))  # of another theater
    week = timedelta(days=7)
    answer = copy(manager, theater, first, first + 2 * week, first + 3 * week)
    assert answer.status_code == 200, answer.content
    shown = [(row["starts_at"], row["status"]) for row in answer.json()["showtimes"]]
    assert shown == [
        (f"{first + weeks * week + after:%Y-%m-%dT%H:%M}:00+07:00", "draft")
        for weeks in (2, 3)
        for after in (timedelta(hours=20), timedelta(days=6, hours=23, minutes=30))
    ]
    made = Showtime.objects.get(id=answer.json()["showtimes"][0]["id"])
    assert (made.format, made.amounts, made.movie_id) == ("3D", kept.amounts, kept.movie_id)
    assert emitted() == []


def test_a_copy_may_be_of_one_day_and_one_screen(manager: Any) -> None:
    first = monday_in(14)
    theater = TheaterFactory()
    one, other = (ScreenFactory(theater=theater) for _ in range(2))
    for screen in (one, other):
        ShowtimeFactory(screen=screen, starts_at=first + timedelta(hours=20))
        ShowtimeFactory(screen=screen, starts_at=first + timedelta(days=1, hours=20))
    later = first + timedelta(days=3)
    answer = copy(manager, theater, first, later, days=1, screens=[str(one.id)], publish=True)
    [made] = answer.json()["showtimes"]
    assert (made["screen"]["id"], made["status"]) == (str(one.id), "scheduled")


def test_a_copy_names_what_is_in_its_way_or_leaves_it_out(manager: Any) -> None:
    first = monday_in(14)
    week = timedelta(days=7)
    screen = ScreenFactory()
    originals = [ShowtimeFactory(screen=screen, starts_at=first + timedelta(hours=hour)) for hour in (12, 20)]
    ShowtimeFactory(screen=screen, starts_at=first + week + timedelta(hours=19))
    body = problem(copy(manager, screen.theater, first, first + 2 * week, first + week), 409, "plan_refused")
    [error] = body["errors"]
    assert (error["pointer"], error["code"]) == ("/to/1", "showtimes_overlap")
    assert error["showtime_id"] == str(originals[1].id)
    assert Showtime.objects.count() == 3
    looked = copy(manager, screen.theater, first, first + week, dry_run=True).json()
    assert (len(looked["showtimes"]), len(looked["errors"])) == (1, 1)
    done = copy(manager, screen.theater, first, first + week, leave_out=True).json()
    assert (len(done["showtimes"]), len(done["errors"])) == (1, 1)
    assert Showtime.objects.count() == 4


def test_a_copy_into_a_night_in_which_the_clocks_jump_names_what_falls_into_it(manager: Any) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    screen = ScreenFactory(theater=TheaterFactory(time_zone="Europe/Berlin"))
    summer, winter = next_jump(3).replace(tzinfo=berlin), next_jump(10).replace(tzinfo=berlin)
    week = timedelta(days=7)
    for jump in (summer, winter):
        ShowtimeFactory(screen=screen, starts_at=(jump - week).replace(hour=2, minute=30))
        ShowtimeFactory(screen=screen, starts_at=(jump - week).replace(hour=20))
    twice = problem(copy(manager, screen.theater, winter - week, winter, days=1), 409, "plan_refused")
    assert [error["code"] for error in twice["errors"]] == ["time_is_twice"]
    done = copy(manager, screen.theater, winter - week, winter, days=1, fold=0).json()
    assert [row["starts_at"][11:] for row in done["showtimes"]] == ["02:30:00+02:00", "20:00:00+01:00"]
    gap = problem(copy(manager, screen.theater, summer - week, summer, days=1, fold=0), 409, "plan_refused")
    assert [error["code"] for error in gap["errors"]] == ["time_does_not_exist"]
    done = copy(manager, screen.theater, summer - week, summer, days=1, leave_out=True).json()
    assert [row["starts_at"][11:] for row in done["showtimes"]] == ["20:00:00+02:00"]


def test_copying_many_takes_the_statements_of_a_few(monkeypatch: pytest.MonkeyPatch) -> None:
    def statements(count: int) -> int:
        theater, movie = TheaterFactory(), MovieFactory()
        first = monday_in(14)
        for _ in range(count):
            ShowtimeFactory(movie=movie, screen=ScreenFactory(theater=theater), starts_at=first + timedelta(hours=9))
        to = [(first + timedelta(days=n)).date() for n in (7, 14)]
        with CaptureQueriesContext(connection) as queries:
            copying.copy_plan(theater_id=theater.id, first=first.date(), days=1, to=to, actor=ADA)
        return len(queries)

    assert statements(1) == statements(12)
    monkeypatch.setattr(copying, "MOST", 3)
    with pytest.raises(InvalidFields) as refused:
        statements(2)
    assert "at most 3" in str(refused.value.errors)


def test_a_copy_of_what_is_not_there_is_told(manager: Any) -> None:
    first = monday_in(14)
    theater = TheaterFactory()
    assert copy(manager, theater, first, first + timedelta(days=7)).json()["showtimes"] == []
    missing = manager.post(f"/theaters/{uuid7()}/plan:copy", {"from": "2030-01-07", "days": 1, "to": ["2030-01-08"]})
    problem(missing, 404, "theater_not_found")
    for wrong in ({"days": 2}, {"to": []}, {"to": ["2030-01-08"] * 2}, {"fold": 2}, {"unknown": 1}):
        problem(copy(manager, theater, first, first + timedelta(days=7), **wrong), 400, "invalid")
