"""How full halls were: counted seat by seat at first, and kept when the seats are forgotten."""

import json
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from factories import ShowtimeFactory
from seated import USHER

from bookings import doors, occupancy, tasks
from bookings.models import Occupancy, Showtime
from bookings.occupancy import Asked, Row
from chassis.ids import uuid7
from chassis.storage.models import AuditRecord
from chassis.testing_staff import enter

PANEL = "/admin/booking/panels/occupancy/"


def day_of(showtime: Showtime) -> date:
    showtime.refresh_from_db()
    return showtime.starts_at.astimezone(ZoneInfo(showtime.time_zone)).date()


def asked(showtime: Showtime, **more: Any) -> Asked:
    day = day_of(showtime)
    return Asked(day - timedelta(days=3), day + timedelta(days=3), **more)


def rows(asked: Asked) -> Sequence[Row]:
    return occupancy.read(asked, most=100).rows


def end(*showtimes: Showtime) -> None:
    """They have been over for as long as their seats are kept."""
    ended = timezone.now() - timedelta(hours=settings.SEATS_KEEP_HOURS, minutes=1)
    ids = [showtime.id for showtime in showtimes]
    Showtime.objects.filter(id__in=ids).update(starts_at=ended - timedelta(hours=2), ends_at=ended)


@pytest.fixture
def manager(client: Client) -> Client:
    enter(client, "manager")
    return client


@pytest.mark.django_db
def test_a_hall_is_as_full_before_its_seats_are_forgotten_as_after(bought, hold, showtime):
    booking, _ = bought(0, 1), hold(2)
    doors.check_in(ticket=booking.ticket, showtime_id=showtime.id, door="", actor=USHER)
    before = rows(asked(showtime, by=["theater", "film"]))
    assert before == [Row((showtime.theater_name, showtime.movie_title), 1, seats=40, sold=2, let_in=2)]
    assert before[0].full == 5
    showtime.bookings.filter(status="PENDING").update(status="EXPIRED")
    end(showtime)
    assert tasks.forget_seats() == 1
    assert rows(asked(showtime, by=["theater", "film"])) == before
    (kept,) = Occupancy.objects.all()
    assert (kept.day, kept.theater_id) == (day_of(showtime), showtime.theater_id)


@pytest.mark.django_db
def test_a_rebuild_counts_by_bookings_and_comes_to_the_same(bought, showtime):
    bought(0, 1)
    end(showtime)
    tasks.forget_seats()
    kept = list(Occupancy.objects.values())
    Occupancy.objects.all().delete()
    call_command("rebuild_occupancies", verbosity=0)
    assert list(Occupancy.objects.values()) == kept


@pytest.mark.django_db
def test_what_was_cancelled_was_not_shown_and_what_is_later_after_all_is_not_over(bought, showtime, move):
    cancelled = ShowtimeFactory(status="cancelled")
    bought(0)
    end(showtime, cancelled)
    assert tasks.forget_seats() == 2
    assert [kept.showtime_id for kept in Occupancy.objects.all()] == [showtime.id]
    move(timedelta(days=5))
    assert not Occupancy.objects.exists()
    (row,) = rows(asked(showtime, by=[]))
    assert (row.of, row.showtimes, row.sold) == ((), 1, 1)


@pytest.mark.django_db
def test_days_theaters_and_films_are_added_up_the_newest_day_first(showtime):
    another = ShowtimeFactory(theater_id=uuid7(), theater_name="Alhambra", movie_title="Zardoz")
    Showtime.objects.filter(id=another.id).update(starts_at=showtime.starts_at - timedelta(days=1))
    days = [row.of for row in rows(asked(showtime, by=["day", "theater"]))]
    assert days == [(day_of(showtime), showtime.theater_name), (day_of(another), "Alhambra")]
    end(another)
    tasks.forget_seats()
    first = min(day_of(showtime), day_of(another))
    both = Asked(first, day_of(showtime), by=["theater"])
    assert [row.of for row in rows(both)] == sorted([("Alhambra",), (showtime.theater_name,)])
    assert [row.showtimes for row in rows(Asked(first, day_of(showtime), film="Zardoz", by=[]))] == [1]
    limited = Asked(first, day_of(showtime), theaters=frozenset({showtime.theater_id}), by=["theater"])
    assert [row.of for row in rows(limited)] == [(showtime.theater_name,)]


@pytest.fixture
def three_films(showtime: Showtime) -> Showtime:
    """Three that were shown and are shown again, and a fourth that is to come."""
    films = ["Alien", showtime.movie_title, "Zardoz"]
    end(*(ShowtimeFactory(movie_title=film, theater_id=showtime.theater_id) for film in films))
    tasks.forget_seats()
    for film in (*films[::2], "Zulu"):
        ShowtimeFactory(movie_title=film, theater_id=showtime.theater_id)
    return showtime


@pytest.mark.django_db
@pytest.mark.parametrize("by", [["film"], ["theater", "film"], ["day", "film"]])
def test_what_is_shown_of_many_rows_is_whole_and_its_total_is_of_all(three_films, by):
    days = Asked(day_of(three_films) - timedelta(days=9), day_of(three_films) + timedelta(days=9), by=by)
    whole = occupancy.read(days, most=100)
    assert (whole.total.showtimes, whole.more) == (7, False)
    assert len(whole.rows) >= 4
    for most in range(1, len(whole.rows)):
        part = occupancy.read(days, most=most)
        assert (part.rows, part.total, part.more) == (whole.rows[:most], whole.total, True)


@pytest.mark.django_db
def test_a_total_counts_what_a_file_has_no_room_for(three_films, manager, settings):
    settings.EXPORTED_ROWS = 2
    first, last = day_of(three_films) - timedelta(days=9), day_of(three_films) + timedelta(days=9)
    told = {"first": str(first), "last": str(last), "by": ["film"]}
    assert "7 showtimes," in manager.get(PANEL, told).content.decode()
    lines = manager.get("/admin/booking/occupancy/export.csv", told).getvalue().decode().splitlines()
    assert [line.split(",")[0] for line in lines] == ["film", "Alien", three_films.movie_title]


@pytest.mark.django_db
def test_it_is_said_where_more_is_to_come_than_is_counted(three_films, manager, monkeypatch):
    first, last = day_of(three_films) - timedelta(days=9), day_of(three_films) + timedelta(days=9)
    told = {"first": str(first), "last": str(last), "by": ["film"]}
    assert "only the first" not in manager.get(PANEL, told).content.decode()
    monkeypatch.setattr(occupancy, "MOST_SHOWTIMES", 1)
    page = manager.get(PANEL, told).content.decode()
    assert "4 showtimes," in page
    assert "only the first 1 are counted" in page


@pytest.mark.django_db
def test_the_panel_and_its_files_say_the_same_and_who_took_one_along_is_on_record(manager, bought, showtime):
    bought(0, 1)
    day = day_of(showtime)
    told = {"first": str(day), "last": str(day), "theater": "", "film": "", "by": ["day", "film"]}
    page = manager.get(PANEL, told).content.decode()
    assert "1 showtime, 2 of 40 seats sold: 5 % full." in page
    lines = manager.get("/admin/booking/occupancy/export.csv", told).getvalue().decode().splitlines()
    assert lines == ["day,film,showtimes,seats,sold,let in,full in percent", f"{day},{showtime.movie_title},1,40,2,0,5"]
    assert json.loads(manager.get("/admin/booking/occupancy/export.json", told).getvalue())[0]["sold"] == 2
    assert [entry.action for entry in AuditRecord.objects.all()] == ["occupancy.exported"] * 2
    assert manager.get("/admin/booking/occupancy/export.exe", told).status_code == 404
    far = {**told, "first": "9999-12-31", "last": "9999-12-31"}
    for odd in ({}, {"first": "soon", "last": "x"}, {**told, "last": "2001-01-01"}, {**told, "theater": "'"}, far):
        assert "Nothing was shown on these days." in manager.get(PANEL, odd).content.decode()
        assert manager.get("/admin/booking/occupancy/export.csv", odd).status_code == 400
