"""Who is calling: access tokens verified with auth's public keys, and what makes them void before their time."""

import time
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, cast
from uuid import UUID

import jwt
from rest_framework.request import Request
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import ExpiredTokenError, TokenError
from rest_framework_simplejwt.tokens import AccessToken, Token

from chassis.storage.redis import RedisUnavailable, redis_client
from chassis.web import limits
from chassis.web.keys import key_set
from chassis.web.problems import Unauthenticated
from chassis.web.roles import is_staff, may

ALGORITHM = "EdDSA"
# By so much the clocks of two hosts may differ.
LEEWAY_SECONDS = 5
# So many verified tokens a process remembers: a customer's next request need not prove the same signature again.
REMEMBERED = 2048
# What auth sets here, once Redis knows all that was revoked: gone when Redis came back empty.
TOLD_KEY = "revocations:told"
TOLD = b"told"


@dataclass(frozen=True, slots=True)
class Principal:
    """The signed-in caller, as the token says. `token` is for calls made in the caller's name.

    email_verified: the address was proven when the token was made; one of before there was the claim proves nothing.
    """

    id: UUID
    username: str
    roles: frozenset[str]
    jti: str
    expires_at: int
    token: str = field(repr=False)
    email_verified: bool = False
    is_authenticated: bool = True

    @property
    def pk(self) -> UUID:
        return self.id

    @property
    def is_staff(self) -> bool:
        return is_staff(self.roles)

    def may(self, permission: str) -> bool:
        """Whether one of the caller's roles has this permission of the service's own app."""
        return may(self.roles, permission)


class _KeySetBackend(TokenBackend):
    def get_verifying_key(self, token: Token) -> Any:
        """The key of auth's that the token names. Raises Unauthenticated, or ServiceUnavailable without any key."""
        return key_set().key(_kid(str(token)))


_backend = _KeySetBackend(ALGORITHM, leeway=LEEWAY_SECONDS)


def _kid(token: str) -> str:
    return str(jwt.get_unverified_header(token).get("kid"))


class SignedToken(AccessToken):
    """An access token in order, and whom it speaks for; as text it is what was sent.

    Raises TokenError, or an exception of what stumbled over a claim that is not what it must be.
    """

    def __init__(self, token: str) -> None:
        super().__init__(token)  # type: ignore[arg-type]  # simplejwt takes the text, and says it takes a Token
        claims = self.payload
        roles = claims.get("roles", [])
        if not isinstance(roles, list):  # a text would be taken apart into roles of one letter
            raise TypeError
        self.kid = _kid(token)
        self.issued_at = float(claims["iat"])
        self.principal = Principal(
            id=UUID(claims["user_id"]),
            username=str(claims.get("username", "")),
            roles=frozenset(roles),
            jti=str(claims["jti"]),
            expires_at=int(claims["exp"]),
            token=token,
            email_verified=claims.get("email_verified") is True,
        )

    def get_token_backend(self) -> TokenBackend:
        return _backend

    def __str__(self) -> str:
        return self.principal.token


def verify(token: str) -> Principal:
    """The caller an access token speaks for. Raises Unauthenticated, or ServiceUnavailable without any key."""
    return validated(token).principal


def validated(token: str, *, asked_with: Request | None = None) -> SignedToken:
    """A token that nothing makes void at this moment. Raises like verify().

    asked_with: the request that it came with, which is counted in the same round trip (chassis.web.limits).
    """
    signed = _signed(token)
    if signed.principal.expires_at + LEEWAY_SECONDS <= time.time():
        raise Unauthenticated("The access token has expired.")
    key_set().key(signed.kid)  # still one of auth's; and the keys are renewed in their time
    if _is_revoked(signed.principal, signed.issued_at, asked_with):
        raise Unauthenticated("The access token was revoked.")
    return signed


@lru_cache(maxsize=REMEMBERED)
def _signed(token: str) -> SignedToken:
    """Remembered only if it was in order. A key's id is the key's own thumbprint."""
    try:
        return SignedToken(token)
    except ExpiredTokenError:
        raise Unauthenticated("The access token has expired.") from None
    except (TokenError, ArithmeticError, AttributeError, LookupError, OSError, RecursionError, TypeError, ValueError):
        # RecursionError: the header is JSON that anybody may send, nested as deep as its length allows.
        raise Unauthenticated("The access token is not valid.") from None


def revoke_token(token_id: str, *, seconds: int) -> None:
    """No service accepts any more the token, or what began with the session, of this id. Raises RedisUnavailable.

    seconds: how long it would have lived.
    """
    redis_client().set(f"revoked:token:{token_id}", "1", ex=max(seconds, 1) + LEEWAY_SECONDS)


# Told in another order, or once more, they leave the latest moment.
_REVOKE_USER = """
local moment = tonumber(redis.call("GET", KEYS[1]) or "0")
if tonumber(ARGV[1]) >= moment then redis.call("SET", KEYS[1], ARGV[1], "EX", ARGV[2]) end
"""


def revoke_user(user_id: UUID, *, seconds: int, issued_before: float | None = None) -> None:
    """No service accepts a token of this user that was issued before then (Unix time; by default now).

    seconds: the longest one lives. Raises RedisUnavailable.
    """
    moment = time.time() if issued_before is None else issued_before
    keys = [f"revoked:user:{user_id}"]
    redis_client().register_script(_REVOKE_USER)(keys=keys, args=[repr(moment), max(seconds, 1) + LEEWAY_SECONDS])


def _is_revoked(principal: Principal, issued_at: float, request: Request | None) -> bool:
    """Without Redis a token is as good as its signature."""
    marks = (f"revoked:token:{principal.jti}", f"revoked:user:{principal.id}")
    try:
        if request is None:
            token, since = redis_client().mget(marks)
        else:
            token, since = limits.count(request, user_id=principal.id, beside=marks)
    except RedisUnavailable:
        return False
    # Auth gives `iat` with its fraction; a token with whole seconds made in that second counts as older.
    return token is not None or (since is not None and issued_at < float(since))


def still_stands(*, user_id: UUID | str, session_id: str, since: float) -> bool:
    """Whether nothing has ended yet what this user began then (Unix time), in the session of auth's with this id.

    It outlives the tokens, so it is looked at more closely than one. Raises RedisUnavailable, also when Redis came back
    without what was revoked and was not told again yet.
    """
    session, before, told = redis_client().mget(f"revoked:token:{session_id}", f"revoked:user:{user_id}", TOLD_KEY)
    if session is not None or (before is not None and since < float(before)):
        return False
    if told is None or not cast(bytes, told).startswith(TOLD):
        raise RedisUnavailable("does not know what was revoked")
    return True
