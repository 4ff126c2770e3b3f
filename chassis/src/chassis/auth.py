"""Who is calling: access tokens verified with auth's public keys, without a call per request."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any, cast
from uuid import UUID

import jwt
from django.conf import settings
from jwt.algorithms import OKPAlgorithm
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from chassis.errors import ServiceUnavailable, Unauthenticated
from chassis.http import Client, Unreachable
from chassis.redis import RedisUnavailable, redis_client

log = logging.getLogger(__name__)

ALGORITHM = "EdDSA"
KEYS_MAX_AGE = 600.0
KEYS_RETRY_AFTER = 5.0
# By so much the clocks of two hosts may differ.
LEEWAY_SECONDS = 5
# So many verified tokens a process remembers: a customer's next request need not prove the same signature again.
REMEMBERED = 2048
STAFF_ROLES = ("support", "manager", "admin")


@dataclass(frozen=True, slots=True)
class Principal:
    """The signed-in caller, as the token says. `token` is for calls made in the caller's name."""

    id: UUID
    username: str
    roles: frozenset[str]
    jti: str
    expires_at: int
    token: str = field(repr=False)
    is_authenticated: bool = True

    @property
    def pk(self) -> UUID:
        return self.id

    @property
    def is_staff(self) -> bool:
        return not self.roles.isdisjoint(STAFF_ROLES)


class KeySet:
    """Auth's public keys by key id, refreshed every ten minutes in the background, and kept when auth is away.

    A key id that is not known makes it ask again, at most once in five seconds: that is how a new key arrives.
    ask: returns the JWKS document; may raise Unreachable.
    """

    def __init__(self, ask: Callable[[], Any]) -> None:
        self._ask = ask
        self._keys: dict[str, Any] = {}
        self._fetched = self._asked = float("-inf")
        self._answered = True
        self._lock = threading.Lock()

    def key(self, kid: str) -> Any:
        """The key. Raises Unauthenticated for an unknown one, ServiceUnavailable when auth could not be asked."""
        if kid not in self._keys:
            self._refresh()
        elif self._is_stale() and not self._lock.locked():
            # No request waits for this one, for auth may be slow to answer; what is known goes on being good.
            threading.Thread(target=self._refresh, daemon=True).start()
        try:
            return self._keys[kid]
        except KeyError:
            if self._answered and self._keys:
                raise Unauthenticated("The token was signed with an unknown key.") from None
            raise ServiceUnavailable("Access tokens cannot be verified right now.", retry_after=5) from None

    def _is_stale(self) -> bool:
        now = time.monotonic()
        return now - self._fetched > KEYS_MAX_AGE and now - self._asked > KEYS_RETRY_AFTER

    def _refresh(self) -> None:
        asked = self._asked
        with self._lock:
            pause = KEYS_RETRY_AFTER if self._keys else 1.0
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
        self._keys = keys
        self._fetched = time.monotonic()
        return True


@cache
def key_set() -> KeySet:
    own = getattr(settings, "JWKS", None)
    if own is not None:  # auth itself, which has nobody to ask
        return KeySet(lambda: own)
    client = Client("auth-keys", settings.AUTH_URL, timeout=(0.5, 1.5), retries=1, breaker_reset=5)
    return KeySet(lambda: client.get("/.well-known/jwks.json").json())


@dataclass(frozen=True, slots=True)
class _Verified:
    principal: Principal
    issued_at: float
    kid: str


def verify(token: str) -> Principal:
    """The caller an access token speaks for. Raises Unauthenticated, or ServiceUnavailable without any key."""
    verified = _verified(token)
    if verified.principal.expires_at + LEEWAY_SECONDS <= time.time():
        raise Unauthenticated("The access token has expired.")
    key_set().key(verified.kid)  # still one of auth's; and the keys are renewed in their time
    if _is_revoked(verified.principal, verified.issued_at):
        raise Unauthenticated("The access token was revoked.")
    return verified.principal


@lru_cache(maxsize=REMEMBERED)
def _verified(token: str) -> _Verified:
    """What a well-signed token says, remembered only if it was in order. A key's id is the key's own thumbprint."""
    try:
        kid = str(jwt.get_unverified_header(token).get("kid"))
        claims = jwt.decode(
            token,
            key_set().key(kid),
            algorithms=[ALGORITHM],
            options={"require": ["exp", "iat", "jti", "user_id"], "verify_aud": False},
            leeway=LEEWAY_SECONDS,
        )
        if claims.get("token_type") != "access":
            raise Unauthenticated("This is not an access token.")
        roles = claims.get("roles", [])
        if not isinstance(roles, list):  # a text would be taken apart into roles of one letter
            raise TypeError
        principal = Principal(
            id=UUID(claims["user_id"]),
            username=str(claims.get("username", "")),
            roles=frozenset(roles),
            jti=str(claims["jti"]),
            expires_at=int(claims["exp"]),
            token=token,
        )
        return _Verified(principal, float(claims["iat"]), kid)
    except jwt.ExpiredSignatureError:
        raise Unauthenticated("The access token has expired.") from None
    except (jwt.InvalidTokenError, ArithmeticError, AttributeError, RecursionError, TypeError, ValueError):
        # RecursionError: the header is JSON that anybody may send, nested as deep as its length allows.
        raise Unauthenticated("The access token is not valid.") from None


def revoke_token(jti: str, *, seconds: int) -> None:
    """No service accepts this token any more; seconds: how long it would have lived. Raises RedisUnavailable."""
    redis_client().set(f"revoked:token:{jti}", "1", ex=max(seconds, 1) + LEEWAY_SECONDS)


def revoke_user(user_id: UUID, *, seconds: int, issued_before: float | None = None) -> None:
    """No service accepts a token of this user that was issued before then (Unix time; by default now).

    seconds: the longest one lives. Raises RedisUnavailable.
    """
    moment = time.time() if issued_before is None else issued_before
    redis_client().set(f"revoked:user:{user_id}", repr(moment), ex=max(seconds, 1) + LEEWAY_SECONDS)


def _is_revoked(principal: Principal, issued_at: float) -> bool:
    """Without Redis a token is as good as its signature."""
    try:
        token, since = redis_client().mget(f"revoked:token:{principal.jti}", f"revoked:user:{principal.id}")
    except RedisUnavailable:
        return False
    # Auth gives `iat` with its fraction; a token with whole seconds made in that second counts as older.
    return token is not None or (since is not None and issued_at < float(since))


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <access token>`."""

    def authenticate(self, request: Request) -> tuple[Principal, str] | None:
        scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        principal = verify(token.strip())
        return principal, principal.token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class IsSignedIn(BasePermission):
    def has_permission(self, request: Request, view: Any) -> bool:
        return bool(request.user and request.user.is_authenticated)


def HasRole(*roles: str) -> type[BasePermission]:  # noqa: N802  (reads as the permission class it makes)
    """A permission class: the caller has one of these roles."""
    wanted = frozenset(roles)

    class _HasRole(IsSignedIn):
        def has_permission(self, request: Request, view: Any) -> bool:
            return super().has_permission(request, view) and not wanted.isdisjoint(cast(Principal, request.user).roles)

    return _HasRole


IsStaff = HasRole(*STAFF_ROLES)
