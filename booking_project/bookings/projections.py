"""Catalog's screens and showtimes and auth's customers, as booking keeps them.

Revisions, and the times of events, make the order of arrival irrelevant.
"""

from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from django.db import connection, models, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone
from psycopg.types.json import Jsonb

from bookings import seat_news
from bookings.forgetting import remember_seats
from bookings.heard import GuestClaimed, ScreenUpdated, ShowtimeCancelled, ShowtimeScheduled, UserKnown
from bookings.models import Showtime, ShowtimeMove
from bookings.terms import Terms, differences, terms_of_sale
from chassis.messaging.events import MalformedEvent
from chassis.storage import address_changes, guest_claims
from chassis.storage.database import as_jsonb

T = TypeVar("T")


SCREEN = """
INSERT INTO screens (id, theater_id, name, rows, columns, revision, seats)
VALUES (%(screen_id)s, %(theater_id)s, %(name)s, %(rows)s, %(columns)s, %(revision)s, %(seats)s)
ON CONFLICT (id) DO UPDATE
SET theater_id = EXCLUDED.theater_id, name = EXCLUDED.name, rows = EXCLUDED.rows, columns = EXCLUDED.columns,
    revision = EXCLUDED.revision, seats = EXCLUDED.seats
WHERE screens.revision < EXCLUDED.revision
"""
CUSTOMER = """
INSERT INTO customers (user_id, email, as_of) VALUES (%(user_id)s, %(email)s, %(as_of)s)
ON CONFLICT (user_id) DO UPDATE SET email = EXCLUDED.email, as_of = EXCLUDED.as_of
WHERE customers.as_of < EXCLUDED.as_of
"""
# The statements have the columns that the model has, so that a new field is named there alone.
_OUR_OWN = {"blocked_revision", "swept_at", "settled_at", "seats_forgotten_at", "screen_since", "reseat_due"}
COLUMNS = {field.attname: field for field in Showtime._meta.concrete_fields if field.attname not in _OUR_OWN}
_INSERT = (
    f"INSERT INTO showtimes AS known ({', '.join(COLUMNS)})"  # noqa: S608  (names of columns, from the model)
    f" VALUES ({', '.join(f'%({name})s' for name in COLUMNS)}) ON CONFLICT (id) DO UPDATE SET"
)
# Whatever was settled, news begin anew: a cancellation is looked after once more.
_NEWER = ", swept_at = NULL, settled_at = NULL WHERE known.revision < EXCLUDED.revision"
# In the order of their keys, each once: ON CONFLICT touches no row twice.
SHOWTIMES = (
    f"INSERT INTO showtimes AS known ({', '.join(COLUMNS)}) SELECT {', '.join(COLUMNS)}"  # noqa: S608  (as above)
    " FROM jsonb_populate_recordset(NULL::showtimes, %s) ORDER BY id ON CONFLICT (id) DO UPDATE SET"
    f" {', '.join(f'{name} = EXCLUDED.{name}' for name in COLUMNS if name != 'id')}{_NEWER} RETURNING id"
)
_OF_CANCELLATION = ["status", "revision", "cancellation_message"]
CANCELLATION = f"{_INSERT} {', '.join(f'{name} = EXCLUDED.{name}' for name in _OF_CANCELLATION)}{_NEWER}"
# What the event tells under the name of the column.
_AS_TOLD = [field.name for field in fields(ShowtimeScheduled) if field.name in COLUMNS]


def project_screen(screen: ScreenUpdated) -> bool:
    """Keeps the layout unless a newer one is known; True when it was news."""
    return _changed(SCREEN, {**asdict(screen), "seats": Jsonb(screen.seats)})


def project_customer(customer: UserKnown, *, as_of: datetime) -> bool:
    """Keeps the newest address, True when it was news; and, whichever is told first, all that staff changed of late."""
    address_changes.note(
        user_id=customer.user_id, changed_by=customer.email_changed_by, changed_at=customer.email_changed_at
    )
    return _changed(CUSTOMER, {"user_id": customer.user_id, "email": customer.email, "as_of": as_of})


def claim_guest(claim: GuestClaimed) -> int:
    """Gives the guest's bookings to who has claimed them; how many. What comes later follows by the clock (tasks)."""
    guest_claims.note(guest_id=claim.guest_id, user_id=claim.user_id)
    return guest_claims.follow("bookings", guest_id=claim.guest_id)


def project_showtime(showtime: ShowtimeScheduled) -> bool:
    """project_showtimes() of one; True when it was news."""
    return bool(project_showtimes([showtime]))


def project_showtimes(told: Sequence[ShowtimeScheduled]) -> set[UUID]:
    """Keeps showtimes unless something newer is known, in a few statements; the ids of those that were news.

    What makes one another to those who bought it (terms.differences) is a move, and kept as one: its bookings are told
    of it, and may be cancelled for nothing. Of several news of one that come together only the newest was ever on sale.
    In another screen nothing is sold before everybody has a seat there (screen_moves).
    """
    newest = {showtime.showtime_id: showtime for showtime in sorted(told, key=lambda each: each.revision)}
    values = {id_: _values(showtime) for id_, showtime in newest.items()}
    with transaction.atomic():
        # Locked, so that what the move is away from is what the statement overwrites.
        locked = Showtime.objects.select_for_update(no_key=True).filter(id__in=newest).order_by("id")
        known = {showtime.id: showtime for showtime in locked}
        with connection.cursor() as cursor:
            cursor.execute(SHOWTIMES, [as_jsonb(list(values.values()))])
            news = {id_ for (id_,) in cursor.fetchall()}
        changed = [(known[id_], newest[id_]) for id_ in sorted(news & known.keys())]
        for before, _ in changed:
            if before.seats_forgotten_at is not None:
                remember_seats(before.id)  # the news that it is later came a day late
        moves = [
            _move(terms_of_sale(before), after.revision, after.showtime_id)
            for before, after in changed
            if before.status == Showtime.Status.SCHEDULED
            and differences(terms_of_sale(before), terms_of_sale(Showtime(**values[before.id])))
        ]
        ShowtimeMove.objects.bulk_create(moves)
        elsewhere = [before.id for before, after in changed if before.screen_id != after.screen.id]
        seat_news.tell_when_committed(before.id for before, _ in changed)
        if elsewhere:
            Showtime.objects.filter(id__in=elsewhere).update(screen_since=F("revision"), reseat_due=True)
    return news


def _values(showtime: ShowtimeScheduled) -> dict[str, Any]:
    """What is kept of it, by column."""
    return {
        **{name: getattr(showtime, name) for name in _AS_TOLD},
        "id": showtime.showtime_id,
        "screen_id": showtime.screen.id,
        "screen_name": showtime.screen.name,
        "movie_id": showtime.movie.id,
        "movie_title": showtime.movie.title,
        "theater_id": showtime.theater.id,
        "theater_name": showtime.theater.name,
        "time_zone": showtime.theater.time_zone,
        "rules": showtime.rules or {},
        "status": Showtime.Status(showtime.status),
        "cancellation_message": "",
        "tariff": msgspec.to_builtins(showtime.tariff),
    }


def _move(before: Terms, revision: int, showtime_id: UUID) -> ShowtimeMove:
    return ShowtimeMove(
        showtime_id=showtime_id,
        revision=revision,
        starts_at=before.starts_at,
        screen_name=before.screen,
        terms=msgspec.to_builtins(before),
        moved_at=Now(),
    )


def project_cancellation(showtime: ShowtimeCancelled) -> bool:
    """Takes the showtime off sale; True when it was news.

    One that is not known yet is kept as a tombstone, so that its scheduling comes too late.
    """
    blank = {models.UUIDField: showtime.showtime_id, models.DateTimeField: timezone.now(), models.JSONField: {}}
    values = {
        name: None if field.null else blank.get(type(field), field.get_default()) for name, field in COLUMNS.items()
    }
    known = {
        "revision": showtime.revision,
        "status": Showtime.Status.CANCELLED,
        "cancellation_message": showtime.reason[:300],
    }
    is_news = _changed(CANCELLATION, _prepared(values | known))
    if is_news:
        seat_news.tell_when_committed([showtime.showtime_id])
    return is_news


def _prepared(values: dict[str, Any]) -> dict[str, Any]:
    """Values by column, as psycopg takes them."""
    return {name: COLUMNS[name].get_db_prep_save(value, connection) for name, value in values.items()}


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
