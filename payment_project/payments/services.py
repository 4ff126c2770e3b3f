"""What can be done with payments: each function locks the payment, asks the domain, writes the decision down.

The gateway is asked afterwards, outside of any transaction, by operations.run().
"""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from chassis.ids import uuid7
from chassis.states import IllegalTransition
from chassis.storage import audit_log
from chassis.web import idempotency
from chassis.web.idempotency import Claim, Key
from payments import books, clerks, domain, operations, vault
from payments.books import Card
from payments.clerks import Clerk
from payments.domain import BookingOver, UnderWay
from payments.errors import (
    AlreadyPaid,
    BookingEnded,
    HoldExpired,
    PaymentInProgress,
    PaymentNotFound,
    UnknownMethod,
)
from payments.heard import BookingCheckedIn, BookingConfirmed, BookingCreated, BookingEnding, MethodGiven
from payments.models import UNFINISHED, GatewayOperation, OperationState, Payment, PaymentMethod, RefundStatus
from payments.seats import RefundKind, Seat

NO_SUCH_METHOD = "unknown_payment_method"


class PaymentUnknown(Exception):
    """No event has told of this booking yet."""


def open_payment(*, booking: BookingCreated) -> None:
    """The booking was made. With a payment method its authorisation is intended at once; a decline ends the booking."""
    method = booking.payment_method
    asked_as = books.id_of(books.Step.AUTHORIZATION, booking.booking_id)
    card = None if method is None else _card(method, user_id=booking.user_id, ends_booking=True, operation_id=asked_as)
    row = _unsaved(booking)
    if books.open_payment(row, _opening(row, method, card), card=card):
        return
    with transaction.atomic(savepoint=False):
        row = Payment.objects.select_for_update().get(booking_id=booking.booking_id)
        row.hold_expires_at = booking.hold_expires_at
        row.seats = row.seats or _seats_sold(booking)
        unasked = row.status == domain.Status.REQUIRES_PAYMENT_METHOD and not row.under_way
        decision = _opening(row, method, card) if unasked else domain.Decision(books.known(row))
        _save(row, decision, card=card)


def confirm_booking(*, booking: BookingConfirmed) -> None:
    """The seats are sold: the capture is intended, now or when the authorisation succeeds."""
    with transaction.atomic(savepoint=False):
        row = _lock_or_open(booking)
        _save(row, domain.booking_confirmed(books.known(row)))


def end_booking(*, booking: BookingEnding) -> None:
    """The booking was rejected, expired, cancelled or failed: what was taken goes back, less the fee it names.

    What waits for a second person was asked for of a booking that went on: it lapses, and whoever still wants it, of
    the fee say, asks anew.
    """
    with transaction.atomic(savepoint=False):
        row = _lock_or_open(booking)
        if row.captured_amount:
            waiting = row.refunds.filter(status=RefundStatus.AWAITING_APPROVAL)
            waiting.update(status=RefundStatus.LAPSED, finished_at=Now())
        row.ended_reason = row.ended_reason or booking.reason[:64]
        retained = min(booking.retained, row.amount)
        _save(row, domain.booking_ended(books.known(row), retained=retained, seats=booking.seat_ids))


def note_let_in(*, booking: BookingCheckedIn) -> None:
    """Somebody was let in to these seats: from now on they are not given back (refund_rules.refund_kind).

    What a refund that overtook them at the door was asked as, it was not in the end. There is a payment: a ticket is
    signed when its money was taken.
    """
    with transaction.atomic(savepoint=False):
        row = Payment.objects.select_for_update().filter(booking_id=booking.booking_id).first()
        if row is not None:
            known = domain.note_let_in(books.known(row), booking.seat_ids)
            _save(row, domain.Decision(known))
            for refund in row.refunds.filter(kind=RefundKind.CANCEL, status=RefundStatus.SUCCEEDED):
                operations.mark(refund, known)
                refund.save(update_fields=["kind", "seats"])


def start_authorization(
    *, user_id: UUID, booking_id: UUID, method: MethodGiven, key: Key
) -> tuple[Claim, GatewayOperation | None]:
    """Claims the idempotency key and writes the intent to authorise, leased to the caller, who runs it.

    The operation is None when the claim has been completed before and is to be replayed, or when an earlier try left
    an operation that somebody else is at. Raises PaymentUnknown when no event has told of the booking,
    PaymentNotFound for somebody else's, BookingEnded, HoldExpired, AlreadyPaid, PaymentInProgress, UnknownMethod,
    and what idempotency.claim() raises.
    """
    operation_id = uuid7()
    with transaction.atomic():
        claim = idempotency.claim(key, resource_id=operation_id, lease_seconds=int(books.LEASE.total_seconds()))
        if claim.completed:
            return claim, None
        if not claim.resumed:
            row = _lock_own(booking_id, user_id=user_id)
            decision = _request_authorization(row)
            card = _card(method, user_id=user_id, ends_booking=False, operation_id=operation_id)
            if card is None:
                raise UnknownMethod
            return claim, _save(row, decision, card=card, leased=True)
    return claim, operations.lease(claim.resource_id)


def withdraw_unanswered(*, user_id: UUID, booking_id: UUID) -> GatewayOperation | None:
    """Takes back an authorisation that was asked for without an answer, so that another card may be tried.

    The reversal comes back leased to the caller, who runs it; None when there is nothing to take back, or somebody
    is at it just now.
    """
    with transaction.atomic():
        row = Payment.objects.select_for_update().filter(booking_id=booking_id, user_id=user_id).first()
        if row is None or row.under_way != domain.Kind.AUTHORIZE:
            return None
        waiting = GatewayOperation.objects.filter(payment=row, state=OperationState.PENDING)
        if not waiting.filter(leased_until=None, attempts__gt=0).exists():
            return None
        return _save(row, domain.request_reversal(books.known(row)), leased=True)


def may_retry(row: Payment) -> bool:
    """Whether another card may be tried for this booking."""
    return row.booking_state == domain.Booking.OPEN and not _is_over(row)


def hasten(*, operation_id: UUID, provider: str) -> bool:
    """The provider hints that it has an answer: the operation is due now. False when that is not waiting for it."""
    waiting = GatewayOperation.objects.filter(id=operation_id, provider=provider, state__in=UNFINISHED)
    return waiting.update(due_at=Now()) == 1


def resume_payment(*, payment_id: UUID, clerk: Clerk) -> None:
    """Somebody has looked at why money could not be given back: it is asked for again.

    Raises OwnPurchase, AddressChanged.
    """
    with transaction.atomic():
        row = Payment.objects.select_for_update().get(id=payment_id)
        clerks.check(clerk, row)
        before = {"attention": row.attention}
        _save(row, domain.resume(books.known(row)))
        audit_log.record(clerk.actor, "payment.resumed", ("payment", row.id), before=before, after={"attention": ""})


def _save(
    row: Payment,
    decision: domain.Decision,
    *,
    card: Card | None = None,
    leased: bool = False,
) -> GatewayOperation | None:
    """Writes a decision about a row that is locked, so that nobody else can have changed it."""
    written, operation = books.write(row, decision, card=card, leased=leased)
    assert written
    return operation


def _opening(row: Payment, method: MethodGiven | None, card: Card | None) -> domain.Decision:
    payment = books.known(row)
    if method is None:
        return domain.Decision(payment)
    decision = domain.request_authorization(payment)
    return decision if card else domain.declined(decision.payment, NO_SUCH_METHOD, final=True)


def _unsaved(booking: BookingCreated | BookingConfirmed | BookingEnding) -> Payment:
    return Payment(
        id=books.id_of(books.Step.PAYMENT, booking.booking_id),
        booking_id=booking.booking_id,
        booking_reference=booking.reference,
        user_id=booking.user_id,
        amount=booking.total.amount,
        currency=booking.total.currency,
        hold_expires_at=booking.hold_expires_at if isinstance(booking, BookingCreated) else None,
        seats=_seats_sold(booking) if isinstance(booking, BookingCreated) else [],
    )


def _seats_sold(booking: BookingCreated) -> list[dict[str, Any]]:
    """The seats as a row keeps them."""
    return books.written(Seat(seat.id, seat.row, seat.number, seat.price.amount) for seat in booking.seats)


def _lock_or_open(booking: BookingConfirmed | BookingEnding) -> Payment:
    """The booking's payment, locked; made now when this event overtook the one that tells of the booking."""
    rows = Payment.objects.select_for_update().filter(booking_id=booking.booking_id)
    row = rows.first()
    if row is None:
        new = _unsaved(booking)
        books.open_payment(new, domain.Decision(books.known(new)))
        row = rows.get()
    return row


def _lock_own(booking_id: UUID, *, user_id: UUID) -> Payment:
    row = Payment.objects.select_for_update().filter(booking_id=booking_id).first()
    if row is None:
        raise PaymentUnknown
    if row.user_id != user_id:
        raise PaymentNotFound
    return row


def _request_authorization(row: Payment) -> domain.Decision:
    payment = books.known(row)
    if payment.booking is domain.Booking.OPEN and not payment.held and not payment.captured and _is_over(row):
        raise HoldExpired
    try:
        return domain.request_authorization(payment)
    except BookingOver as exc:
        raise BookingEnded from exc
    except UnderWay as exc:
        raise PaymentInProgress(payment_id=row.id) from exc
    except IllegalTransition as exc:
        raise AlreadyPaid(payment_id=row.id) from exc


def _is_over(row: Payment) -> bool:
    return row.hold_expires_at is not None and row.hold_expires_at <= timezone.now()


def _card(method: MethodGiven, *, user_id: UUID, ends_booking: bool, operation_id: UUID | None = None) -> Card | None:
    """What to ask with, and whom: who keeps a saved card, or who takes new ones. None for a card the user has not."""
    if method.id is None:
        token = method.fresh_token
        return Card(vault.sealed(token), settings.PAYMENT_PROVIDER, ends_booking, operation_id) if token else None
    saved = PaymentMethod.objects.filter(id=method.id, user_id=user_id).values_list("gateway_token", "provider").first()
    return None if saved is None else Card(vault.sealed(saved[0]), saved[1], ends_booking, operation_id)
