"""The plan board: what is drawn of a theater's days, who sees it, and where it leads."""

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from boards import BERLIN, HANOI, at, dropped, read, shown, signed_in, sold
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from factories import (
    MovieFactory,
    ScreenFactory,
    ShowtimeFactory,
    TheaterFactory,
    next_jump,
)

from catalog.board import Block, Lane, Span, moment_on, read_board

pytestmark = pytest.mark.django_db


# What is drawn.


def test_a_day_has_its_screens_with_what_they_show_and_the_time_between() -> None:
    theater = TheaterFactory(cleaning_minutes=15)
    screens = [ScreenFactory(theater=theater, name=name) for name in ("Hall 10", "Hall 2")]
    movie = MovieFactory(duration_minutes=100)
    first = ShowtimeFactory(screen=screens[1], movie=movie, starts_at=at("10:00"))
    draft = ShowtimeFactory(screen=screens[1], movie=movie, starts_at=at("12:30"), status="draft")
    ShowtimeFactory(screen=screens[1], movie=movie, starts_at=at("15:00"), status="cancelled")
    ShowtimeFactory(screen=screens[1], movie=movie, starts_at=at("10:00", days=8))
    sold(first, 3)
    board = read_board(theater, Span(first.starts_at.astimezone(HANOI).date(), 1))
    [day] = board.days
    assert [lane.screen.name for lane in day.lanes] == ["Hall 2", "Hall 10"]
    blocks = day.lanes[0].blocks
    assert [block.showtime.id for block in blocks] == [first.id, draft.id]
    assert [(block.clock, block.at, block.runs, block.cleaning) for block in blocks] == [
        ("10:00", 600, 100, 15),
        ("12:30", 750, 100, 15),
    ]
    assert [(block.taken, block.draft) for block in blocks] == [(3, False), (0, True)]
    assert [(gap.at, gap.minutes) for gap in day.lanes[0].gaps] == [(715, 35)]
    assert (board.opens, board.closes, board.drafts) == (540, 1440, 1)
    assert day.lists == [("prices of their own", 2)]


def test_what_begins_before_noon_or_lasts_past_midnight_widens_the_day() -> None:
    screen = ScreenFactory()
    ShowtimeFactory(screen=screen, starts_at=at("07:45"))
    late = ShowtimeFactory(screen=screen, starts_at=at("23:30"))
    board = read_board(screen.theater, Span(late.starts_at.astimezone(HANOI).date(), 1))
    assert (board.opens, board.closes) == (7 * 60, 26 * 60)
    assert [clock for _, clock in board.hours(board.days[0])][-2:] == ["00", "01"]


def test_clashes_are_drawn_one_below_the_other_and_said() -> None:
    screen = ScreenFactory(name="Hall 1")
    first = ShowtimeFactory(screen=screen, movie__title="The Tide Clock", starts_at=at("20:00"))
    second = ShowtimeFactory(screen=screen, starts_at=at("21:00"), status="draft")
    board = read_board(screen.theater, Span(first.starts_at.astimezone(HANOI).date(), 1))
    [lane] = board.days[0].lanes
    assert lane.twofold
    assert [block.track for block in lane.blocks] == [0, 1]
    assert [block.showtime.id for block in board.days[0].clashes] == [first.id, second.id]
    assert lane.blocks[1].in_its_way == "Hall 1 shows The Tide Clock from 20:00 and is free again at 22:13."


@pytest.mark.parametrize(
    ("month", "hours", "twice"),
    [(3, ["01", "03", "04"], False), (10, ["01", "02", "02"], True)],
)
def test_where_the_clocks_jump_each_place_is_one_moment(month: int, hours: list[str], twice: bool) -> None:
    theater = TheaterFactory(time_zone="Europe/Berlin")
    day = next_jump(month).date()
    late = ShowtimeFactory(screen=ScreenFactory(theater=theater), starts_at=moment_on(day, 60, BERLIN))
    board = read_board(theater, Span(day, 1))
    assert board.opens == 60
    assert [clock for _, clock in board.hours(board.days[0])][:3] == hours
    [block] = board.days[0].lanes[0].blocks
    assert (block.at, block.runs) == (60, late.movie.duration_minutes)
    assert (moment_on(day, 180, BERLIN) - moment_on(day, 120, BERLIN)) == timedelta(hours=1)
    both = {f"{moment_on(day, minute, BERLIN).astimezone(BERLIN):%H:%M}" for minute in (150, 210)}
    assert (len(both) == 1) is twice


def test_a_showtime_that_ends_as_another_begins_leaves_no_gap() -> None:
    lane = Lane(ScreenFactory.build(), [Block(None, "", at, 100, 20, moves=True) for at in (600, 720, 900)])  # type: ignore[arg-type]
    assert [(gap.at, gap.minutes) for gap in lane.gaps] == [(840, 60)]


def test_a_week_of_a_large_house_takes_as_many_statements_as_one_showtime(planner: Client) -> None:
    theater = TheaterFactory()
    screens = [ScreenFactory(theater=theater) for _ in range(3)]
    movie = MovieFactory(duration_minutes=90)

    def statements() -> int:
        with CaptureQueriesContext(connection) as made:
            read(planner.get(shown(theater, at("10:00"), name="board_panel", days=7)))
        return len(made)

    ShowtimeFactory(screen=screens[0], movie=movie, starts_at=at("10:00"))
    statements()  # whoever comes first is written down
    of_one = statements()
    for screen in screens:
        for days in range(7, 14):
            ShowtimeFactory(screen=screen, movie=movie, starts_at=at("14:00", days=days), status="draft")
    assert statements() == of_one


# Who sees it, and where it leads.


def test_the_board_is_led_to_from_the_list_and_leads_back_and_to_the_pages_of_planning(planner: Client) -> None:
    draft = ShowtimeFactory(status="draft", starts_at=at("19:00"))
    listed = reverse("admin:catalog_showtime_changelist")
    assert reverse("board") in read(planner.get(listed))
    TheaterFactory(name="Marquee Spreebogen")
    assert "Marquee Spreebogen" in read(planner.get(reverse("board"))), "it is asked for which house"
    page = read(planner.get(shown(draft.theater, draft.starts_at)))
    assert listed in page
    assert draft.movie.title in page
    for name, look in (("plan", False), ("copy", True), ("publish", True)):
        address = reverse("board_plan") if name == "plan" else reverse(f"admin:catalog_{name}_drafts")
        [link] = re.findall(rf'<a href="({re.escape(address)}\?[^"]*)">[A-Z]', page)
        led = planner.get(link.replace("&amp;", "&"), follow=True)
        assert ("1 showtime" in read(led)) is look


def test_support_looks_at_the_board_and_changes_nothing() -> None:
    draft = ShowtimeFactory(status="draft", starts_at=at("19:00"))
    support = signed_in("support")
    page = read(support.get(shown(draft.theater, draft.starts_at, showtime=draft.pk)))
    assert draft.movie.title in page
    for offered in ("data-revision", "Publish 1 draft", "Plan a film", "Price its", ">Move<"):
        assert offered not in page
    for name in ("board", "board_panel"):
        for do in ("move", "remove", "prices"):
            body = {**dropped(draft, at("20:00")), "do": do}
            assert support.post(shown(draft.theater, draft.starts_at, name=name), body).status_code == 403
    assert support.get(reverse("board_plan")).status_code == 403
    assert Client().get(reverse("board")).status_code == 302


def test_the_only_house_there_is_is_shown_without_asking(planner: Client) -> None:
    today = ShowtimeFactory(starts_at=timezone.now() + timedelta(minutes=5), movie__title="The Tide Clock")
    assert today.movie.title in read(planner.get(reverse("board")))


@pytest.mark.parametrize(
    "odd",
    [
        {"theater": "x"},
        {"theater": uuid4()},
        {"day": "9999-12-31"},
        {"day": "0001-01-01"},
        {"day": "x"},
        {"days": "8"},
        {"showtime": "x"},
        {"showtime": uuid4()},
    ],
)
def test_odd_addresses_are_pages_that_say_so(planner: Client, odd: dict[str, Any]) -> None:
    screen = ScreenFactory()
    for name, answered in (("board", 200), ("board_panel", 400), ("board_showtime", 400), ("board_plan", 302)):
        answer = planner.get(shown(screen.theater, at("10:00"), name=name, **odd))
        assert answer.status_code in (answered, 200 if "showtime" in odd else answered), name
