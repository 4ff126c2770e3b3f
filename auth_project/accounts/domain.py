"""Names and sessions: what is decided about them, without a database."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum
from uuid import UUID


class EndReason(StrEnum):
    """Why a session takes no refresh token any more."""

    SIGNED_OUT = "signed_out"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105  (the name of a reason)
    TOKEN_REUSED = "token_reused"  # noqa: S105  (the name of a reason)
    DEACTIVATED = "deactivated"
    ENDED_BY_STAFF = "ended_by_staff"


@dataclass(frozen=True, slots=True)
class SessionState:
    current_jti: str
    expires_at: datetime
    ended: bool


class RefreshVerdict(Enum):
    ROTATE = "rotate"
    REFUSE = "refuse"
    # Somebody has an old token: the customer or a thief, and nobody can tell which. The session ends for both.
    END_THE_SESSION = "end_the_session"


def judge_refresh(*, session: SessionState, presented_jti: str, user_is_active: bool, now: datetime) -> RefreshVerdict:
    """What a genuine refresh token is worth to its session (RFC 9700 §4.14.2, refresh token rotation)."""
    if session.ended or session.expires_at <= now or not user_is_active:
        return RefreshVerdict.REFUSE
    if presented_jti != session.current_jti:
        return RefreshVerdict.END_THE_SESSION
    return RefreshVerdict.ROTATE


@dataclass(frozen=True, slots=True)
class AccessTokenId:
    """expires: Unix time."""

    jti: str
    expires: int


# A client that refreshes far more often than it must loses its older access tokens early.
ACCESS_TOKENS_OF_A_SESSION = 10


def with_new_access_token(
    tokens: Sequence[AccessTokenId], new: AccessTokenId, *, now: datetime
) -> tuple[list[AccessTokenId], list[AccessTokenId]]:
    """(those the session remembers, those to be revoked because they are too many)."""
    alive = [*living(tokens, now=now), new]
    return alive[-ACCESS_TOKENS_OF_A_SESSION:], alive[:-ACCESS_TOKENS_OF_A_SESSION]


def living(tokens: Sequence[AccessTokenId], *, now: datetime) -> list[AccessTokenId]:
    return [token for token in tokens if token.expires > now.timestamp()]


@dataclass(frozen=True, slots=True)
class OneTimeTokenState:
    user_id: UUID | None
    email: str
    expires_at: datetime
    used: bool


def is_redeemable(token: OneTimeTokenState, *, now: datetime) -> bool:
    return token.user_id is not None and not token.used and token.expires_at > now


# No "@": what holds one is an e-mail address, so that a name can never be taken for somebody's address.
USERNAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{2,63}")
# https://www.itu.int/rec/T-REC-E.164: a country code and at most fifteen digits in all
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


def normalised_phone(text: str) -> str:
    """The number as `+` and digits; spaces, dots, dashes and brackets are dropped. Raises ValueError."""
    number = re.sub(r"[\s().-]", "", text)
    if number and not _E164.fullmatch(number):
        raise ValueError("a phone number starts with + and the country code")
    return number


def normalised_email(text: str) -> str:
    """The domain in lower case; the part before it as its owner writes it."""
    local, _, domain = text.strip().rpartition("@")
    return f"{local}@{domain.lower()}"
