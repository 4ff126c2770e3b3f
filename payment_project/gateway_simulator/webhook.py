"""Tells the merchant of an authorisation whose answer was lost, signed as standardwebhooks.com has it."""

import base64
import hashlib
import hmac
import json
import logging
import secrets
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

log = logging.getLogger(__name__)

ATTEMPTS = 3
SECONDS_BETWEEN = 2.0
TIMEOUT = 2.0


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The `webhook-signature`: HMAC-SHA256 over `id.timestamp.body` in base64, after its version."""
    signed = b".".join([message_id.encode(), str(timestamp).encode(), body])
    return "v1," + base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where to send, and the secret shared with the receiver."""

    url: str
    secret: str

    def send_soon(self, event_type: str, data: dict[str, Any]) -> None:
        """Sends in the background, three times at most; a hint may get lost, the record does not."""
        body = json.dumps({"type": event_type, "data": data}).encode()
        threading.Thread(target=self._send, args=(f"msg_{secrets.token_hex(12)}", body), daemon=True).start()

    def _send(self, message_id: str, body: bytes) -> None:
        for attempt in range(ATTEMPTS):
            if attempt:
                time.sleep(SECONDS_BETWEEN)
            now = int(time.time())
            headers = {
                "Content-Type": "application/json",
                "webhook-id": message_id,
                "webhook-timestamp": str(now),
                "webhook-signature": signature(self.secret, message_id, now, body),
            }
            request = urllib.request.Request(self.url, data=body, headers=headers, method="POST")  # noqa: S310  (the address it was given)
            try:
                with urllib.request.urlopen(request, timeout=TIMEOUT):  # noqa: S310  (the address it was given)
                    return
            except (urllib.error.URLError, OSError) as exc:
                log.warning("webhook %s not delivered: %s", message_id, exc)
