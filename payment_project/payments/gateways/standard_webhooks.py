"""Webhooks signed as https://www.standardwebhooks.com has it, for providers that do."""

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Mapping

from payments.errors import InvalidSignature

TOLERANCE_SECONDS = 300
_ID = re.compile(r"[\x21-\x7e]{1,128}")


def verify(*, headers: Mapping[str, str], body: bytes, secret: str) -> str:
    """The id of a message whose signature and time are right. Raises InvalidSignature."""
    message_id = headers.get("webhook-id", "")
    timestamp = headers.get("webhook-timestamp", "")
    if not _ID.fullmatch(message_id) or not (timestamp.isascii() and timestamp.isdigit()):
        raise InvalidSignature
    if abs(time.time() - int(timestamp[:15])) > TOLERANCE_SECONDS:
        raise InvalidSignature("The webhook is too old, or from the future.")
    signed = b".".join([message_id.encode(), timestamp.encode(), body])
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).digest()
    expected = b"v1," + base64.b64encode(digest)
    for given in headers.get("webhook-signature", "").split():
        if hmac.compare_digest(given.encode(), expected):
            return message_id
    raise InvalidSignature
