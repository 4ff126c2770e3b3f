"""Catalog's screens and showtimes, as booking keeps them. Revisions make the order of arrival irrelevant."""

from dataclasses import asdict
from typing import Any, TypeVar

import msgspec
from django.db import connection, transaction
from django.db.models.functions import Now
from psycopg.types.json import Jsonb

from bookings.heard import ScreenUpdated, ShowtimeCancelled, ShowtimeScheduled
from bookings.models import Showtime, ShowtimeMove
from chassis.messaging.events import MalformedEvent

T = TypeVar("T")


SCREEN = """
INSERT INTO screens (id, theater_id, name, rows, columns, revision, seats)
VALUES (%(screen_id)s, %(theater_id)s, %(name)s, %(rows)s, %(columns)s, %(revision)s, %(seats)s)
ON CONFLICT (id) DO UPDATE
SET theater_id = EXCLUDED.theater_id, name = EXCLUDED.name, rows = EXCLUDED.rows, columns = EXCLUDED.columns,
    revision = EXCLUDED.revision, seats = EXCLUDED.seats
WHERE screens.revision < EXCLUDED.revision
"""
SHOWTIME = """
INSERT INTO showtimes AS known (id, revision, screen_id, screen_name, movie_id, movie_title, theater_id, theater_name,
    time_zone, starts_at, ends_at, format, language, currency, prices, rules, status)
VALUES (%(id)s, %(revision)s, %(screen_id)s, %(screen_name)s, %(movie_id)s, %(movie_title)s, %(theater_id)s,
    %(theater_name)s, %(time_zone)s, %(starts_at)s, %(ends_at)s, %(format)s, %(language)s, %(currency)s, %(prices)s,
    %(rules)s, %(status)s)
ON CONFLICT (id) DO UPDATE
SET revision = EXCLUDED.revision, screen_id = EXCLUDED.screen_id, screen_name = EXCLUDED.screen_name,
    movie_id = EXCLUDED.movie_id, movie_title = EXCLUDED.movie_title, theater_id = EXCLUDED.theater_id,
    theater_name = EXCLUDED.theater_name, time_zone = EXCLUDED.time_zone, starts_at = EXCLUDED.starts_at,
    ends_at = EXCLUDED.ends_at, format = EXCLUDED.format, language = EXCLUDED.language,
    currency = EXCLUDED.currency, prices = EXCLUDED.prices, rules = EXCLUDED.rules, status = EXCLUDED.status
WHERE known.revision < EXCLUDED.revision
"""
# A showtime that is not known yet is kept as a tombstone, so that its scheduling comes too late.
CANCELLATION = """
INSERT INTO showtimes AS known (id, revision, screen_id, screen_name, movie_id, movie_title, theater_id, theater_name,
    time_zone, starts_at, ends_at, format, language, currency, prices, rules, status)
VALUES (%(id)s, %(revision)s, %(id)s, '', %(id)s, '', %(id)s, '', '', now(), now(), '', '', '', '{}', '{}', 'cancelled')
ON CONFLICT (id) DO UPDATE SET status = 'cancelled', revision = EXCLUDED.revision
WHERE known.revision < EXCLUDED.revision
"""


def project_screen(screen: ScreenUpdated) -> bool:
    """Keeps the layout unless a newer one is known; True when it was news."""
    return _changed(SCREEN, {**asdict(screen), "seats": Jsonb(screen.seats)})


def project_showtime(showtime: ShowtimeScheduled) -> bool:
    """Keeps the showtime unless something newer is known; True when it was news.

    Another start or screen is a move, and kept as one: its bookings are told of it, and may be cancelled for nothing.
    """
    values = {
        "id": showtime.showtime_id,
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
        "prices": Jsonb(showtime.prices),
        "rules": Jsonb(showtime.rules or {}),
        "status": Showtime.Status(showtime.status),
    }
    with transaction.atomic():
        # Locked, so that what the move is away from is what the statement overwrites.
        known = Showtime.objects.select_for_update(no_key=True).filter(id=showtime.showtime_id).first()
        if not _changed(SHOWTIME, values):
            return False
        if known is not None and (known.starts_at, known.screen_id) != (showtime.starts_at, showtime.screen.id):
            ShowtimeMove.objects.create(
                showtime=known,
                revision=showtime.revision,
                starts_at=known.starts_at,
                screen_name=known.screen_name,
                moved_at=Now(),
            )
    return True


def project_cancellation(showtime: ShowtimeCancelled) -> bool:
    """Takes the showtime off sale; True when it was news."""
    return _changed(CANCELLATION, {"id": showtime.showtime_id, "revision": showtime.revision})


def _changed(statement: str, values: dict[str, Any]) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return bool(cursor.rowcount == 1)


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
