"""Reads."""

from uuid import UUID

from django.db.models import QuerySet

from bookings.errors import BookingNotFound
from bookings.inventory import seat_statuses
from bookings.models import Booking, BookingTransition
from bookings.sales import Sale, reload_sale
from chassis.web.tokens import Principal


def bookings_of(user: Principal, *, owner_id: UUID | None = None) -> QuerySet[Booking]:
    """The caller's bookings; for staff those of owner_id."""
    owner = owner_id if owner_id is not None and user.is_staff else user.id
    return Booking.objects.filter(user_id=owner).select_related("showtime").prefetch_related("seats")


def booking_for(user: Principal, booking_id: UUID) -> Booking:
    """Raises BookingNotFound, also for somebody else's."""
    found = Booking.objects.filter(id=booking_id).select_related("showtime").prefetch_related("seats").first()
    if found is None or not (found.user_id == user.id or user.is_staff):
        raise BookingNotFound
    return found


def locked_booking(booking_id: UUID) -> Booking | None:
    """The booking, which nobody else changes until the transaction ends; None where there is none."""
    return Booking.objects.select_for_update().filter(id=booking_id).first()


def history_for(user: Principal, booking_id: UUID) -> list[BookingTransition]:
    """The oldest first. Raises BookingNotFound."""
    return list(booking_for(user, booking_id).history.all())


def seat_map(showtime_id: UUID) -> tuple[Sale, dict[UUID, str]]:
    """The layout with prices, and the status of each seat that is not available.

    Raises ShowtimeNotFound, ShowtimeUnknown.
    """
    return reload_sale(showtime_id), seat_statuses(showtime_id)
