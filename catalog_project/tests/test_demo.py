from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog import scheduling, tariffs
from catalog.demo.art import ART
from catalog.demo.load import Loaded, load_demo_data
from catalog.demo.movies import FILMS
from catalog.demo.posters import poster
from catalog.demo.theaters import HOUSES
from catalog.models import Movie, MovieSlug, Poster, Screen, Showtime, Theater
from chassis.storage.models import OutboxMessage
from chassis.testing_database import kept, large_world

# Of some 700 showtimes, made in bulk; of 14 films, named one by one.
STATEMENTS = 240
# Of a poster: width and height.
SIZES = [[200, 300], [400, 600]]


@pytest.fixture(scope="module")
def _chain(django_db_setup: None, django_db_blocker: Any) -> Iterator[tuple[Loaded, int]]:
    def load() -> tuple[Loaded, int]:
        with CaptureQueriesContext(connection) as made:
            return load_demo_data(), len(made)

    with django_db_blocker.unblock(), kept(load) as chain:
        yield chain


@pytest.fixture
def chain(_chain: tuple[Loaded, int], db: None) -> tuple[Loaded, int]:
    """The demo data; what was told of their loading, and how many statements it took."""
    return _chain


def test_the_demo_chain_is_told_event_by_event(chain: tuple[Loaded, int], emitted: Any) -> None:
    loaded, statements = chain
    assert statements <= STATEMENTS
    assert (loaded.movies, loaded.theaters, loaded.screens) == (14, 4, 13)
    assert 600 < loaded.showtimes < 800
    assert len(emitted("showtime.scheduled")) == loaded.showtimes == Showtime.objects.count()
    assert len(emitted("screen.updated")) == 13
    last = Showtime.objects.order_by("-starts_at").first()
    assert timezone.now() + timedelta(days=13) < last.starts_at < timezone.now() + timedelta(days=15)


def test_what_adults_pay_for_films_formats_and_matinees(chain: tuple[Loaded, int]) -> None:
    """As one would say it: the base, a fifth more for 3D and half for IMAX, a fifth less before one o'clock."""
    dearer = {"2D": 1.0, "3D": 1.2, "IMAX": 1.5}
    seen = set()
    for showtime in Showtime.objects.select_related("theater").prefetch_related("prices"):
        prices = next(house.prices for house in HOUSES if house.name == showtime.theater.name)
        local = showtime.starts_at.astimezone(ZoneInfo(showtime.theater.time_zone))
        matinee = local.hour < 13 and local.weekday() < 5
        factor = dearer[showtime.format] * (0.8 if matinee else 1)
        expected = {name: round(amount * factor / prices.step) * prices.step for name, amount in prices.adult.items()}
        assert showtime.amounts == expected
        assert showtime.offer is not None
        assert showtime.offer.prices["adult"] == expected
        assert set(showtime.offer.prices["companion"].values()) == {0}
        assert [fee.code for fee in showtime.offer.fees] == (["glasses"] if showtime.format == "3D" else [])
        seen.add((showtime.theater.currency, showtime.format, matinee))
    assert len(seen) > 10


def test_every_house_sells_six_types_with_taxes_and_a_seller_as_a_manager_could_have_made_it(
    chain: tuple[Loaded, int],
) -> None:
    for theater in Theater.objects.all():
        types = [type_.told for type_ in theater.ticket_types.all()]
        assert [type_.code for type_ in types] == ["adult", "child", "student", "senior", "member", "companion"]
        (price_list,) = theater.price_lists.all()
        assert tariffs.faults(price_list.content, types) == {}
        assert theater.seller is not None
        assert theater.ticket_tax
    assert Theater.objects.count() == 4


def test_each_film_has_a_poster_always_the_same_and_loading_again_makes_nothing_twice(
    chain: tuple[Loaded, int], capsys: pytest.CaptureFixture[str]
) -> None:
    nothing_else = "New: 0 movies, 0 theaters, 0 screens, 0 showtimes, {} posters.\n"
    call_command("demo_data")
    assert capsys.readouterr().out == nothing_else.format(len(FILMS))
    assert dict(Poster.objects.values_list("movie__title", "sizes")) == {film.title: SIZES for film in FILMS}
    assert Poster.objects.values("digest").distinct().count() == len(FILMS)
    told = OutboxMessage.objects.count()
    call_command("demo_data")
    assert capsys.readouterr().out == nothing_else.format(0)
    assert OutboxMessage.objects.count() == told
    assert poster("Salt Road", ART["Salt Road"]) == poster("Salt Road", ART["Salt Road"])


def test_loading_again_later_tops_up_and_leaves_what_staff_did(chain: tuple[Loaded, int]) -> None:
    cancelled = Showtime.objects.filter(starts_at__gt=timezone.now() + timedelta(days=3)).first()
    scheduling.cancel_showtime(showtime_id=cancelled.id)
    Movie.objects.filter(title="Perihelion").update(synopsis="Another")
    gone = Showtime.objects.filter(starts_at__gt=timezone.now() + timedelta(days=10))
    missing = gone.count()
    for showtime in gone:
        showtime.prices.all().delete()
    gone.delete()
    assert load_demo_data().showtimes == missing > 0
    assert Showtime.objects.get(id=cancelled.id).status == "cancelled"
    assert Movie.objects.get(title="Perihelion").synopsis == "Another"


def test_a_screen_that_staff_use_otherwise_is_not_booked_twice(chain: tuple[Loaded, int]) -> None:
    free = Showtime.objects.filter(starts_at__gt=timezone.now() + timedelta(days=5)).first()
    taken = (free.movie_id, free.screen_id, free.starts_at, free.language)
    prices = {price.category: price.amount for price in free.prices.all()}
    free.prices.all().delete()
    free.delete()
    scheduling.schedule_showtime(
        movie_id=taken[0],
        screen_id=taken[1],
        starts_at=taken[2] + timedelta(minutes=1),
        format="2D",
        language=taken[3],
        prices=prices,
        currency=free.currency,
    )
    assert load_demo_data().showtimes == 0


def test_every_showtime_has_a_price_for_every_seat_and_a_language_of_its_movie(chain: tuple[Loaded, int]) -> None:
    walked = 0
    for showtime in Showtime.objects.select_related("movie", "screen").prefetch_related("prices"):
        walked += 1
        assert showtime.amounts.keys() >= set(showtime.screen.categories)
        assert showtime.language in showtime.movie.languages
        assert showtime.movie.release_date <= showtime.starts_at.date() + timedelta(days=1)
    assert walked > 600
    assert max(Screen.objects.values_list("seat_count", flat=True)) >= 250
    assert set(Theater.objects.values_list("currency", flat=True)) == {"VND", "JPY", "EUR"}


def test_a_large_world_is_loaded_beside_what_there_is(chain: tuple[Loaded, int]) -> None:
    known, slugs = Movie.objects.count(), set(MovieSlug.objects.values_list("slug", flat=True))
    large_world(theaters=1, movies=10, showtimes=20, bookings=20, users=20)
    assert Movie.objects.count() == known + 10
    assert slugs < set(MovieSlug.objects.values_list("slug", flat=True))
