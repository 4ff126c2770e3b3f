"""Writing a decision down: the payment's row, the ledger, the intent that follows from it, and what is announced.

All of it is one statement that hangs on the version of the payment it was decided on: when somebody changed the
payment meanwhile nothing is written, and the caller decides anew.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any, cast
from uuid import UUID

import msgspec
from django.utils import timezone

from chassis.ids import uuid7, uuid7_following
from chassis.messaging import outbox
from chassis.messaging.events import EventData
from chassis.money import Money
from chassis.storage.database import as_jsonb
from chassis.telemetry import metrics
from payments import domain, events, seats
from payments.domain import Kind
from payments.models import GatewayOperation, OperationState, Payment, Refund, RefundStatus
from payments.seats import RefundKind, Seat
from payments.statements import NOW, Expression, Statement

# Longer than a call with its repetition may take, 2 x (1 + 5) s (gateways/interface.py): a lease ends with its holder.
LEASE = timedelta(seconds=20)


class Step(IntEnum):
    """What a booking leads to by itself, once each: the id, and so the key at the provider, follows from the booking's.

    A database that was put back from an older dump hears of the booking again, and asks for the same again under the
    same keys: nothing is charged twice.
    """

    PAYMENT = 0
    AUTHORIZATION = 1
    CAPTURE = 2
    # What a booking that ended is owed; the next ones, of what is owed still after a refusal, are counted on from here.
    FIRST_REFUND = 3


def id_of(step: int, booking_id: UUID) -> UUID:
    return uuid7_following(booking_id, step)


OUTCOMES = metrics.counter("payments_total", "Payments by what became of them", ["outcome"])
MONEY = metrics.counter("payments_amount_total", "Money moved, in minor units", ["kind", "currency"])

_DECIDED = frozenset(
    {
        *("status", "booking_state", "held_amount", "captured_amount", "refunded_amount", "retained_amount"),
        *("fee_told_amount", "let_in"),
        *("under_way", "failure_code", "attention", "provider", "authorization_id", "capture_id"),
        *("card_last4", "ended_reason", "captured_at", "hold_expires_at", "seats"),
    }
)
_COLUMNS = {field.attname: str(field.column) for field in Payment._meta.concrete_fields if field.attname in _DECIDED}


@dataclass(frozen=True, slots=True)
class Card:
    """What an authorisation is asked with, of whom.

    token: the provider's, sealed. ends_booking: the method came with the booking, a decline ends it.
    """

    token: str
    provider: str
    ends_booking: bool
    operation_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class RefundWish:
    """Who wants money back and why; nobody in particular when a booking ended.

    seats: those whose money it is, if it is of seats. is_written: its refund has waited for a second person, and goes
    on now.
    """

    reason: str
    requested_by: str = ""
    requested_by_id: UUID | None = None
    kind: RefundKind = RefundKind.CANCEL
    seats: tuple[Seat, ...] = ()
    id: UUID | None = None
    is_written: bool = False


def written(seats: Iterable[Seat]) -> list[dict[str, Any]]:
    """Seats as a row keeps them; seats_of() is the reverse."""
    return [msgspec.to_builtins(seat) for seat in seats]


def seats_of(row: Payment | Refund) -> tuple[Seat, ...]:
    """Of a payment as they were sold, of a refund those that it is about."""
    return msgspec.convert(row.seats, tuple[Seat, ...])


def known(row: Payment) -> domain.Payment:
    """What the domain needs to know of a row that is locked."""
    return domain.Payment(
        amount=row.amount,
        status=domain.Status(row.status),
        booking=domain.Booking(row.booking_state),
        held=row.held_amount,
        captured=row.captured_amount,
        refunded=row.refunded_amount,
        fee_told=row.fee_told_amount,
        retained=row.retained_amount,
        under_way=Kind(row.under_way) if row.under_way else None,
        failure_code=row.failure_code,
        attention=row.attention,
        seats=seats_of(row),
        let_in=frozenset(map(UUID, row.let_in)),
    )


def assign(row: Payment, payment: domain.Payment) -> None:
    """The reverse of known(); nothing is saved."""
    row.status = payment.status
    row.booking_state = payment.booking
    row.held_amount = payment.held
    row.captured_amount = payment.captured
    row.refunded_amount = payment.refunded
    row.fee_told_amount = payment.fee_told
    row.retained_amount = payment.retained
    row.under_way = payment.under_way or ""
    row.failure_code = payment.failure_code
    row.attention = payment.attention
    row.seats = written(payment.seats)
    row.let_in = sorted(map(str, payment.let_in))


@dataclass(frozen=True, slots=True)
class Answered:
    """An operation whose outcome was decided on, as it is from now on, and its refund if it is one."""

    operation: GatewayOperation
    refund: Refund | None = None


def open_payment(row: Payment, decision: domain.Decision, *, card: Card | None = None) -> bool:
    """Inserts the payment of a booking that has none; False, and nothing is written, when it has one already."""
    assign(row, decision.payment)
    names = ("id", "booking_id", "booking_reference", "user_id", "amount", "currency", "hold_expires_at")
    values = {name: getattr(row, name) for name in names} | _state(row)
    statement = Statement.inserting("payments", values)
    _follow_up(statement, row, decision, card=card)
    return _carry_out(statement, row, decision)


def write(
    row: Payment,
    decision: domain.Decision,
    *,
    answered: Answered | None = None,
    wish: RefundWish | None = None,
    card: Card | None = None,
    leased: bool = False,
) -> tuple[bool, GatewayOperation | None]:
    """Saves a decision: whether the payment still was what it was decided on, and the operation that follows.

    wish, card: for a refund or an authorisation that is asked for now. leased: the caller runs the next operation
    itself, as soon as this has been committed.
    """
    assign(row, decision.payment)
    changes = {**_state(row), "version": row.version + 1, "updated_at": NOW}
    statement = Statement.updating("payments", changes, expecting={"id": row.id, "version": row.version})
    if answered is not None:
        _close(statement, answered)
        _post(statement, row, answered.operation, decision.postings)
    after = "gateway_operations" if answered is not None else ""
    operation = _follow_up(
        statement, row, decision, answered=answered, wish=wish, card=card, leased=leased, after=after
    )
    written = _carry_out(statement, row, decision)
    if not written:
        return False, None
    row.version += 1
    if leased and decision.ask is not None and decision.ask.kind is Kind.REVERSE:
        operation = row.operations.get(state=OperationState.REVERSING)
    return True, operation


def _state(row: Payment) -> dict[str, object]:
    state = {column: getattr(row, name) for name, column in _COLUMNS.items()}
    return state | {"seats": as_jsonb(row.seats), "let_in": as_jsonb(row.let_in)}


def _close(statement: Statement, answered: Answered) -> None:
    operation, refund = answered.operation, answered.refund
    changes = {
        "state": operation.state,
        "outcome_code": operation.outcome_code,
        "result": operation.result,
        "finished_at": operation.finished_at,
        "leased_until": None,
        "payment_token": "",
        "last_error": "",
    }
    statement.update("gateway_operations", changes, where={"id": operation.id})
    if refund is not None:
        ended = {name: getattr(refund, name) for name in ("status", "kind", "failure_code", "finished_at")}
        statement.update("refunds", ended | {"seats": as_jsonb(refund.seats)}, where={"id": refund.id})


def _post(statement: Statement, row: Payment, operation: GatewayOperation, lines: tuple[domain.Posting, ...]) -> None:
    """The lines of one operation go in together: the database refuses them when they do not add up to zero."""
    if lines:
        statement.insert_many(
            "transactions",
            [
                {
                    "id": uuid7(),
                    "payment_id": row.id,
                    "operation_id": operation.id,
                    "kind": line.kind,
                    "account": line.account,
                    "amount": line.amount,
                    "currency": row.currency,
                    "created_at": operation.finished_at,
                }
                for line in lines
            ],
        )


def _follow_up(
    statement: Statement,
    row: Payment,
    decision: domain.Decision,
    *,
    answered: Answered | None = None,
    wish: RefundWish | None = None,
    card: Card | None = None,
    leased: bool = False,
    after: str = "",
) -> GatewayOperation | None:
    """What is announced, and what the gateway is asked next."""
    for announcement in decision.announcements:
        event = _event(row, announcement, answered.refund if answered else None)
        statement.add(outbox.insertion(event, subject=row.id, source=statement.source))
    ask = decision.ask
    if ask is None:
        return None
    lease = timezone.now() + LEASE if leased else None
    if ask.kind is Kind.REVERSE:
        # The authorisation under way becomes a reversal, whoever is at it: the gateway sorts out which came first.
        changes = {
            "state": OperationState.REVERSING,
            "due_at": NOW,
            "attempts": Expression("attempts + 1"),
            "leased_until": lease,
        }
        statement.update("gateway_operations", changes, where={"payment_id": row.id, "state": OperationState.PENDING})
        return None
    operation = GatewayOperation(
        id=(card and card.operation_id) or _id_by_itself(row, ask, wish) or uuid7(),
        payment=row,
        provider=card.provider if card else row.provider,
        kind=ask.kind,
        amount=ask.amount,
        currency=row.currency,
        payment_token=card.token if card else "",
        ends_booking=card is not None and card.ends_booking,
        target=row.capture_id if ask.kind is Kind.REFUND else row.authorization_id,
        attempts=1 if leased else 0,
        leased_until=lease,
    )
    names = [field.attname for field in GatewayOperation._meta.concrete_fields]
    values = {name: getattr(operation, name) for name in names} | {"due_at": NOW, "created_at": NOW}
    statement.insert("gateway_operations", values, after=after)
    if ask.kind is Kind.REFUND:
        _open_refund(statement, operation, row, wish or RefundWish(reason=row.ended_reason or "booking_ended"))
    return operation


def _id_by_itself(row: Payment, ask: domain.Ask, wish: RefundWish | None) -> UUID | None:
    """Of what follows from the booking, whoever is at work; None of what somebody asks for."""
    if ask.kind is Kind.CAPTURE:
        return id_of(Step.CAPTURE, row.booking_id)
    if ask.kind is Kind.REFUND and wish is None:
        # Counted on the version that is decided on: when another one came meanwhile, none of this is written.
        return id_of(Step.FIRST_REFUND + row.refunds.filter(requested_by="").count(), row.booking_id)
    return None


def _open_refund(statement: Statement, operation: GatewayOperation, row: Payment, wish: RefundWish) -> None:
    if wish.is_written:
        goes_on = {"operation_id": operation.id, "status": RefundStatus.PENDING}
        statement.update("refunds", goes_on, where={"id": cast(UUID, wish.id)})
        return
    values = {
        "id": wish.id or uuid7(),
        "payment_id": row.id,
        "operation_id": operation.id,
        "amount": operation.amount,
        "currency": row.currency,
        "status": RefundStatus.PENDING,
        "kind": wish.kind,
        "seats": as_jsonb(wish.seats),
        "reason": wish.reason,
        "requested_by": wish.requested_by,
        "requested_by_id": wish.requested_by_id,
        "failure_code": "",
        "created_at": NOW,
    }
    statement.insert("refunds", values)


def _carry_out(statement: Statement, row: Payment, decision: domain.Decision) -> bool:
    if not statement.execute():
        return False
    for announcement in decision.announcements:
        OUTCOMES.labels(announcement.type.partition(".")[2]).inc()
    for line in decision.postings:
        if line.amount > 0:
            MONEY.labels(line.kind, row.currency).inc(line.amount)
    return True


def _event(row: Payment, announcement: domain.Announcement, refund: Refund | None) -> EventData:
    ids = {"payment_id": row.id, "booking_id": row.booking_id, "user_id": row.user_id}
    amount = Money(row.amount, row.currency)
    match announcement.type:
        case "payment.authorized":
            return events.PaymentAuthorized(**ids, amount=amount, card_last4=row.card_last4)
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
        case "payment.fee_lowered":
            back = [seat for seat in seats_of(row) if seat.charged and seat.given_back]
            return events.PaymentFeeLowered(
                **ids,
                fee_told=Money(row.fee_told_amount, row.currency),
                retained=Money(row.retained_amount, row.currency),
                seats=_told(back, row.currency),
            )
        case "payment.refunded":
            refund = cast(Refund, refund)
            about = seats_of(refund)
            stay = seats.left(seats_of(row)) if about else ()
            return events.PaymentRefunded(
                **ids,
                refund_id=refund.id,
                amount=Money(refund.amount, row.currency),
                refunded_amount=Money(row.refunded_amount, row.currency),
                status=row.status,
                kind=refund.kind,
                reason=refund.reason if refund.requested_by else "",
                seats=_told(about, row.currency),
                seats_left=_told(stay, row.currency),
            )
        case unknown:
            raise AssertionError(unknown)


def _told(which: Sequence[Seat], currency: str) -> list[events.RefundedSeat]:
    return [events.RefundedSeat(seat.id, seat.row, seat.number, Money(seat.price, currency)) for seat in which]
