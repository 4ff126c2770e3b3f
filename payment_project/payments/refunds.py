"""Giving money back because somebody of the staff says so; what a booking that ended is owed follows by itself.

Nobody gives back the money of their own purchase, and what is too large for one pair of hands waits for a second.
The gateway is asked afterwards, outside of any transaction, by operations.run(); of what goes back outside of it it is
not asked at all.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from chassis.four_eyes import alone_up_to
from chassis.ids import uuid7
from chassis.money import Money, format_money
from chassis.states import IllegalTransition
from chassis.storage import audit_log
from chassis.web import idempotency
from chassis.web.idempotency import Claim, Key
from payments import books, clerks, domain, kept, operations, outside, refund_rules, seats
from payments.books import RefundWish
from payments.clerks import Clerk
from payments.domain import TooMuch, UnderWay
from payments.errors import (
    CheckedIn,
    CurrencyMismatch,
    NotAwaitingApproval,
    NothingPaid,
    NotRefundable,
    PartCannotCancel,
    PaymentInProgress,
    PaymentNotFound,
    RefundAwaitsApproval,
    RefundNotFound,
    RefundTooLarge,
    SeatRefunded,
    SeatsUnknown,
    SecondPersonNeeded,
    UnknownSeat,
)
from payments.models import GatewayOperation, Payment, Refund, RefundStatus
from payments.outside import Outside
from payments.refund_rules import Way
from payments.seats import RefundKind, Seat


@dataclass(frozen=True, slots=True)
class Wanted:
    """A refund as it is asked for. amount: minor units, None for all that is left, or for what the seats were sold at.

    seats: whose money it is, by their ids; none: it is an amount. kind: None for what follows. reason: the customer
    reads it. outside: how it goes back though the card gateway has refused it, None where that is to do it.
    """

    clerk: Clerk
    reason: str
    amount: int | Money | None = None
    kind: RefundKind | None = None
    seats: Sequence[UUID] = ()
    outside: Outside | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of a wish: operation is what the gateway is to be asked, if anything. waits: for a second person."""

    refund_id: UUID
    operation: GatewayOperation | None
    waits: bool = False


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a refund comes to, decided on a payment that is locked."""

    decision: domain.Decision
    payment: domain.Payment
    amount: int
    kind: RefundKind
    seats: tuple[Seat, ...]
    alone: bool


OnAwaiting = Callable[[Claim, Refund], None]


def start_refund(
    *, payment_id: UUID, wanted: Wanted, key: Key, on_awaiting: OnAwaiting
) -> tuple[Claim, GatewayOperation | None]:
    """Claims the idempotency key and writes the intent to refund, leased to the caller, who runs it.

    on_awaiting: called within the transaction when a second person has to approve first; the operation is None then,
    and as in services.start_authorization(). Raises what request_refund() and idempotency.claim() raise.
    """
    refund_id = uuid7()
    with transaction.atomic():
        claim = idempotency.claim(key, resource_id=refund_id, lease_seconds=int(books.LEASE.total_seconds()))
        if claim.completed:
            return claim, None
        if not claim.resumed:
            asked = request_refund(payment_id=payment_id, wanted=wanted, refund_id=refund_id, leased=True)
            if asked.waits:
                on_awaiting(claim, Refund.objects.get(id=refund_id))
            return claim, asked.operation
    earlier = GatewayOperation.objects.get(refund=claim.resource_id)
    return claim, operations.lease(earlier.id)


def request_refund(*, payment_id: UUID, wanted: Wanted, refund_id: UUID | None = None, leased: bool = False) -> Asked:
    """Writes the intent to refund, that it was given outside of the gateway, or that a second person is asked for it.

    Raises PaymentNotFound, OwnPurchase, AddressChanged, NotRefundable, NothingPaid, RefundTooLarge,
    PartCannotCancel, CurrencyMismatch, PaymentInProgress, RefundAwaitsApproval, and of seats SeatsUnknown,
    UnknownSeat, SeatRefunded, CheckedIn; of what is given outside NotRefusedByGateway.
    """
    with transaction.atomic():
        row = _locked(payment_id)
        clerks.check(wanted.clerk, row)
        plan = _plan(row, wanted.amount, wanted.kind, wanted.seats)
        refund_id = refund_id or uuid7()
        if wanted.outside is not None:
            outside.check_refused(row)
        before, after = _told(row, plan, wanted.outside)
        operation = None
        if not plan.alone:
            _ask_for_approval(row, wanted, plan, refund_id)
            action = "refund.approval_requested"
        elif wanted.outside is not None:
            outside.write_down(row, _opened(row, wanted, plan, refund_id), plan.payment)
            action = "refund.given_outside"
        else:
            wish = _wish(wanted, plan, refund_id)
            written, operation = books.write(row, plan.decision, wish=wish, leased=leased)
            assert written  # nobody else can have changed a row that is locked
            action = "refund.requested"
        subject = ("refund", refund_id)
        audit_log.record(wanted.clerk.actor, action, subject, before=before, after=after, reason=wanted.reason)
    return Asked(refund_id, operation, waits=not plan.alone)


def approve_refund(*, refund_id: UUID, clerk: Clerk, leased: bool = False) -> Asked:
    """A second person agrees: it is decided anew on the payment as it is now, and the intent, or the deed, is written.

    Raises RefundNotFound, NotAwaitingApproval, SecondPersonNeeded, AddressChangedByAsker, and what request_refund()
    raises.
    """
    with transaction.atomic():
        row, refund = _locked_awaiting(refund_id)
        _check_second(clerk, row, refund)
        about = [seat.id for seat in kept.seats_of(refund)]
        plan = _plan(row, None if about else refund.amount, RefundKind(refund.kind), about)
        before, after = _told(row, plan, _outside(refund))
        _note_decision(refund, clerk)
        operation = None
        if refund.outside:
            outside.write_down(row, refund, plan.payment)
        else:
            wish = RefundWish(
                reason=refund.reason, requested_by=refund.requested_by, kind=plan.kind, id=refund.id, is_written=True
            )
            written, operation = books.write(row, plan.decision, wish=wish, leased=leased)
            assert written
        subject = ("refund", refund.id)
        audit_log.record(clerk.actor, "refund.approved", subject, before=before, after=after, reason=refund.reason)
    return Asked(refund.id, operation)


def refuse_refund(*, refund_id: UUID, clerk: Clerk, note: str) -> Refund:
    """A colleague says no, and why; who asked may take it back in the same way.

    Raises RefundNotFound, NotAwaitingApproval, OwnPurchase, AddressChanged.
    """
    with transaction.atomic():
        row, refund = _locked_awaiting(refund_id)
        clerks.check(clerk, row)
        refund.status, refund.decision_note = RefundStatus.REFUSED, note
        refund.finished_at = timezone.now()
        _note_decision(refund, clerk)
        before = {"status": str(RefundStatus.AWAITING_APPROVAL)}
        after = {"status": str(refund.status)}
        subject = ("refund", refund.id)
        audit_log.record(clerk.actor, "refund.refused", subject, before=before, after=after, reason=note)
    return refund


def lapse_refunds(*, limit: int) -> int:
    """Ends what nobody approved in time, at most `limit`, the oldest first; how many there were."""
    with transaction.atomic():
        due = (
            Refund.objects.select_for_update(skip_locked=True)
            .filter(status=RefundStatus.AWAITING_APPROVAL, approve_by__lte=Now())
            .order_by("approve_by")
            .values_list("id", flat=True)[:limit]
        )
        return Refund.objects.filter(id__in=list(due)).update(status=RefundStatus.LAPSED, finished_at=Now())


def limit_of(currency: str) -> int | None:
    """So much of one payment one person may give back, in minor units; None: nothing."""
    return alone_up_to(settings.REFUND_ALONE_UP_TO, currency)


def _locked(payment_id: UUID) -> Payment:
    row = Payment.objects.select_for_update().filter(id=payment_id).first()
    if row is None:
        raise PaymentNotFound
    return row


def _locked_awaiting(refund_id: UUID) -> tuple[Payment, Refund]:
    """The payment first, as everywhere: then nobody else can be at its refunds."""
    found = Refund.objects.filter(id=refund_id).first()
    if found is None:
        raise RefundNotFound
    row = _locked(found.payment_id)
    refund = Refund.objects.select_for_update().get(id=refund_id)
    if refund.status != RefundStatus.AWAITING_APPROVAL or (refund.approve_by and refund.approve_by <= timezone.now()):
        raise NotAwaitingApproval
    return row, refund


def _check_second(clerk: Clerk, row: Payment, refund: Refund) -> None:
    """Both are looked at as of now: who asked may have changed the address after asking."""
    clerks.check(clerk, row)
    clerks.check_who_asked(refund, row)
    if clerk.is_the_one(name=refund.requested_by, account_id=refund.requested_by_id):
        raise SecondPersonNeeded


def _plan(row: Payment, wanted: int | Money | None, kind: RefundKind | None, wanted_seats: Sequence[UUID]) -> _Plan:
    payment = kept.known(row)
    if isinstance(wanted, Money) and wanted.currency != row.currency:
        raise CurrencyMismatch
    amount = wanted.amount if isinstance(wanted, Money) else wanted
    with _said_as_problems(row, wanted_seats):
        about = seats.chosen(payment.seats, wanted_seats) if wanted_seats else ()
        if about:
            amount = sum(seat.owed for seat in about)
        amount = payment.left if amount is None else amount
        decision = domain.request_refund(payment, amount)
        kind = refund_rules.refund_kind(payment, amount, kind, about)
    alone = not refund_rules.is_too_large_alone(payment, amount, limit=limit_of(row.currency))
    return _Plan(decision, payment, amount, kind, about, alone)


@contextmanager
def _said_as_problems(row: Payment, wanted_seats: Sequence[UUID]) -> Iterator[None]:
    """What the domain has against a refund, as it is answered."""
    try:
        yield
    except UnderWay as exc:
        raise PaymentInProgress from exc
    except domain.NothingPaid as exc:
        raise NothingPaid from exc
    except IllegalTransition as exc:
        raise NotRefundable from exc
    except TooMuch as exc:
        refundable = {"amount": row.captured_amount - row.refunded_amount - row.lent_amount, "currency": row.currency}
        raise RefundTooLarge(refundable=refundable) from exc
    except refund_rules.PartCannotCancel as exc:
        raise PartCannotCancel from exc
    except seats.SeatsUnknown as exc:
        raise SeatsUnknown from exc
    except seats.NotOfThisBooking as exc:
        places = [place for place, seat in enumerate(wanted_seats) if seat in exc.seats]
        raise UnknownSeat(
            errors=[{"pointer": f"/seats/{place}", "detail": "No seat of this booking."} for place in places]
        ) from exc
    except seats.RefundedBefore as exc:
        raise SeatRefunded(exc.seats) from exc
    except seats.LetIn as exc:
        raise CheckedIn(exc.seats) from exc


def _wish(wanted: Wanted, plan: _Plan, refund_id: UUID) -> RefundWish:
    return RefundWish(
        reason=wanted.reason,
        requested_by=wanted.clerk.name,
        requested_by_id=wanted.clerk.account_id,
        kind=plan.kind,
        seats=plan.seats,
        id=refund_id,
    )


def _ask_for_approval(row: Payment, wanted: Wanted, plan: _Plan, refund_id: UUID) -> None:
    if row.refunds.filter(status=RefundStatus.AWAITING_APPROVAL).exists():
        raise RefundAwaitsApproval
    refund = _opened(row, wanted, plan, refund_id)
    refund.status = RefundStatus.AWAITING_APPROVAL
    refund.approve_by = timezone.now() + timedelta(hours=settings.REFUND_APPROVAL_HOURS)
    refund.save()


def _opened(row: Payment, wanted: Wanted, plan: _Plan, refund_id: UUID) -> Refund:
    """Not saved."""
    return Refund(
        id=refund_id,
        payment=row,
        amount=plan.amount,
        currency=row.currency,
        kind=plan.kind,
        seats=kept.written(plan.seats),
        reason=wanted.reason,
        requested_by=wanted.clerk.name,
        requested_by_id=wanted.clerk.account_id,
        outside=wanted.outside.way if wanted.outside else "",
        reference=wanted.outside.reference if wanted.outside else "",
    )


def _outside(refund: Refund) -> Outside | None:
    return Outside(Way(refund.outside), refund.reference) if refund.outside else None


def _note_decision(refund: Refund, clerk: Clerk) -> None:
    refund.decided_by, refund.decided_by_id, refund.decided_at = clerk.name, clerk.account_id, timezone.now()
    refund.save()


def _told(row: Payment, plan: _Plan, given: Outside | None = None) -> tuple[dict[str, str], dict[str, str]]:
    """For the record: how the money stood, and how it does once this has gone back."""
    payment = plan.payment
    before = _standing(row, refunded=payment.refunded, left=payment.left)
    after = {
        "payment": str(row.id),
        "booking": row.booking_reference or str(row.booking_id),
        "amount": format_money(Money(plan.amount, row.currency)),
        "kind": str(plan.kind),
        **({"seats": seats.named(plan.seats)} if plan.seats else {}),
        **({"outside": str(given.way), "reference": given.reference} if given else {}),
        **_standing(row, refunded=payment.refunded + plan.amount, left=payment.left - plan.amount),
    }
    return before, after


def _standing(row: Payment, *, refunded: int, left: int) -> dict[str, str]:
    return {
        "refunded": format_money(Money(refunded, row.currency)),
        "left": format_money(Money(left, row.currency)),
    }
