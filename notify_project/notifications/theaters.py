"""Which messages somebody of staff who is limited to theaters has a part in (chassis.theaters)."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from chassis.theaters import Theaters
from notifications.models import BookingSummary, Notification


def told_at(theaters: Collection[UUID], path: str = "") -> Q:
    """About bookings there, and about no booking: to an account, or by hand. path: to the message."""
    there = BookingSummary.objects.filter(booking_id=OuterRef(f"{path}booking_id"), theater_id__in=theaters)
    return Q(**{f"{path}booking_id": None}) | Q(Exists(there))


def is_at(theaters: Theaters, message: Notification) -> bool:
    return theaters is None or Notification.objects.filter(told_at(theaters), pk=message.pk).exists()
