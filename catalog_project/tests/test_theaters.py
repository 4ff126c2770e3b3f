"""Whoever is limited to theaters changes the programme of theirs alone, and reads what staff alone read of theirs."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import factories
import pytest
import test_staff_deeds as deeds
from boards import dropped, shown
from django.test import Client
from django.utils import timezone
from factories import PriceListFactory, ScreenFactory, ShowtimeFactory, TheaterFactory, next_week
from rest_framework.test import APIClient

from catalog.domain import OccupancyState
from catalog.models import BlockedSeats, Seat, Showtime, ShowtimeOccupancy, ShowtimePrice
from chassis.ids import uuid7
from chassis.testing_staff import enter
from chassis.testing_theaters import (
    assert_deeds_stay_at_their_theater,
    assert_lists_show_their_theater_alone,
    assert_told_of_their_theater_alone,
    desk_pages,
    reads,
)

pytestmark = pytest.mark.django_db
HERE = uuid7()
# Films belong to no theater; and nobody who is limited adds a theater.
FILMS = {name for name in (*deeds.BY_API, *deeds.BY_HAND) if "movie" in name}
NEW_THEATER = {"POST /theaters", "add theater"}
PUBLIC = {
    *("GET /movies", "GET /movies:export", "GET /movies/{movie_id}", "GET /movies/by-slug/{slug}"),
    *("GET /movies/{movie_id}/texts", "GET /theaters"),
    *("GET /theaters/{theater_id}", "GET /theaters/{theater_id}/screens", "GET /screens/{screen_id}"),
}
PICTURES = "GET /^media/posters/"
# What theaters are called everybody reads.
NAMES_ALONE = {"theaters_panel", "desk_needs"}
OF_NO_THEATER = {"movie", "cataloggeneration"}
BOARD = "/admin/catalog/board/"


@pytest.fixture(autouse=True)
def _of_one_theater() -> Iterator[None]:
    factories.OF_ONE.append(HERE)
    yield
    factories.OF_ONE.clear()


def at(showtime: Showtime) -> str:
    return shown(showtime.theater, showtime.starts_at)


def remove_on_the_board(browser: Client) -> Any:
    showtime = deeds.draft()
    return browser.post(at(showtime), {"do": "remove", "showtime": showtime.pk})


def move_on_the_board(browser: Client) -> Any:
    showtime = deeds.draft()
    return browser.post(at(showtime), dropped(showtime, showtime.starts_at + timedelta(hours=2)))


def price_on_the_board(browser: Client) -> Any:
    showtime, price_list = deeds.draft(), PriceListFactory(theater=TheaterFactory())
    form = {"day": f"{showtime.starts_at:%Y-%m-%d}", "price_list": price_list.pk}
    return browser.post(at(showtime), {"do": "prices", **form})


ON_THE_BOARD = {"remove": remove_on_the_board, "move": move_on_the_board, "prices": price_on_the_board}


def test_what_is_done_is_done_at_their_theater_alone() -> None:
    left_out = FILMS | NEW_THEATER
    by_api = {name: do for name, do in deeds.BY_API.items() if name not in left_out}
    by_hand = {name: do for name, do in deeds.BY_HAND.items() if name not in left_out} | ON_THE_BOARD
    assert_deeds_stay_at_their_theater(by_api, by_hand, theater=HERE)


def test_films_are_for_whoever_keeps_the_programme_of_any_theater(sign_in: Callable[..., APIClient]) -> None:
    manager = sign_in(roles=("manager",), theaters=[str(HERE)])
    assert deeds.BY_API["POST /movies"](manager).status_code == 201


def test_nobody_who_is_limited_adds_a_theater(sign_in: Callable[..., APIClient], client: Client) -> None:
    answer = deeds.BY_API["POST /theaters"](sign_in(roles=("manager",), theaters=[str(HERE)]))
    assert (answer.status_code, answer.json()["code"]) == (403, "other_theater")
    enter(client, "manager", theaters=frozenset({HERE}))
    assert client.get("/admin/catalog/catalog/theater/add/").status_code == 403


def test_a_draft_goes_to_no_theater_of_others(sign_in: Callable[..., APIClient]) -> None:
    showtime = deeds.draft()
    factories.OF_ONE[0] = uuid7()
    hall = ScreenFactory()
    manager = sign_in(roles=("manager",), theaters=[str(HERE)])
    answer = manager.patch(f"/showtimes/{showtime.id}", {"screen_id": str(hall.id)})
    assert (answer.status_code, answer.json()["code"]) == (403, "other_theater")


def test_what_is_planned_in_one_request_is_of_theirs_all_of_it(sign_in: Callable[..., APIClient]) -> None:
    mine = deeds.wanted()
    factories.OF_ONE[0] = uuid7()
    body = {"items": [mine, deeds.wanted()]}
    manager = sign_in(roles=("manager",), theaters=[str(HERE)])
    for query in ("", "?dry_run=true"):
        answer = manager.post(f"/showtimes:batch{query}", body)
        assert answer.status_code in (400, 403)
    assert not Showtime.objects.exists()


def test_what_staff_alone_read_is_of_their_theater_alone() -> None:
    showtime, price_list = (
        ShowtimeFactory(status="draft", starts_at=next_week(9)),
        PriceListFactory(theater=TheaterFactory()),
    )
    ticket_type = price_list.theater.ticket_types.get(code="child")
    theater = f"/theaters/{HERE}"
    first, last = (f"{showtime.starts_at + timedelta(days=days):%Y-%m-%d}" for days in (-1, 1))
    by_api = {
        "GET /theaters/{theater_id}/ticket-types": (f"{theater}/ticket-types", "child"),
        "GET /theaters/{theater_id}/ticket-types/{ticket_type_id}": (
            f"{theater}/ticket-types/{ticket_type.id}",
            "child",
        ),
        "GET /theaters/{theater_id}/price-lists": (f"{theater}/price-lists", price_list.name),
        "GET /theaters/{theater_id}/price-lists/{price_list_id}": (
            f"{theater}/price-lists/{price_list.id}",
            price_list.name,
        ),
        "GET /theaters/{theater_id}/price-lists:export": (f"{theater}/price-lists:export?format=csv", price_list.name),
        "GET /theaters/{theater_id}/showtimes:export": (
            f"{theater}/showtimes:export?format=csv&first={first}&last={last}",
            showtime.screen.name,
        ),
        "GET /showtimes": ("/showtimes?status=draft", str(showtime.id)),
        "GET /showtimes/{showtime_id}": (f"/showtimes/{showtime.id}", showtime.screen.name),
    }
    assert {*by_api, *PUBLIC} == {name for name in reads() if not name.startswith(PICTURES)}
    board = f"theater={HERE}&day={showtime.starts_at:%Y-%m-%d}&days=1"
    by_hand = {
        "board": (f"{BOARD}?{board}", showtime.movie.title),
        "board_plan": (f"{BOARD}plan/?{board}", "never"),
        "board_panel": (f"/admin/catalog/panels/board/?{board}", showtime.movie.title),
        "board_showtime": (
            f"/admin/catalog/panels/board/showtime/?{board}&showtime={showtime.id}",
            showtime.screen.name,
        ),
        "desk_search": (f"/admin/catalog/panels/search/?q={showtime.theater.name}", f"theater/{HERE}/"),
    }
    assert by_hand.keys() | NAMES_ALONE == desk_pages()
    admin = "/admin/catalog/catalog"
    by_hand |= {
        "screens to pick": (
            f"/admin/catalog/autocomplete/?app_label=catalog&model_name=showtime&field_name=screen&term={showtime.screen.name}",
            str(showtime.screen_id),
        ),
        "filter": (f"{admin}/screen/", showtime.theater.name),
        "export": (f"{admin}/showtime/export.csv", showtime.screen.name),
        "places": (f"{admin}/showtime/import/", showtime.theater.name),
        "copies": (f"{admin}/showtime/copy/", showtime.theater.name),
    }
    assert_told_of_their_theater_alone(by_api, by_hand, theater=HERE)


def test_lists_are_of_their_theater_alone() -> None:
    showtime, price_list = ShowtimeFactory(starts_at=next_week(9)), PriceListFactory(theater=TheaterFactory())
    sold = {"seats": 2, "state": OccupancyState.SOLD, "updated_at": timezone.now()}
    rows = [
        *(showtime, showtime.theater, showtime.screen, Seat.objects.first(), ShowtimePrice.objects.first()),
        *(price_list, price_list.theater.ticket_types.first()),
        ShowtimeOccupancy.objects.create(booking_id=uuid7(), showtime_id=showtime.id, **sold),
        BlockedSeats.objects.create(showtime_id=showtime.id, seats=2, revision=1, updated_at=timezone.now()),
    ]
    assert_lists_show_their_theater_alone(rows, of_none=OF_NO_THEATER, theater=HERE)
