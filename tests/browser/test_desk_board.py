"""The plan board as a manager works on it: a week of ten halls is copied, adjusted and published."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from desk import assert_is_seen
from playwright.sync_api import Locator, Page, expect
from world import World, showtime_body

StaffPage = Callable[[str, str], Page]

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
HALLS, HOURS, DAYS = 10, (9, 12, 15, 18, 21), 7
IN_A_WEEK = HALLS * len(HOURS) * DAYS
# What it may take to plan such a week.
MOST_CLICKS, MOST_SECONDS = 150, 15 * 60


@dataclass(frozen=True)
class House:
    """A theater of ten halls with a week that is planned."""

    name: str
    film: str
    first: date


@pytest.fixture(scope="module")
def house(world: World) -> House:
    admin = world.staff("admin")
    film = {"title": f"The Long Board {secrets.token_hex(3)}", "synopsis": "Seven days.", "duration_minutes": 95}
    told = {"rating": "P", "genres": ["drama"], "languages": ["en"], "release_date": "2026-01-01"}
    movie = admin.post("/api/movies", {**film, **told}).ok(201)
    first = (datetime.now(ZONE) + timedelta(days=200)).date()
    name = f"Board {secrets.token_hex(3)}"
    rules = {"cancellation_cutoff_minutes": 60, "cancellation_fee_percent": None, "orphan_seat_rule": False}
    place = {"city": "Hanoi", "address": "1 Board Street", "time_zone": ZONE.key, "currency": "VND", "rules": rules}
    theater = admin.post("/api/theaters", {"name": name, **place}).ok(201)
    seats = [{"row": "A", "number": x, "x": x, "y": 1, "category": "standard"} for x in range(1, 11)]
    screens = f"/api/theaters/{theater['id']}/screens"
    halls = [admin.post(screens, {"name": f"Hall {n}", "seats": seats}).ok(201) for n in range(1, HALLS + 1)]
    starts = [
        datetime(first.year, first.month, first.day, hour, tzinfo=ZONE).astimezone(UTC) + timedelta(days=day)
        for day in range(DAYS)
        for hour in HOURS
    ]
    items = [showtime_body(movie, hall, start) for start in starts for hall in halls]
    admin.post("/api/showtimes:batch", {"items": items}).ok()
    return House(name, movie["title"], first)


class Planner:
    """A manager at the board, whose clicks are counted: each press of the mouse, those that begin a drag too."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.clicks = 0
        page.expose_function("pressed", self._pressed)
        page.add_init_script("addEventListener('pointerdown', () => window.pressed(), true)")

    def _pressed(self) -> None:
        self.clicks += 1

    def click(self, role: Any, name: str) -> None:
        self.page.get_by_role(role, name=name, exact=True).click()

    def day(self, day: date) -> Locator:
        return self.page.locator(f".day[data-day='{day}']")

    def lane(self, day: date, hall: int) -> Locator:
        return self.day(day).locator(".screen", has=self.page.get_by_text(f"Hall {hall}", exact=True)).locator(".lane")

    def showtime(self, day: date, hall: int, number: int) -> Locator:
        return self.lane(day, hall).locator(".showtime button").nth(number)

    def point(self, lane: Locator, clock: str) -> tuple[float, float]:
        """Where on the window that time of a lane is."""
        box = lane.bounding_box()
        assert box is not None
        opens, minutes = (
            int(self.page.locator("#board").get_attribute(f"data-{name}") or 0) for name in ("opens", "minutes")
        )
        hour, minute = map(int, clock.split(":"))
        return box["x"] + box["width"] * (hour * 60 + minute - opens) / minutes, box["y"] + box["height"] / 2

    def show(self, what: Locator) -> None:
        """In the middle of the window: at its upper edge the form is in front, and at both a drag scrolls.

        Once the script is there, without which a drag is none.
        """
        self.page.wait_for_load_state()
        what.evaluate("element => element.scrollIntoView({block: 'center'})")

    def drag(self, showtime: Locator, lane: Locator, clock: str) -> None:
        """By its beginning, to that time."""
        self.show(showtime)
        box = showtime.bounding_box()
        assert box is not None
        self.page.mouse.move(box["x"] + 3, box["y"] + box["height"] / 2)
        self.page.mouse.down()
        x, y = self.point(lane, clock)
        self.page.mouse.move(x + 20, y, steps=3)
        self.page.mouse.move(x + 3, y)
        self.page.mouse.up()

    def reads(self, words: str) -> None:
        expect(self.page.locator(".outcome")).to_contain_text(words)


def test_a_week_of_ten_halls_is_copied_adjusted_and_published(staff_page: StaffPage, house: House) -> None:
    page = staff_page("catalog", "manager")
    # So high that a day and the next one are seen together.
    page.set_viewport_size({"width": 1280, "height": 1600})
    planner = Planner(page)
    began = time.monotonic()
    page.goto("/admin/catalog/catalog/showtime/")
    planner.click("link", "Plan board")
    page.get_by_label("Theater").select_option(label=f"{house.name}, Hanoi")
    page.get_by_label("From").fill(str(house.first))
    planner.click("button", "Show")
    expect(page.locator(".showtime")).to_have_count(IN_A_WEEK)

    planner.click("link", "Copy to the week after")
    expect(page.get_by_text(f"{IN_A_WEEK} showtimes:")).to_be_visible()
    planner.click("button", "Make these drafts")
    expect(page.locator(".draft")).to_have_count(IN_A_WEEK)
    monday = house.first + timedelta(days=7)
    tuesday = monday + timedelta(days=1)

    # To another hall, and another day: there it lies after the last one.
    planner.drag(planner.showtime(monday, 1, 4), planner.lane(tuesday, 2), "23:10")
    planner.reads("Hall 2")
    planner.reads("23:10")
    expect(planner.lane(monday, 1).locator(".showtime")).to_have_count(4)
    expect(planner.lane(tuesday, 2).locator(".showtime")).to_have_count(6)

    # Over another: it is refused, named, and back.
    planner.drag(planner.showtime(monday, 3, 0), planner.lane(monday, 3), "12:30")
    planner.reads(f"Hall 3 is to show {house.film} from 12:00 and is free again at 13:50.")
    expect(planner.showtime(monday, 3, 0)).to_contain_text("09:00")

    # By the keys alone: the showtime, its form, another time.
    planner.showtime(monday, 4, 4).focus()
    page.keyboard.press("Enter")
    expect(page.locator("#chosen-title")).to_be_focused()
    while page.evaluate("document.activeElement.id") != "move_time":
        page.keyboard.press("Tab")
    page.locator(":focus").fill("21:35")
    page.keyboard.press("Enter")
    planner.reads("Hall 4")
    expect(planner.showtime(monday, 4, 4)).to_contain_text("21:35")
    expect(planner.showtime(monday, 4, 4)).to_be_focused()

    planner.show(planner.showtime(monday, 5, 4))
    planner.showtime(monday, 5, 4).click()
    planner.click("button", "Remove this draft")
    planner.reads("Removed")
    expect(planner.lane(monday, 5).locator(".showtime")).to_have_count(4)

    # An empty place: a film is planned there.
    planner.show(planner.lane(monday, 5))
    page.mouse.click(*planner.point(planner.lane(monday, 5), "20:30"))
    expect(page.get_by_label("Times", exact=False).first).to_have_value("20:30")
    page.locator("#id_movie + .select2").click()
    page.locator(".select2-search__field").fill(house.film)
    page.locator(".select2-results__option", has_text=house.film).first.click()
    page.get_by_label("Language").fill("en")
    page.get_by_label("Standard").fill("90000")
    planner.click("button", "Look what fits")
    planner.click("button", "Make these drafts")
    expect(planner.showtime(monday, 5, 4)).to_contain_text("20:30")

    planner.click("link", f"Publish {IN_A_WEEK} drafts")
    planner.click("button", "Publish all of these")
    expect(page.get_by_text(f"{IN_A_WEEK} showtimes published.")).to_be_visible()
    expect(page.locator(".draft")).to_have_count(0)
    assert 0 < planner.clicks <= MOST_CLICKS
    assert time.monotonic() - began <= MOST_SECONDS


@pytest.fixture
def a_day(staff_page: StaffPage, house: House) -> Page:
    """The board with the first day of the house."""
    page = staff_page("catalog", "manager")
    page.goto("/admin/catalog/board/")
    page.get_by_label("Theater").select_option(label=f"{house.name}, Hanoi")
    page.get_by_label("From").fill(str(house.first))
    page.get_by_label("Shown").select_option("A day")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator(".showtime")).to_have_count(HALLS * len(HOURS))
    page.wait_for_load_state()
    return page


def test_axe_finds_nothing_on_the_board_and_the_page_does_not_scroll_sideways(a_day: Page) -> None:
    chosen = a_day.locator(".showtime button").first.get_attribute("value")
    a_day.goto(f"{a_day.url}&showtime={chosen}")
    expect(a_day.get_by_role("button", name="Move", exact=True)).to_be_visible()
    assert_is_seen(a_day, "board")


def test_without_an_answer_the_board_says_so_and_who_is_not_signed_in_any_more_comes_to_the_form(a_day: Page) -> None:
    panels = "**/panels/board/**"
    a_day.route(panels, lambda route: route.abort())
    a_day.locator(".showtime button").first.click()
    expect(a_day.locator(".outcome")).to_contain_text("No answer came")
    a_day.unroute(panels)
    a_day.context.clear_cookies()
    a_day.locator(".showtime button").first.click()
    expect(a_day.get_by_label("Password")).to_be_visible()
