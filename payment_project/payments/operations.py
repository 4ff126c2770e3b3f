"""Asking the gateway: an intent is leased, run outside any transaction, and its outcome recorded in one.

Whatever is killed at whatever moment, the intent is there: when its lease ends the sweep asks again, under the same
idempotency key, and gets the answer that was lost.
"""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection, transaction
from django.db.models import JSONField
from django.db.models.functions import Now
from django.utils import timezone

from chassis.jitter import jittered
from payments import books, domain, gateways, refund_rules
from payments.books import Answered
from payments.domain import Kind
from payments.gateways import Approved, Outcome, Refused, Unknown
from payments.models import UNFINISHED, GatewayOperation, OperationState, Payment, Refund, RefundStatus
from payments.seats import RefundKind, refunded_as

log = logging.getLogger(__name__)

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 30.0

# Called within the transaction that records an outcome, with the payment and its operation as they are now.
OnRecorded = Callable[[Payment, GatewayOperation], None]

_OPERATION = {field.attname: field.column for field in GatewayOperation._meta.concrete_fields}
_PAYMENT = {field.attname: field.column for field in Payment._meta.concrete_fields}
_AS_JSON = [field.attname for field in Payment._meta.concrete_fields if isinstance(field, JSONField)]
_COLUMNS = [*(f"o.{column}" for column in _OPERATION.values()), *(f"p.{column}" for column in _PAYMENT.values())]
_LEASE = f"""
UPDATE gateway_operations AS o SET leased_until = statement_timestamp() + %s, attempts = attempts + 1
FROM payments p
WHERE p.id = o.payment_id AND o.id = (
  SELECT due.id FROM gateway_operations due JOIN payments ON payments.id = due.payment_id
  WHERE due.state IN ('pending', 'reversing') AND {{condition}}
    AND (due.leased_until IS NULL OR due.leased_until < statement_timestamp())
  ORDER BY due.due_at LIMIT 1 FOR UPDATE OF due SKIP LOCKED
)
RETURNING {", ".join(_COLUMNS)}
"""  # noqa: S608  (names of the code's own)
_DUE = "due.due_at <= statement_timestamp()"
_LEASE_DUE = _LEASE.format(condition=_DUE)
_LEASE_OF_BOOKING = _LEASE.format(condition=f"{_DUE} AND payments.booking_id = %s")
_LEASE_ONE = _LEASE.format(condition="due.id = %s")


def lease_due() -> GatewayOperation | None:
    """The operation that has been due the longest and that nobody is at, now ours for a while."""
    return _first(_LEASE_DUE, [books.LEASE])


def lease_of_booking(booking_id: UUID) -> GatewayOperation | None:
    """The due operation of this booking's payment, unless somebody is at it."""
    return _first(_LEASE_OF_BOOKING, [books.LEASE, booking_id])


def lease(operation_id: UUID) -> GatewayOperation | None:
    """This operation, due or not, unless it is finished or somebody is at it: a person waits for its outcome."""
    return _first(_LEASE_ONE, [books.LEASE, operation_id])


def run(operation: GatewayOperation, *, on_recorded: OnRecorded | None = None) -> Outcome:
    """Asks the gateway for a leased operation and for all that follows from it; the outcome of the first comes back.

    Raises OperationalError when the outcome cannot be recorded: the intent stays, and the sweep asks again.
    """
    outcome = gateways.perform(operation)
    following = record(operation, outcome, on_recorded=on_recorded)
    while following is not None:
        following = record(following, gateways.perform(following))
    return outcome


def record(
    operation: GatewayOperation, outcome: Outcome, *, on_recorded: OnRecorded | None = None
) -> GatewayOperation | None:
    """Writes down what the gateway answered; the operation that follows from it, leased to the caller, comes back.

    It is decided on the payment as it was when the operation was leased, and anew if it changed meanwhile. Nothing is
    written when the operation was finished by somebody else, or is to be reversed: that answer stands then.
    """
    if isinstance(outcome, Unknown):
        _postpone(operation, outcome)
        return None
    asked = operation.state
    current: GatewayOperation | None = operation
    while current is not None and current.state == asked:
        written, following = _write(current, outcome, on_recorded)
        if written:
            return following
        current = GatewayOperation.objects.select_related("payment").filter(id=operation.id).first()
    return None


def _write(
    operation: GatewayOperation, outcome: Approved | Refused, on_recorded: OnRecorded | None
) -> tuple[bool, GatewayOperation | None]:
    payment = operation.payment
    _finish(operation, outcome)
    decision, refund = _decide(payment, operation, outcome)
    answered = Answered(operation, refund)
    if on_recorded is None:
        written, following = books.write(payment, decision, answered=answered, leased=True)
    else:
        with transaction.atomic():
            written, following = books.write(payment, decision, answered=answered, leased=True)
            if written:
                on_recorded(payment, operation)
    if written:
        told = {"kind": operation.kind, "state": operation.state, "code": operation.outcome_code}
        log.info("gateway answered", extra={"payment_id": str(payment.id), **told})
    return written, following


def _first(statement: str, parameters: list[Any]) -> GatewayOperation | None:
    """The operation that the statement leased, its payment with it."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        found = cursor.fetchone()
    if found is None:
        return None
    operation = GatewayOperation.from_db(None, list(_OPERATION), found[: len(_OPERATION)])
    operation.payment = Payment.from_db(None, list(_PAYMENT), found[len(_OPERATION) :])
    for name in _AS_JSON:  # Django leaves jsonb of raw cursors undecoded.
        setattr(operation.payment, name, msgspec.json.decode(getattr(operation.payment, name)))
    return operation


def pause_after(attempts: int) -> float:
    """Seconds before the sweep tries again: doubled from one try to the next, up to half a minute."""
    doublings = min(attempts - 1, 10)
    return min(FIRST_PAUSE * 2.0**doublings, LONGEST_PAUSE)


def _postpone(operation: GatewayOperation, outcome: Unknown) -> None:
    """Gives the lease back for a later try, unless it ran out meanwhile and went to somebody else."""
    pause = jittered(pause_after(operation.attempts), by=0.25)
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


def _finish(operation: GatewayOperation, outcome: Approved | Refused) -> None:
    if operation.state == OperationState.REVERSING:
        operation.state = OperationState.REVERSED
    elif isinstance(outcome, Approved):
        operation.state = OperationState.SUCCEEDED
    else:
        operation.state = OperationState.REFUSED
    operation.outcome_code = "" if isinstance(outcome, Approved) else outcome.code
    operation.result = outcome.id if isinstance(outcome, Approved) else ""
    operation.finished_at = timezone.now()


def _decide(  # noqa: C901  (a table: a line for each kind and outcome)
    row: Payment, operation: GatewayOperation, outcome: Approved | Refused
) -> tuple[domain.Decision, Refund | None]:
    payment = books.known(row)
    match Kind(operation.kind), outcome:
        case Kind.AUTHORIZE, Approved() if operation.state == OperationState.REVERSED:
            return domain.reversed_(payment, voided=outcome.amount), None
        case Kind.AUTHORIZE, Approved():
            row.provider, row.authorization_id = operation.provider, outcome.id
            row.card_last4 = outcome.card_last4
            return domain.authorized(payment), None
        case Kind.AUTHORIZE, Refused():
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
                mark(refund, payment)
                about, kind = books.seats_of(refund), RefundKind(refund.kind)
                return domain.refunded(payment, operation.amount, seats=about, kind=kind), refund
            return domain.return_refused(payment, outcome.code), refund
        case Kind.VOID, Refused():
            return domain.return_refused(payment, outcome.code), None
        case kind, _:
            raise AssertionError(kind)


def mark(refund: Refund, payment: domain.Payment) -> None:
    """Says on a refund of staff what it was in the end, of it and of each of its seats; nothing is saved.

    What a booking that ended is owed gives nothing back but money, whoever sits there.
    """
    about, kind = books.seats_of(refund), RefundKind(refund.kind)
    if refund.requested_by:
        refund.kind = refund_rules.became(payment, kind, about)
        refund.seats = books.written(refunded_as(about, about, kind, let_in=payment.let_in))


def _end_refund(operation: GatewayOperation, outcome: Approved | Refused) -> Refund:
    refund = Refund.objects.get(operation=operation)
    refund.status = RefundStatus.SUCCEEDED if isinstance(outcome, Approved) else RefundStatus.FAILED
    refund.failure_code = operation.outcome_code
    refund.finished_at = operation.finished_at
    return refund
