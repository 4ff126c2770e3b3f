"""The plan board as its tests ask it: addresses, and what its form and its script send."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from catalog.domain import OccupancyState
from catalog.models import Showtime, ShowtimeOccupancy, Theater
from chassis.ids import uuid7
from chassis.testing_staff import enter

BERLIN = ZoneInfo("Europe/Berlin")
HANOI = ZoneInfo("Asia/Ho_Chi_Minh")


def signed_in(role: str) -> Client:
    client = Client()
    enter(client, role)
    return client


def at(clock: str, *, days: int = 7) -> datetime:
    """A time of a day to come by the clocks of Hanoi."""
    day = (timezone.now().astimezone(HANOI) + timedelta(days=days)).date()
    return datetime.combine(day, datetime.strptime(clock, "%H:%M").time(), HANOI).astimezone(UTC)  # noqa: DTZ007


def shown(theater: Theater, day: datetime, /, *, name: str = "board", **more: Any) -> str:
    asked = {"theater": theater.pk, "day": f"{day.astimezone(ZoneInfo(theater.time_zone)):%Y-%m-%d}", "days": 1, **more}
    return f"{reverse(name)}?{urlencode(asked)}"


def read(answer: Any) -> str:
    assert answer.status_code == 200
    return str(answer.content.decode())


def sold(showtime: Showtime, seats: int = 2) -> None:
    ShowtimeOccupancy.objects.create(
        booking_id=uuid7(), showtime_id=showtime.id, seats=seats, state=OccupancyState.SOLD, updated_at=timezone.now()
    )


def dropped(showtime: Showtime, to: datetime, **fields: Any) -> dict[str, Any]:
    """What the script sends where a showtime is let go."""
    local = to.astimezone(ZoneInfo(showtime.theater.time_zone))
    return {
        "do": "move",
        "showtime": showtime.pk,
        "revision": showtime.revision,
        "screen": showtime.screen_id,
        "day": f"{local:%Y-%m-%d}",
        "minute": local.hour * 60 + local.minute,
        **fields,
    }


def typed(showtime: Showtime, to: datetime, **fields: Any) -> dict[str, Any]:
    """What somebody fills in."""
    local = to.astimezone(ZoneInfo(showtime.theater.time_zone))
    return {**dropped(showtime, to), "minute": "", "time": f"{local:%H:%M}", **fields}
