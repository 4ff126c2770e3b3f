"""Receipts and credit notes that are missing: what a process of before there were any has captured or given back."""

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef

from chassis.ids import first_uuid7_at
from payments import books, receipts
from payments.books import Change
from payments.domain import Decision
from payments.kept import known, seats_of
from payments.ledger import Account, Kind
from payments.models import WITHOUT_RECEIPT, Payment, Refund, RefundStatus, Transaction
from payments.receipt_models import Receipt
from payments.statements import Parts


def issue_receipts(*, limit: int) -> int:
    """Of payments that were captured and left with their sale, at most `limit`; how many there were."""
    with transaction.atomic():
        found = list(Payment.objects.select_for_update(skip_locked=True).filter(WITHOUT_RECEIPT).order_by("id")[:limit])
        if found:
            books.write_all([Change(row, Decision(known(row))) for row in found])
    return len(found)


def issue_credit_notes(*, since: datetime, limit: int) -> int:
    """Of refunds that were made since then, of payments with a receipt, at most `limit`; how many there were."""
    made = Transaction.objects.filter(kind=Kind.REFUND, account=Account.CASH, id__gte=first_uuid7_at(since))
    issued = Receipt.objects.filter(payment=OuterRef("payment"))
    missing = Refund.objects.filter(
        Exists(issued.filter(refund=None)),
        ~Exists(issued.filter(refund=OuterRef("pk"))),
        operation__in=made.values("operation"),
        status=RefundStatus.SUCCEEDED,
    )
    of = list(missing.order_by().values_list("payment_id", flat=True).distinct()[:limit])
    if not of:
        return 0
    with transaction.atomic():
        # Whoever gives back money of these payments waits, and so none of their notes is written meanwhile.
        locked = [row.id for row in Payment.objects.select_for_update().filter(id__in=of).order_by("id")]
        known = {payment: list(each) for payment, each in receipts.issued_for(locked).items()}
        parts = Parts()
        for refund in missing.filter(payment__in=locked).order_by("id"):
            note = receipts.credit_note(refund, seats_of(refund), known[refund.payment_id])
            if note is not None:
                parts.issued.append(note)
                known[refund.payment_id].append(receipts.as_issued(note))
        if parts.issued:
            parts.issue(locked)
    return len(parts.issued)
