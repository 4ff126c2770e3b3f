"""Writing a decision down: the payment's row, the ledger, the intent that follows from it, and what is announced.

All of it, of as many payments as were decided on together, is one statement that hangs on the versions of the payments
they were decided on: when somebody changed one of them meanwhile nothing is written, and the caller decides anew.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from typing import Any
from uuid import UUID

from django.db.models import Count
from django.utils import timezone

from chassis.ids import uuid7, uuid7_following
from chassis.messaging.events import Event, EventData
from chassis.messaging.outbox import emit_all, envelopes
from chassis.telemetry import metrics
from payments import announcing, domain, exchange_rules, gift_ledger, ledger, receipts
from payments.exchange_rules import EXCHANGES
from payments.gift_models import GIFT_CARDS
from payments.kept import assign, known, seats_of, written
from payments.ledger import Kind, Posting
from payments.models import GatewayOperation, Payment, Refund, RefundStatus
from payments.receipt_models import Receipt
from payments.seats import RefundKind, Seat
from payments.statements import ANSWERED, ASKED, DECIDED, NEW_PAYMENT, REFUND_ENDED, Parts
from payments.states import OperationState

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
    # What a booking that ended is owed, or of seats that were given back; the next ones, and what is owed still after a
    # refusal, are counted on from here.
    FIRST_REFUND = 3
    # What goes back of what it was exchanged for. No booking has as many refunds as that before it.
    FIRST_RETURN = 1000


def id_of(step: int, booking_id: UUID) -> UUID:
    return uuid7_following(booking_id, step)


# Why a refund was made that follows from what a customer gave back.
SEATS_GIVEN_BACK = "seats_given_back"

OUTCOMES = metrics.counter("payments_total", "Payments by what became of them", ["outcome"])
MONEY = metrics.counter("payments_amount_total", "Money moved, in minor units", ["kind", "currency"])

_DECIDED = {field.attname: str(field.column) for field in Payment._meta.concrete_fields if field.column in DECIDED}


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


@dataclass(frozen=True, slots=True)
class Answered:
    """An operation whose outcome was decided on, as it is from now on, and its refund if it is one."""

    operation: GatewayOperation
    refund: Refund | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A decision about a payment. wish, card: for a refund or an authorisation that is asked for now.

    leased: the caller runs the next operation itself, as soon as this has been committed. cause: the event that it
    follows from, where several came together.
    """

    row: Payment
    decision: domain.Decision
    answered: Answered | None = None
    wish: RefundWish | None = None
    card: Card | None = None
    leased: bool = False
    cause: Event | None = None


def open_all(openings: Sequence[Change]) -> set[UUID]:
    """Inserts, within a transaction, the payments of bookings that have none; their ids. The others stay."""
    parts = Parts()
    for opening in openings:
        assign(opening.row, opening.decision.payment)
        _issue(parts, opening, issued={})
        _follow_up(parts, opening, given_back={})
    rows = [opening.row for opening in openings]
    made = parts.make([{name: getattr(row, name) for name in NEW_PAYMENT} | _state(row) for row in rows])
    opened = [opening for opening in openings if opening.row.id in made]
    told = [(opening, event) for opening in opened for event in _events(opening, None)]
    emit_all([(event, opening.row.id) for opening, event in told], causes=[opening.cause for opening, _ in told])
    _count(opened)
    return made


def write(
    row: Payment,
    decision: domain.Decision,
    *,
    answered: Answered | None = None,
    wish: RefundWish | None = None,
    card: Card | None = None,
    leased: bool = False,
) -> tuple[bool, GatewayOperation | None]:
    """write_all() of one; what follows may also be the operation under way, to be reversed now."""
    written, operations = write_all([Change(row, decision, answered, wish, card, leased)])
    if written and leased and decision.ask is not None and decision.ask.kind is Kind.REVERSE:
        return True, row.operations.get(state=OperationState.REVERSING)
    return written, next(iter(operations), None)


def write_all(changes: Sequence[Change]) -> tuple[bool, list[GatewayOperation]]:
    """Saves decisions about payments, one of each: whether all were what they were decided on, and what follows.

    When one of them was not, nothing is written. What a decision lends is written of the payment that lends it, too,
    which the caller has locked, or decides anew as of any other; what follows there the sweep asks.
    """
    decided = {change.row.id for change in changes}
    lenders = _lenders(changes)
    if any(lender.row.id in decided for lender in lenders):
        return False, []
    changes = [*changes, *lenders]
    parts = Parts()
    given_back = _given_back(changes)
    issued = receipts.issued_for([change.row.id for change in changes if _refund_made(change)])
    operations = []
    told: list[tuple[Change, EventData]] = []
    for change in changes:
        _keep_fee(parts, change)
        assign(change.row, change.decision.payment)
        if change.answered is not None:
            _close(parts, change.answered)
            _post(parts, change.row, change.answered.operation, change.decision.postings)
        receipt = _issue(parts, change, issued=issued)
        operation = _follow_up(parts, change, given_back=given_back)
        _move_gift(parts, change, operation)
        if operation is not None and change.row.id in decided:
            operations.append(operation)
        told += [(change, event) for event in _events(change, receipt)]
    parts.told = envelopes(
        [(event, change.row.id) for change, event in told], causes=[change.cause for change, _ in told]
    )
    rows = [change.row for change in changes]
    if not parts.change([{"id": row.id, "version": row.version + 1} | _state(row) for row in rows]):
        return False, []
    for row in rows:
        row.version += 1
    _count(changes)
    return True, operations


def _lenders(changes: Sequence[Change]) -> list[Change]:
    """What becomes of the payments that hold what others are paid with."""
    lends: dict[UUID, int] = {}
    for change in changes:
        if change.decision.lends and change.row.exchange_of is not None:
            lends[change.row.exchange_of] = lends.get(change.row.exchange_of, 0) + change.decision.lends
    if not lends:
        return []
    rows = Payment.objects.filter(booking_id__in=lends).order_by("id")
    return [Change(row, exchange_rules.lend(known(row), lends[row.booking_id])) for row in rows]


def _state(row: Payment) -> dict[str, Any]:
    return {column: getattr(row, name) for name, column in _DECIDED.items()}


def _close(parts: Parts, answered: Answered) -> None:
    operation, refund = answered.operation, answered.refund
    ids = {"id": operation.id, "payment_id": operation.payment_id}
    parts.answered.append(ids | {name: getattr(operation, name) for name in ANSWERED})
    if refund is not None:
        ids = {"id": refund.id, "payment_id": refund.payment_id}
        parts.refunds_ended.append(ids | {name: getattr(refund, name) for name in REFUND_ENDED})


def _post(parts: Parts, row: Payment, operation: GatewayOperation, lines: tuple[Posting, ...]) -> None:
    """The lines of one operation go in together: the database refuses them when they do not add up to zero."""
    parts.posted += [
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
        for line in ledger.booked(lines, operation.provider)
    ]


def _keep_fee(parts: Parts, change: Change) -> None:
    """What the decision changes of what stays with the house, whose row is as it was before."""
    row, after = change.row, change.decision.payment
    if more := after.fee - known(row).fee if after.captured else 0:
        ids = {"id": uuid7(), "payment_id": row.id, "created_at": timezone.now()}
        parts.fees_kept.append(ids | {"amount": more, "currency": row.currency})


def _move_gift(parts: Parts, change: Change, asked: GatewayOperation | None) -> None:
    """What a gift card gives hangs on the operation that is asked for now, what became of it on the one answered."""
    row, gift = change.row, change.decision.gift
    operation = change.answered.operation if change.answered else asked
    if gift is None or operation is None:
        return
    parts.gift_moved += [
        {
            "id": uuid7(),
            "card_id": row.gift_card_id,
            "move": gift.move,
            "account": line.account,
            "amount": line.amount,
            "currency": row.currency,
            "payment_id": row.id,
            "operation_id": operation.id,
            "created_at": timezone.now(),
        }
        for line in gift_ledger.lines(gift)
    ]


def _issue(parts: Parts, change: Change, *, issued: Mapping[UUID, Sequence[Receipt]]) -> Mapping[str, Any] | None:
    """The receipt of what was captured, which comes back, the credit note of what went back.

    issued: for the payments of refunds.
    """
    row, payment = change.row, change.decision.payment
    receipt = None
    completed = any(told.type == "payment.completed" for told in change.decision.announcements)
    if completed and row.captured_at is None:
        row.captured_at = timezone.now()
    if completed or (row.sale and row.captured_at is not None):
        receipt = receipts.receipt(row, payment.seats)
        parts.issued.append(receipt)
        row.sale = receipts.DONE
    elif row.sale and not domain.may_be_captured(payment):
        row.sale = receipts.DONE
    refund = _refund_made(change)
    note = refund and receipts.credit_note(refund, seats_of(refund), issued.get(row.id, ()))
    if note:
        parts.issued.append(note)
    return receipt


def _refund_made(change: Change) -> Refund | None:
    refund = change.answered.refund if change.answered else None
    return refund if refund is not None and refund.status == RefundStatus.SUCCEEDED else None


def _follow_up(parts: Parts, change: Change, *, given_back: Mapping[UUID, int]) -> GatewayOperation | None:
    """What the gateway is asked next. given_back: of each payment, the refunds that nobody in particular wanted."""
    row, ask, card = change.row, change.decision.ask, change.card
    if ask is None:
        return None
    lease = timezone.now() + LEASE if change.leased else None
    if ask.kind is Kind.REVERSE:
        # The authorisation under way becomes a reversal, whoever is at it: the gateway sorts out which came first.
        parts.reversing.append({"payment_id": row.id, "leased_until": lease})
        return None
    operation = GatewayOperation(
        id=(card and card.operation_id) or _id_by_itself(change, ask, given_back) or uuid7(),
        payment=row,
        provider=_provider(row, ask, card),
        kind=ask.kind,
        amount=ask.amount - ask.gift - ask.carried,
        gift_amount=ask.gift,
        carried_amount=ask.carried,
        currency=row.currency,
        payment_token=card.token if card else "",
        ends_booking=card is not None and card.ends_booking,
        target=row.capture_id if ask.kind in (Kind.REFUND, Kind.RETURN) else row.authorization_id,
        attempts=1 if change.leased else 0,
        leased_until=lease,
    )
    parts.asked.append({name: getattr(operation, name) for name in ASKED})
    if ask.kind is Kind.REFUND:
        _open_refund(parts, operation, row, change.wish or _owed_by_itself(row, ask))
    return operation


def _owed_by_itself(row: Payment, ask: domain.Ask) -> RefundWish:
    reason = SEATS_GIVEN_BACK if ask.seats else row.ended_reason or "booking_ended"
    return RefundWish(reason=reason, seats=ask.seats)


def _provider(row: Payment, ask: domain.Ask, card: Card | None) -> str:
    if ask.gift == ask.amount:
        return GIFT_CARDS
    if ask.gift + ask.carried == ask.amount:
        return EXCHANGES
    return card.provider if card else row.provider


def _follows_by_itself(change: Change) -> bool:
    ask = change.decision.ask
    return ask is not None and ask.kind is Kind.REFUND and change.wish is None


def _given_back(changes: Sequence[Change]) -> Mapping[UUID, int]:
    """Counted on the version that is decided on: when another one came meanwhile, none of this is written."""
    owing = [change.row.id for change in changes if _follows_by_itself(change)]
    if not owing:
        return {}
    refunds = Refund.objects.filter(payment__in=owing, requested_by="").order_by()
    return dict(refunds.values_list("payment_id").annotate(Count("id")))


def _id_by_itself(change: Change, ask: domain.Ask, given_back: Mapping[UUID, int]) -> UUID | None:
    """Of what follows from the booking, whoever is at work; None of what somebody asks for."""
    if ask.kind is Kind.CAPTURE:
        return id_of(Step.CAPTURE, change.row.booking_id)
    if ask.kind is Kind.RETURN:
        returns = GatewayOperation.objects.filter(payment=change.row, kind=Kind.RETURN).count()
        return id_of(Step.FIRST_RETURN + returns, change.row.booking_id)
    if _follows_by_itself(change):
        return id_of(Step.FIRST_REFUND + given_back.get(change.row.id, 0), change.row.booking_id)
    return None


def _open_refund(parts: Parts, operation: GatewayOperation, row: Payment, wish: RefundWish) -> None:
    ids = {"id": wish.id or uuid7(), "payment_id": row.id, "operation_id": operation.id, "status": RefundStatus.PENDING}
    ids["gift_amount"] = operation.gift_amount
    if wish.is_written:
        parts.refunds_going_on.append(ids)
        return
    parts.refunds_opened.append(
        ids
        | {
            "amount": operation.total,
            "currency": row.currency,
            "kind": wish.kind,
            "seats": written(wish.seats),
            "reason": wish.reason,
            "requested_by": wish.requested_by,
            "requested_by_id": wish.requested_by_id,
            "failure_code": "",
        }
    )


def _count(changes: Iterable[Change]) -> None:
    for change in changes:
        for announcement in change.decision.announcements:
            OUTCOMES.labels(announcement.type.partition(".")[2]).inc()
        for line in change.decision.postings:
            if line.amount > 0:
                MONEY.labels(line.kind, change.row.currency).inc(line.amount)


def _events(change: Change, receipt: Mapping[str, Any] | None) -> Iterator[EventData]:
    """receipt: what is issued with it."""
    refund = change.answered.refund if change.answered else None
    for announcement in change.decision.announcements:
        yield announcing.event(change.row, announcement, refund, receipt)
