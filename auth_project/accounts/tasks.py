"""What the clock starts."""

from datetime import timedelta

from django.utils import timezone

from accounts.models import OneTimeToken, Revocation, Session

BATCH = 5000
# How long staff can still see what ended.
KEEP = timedelta(days=30)


def forget_expired() -> int:
    """Deletes what expired, at most BATCH rows of each table; how many went."""
    now = timezone.now()
    expired = (
        Session.objects.filter(expires_at__lt=now - KEEP),
        OneTimeToken.objects.filter(expires_at__lt=now - KEEP),
        Revocation.objects.filter(expires_at__lt=now - timedelta(hours=1)),
    )
    deleted = 0
    for rows in expired:
        batch = rows.order_by("expires_at").values_list("pk", flat=True)[:BATCH]
        deleted += rows.model.objects.filter(pk__in=list(batch)).delete()[0]
    return deleted
