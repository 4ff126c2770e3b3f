"""The card gateway: one operation in, its outcome out. Network only; no database here."""

import logging
import time
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from django.conf import settings

from chassis.storage.http import CircuitOpen, Client, Response, Unreachable
from chassis.telemetry import metrics
from payments.domain import Kind
from payments.models import GatewayOperation, OperationState

log = logging.getLogger(__name__)

# tok_slow and its kin answer after 3 s; what takes longer than 5 s is treated as unknown, and asked again.
CONNECT_SECONDS = 1.0
READ_SECONDS = 5.0
CALLS = metrics.histogram("gateway_call_seconds", "Calls to the payment gateway", ["kind", "outcome"])


@dataclass(frozen=True, slots=True)
class Approved:
    """It happened. id: the gateway's, of what came of it. amount: what had been reserved, of a reversal."""

    id: str
    amount: int


@dataclass(frozen=True, slots=True)
class Refused:
    """It did not happen and never will."""

    code: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have happened or not; asking again with the same key finds out. unavailable: it says it is down."""

    reason: str
    unavailable: bool = False


Outcome = Approved | Refused | Unknown


@dataclass(frozen=True, slots=True)
class SavedCard:
    token: str
    brand: str
    last4: str
    expiry_month: int
    expiry_year: int


@cache
def client() -> Client:
    """A declined card is an answer like any other; only what looks like an outage opens the breaker."""
    return Client(
        "payment-gateway",
        settings.PAYMENT_GATEWAY_URL,
        timeout=(CONNECT_SECONDS, READ_SECONDS),
        retries=1,
        # A gateway that hangs costs a worker twelve seconds a call: three of them are enough to know.
        breaker_failures=3,
        breaker_reset=2.0,
        # A 503 is about one card's processor; the gateway that says so is up.
        failure_statuses=frozenset({502, 504}),
        headers={"Authorization": f"Bearer {settings.PAYMENT_GATEWAY_API_KEY}"},
    )


def perform(operation: GatewayOperation) -> Outcome:
    """Asks for what the operation says, under its idempotency key: the first time or the hundredth."""
    path, body = _request(operation)
    reversing = operation.state == OperationState.REVERSING
    key = f"{operation.id}-reverse" if reversing else str(operation.id)
    kind = Kind.REVERSE if reversing else Kind(operation.kind)
    started = time.perf_counter()
    try:
        response = client().post(path, json=body, headers={"Idempotency-Key": key}, retry=True)
        outcome = _outcome(kind, operation, response)
    except CircuitOpen:
        outcome = Unknown("circuit open", unavailable=True)
    except Unreachable as exc:
        outcome = Unknown(str(exc))
    CALLS.labels(kind, type(outcome).__name__.lower()).observe(time.perf_counter() - started)
    return outcome


def save_card(token: str, *, key: UUID) -> SavedCard | Refused | Unknown:
    """A reusable token for a single-use one."""
    try:
        response = client().post(
            "/v1/payment_methods",
            json={"payment_token": token},
            headers={"Idempotency-Key": str(key)},
            retry=True,
        )
        if response.status == 402:
            return Refused(str(response.json()["code"]))
        if response.status != 201:
            return _unexpected(response)
        card = response.json()
        return SavedCard(
            token=card["id"],
            brand=card["brand"],
            last4=card["last4"],
            expiry_month=card["expiry_month"],
            expiry_year=card["expiry_year"],
        )
    except CircuitOpen:
        return Unknown("circuit open", unavailable=True)
    except (Unreachable, KeyError, TypeError) as exc:
        return Unknown(type(exc).__name__)


def _request(operation: GatewayOperation) -> tuple[str, dict[str, Any]]:
    match Kind(operation.kind), OperationState(operation.state):
        case Kind.AUTHORIZE, OperationState.REVERSING:
            return f"/v1/operations/{operation.id}/reverse", {}
        case Kind.AUTHORIZE, _:
            return "/v1/authorisations", {
                "amount": operation.amount,
                "currency": operation.currency,
                "payment_token": operation.payment_token,
                "reference": str(operation.payment_id),
            }
        case Kind.CAPTURE, _:
            return f"/v1/authorisations/{operation.target}/capture", {"amount": operation.amount}
        case Kind.VOID, _:
            return f"/v1/authorisations/{operation.target}/void", {}
        case Kind.REFUND, _:
            return f"/v1/captures/{operation.target}/refunds", {"amount": operation.amount}
        case kind, state:
            raise AssertionError(f"nothing to ask for {kind} {state}")


def _outcome(kind: Kind, operation: GatewayOperation, response: Response) -> Outcome:
    try:
        body = response.json()
        if response.status in (200, 201):
            if kind is Kind.REVERSE:
                return Approved(body["authorisation"] or "", int(body["voided_amount"]))
            return Approved(str(body["id"]), int(body["amount"]))
        if response.status == 402:
            return Refused(str(body["code"])[:64])
        if response.status == 409 and kind is not Kind.REVERSE:
            return _conflict(kind, operation, str(body["code"])[:64])
    except (KeyError, TypeError, ValueError) as exc:
        log.error("gateway answer not understood", extra={"error": type(exc).__name__, "kind": kind})  # noqa: TRY400
        return Unknown("answer not understood")
    return _unexpected(response)


def _conflict(kind: Kind, operation: GatewayOperation, code: str) -> Outcome:
    """What we want is so already, or cannot be any more."""
    if kind is Kind.VOID and code == "already_voided":
        return Approved("", operation.amount)
    if kind is Kind.CAPTURE and code == "already_captured":
        # Somebody captured with another key: our books would be wrong whatever we wrote. A person has to look.
        log.error("captured by somebody else", extra={"operation": str(operation.id)})
        return Unknown(code)
    return Refused(code)


def _unexpected(response: Response) -> Unknown:
    """A 5xx is the gateway's trouble, any other status ours (a wrong key, a wrong address): both are tried again."""
    if response.status < 500:
        log.error("gateway refused the request itself", extra={"status": response.status})
    return Unknown(f"HTTP {response.status}", unavailable=response.status == 503)
