"""Names and sessions: what is decided about them, without a database."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, IntEnum, StrEnum, auto
from functools import cache
from uuid import UUID
from zoneinfo import available_timezones

from chassis.theaters import Theaters


class Rank(IntEnum):
    """How much an account may do, by its roles alone: one that is not active keeps the rank that its roles give it."""

    CUSTOMER = auto()
    STAFF = auto()
    # Whoever may assign roles can become anything.
    ASSIGNS_ROLES = auto()


class Deed(Enum):
    """What somebody of staff does to an account."""

    CHANGE = "change"  # its names, its address and number, whether it is active, its password
    ASSIGN_ROLES = "assign roles"
    END_SESSIONS = "end sessions"


def rank_of(*, is_staff: bool, assigns_roles: bool) -> Rank:
    if assigns_roles:
        return Rank.ASSIGNS_ROLES
    return Rank.STAFF if is_staff else Rank.CUSTOMER


def may_act(deed: Deed, *, actor: Rank, subject: Rank, own: bool) -> bool:
    """Whether somebody of this rank may do this to an account of that one; own: it is the same account.

    Whoever changed the address of an account could become its owner, so nobody acts for their equals but those who can
    be anything already. As staff nobody acts for themselves, beyond ending what they began: an owner changes their own
    account with their password, and their roles not at all.
    """
    if own:
        return deed is Deed.END_SESSIONS and actor > Rank.CUSTOMER
    if actor is Rank.ASSIGNS_ROLES:
        return True
    return deed is not Deed.ASSIGN_ROLES and subject < actor


def may_become_staff(*, actor_id: UUID, address_given_by: UUID | None) -> bool:
    """Whether an account may get its first role of staff from the actor.

    address_given_by: the member of staff who last changed its address, None where its owner did. They may read its
    mail, and so set its password: somebody who may assign roles has to be one and the same.
    """
    return address_given_by in (None, actor_id)


def may_give_theaters(*, own: Theaters, given: Theaters) -> bool:
    """Whether somebody limited to their own theaters may leave somebody of staff with these: never with more."""
    return own is None or (given is not None and given <= own)


class EndReason(StrEnum):
    """Why a session takes no refresh token any more."""

    SIGNED_OUT = "signed_out"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105  (the name of a reason)
    TOKEN_REUSED = "token_reused"  # noqa: S105  (the name of a reason)
    DEACTIVATED = "deactivated"
    ENDED_BY_STAFF = "ended_by_staff"
    CLAIMED = "claimed"
    SECOND_FACTOR = "second_factor"


# Two tabs renew at once, or an answer is lost and asked for again: so long the token before the newest is no theft.
REFRESH_GRACE = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class SessionState:
    """previous_jti: of the refresh token that the current one succeeded at `rotated_at`; "" before the first."""

    current_jti: str
    expires_at: datetime
    ended: bool
    rotated_at: datetime
    previous_jti: str = ""


class RefreshVerdict(Enum):
    ROTATE = "rotate"
    # Spent a moment ago: its successor is told once more, and there is still one newest token.
    REPEAT = "repeat"
    REFUSE = "refuse"
    # Somebody has an old token: the customer or a thief, and nobody can tell which. The session ends for both.
    END_THE_SESSION = "end_the_session"


def judge_refresh(*, session: SessionState, presented_jti: str, user_is_active: bool, now: datetime) -> RefreshVerdict:
    """What a genuine refresh token is worth to its session (RFC 9700 §4.14.2, refresh token rotation)."""
    if session.ended or session.expires_at <= now or not user_is_active:
        return RefreshVerdict.REFUSE
    if presented_jti == session.current_jti:
        return RefreshVerdict.ROTATE
    if presented_jti == session.previous_jti and now - session.rotated_at <= REFRESH_GRACE:
        return RefreshVerdict.REPEAT
    return RefreshVerdict.END_THE_SESSION


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


# Letters of any script, what stands between them in a name, and nothing that a mail could turn into a link.
_NAME_CATEGORIES = ("L", "M", "Nd")
_NAME_MARKS = " '\u2019.,-\u2010()\u00b7&"
_LIKE_A_DOMAIN = re.compile(r"\w\w\.\w\w")


def plain_name(text: str) -> str:
    """What somebody is called, on one line, with single spaces. Raises ValueError for what is no name: links, lines."""
    name = re.sub(" +", " ", unicodedata.normalize("NFC", text)).strip()
    named = all(
        character in _NAME_MARKS or unicodedata.category(character).startswith(_NAME_CATEGORIES) for character in name
    )
    if not named or _LIKE_A_DOMAIN.search(name):
        raise ValueError("a name is letters, spaces and the like, on one line")
    return name


# https://www.rfc-editor.org/rfc/rfc5646#section-2.1: a language, and where it matters its script and its region.
_LANGUAGE = re.compile(r"([A-Za-z]{2,3})(?:-([A-Za-z]{4}))?(?:-([A-Za-z]{2}|[0-9]{3}))?")


def normalised_language(text: str) -> str:
    """A language tag in its usual case, like vi, en-GB or zh-Hant-TW; "" stays that. Raises ValueError."""
    if not text:
        return ""
    match = _LANGUAGE.fullmatch(text)
    if match is None:
        raise ValueError("a language is a tag like vi or en-GB")
    language, script, region = match.groups()
    parts = (language.lower(), script and script.title(), region and region.upper())
    return "-".join(part for part in parts if part)


def normalised_time_zone(text: str) -> str:
    """A name of the IANA's, like Asia/Ho_Chi_Minh; "" stays that. Raises ValueError."""
    if text and text not in _time_zones():
        raise ValueError("a time zone has a name like Asia/Ho_Chi_Minh")
    return text


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())
