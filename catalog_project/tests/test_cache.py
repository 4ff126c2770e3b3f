"""Answers come from Redis, never old ones, and come without it too."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from factories import MovieFactory, ScreenFactory, ShowtimeFactory, next_week

from catalog import cache, scheduling, services
from catalog.models import CatalogGeneration, Movie, Showtime
from chassis.storage.redis import redis_client
from chassis.testing import redis_url

pytestmark = pytest.mark.django_db

NOWHERE = "redis://127.0.0.1:1/0"


def queries(ask: Callable[[], Any]) -> int:
    with CaptureQueriesContext(connection) as captured:
        answer = ask()
    assert answer.status_code == 200, answer.content
    return len(captured)


@pytest.fixture
def without_redis(redis_at: Callable[[str], None]) -> None:
    redis_at(NOWHERE)


@pytest.fixture
def programme() -> list[Showtime]:
    screens = [ScreenFactory() for _ in range(3)]
    return [ShowtimeFactory(screen=screen, starts_at=next_week(hour)) for screen in screens for hour in (9, 13, 17)]


# The first time one query asks for the generation.
COLD = {
    "/movies": 3,
    "/movies?now_showing=true&q=film": 4,
    "/movies?search=film": 5,
    "/movies?city=Ho+Chi+Minh+City&date={date}": 6,
    "/movies?lat=10.8&lon=106.7": 3,
    "/movies/{movie}": 3,
    "/movies/by-slug/{slug}": 4,
    "/theaters": 2,
    "/theaters/{theater}": 3,
    "/theaters/{theater}/screens": 3,
    "/screens/{screen}": 3,
    "/showtimes": 4,
    "/showtimes?date={date}&theater_id={theater}": 5,
    "/showtimes/{showtime}": 4,
}


@pytest.mark.parametrize(("path", "cold"), COLD.items())
def test_reads_take_few_queries_the_first_time_and_none_afterwards(
    api: Any, programme: list[Showtime], path: str, cold: int
) -> None:
    one = programme[0]
    path = path.format(
        movie=one.movie_id,
        slug=one.movie.slug,
        theater=one.theater_id,
        screen=one.screen_id,
        showtime=one.id,
        date=one.starts_at.date(),
    )
    assert queries(lambda: api.get(path)) == cold
    assert queries(lambda: api.get(path)) == 0


def test_a_longer_list_takes_no_more_queries(api: Any, programme: list[Showtime]) -> None:
    short = queries(lambda: api.get("/showtimes?page_size=2"))
    cache.catalog_changed()
    assert queries(lambda: api.get("/showtimes?page_size=50")) == short - 1


def test_a_change_is_seen_at_once(api: Any, manager: Any, showtime: Showtime, commits: Any) -> None:
    path = f"/movies/{showtime.movie_id}"
    assert api.get(path).json()["title"] == showtime.movie.title
    with commits():
        manager.patch(path, {"title": "The Second Cut"})
    assert api.get(path).json()["title"] == "The Second Cut"
    assert api.get(f"/showtimes/{showtime.id}").json()["movie"]["title"] == "The Second Cut"
    assert api.get("/showtimes").json()["results"][0]["movie"]["title"] == "The Second Cut"


@pytest.mark.parametrize(
    "change",
    [
        lambda s: services.change_movie(movie_id=s.movie_id, synopsis="x"),
        lambda s: services.change_theater(theater_id=s.theater_id, address="x"),
        lambda s: services.change_screen(screen_id=s.screen_id, name="x"),
        lambda s: scheduling.change_showtime(showtime_id=s.id, format="3D"),
        lambda s: scheduling.cancel_showtime(showtime_id=s.id),
        lambda _: services.add_movie(
            title="x", duration_minutes=9, genres=[], languages=["vi"], release_date="2026-01-01"
        ),
        lambda _: services.remove_movie(movie_id=MovieFactory().id),
        lambda _: services.remove_theater(theater_id=ScreenFactory().theater_id),
        lambda _: services.remove_screen(screen_id=ScreenFactory().id),
    ],
)
def test_every_change_makes_a_new_generation(showtime: Showtime, commits: Any, change: Any) -> None:
    before = cache._generation()
    with commits():
        change(showtime)
    assert cache._generation() == before + 1


def test_an_answer_computed_before_a_change_is_never_given_after_it(commits: Any) -> None:
    """The reader is overtaken: it read old rows, and stores its answer after the change was announced."""
    movie = MovieFactory(title="Old")

    def overtaken() -> str:
        read = Movie.objects.get(id=movie.id).title
        with commits():
            services.change_movie(movie_id=movie.id, title="New")
        return read

    def fresh() -> str:
        return Movie.objects.get(id=movie.id).title

    assert cache.read_through("movie", "one", overtaken) == "Old"
    assert cache.read_through("movie", "one", fresh) == "New"


def test_a_count_taken_before_a_booking_is_never_given_after_it(showtime: Showtime) -> None:
    def overtaken(ids: Any) -> dict[Any, int]:
        counted = dict.fromkeys(ids, 0)
        cache.occupancy_changed(ids)
        return counted

    assert cache.occupied_seats([showtime.id], overtaken) == {showtime.id: 0}
    assert cache.occupied_seats([showtime.id], lambda ids: dict.fromkeys(ids, 2)) == {showtime.id: 2}
    assert cache.occupied_seats([showtime.id], lambda ids: dict.fromkeys(ids, 9)) == {showtime.id: 2}


def test_generations_announced_in_the_wrong_order_do_not_go_back() -> None:
    assert cache._raise_generation(6) == 6
    assert cache._raise_generation(5) == 6
    assert cache._generation() == 6


def test_a_lost_announcement_is_found_within_a_minute(showtime: Showtime, commits: Any, redis_at: Any) -> None:
    address = redis_url()
    before = cache._generation()
    redis_at(NOWHERE)
    with commits():
        services.change_movie(movie_id=showtime.movie_id, title="Unannounced")
    redis_at(address)
    assert cache._generation() == before
    assert 0 < redis_client().ttl(cache.GENERATION_KEY) <= 60
    redis_client().delete(cache.GENERATION_KEY)  # as it does by itself after that time
    assert cache._generation() == CatalogGeneration.objects.get().value == before + 1


def test_a_flushed_redis_knows_nothing_old(api: Any, manager: Any, showtime: Showtime, commits: Any) -> None:
    api.get("/movies")
    redis_client().delete(*redis_client().scan_iter("catalog:*"))
    with commits():
        manager.patch(f"/movies/{showtime.movie_id}", {"title": "After the flush"})
    assert api.get("/movies").json()["results"][0]["title"] == "After the flush"


@pytest.mark.usefixtures("without_redis")
def test_without_redis_everything_is_read_and_written(
    api: Any, manager: Any, showtime: Showtime, commits: Any, deliver: Any
) -> None:
    asked = 0
    for path in (
        "/movies",
        f"/movies/{showtime.movie_id}",
        f"/theaters/{showtime.theater_id}",
        f"/screens/{showtime.screen_id}",
        "/showtimes",
        f"/showtimes/{showtime.id}",
    ):
        asked += 1
        assert api.get(path).status_code == 200
    assert asked == 6
    with commits():
        assert manager.patch(f"/movies/{showtime.movie_id}", {"title": "Dark"}).status_code == 200
    assert api.get(f"/movies/{showtime.movie_id}").json()["title"] == "Dark"
    seats = [{"id": str(showtime.screen.seats.all()[0].id)}]
    deliver("booking.created", showtime_id=showtime.id, seats=seats, hold_expires_at=next_week())
    assert api.get(f"/showtimes/{showtime.id}").json()["available_seats"] == 13


def test_answers_live_five_minutes_and_counts_one(api: Any, showtime: Showtime) -> None:
    api.get(f"/showtimes/{showtime.id}")
    client = redis_client()
    lives = {key.decode().split(":")[1]: client.ttl(key) for key in client.scan_iter("catalog:*")}
    assert 290 < lives["showtime"] <= 300
    assert 50 < lives["occupied"] <= 60
