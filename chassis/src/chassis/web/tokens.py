"""Who is calling: access tokens verified with auth's public keys, and what makes them void before their time."""

import time
from dataclasses import dataclass, field
from functools import lru_cache
from uuid import UUID

import jwt

from chassis.storage.redis import RedisUnavailable, redis_client
from chassis.web.keys import key_set
from chassis.web.problems import Unauthenticated
from chassis.web.roles import is_staff

ALGORITHM = "EdDSA"
# By so much the clocks of two hosts may differ.
LEEWAY_SECONDS = 5
# So many verified tokens a process remembers: a customer's next request need not prove the same signature again.
REMEMBERED = 2048


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
        return is_staff(self.roles)


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
