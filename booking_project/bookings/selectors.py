"""Reads."""

import re
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Upper
from django.db.models.lookups import Exact

from bookings.errors import BookingNotFound, ShowtimeNotFound
from bookings.inventory import seat_statuses
from bookings.models import GIVEN_BACK, TICKET_REVOKED, Booking, BookingSeat, Customer, Showtime
from bookings.sales import Sale, reload_sale
from chassis.web.principal import Principal

# The permission to look at what customers have booked.
SEE_ALL = "view_booking"
CARD_DIGITS = re.compile("[0-9]{4}")


def bookings_of(
    user: Principal, *, owner_id: UUID | None = None, reference: str | None = None, email: str | None = None
) -> QuerySet[Booking]:
    """The caller's bookings, or that of a reference; with one of owner_id and email, for who may see all, theirs."""
    found = Booking.objects.select_related("showtime").prefetch_related("seats")
    if reference is not None:
        found = found.filter(reference=reference.upper())
    if not user.may(SEE_ALL) or (owner_id, reference, email) == (None, None, None):
        return found.filter(user_id=user.id)
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
    """Raises BookingNotFound, also for somebody else's."""
    found = Booking.objects.filter(id=booking_id).select_related("showtime").prefetch_related("seats").first()
    if found is None or not (found.user_id == user.id or user.may(SEE_ALL)):
        raise BookingNotFound
    return found


def locked_booking(booking_id: UUID) -> Booking | None:
    """The booking, which nobody else changes until the transaction ends; None where there is none."""
    return Booking.objects.select_for_update().filter(id=booking_id).first()


def seats_left(booking: Booking) -> list[BookingSeat]:
    """The seats that the booking has, without those that were given back."""
    return [seat for seat in booking.seats.all() if seat.given_back_at is None]


@dataclass(frozen=True, slots=True)
class Revoked:
    """A booking whose tickets let nobody in any more. seats: those whose, None: all of them."""

    booking: Booking
    seats: list[BookingSeat] | None = None


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


def seat_map(showtime_id: UUID) -> tuple[Sale, dict[UUID, str]]:
    """The layout with prices, and the status of each seat that is not available.

    Raises ShowtimeNotFound, ShowtimeUnknown.
    """
    return reload_sale(showtime_id), seat_statuses(showtime_id)
