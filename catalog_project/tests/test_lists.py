"""Lists in pages, whatever happens to their rows meanwhile."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from factories import (
    MovieFactory,
    PriceListFactory,
    ScreenFactory,
    ShowtimeFactory,
    TheaterFactory,
    TicketTypeFactory,
    next_week,
)

from catalog.models import Showtime
from chassis.ids import uuid7
from chassis.testing_lists import assert_pages_come_by_index, assert_rows_may_go, list_routes
from chassis.testing_plans import analyze, costs, rows_read

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


def ticket_types() -> tuple[str, list[Any]]:
    theater = TheaterFactory()
    return f"/theaters/{theater.id}/ticket-types", [TicketTypeFactory(theater=theater) for _ in range(COUNT)]


def price_lists() -> tuple[str, list[Any]]:
    theater = TheaterFactory()
    return f"/theaters/{theater.id}/price-lists", [PriceListFactory(theater=theater) for _ in range(COUNT)]


LISTS: dict[str, Callable[[], tuple[str, list[Any]]]] = {
    "movies": movies,
    "theaters": theaters,
    "theaters/<uuid:theater_id>/screens": screens,
    "theaters/<uuid:theater_id>/ticket-types": ticket_types,
    "theaters/<uuid:theater_id>/price-lists": price_lists,
    "showtimes": showtimes,
}


def test_every_list_is_among_these() -> None:
    assert list_routes() == LISTS.keys()


@pytest.mark.parametrize("make", LISTS.values(), ids=LISTS)
def test_no_row_is_skipped_or_told_twice_when_others_go(
    manager: Any, make: Callable[[], tuple[str, list[Any]]]
) -> None:
    address, rows = make()
    assert_rows_may_go(manager, address, rows)


@pytest.mark.parametrize("make", LISTS.values(), ids=LISTS)
def test_a_page_is_read_off_an_index(manager: Any, make: Callable[[], tuple[str, list[Any]]]) -> None:
    address, _ = make()
    assert_pages_come_by_index(manager, address)


def test_a_showtime_that_is_cancelled_meanwhile_hides_no_other(api: Any) -> None:
    made = {str(ShowtimeFactory(starts_at=next_week()).id) for _ in range(4)}
    first = api.get("/showtimes?page_size=2").json()
    seen = [row["id"] for row in first["results"]]
    Showtime.objects.filter(id=seen[0]).update(status="cancelled")
    seen += [row["id"] for row in api.get(first["next"]).json()["results"]]
    assert set(seen) == made


def test_a_filter_that_finds_little_reads_little(api: Any) -> None:
    """By a theater without showtimes, or in a language that is hardly shown, among thousands of others."""
    usual = ShowtimeFactory(starts_at=next_week())
    long = usual.screen_free_at - usual.starts_at
    same = {field.attname: getattr(usual, field.attname) for field in Showtime._meta.concrete_fields}
    Showtime.objects.bulk_create(
        Showtime(
            **same
            | {"id": uuid7()}
            | {name: same[name] + number * long for name in ("starts_at", "ends_at", "screen_free_at")}
        )
        for number in range(1, 3000)
    )
    empty = TheaterFactory()
    analyze("showtimes", "theaters")
    for wanted in (f"theater_id={empty.id}", "language=cy", "format=IMAX"):
        with costs() as made:
            assert api.get(f"/showtimes?{wanted}").json()["results"] == []
        assert rows_read(made, "showtimes") == 0, "\n".join(map(str, made))
