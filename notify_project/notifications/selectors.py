from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet

from notifications.domain import Status
from notifications.models import Notification


def history(*, user_id: UUID, filters: dict[str, Any]) -> QuerySet[Notification]:
    """The notifications of a user; filters: exact values of channel, status, template, booking_id."""
    return Notification.objects.filter(user_id=user_id, **filters)


def backlog() -> dict[str, int]:
    """How many notifications are pending, waiting, or failed. Each is counted in its own partial index."""
    counted = {status.value: 0 for status in (Status.PENDING, Status.WAITING_FOR_CONTACT, Status.FAILED)}
    for status in counted:
        counted[status] = Notification.objects.filter(status=status).aggregate(n=Count("id"))["n"]
    return counted
