from typing import Any

from django.db.models import Count, Q, QuerySet

from chassis.web.principal import Principal
from notifications.domain import Status
from notifications.kinds import KINDS
from notifications.models import BookingSummary, Contact, Notification
from notifications.theaters import told_at

# Whether a mail of these was written for an account that only says an address is its own depends on whether somebody
# else has proved it, and on what else was mailed there.
TOLD_AT_THE_MAILBOX_ALONE = [code for code, kind in KINDS.items() if kind.carries_secret]


def history(
    *,
    to_staff: bool,
    reader: Principal,
    email: str | None = None,
    reference: str | None = None,
    **exactly: Any,
) -> QuerySet[Notification]:
    """Notifications; exactly: values of user_id, channel, status, template, booking_id.

    reader: who is limited to theaters sees of others what was told about bookings there, or about none.
    email: of whose accounts, in whatever case. reference: of which booking. to_staff: with the mails that bring a link.
    The user reads those in the mailbox, and who has only said that it is theirs learns nothing here of who has it.
    """
    found = Notification.objects.filter(**exactly)
    if reader.theaters is not None:
        found = found.filter(Q(user_id=reader.id) | told_at(reader.theaters))
    if email is not None:
        found = found.filter(user_id__in=Contact.objects.filter(email__iexact=email).values("user_id"))
    if reference is not None:
        its = BookingSummary.objects.filter(reference=reference.upper())
        found = found.filter(booking_id__in=its.values("booking_id"))
    return found if to_staff else found.exclude(template__in=TOLD_AT_THE_MAILBOX_ALONE)


def backlog() -> dict[str, int]:
    """How many notifications are pending, waiting, or failed. Each is counted in its own partial index."""
    counted = {status.value: 0 for status in (Status.PENDING, Status.WAITING_FOR_CONTACT, Status.FAILED)}
    for status in counted:
        counted[status] = Notification.objects.filter(status=status).aggregate(n=Count("id"))["n"]
    return counted
