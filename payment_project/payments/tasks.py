"""What the clock sets off. Everything here is bounded, and safe to run in several processes at once."""

from datetime import timedelta

from django.utils import timezone

from chassis.storage import address_changes, guest_claims, pruning
from payments import documents, gift_issues, methods, metrics, operations, reconciliation, refunds, takings
from payments.webhook_models import WebhookDelivery

# A tick is taken by one process at a time; the others go on with events while it sweeps.
SWEEP_OPERATIONS = 50
LAPSES = 500
RESEALED_AT_ONCE = 500
ISSUED_AT_ONCE = 500
SUMMED_UP_BATCHES = 5
RECONCILED_PAGES = 5
# Longer than an update leaves processes of two versions side by side, and than the clock is away.
MADE_UP_FOR = timedelta(days=1)
WEBHOOKS_KEPT = timedelta(hours=1)


def resume_operations() -> int:
    """Runs operations that are due: answers that were lost, calls that a kill cut off. How many there were.

    It takes seconds at most, however slow the gateway is: see gateways/side_by_side.py.
    """
    return operations.run_all(operations.lease_due(limit=SWEEP_OPERATIONS))


def sum_up_takings() -> int:
    """Adds receipts, credit notes and kept fees to the takings of their day; how many there were."""
    return takings.sum_up(batches=SUMMED_UP_BATCHES)


def reconcile() -> int:
    """Reads on in a provider's record of a day that is to be compared; how many pages."""
    return reconciliation.go_on(pages=RECONCILED_PAGES)


def reconcile_yesterday() -> int:
    """Once a day, at night: yesterday is to be compared; with how many providers."""
    return reconciliation.ask_for_yesterday()


def measure() -> None:
    metrics.measure()


def reseal_tokens() -> int:
    """Tokens that are not sealed with the key that seals now: a key is new, or a process of before has kept them."""
    done = 0
    while batch := methods.reseal(limit=RESEALED_AT_ONCE):
        done += batch
    return done


def lapse_refunds() -> int:
    """Refunds that nobody approved in time will not be made; how many there were."""
    return refunds.lapse_refunds(limit=LAPSES)


def issue_receipts() -> int:
    """Receipts of what a process of before receipts has captured; how many there were."""
    return documents.issue_receipts(limit=ISSUED_AT_ONCE)


def issue_credit_notes() -> int:
    """Credit notes of what such a process has given back; how many there were."""
    return documents.issue_credit_notes(since=timezone.now() - MADE_UP_FOR, limit=ISSUED_AT_ONCE)


def lapse_gift_cards() -> int:
    """Issues of gift cards that nobody approved, or made, in time; how many there were."""
    return gift_issues.lapse_issues(limit=LAPSES)


def forget_address_changes() -> int:
    """Drops what no rule asks for any more; how many there were."""
    return address_changes.forget()


def follow_claims() -> int:
    """Payments that came after their guest was claimed, of late; how many."""
    return guest_claims.follow("payments")


def follow_old_claims() -> int:
    """Those that came out of a dead letter; how many. Claims that nothing can come late for are dropped."""
    followed = guest_claims.follow("payments", since=guest_claims.EVER)
    guest_claims.forget()
    return followed


def forget_webhooks() -> int:
    """Drops what is too old to be accepted again anyhow; how many there were."""
    old = WebhookDelivery.objects.filter(received_at__lt=timezone.now() - WEBHOOKS_KEPT)

    def delete(batch: int) -> int:
        ids = list(old.values_list("id", flat=True)[:batch])
        return WebhookDelivery.objects.filter(id__in=ids).delete()[0]

    return pruning.in_batches(delete)
