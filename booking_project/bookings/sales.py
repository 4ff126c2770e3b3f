"""What is for sale: the layout and the prices of a showtime, from catalog's events, or asked of catalog.

A process keeps what it read. That is safe because the revisions are compared again in the statement that takes the
seats (inventory.TAKE): a stale copy sells nothing.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings

from bookings import projections, seating
from bookings.errors import ShowtimeNotFound, ShowtimeUnknown, UnknownSeat
from bookings.models import Screen, Showtime
from bookings.terms import terms_of_sale
from chassis.messaging.events import MalformedEvent
from chassis.storage.http import Client, Unreachable

KEPT = 512


@dataclass(frozen=True, slots=True)
class Seat:
    id: UUID
    row: str
    number: int
    x: int
    y: int
    category: str
    accessible: bool
    price: int


@dataclass(frozen=True, slots=True)
class Sale:
    """One showtime at one revision of it and of its screen; prices in minor units of showtime.currency.

    terms: what its bookings keep of it. halves: the other half of each half of a couple seat.
    """

    showtime: Showtime
    terms: dict[str, Any]
    screen_revision: int
    rows: int
    columns: int
    seats: dict[UUID, Seat]
    halves: dict[UUID, UUID]

    @property
    def leaves_no_single(self) -> bool:
        """The theater's rule against single seats left over."""
        return bool(self.showtime.rules.get("orphan_seat_rule"))

    @property
    def reserved(self) -> Collection[str]:
        """The categories that go by the theater's rule for wheelchair places."""
        anybody = self.showtime.rules.get("accessible_places") == "anybody"
        return frozenset() if anybody else seating.RESERVED

    def pick(self, seat_ids: Iterable[UUID]) -> list[Seat]:
        """The seats in key order. Raises UnknownSeat naming each by its place in the request."""
        ids = list(seat_ids)
        unknown = [index for index, seat_id in enumerate(ids) if seat_id not in self.seats]
        if unknown:
            raise UnknownSeat(
                errors=[{"pointer": f"/seat_ids/{i}", "detail": "No seat of this showtime."} for i in unknown]
            )
        return [self.seats[seat_id] for seat_id in sorted(ids)]


_kept: dict[UUID, Sale] = {}
_kept_lock = Lock()


def sale_of(showtime_id: UUID) -> Sale:
    """The sale as this process last saw it. Raises ShowtimeNotFound, ShowtimeUnknown."""
    return _kept.get(showtime_id) or reload_sale(showtime_id)


def reload_sale(showtime_id: UUID) -> Sale:
    """The sale as the projection has it now. Raises ShowtimeNotFound, ShowtimeUnknown."""
    found = _read(showtime_id)
    if found is None:
        _ask_catalog(showtime_id)
        found = _read(showtime_id)
        if found is None:
            raise ShowtimeUnknown
    with _kept_lock:
        if len(_kept) >= KEPT:
            _kept.pop(next(iter(_kept)))
        _kept[showtime_id] = found
    return found


def _read(showtime_id: UUID) -> Sale | None:
    showtime = Showtime.objects.filter(id=showtime_id).first()
    screen = Screen.objects.filter(id=showtime.screen_id).first() if showtime else None
    if showtime is None or screen is None:
        return None
    seats = {}
    for seat in screen.seats:
        price = showtime.prices.get(seat["category"])
        if price is not None:
            seats[UUID(seat["id"])] = Seat(
                id=UUID(seat["id"]),
                row=seat["row"],
                number=seat["number"],
                x=seat["x"],
                y=seat["y"],
                category=seat["category"],
                accessible=seat["accessible"],
                price=price,
            )
    terms = msgspec.to_builtins(terms_of_sale(showtime))
    return Sale(
        showtime, terms, screen.revision, screen.rows, screen.columns, seats, seating.other_halves(seats.values())
    )


@lru_cache(maxsize=1)
def _catalog() -> Client:
    return Client("catalog", settings.CATALOG_URL, timeout=(0.5, 2.0), retries=1, breaker_reset=5)


def _ask_catalog(showtime_id: UUID) -> None:
    """The fallback while events are on their way: reads showtime and screen from catalog into the projection."""
    try:
        showtime = _get(f"/showtimes/{showtime_id}")
        screen = _get(f"/screens/{showtime['screen']['id']}")
        projections.project_screen(projections.screen_from_catalog(screen))
        projections.project_showtime(projections.showtime_from_catalog(showtime))
    except (Unreachable, MalformedEvent, KeyError, TypeError) as exc:
        raise ShowtimeUnknown from exc


def _get(path: str) -> dict[str, Any]:
    answer = _catalog().get(path)
    if answer.status == 404:
        raise ShowtimeNotFound
    if answer.status != 200:
        raise Unreachable(str(answer.status))
    body: dict[str, Any] = answer.json()
    return body
