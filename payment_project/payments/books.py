"""Writing a decision down: the payment's row, the ledger, the intent that follows from it, and what is announced."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from chassis import metrics, outbox
from chassis.events import EventData
from chassis.ids import uuid7
from payments import domain, events
from payments.domain import Kind
from payments.models import GatewayOperation, OperationState, Payment, Refund, Transaction

# Longer than a call with its repetition may take (gateway.py: 2 x (1 + 5) s), so that a lease ends with its holder.
LEASE = timedelta(seconds=20)

OUTCOMES = metrics.counter("payments_total", "Payments by what became of them", ["outcome"])
MONEY = metrics.counter("payments_amount_total", "Money moved, in minor units", ["kind", "currency"])


@dataclass(frozen=True, slots=True)
class Card:
    """What an authorisation is asked with. ends_booking: the method came with the booking, a decline ends it."""

    token: str
    ends_booking: bool
    operation_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class RefundWish:
    """Who wants money back and why; nobody in particular when a booking ended."""

    reason: str
    requested_by: str = ""
    id: UUID | None = None


def known(row: Payment) -> domain.Payment:
    """What the domain needs to know of a row that is locked."""
    return domain.Payment(
        amount=row.amount,
        status=domain.Status(row.status),
        booking=domain.Booking(row.booking_state),
        held=row.held_amount,
        captured=row.captured_amount,
        refunded=row.refunded_amount,
        retained=row.retained_amount,
        under_way=Kind(row.under_way) if row.under_way else None,
        failure_code=row.failure_code,
        attention=row.attention,
    )


def assign(row: Payment, payment: domain.Payment) -> None:
    """The reverse of known(); nothing is saved."""
    row.status = payment.status
    row.booking_state = payment.booking
    row.held_amount = payment.held
    row.captured_amount = payment.captured
    row.refunded_amount = payment.refunded
    row.retained_amount = payment.retained
    row.under_way = payment.under_way or ""
    row.failure_code = payment.failure_code
    row.attention = payment.attention


CHANGING = (
    "status",
    "booking_state",
    "held_amount",
    "captured_amount",
    "refunded_amount",
    "retained_amount",
    "under_way",
    "failure_code",
    "attention",
    "authorisation_id",
    "capture_id",
    "ended_reason",
    "captured_at",
    "updated_at",
)


def write_new(row: Payment, decision: domain.Decision, *, card: Card | None = None) -> bool:
    """Inserts the payment of a booking that has none; False, and nothing is written, when it has one already."""
    assign(row, decision.payment)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO payments (id, booking_id, booking_reference, user_id, amount, currency, hold_expires_at,"
            " status, booking_state, under_way, failure_code) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
            " ON CONFLICT (booking_id) DO NOTHING",
            [
                row.id,
                row.booking_id,
                row.booking_reference,
                row.user_id,
                row.amount,
                row.currency,
                row.hold_expires_at,
                row.status,
                row.booking_state,
                row.under_way,
                row.failure_code,
            ],
        )
        if cursor.rowcount == 0:
            return False
    _announce(row, decision, None)
    if decision.ask is not None:
        _intend(row, decision.ask, card=card, leased=False)
    return True


def write(
    row: Payment,
    decision: domain.Decision,
    *,
    answered: GatewayOperation | None = None,
    refund: Refund | None = None,
    wish: RefundWish | None = None,
    card: Card | None = None,
    leased: bool = False,
) -> GatewayOperation | None:
    """Saves a decision about a locked row, within its transaction; the intent that follows comes back.

    answered: the operation whose outcome was decided on, and its refund. wish, card: for a refund or an authorisation
    that is asked for now. leased: the caller runs the next operation itself once the transaction has been committed.
    """
    assign(row, decision.payment)
    row.save(update_fields=CHANGING)
    if answered is not None and decision.postings:
        _post(row, answered, decision.postings)
    _announce(row, decision, refund)
    if decision.ask is None:
        return None
    if decision.ask.kind is Kind.REVERSE:
        return _take_back(row, leased=leased)
    operation = _intend(row, decision.ask, card=card, leased=leased)
    if decision.ask.kind is Kind.REFUND:
        _open_refund(operation, row, wish or RefundWish(reason=row.ended_reason or "booking_ended"))
    return operation


def _announce(row: Payment, decision: domain.Decision, refund: Refund | None) -> None:
    for announcement in decision.announcements:
        event = _event(row, announcement, refund)
        outbox.emit(event, subject=row.id)
        OUTCOMES.labels(event.type.partition(".")[2]).inc()


def _open_refund(operation: GatewayOperation, row: Payment, wish: RefundWish) -> None:
    Refund.objects.create(
        id=wish.id or uuid7(),
        payment=row,
        operation=operation,
        amount=operation.amount,
        currency=row.currency,
        reason=wish.reason,
        requested_by=wish.requested_by,
    )


def _intend(row: Payment, ask: domain.Ask, *, card: Card | None, leased: bool) -> GatewayOperation:
    return GatewayOperation.objects.create(
        id=(card and card.operation_id) or uuid7(),
        payment=row,
        kind=ask.kind,
        amount=ask.amount,
        currency=row.currency,
        payment_token=card.token if card else "",
        ends_booking=card is not None and card.ends_booking,
        target=row.capture_id if ask.kind is Kind.REFUND else row.authorisation_id,
        due_at=Now(),
        **_lease(leased=leased),
    )


def _take_back(row: Payment, *, leased: bool) -> GatewayOperation:
    """The authorisation under way becomes a reversal, whoever may be at it: the gateway sorts out which came first."""
    operation = row.operations.select_for_update().get(state=OperationState.PENDING, kind=Kind.AUTHORISE)
    operation.state = OperationState.REVERSING
    operation.due_at = timezone.now()
    operation.attempts += 1
    operation.leased_until = timezone.now() + LEASE if leased else None
    operation.save(update_fields=["state", "due_at", "attempts", "leased_until"])
    return operation


def _lease(*, leased: bool) -> dict[str, object]:
    return {"leased_until": timezone.now() + LEASE, "attempts": 1} if leased else {}


def _post(row: Payment, operation: GatewayOperation, lines: tuple[domain.Posting, ...]) -> None:
    """The lines of one operation go in together: the database refuses them when they do not add up to zero."""
    Transaction.objects.bulk_create(
        Transaction(
            payment=row,
            operation=operation,
            kind=line.kind,
            account=line.account,
            amount=line.amount,
            currency=row.currency,
        )
        for line in lines
    )
    for line in lines:
        if line.amount > 0:
            MONEY.labels(line.kind, row.currency).inc(line.amount)


def _event(row: Payment, announcement: domain.Announcement, refund: Refund | None) -> EventData:
    ids = {"payment_id": row.id, "booking_id": row.booking_id, "user_id": row.user_id}
    amount = events.Money(row.amount, row.currency)
    match announcement.type:
        case "payment.authorized":
            return events.PaymentAuthorized(**ids, amount=amount)
        case "payment.completed":
            return events.PaymentCompleted(**ids, amount=amount, captured_at=cast(datetime, row.captured_at))
        case "payment.voided":
            return events.PaymentVoided(**ids, amount=amount)
        case "payment.failed":
            return events.PaymentFailed(
                **ids,
                amount=amount,
                stage=announcement.stage,
                failure_code=row.failure_code,
                retryable=announcement.retryable,
                final=announcement.final,
            )
        case "payment.refunded":
            refund = cast(Refund, refund)
            return events.PaymentRefunded(
                **ids,
                refund_id=refund.id,
                amount=events.Money(refund.amount, row.currency),
                refunded_amount=events.Money(row.refunded_amount, row.currency),
                status=row.status,
            )
        case unknown:
            raise AssertionError(unknown)
