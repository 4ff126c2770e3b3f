"""Giving money back because somebody of the staff says so; what a booking that ended is owed follows by itself.

The gateway is asked afterwards, outside of any transaction, by operations.run().
"""

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from chassis.ids import uuid7
from chassis.money import Money
from chassis.states import IllegalTransition
from chassis.web import idempotency
from chassis.web.idempotency import Claim, Key
from payments import books, domain, operations
from payments.books import RefundWish
from payments.domain import RefundKind, TooMuch, UnderWay
from payments.errors import (
    CurrencyMismatch,
    NotRefundable,
    PartCannotCancel,
    PaymentInProgress,
    PaymentNotFound,
    RefundTooLarge,
)
from payments.models import GatewayOperation, Payment


@dataclass(frozen=True, slots=True)
class Wanted:
    """A refund as it is asked for. amount: minor units, None for all that is left. kind: None for what follows."""

    reason: str
    requested_by: str
    amount: int | Money | None = None
    kind: RefundKind | None = None


def start_refund(*, payment_id: UUID, wanted: Wanted, key: Key) -> tuple[Claim, GatewayOperation | None]:
    """Claims the idempotency key and writes the intent to refund, leased to the caller, who runs it.

    The operation is None as in services.start_authorization(). Raises what request_refund() and idempotency.claim()
    raise.
    """
    refund_id = uuid7()
    with transaction.atomic():
        claim = idempotency.claim(key, resource_id=refund_id, lease_seconds=int(books.LEASE.total_seconds()))
        if claim.completed:
            return claim, None
        if not claim.resumed:
            return claim, request_refund(payment_id=payment_id, wanted=wanted, refund_id=refund_id, leased=True)
    earlier = GatewayOperation.objects.get(refund=claim.resource_id)
    return claim, operations.lease(earlier.id)


def request_refund(
    *, payment_id: UUID, wanted: Wanted, refund_id: UUID | None = None, leased: bool = False
) -> GatewayOperation | None:
    """Writes the intent to refund.

    Raises PaymentNotFound, NotRefundable, RefundTooLarge, PartCannotCancel, CurrencyMismatch, PaymentInProgress.
    """
    with transaction.atomic():
        row = Payment.objects.select_for_update().filter(id=payment_id).first()
        if row is None:
            raise PaymentNotFound
        decision, kind = _decide(row, wanted)
        wish = RefundWish(reason=wanted.reason, requested_by=wanted.requested_by, kind=kind, id=refund_id)
        written, operation = books.write(row, decision, wish=wish, leased=leased)
        assert written  # nobody else can have changed a row that is locked
        return operation


def _decide(row: Payment, wanted: Wanted) -> tuple[domain.Decision, RefundKind]:
    payment = books.known(row)
    left = payment.captured - payment.refunded
    if isinstance(wanted.amount, Money) and wanted.amount.currency != row.currency:
        raise CurrencyMismatch
    amount = wanted.amount.amount if isinstance(wanted.amount, Money) else wanted.amount
    amount = left if amount is None else amount
    try:
        return domain.request_refund(payment, amount), domain.refund_kind(payment, amount, wanted.kind)
    except UnderWay as exc:
        raise PaymentInProgress from exc
    except IllegalTransition as exc:
        raise NotRefundable from exc
    except TooMuch as exc:
        raise RefundTooLarge(refundable={"amount": left, "currency": row.currency}) from exc
    except domain.PartCannotCancel as exc:
        raise PartCannotCancel from exc
