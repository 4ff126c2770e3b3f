"""Catalog's screens and showtimes, as booking keeps them. Revisions make the order of arrival irrelevant."""

from dataclasses import asdict
from typing import Any, TypeVar

import msgspec
from django.db import transaction
from django.utils import timezone

from bookings.events import ScreenUpdated, ShowtimeCancelled, ShowtimeScheduled
from bookings.models import Screen, Showtime
from chassis.events import MalformedEvent

T = TypeVar("T")


def project_screen(screen: ScreenUpdated) -> bool:
    """Keeps the layout unless a newer one is known; True when it was news."""
    fields = asdict(screen)
    screen_id = fields.pop("screen_id")
    _, created = Screen.objects.get_or_create(id=screen_id, defaults=fields)
    return created or bool(Screen.objects.filter(id=screen_id, revision__lt=screen.revision).update(**fields))


def project_showtime(showtime: ShowtimeScheduled) -> bool:
    """Keeps the showtime unless something newer is known; True when it was news.

    A start that changes is marked: tickets bought for the old one are taken back without a fee.
    """
    fields = {
        "revision": showtime.revision,
        "screen_id": showtime.screen.id,
        "screen_name": showtime.screen.name,
        "movie_id": showtime.movie.id,
        "movie_title": showtime.movie.title,
        "theater_id": showtime.theater.id,
        "theater_name": showtime.theater.name,
        "time_zone": showtime.theater.time_zone,
        "starts_at": showtime.starts_at,
        "ends_at": showtime.ends_at,
        "format": showtime.format,
        "language": showtime.language,
        "currency": showtime.currency,
        "prices": showtime.prices,
        "rules": showtime.rules or {},
        "status": Showtime.Status(showtime.status),
    }
    with transaction.atomic():
        known, created = Showtime.objects.select_for_update().get_or_create(id=showtime.showtime_id, defaults=fields)
        if created:
            return True
        if known.revision >= showtime.revision:
            return False
        was_known = known.movie_title != ""
        if was_known and known.starts_at != showtime.starts_at:
            fields["moved_at"] = timezone.now()
        Showtime.objects.filter(id=known.id).update(**fields)
    return True


def project_cancellation(showtime: ShowtimeCancelled) -> bool:
    """Takes the showtime off sale; True when it was news. One that is not known yet is kept as a tombstone."""
    now = timezone.now()
    _, created = Showtime.objects.get_or_create(
        id=showtime.showtime_id,
        defaults={
            "revision": showtime.revision,
            "screen_id": showtime.showtime_id,
            "movie_id": showtime.showtime_id,
            "theater_id": showtime.showtime_id,
            "starts_at": now,
            "ends_at": now,
            "prices": {},
            "status": Showtime.Status.CANCELLED,
        },
    )
    return created or bool(
        Showtime.objects.filter(id=showtime.showtime_id, revision__lt=showtime.revision).update(
            status=Showtime.Status.CANCELLED, revision=showtime.revision
        )
    )


def screen_from_catalog(body: dict[str, Any]) -> ScreenUpdated:
    """From the answer of GET /screens/{id}. Raises MalformedEvent."""
    return _read(body, ScreenUpdated)


def showtime_from_catalog(body: dict[str, Any]) -> ShowtimeScheduled:
    """From the answer of GET /showtimes/{id}. Raises MalformedEvent, KeyError."""
    prices = {category: money["amount"] for category, money in body["prices"].items()}
    currency = body["price_from"]["currency"]
    return _read({**body, "showtime_id": body["id"], "currency": currency, "prices": prices}, ShowtimeScheduled)


def _read(body: dict[str, Any], shape: type[T]) -> T:
    try:
        return msgspec.convert(body, shape)
    except msgspec.ValidationError as exc:
        raise MalformedEvent(str(exc)) from exc
