"""Gauges of what is under way, renewed once a minute by the clock."""

from collections import Counter
from datetime import timedelta

from django.db.models import Count, Min, Sum
from django.utils import timezone

from chassis.ids import first_uuid7_at
from chassis.telemetry import metrics
from payments import gift_totals
from payments.ledger import Kind
from payments.models import UNFINISHED, GatewayOperation, Payment, Refund, RefundStatus, Transaction
from payments.reconciliation_models import Difference, DifferenceState
from payments.states import OperationState

WINDOW = timedelta(hours=1)
# Of so many it can be told how many succeed; of a busy hour there are hundreds of times as many.
NEWEST = 400

PENDING = metrics.gauge("gateway_operations_pending", "Operations the gateway has not answered", ["kind"])
OLDEST = metrics.gauge("gateway_operations_oldest_seconds", "Age of the oldest unanswered operation", ["kind"])
SUCCESS = metrics.gauge("payment_success_rate", "Per cent of the newest authorisations that succeeded", [])
VIOLATIONS = metrics.gauge("audit_violations", "What must never be, found among the last hour's rows", ["invariant"])
APPROVALS = metrics.gauge("refunds_awaiting_approval", "Refunds that wait for a second person", [])
ATTENTION = metrics.gauge("payments_needing_attention", "Payments whose void or refund the gateway refused", [])

DIFFERENCES = metrics.gauge("reconciliation_differences_open", "Differences to the gateway's record, not noted yet", [])
OWED = metrics.gauge("gift_cards_owed", "What gift cards are good for, in minor units", ["currency"])


def measure() -> None:
    """Sets the gauges from the database, so that it does not matter which process does it."""
    now = timezone.now()
    waiting = {
        row["kind"]: row
        for row in GatewayOperation.objects.filter(state__in=UNFINISHED)
        .values("kind")
        .annotate(count=Count("id"), oldest=Min("created_at"))
        .order_by()
    }
    for kind in (Kind.AUTHORIZE, Kind.CAPTURE, Kind.VOID, Kind.REFUND):
        row = waiting.get(kind)
        PENDING.labels(kind).set(row["count"] if row else 0)
        OLDEST.labels(kind).set((now - row["oldest"]).total_seconds() if row else 0)
    newest = GatewayOperation.objects.filter(kind=Kind.AUTHORIZE, id__gte=first_uuid7_at(now - WINDOW)).order_by("-id")
    answered = Counter(newest.values_list("state", flat=True)[:NEWEST])
    succeeded, refused = answered[OperationState.SUCCEEDED], answered[OperationState.REFUSED]
    total = succeeded + refused
    SUCCESS.set(100.0 * succeeded / total if total else 100.0)
    unbalanced = (
        Transaction.objects.filter(id__gte=first_uuid7_at(now - WINDOW))
        .values("operation")
        .order_by()
        .annotate(balance=Sum("amount"))
        .exclude(balance=0)
    )
    VIOLATIONS.labels("the ledger adds up").set(unbalanced.count())
    APPROVALS.set(Refund.objects.filter(status=RefundStatus.AWAITING_APPROVAL).count())
    ATTENTION.set(Payment.objects.exclude(attention="").count())
    DIFFERENCES.set(Difference.objects.filter(state=DifferenceState.OPEN).count())
    for currency, amount in gift_totals.owed().items():
        OWED.labels(currency).set(amount)
