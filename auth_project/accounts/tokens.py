"""Access and refresh tokens: signed with our key, and with its id in the header."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import jwt
from django.conf import settings
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken, Token

from accounts.domain import AccessTokenId
from accounts.errors import InvalidRefreshToken
from accounts.models import User
from chassis.theaters import claim_of
from chassis.web.tokens import BY_CODE, BY_PASSWORD


class RotatingKeyBackend(TokenBackend):
    """Signs with the current key and names it; verifies with the key that the token names, the previous one too.

    simplejwt's own (5.5) knows one key and has no way to write `kid`, without which a key could not be rotated.
    """

    def encode(self, payload: dict[str, Any]) -> str:
        return jwt.encode(
            {**payload, "iss": self.issuer},
            self.prepared_signing_key,
            algorithm=self.algorithm,
            headers={"kid": settings.TOKEN_KEYS.kid},
        )

    def get_verifying_key(self, token: Token) -> Any:
        kid = str(jwt.get_unverified_header(str(token)).get("kid"))
        try:
            return settings.TOKEN_KEYS.verifying[kid]
        except KeyError:
            raise jwt.InvalidTokenError("signed with an unknown key") from None


class _Ours(Token):
    """By our keys, and `iat` with its fraction: a token made right after a revocation is a good one.

    simplejwt writes whole seconds, by which a token made within the second of the revocation would count as older.
    """

    _token_backend = RotatingKeyBackend(
        api_settings.ALGORITHM, api_settings.SIGNING_KEY, api_settings.VERIFYING_KEY, issuer=api_settings.ISSUER
    )

    def set_iat(self, claim: str = "iat", at_time: datetime | None = None) -> None:
        self.payload[claim] = (at_time or self.current_time).timestamp()


class Access(_Ours, AccessToken):
    pass


class Refresh(_Ours, RefreshToken):  # type: ignore[misc]  # for_user, which simplejwt itself declares in two ways
    access_token_class = Access


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What a client gets; expires_in in seconds."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int
    token_type: str = "Bearer"  # noqa: S105  (the OAuth 2 name of the scheme)


@dataclass(frozen=True, slots=True)
class Issued:
    """A pair, and what its session keeps of it."""

    pair: TokenPair
    access: AccessTokenId
    refresh_jti: str
    refresh_expires_at: datetime


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a session keeps of the pair that it gave last."""

    access: AccessTokenId
    refresh_jti: str
    refresh_expires_at: datetime


def issue(
    *, user: User, session_id: UUID, as_of: datetime, by_code: bool = False, again: Remembered | None = None
) -> Issued:
    """A new pair for the session, with the user's name, roles and theaters, and whether the address is proven.

    as_of: before the user was read. A revocation between then and now concerns the pair too, so that is its `iat`:
    else roles that were taken meanwhile would live on in a token that looks newer.
    by_code: they gave a code of their second factor.
    again: it is this pair once more, with its ids, as it was issued as_of.
    """
    refresh = Refresh.for_user(user)
    refresh["sid"] = str(session_id)
    refresh.set_iat(at_time=as_of)
    if again is not None:
        refresh["jti"], refresh["exp"] = again.refresh_jti, int(again.refresh_expires_at.timestamp())
    access = refresh.access_token  # with the claims of the refresh token
    access.set_iat(at_time=as_of)
    if again is not None:
        access["jti"], access["exp"] = again.access.jti, again.access.expires
    access["username"] = user.username
    access["roles"] = sorted(user.roles)
    access.payload.update(claim_of(user.limited_to))
    access["amr"] = [BY_PASSWORD, BY_CODE] if by_code else [BY_PASSWORD]
    access["email_verified"] = user.email_verified_at is not None
    return Issued(
        pair=TokenPair(access_token=str(access), refresh_token=str(refresh), expires_in=settings.ACCESS_TOKEN_SECONDS),
        access=AccessTokenId(jti=access["jti"], expires=access["exp"]),
        refresh_jti=refresh["jti"],
        refresh_expires_at=datetime.fromtimestamp(refresh["exp"], tz=UTC),
    )


@dataclass(frozen=True, slots=True)
class RefreshClaims:
    session_id: UUID
    jti: str


def read_refresh(token: str) -> RefreshClaims:
    """The claims of a genuine refresh token that has not expired. Raises InvalidRefreshToken."""
    try:
        claims = Refresh(token)  # type: ignore[arg-type]  # simplejwt takes the text, and calls it a Token
        return RefreshClaims(session_id=UUID(claims["sid"]), jti=str(claims["jti"]))
    except (TokenError, AttributeError, KeyError, RecursionError, TypeError, ValueError):
        # RecursionError: the header is JSON that anybody may send, nested as deep as its length allows.
        raise InvalidRefreshToken from None


def session_of(access_token: str) -> UUID | None:
    """The session of an access token that was verified before; None for one that names none."""
    claims = jwt.decode(access_token, options={"verify_signature": False})
    try:
        return UUID(claims["sid"])
    except (KeyError, ValueError, AttributeError):
        return None
