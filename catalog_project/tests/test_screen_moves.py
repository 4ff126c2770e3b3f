"""What is on sale moves to another screen, where everybody is sure to find a seat or staff say what becomes of them."""

from typing import Any

import pytest
from factories import MovieFactory, ScreenFactory, ShowtimeFactory

from catalog.domain import fewer_seats
from catalog.layouts import read_plan
from chassis.storage.models import AuditRecord

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("before", "after", "lacking"),
    [
        ("A ss.ss", "A ssss", []),
        ("A ssss", "A sssp", ["standard"]),
        ("A ssp", "A ssppp", []),
        ("A cccc", "A cc.cc", []),
        ("A cccc", "A c.c.c.c", ["couple"]),
        ("A cc", "A ccc", []),
        ("A ccc", "A cccc", ["couple"]),
        ("A cc.c", "A ccc", []),
        ("A wsk", "A sss", ["accessible", "companion"]),
    ],
)
def test_of_which_seats_another_hall_has_fewer(before: str, after: str, lacking: list[str]) -> None:
    assert fewer_seats(read_plan(before), read_plan(after)) == lacking


def hall(theater: Any, plan: str) -> Any:
    return ScreenFactory(theater=theater, places=read_plan(plan))


@pytest.fixture
def sold() -> Any:
    """A showtime on sale in a hall of four seats, two of them a couple's."""
    return ShowtimeFactory(screen=ScreenFactory(places=read_plan("A sscc")))


def test_what_is_on_sale_moves_to_a_hall_with_room_for_all_and_that_is_told(
    manager: Any, sold: Any, emitted: Any
) -> None:
    there = hall(sold.theater, "A ssscc")
    shown = manager.patch(f"/showtimes/{sold.id}", {"screen_id": str(there.id)}).json()
    assert (shown["screen"]["id"], shown["total_seats"]) == (str(there.id), 5)
    (event,) = emitted("showtime.updated")
    assert (event.data["screen"]["id"], event.data["revision"]) == (str(there.id), sold.revision + 1)
    entry = AuditRecord.objects.get()
    assert (entry.before["screen"], entry.after["screen"]) == (str(sold.screen_id), str(there.id))


def test_where_somebody_may_find_no_seat_staff_say_what_becomes_of_them(manager: Any, sold: Any, emitted: Any) -> None:
    wish = {"screen_id": str(hall(sold.theater, "A ss.c.c").id)}
    refused = manager.patch(f"/showtimes/{sold.id}", wish)
    assert (refused.status_code, refused.json()["code"], refused.json()["categories"]) == (
        409,
        "fewer_seats",
        ["couple"],
    )
    assert emitted() == []
    assert manager.patch(f"/showtimes/{sold.id}", {**wish, "refund_without_seat": True}).status_code == 200
    assert len(emitted("showtime.updated")) == 1


def test_another_theater_and_another_film_are_another_showtime(manager: Any, sold: Any, emitted: Any) -> None:
    for wish, code in (
        ({"screen_id": str(ScreenFactory().id)}, "other_theater"),
        ({"movie_id": str(MovieFactory().id)}, "not_a_draft"),
    ):
        refused = manager.patch(f"/showtimes/{sold.id}", wish)
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (400, code)
    assert emitted() == []


def test_a_hall_that_is_taken_is_refused(manager: Any, sold: Any) -> None:
    there = hall(sold.theater, "A sscc")
    ShowtimeFactory(screen=there, starts_at=sold.starts_at)
    refused = manager.patch(f"/showtimes/{sold.id}", {"screen_id": str(there.id)})
    assert (refused.status_code, refused.json()["code"]) == (409, "showtimes_overlap")
