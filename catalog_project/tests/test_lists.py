"""Lists in pages, whatever happens to their rows meanwhile."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from factories import MovieFactory, ScreenFactory, ShowtimeFactory, TheaterFactory, next_week

from catalog.models import Showtime
from chassis.testing_lists import assert_pages_come_by_index, assert_rows_may_go, list_routes

pytestmark = pytest.mark.django_db
COUNT = 7


def movies() -> tuple[str, list[Any]]:
    return "/movies", [MovieFactory(release_date=date(2026, 1, 2)) for _ in range(COUNT)]


def theaters() -> tuple[str, list[Any]]:
    return "/theaters", [TheaterFactory(city="Huế") for _ in range(COUNT)]


def screens() -> tuple[str, list[Any]]:
    theater = TheaterFactory()
    return f"/theaters/{theater.id}/screens", [ScreenFactory(theater=theater) for _ in range(COUNT)]


def showtimes() -> tuple[str, list[Any]]:
    return "/showtimes", [ShowtimeFactory(starts_at=next_week()) for _ in range(COUNT)]


LISTS: dict[str, Callable[[], tuple[str, list[Any]]]] = {
    "movies": movies,
    "theaters": theaters,
    "theaters/<uuid:theater_id>/screens": screens,
    "showtimes": showtimes,
}


def test_every_list_is_among_these() -> None:
    assert list_routes() == LISTS.keys()


@pytest.mark.parametrize("make", LISTS.values(), ids=LISTS)
def test_no_row_is_skipped_or_told_twice_when_others_go(api: Any, make: Callable[[], tuple[str, list[Any]]]) -> None:
    address, rows = make()
    assert_rows_may_go(api, address, rows)


@pytest.mark.parametrize("make", LISTS.values(), ids=LISTS)
def test_a_page_is_read_off_an_index(api: Any, make: Callable[[], tuple[str, list[Any]]]) -> None:
    address, _ = make()
    assert_pages_come_by_index(api, address)


def test_a_showtime_that_is_cancelled_meanwhile_hides_no_other(api: Any) -> None:
    made = {str(ShowtimeFactory(starts_at=next_week()).id) for _ in range(4)}
    first = api.get("/showtimes?page_size=2").json()
    seen = [row["id"] for row in first["results"]]
    Showtime.objects.filter(id=seen[0]).update(status="cancelled")
    seen += [row["id"] for row in api.get(first["next"]).json()["results"]]
    assert set(seen) == made
