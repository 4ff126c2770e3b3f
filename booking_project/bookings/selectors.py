"""Reads."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection
from django.db.models import Count, Q, QuerySet, Value
from django.db.models.functions import Now, Upper
from django.db.models.lookups import Exact

from bookings import words
from bookings.domain import State
from bookings.errors import BookingNotFound, ShowtimeNotFound
from bookings.events import ticket_type_of
from bookings.forgetting import sold_seats
from bookings.inventory import seat_statuses
from bookings.models import (
    GIVEN_BACK,
    RESEATED,
    SEATS_CHANGED,
    TICKET_REVOKED,
    Booking,
    BookingSeat,
    Customer,
    Showtime,
)
from bookings.prices import Kind, Line
from bookings.sales import Sale, reload_sale
from chassis.storage import rows
from chassis.storage.database import execute
from chassis.web.principal import Principal

# The permission to look at what customers have booked.
SEE_ALL = "view_booking"
CARD_DIGITS = re.compile("[0-9]{4}")


# With those that are exchanged for them.
_LOCK = """
SELECT FROM bookings WHERE id = ANY(%(ids)s::uuid[] || ARRAY(
    SELECT exchange_of FROM bookings WHERE id = ANY(%(ids)s::uuid[]) AND exchange_of IS NOT NULL))
ORDER BY id FOR UPDATE
"""
_LOCKED = rows.selection(Booking, "id = ANY(%s) ORDER BY id FOR UPDATE")
_SHOWTIMES = rows.selection(Showtime, "id = ANY(%s)")
_LEFT = "booking_id = ANY(%s) AND given_back_at IS NULL ORDER BY id"
_NOT_ALL_BACK = rows.selection(
    BookingSeat,
    "booking_id = ANY(%s) AND given_back_at IS NOT NULL AND refund_amount IS NOT NULL"
    " AND (refunded_at IS NULL OR refund_amount < price_amount) ORDER BY id",
)
_SEATS_LEFT = rows.selection(BookingSeat, _LEFT)
_SEAT_IDS_LEFT = f"SELECT booking_id, seat_id FROM booking_seats WHERE {_LEFT}"  # noqa: S608  (a part of the text, above)


def bookings_of(
    user: Principal, *, owner_id: UUID | None = None, reference: str | None = None, email: str | None = None
) -> QuerySet[Booking]:
    """The caller's bookings, or that of a reference; with one of owner_id and email, for who may see all, theirs.

    Who is limited to theaters sees of others those there.
    """
    found = Booking.objects.select_related("showtime").prefetch_related("seats")
    if reference is not None:
        found = found.filter(reference=reference.upper())
    if not user.may(SEE_ALL) or (owner_id, reference, email) == (None, None, None) or owner_id == user.id:
        return found.filter(user_id=user.id)
    if user.theaters is not None:
        found = found.filter(Q(user_id=user.id) | Q(showtime__theater_id__in=user.theaters))
    if owner_id is not None:
        found = found.filter(user_id=owner_id)
    if email is not None:
        found = found.filter(_of_address(email))
    return found


def found_by(term: str) -> Q:
    """What staff look up: an id of a booking or a customer, an address, four digits of a card, or else a reference.

    Each is found by an index.
    """
    if CARD_DIGITS.fullmatch(term):
        return ~Q(card_last4="") & Q(card_last4=term)
    try:
        known = UUID(term)
    except ValueError:
        return _of_address(term) if "@" in term else Q(reference=term.upper())
    return Q(id=known) | Q(user_id=known)


def _of_address(email: str) -> Q:
    """Of the customers with this address, in whatever case."""
    known = Customer.objects.filter(Exact(Upper("email"), Upper(Value(email))))
    return Q(user_id__in=list(known.values_list("user_id", flat=True)))


def booking_for(user: Principal, booking_id: UUID) -> Booking:
    """Raises BookingNotFound, also for somebody else's, and for staff for one of a theater that is not theirs."""
    found = Booking.objects.filter(id=booking_id).select_related("showtime").prefetch_related("seats").first()
    if found is None or not (found.user_id == user.id or user.may_at(found.showtime.theater_id, SEE_ALL)):
        raise BookingNotFound
    return found


def is_own(user: Principal, booking_id: UUID) -> bool:
    return Booking.objects.filter(id=booking_id, user_id=user.id).exists()


def locked_bookings(booking_ids: Iterable[UUID]) -> dict[UUID, Booking]:
    """Those that there are, by id, which nobody else changes until the transaction ends; locked in that order."""
    found = Booking.objects.raw(_LOCKED, [list(set(booking_ids))])
    return {booking.id: booking for booking in found}


def lock_bookings(booking_ids: Collection[UUID]) -> None:
    """The same without reading them, and of those too that are exchanged for them."""
    execute(_LOCK, {"ids": list(booking_ids)})


def locked_booking(booking_id: UUID) -> Booking | None:
    """One of them; None where there is none."""
    return next(iter(locked_bookings([booking_id]).values()), None)


def exchanged_for(bookings: Iterable[Booking]) -> dict[UUID, Booking]:
    """Of bookings that were locked with them, those that are exchanged for them, by the others' ids."""
    exchanges = {booking.exchange_of: booking.id for booking in bookings if booking.exchange_of is not None}
    found = locked_bookings(exchanges) if exchanges else {}
    return {exchanges[old.id]: old for old in found.values()}


def in_exchange(booking: Booking) -> bool:
    """Whether it, or what is exchanged for it, is sold and its money being taken: until then both are good."""
    if booking.status != State.CONFIRMED:
        return False
    confirmed = Booking.objects.filter(status=State.CONFIRMED)
    if booking.exchange_of is not None and confirmed.filter(id=booking.exchange_of).exists():
        return True
    return confirmed.filter(exchange_of=booking.id).exists()


def showtimes_of(bookings: Iterable[Booking]) -> Mapping[UUID, Showtime]:
    """Their showtimes, by id."""
    found = Showtime.objects.raw(_SHOWTIMES, [list({booking.showtime_id for booking in bookings})])
    return {showtime.id: showtime for showtime in found}


def seats_left(booking: Booking) -> list[BookingSeat]:
    """The seats that the booking has, without those that were given back."""
    return [seat for seat in booking.seats.all() if seat.given_back_at is None]


def price_given_back(seats: Iterable[BookingSeat]) -> int:
    """What those were sold at that the booking has no more, in minor units."""
    return sum(seat.price_amount for seat in seats if seat.given_back_at is not None)


def kept_of(seats: Iterable[BookingSeat]) -> int:
    """What does not go back of the price of those that were given back, in minor units."""
    known = (seat for seat in seats if seat.given_back_at is not None and seat.refund_amount is not None)
    return sum(seat.price_amount - (seat.refund_amount or 0) for seat in known)


def on_its_way(seats: Iterable[BookingSeat]) -> int:
    """What goes back of those that their customer gave back, and of which payment has not told yet, in minor units."""
    return sum(seat.refund_amount or 0 for seat in seats if seat.given_back_at and seat.refunded_at is None)


def lines_of(booking: Booking) -> list[dict[str, Any]]:
    """What its total is made of (prices.Line, as JSON); of a booking of before there were lines, its seats' prices."""
    if booking.lines:
        return list(booking.lines)
    lines = []
    for seat in booking.seats.all():
        kind, price = ticket_type_of(seat), seat.price_amount
        lines.append(Line(Kind.TICKET, kind.code, kind.name, seat.seat_id, net=price, tax=0, gross=price, rate=0))
    return list(msgspec.to_builtins(lines))


def seats_left_of(booking_ids: Collection[UUID]) -> Mapping[UUID, list[BookingSeat]]:
    """The same of many bookings, by their ids."""
    seats: dict[UUID, list[BookingSeat]] = {booking_id: [] for booking_id in booking_ids}
    for seat in BookingSeat.objects.raw(_SEATS_LEFT, [list(booking_ids)]):
        seats[seat.booking_id].append(seat)
    return seats


def returned_of(booking_ids: Collection[UUID]) -> dict[UUID, list[BookingSeat]]:
    """Of many bookings, by their ids, the seats that were given back and whose price did not go back, or not yet."""
    seats: dict[UUID, list[BookingSeat]] = {booking_id: [] for booking_id in booking_ids}
    for seat in BookingSeat.objects.raw(_NOT_ALL_BACK, [list(booking_ids)]):
        seats[seat.booking_id].append(seat)
    return seats


def seat_ids_left_of(booking_ids: Collection[UUID]) -> dict[UUID, list[UUID]]:
    """Only which seats."""
    seats: dict[UUID, list[UUID]] = {booking_id: [] for booking_id in booking_ids}
    with connection.cursor() as cursor:
        cursor.execute(_SEAT_IDS_LEFT, [list(booking_ids)])
        for booking_id, seat_id in cursor.fetchall():
            seats[booking_id].append(seat_id)
    return seats


@dataclass(frozen=True, slots=True)
class Revoked:
    """A booking whose tickets let nobody in any more. seats: those whose, None: all of them."""

    booking: Booking
    seats: list[BookingSeat] | None = None


def reseated_of(showtime_id: UUID) -> list[Booking]:
    """Its bookings whose tickets of before their seats were moved let nobody in any more."""
    bookings = Booking.objects.only("id", "reference", "seated_revision", "seat_changes")
    changed = RESEATED | SEATS_CHANGED
    return list(bookings.filter(changed, showtime=showtime_id, status=State.CONFIRMED).order_by("id"))


def revoked_tickets(showtime_id: UUID) -> tuple[Showtime, list[Revoked]]:
    """The showtime, and what lets nobody in to it any more. Raises ShowtimeNotFound."""
    showtime = Showtime.objects.filter(id=showtime_id).first()
    if showtime is None:
        raise ShowtimeNotFound
    bookings = Booking.objects.only("id", "reference", "status")
    revoked = {each.id: Revoked(each) for each in bookings.filter(TICKET_REVOKED, showtime=showtime_id)}
    seats: dict[UUID, list[BookingSeat]] = {}
    for seat in BookingSeat.objects.filter(GIVEN_BACK, showtime_id=showtime_id):
        seats.setdefault(seat.booking_id, []).append(seat)
    going_on = bookings.filter(id__in=seats.keys() - revoked.keys())
    revoked |= {each.id: Revoked(each, seats[each.id]) for each in going_on}
    return showtime, [revoked[booking_id] for booking_id in sorted(revoked)]


@dataclass(frozen=True, slots=True)
class Touched:
    """Whom a cancellation of a showtime would touch: bookings and their people; holds not paid yet apart."""

    bookings: int = 0
    people: int = 0
    holds: int = 0
    holding: int = 0

    def __str__(self) -> str:
        return words.touched(self.bookings, self.people, self.holds, self.holding)


def touched_by(showtime_id: UUID) -> Touched:
    """A hold that has ended counts no more, whether or not it was swept."""
    has_seats = Q(status=State.CONFIRMED) | Q(status=State.PENDING, hold_expires_at__gt=Now())
    counted = (
        Booking.objects.filter(has_seats, showtime=showtime_id)
        .values_list("status")
        .annotate(bookings=Count("id", distinct=True), people=Count("seats", filter=Q(seats__given_back_at=None)))
    )
    by_status = {status: (bookings, people) for status, bookings, people in counted}
    return Touched(*by_status.get(State.CONFIRMED, (0, 0)), *by_status.get(State.PENDING, (0, 0)))


def seat_map(showtime_id: UUID) -> tuple[Sale, dict[UUID, str]]:
    """The layout with prices, and the status of each seat that is not available; of a showtime that is over: was not.

    Raises ShowtimeNotFound, ShowtimeUnknown.
    """
    sale = reload_sale(showtime_id)
    statuses = seat_statuses(showtime_id)
    if sale.showtime.seats_forgotten_at is not None:
        statuses |= sold_seats(showtime_id)
    return sale, statuses
