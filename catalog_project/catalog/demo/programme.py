"""Which film runs where and when: the same answer for the same day, however often it is asked."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import NAMESPACE_URL, UUID, uuid5
from zoneinfo import ZoneInfo

from catalog.demo.movies import Film
from catalog.demo.theaters import Hall, House
from catalog.models import Showing

NAMESPACE = uuid5(NAMESPACE_URL, "https://marquee.example/demo")
DAYS = 14
FIRST_START = time(11, 30)
SHOWS_A_DAY = 4
SHOW_EVERY = timedelta(minutes=170)  # the longest film and the cleaning after it fit
HALL_OFFSET = timedelta(minutes=10)  # not everybody comes to the foyer at once
# Numbers without a common factor with the number of films: every hall shows every film in its turn.
_NEXT_HALL, _NEXT_SHOW = 5, 3


def demo_id(*names: object) -> UUID:
    return uuid5(NAMESPACE, "/".join(str(name) for name in names))


@dataclass(frozen=True, slots=True)
class Show:
    id: UUID
    film: Film
    starts_at: datetime
    showing: Showing


def shows(house: House, hall: Hall, day: date, films: list[Film]) -> Iterator[Show]:
    """The shows of one hall on one day; films are those that are out by then."""
    zone = ZoneInfo(house.time_zone)
    hall_index = house.halls.index(hall)
    first = datetime.combine(day, FIRST_START) + hall_index * HALL_OFFSET
    for show in range(SHOWS_A_DAY):
        film = films[(day.toordinal() // 3 + hall_index * _NEXT_HALL + show * _NEXT_SHOW) % len(films)]
        format_ = next((f for f in reversed(hall.formats) if f in film.formats), "2D")
        yield Show(
            id=demo_id("showtime", house.name, hall.name, day, show),
            film=film,
            starts_at=(first + show * SHOW_EVERY).replace(tzinfo=zone),
            showing=Showing(
                format=format_,
                language=house.language if house.language in film.languages else film.languages[0],
            ),
        )
