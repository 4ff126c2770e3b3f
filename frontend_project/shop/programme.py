"""What is on: a cinema's day as films with their times, from what catalog tells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from django.core.cache import cache

from shop.services import Shopper, together, unless_away

DAYS = 7
# A page of catalog's lists, which is more than a cinema shows on a day.
MOST = 100
THEATERS_SECONDS = 60
# Fewer free seats than this of a hundred are few.
FEW_PERCENT = 15


@dataclass(frozen=True)
class Film:
    """A film and its times of the day that is looked at. told: what catalog tells of it, or its title alone."""

    told: Mapping[str, Any]
    showtimes: list[Mapping[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Day:
    """What one cinema shows on one of its own days."""

    theater: Mapping[str, Any]
    day: date
    days: Sequence[date]
    films: Sequence[Film]
    coming: Sequence[Mapping[str, Any]] = ()


def theaters(shopper: Shopper) -> list[Mapping[str, Any]]:
    """All cinemas, as they were a minute ago at most."""
    kept = cache.get("theaters")
    if kept is None:
        kept = shopper.get("catalog", "/theaters", page_size=MOST)["results"]
        cache.set("theaters", kept, THEATERS_SECONDS)
    return list(kept)


def days_of(zone: str, *, now: datetime | None = None) -> list[date]:
    """The next seven days by the cinema's clock, today first."""
    today = (now or datetime.now(UTC)).astimezone(ZoneInfo(zone)).date()
    return [today + timedelta(days=number) for number in range(DAYS)]


def day_at(shopper: Shopper, theater: Mapping[str, Any], wanted: str) -> Day:
    """What the cinema shows on that day (ISO); where it is none of the seven, on the first with something left."""
    days = days_of(theater["time_zone"])
    chosen = next((day for day in days if day.isoformat() == wanted), None)
    found = _day(shopper, theater, days, chosen or days[0])
    if chosen is not None or found.films:
        return found
    coming = [day for day, _ in by_day(_next(shopper, theater_id=theater["id"]), theater) if day in days]
    return _day(shopper, theater, days, coming[0]) if coming else found


def _day(shopper: Shopper, theater: Mapping[str, Any], days: Sequence[date], chosen: date) -> Day:
    showtimes, films, coming = together(
        partial(shopper.get, "catalog", "/showtimes", theater_id=theater["id"], date=chosen, page_size=MOST),
        unless_away(
            partial(shopper.get, "catalog", "/movies", date=chosen, city=theater["city"], page_size=MOST),
            {"results": []},
        ),
        unless_away(partial(shopper.get, "catalog", "/movies", coming_soon="true", page_size=6), {"results": []}),
    )
    told = {film["id"]: film for film in films["results"]}
    return Day(theater, chosen, days, _by_film(showtimes["results"], told), coming["results"])


def _by_film(showtimes: Sequence[Mapping[str, Any]], told: Mapping[str, Mapping[str, Any]]) -> list[Film]:
    films: dict[str, Film] = {}
    for showtime in showtimes:
        if not is_to_come(showtime):
            continue
        movie = showtime["movie"]
        film = films.setdefault(movie["id"], Film(told.get(movie["id"], movie)))
        film.showtimes.append({**showtime, "left": left(showtime)})
    return list(films.values())


def is_to_come(showtime: Mapping[str, Any]) -> bool:
    return showtime["status"] == "scheduled" and datetime.fromisoformat(showtime["starts_at"]) > datetime.now(UTC)


def left(showtime: Mapping[str, Any]) -> str:
    """ "none", "few" or "many"."""
    if not showtime["available_seats"]:
        return "none"
    few = showtime["available_seats"] * 100 < showtime["total_seats"] * FEW_PERCENT
    return "few" if few else "many"


def _next(shopper: Shopper, **of: str) -> list[Mapping[str, Any]]:
    """The next showtimes of a cinema, or of a film, the first first. of: what else is asked of them."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    page: Mapping[str, Any] = shopper.get("catalog", "/showtimes", **of, starts_after=now, page_size=MOST)
    return list(page["results"])


def cinemas_of_film(
    shopper: Shopper, film: Mapping[str, Any], theaters: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """Those of the theaters that show it next, in their order."""
    showing = {showtime["theater"]["id"] for showtime in _next(shopper, movie_id=film["id"]) if is_to_come(showtime)}
    return [theater for theater in theaters if theater["id"] in showing]


def film_at(shopper: Shopper, slug: str) -> Mapping[str, Any]:
    """A film by its name in addresses. Raises Refused for none."""
    found: Mapping[str, Any] = shopper.get("catalog", f"/movies/by-slug/{slug}")
    return found


def showtimes_of_film(
    shopper: Shopper, film: Mapping[str, Any], theater: Mapping[str, Any]
) -> list[tuple[date, list[Mapping[str, Any]]]]:
    """The film's times in that cinema within the seven days, by day."""
    days = days_of(theater["time_zone"])
    zone = ZoneInfo(theater["time_zone"])
    end = datetime.combine(days[-1] + timedelta(days=1), datetime.min.time(), zone)
    until = end.isoformat(timespec="seconds")
    found = _next(shopper, movie_id=film["id"], theater_id=theater["id"], starts_before=until)
    return by_day(found, theater)


def by_day(
    showtimes: Sequence[Mapping[str, Any]], theater: Mapping[str, Any]
) -> list[tuple[date, list[Mapping[str, Any]]]]:
    """Those of the theater's showtimes that are to come, by its own days."""
    zone = ZoneInfo(theater["time_zone"])
    days: dict[date, list[Mapping[str, Any]]] = {}
    for showtime in showtimes:
        if is_to_come(showtime):
            local = datetime.fromisoformat(showtime["starts_at"]).astimezone(zone).date()
            days.setdefault(local, []).append({**showtime, "left": left(showtime)})
    return sorted(days.items())
