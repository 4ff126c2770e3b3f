"""Asking the gateway: an intent is leased, run outside any transaction, and its outcome recorded in one.

Whatever is killed at whatever moment, the intent is there: when its lease ends the sweep asks again, under the same
idempotency key, and gets the answer that was lost.
"""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import nullcontext
from contextvars import Context, copy_context
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection, transaction
from django.db.models import JSONField
from django.utils import timezone

from chassis.jitter import jittered
from chassis.messaging.events import Event, at_hand
from chassis.storage.database import execute, is_away
from payments import books, domain, exchange_rules, gateways, kept, refund_rules
from payments.books import Answered, Change
from payments.gateways import Approved, Outcome, Refused, Unknown
from payments.gateways.side_by_side import SideBySide
from payments.ledger import Kind
from payments.models import GatewayOperation, Payment, Refund, RefundStatus
from payments.seats import RefundKind, refunded_as
from payments.states import OperationState

log = logging.getLogger(__name__)

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 30.0

# Called within the transaction that records an outcome, with the payment and its operation as they are now.
OnRecorded = Callable[[Payment, GatewayOperation], None]
# Of bookings, the events from which their operations follow, where several came together.
Causes = Mapping[UUID, Event]
NOBODY: Causes = {}
Definite = Approved | Refused

_OPERATION = {field.attname: field.column for field in GatewayOperation._meta.concrete_fields}
_PAYMENT = {field.attname: field.column for field in Payment._meta.concrete_fields}
_AS_JSON = [field.attname for field in Payment._meta.concrete_fields if isinstance(field, JSONField)]
_COLUMNS = [*(f"o.{column}" for column in _OPERATION.values()), *(f"p.{column}" for column in _PAYMENT.values())]
_LEASE = f"""
WITH leased AS (
  SELECT due.id FROM {{where}} AND due.state IN ('pending', 'reversing')
    AND (due.leased_until IS NULL OR due.leased_until < statement_timestamp())
  ORDER BY due.due_at LIMIT %s FOR UPDATE OF due SKIP LOCKED
)
UPDATE gateway_operations AS o SET leased_until = statement_timestamp() + %s, attempts = o.attempts + 1
FROM payments p WHERE o.id = ANY(ARRAY(SELECT id FROM leased)) AND p.id = o.payment_id
RETURNING {", ".join(_COLUMNS)}
"""  # noqa: S608  (names of the code's own)
_DUE = "due.due_at <= statement_timestamp()"
_LEASE_DUE = _LEASE.format(where=f"gateway_operations due WHERE {_DUE}")
_LEASE_OF_BOOKINGS = _LEASE.format(
    where="gateway_operations due JOIN payments ON payments.id = due.payment_id"
    f" WHERE payments.booking_id = ANY(%s::uuid[]) AND {_DUE}"
)
_LEASE_ONE = _LEASE.format(where="gateway_operations due WHERE due.id = %s")
# What another one holds just now is being reversed, say, and so is ours no more: waiting for it could be a deadlock.
_RELEASE = """
WITH given AS (
  SELECT * FROM unnest(%s::uuid[], %s::int[], %s::interval[], %s::text[]) AS given (id, attempts, pause, reason)
),
ours AS (
  SELECT o.id FROM gateway_operations o JOIN given USING (id, attempts)
  WHERE o.state IN ('pending', 'reversing') FOR NO KEY UPDATE OF o SKIP LOCKED
)
UPDATE gateway_operations AS o SET leased_until = NULL, {changes} FROM given JOIN ours USING (id) WHERE o.id = given.id
"""
_POSTPONE = _RELEASE.format(changes="due_at = statement_timestamp() + given.pause, last_error = given.reason")
_GIVE_BACK = _RELEASE.format(changes="attempts = o.attempts - 1")


def lease_due(*, limit: int) -> list[GatewayOperation]:
    """The operations that have been due the longest and that nobody is at, now ours for a while."""
    return _leased(_LEASE_DUE, [limit, books.LEASE])


def lease_of_bookings(booking_ids: Collection[UUID]) -> list[GatewayOperation]:
    """The due operations of these bookings' payments, one of each at most, unless somebody is at them."""
    return _leased(_LEASE_OF_BOOKINGS, [list(booking_ids), len(booking_ids), books.LEASE])


def lease(operation_id: UUID) -> GatewayOperation | None:
    """This operation, due or not, unless it is finished or somebody is at it: a person waits for its outcome."""
    return next(iter(_leased(_LEASE_ONE, [operation_id, 1, books.LEASE])), None)


def run(operation: GatewayOperation, *, on_recorded: OnRecorded | None = None) -> Outcome:
    """Asks the gateway for a leased operation and for all that follows from it; the outcome of the first comes back.

    Raises OperationalError when the outcome cannot be recorded: the intent stays, and the sweep asks again.
    """
    outcome = gateways.perform(operation)
    following = record(operation, outcome, on_recorded=on_recorded)
    while following is not None:
        following = record(following, gateways.perform(following))
    return outcome


def run_all(leased: Sequence[GatewayOperation], *, causes: Causes = NOBODY) -> int:
    """Asks for leased operations side by side, and for all that follows from them; how many there was a place for.

    What is answered together is recorded together. What is slow is recorded by the thread that asks, some time after
    this has returned; it is leased until then. What there was no place for is due again at once.
    """
    asking = SideBySide(late=_record_late)
    for operation in leased:
        asking.put(operation, context=_context(operation, causes))
    try:
        while answers := asking.answers():
            for following in record_all(answers, causes=causes):
                asking.put(following, context=_context(following, causes))
    finally:
        asking.leave_all()
        unasked = asking.unasked
        if unasked:
            _release(_GIVE_BACK, [(operation, timedelta(0), "") for operation in unasked])
            log.info("no place to ask the gateway", extra={"operations": len(unasked)})
    for failure in asking.failures:
        log.error("gateway not asked", exc_info=failure)
    if asking.failures:
        raise asking.failures[0]
    return len(leased) - len({operation.id for operation in leased} & {operation.id for operation in unasked})


def record(
    operation: GatewayOperation, outcome: Outcome, *, on_recorded: OnRecorded | None = None
) -> GatewayOperation | None:
    """Writes down what the gateway answered; the operation that follows from it, leased to the caller, comes back.

    It is decided on the payment as it was when the operation was leased, and anew if it changed meanwhile. Nothing is
    written when the operation was finished by somebody else, or is to be reversed: that answer stands then.
    """
    if isinstance(outcome, Unknown):
        _postpone([(operation, outcome)])
        return None
    asked = operation.state
    written, following = _write([(operation, outcome)], on_recorded=on_recorded)
    if not written:
        return _record_anew(operation.id, asked, outcome, on_recorded=on_recorded)
    return next(iter(following), None)


def record_all(
    answers: Sequence[tuple[GatewayOperation, Outcome]], *, causes: Causes = NOBODY
) -> list[GatewayOperation]:
    """record() of many in one statement; when one of them is not as it was leased, or cannot be written, one by one.

    One that cannot be written holds back no other; its intent stays, and the sweep asks again.
    """
    _postpone([(operation, outcome) for operation, outcome in answers if isinstance(outcome, Unknown)], causes)
    definite = [(operation, outcome) for operation, outcome in answers if not isinstance(outcome, Unknown)]
    asked = [operation.state for operation, _ in definite]
    try:
        written, following = _write(definite, causes=causes)
    except Exception as exc:
        if is_away(exc):
            raise
        written = False
    if written:
        return following
    following = []
    for (operation, outcome), state in zip(definite, asked, strict=True):
        with at_hand(causes.get(operation.payment.booking_id)):
            try:
                next_one = _record_anew(operation.id, state, outcome)
            except Exception as exc:
                if is_away(exc):
                    raise
                log.exception("gateway answer not recorded", extra={"payment_id": str(operation.payment_id)})
                continue
        if next_one is not None:
            following.append(next_one)
    return following


def _record_late(operation: GatewayOperation, outcome: Outcome) -> None:
    """In a thread that nobody waits for. What cannot be recorded is asked for again by the sweep."""
    try:
        while (following := _recorded_alone(operation, outcome)) is not None:
            operation, outcome = following, gateways.perform(following)
    except Exception:
        log.exception("gateway answer not recorded", extra={"payment_id": str(operation.payment_id)})


def _recorded_alone(operation: GatewayOperation, outcome: Outcome) -> GatewayOperation | None:
    """record(), with a connection that is given back at once: those that wait for the gateway have none."""
    try:
        return record(operation, outcome)
    finally:
        connection.close()


def _context(operation: GatewayOperation, causes: Causes) -> Context:
    with at_hand(causes.get(operation.payment.booking_id)):
        return copy_context()


def _record_anew(
    operation_id: UUID, asked: str, outcome: Definite, *, on_recorded: OnRecorded | None = None
) -> GatewayOperation | None:
    """Until nobody comes between reading the payment and writing it, or the operation is not as it was asked for."""
    asked_for = GatewayOperation.objects.select_related("payment").filter(id=operation_id, state=asked)
    while (current := asked_for.first()) is not None:
        written, following = _write([(current, outcome)], on_recorded=on_recorded)
        if written:
            return next(iter(following), None)
    return None


def _write(
    answers: Sequence[tuple[GatewayOperation, Definite]],
    *,
    causes: Causes = NOBODY,
    on_recorded: OnRecorded | None = None,
) -> tuple[bool, list[GatewayOperation]]:
    """Whether all of it was written, on which nobody came between; and the operations that follow, leased."""
    if not answers:
        return True, []
    refunds = _refunds_of([operation for operation, _ in answers])
    changes = []
    for operation, outcome in answers:
        _finish(operation, outcome)
        refund = refunds.get(operation.id)
        decision = _decide(operation.payment, operation, outcome, refund)
        cause = causes.get(operation.payment.booking_id)
        answered = Answered(operation, refund)
        changes.append(Change(operation.payment, decision, answered=answered, leased=True, cause=cause))
    with nullcontext() if on_recorded is None else transaction.atomic():
        written, following = books.write_all(changes)
        if written and on_recorded is not None:
            for operation, _ in answers:
                on_recorded(operation.payment, operation)
    if written:
        for operation, _ in answers:
            told = {"kind": operation.kind, "state": operation.state, "code": operation.outcome_code}
            with at_hand(causes.get(operation.payment.booking_id)):
                log.info("gateway answered", extra={"payment_id": str(operation.payment_id), **told})
    return written, following


def _leased(statement: str, parameters: list[Any]) -> list[GatewayOperation]:
    """The operations that the statement leased, their payments with them."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        found = cursor.fetchall()
    return [_read(row) for row in found]


def _read(row: Sequence[Any]) -> GatewayOperation:
    operation = GatewayOperation.from_db(None, list(_OPERATION), row[: len(_OPERATION)])
    operation.payment = Payment.from_db(None, list(_PAYMENT), row[len(_OPERATION) :])
    for name in _AS_JSON:  # Django leaves jsonb of raw cursors undecoded.
        value = getattr(operation.payment, name)
        setattr(operation.payment, name, None if value is None else msgspec.json.decode(value))
    return operation


def pause_after(attempts: int) -> float:
    """Seconds before the sweep tries again: doubled from one try to the next, up to half a minute."""
    doublings = min(attempts - 1, 10)
    return min(FIRST_PAUSE * 2.0**doublings, LONGEST_PAUSE)


def _postpone(unknown: Sequence[tuple[GatewayOperation, Unknown]], causes: Causes = NOBODY) -> None:
    """Gives the leases back for a later try, unless one ran out meanwhile and went to somebody else."""
    if not unknown:
        return
    tries = [
        (operation, timedelta(seconds=jittered(pause_after(operation.attempts), by=0.25)), outcome.reason[:200])
        for operation, outcome in unknown
    ]
    _release(_POSTPONE, tries)
    for operation, outcome in unknown:
        about = {"kind": operation.kind, "attempts": operation.attempts, "reason": outcome.reason}
        with at_hand(causes.get(operation.payment.booking_id)):
            log.warning("gateway outcome unknown", extra={"payment_id": str(operation.payment_id), **about})


def _release(statement: str, given: Sequence[tuple[GatewayOperation, timedelta, str]]) -> None:
    operations, pauses, reasons = zip(*given, strict=True)
    ids, attempts = [operation.id for operation in operations], [operation.attempts for operation in operations]
    execute(statement, [ids, attempts, list(pauses), list(reasons)])


def _finish(operation: GatewayOperation, outcome: Definite) -> None:
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
    row: Payment, operation: GatewayOperation, outcome: Definite, refund: Refund | None
) -> domain.Decision:
    payment = kept.known(row)
    match Kind(operation.kind), outcome:
        case Kind.AUTHORIZE, Approved() if operation.state == OperationState.REVERSED:
            return domain.reversed_(payment, voided=outcome.amount)
        case Kind.AUTHORIZE, Approved():
            row.provider, row.authorization_id = operation.provider, outcome.id
            row.card_last4 = outcome.card_last4
            return domain.authorized(payment)
        case Kind.AUTHORIZE, Refused():
            return domain.declined(payment, outcome.code, final=operation.ends_booking)
        case Kind.CAPTURE, Approved():
            row.capture_id = outcome.id
            row.captured_at = operation.finished_at
            return domain.captured(payment)
        case Kind.CAPTURE, Refused():
            return domain.capture_refused(payment, outcome.code)
        case Kind.VOID, Approved():
            return domain.voided(payment)
        case Kind.REFUND, Approved() if refund is not None:
            _end_refund(refund, operation, RefundStatus.SUCCEEDED)
            mark(refund, payment)
            about, kind = kept.seats_of(refund), RefundKind(refund.kind)
            return domain.refunded(payment, operation.total, seats=about, kind=kind)
        case Kind.REFUND, Refused() if refund is not None:
            _end_refund(refund, operation, RefundStatus.FAILED)
            return domain.return_refused(payment, outcome.code)
        case Kind.RETURN, Approved():
            return exchange_rules.gave_back(payment, operation.total)
        case Kind.VOID | Kind.RETURN, Refused():
            return domain.return_refused(payment, outcome.code)
        case kind, _:
            raise AssertionError(kind)


def mark(refund: Refund, payment: domain.Payment) -> None:
    """Says on a refund of staff what it was in the end, of it and of each of its seats; nothing is saved.

    What a booking that ended is owed gives nothing back but money, whoever sits there.
    """
    about, kind = kept.seats_of(refund), RefundKind(refund.kind)
    if refund.requested_by:
        refund.kind = refund_rules.became(payment, kind, about)
        refund.seats = kept.written(refunded_as(about, about, kind, let_in=payment.let_in))


def _refunds_of(operations: Sequence[GatewayOperation]) -> dict[UUID | None, Refund]:
    """By their operations."""
    refunding = [operation.id for operation in operations if operation.kind == Kind.REFUND]
    if not refunding:
        return {}
    return {refund.operation_id: refund for refund in Refund.objects.filter(operation__in=refunding)}


def _end_refund(refund: Refund, operation: GatewayOperation, status: RefundStatus) -> None:
    refund.status = status
    refund.failure_code = operation.outcome_code
    refund.finished_at = operation.finished_at
