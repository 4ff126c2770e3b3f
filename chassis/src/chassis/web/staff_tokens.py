"""The token that says who of staff is signed in: one cookie for all five admin sites, signed by auth, and short-lived.

It is no access token, and an access token is none: each is good for its own door alone.
"""

from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import jwt
from django.conf import settings
from django.http import HttpResponseBase

from chassis.theaters import Theaters, claim_of, theaters_in
from chassis.web.keys import key_set
from chassis.web.problems import Unauthenticated
from chassis.web.tokens import ALGORITHM, BY_CODE, BY_PASSWORD

COOKIE: Final = "staff"
PATH: Final = "/admin"
TOKEN_TYPE: Final = "staff"  # noqa: S105  (the name of a kind of token)


@dataclass(frozen=True, slots=True)
class StaffToken:
    """Who came in, as auth knows them. Times are Unix times by auth's clock.

    since: when auth knew them by their password; ends_at: when their session is over, however busy it was.
    issued_at, expires_at: of this token, which is renewed meanwhile. session_id: of their session at auth, hex.
    by_code: they gave a code of their second factor. must_enrol: their role needs one, and they have none yet.
    theaters: that they are limited to.
    """

    account_id: UUID
    username: str
    roles: frozenset[str]
    session_id: str
    since: float
    ends_at: float
    issued_at: float
    expires_at: float
    by_code: bool = False
    must_enrol: bool = False
    theaters: Theaters = None
    text: str = field(default="", repr=False)

    def claims(self) -> dict[str, Any]:
        return {
            "token_type": TOKEN_TYPE,
            "user_id": str(self.account_id),
            "username": self.username,
            "roles": sorted(self.roles),
            "sid": self.session_id,
            "auth_time": self.since,
            "session_ends": self.ends_at,
            "iat": self.issued_at,
            "exp": int(self.expires_at),
            "amr": [BY_PASSWORD, BY_CODE] if self.by_code else [BY_PASSWORD],
            "must_enrol": self.must_enrol,
            **claim_of(self.theaters),
        }


def read(text: str) -> StaffToken:
    """What a token of ours says, expired or not: who accepts it looks at its times.

    Raises Unauthenticated, or ServiceUnavailable without any key of auth's.
    """
    try:
        kid = str(jwt.get_unverified_header(text).get("kid"))
        key = key_set().key(kid)
        claims = jwt.decode(text, key, algorithms=[ALGORITHM], options={"verify_exp": False, "verify_iat": False})
        if claims["token_type"] != TOKEN_TYPE or not isinstance(claims["roles"], list):
            raise Unauthenticated
        return StaffToken(
            account_id=UUID(claims["user_id"]),
            username=str(claims["username"]),
            roles=frozenset(map(str, claims["roles"])),
            session_id=UUID(claims["sid"]).hex,
            since=float(claims["auth_time"]),
            ends_at=float(claims["session_ends"]),
            issued_at=float(claims["iat"]),
            expires_at=float(claims["exp"]),
            by_code=BY_CODE in claims["amr"],
            must_enrol=claims["must_enrol"] is True,
            theaters=theaters_in(claims),
            text=text,
        )
    except (jwt.InvalidTokenError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        # RecursionError: the header is JSON that anybody may send, nested as deep as its length allows.
        raise Unauthenticated from None


def set_cookie(response: HttpResponseBase, token: StaffToken) -> None:
    """For as long as the session may live: a token that expired is what it is renewed by."""
    response.set_cookie(
        COOKIE,
        token.text,
        max_age=max(int(token.ends_at - token.issued_at), 1),
        path=PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def delete_cookie(response: HttpResponseBase) -> None:
    response.delete_cookie(COOKIE, path=PATH, samesite="Lax")
