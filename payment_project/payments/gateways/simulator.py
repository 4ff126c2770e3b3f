"""The simulated card gateway (gateway_simulator/), and whoever speaks as it does."""

import logging
import re
from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from django.conf import settings

from chassis.storage.http import Client, Response
from chassis.web.problems import BadRequest
from payments.gateways import standard_webhooks
from payments.gateways.interface import (
    AT_THE_SAME_TIME,
    RETRIES,
    TIMEOUT,
    Approved,
    Hint,
    Moved,
    Outcome,
    Page,
    Refused,
    SavedCard,
    Unknown,
)
from payments.ledger import Kind
from payments.models import GatewayOperation

log = logging.getLogger(__name__)


class _Data(msgspec.Struct):
    idempotency_key: UUID


class _Webhook(msgspec.Struct):
    type: str
    data: _Data


# A no to the request itself, which stays one: an amount beyond the gateway's limits, say, or money it knows nothing of.
# Whoever only stands in between, such as a proxy at a wrong address, does not speak in these words.
NEVER = {(400, "invalid_request"), (404, "unknown_authorisation"), (404, "unknown_capture")}
REQUEST_REFUSED = "request_refused"

# Entries of a report that are asked for at once, and as much of a text in it as is looked at.
PAGE, LONGEST_TEXT = 500, 128

LAST4 = re.compile(r"[0-9]{4}")


class Simulator:
    """A declined card is an answer like any other; only what looks like an outage opens the breaker."""

    def __init__(self) -> None:
        self._client = Client(
            "payment-gateway",
            settings.PAYMENT_GATEWAY_URL,
            timeout=TIMEOUT,
            retries=RETRIES,
            pool_size=AT_THE_SAME_TIME,
            # A gateway that hangs costs a worker twelve seconds a call: three of them are enough to know.
            breaker_failures=3,
            breaker_reset=2.0,
            # A 503 is about one card's processor; the gateway that says so is up.
            failure_statuses=frozenset({502, 504}),
            headers={"Authorization": f"Bearer {settings.PAYMENT_GATEWAY_API_KEY}"},
        )

    def perform(self, operation: GatewayOperation) -> Outcome:
        path, body = _request(operation)
        return _outcome(operation, self._post(path, body, key=operation.key))

    def save_card(self, token: str, *, customer: str, key: UUID) -> SavedCard | Refused | Unknown:
        body = {"payment_token": token, "customer": customer}
        response = self._post("/v1/payment_methods", body, key=str(key))
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

    def read_webhook(self, *, headers: Mapping[str, str], body: bytes) -> Hint:
        message_id = standard_webhooks.verify(headers=headers, body=body, secret=settings.PAYMENT_WEBHOOK_SECRET)
        try:
            webhook = msgspec.json.decode(body, type=_Webhook)
        except msgspec.DecodeError as exc:
            raise BadRequest("The webhook cannot be read.") from exc
        return Hint(message_id, webhook.data.idempotency_key)

    def moved_on(self, day: date, *, after: str) -> Page | Unknown:
        return self._page({"day": day.isoformat(), "after": after or "0", "limit": PAGE})

    def moved_of(self, reference: str) -> Page | Unknown:
        return self._page({"reference": reference})

    def _page(self, asked: dict[str, Any]) -> Page | Unknown:
        response = self._client.get(f"/v1/settlements?{urlencode(asked)}")
        if response.status != 200:
            return _unexpected(response)
        report = response.json()
        return Page([_moved(entry) for entry in report["entries"]], str(report["next"]))

    def _post(self, path: str, body: dict[str, Any], *, key: str) -> Response:
        return self._client.post(path, json=body, headers={"Idempotency-Key": key}, retry=True)


def _moved(entry: dict[str, Any]) -> Moved:
    names = ("id", "key", "reference", "currency")
    texts = {name: str(entry[name])[:LONGEST_TEXT] for name in names}
    return Moved(kind=Kind(entry["kind"]), amount=int(entry["amount"]), **texts)


def _request(operation: GatewayOperation) -> tuple[str, dict[str, Any]]:
    match operation.asks:
        case Kind.REVERSE:
            return f"/v1/operations/{operation.id}/reverse", {}
        case Kind.AUTHORIZE:
            return "/v1/authorisations", {
                "amount": operation.amount,
                "currency": operation.currency,
                "payment_token": operation.card_token,
                "reference": str(operation.payment_id),
                "customer": operation.customer,
            }
        case Kind.CAPTURE:
            return f"/v1/authorisations/{operation.target}/capture", {"amount": operation.amount}
        case Kind.VOID:
            return f"/v1/authorisations/{operation.target}/void", {}
        case Kind.REFUND:
            return f"/v1/captures/{operation.target}/refunds", {"amount": operation.amount}
        case Kind.OUTSIDE | Kind.EXCHANGE | Kind.RETURN:
            raise AssertionError("what moves outside of a gateway is asked of none, and a return as a refund")


def _outcome(operation: GatewayOperation, response: Response) -> Outcome:
    kind = operation.asks
    body = response.json()
    if response.status in (200, 201):
        if kind is Kind.REVERSE:
            return Approved(body["authorisation"] or "", int(body["voided_amount"]))
        return Approved(str(body["id"]), int(body["amount"]), card_last4=_last4(body.get("card")))
    if response.status == 402:
        return Refused(str(body["code"])[:64])
    if response.status == 409 and kind is not Kind.REVERSE:
        return _conflict(operation, str(body["code"])[:64])
    code = body.get("code") if isinstance(body, dict) else None
    if kind is not Kind.REVERSE and (response.status, code) in NEVER:
        return _never(operation, str(code))
    return _unexpected(response)


def _last4(card: object) -> str:
    """Of the card that an authorisation is on. That it is not told is no reason to doubt what was answered."""
    last4 = card.get("last4") if isinstance(card, dict) else None
    return last4 if isinstance(last4, str) and LAST4.fullmatch(last4) else ""


def _never(operation: GatewayOperation, code: str) -> Refused:
    """Asking again would be answered the same for ever: somebody waits for this, and has to be told."""
    log.error("gateway refused the request itself", extra={"operation": str(operation.id), "code": code})
    return Refused(REQUEST_REFUSED if operation.asks is Kind.AUTHORIZE else code)


def _conflict(operation: GatewayOperation, code: str) -> Outcome:
    """What we want is so already, or cannot be any more."""
    if operation.asks is Kind.VOID and code == "already_voided":
        return Approved("", operation.amount)
    if operation.asks is Kind.CAPTURE and code == "already_captured":
        # Somebody captured with another key: our books would be wrong whatever we wrote. A person has to look.
        log.error("captured by somebody else", extra={"operation": str(operation.id)})
        return Unknown(code)
    return Refused(code)


def _unexpected(response: Response) -> Unknown:
    """A 5xx is the gateway's trouble, any other status ours (a wrong key, a wrong address): both are tried again."""
    if response.status < 500:
        log.error("gateway refused the request itself", extra={"status": response.status})
    return Unknown(f"HTTP {response.status}", unavailable=response.status == 503)
