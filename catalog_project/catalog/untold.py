"""Showtimes told to the other services after their movie, theater, screen or price list changed: written down with the
change, and told in batches afterwards, for a film may have thousands to come. They are priced anew as they are told.

Locks are taken in one order everywhere: movie, theater, screen, the change that is to be told, showtimes by id, and the
catalog's generation last.
"""

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from catalog.cache import catalog_changed
from catalog.domain import Kind, ShowtimeStatus
from catalog.events import ShowtimeUpdated
from catalog.models import Showtime, UntoldChange
from catalog.pricing import reprice
from chassis.messaging.outbox import emit_all
from chassis.storage import rows
from chassis.storage.database import execute
from chassis.telemetry.correlation import correlated, correlation_id, traceparent

# Not yet told of the change before: all are told anew, those that had not started at that one.
NOTE = """
INSERT INTO untold_changes (subject_id, kind, told_up_to, changed_at, correlation_id, traceparent)
VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (subject_id) DO UPDATE SET told_up_to = EXCLUDED.told_up_to,
    correlation_id = EXCLUDED.correlation_id, traceparent = EXCLUDED.traceparent
"""


def tell_later(kind: Kind, subject_id: UUID) -> None:
    """Writes down that the showtimes to come are to be told as they are.

    In the transaction of the change, which has locked its row and none of a showtime; it waits for a batch that is
    being told.
    """
    execute(NOTE, [subject_id, kind, UUID(int=0), timezone.now(), correlation_id(), traceparent()])


def tell_batch(*, limit: int) -> int | None:
    """Tells up to `limit` showtimes of the oldest change that nobody else is telling of; how many, None without one.

    What was told is marked in the same transaction. A showtime that is cancelled is left out.
    """
    with transaction.atomic():
        change = UntoldChange.objects.select_for_update(skip_locked=True).first()
        if change is None:
            return None
        showtimes = list(
            Showtime.objects.filter(
                **{f"{change.kind}_id": change.subject_id},
                id__gt=change.told_up_to,
                status=ShowtimeStatus.SCHEDULED.value,
                starts_at__gt=change.changed_at,
            )
            .select_for_update(of=("self",), no_key=True)
            .select_related("movie", "theater", "screen", "price_list")
            .prefetch_related("prices", "theater__ticket_types")
            .order_by("id")[:limit]
        )
        now = timezone.now()
        for showtime in showtimes:
            showtime.revision += 1
            showtime.updated_at = now
        reprice(showtimes)
        rows.update(showtimes, fields=["revision", "updated_at", "type_prices", "tariff"])
        with correlated(change.correlation_id, change.traceparent):
            emit_all([(ShowtimeUpdated.of(showtime), showtime.id) for showtime in showtimes])
        if len(showtimes) < limit:
            change.delete()
        else:
            change.told_up_to = showtimes[-1].id
            change.save(update_fields=["told_up_to"])
        if showtimes:
            catalog_changed()
    return len(showtimes)


def count_untold() -> int:
    return UntoldChange.objects.count()
