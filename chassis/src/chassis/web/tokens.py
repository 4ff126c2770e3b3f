"""Who is calling: access tokens verified with auth's public keys, and what makes them void before their time."""

import time
from functools import lru_cache
from typing import Any
from uuid import UUID

import jwt
from rest_framework.request import Request
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import ExpiredTokenError, TokenError
from rest_framework_simplejwt.tokens import AccessToken, Token

from chassis.storage.redis import RedisUnavailable, redis_client
from chassis.theaters import theaters_in
from chassis.web import limits
from chassis.web.keys import key_set
from chassis.web.principal import Principal
from chassis.web.problems import Unauthenticated
from chassis.web.revoked import LEEWAY_SECONDS, of_token, of_user

ALGORITHM = "EdDSA"
# How somebody proved who they are (RFC 8176): by a password, and by a code of a second factor beside it.
BY_PASSWORD = "pwd"  # noqa: S105  (the name of a way)
BY_CODE = "otp"
# So many verified tokens a process remembers: a customer's next request need not prove the same signature again.
REMEMBERED = 2048


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
            by_code=BY_CODE in claims.get("amr", ()),
            theaters=theaters_in(claims),
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


def _is_revoked(principal: Principal, issued_at: float, request: Request | None) -> bool:
    """Without Redis a token is as good as its signature."""
    marks = (of_token(principal.jti), of_user(principal.id))
    try:
        if request is None:
            token, since = redis_client().mget(marks)
        else:
            token, since = limits.count(request, user_id=principal.id, beside=marks)
    except RedisUnavailable:
        return False
    # Auth gives `iat` with its fraction; a token with whole seconds made in that second counts as older.
    return token is not None or (since is not None and issued_at < float(since))
