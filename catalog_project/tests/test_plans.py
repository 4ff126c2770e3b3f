"""What runs by itself, what staff open and what everybody reads costs the same however much history there is.

In pages of the database.
"""

from typing import Any

from catalog.models import Movie, Showtime
from catalog.tariff_models import PriceList
from chassis.ids import uuid7
from chassis.testing_costs import assert_bounded, lists, reads, ticks
from chassis.web.staff import local_user


def test_what_the_clock_starts_costs_what_there_is_to_do(long_history: None) -> None:
    assert_bounded(ticks())


def test_every_list_of_staff_costs_what_it_shows(long_history: None) -> None:
    assert_bounded(lists(local_user("root", {"admin"})))


def test_what_staff_read_through_the_api_costs_what_it_shows(long_history: None, manager: Any) -> None:
    theater = f"/theaters/{Showtime.objects.order_by('-starts_at')[0].theater_id}"
    kept = PriceList.objects.get(theater_id=theater.rpartition("/")[2])
    assert_bounded(
        reads(manager, [f"{theater}/ticket-types", f"{theater}/price-lists", f"{theater}/price-lists/{kept.id}"])
    )


def test_what_everybody_reads_costs_what_it_shows(long_history: None, api: Any) -> None:
    showtime = Showtime.objects.filter(movie__title="Film 0").order_by("-starts_at")[0]
    listed = [
        *("/movies", "/movies?genre=comedy", "/movies?language=cy", "/movies?q=film+77", "/movies?now_showing=true"),
        *("/theaters", "/theaters?city=Nowhere", "/theaters?city=Town+1", f"/theaters/{showtime.theater_id}/screens"),
        *("/showtimes", "/showtimes?language=cy", "/showtimes?format=IMAX", "/showtimes?format=4DX"),
        *(f"/showtimes?movie_id={showtime.movie_id}", f"/showtimes?theater_id={showtime.theater_id}"),
        *(f"/showtimes?movie_id={uuid7()}", f"/showtimes?theater_id={uuid7()}", "/showtimes?status=cancelled"),
        f"/showtimes?date={showtime.starts_at.date()}",
    ]
    one = [f"/showtimes/{showtime.id}", f"/movies/{showtime.movie_id}", f"/theaters/{showtime.theater_id}"]
    assert Movie.objects.count() == 1000
    # Of a day the seats that are taken are few, whatever was sold before.
    assert_bounded(reads(api, [*listed, *one]), rows=3000)
