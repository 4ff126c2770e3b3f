"""What the clock starts."""

from datetime import timedelta
from functools import partial
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import FormerAddress, OneTimeToken, Revocation, Session
from chassis.storage import pruning

BATCH = 1000
# How long staff can still see what ended.
KEEP = timedelta(days=30)


def forget_expired() -> int:
    """Deletes what expired, in batches for as long as a tick may last; how many went."""
    now = timezone.now()
    expired = (
        Session.objects.filter(expires_at__lt=now - KEEP).order_by("expires_at"),
        OneTimeToken.objects.filter(expires_at__lt=now - KEEP).order_by("expires_at"),
        Revocation.objects.filter(expires_at__lt=now - timedelta(hours=1)).order_by("expires_at"),
        FormerAddress.objects.filter(left_at__lt=now - KEEP).order_by("left_at"),
    )
    return sum(pruning.in_batches(partial(_delete, rows), batch=BATCH) for rows in expired)


def _delete(rows: QuerySet[Any], limit: int) -> int:
    """Of the rows the first so many, with what belongs to them; how many rows of theirs went."""
    batch = list(rows.values_list("pk", flat=True)[:limit])
    rows.model._base_manager.filter(pk__in=batch).delete()
    return len(batch)
