"""What the clock starts. Each is safe to repeat and bounded."""

from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from chassis.storage import guest_claims, partitions, pruning
from chassis.storage.database import execute
from chassis.telemetry.metrics import gauge
from notifications import claims, delivery
from notifications.domain import WAIT_FOR_CONTACT
from notifications.models import DeliveryLog
from notifications.selectors import backlog

BATCH = 5000

BACKLOG = gauge("notifications_backlog", "Notifications that are not settled, and failed ones", ["status"])


def deliver_due() -> None:
    delivery.deliver_due()


def release_waiting() -> int:
    """Messages written in the moment their contact arrived, which neither transaction saw of the other."""
    return execute(
        "UPDATE notifications SET status = 'pending', due_at = statement_timestamp(), reason = '' WHERE id IN ("
        "  SELECT n.id FROM notifications n JOIN contacts c USING (user_id)"
        "  WHERE n.status = 'waiting_for_contact'"
        "    AND CASE n.channel WHEN 'email' THEN c.email ELSE c.phone END <> ''"
        "  LIMIT %s FOR UPDATE OF n SKIP LOCKED)",
        [BATCH],
    )


def give_up_waiting() -> int:
    """Messages whose contact never came."""
    return execute(
        "UPDATE notifications SET status = 'failed', context = context - 'token' WHERE id IN ("
        "  SELECT id FROM notifications WHERE status = 'waiting_for_contact' AND created_at < %s"
        "  LIMIT %s FOR UPDATE SKIP LOCKED)",
        [timezone.now() - WAIT_FOR_CONTACT, BATCH],
    )


def follow_claims() -> int:
    """Messages that came after their guest was claimed, of late; how many."""
    return claims.follow()


def follow_old_claims() -> int:
    """Those that came out of a dead letter; how many. Claims that nothing can come late for are dropped."""
    followed = claims.follow(since=guest_claims.EVER)
    guest_claims.forget()
    return followed


def measure() -> None:
    for status, count in backlog().items():
        BACKLOG.labels(status).set(count)


def prune() -> int:
    """Deletes what is older than NOTIFICATION_KEEP_DAYS, in batches for as long as a tick may last; how many rows went.

    Ids are time-ordered, those of bookings too. A notification stays until its part of the delivery log was dropped;
    what the log has of it outside of that, from before or from a late try, goes with it.
    """
    kept = DeliveryLog.partitions.kept()
    oldest = min(kept, partitions.oldest_begin("delivery_log") or kept)
    return pruning.in_batches(lambda batch: _prune_notifications(oldest, batch)) + pruning.in_order(
        "booking_summaries", key="booking_id", older=kept
    )


def _prune_notifications(oldest: UUID, batch: int) -> int:
    """The log's by the range of the keys, too, so that no partition but theirs is looked into."""
    return execute(
        "WITH old AS MATERIALIZED (SELECT id FROM notifications WHERE id < %(oldest)s ORDER BY id LIMIT %(batch)s),"
        " log AS (DELETE FROM delivery_log"
        "  WHERE notification_id = ANY(ARRAY(SELECT id FROM old)) AND notification_id < %(oldest)s)"
        " DELETE FROM notifications WHERE id = ANY(ARRAY(SELECT id FROM old))",
        {"oldest": oldest, "batch": batch},
    )


def prune_allowances() -> int:
    """Forgets addresses whose hour is over; how many."""
    over = timezone.now() - timedelta(hours=1)
    return pruning.in_batches(
        lambda batch: execute(
            "DELETE FROM address_allowances WHERE ctid = ANY(ARRAY("
            "SELECT ctid FROM address_allowances WHERE since < %s ORDER BY since LIMIT %s FOR UPDATE SKIP LOCKED))",
            [over, batch],
        )
    )
