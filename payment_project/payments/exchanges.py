"""Payments of bookings that are paid with another one, and of those that end in exchange for one.

Each function is a part of its caller's transaction.
"""

from collections.abc import Collection, Sequence
from uuid import UUID

from django.utils import timezone

from payments import books, domain, exchange_rules, kept
from payments.books import Answered
from payments.exchange_rules import EXCHANGES
from payments.ledger import Kind
from payments.models import UNFINISHED, GatewayOperation, Payment, Refund, RefundStatus
from payments.seats import RefundKind, Seat
from payments.states import OperationState

# Why a booking ended that another one is paid with: booking's word for it.
EXCHANGED = "exchanged"


def can_be_lent(row: Payment) -> bool:
    """Whether the payment of the booking that is exchanged for that of this row holds what it is to pay.

    Both are locked then. A payment to which nothing is carried needs none.
    """
    if not row.exchange_amount:
        return True
    if row.exchange_of is None:
        return False
    lender = Payment.objects.select_for_update().filter(booking_id=row.exchange_of, user_id=row.user_id).first()
    fits = lender is not None and lender.currency == row.currency
    return lender is not None and fits and exchange_rules.can_lend(kept.known(lender), row.exchange_amount)


def booking_exchanged(
    row: Payment,
    payment: domain.Payment,
    carried: int,
    *,
    retained: int,
    seats: Collection[UUID],
    given_back: Sequence[Seat],
) -> None:
    """A booking ended in exchange: what pays the other one went back, of which the gateway was asked nothing.

    payment: as the row, which is locked, has it. The others as exchange_rules.booking_exchanged.
    """
    asked = GatewayOperation.objects.filter(payment=row, kind=Kind.REFUND, state__in=UNFINISHED)
    decision = exchange_rules.booking_exchanged(
        payment,
        carried,
        retained=retained,
        going=sum(operation.total for operation in asked),
        seats=seats,
        given_back=given_back,
    )
    answered = _went_back(row, decision.payment.exchanged) if decision.payment.exchanged else None
    written, _ = books.write(row, decision, answered=answered)
    assert written  # nobody else can have changed a row that is locked


def _went_back(row: Payment, carried: int) -> Answered:
    now = timezone.now()
    operation = GatewayOperation.objects.create(
        payment=row,
        provider=EXCHANGES,
        kind=Kind.EXCHANGE,
        state=OperationState.SUCCEEDED,
        amount=carried,
        currency=row.currency,
        due_at=now,
        finished_at=now,
    )
    refund = Refund.objects.create(
        payment=row,
        operation=operation,
        amount=carried,
        currency=row.currency,
        status=RefundStatus.SUCCEEDED,
        kind=RefundKind.CANCEL,
        reason=EXCHANGED,
        finished_at=now,
    )
    return Answered(operation, refund)
