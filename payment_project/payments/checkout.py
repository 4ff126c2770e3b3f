"""One request to pay or to refund, from its idempotency key to its answer.

The intent is committed, the gateway is asked, and the answer is stored with the outcome. When the outcome stays
unknown the key stays open: the same request goes on where this one stopped.
"""

import json
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from rest_framework.response import Response

from chassis.web import idempotency
from chassis.web.exceptions import CONTENT_TYPE, problem_response
from chassis.web.idempotency import Claim, Key
from chassis.web.problems import Problem
from chassis.web.tokens import Principal
from payments import bookings, operations, services
from payments.domain import Kind
from payments.errors import AttemptWithdrawn, CardDeclined, GatewayUnavailable, PaymentInProgress, RefundRefused
from payments.events import MethodGiven, Money
from payments.gateway import Unknown
from payments.models import UNFINISHED, GatewayOperation, OperationState, Payment
from payments.presentation import present_payment, present_refund
from payments.services import PaymentUnknown, may_retry

# Seconds after which a client may ask again for what is not known yet.
ASK_AGAIN = 2

Started = tuple[Claim, GatewayOperation | None]


def pay(*, user: Principal, booking_id: UUID, method: MethodGiven, key: Key, path: str) -> Response:
    """Authorises the payment of a booking: 201, 402 for a decline, 202 while the outcome is not known.

    Raises GatewayUnavailable, and what services.start_authorisation() and bookings.look_up() raise.
    """

    def start() -> Started:
        return services.start_authorisation(user_id=user.id, booking_id=booking_id, method=method, key=key)

    try:
        started = start()
    except PaymentUnknown:
        services.open_payment(booking=bookings.look_up(booking_id, user=user))
        started = start()
    except PaymentInProgress:
        reversal = services.withdraw_unanswered(user_id=user.id, booking_id=booking_id)
        if reversal is None:
            raise
        operations.run(reversal)
        started = start()
    return _answer(started, path=path)


def refund(
    *, user: Principal, payment_id: UUID, amount: int | Money | None, reason: str, key: Key, path: str
) -> Response:
    """Gives captured money back: 201, 409 when the gateway refuses, 202 while the outcome is not known.

    amount in minor units, None for all that is left. Raises what services.start_refund() raises.
    """
    who = user.username or str(user.id)
    started = services.start_refund(payment_id=payment_id, amount=amount, reason=reason, requested_by=who, key=key)
    return _answer(started, path=path)


def _answer(started: Started, *, path: str) -> Response:
    claim, operation = started
    if claim.completed:
        return idempotency.replay(claim)
    answers: list[Response] = []

    def keep(payment: Payment, answered: GatewayOperation) -> None:
        answers.append(_definite(payment, answered, path=path))
        idempotency.complete(claim, status=answers[0].status_code, body=answers[0].data)

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
    return _not_yet(found, unavailable=isinstance(outcome, Unknown) and outcome.unavailable)


def _definite(payment: Payment, operation: GatewayOperation, *, path: str) -> Response:
    """What is answered, now and to every repetition, once the gateway has answered."""
    match Kind(operation.kind), OperationState(operation.state):
        case Kind.AUTHORISE, OperationState.SUCCEEDED:
            return Response(present_payment(payment), status=201, headers={"Location": f"{path}/{payment.id}"})
        case Kind.AUTHORISE, OperationState.REFUSED:
            code, retryable = operation.outcome_code, may_retry(payment)
            return _problem(CardDeclined(code, retryable=retryable, payment_id=str(payment.id)), path)
        case Kind.AUTHORISE, _:
            return _problem(AttemptWithdrawn(payment_id=str(payment.id)), path)
        case Kind.REFUND, OperationState.SUCCEEDED:
            refund = operation.refund
            return Response(present_refund(refund), status=201, headers={"Location": f"{path}/{refund.id}"})
        case _:
            return _problem(RefundRefused(failure_code=operation.outcome_code), path)


def _not_yet(operation: GatewayOperation, *, unavailable: bool) -> Response:
    if operation.kind == Kind.REFUND:
        body = present_refund(operation.refund)
    elif unavailable:
        raise GatewayUnavailable(
            "The payment gateway is not available right now. The same request again goes on with this payment.",
            retry_after=ASK_AGAIN,
            payment_id=str(operation.payment_id),
        )
    else:
        body = present_payment(operation.payment)
    return Response(body, status=202, headers={"Retry-After": str(ASK_AGAIN)})


def _problem(problem: Problem, path: str) -> Response:
    body: dict[str, Any] = json.loads(problem_response(problem, instance=path).content)
    return Response(body, status=problem.status, content_type=CONTENT_TYPE)
