"""What is for sale: the layout and the tariff of a showtime, from catalog's events, or asked of catalog.

A process keeps what it read. That is safe because the revisions are compared again in the statement that takes the
seats (inventory.TAKE): a stale copy sells nothing.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from threading import Lock
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings

from bookings import prices, projections, seating
from bookings.errors import ShowtimeNotFound, ShowtimeUnknown, TotalTooLarge, UnknownSeat
from bookings.events import PricedSeat, SoldAs
from bookings.models import Screen, Showtime
from bookings.prices import Bill, Discount, Tariff, Wanted
from bookings.terms import terms_of_sale
from chassis.messaging.events import MalformedEvent
from chassis.money import LARGEST_PAYMENT, Money
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


@dataclass(frozen=True, slots=True)
class Sale:
    """One showtime at one revision of it and of its screen; prices in minor units of showtime.currency.

    terms: what its bookings keep of it. seats: those that somebody can buy. halves: the other half of each half of a
    couple seat.
    """

    showtime: Showtime
    tariff: Tariff
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

    def pick(self, seat_ids: Iterable[UUID], *, pointer: str = "/seat_ids/{}") -> list[Seat]:
        """The seats in key order. Raises UnknownSeat naming each by its place in the request, which pointer has."""
        ids = list(seat_ids)
        unknown = [index for index, seat_id in enumerate(ids) if seat_id not in self.seats]
        if unknown:
            raise UnknownSeat(pointer.format(index) for index in unknown)
        return [self.seats[seat_id] for seat_id in sorted(ids)]

    def days_before(self, at: datetime) -> int:
        """By the theater's clocks, to the day of the start."""
        return prices.days_before(self.showtime.starts_at, at, self.showtime.time_zone)

    def bill(self, wanted: Sequence[Wanted], *, at: datetime, discount: Discount | None = None) -> Bill:
        """What a booking of this moment costs. Raises TotalTooLarge, and KeyError for what is not sold so."""
        made = prices.bill(self.tariff, wanted, days_before=self.days_before(at), discount=discount)
        if made.total > LARGEST_PAYMENT:
            raise TotalTooLarge
        return made

    def priced(self, tickets: Iterable[Wanted], bill: Bill) -> list[PricedSeat]:
        """The seats of a bill as everybody else is told of them."""
        told = []
        for ticket in tickets:
            seat, kind = self.seats[ticket.seat_id], self.tariff.type_of(ticket.ticket_type)
            assert kind is not None  # there is a bill for it
            price = Money(bill.prices[seat.id], self.showtime.currency)
            sold_as = SoldAs(kind.code, kind.name)
            told.append(PricedSeat(seat.id, seat.row, seat.number, seat.category, price, sold_as))
        return told

    def prices_shown(self, *, at: datetime) -> dict[str, int]:
        """What a seat of each category costs who names no type (prices.shown)."""
        days_before = self.days_before(at)
        categories = {seat.category for seat in self.seats.values()}
        return {category: prices.shown(self.tariff, category, days_before=days_before) for category in categories}


_kept: dict[UUID, Sale] = {}
_kept_lock = Lock()


def sale_of(showtime_id: UUID) -> Sale:
    """The sale as this process last saw it. Raises ShowtimeNotFound, ShowtimeUnknown."""
    return _kept.get(showtime_id) or reload_sale(showtime_id)


def reload_sale(showtime_id: UUID) -> Sale:
    """The sale as the projection has it now. Raises ShowtimeNotFound, ShowtimeUnknown."""
    found = known_sale(showtime_id)
    if found is None:
        _ask_catalog(showtime_id)
        found = known_sale(showtime_id)
        if found is None:
            raise ShowtimeUnknown
    with _kept_lock:
        if len(_kept) >= KEPT:
            _kept.pop(next(iter(_kept)))
        _kept[showtime_id] = found
    return found


def known_sale(showtime_id: UUID) -> Sale | None:
    """As the projection has it now, whether or not it has it; nobody is asked."""
    showtime = Showtime.objects.filter(id=showtime_id).first()
    screen = Screen.objects.filter(id=showtime.screen_id).first() if showtime else None
    if showtime is None or screen is None:
        return None
    tariff = tariff_of(showtime)
    sold = _categories(tariff)
    seats = {seat.id: seat for seat in seats_of(screen) if seat.category in sold}
    return Sale(
        showtime=showtime,
        tariff=tariff,
        terms=msgspec.to_builtins(terms_of_sale(showtime)),
        screen_revision=screen.revision,
        rows=screen.rows,
        columns=screen.columns,
        seats=seats,
        halves=seating.other_halves(seats.values()),
    )


def seats_of(screen: Screen) -> list[Seat]:
    """All of its layout, whether or not anybody can buy them."""
    return [
        Seat(
            id=UUID(seat["id"]),
            row=seat["row"],
            number=seat["number"],
            x=seat["x"],
            y=seat["y"],
            category=seat["category"],
            accessible=seat["accessible"],
        )
        for seat in screen.seats
    ]


def categories_sold(showtime: Showtime) -> set[str]:
    """Those that somebody can buy a ticket of."""
    return _categories(tariff_of(showtime))


def _categories(tariff: Tariff) -> set[str]:
    return {category for each in tariff.ticket_types for category in tariff.prices.get(each.code, ())}


def tariff_of(showtime: Showtime) -> Tariff:
    """What its tickets cost; of one without a tariff, one type at its prices."""
    return msgspec.convert(showtime.tariff, Tariff) if showtime.tariff else prices.plain(showtime.prices)


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
