"""What the counter hands over by hand: refunds of money that staff took themselves, whoever decided on them.

The ledger has it as given back at once (docs/adr/0114-the-till-pays-out-by-hand.md); here somebody says that they did.
"""

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from chassis.storage import audit_log
from payments import clerks
from payments.clerks import Clerk
from payments.errors import PaidOutBefore, PayOutNotFound
from payments.models import PayOut
from payments.payout_models import TO_HAND_OVER


def pay_out(*, payout_id: UUID, clerk: Clerk, till: str = "") -> PayOut:
    """Writes down that the clerk handed it over, once. till: where, if they say so.

    Raises PayOutNotFound, PaidOutBefore, and what clerks.check() raises.
    """
    with transaction.atomic():
        found = PayOut.objects.select_related("payment").select_for_update(of=("self",))
        row = found.filter(TO_HAND_OVER, id=payout_id).first()
        if row is None:
            raise PayOutNotFound
        clerks.check(clerk, row.payment)
        if row.paid_out_at is not None:
            raise PaidOutBefore(f"{row.paid_out_by} has handed this money over already.")
        row.paid_out_at, row.till = timezone.now(), till
        row.paid_out_by, row.paid_out_by_id = clerk.name, clerk.account_id
        row.save(update_fields=["paid_out_at", "paid_out_by", "paid_out_by_id", "till"])
        said = {
            "payment": str(row.payment_id),
            "booking": row.payment.booking_reference or str(row.payment.booking_id),
            "amount": row.written,
            "way": row.provider,
            "till": till,
        }
        audit_log.record(clerk.actor, "payout.paid", ("payout", row.id), after=said)
    return row
