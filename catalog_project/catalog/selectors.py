"""Reads. What they return is complete for its serializer: no query is left for the rendering."""

import datetime as dt
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Prefetch, Q, QuerySet
from django.utils import timezone

from catalog import domain
from catalog.cache import occupied_seats
from catalog.clocks import midnight
from catalog.distances import box_around, kilometres
from catalog.domain import ShowtimeStatus
from catalog.errors import (
    PriceListNotFound,
    ScreenNotFound,
    ShowtimeNotFound,
    TheaterNotFound,
    TicketTypeNotFound,
)
from catalog.models import Movie, Screen, Showtime, Theater
from catalog.occupancy import count_occupied
from catalog.tariff_models import PriceList, TicketType

# Theaters that are looked at one by one, and those that an answer tells of.
IN_A_BOX = 1000
NEAREST = 100


RULES = ("cancellation_cutoff_minutes", "cancellation_fee_percent", "orphan_seat_rule", "accessible_places")
# Of what showtimes are complete with: a film, a theater and a screen are little more than a name on a list.
_LISTED_OF = {
    "movie": (Movie, {"id", "title"}),
    "theater": (Theater, {"id", "name", "time_zone", *RULES}),
    "screen": (Screen, {"id", "name", "seat_count", "categories"}),
}
_NOT_LISTED = [
    *("tariff", "type_prices", "cancellation_reason", "screen_free_at", "created_at", "updated_at"),
    *(
        f"{name}__{column.name}"
        for name, (model, listed) in _LISTED_OF.items()
        for column in model._meta.concrete_fields
        if column.name not in listed
    ),
]


@dataclass(frozen=True, slots=True)
class Point:
    """Degrees; radius in kilometres."""

    latitude: float
    longitude: float
    radius: float


def list_theaters(*, city: str | None = None) -> QuerySet[Theater]:
    theaters = Theater.objects.all()
    return theaters if city is None else theaters.filter(city__iexact=city)


def theaters_near(point: Point, *, city: str | None = None) -> list[Theater]:
    """Those within the distance, the nearest first, NEAREST at most; each with its `distance` in kilometres."""
    box = box_around(point.latitude, point.longitude, point.radius)
    east, west = Q(longitude__gte=box.west), Q(longitude__lte=box.east)
    within = Q(latitude__range=(box.south, box.north)) & (east & west if box.west <= box.east else east | west)
    near: list[Any] = list(list_theaters(city=city).filter(within).order_by("id")[:IN_A_BOX])
    for theater in near:
        theater.distance = kilometres(point.latitude, point.longitude, theater.latitude, theater.longitude)
    found = [theater for theater in near if theater.distance <= point.radius]
    return sorted(found, key=lambda theater: (theater.distance, theater.id))[:NEAREST]


def get_theater(theater_id: UUID) -> Theater:
    """With its screens. Raises TheaterNotFound."""
    theater = Theater.objects.prefetch_related("screens").filter(id=theater_id).first()
    if theater is None:
        raise TheaterNotFound
    return theater


def list_ticket_types(*, theater_id: UUID) -> QuerySet[TicketType]:
    """Raises TheaterNotFound."""
    if not Theater.objects.filter(id=theater_id).exists():
        raise TheaterNotFound
    return TicketType.objects.filter(theater_id=theater_id)


def get_ticket_type(theater_id: UUID, ticket_type_id: UUID) -> TicketType:
    """Raises TicketTypeNotFound."""
    found = TicketType.objects.filter(theater_id=theater_id, id=ticket_type_id).first()
    if found is None:
        raise TicketTypeNotFound
    return found


def list_price_lists(*, theater_id: UUID) -> QuerySet[PriceList]:
    """With their theater. Raises TheaterNotFound."""
    if not Theater.objects.filter(id=theater_id).exists():
        raise TheaterNotFound
    return PriceList.objects.filter(theater_id=theater_id).select_related("theater")


def get_price_list(theater_id: UUID, price_list_id: UUID) -> PriceList:
    """With its theater. Raises PriceListNotFound."""
    found = PriceList.objects.filter(theater_id=theater_id, id=price_list_id).select_related("theater").first()
    if found is None:
        raise PriceListNotFound
    return found


def in_city(city: str) -> list[UUID]:
    """Of the theaters there, at most as many as no city has."""
    return list(list_theaters(city=city).order_by("city", "name", "id").values_list("id", flat=True)[:IN_A_BOX])


def list_screens(*, theater_id: UUID) -> QuerySet[Screen]:
    """Raises TheaterNotFound."""
    if not Theater.objects.filter(id=theater_id).exists():
        raise TheaterNotFound
    return Screen.objects.filter(theater_id=theater_id)


def get_screen(screen_id: UUID) -> Screen:
    """With its seats. Raises ScreenNotFound."""
    screen = Screen.objects.prefetch_related("seats").filter(id=screen_id).first()
    if screen is None:
        raise ScreenNotFound
    return screen


def list_showtimes(
    *,
    movie_id: UUID | None = None,
    theater_id: UUID | None = None,
    date: dt.date | None = None,
    format: str | None = None,  # noqa: A002  (the field's name)
    language: str | None = None,
    starts_after: dt.datetime | None = None,
    starts_before: dt.datetime | None = None,
    status: str = ShowtimeStatus.SCHEDULED,
) -> QuerySet[Showtime]:
    """date: a day in each theater's own zone. Showtimes that have started are left out unless starts_after asks."""
    showtimes = _complete().filter(status=status).defer(*_NOT_LISTED)
    showtimes = showtimes.filter(starts_at__gt=timezone.now() if starts_after is None else starts_after)
    if starts_before is not None:
        showtimes = showtimes.filter(starts_at__lt=starts_before)
    exact = {"movie_id": movie_id, "theater_id": theater_id, "format": format, "language": language}
    showtimes = showtimes.filter(**{name: value for name, value in exact.items() if value is not None})
    if date is not None:
        showtimes = showtimes.filter(on_day(date))
    return showtimes


def on_day(date: dt.date) -> Q:
    """That day by the clocks of each theater."""
    return within(lambda zone: (midnight(date, zone), midnight(date + dt.timedelta(days=1), zone)))


def within(span: Callable[[ZoneInfo], tuple[dt.datetime, dt.datetime]]) -> Q:
    """From when to when it is in each zone that there are theaters in.

    From the first of these moments to the last an index goes; which of it is in which zone is looked at row by row.
    """
    names = Theater.objects.order_by().values_list("time_zone", flat=True).distinct()
    spans = {name: span(ZoneInfo(name)) for name in names}
    if not spans:
        return Q(pk__in=[])
    widest = _between(min(first for first, _ in spans.values()), max(behind for _, behind in spans.values()))
    if len(spans) == 1:
        return widest
    by_zone = Q()
    for name, its in spans.items():
        by_zone |= Q(theater__in=Theater.objects.filter(time_zone=name).values("id")) & _between(*its)
    return widest & by_zone


def _between(first: dt.datetime, behind: dt.datetime) -> Q:
    return Q(starts_at__gte=first, starts_at__lt=behind)


def get_showtime(showtime_id: UUID) -> Showtime:
    """One that is or was on sale. Raises ShowtimeNotFound, of a draft too."""
    showtime = _complete().filter(id=showtime_id).exclude(status=ShowtimeStatus.DRAFT).first()
    if showtime is None:
        raise ShowtimeNotFound
    return showtime


def find_draft(showtime_id: UUID) -> Showtime | None:
    return _complete().filter(id=showtime_id, status=ShowtimeStatus.DRAFT).first()


def drafts_of(theater: Theater, *, first: dt.date, last: dt.date, screens: Collection[UUID], most: int) -> list[UUID]:
    """The first of those that begin in these days by the clocks of the theater, on these screens; on all, if none."""
    zone = ZoneInfo(theater.time_zone)
    drafts = Showtime.objects.filter(
        theater=theater,
        status=ShowtimeStatus.DRAFT,
        starts_at__gte=midnight(first, zone),
        starts_at__lt=midnight(last + dt.timedelta(days=1), zone),
    )
    if screens:
        drafts = drafts.filter(screen__in=screens)
    return list(drafts.order_by("starts_at", "id").values_list("id", flat=True)[:most])


def fill_in_seats_left(showtimes: list[dict[str, Any]]) -> None:
    """Sets available_seats of serialised showtimes: it changes with each booking, the rest hardly ever."""
    now = timezone.now()
    ids = [UUID(showtime["id"]) for showtime in showtimes]
    occupied = occupied_seats(ids, count_occupied)
    for id_, showtime in zip(ids, showtimes, strict=True):
        showtime["available_seats"] = domain.available_seats(
            total_seats=showtime["total_seats"],
            occupied=occupied[id_],
            status=ShowtimeStatus(showtime["status"]),
            ends_at=dt.datetime.fromisoformat(showtime["ends_at"]),
            now=now,
        )


def _complete() -> QuerySet[Showtime]:
    return Showtime.objects.select_related("movie", "theater", "screen").prefetch_related(
        Prefetch("prices", to_attr="fetched_prices")
    )
