"""Webhooks of payment gateways, signed as https://www.standardwebhooks.com has it.

A webhook is a hint, never a fact: it makes an operation due, and the gateway is asked for what became of it.
"""

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Mapping
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import transaction

from chassis.web.problems import BadRequest, NotFound
from payments import services
from payments.errors import InvalidSignature
from payments.models import WebhookDelivery

PROVIDERS = frozenset({"simulator"})
TOLERANCE_SECONDS = 300
_ID = re.compile(r"[\x21-\x7e]{1,128}")


class _Data(msgspec.Struct):
    idempotency_key: UUID


class _Webhook(msgspec.Struct):
    type: str
    data: _Data


def receive(*, provider: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Takes one delivery; False when it was taken before.

    Raises NotFound for an unknown provider, InvalidSignature when it is forged, altered or older than five minutes,
    BadRequest when it cannot be read.
    """
    if provider not in PROVIDERS:
        raise NotFound
    message_id = verify(headers=headers, body=body)
    try:
        webhook = msgspec.json.decode(body, type=_Webhook)
    except msgspec.DecodeError as exc:
        raise BadRequest("The webhook cannot be read.") from exc
    with transaction.atomic():
        _, new = WebhookDelivery.objects.get_or_create(id=message_id, defaults={"provider": provider})
        if new:
            services.hasten(operation_id=webhook.data.idempotency_key)
    return new


def verify(*, headers: Mapping[str, str], body: bytes) -> str:
    """The id of a message whose signature and time are right. Raises InvalidSignature."""
    message_id = headers.get("webhook-id", "")
    timestamp = headers.get("webhook-timestamp", "")
    if not _ID.fullmatch(message_id) or not (timestamp.isascii() and timestamp.isdigit()):
        raise InvalidSignature
    if abs(time.time() - int(timestamp[:15])) > TOLERANCE_SECONDS:
        raise InvalidSignature("The webhook is too old, or from the future.")
    signed = b".".join([message_id.encode(), timestamp.encode(), body])
    digest = hmac.new(settings.PAYMENT_WEBHOOK_SECRET.encode(), signed, hashlib.sha256).digest()
    expected = b"v1," + base64.b64encode(digest)
    for given in headers.get("webhook-signature", "").split():
        if hmac.compare_digest(given.encode(), expected):
            return message_id
    raise InvalidSignature
