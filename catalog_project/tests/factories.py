"""Rows as they stand in the database, without the events that services would write beside them."""

from datetime import date, datetime, timedelta
from typing import Any

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from catalog.domain import ShowtimeStatus, slot
from catalog.layouts import Place, read_plan
from catalog.models import Movie, Screen, Seat, Showtime, ShowtimePrice, Theater
from catalog.services import columns_of, summary_of

# 14 seats; the aisle between the second and the third, and a walkway before the last row.
PLAN = """
A  wk.ss
B  ss.ss

C  pp.cccc
"""
PRICES = {"standard": 90_000, "premium": 120_000, "couple": 140_000, "accessible": 80_000, "companion": 80_000}


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
    synopsis = "Somebody wants something and does not get it."
    duration_minutes = 118
    rating = "T13"
    genres = ["drama"]
    languages = ["vi", "en"]
    release_date = date(2026, 1, 2)


class TheaterFactory(DjangoModelFactory):
    class Meta:
        model = Theater

    name = factory.Sequence(lambda n: f"Theater {n}")
    city = "Ho Chi Minh City"
    address = "1 Lê Lợi"
    time_zone = "Asia/Ho_Chi_Minh"
    currency = "VND"


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
