"""Auth's public keys, without a call per request."""

import logging
import threading
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import jwt
from django.conf import settings
from jwt.algorithms import OKPAlgorithm

from chassis.storage.http import Client, Unreachable
from chassis.web.problems import ServiceUnavailable, Unauthenticated

log = logging.getLogger(__name__)

KEYS_MAX_AGE = 600.0
KEYS_RETRY_AFTER = 5.0


class KeySet:
    """Auth's public keys by key id, refreshed every ten minutes in the background, and kept when auth is away.

    A key id that is not known makes it ask again, at most once in five seconds: that is how a new key arrives.
    ask: returns the JWKS document; may raise Unreachable.
    known: the keys by their ids. fetched_at: since when, by the monotonic clock.
    """

    def __init__(self, ask: Callable[[], Any]) -> None:
        self._ask = ask
        self.known: dict[str, Any] = {}
        self.fetched_at = self._asked = float("-inf")
        self._answered = True
        self._lock = threading.Lock()

    def key(self, kid: str) -> Any:
        """The key. Raises Unauthenticated for an unknown one, ServiceUnavailable when auth could not be asked."""
        if kid not in self.known:
            self._refresh()
        elif self._is_stale() and not self._lock.locked():
            # No request waits for this one, for auth may be slow to answer; what is known goes on being good.
            threading.Thread(target=self._refresh, daemon=True).start()
        try:
            return self.known[kid]
        except KeyError:
            if self._answered and self.known:
                raise Unauthenticated("The token was signed with an unknown key.") from None
            raise ServiceUnavailable("Access tokens cannot be verified right now.", retry_after=5) from None

    def _is_stale(self) -> bool:
        now = time.monotonic()
        return now - self.fetched_at > KEYS_MAX_AGE and now - self._asked > KEYS_RETRY_AFTER

    def _refresh(self) -> None:
        asked = self._asked
        with self._lock:
            pause = KEYS_RETRY_AFTER if self.known else 1.0
            # The answer another thread got while this one waited for the lock is as good as a new one.
            if self._asked == asked and time.monotonic() - asked > pause:
                self._answered = self._fetch()
                self._asked = time.monotonic()

    def _fetch(self) -> bool:
        try:
            published = self._ask()["keys"]
            keys = {jwk["kid"]: OKPAlgorithm.from_jwk(jwk) for jwk in published if jwk.get("crv") == "Ed25519"}
        except (Unreachable, AttributeError, KeyError, TypeError, jwt.InvalidKeyError) as exc:
            log.warning("public keys not fetched", extra={"error": type(exc).__name__})
            return False
        if not keys:
            log.warning("public keys not fetched", extra={"error": "none published"})
            return False
        self.known = keys
        self.fetched_at = time.monotonic()
        return True


@cache
def key_set() -> KeySet:
    own = getattr(settings, "JWKS", None)
    if own is not None:  # auth itself, which has nobody to ask
        return KeySet(lambda: own)
    client = Client("auth-keys", settings.AUTH_URL, timeout=(0.5, 1.5), retries=1, breaker_reset=5)
    return KeySet(lambda: client.get("/.well-known/jwks.json").json())
