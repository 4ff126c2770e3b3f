"""One request to pay or to refund, from its idempotency key to what came of it.

The intent is committed, the gateway is asked, and the answer is stored with the outcome. When the outcome stays
unknown the key stays open: the same request goes on where this one stopped. How an answer looks is the caller's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from chassis.ids import uuid7
from chassis.web import idempotency
from chassis.web.idempotency import Claim, Key
from chassis.web.principal import Principal
from chassis.web.problems import Problem
from payments import bookings, operations, refunds, services
from payments.clerks import Clerk
from payments.errors import (
    AttemptWithdrawn,
    BookingEnded,
    BookingNotFound,
    BookingUnavailable,
    CardDeclined,
    GatewayUnavailable,
    HoldExpired,
    PaymentInProgress,
    RefundRefused,
)
from payments.gateways import Unknown
from payments.heard import MethodGiven
from payments.ledger import Kind
from payments.models import UNFINISHED, GatewayOperation, Payment, Refund
from payments.refunds import Wanted
from payments.services import PaymentUnknown, may_retry
from payments.states import OperationState

# Seconds after which a client may ask again for what is not known yet.
ASK_AGAIN = 2

Started = tuple[Claim, GatewayOperation | None]


@dataclass(frozen=True, slots=True)
class Done:
    """The money is reserved, or was given back."""

    made: Payment | Refund


@dataclass(frozen=True, slots=True)
class Waiting:
    """The gateway has not answered yet."""

    made: Payment | Refund


@dataclass(frozen=True, slots=True)
class Awaiting:
    """A second person has to approve it; the gateway has not been asked."""

    made: Refund


@dataclass(frozen=True, slots=True)
class Repeated:
    """This request came to its end before; its answer is stored with the claim."""

    claim: Claim


Result = Done | Waiting | Awaiting | Repeated | Problem


class Answer(Protocol):
    """What a caller makes of a result. data: JSON types only; stored, with status and headers, for repetition."""

    status_code: int
    data: Any
    headers: Any


A = TypeVar("A", bound=Answer)


def pay(
    *,
    user: Principal,
    booking_id: UUID,
    method: MethodGiven | None,
    key: Key,
    render: Callable[[Result], A],
    gift_code: str | None = None,
) -> A:
    """Authorises the payment of a booking: Done, CardDeclined, AttemptWithdrawn, or Waiting while nobody knows.

    One of nothing is Done as it is, whatever the method. gift_code: of a gift card, which pays what it can.

    render: called once, within the transaction that records the outcome where there is one. Raises
    GatewayUnavailable, and what services.start_authorization() and bookings.look_up() raise.
    """

    answers: list[A] = []

    def keep(claim: Claim, payment: Payment) -> None:
        answers.append(_kept(claim, render(Done(payment))))

    def start() -> Started:
        return services.start_authorization(
            user_id=user.id, booking_id=booking_id, method=method, key=key, on_free=keep, gift_code=gift_code
        )

    try:
        started = start()
    except PaymentUnknown:
        services.open_payments(bookings=[bookings.look_up(booking_id, user=user)])
        started = start()
    except HoldExpired:
        if not _was_extended(booking_id, user):
            raise
        started = start()
    except PaymentInProgress:
        reversal = services.withdraw_unanswered(user_id=user.id, booking_id=booking_id)
        if reversal is None:
            raise
        operations.run(reversal)
        started = start()
    return answers[0] if answers else _answer(started, render)


def _was_extended(booking_id: UUID, user: Principal) -> bool:
    """Whether booking holds the seats for longer than it has told so far; then that is known from now on."""
    try:
        booking = bookings.look_up(booking_id, user=user)
    except (BookingNotFound, BookingEnded, BookingUnavailable):
        return False
    services.extend_holds(bookings=[booking])
    return True


def refund(*, payment_id: UUID, wanted: Wanted, key: Key, render: Callable[[Result], A]) -> A:
    """Gives captured money back: Done, RefundRefused by the gateway, Waiting while nobody knows, or Awaiting.

    render: as in pay(). Raises what refunds.start_refund() raises.
    """
    answers: list[A] = []

    def keep(claim: Claim, refund: Refund) -> None:
        answers.append(_kept(claim, render(Awaiting(refund))))

    started = refunds.start_refund(payment_id=payment_id, wanted=wanted, key=key, on_awaiting=keep)
    return answers[0] if answers else _answer(started, render)


def give_outside(*, payment_id: UUID, wanted: Wanted, key: Key, render: Callable[[Result], A]) -> A:
    """Captured money goes back outside of the gateway: Done, or Awaiting; nobody is waited for: it is one transaction.

    render: as in pay(). Raises what refunds.request_refund() and idempotency.claim() raise.
    """
    refund_id = uuid7()
    with transaction.atomic():
        claim = idempotency.claim(key, resource_id=refund_id)
        if claim.completed:
            return render(Repeated(claim))
        asked = refunds.request_refund(payment_id=payment_id, wanted=wanted, refund_id=refund_id)
        made = Refund.objects.get(id=refund_id)
        answer = render(Awaiting(made) if asked.waits else Done(made))
        idempotency.complete(claim, status=answer.status_code, body=answer.data, headers=answer.headers)
    return answer


def approve(*, refund_id: UUID, clerk: Clerk) -> Refund:
    """A second person approves it, and the gateway, if it gives it back, is asked at once; how the refund stands then.

    Raises what refunds.approve_refund() raises.
    """
    approved = refunds.approve_refund(refund_id=refund_id, clerk=clerk, leased=True)
    if approved.operation is not None:
        operations.run(approved.operation)
    return Refund.objects.get(id=refund_id)


def _kept(claim: Claim, answer: A) -> A:
    """The answer, which every repetition gets as well."""
    idempotency.complete(claim, status=answer.status_code, body=answer.data, headers=answer.headers)
    return answer


def _answer(started: Started, render: Callable[[Result], A]) -> A:
    claim, operation = started
    if claim.completed:
        return render(Repeated(claim))
    answers: list[A] = []

    def keep(payment: Payment, answered: GatewayOperation) -> None:
        answers.append(_kept(claim, render(_definite(payment, answered))))

    outcome = None if operation is None else operations.run(operation, on_recorded=keep)
    if not answers:
        with transaction.atomic():
            made = Q(id=claim.resource_id) | Q(refund=claim.resource_id)
            found = GatewayOperation.objects.select_related("payment", "refund").get(made)
            if found.state not in UNFINISHED:
                keep(found.payment, found)
    if answers:
        return answers[0]
    # The key is free for the next try, which will find the operation and go on with it.
    idempotency.release(claim)
    return render(_not_yet(found, unavailable=isinstance(outcome, Unknown) and outcome.unavailable))


def _definite(payment: Payment, operation: GatewayOperation) -> Result:
    """What came of it, now and for every repetition, once the gateway has answered."""
    match Kind(operation.kind), OperationState(operation.state):
        case Kind.AUTHORIZE, OperationState.SUCCEEDED:
            return Done(payment)
        case Kind.AUTHORIZE, OperationState.REFUSED:
            return CardDeclined(operation.outcome_code, retryable=may_retry(payment), payment_id=str(payment.id))
        case Kind.AUTHORIZE, _:
            return AttemptWithdrawn(payment_id=str(payment.id))
        case Kind.REFUND, OperationState.SUCCEEDED:
            return Done(operation.refund)
        case _:
            return RefundRefused(failure_code=operation.outcome_code)


def _not_yet(operation: GatewayOperation, *, unavailable: bool) -> Result:
    if operation.kind == Kind.REFUND:
        return Waiting(operation.refund)
    if unavailable:
        raise GatewayUnavailable(
            "The payment gateway is not available right now. The same request again goes on with this payment.",
            retry_after=ASK_AGAIN,
            payment_id=str(operation.payment_id),
        )
    return Waiting(operation.payment)
