from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet

from notifications.domain import Status
from notifications.kinds import KINDS
from notifications.models import Notification

# Whether a mail of these was written for an account that only says an address is its own depends on whether somebody
# else has proved it, and on what else was mailed there.
TOLD_AT_THE_MAILBOX_ALONE = [code for code, kind in KINDS.items() if kind.carries_secret]


def history(*, user_id: UUID, filters: dict[str, Any], to_staff: bool) -> QuerySet[Notification]:
    """The notifications of a user; filters: exact values of channel, status, template, booking_id.

    to_staff: with the mails that bring a link. The user reads those in the mailbox, and who has only said that it is
    theirs learns nothing here of who has it.
    """
    found = Notification.objects.filter(user_id=user_id, **filters)
    return found if to_staff else found.exclude(template__in=TOLD_AT_THE_MAILBOX_ALONE)


def backlog() -> dict[str, int]:
    """How many notifications are pending, waiting, or failed. Each is counted in its own partial index."""
    counted = {status.value: 0 for status in (Status.PENDING, Status.WAITING_FOR_CONTACT, Status.FAILED)}
    for status in counted:
        counted[status] = Notification.objects.filter(status=status).aggregate(n=Count("id"))["n"]
    return counted
