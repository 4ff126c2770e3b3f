"""Asking the gateway: an intent is leased, run outside any transaction, and its outcome recorded in one.

Whatever is killed at whatever moment, the intent is there: when its lease ends the sweep asks again, under the same
idempotency key, and gets the answer that was lost.
"""

import logging
import random
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from payments import books, domain, gateway
from payments.domain import Kind
from payments.gateway import Approved, Outcome, Refused, Unknown
from payments.models import UNFINISHED, GatewayOperation, OperationState, Payment, Refund, RefundStatus

log = logging.getLogger(__name__)

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 30.0

# Called within the transaction that records an outcome, with the payment and its operation as they are now.
OnRecorded = Callable[[Payment, GatewayOperation], None]

_LEASE = """
UPDATE gateway_operations SET leased_until = statement_timestamp() + %s, attempts = attempts + 1
WHERE id = (
  SELECT o.id FROM gateway_operations o JOIN payments p ON p.id = o.payment_id
  WHERE o.state IN ('pending', 'reversing') AND o.due_at <= statement_timestamp()
    AND (o.leased_until IS NULL OR o.leased_until < statement_timestamp()) {condition}
  ORDER BY o.due_at LIMIT 1 FOR UPDATE OF o SKIP LOCKED
)
RETURNING *
"""
_LEASE_DUE = _LEASE.format(condition="")
_LEASE_OF_BOOKING = _LEASE.format(condition="AND p.booking_id = %s")
_LEASE_ONE = _LEASE.format(condition="AND o.id = %s")


def lease_due() -> GatewayOperation | None:
    """The operation that has been due the longest and that nobody is at, now ours for a while."""
    return _first(_LEASE_DUE, [books.LEASE])


def lease_of_booking(booking_id: UUID) -> GatewayOperation | None:
    """The due operation of this booking's payment, unless somebody is at it."""
    return _first(_LEASE_OF_BOOKING, [books.LEASE, booking_id])


def lease(operation_id: UUID) -> GatewayOperation | None:
    """This operation, unless it is finished or somebody is at it."""
    return _first(_LEASE_ONE, [books.LEASE, operation_id])


def run(operation: GatewayOperation, *, on_recorded: OnRecorded | None = None) -> Outcome:
    """Asks the gateway for a leased operation and for all that follows from it; the outcome of the first comes back.

    Raises OperationalError when the outcome cannot be recorded: the intent stays, and the sweep asks again.
    """
    outcome = gateway.perform(operation)
    following = record(operation, outcome, on_recorded=on_recorded)
    while following is not None:
        following = record(following, gateway.perform(following))
    return outcome


def record(
    operation: GatewayOperation, outcome: Outcome, *, on_recorded: OnRecorded | None = None
) -> GatewayOperation | None:
    """Writes down what the gateway answered; the operation that follows from it, leased to the caller, comes back."""
    if isinstance(outcome, Unknown):
        _postpone(operation, outcome)
        return None
    with transaction.atomic():
        payment = Payment.objects.select_for_update().get(id=operation.payment_id)
        if not _finish(operation, outcome):
            return None
        decision, refund = _decide(payment, operation, outcome)
        following = books.write(payment, decision, answered=operation, refund=refund, leased=True)
        if on_recorded is not None:
            on_recorded(payment, operation)
    log.info(
        "gateway answered",
        extra={
            "payment_id": str(payment.id),
            "kind": operation.kind,
            "state": operation.state,
            "code": operation.outcome_code,
        },
    )
    return following


def _first(statement: str, parameters: list[object]) -> GatewayOperation | None:
    return next(iter(GatewayOperation.objects.raw(statement, parameters)), None)


def _postpone(operation: GatewayOperation, outcome: Unknown) -> None:
    """Gives the lease back for a later try, unless it ran out meanwhile and went to somebody else."""
    pause = min(FIRST_PAUSE * 2 ** (operation.attempts - 1), LONGEST_PAUSE)
    pause *= random.uniform(0.75, 1.25)  # noqa: S311  (jitter, not a secret)
    GatewayOperation.objects.filter(id=operation.id, attempts=operation.attempts, state__in=UNFINISHED).update(
        leased_until=None, due_at=Now() + timedelta(seconds=pause), last_error=outcome.reason[:200]
    )
    log.warning(
        "gateway outcome unknown",
        extra={
            "payment_id": str(operation.payment_id),
            "kind": operation.kind,
            "attempts": operation.attempts,
            "reason": outcome.reason,
        },
    )


def _finish(operation: GatewayOperation, outcome: Approved | Refused) -> bool:
    """Ends the operation; False when another process did so before, or wants it reversed: its answer stands then."""
    asked = operation.state
    if asked == OperationState.REVERSING:
        operation.state = OperationState.REVERSED
    elif isinstance(outcome, Approved):
        operation.state = OperationState.SUCCEEDED
    else:
        operation.state = OperationState.REFUSED
    operation.outcome_code = "" if isinstance(outcome, Approved) else outcome.code
    operation.result = outcome.id if isinstance(outcome, Approved) else ""
    operation.finished_at = timezone.now()
    changed = GatewayOperation.objects.filter(id=operation.id, state=asked).update(
        state=operation.state,
        outcome_code=operation.outcome_code,
        result=operation.result,
        finished_at=operation.finished_at,
        leased_until=None,
        payment_token="",
        last_error="",
    )
    return changed == 1


def _decide(
    row: Payment, operation: GatewayOperation, outcome: Approved | Refused
) -> tuple[domain.Decision, Refund | None]:
    payment = books.known(row)
    match Kind(operation.kind), outcome:
        case Kind.AUTHORISE, Approved() if operation.state == OperationState.REVERSED:
            return domain.reversed_(payment, voided=outcome.amount), None
        case Kind.AUTHORISE, Approved():
            row.authorisation_id = outcome.id
            return domain.authorised(payment), None
        case Kind.AUTHORISE, Refused():
            return domain.declined(payment, outcome.code, final=operation.ends_booking), None
        case Kind.CAPTURE, Approved():
            row.capture_id = outcome.id
            row.captured_at = operation.finished_at
            return domain.captured(payment), None
        case Kind.CAPTURE, Refused():
            return domain.capture_refused(payment, outcome.code), None
        case Kind.VOID, Approved():
            return domain.voided(payment), None
        case Kind.REFUND, _:
            refund = _end_refund(operation, outcome)
            if isinstance(outcome, Approved):
                return domain.refunded(payment, operation.amount), refund
            return domain.return_refused(payment, outcome.code), refund
        case Kind.VOID, Refused():
            return domain.return_refused(payment, outcome.code), None
        case kind, _:
            raise AssertionError(kind)


def _end_refund(operation: GatewayOperation, outcome: Approved | Refused) -> Refund:
    refund = Refund.objects.get(operation=operation)
    refund.status = RefundStatus.SUCCEEDED if isinstance(outcome, Approved) else RefundStatus.FAILED
    refund.failure_code = operation.outcome_code
    refund.finished_at = operation.finished_at
    refund.save(update_fields=["status", "failure_code", "finished_at"])
    return refund
