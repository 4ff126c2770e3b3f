"""Rows as they stand in the database, without the events that services would write beside them."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from catalog.domain import ShowtimeStatus, slot
from catalog.layouts import Place, read_plan
from catalog.models import Movie, MovieSlug, Screen, Seat, Showtime, ShowtimePrice, Theater
from catalog.naming import write_words
from catalog.pricing import price, write_prices
from catalog.services import columns_of, summary_of
from catalog.tariff_models import PriceList, TicketType
from chassis.ids import uuid7

# 14 seats; the aisle between the second and the third, and a walkway before the last row.
PLAN = """
A  wk.ss
B  ss.ss

C  pp.cccc
"""
PRICES = {"standard": 90_000, "premium": 120_000, "couple": 140_000, "accessible": 80_000, "companion": 80_000}
FOR_CHILDREN = {category: amount - 30_000 for category, amount in PRICES.items()}
FEES: list[dict[str, Any]] = [
    {"code": "glasses", "name": "3D glasses", "per": "ticket", "amount": 20_000, "formats": ["3D"]},
    {"code": "booking", "name": "Booking fee", "per": "booking", "amount": 5_000, "formats": []},
]
RULES: list[dict[str, Any]] = [
    {"name": name, "amount": amount, "percent": percent, "holiday": None, "from_time": "", "until_time": ""}
    | {"weekdays": [], "formats": formats, "ticket_types": [], "categories": []}
    for name, amount, percent, formats in (("3D", None, 20, ["3D"]), ("Loge", 5_000, None, []))
]
SELLER = {
    "seller_name": "Marquee Bến Thành Co. Ltd",
    "seller_address": "1 Lê Lợi, Hồ Chí Minh",
    "tax_number": "0312345678",
    "ticket_tax": 500,
    "fee_tax": 1_000,
}


def places() -> list[Place]:
    return read_plan(PLAN)


def next_week(hour: int = 19, *, days: int = 7) -> Any:
    """A time of a day to come, UTC."""
    return (timezone.now() + timedelta(days=days)).replace(hour=hour, minute=0, second=0, microsecond=0)


def next_jump(month: int) -> datetime:
    """The last Sunday of the next March or October, when the clocks of Berlin jump."""
    now = next_week(0)
    year = now.year + (now.month >= month)
    day = datetime(year, month, 31)  # noqa: DTZ001  (what a clock shows)
    return day - timedelta(days=(day.weekday() + 1) % 7)


class MovieFactory(DjangoModelFactory):
    class Meta:
        model = Movie

    title = factory.Sequence(lambda n: f"Film {n}")
    slug = factory.Sequence(lambda n: f"film-{n}")
    synopsis = "Somebody wants something and does not get it."
    duration_minutes = 118
    rating = "T13"
    genres = ["drama"]
    languages = ["vi", "en"]
    release_date = date(2026, 1, 2)

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> Movie:
        movie: Movie = model_class.objects.create(**kwargs)
        MovieSlug.objects.create(slug=movie.slug, movie=movie)
        write_words(movie)
        return movie


# Where a test wants whatever is made to be of one theater: its id.
OF_ONE: list[UUID] = []


class TheaterFactory(DjangoModelFactory):
    class Meta:
        model = Theater
        django_get_or_create = ["id"]

    id = factory.LazyFunction(lambda: OF_ONE[0] if OF_ONE else uuid7())
    name = factory.Sequence(lambda n: f"Theater {n}")
    city = "Ho Chi Minh City"
    address = "1 Lê Lợi"
    time_zone = "Asia/Ho_Chi_Minh"
    currency = "VND"


class TicketTypeFactory(DjangoModelFactory):
    class Meta:
        model = TicketType

    theater = factory.SubFactory(TheaterFactory)
    code = factory.Sequence(lambda n: f"type-{n}")
    name = factory.LazyAttribute(lambda made: made.code.capitalize())
    position = factory.Sequence(lambda n: n)


class PriceListFactory(DjangoModelFactory):
    """Of a theater that sells to adults, and to children for 30,000 less."""

    class Meta:
        model = PriceList

    theater = factory.SubFactory(TheaterFactory)
    name = factory.Sequence(lambda n: f"List {n}")
    prices = factory.LazyFunction(lambda: {"adult": PRICES, "child": FOR_CHILDREN})
    fees = factory.LazyFunction(lambda: FEES)
    early = factory.LazyFunction(lambda: [{"days_before": 7, "percent": 10}])

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> PriceList:
        with_types(kwargs["theater"])
        made: PriceList = model_class.objects.create(**kwargs)
        return made


def with_types(theater: Theater) -> None:
    if not theater.ticket_types.exists():
        TicketTypeFactory(theater=theater, code="adult", default=True, position=1)
        TicketTypeFactory(
            theater=theater,
            code="child",
            hint="up to 12 years",
            hints={"vi": "đến 12 tuổi"},
            accompanied=True,
            position=2,
        )


def follow(showtime: Showtime, price_list: PriceList) -> None:
    """Without a word to anybody."""
    showtime.price_list = price_list
    amounts = price(showtime, None)
    showtime.save()
    write_prices([showtime], {showtime.id: amounts})


class ScreenFactory(DjangoModelFactory):
    class Meta:
        model = Screen

    theater = factory.SubFactory(TheaterFactory)
    name = factory.Sequence(lambda n: f"Hall {n}")

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> Screen:
        drawn = kwargs.pop("places", None) or places()
        screen = model_class.objects.create(**kwargs, **summary_of(drawn))
        Seat.objects.bulk_create(Seat(screen=screen, **columns_of(place)) for place in drawn)
        return screen


class ShowtimeFactory(DjangoModelFactory):
    class Meta:
        model = Showtime

    movie = factory.SubFactory(MovieFactory)
    screen = factory.SubFactory(ScreenFactory)
    starts_at = factory.LazyFunction(next_week)
    format = "2D"
    language = "vi"
    status = ShowtimeStatus.SCHEDULED.value

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> Showtime:
        prices = kwargs.pop("prices", PRICES)
        theater = kwargs["screen"].theater
        time = slot(
            starts_at=kwargs["starts_at"],
            duration_minutes=kwargs["movie"].duration_minutes,
            cleaning_minutes=theater.cleaning_minutes,
        )
        showtime = model_class.objects.create(
            theater=theater,
            currency=theater.currency,
            ends_at=time.ends_at,
            screen_free_at=time.screen_free_at,
            **kwargs,
        )
        ShowtimePrice.objects.bulk_create(
            ShowtimePrice(showtime=showtime, category=category, amount=amount, currency=theater.currency)
            for category, amount in prices.items()
        )
        return showtime
