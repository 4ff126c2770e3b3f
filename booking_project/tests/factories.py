"""Rows to arrange tests with."""

import uuid
from datetime import timedelta
from typing import Any

import factory
from django.utils import timezone

from bookings.models import PromoCode, Promotion, Screen, Showtime
from chassis.codes import digest_of
from chassis.ids import uuid7

PRICES = {"standard": 90000, "premium": 120000, "accessible": 90000, "companion": 90000}
# Crew are sold by staff alone, and in no premium seat.
TARIFF: dict[str, Any] = {
    "ticket_types": [
        {
            "code": "adult",
            "name": "Adult",
            "hint": "",
            "hints": {},
            "online": True,
            "default": True,
            "accompanied": False,
        },
        {
            "code": "child",
            "name": "Child",
            "hint": "up to 12",
            "hints": {"vi": "đến 12"},
            "online": True,
            "default": False,
            "accompanied": True,
        },
        {
            "code": "crew",
            "name": "Crew",
            "hint": "",
            "hints": {},
            "online": False,
            "default": False,
            "accompanied": False,
        },
    ],
    "prices": {
        "adult": {"standard": 90000, "premium": 120000},
        "child": {"standard": 60000, "premium": 90000},
        "crew": {"standard": 0},
    },
    "fees": [
        {"code": "glasses", "name": "3D glasses", "per": "ticket", "amount": 20000},
        {"code": "booking", "name": "Booking fee", "per": "booking", "amount": 5000},
    ],
    "early": [],
    "tax": {"included": True, "ticket": 500, "fee": 1000},
    "seller": {"name": "Marquee Bến Thành Co. Ltd", "address": "1 Lê Lợi, Hồ Chí Minh", "tax_number": "0312345678"},
}


def layout(rows: int = 5, columns: int = 8, *, aisle_after: int | None = None) -> list[dict[str, Any]]:
    """Seats A1.. in a rectangle; an aisle is a gap in x. The last row is premium."""
    seats = []
    for y in range(1, rows + 1):
        for number in range(1, columns + 1):
            gap = 1 if aisle_after is not None and number > aisle_after else 0
            seats.append(
                {
                    "id": str(uuid.uuid4()),
                    "row": chr(64 + y),
                    "number": number,
                    "x": number + gap,
                    "y": y,
                    "category": "premium" if y == rows else "standard",
                    "accessible": False,
                }
            )
    return seats


class ScreenFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Screen

    id = factory.LazyFunction(uuid7)
    theater_id = factory.LazyFunction(uuid7)
    name = "Hall 1"
    rows = 5
    columns = 8
    revision = 1
    seats = factory.LazyAttribute(lambda screen: layout(screen.rows, screen.columns))


class ShowtimeFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Showtime
        exclude = ["screen"]

    screen = factory.SubFactory(ScreenFactory)
    id = factory.LazyFunction(uuid7)
    revision = 1
    screen_id = factory.LazyAttribute(lambda showtime: showtime.screen.id)
    screen_name = "Hall 1"
    movie_id = factory.LazyFunction(uuid7)
    movie_title = "The Lantern Keeper"
    theater_id = factory.LazyAttribute(lambda showtime: showtime.screen.theater_id)
    theater_name = "Marquee Bến Thành"
    time_zone = "Asia/Ho_Chi_Minh"
    starts_at = factory.LazyFunction(lambda: timezone.now() + timedelta(days=2))
    ends_at = factory.LazyAttribute(lambda showtime: showtime.starts_at + timedelta(hours=2))
    format = "2D"
    language = "vi"
    currency = "VND"
    prices = PRICES
    rules = factory.LazyFunction(dict)


class PromotionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Promotion

    name = "Quiet evenings"
    label = "Quiet evening"
    off = "percent"
    value = 10


class PromoCodeFactory(factory.django.DjangoModelFactory):
    """PromoCodeFactory(word="QUIET", most_uses=2, promotion__value=50)"""

    class Meta:
        model = PromoCode

    promotion = factory.SubFactory(PromotionFactory)
    word = "QUIET"
    digest = factory.LazyAttribute(lambda code: digest_of(code.word))
    last4 = factory.LazyAttribute(lambda code: code.word[-4:])


def seat_ids(showtime: Showtime) -> list[uuid.UUID]:
    """The seats of its screen, in the order of the layout."""
    return [uuid.UUID(seat["id"]) for seat in Screen.objects.get(id=showtime.screen_id).seats]
