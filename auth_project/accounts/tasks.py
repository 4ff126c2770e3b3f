"""What the clock starts."""

from datetime import timedelta

from django.utils import timezone

from accounts.models import FormerAddress, OneTimeToken, Revocation, Session

BATCH = 5000
# How long staff can still see what ended.
KEEP = timedelta(days=30)


def forget_expired() -> int:
    """Deletes what expired, at most BATCH rows of each table; how many went."""
    now = timezone.now()
    expired = (
        Session.objects.filter(expires_at__lt=now - KEEP).order_by("expires_at"),
        OneTimeToken.objects.filter(expires_at__lt=now - KEEP).order_by("expires_at"),
        Revocation.objects.filter(expires_at__lt=now - timedelta(hours=1)).order_by("expires_at"),
        FormerAddress.objects.filter(left_at__lt=now - KEEP).order_by("left_at"),
    )
    deleted = 0
    for rows in expired:
        batch = rows.values_list("pk", flat=True)[:BATCH]
        deleted += rows.model.objects.filter(pk__in=list(batch)).delete()[0]
    return deleted
