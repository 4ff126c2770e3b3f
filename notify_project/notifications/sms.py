"""Handing SMS to the gateway, which keeps one per id, so asking again is safe."""

from functools import cache
from uuid import UUID

from django.conf import settings

from chassis.storage.http import CircuitOpen, Client, Response
from chassis.storage.http import Unreachable as NoAnswer
from notifications.failures import PermanentFailure, Unreachable

# Ours to mend (a wrong key) or theirs (too many, an error): no fault of the message.
NOT_THE_MESSAGE = frozenset({401, 403, 404, 408, 425, 429})


@cache
def gateway() -> Client:
    return Client(
        "sms-gateway",
        settings.SMS_GATEWAY_URL,
        timeout=(1.0, 4.0),
        retries=1,
        headers={"Authorization": f"Bearer {settings.SMS_GATEWAY_API_KEY}"},
    )


def send(*, notification_id: UUID, to: str, text: str) -> None:
    """Returns when the gateway has taken it. Raises PermanentFailure or Unreachable."""
    try:
        answer: Response = gateway().post("", json={"to": to, "text": text, "id": str(notification_id)}, retry=True)
    except CircuitOpen as error:
        raise Unreachable("circuit_open") from error
    except NoAnswer as error:
        raise Unreachable("no_answer") from error
    if answer.status in NOT_THE_MESSAGE or answer.status >= 500:
        raise Unreachable(f"http_{answer.status}")
    if not 200 <= answer.status < 300:
        raise PermanentFailure(f"http_{answer.status}")
