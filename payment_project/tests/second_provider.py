"""A second payment provider: all that has to be written for one, beside its line in the registry."""

import hashlib
import hmac
from collections.abc import Mapping
from uuid import UUID

import msgspec
from django.conf import settings

from chassis.storage.http import Client
from chassis.web.problems import BadRequest
from payments.errors import InvalidSignature
from payments.gateways.interface import RETRIES, TIMEOUT, Approved, Hint, Outcome, Refused, SavedCard, Unknown
from payments.ledger import Kind
from payments.models import GatewayOperation

VERBS = {Kind.CAPTURE: "take", Kind.VOID: "release", Kind.REFUND: "give_back"}


class _Webhook(msgspec.Struct):
    message: str
    request: UUID


class SecondProvider:
    """It calls an authorisation a charge, knows a request by its `Request-Id`, and signs with a digest in hex."""

    def __init__(self) -> None:
        self._client = Client("second-provider", settings.SECOND_PROVIDER_URL, timeout=TIMEOUT, retries=RETRIES)

    def perform(self, operation: GatewayOperation) -> Outcome:
        if operation.asks is Kind.AUTHORIZE:
            path = "/charges"
        elif operation.asks is Kind.REVERSE:
            path = f"/requests/{operation.id}/undo"
        else:
            path = f"/charges/{operation.target}/{VERBS[operation.asks]}"
        asked = {
            "units": operation.amount,
            "card": operation.card_token if operation.payment_token else "",
            "buyer": operation.customer,
            "order": str(operation.payment_id),
        }
        answer = self._client.post(path, json=asked, headers={"Request-Id": operation.key}, retry=True)
        if answer.status != 200:
            return Unknown(f"HTTP {answer.status}")
        told = answer.json()
        return Refused(told["because"]) if told["because"] else Approved(told["charge"], told["units"])

    def save_card(self, token: str, *, customer: str, key: UUID) -> SavedCard | Refused | Unknown:
        asked = {"card": token, "buyer": customer}
        answer = self._client.post("/cards", json=asked, headers={"Request-Id": str(key)}, retry=True)
        return SavedCard(answer.json()["kept"], "second", "1881", 1, 2036)

    def read_webhook(self, *, headers: Mapping[str, str], body: bytes) -> Hint:
        digest = hmac.new(settings.SECOND_PROVIDER_SECRET.encode(), body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(headers.get("second-signature", "").encode(), digest.encode()):
            raise InvalidSignature
        try:
            told = msgspec.json.decode(body, type=_Webhook)
        except msgspec.DecodeError as exc:
            raise BadRequest from exc
        return Hint(told.message, told.request)
