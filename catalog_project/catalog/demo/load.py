"""Writes the demo chain: in bulk, and again without making anything twice."""

from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from django.db import transaction
from django.utils import timezone

from catalog.cache import catalog_changed
from catalog.demo.movies import FILMS
from catalog.demo.programme import DAYS, demo_id, shows
from catalog.demo.tariffs import list_of, types_of
from catalog.demo.theaters import HOUSES, Hall, House, places_of
from catalog.events import ScreenUpdated
from catalog.models import Movie, Screen, Seat, Showtime, Theater
from catalog.naming import name_films
from catalog.scheduling import add_showtimes
from catalog.services import columns_of, summary_of
from catalog.tariff_models import PriceList, TicketType
from chassis.messaging.outbox import emit_all

NOT_SOONER_THAN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Loaded:
    """How many of each were new."""

    movies: int
    theaters: int
    screens: int
    showtimes: int


@transaction.atomic
def load_demo_data() -> Loaded:
    """Adds what is missing of the demo chain, with showtimes for the two weeks from today."""
    movies = _add_movies()
    theaters = _add_theaters()
    screens = _add_screens()
    # Whoever loads at the same time waits here and finds everything made.
    list(Theater.objects.select_for_update(no_key=True).order_by("id"))
    showtimes = _add_showtimes()
    catalog_changed()
    return Loaded(movies, theaters, screens, showtimes)


def _add_movies() -> int:
    today = timezone.now().date()
    known = Movie.objects.count()
    Movie.objects.bulk_create(
        (
            Movie(
                id=demo_id("movie", film.title),
                title=film.title,
                synopsis=film.synopsis,
                duration_minutes=film.minutes,
                rating=film.rating,
                genres=list(film.genres),
                languages=list(film.languages),
                text_language="en",
                release_date=today - timedelta(days=film.released),
            )
            for film in FILMS
        ),
        ignore_conflicts=True,
    )
    name_films(limit=len(FILMS))
    return Movie.objects.count() - known


def _add_theaters() -> int:
    """What they sell comes with those that are new; what staff made of the others stays."""
    known = set(Theater.objects.values_list("id", "name"))
    taken = {part for row in known for part in row}
    new = [house for house in HOUSES if not {demo_id("theater", house.name), house.name} & taken]
    Theater.objects.bulk_create(
        Theater(
            id=demo_id("theater", house.name),
            name=house.name,
            city=house.city,
            address=house.address,
            time_zone=house.time_zone,
            currency=house.currency,
            seller_name=house.prices.seller[0],
            seller_address=f"{house.address}, {house.city}",
            tax_number=house.prices.seller[1],
            ticket_tax=house.prices.tax[0],
            fee_tax=house.prices.tax[1],
            **house.rules,
        )
        for house in new
    )
    TicketType.objects.bulk_create(
        TicketType(
            id=demo_id("ticket type", house.name, type_.code),
            theater_id=demo_id("theater", house.name),
            position=position,
            **asdict(type_),
        )
        for house in new
        for position, type_ in enumerate(types_of(house), 1)
    )
    PriceList.objects.bulk_create(
        PriceList(
            id=_price_list_id(house),
            theater_id=demo_id("theater", house.name),
            name="Everyday",
            **msgspec.to_builtins(list_of(house)),
        )
        for house in new
    )
    return len(new)


def _add_screens() -> int:
    known = set(Screen.objects.values_list("id", flat=True))
    screens: list[Screen] = []
    seats: list[Seat] = []
    for house in HOUSES:
        for hall in house.halls:
            screen_id = _screen_id(house, hall)
            if screen_id in known:
                continue
            places = places_of(hall)
            screens.append(
                Screen(
                    id=screen_id,
                    theater_id=demo_id("theater", house.name),
                    name=hall.name,
                    **summary_of(places),
                )
            )
            seats += [
                Seat(id=demo_id("seat", screen_id, place.name), screen_id=screen_id, **columns_of(place))
                for place in places
            ]
    Screen.objects.bulk_create(screens)
    Seat.objects.bulk_create(seats, batch_size=1000)
    added = Screen.objects.filter(id__in=[screen.id for screen in screens]).prefetch_related("seats")
    emit_all([(ScreenUpdated.of(screen), screen.id) for screen in added])
    return len(screens)


def _add_showtimes() -> int:
    """Only on screens that still have the demo's name and prices in its currency, by lists that are still there."""
    movies = Movie.objects.in_bulk([demo_id("movie", film.title) for film in FILMS])
    screens = (
        Screen.objects.select_related("theater")
        .prefetch_related("theater__ticket_types")
        .in_bulk([_screen_id(house, hall) for house in HOUSES for hall in house.halls])
    )
    lists = PriceList.objects.in_bulk([_price_list_id(house) for house in HOUSES])
    programme: list[tuple[Showtime, dict[str, int]]] = []
    for house in HOUSES:
        today = datetime.now(ZoneInfo(house.time_zone)).date()
        price_list = lists.get(_price_list_id(house))
        own = {} if price_list else house.prices.adult
        for hall in house.halls:
            screen = screens.get(_screen_id(house, hall))
            if screen is None or screen.theater.currency != house.currency:
                continue
            for day in (today + timedelta(days=n) for n in range(DAYS)):
                out = [film for film in FILMS if _is_out(movies.get(demo_id("movie", film.title)), day)]
                programme += [
                    (
                        Showtime(
                            id=show.id,
                            movie=movies[demo_id("movie", show.film.title)],
                            theater=screen.theater,
                            screen=screen,
                            starts_at=show.starts_at,
                            currency=house.currency,
                            price_list=price_list,
                            **asdict(show.showing),
                        ),
                        own,
                    )
                    for show in shows(house, hall, day, out)
                    if show.starts_at > timezone.now() + NOT_SOONER_THAN
                ]
    return len(add_showtimes(programme))


def _is_out(movie: Movie | None, day: date) -> bool:
    return movie is not None and movie.release_date <= day


def _price_list_id(house: House) -> UUID:
    return demo_id("price list", house.name)


def _screen_id(house: House, hall: Hall) -> UUID:
    return demo_id("screen", house.name, hall.name)
