"""What the gateways gave us to charge a card with, as it lies in tables: sealed, and found again by a keyed digest.

Whoever reads the tables, a backup of them say, can neither pay with it nor tell whose card is whose.
"""

import hashlib
import hmac

from django.conf import settings

from chassis.secrets import is_sealed, seal, unseal


def sealed(token: str) -> str:
    """A token as it is kept. What is sealed already stays as it is."""
    return token if is_sealed(token) else seal(token, settings.PAYMENT_SECRET_KEYS)


def opened(kept: str) -> str:
    """The token. A process of before tokens were sealed may have kept it as it is. Raises InvalidSeal."""
    return unseal(kept, settings.PAYMENT_SECRET_KEYS) if is_sealed(kept) else kept


def resealed(kept: str) -> str:
    """The same, under the key that seals now. Raises InvalidSeal."""
    return seal(opened(kept), settings.PAYMENT_SECRET_KEYS)


def key_name() -> str:
    """Names the key that seals now, and tells nothing of it."""
    return _named(settings.PAYMENT_SECRET_KEYS[0])


def digests(token: str) -> list[str]:
    """What a token may be found by: under the key that seals now, and then under those that sealed before."""
    return [_keyed(key, f"token {token}") for key in settings.PAYMENT_SECRET_KEYS]


def _named(key: str) -> str:
    return _keyed(key, "name")[:16]


def _keyed(key: str, text: str) -> str:
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()
