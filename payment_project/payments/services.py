"""What can be done with payments: each function locks the payment, asks the domain, writes the decision down.

What events tell of together is locked together, in the order of the ids, and written together. The gateway is asked
afterwards, outside of any transaction, by operations.run() and operations.run_all().
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from chassis.ids import uuid7
from chassis.messaging.events import at_hand
from chassis.states import IllegalTransition
from chassis.storage import audit_log
from chassis.storage.rows import selection
from chassis.web import idempotency
from chassis.web.idempotency import Claim, Key
from payments import (
    books,
    cards,
    clerks,
    domain,
    exchanges,
    gift_cards,
    kept,
    operations,
    receipts,
    seats,
    states,
)
from payments.books import Card, Change
from payments.clerks import Clerk
from payments.domain import BookingOver, UnderWay
from payments.errors import (
    AlreadyPaid,
    BookingEnded,
    ExchangeNotCovered,
    HoldExpired,
    PaymentInProgress,
    PaymentNotFound,
)
from payments.heard import (
    BookingCheckedIn,
    BookingConfirmed,
    BookingCreated,
    BookingEnding,
    BookingExtended,
    BookingReduced,
    MethodGiven,
)
from payments.ledger import Kind
from payments.models import UNFINISHED, GatewayOperation, Payment, RefundStatus
from payments.operations import NOBODY, Causes
from payments.seats import RefundKind, Seat
from payments.states import OperationState

NO_SUCH_METHOD = "unknown_payment_method"
NOT_COVERED = "exchange_not_covered"

# One text each, however many there are, so that they stay prepared.
LOCK = selection(Payment, "booking_id = ANY(%s::uuid[]) ORDER BY id FOR UPDATE")
LOCK_WITH_EXCHANGED = selection(
    Payment,
    "booking_id = ANY(ARRAY[%s]::uuid[] || ARRAY(SELECT exchange_of FROM payments WHERE booking_id = %s"
    " AND exchange_of IS NOT NULL)) ORDER BY id FOR UPDATE",
)

OnFree = Callable[[Claim, Payment], None]


# What may open a payment, whichever is heard of first.
OfPayment = BookingCreated | BookingExtended | BookingConfirmed | BookingReduced | BookingEnding


class PaymentUnknown(Exception):
    """No event has told of this booking yet."""


def open_payments(*, bookings: Sequence[BookingCreated], causes: Causes = NOBODY) -> None:
    """The bookings were made. With a payment method the authorisation of one is intended at once; a decline ends it.

    One of nothing is authorised whatever it came with, and no card is kept.

    causes: of each booking the event that told of it, where several came together.
    """
    saved = cards.saved_cards([(booking.user_id, booking.payment_method) for booking in bookings])
    firsts = {booking.booking_id: booking for booking in reversed(bookings)}
    with transaction.atomic(savepoint=False):
        made = books.open_all([_opening(booking, saved, causes) for booking in firsts.values()])
        for booking in bookings:
            is_first = firsts[booking.booking_id] is booking
            if not is_first or books.id_of(books.Step.PAYMENT, booking.booking_id) not in made:
                with at_hand(causes.get(booking.booking_id)):
                    _open_again(booking, saved)
            elif booking.exchange is not None:
                with at_hand(causes.get(booking.booking_id)):
                    _open_exchange(booking, saved)


def confirm_bookings(*, bookings: Sequence[BookingConfirmed]) -> None:
    """The seats are sold: the captures are intended, now or when the authorisations succeed."""
    with transaction.atomic(savepoint=False):
        rows = _lock_or_open(bookings).values()
        written, _ = books.write_all([Change(row, domain.booking_confirmed(kept.known(row))) for row in rows])
        assert written  # nobody else can have changed rows that are locked


def extend_holds(*, bookings: Sequence[BookingCreated | BookingExtended]) -> None:
    """The holds of bookings last until then, unless a later time is known: so long they may be paid."""
    with transaction.atomic(savepoint=False):
        rows = _lock_or_open(bookings)
        for booking in bookings:
            _hold_until(rows[booking.booking_id], booking.hold_expires_at)
        written, _ = books.write_all([Change(row, domain.Decision(kept.known(row))) for row in rows.values()])
        assert written  # nobody else can have changed rows that are locked


def lock_payments(booking_ids: Collection[UUID]) -> None:
    """Locks the payments of these bookings, those that there are, in the order of their ids."""
    _locked(booking_ids)


def give_seats_back(*, booking: BookingReduced) -> None:
    """Its customer gave seats back of what was sold: what is due of them is intended, now or once it is captured."""
    if not booking.given_back:
        return
    with transaction.atomic(savepoint=False):
        row = _lock_or_open([booking])[booking.booking_id]
        known = kept.known(row)
        reduced = replace(known, seats=seats.noted(known.seats, booking.given_back))
        _save(row, domain.booking_confirmed(reduced))


def end_booking(*, booking: BookingEnding) -> None:
    """The booking was rejected, expired, cancelled or failed: what was taken goes back, less the fee it names.

    What waits for a second person was asked for of a booking that went on: it lapses, and whoever still wants it, of
    the fee say, asks anew.
    """
    with transaction.atomic(savepoint=False):
        row = _lock_or_open([booking])[booking.booking_id]
        if row.captured_amount:
            waiting = row.refunds.filter(status=RefundStatus.AWAITING_APPROVAL)
            waiting.update(status=RefundStatus.LAPSED, finished_at=Now())
        row.ended_reason = row.ended_reason or booking.reason[:64]
        retained = min(booking.retained, row.amount)
        payment, carried = kept.known(row), booking.carried.amount if booking.carried else 0
        seats_ended, given_back = booking.seat_ids, booking.given_back
        if carried and payment.booking is not states.Booking.ENDED:
            exchanges.booking_exchanged(
                row, payment, carried, retained=retained, seats=seats_ended, given_back=given_back
            )
        else:
            _save(row, domain.booking_ended(payment, retained=retained, seats=seats_ended, given_back=given_back))


def note_let_in(*, booking: BookingCheckedIn) -> None:
    """Somebody was let in to these seats: from now on they are not given back (refund_rules.refund_kind).

    What a refund that overtook them at the door was asked as, it was not in the end. There is a payment: a ticket is
    signed when its money was taken.
    """
    with transaction.atomic(savepoint=False):
        row = Payment.objects.select_for_update().filter(booking_id=booking.booking_id).first()
        if row is not None:
            known = domain.note_let_in(kept.known(row), booking.seat_ids)
            _save(row, domain.Decision(known))
            for refund in row.refunds.filter(kind=RefundKind.CANCEL, status=RefundStatus.SUCCEEDED):
                operations.mark(refund, known)
                refund.save(update_fields=["kind", "seats"])


def start_authorization(
    *,
    user_id: UUID,
    booking_id: UUID,
    method: MethodGiven | None,
    key: Key,
    on_free: OnFree,
    gift_code: str | None = None,
) -> tuple[Claim, GatewayOperation | None]:
    """Claims the idempotency key and writes the intent to authorise, leased to the caller, who runs it.

    gift_code: of a gift card that pays what it can; what it pays is reserved in the same transaction. method: what pays
    the rest; None where the gift card is to pay all of it. on_free: called within the transaction with a payment of
    nothing, of which nobody is asked. The operation is None then, and when the claim has been completed before and is
    to be replayed, or when an earlier try left an operation that somebody else is at.

    Raises PaymentUnknown when no event has told of the booking, PaymentNotFound for somebody else's, BookingEnded,
    HoldExpired, AlreadyPaid, PaymentInProgress, UnknownMethod, GiftCardNotEnough, ExchangeNotCovered of a booking that
    is exchanged and whose money was given back meanwhile, or may be, and what gift_cards.pay_with() and
    idempotency.claim() raise.
    """
    operation_id = uuid7()
    with transaction.atomic():
        claim = idempotency.claim(key, resource_id=operation_id, lease_seconds=int(books.LEASE.total_seconds()))
        if claim.completed:
            return claim, None
        if not claim.resumed:
            row = _lock_own(booking_id, user_id=user_id)
            if not row.amount:
                _accept(row)
                on_free(claim, row)
                return claim, None
            decision = _request_authorization(row, gift_code)
            card = cards.asked_with(row, decision, method, operation_id)
            return claim, _save(row, decision, card=card, leased=True)
    return claim, operations.lease(claim.resource_id)


def withdraw_unanswered(*, user_id: UUID, booking_id: UUID) -> GatewayOperation | None:
    """Takes back an authorisation that was asked for without an answer, so that another card may be tried.

    The reversal comes back leased to the caller, who runs it; None when there is nothing to take back, or somebody
    is at it just now.
    """
    with transaction.atomic():
        row = Payment.objects.select_for_update().filter(booking_id=booking_id, user_id=user_id).first()
        if row is None or row.under_way != Kind.AUTHORIZE:
            return None
        waiting = GatewayOperation.objects.filter(payment=row, state=OperationState.PENDING)
        if not waiting.filter(leased_until=None, attempts__gt=0).exists():
            return None
        return _save(row, domain.request_reversal(kept.known(row)), leased=True)


def may_retry(row: Payment) -> bool:
    """Whether another card may be tried for this booking."""
    return row.booking_state == states.Booking.OPEN and not _is_over(row)


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
        _save(row, domain.resume(kept.known(row)))
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


def _opening(booking: BookingCreated, saved: cards.SavedCards, causes: Causes) -> Change:
    row, card = _unsaved(booking), cards.given(booking, saved)
    if booking.exchange is not None:
        return Change(row, domain.Decision(kept.known(row)))
    return Change(row, _opened(row, booking.payment_method, card), card=card, cause=causes.get(booking.booking_id))


def _open_again(booking: BookingCreated, saved: cards.SavedCards) -> None:
    """An event has told of it before, perhaps a later one."""
    row, card = Payment.objects.select_for_update().get(booking_id=booking.booking_id), cards.given(booking, saved)
    _hold_until(row, booking.hold_expires_at)
    row.seats = kept.written(seats.completed(kept.seats_of(row), _seats_sold(booking)))
    row.theater_id = row.theater_id or booking.theater_id
    if row.captured_at is None:
        row.sale = receipts.kept(booking.sale)
    _note_exchange(row, booking)
    unasked = row.status == states.Status.REQUIRES_PAYMENT_METHOD and not row.under_way
    decision = _opened(row, booking.payment_method, card) if unasked else domain.Decision(kept.known(row))
    _save(row, decision, card=card)


def _open_exchange(booking: BookingCreated, saved: cards.SavedCards) -> None:
    """One that another booking pays, all of it or a part: that one's payment is there, and locked with it."""
    lock_payments({booking.booking_id, booking.exchange.booking_id} if booking.exchange else ())
    _open_again(booking, saved)


def _note_exchange(row: Payment, booking: BookingCreated) -> None:
    if booking.exchange is not None:
        row.exchange_of = booking.exchange.booking_id
        row.exchange_amount = min(booking.exchange.carried.amount, row.amount)


def _hold_until(row: Payment, told: datetime) -> None:
    """A hold gets longer only, so the later time is the newer one."""
    row.hold_expires_at = max(row.hold_expires_at or told, told)


def _opened(row: Payment, method: MethodGiven | None, card: Card | None) -> domain.Decision:
    payment = kept.known(row)
    if not payment.amount:
        return domain.accept(payment)
    if card is None and method is None:
        return domain.Decision(payment)
    if not exchanges.can_be_lent(row):
        return domain.declined(domain.request_authorization(payment).payment, NOT_COVERED, final=True)
    decision = domain.request_authorization(payment, carried=row.exchange_amount)
    if card is None:
        decision = replace(domain.declined(decision.payment, NO_SUCH_METHOD, final=True), lends=0)
    return decision


def _unsaved(booking: OfPayment) -> Payment:
    return Payment(
        id=books.id_of(books.Step.PAYMENT, booking.booking_id),
        booking_id=booking.booking_id,
        booking_reference=booking.reference,
        theater_id=booking.theater_id if isinstance(booking, BookingCreated) else None,
        user_id=booking.user_id,
        amount=booking.total.amount,
        currency=booking.total.currency,
        hold_expires_at=booking.hold_expires_at if isinstance(booking, BookingCreated | BookingExtended) else None,
        seats=kept.written(_seats_sold(booking)) if isinstance(booking, BookingCreated) else [],
        sale=receipts.kept(booking.sale) if isinstance(booking, BookingCreated) else None,
    )


def _seats_sold(booking: BookingCreated) -> list[Seat]:
    return [Seat(seat.id, seat.row, seat.number, seat.price.amount) for seat in booking.seats]


def _locked(booking_ids: Collection[UUID]) -> dict[UUID, Payment]:
    """By their bookings, those that there are; locked in the order of their ids."""
    return {row.booking_id: row for row in Payment.objects.raw(LOCK, [list(booking_ids)])}


def _lock_or_open(
    bookings: Sequence[OfPayment],
) -> dict[UUID, Payment]:
    """The bookings' payments, locked; made now where this event overtook the one that tells of the booking."""
    told = {booking.booking_id: booking for booking in reversed(bookings)}
    rows = _locked(told)
    if missing := told.keys() - rows.keys():
        new = [_unsaved(told[booking_id]) for booking_id in missing]
        books.open_all([Change(row, domain.Decision(kept.known(row))) for row in new])
        rows |= _locked(missing)
    return rows


def _lock_own(booking_id: UUID, *, user_id: UUID) -> Payment:
    """With the payment of the booking that is exchanged for it, if there is one."""
    locked = {row.booking_id: row for row in Payment.objects.raw(LOCK_WITH_EXCHANGED, [booking_id, booking_id])}
    row = locked.get(booking_id)
    if row is None:
        raise PaymentUnknown
    if row.user_id != user_id:
        raise PaymentNotFound
    return row


def _request_authorization(row: Payment, gift_code: str | None) -> domain.Decision:
    payment = kept.known(row)
    if payment.booking is states.Booking.OPEN and not payment.held and not payment.captured and _is_over(row):
        raise HoldExpired
    try:
        domain.request_authorization(payment)
    except BookingOver as exc:
        raise BookingEnded from exc
    except UnderWay as exc:
        raise PaymentInProgress(payment_id=row.id) from exc
    except IllegalTransition as exc:
        raise AlreadyPaid(payment_id=row.id) from exc
    if not exchanges.can_be_lent(row):
        raise ExchangeNotCovered
    carried = row.exchange_amount
    gift = gift_cards.pay_with(row, gift_code) if gift_code is not None and carried < row.amount else 0
    return domain.request_authorization(payment, gift, carried=carried)


def _accept(row: Payment) -> None:
    """A payment of nothing, if it has not been accepted yet. Raises BookingEnded, HoldExpired."""
    if row.booking_state == states.Booking.ENDED:
        raise BookingEnded
    if row.status == states.Status.REQUIRES_PAYMENT_METHOD:
        if row.booking_state == states.Booking.OPEN and _is_over(row):
            raise HoldExpired
        _save(row, domain.accept(kept.known(row)))


def _is_over(row: Payment) -> bool:
    return row.hold_expires_at is not None and row.hold_expires_at <= timezone.now()
