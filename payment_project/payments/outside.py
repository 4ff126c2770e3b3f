"""Money that goes back though the card gateway has refused it: in cash, by a transfer of the house, by hand there.

For its booking and its customer it is a refund like any other, and the gateway is asked for nothing. Of what the house
gives the gateway's record knows nothing, so it has an account of its own: docs/adr/0092-money-given-back-outside.md.
"""

import re
from dataclasses import dataclass

from django.utils import timezone

from payments import books, domain, kept, operations, refund_rules
from payments.books import Answered
from payments.errors import NotRefusedByGateway
from payments.models import GatewayOperation, Payment, Refund, RefundStatus
from payments.refund_rules import Way
from payments.seats import RefundKind
from payments.states import OperationState

# In the place of the provider that an operation is asked of.
NOBODY = "outside"


@dataclass(frozen=True, slots=True)
class Outside:
    """How it was given back, and what it is found by in the books of whoever gave it."""

    way: Way
    reference: str


def is_card_number(reference: str) -> bool:
    """By its check digit too (ISO/IEC 7812-1, annex B): banks number transfers with as many digits as cards have."""
    digits = re.sub(r"[ .-]", "", reference)
    if not re.fullmatch(r"[0-9]{12,19}", digits):
        return False
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0


def check_refused(row: Payment) -> None:
    """Raises NotRefusedByGateway unless the gateway has refused to give back money of this payment."""
    if not row.attention and not row.refunds.filter(status=RefundStatus.FAILED).exists():
        raise NotRefusedByGateway


def write_down(row: Payment, refund: Refund, payment: domain.Payment) -> None:
    """A refund of a payment that is locked was given: it is done, posted and told at once.

    payment: as it is known. Raises what refund_rules.given_outside() raises.
    """
    now = timezone.now()
    operations.mark(refund, payment)
    way, kind, about = Way(refund.outside), RefundKind(refund.kind), kept.seats_of(refund)
    decision = refund_rules.given_outside(payment, refund.amount, way, kind, about)
    refund.gift_amount = payment.back_to_gift(refund.amount)
    operation = GatewayOperation.objects.create(
        payment=row,
        provider=NOBODY,
        kind=way.moves,
        state=OperationState.SUCCEEDED,
        amount=refund.amount - refund.gift_amount,
        gift_amount=refund.gift_amount,
        currency=refund.currency,
        due_at=now,
        finished_at=now,
    )
    refund.operation, refund.status, refund.finished_at = operation, RefundStatus.SUCCEEDED, now
    refund.save()
    written, _ = books.write(row, decision, answered=Answered(operation, refund))
    assert written  # nobody else can have changed a row that is locked
