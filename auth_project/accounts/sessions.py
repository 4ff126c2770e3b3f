"""Signing in, refreshing and signing out."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from accounts import audit, metrics, revocations, second_factor, security_keys, throttle
from accounts.domain import (
    Deed,
    EndReason,
    Rank,
    RefreshVerdict,
    judge_refresh,
    living,
    with_new_access_token,
)
from accounts.errors import (
    AboveYourRank,
    InvalidCredentials,
    InvalidRefreshToken,
    NotStaff,
    SecondFactorNotSetUp,
    SecondFactorRequired,
    SignInThrottled,
)
from accounts.models import Session, User
from accounts.records import actor_of
from accounts.selectors import users_by_login
from accounts.tokens import Remembered, TokenPair, issue, read_refresh
from chassis.ids import uuid7
from chassis.storage.audit_log import record
from chassis.web.problems import NotFound


def check_credentials(*, login: str, password: str, address: str | None) -> User:
    """The active user with this name (or address) and password.

    Raises InvalidCredentials, or SignInThrottled after too many attempts on the account, by whichever of its names. An
    unknown name takes as long as a wrong password: one hash, and two for an address.
    """
    try:
        candidates = _admitted(login, address=address)
    except SignInThrottled:
        metrics.SIGN_INS.labels("throttled").inc()
        audit.record("sign_in_throttled", address=address)
        raise
    user = _whose_password(password, candidates, hashes=2 if "@" in login else 1)
    if user is None or not user.is_active:
        metrics.SIGN_INS.labels("refused").inc()
        audit.record("sign_in_refused", user_id=candidates[0].id if candidates else None, address=address)
        raise InvalidCredentials
    throttle.forgive_sign_in(subject=str(user.id), address=address)
    return user


def _admitted(login: str, *, address: str | None) -> list[User]:
    """Whose password is looked at now. Raises SignInThrottled when that is nobody's who has this name or address.

    Of an address two may say that it is theirs, and the waiting of one is nothing to the other: neither may a stranger
    keep its owner out by opening an account with it, nor learn from being turned away that it has an owner.
    """
    candidates = users_by_login(login)
    if not candidates:
        throttle.admit_sign_in(subject=login.lower(), address=address)
    admitted, turned_away = [], []
    for candidate in candidates:
        try:
            throttle.admit_sign_in(subject=str(candidate.id), address=address)
        except SignInThrottled as problem:
            turned_away.append(problem)
        else:
            admitted.append(candidate)
    if turned_away and not admitted:
        raise turned_away[-1]
    return admitted


def _whose_password(password: str, candidates: Sequence[User], *, hashes: int) -> User | None:
    """Whose of these it is; it takes so many hashes, however many there are and whoever it is."""
    for _ in range(hashes - len(candidates)):
        make_password(password)
    matching = [candidate for candidate in candidates if candidate.check_password(password)]
    return matching[0] if matching else None


@dataclass(frozen=True, slots=True)
class Opened:
    """as_of: from before whoever it is was recognised."""

    user: User
    session: Session
    pair: TokenPair
    as_of: datetime


def sign_in(
    *, login: str, password: str, code: str = "", address: str | None = None, user_agent: str = ""
) -> TokenPair:
    """Opens a session. Raises InvalidCredentials, SignInThrottled, SecondFactorNotSetUp, as second_factor.check()."""
    return open_for(login=login, password=password, code=code, address=address, user_agent=user_agent).pair


def open_for(
    *, login: str, password: str, code: str, address: str | None, user_agent: str, staff: bool = False, key: str = ""
) -> Opened:
    """staff: for the desk, where the second factor is set up too. key: what a security key has signed, not a code.

    Raises as sign_in(), NotStaff, and what security_keys.check() raises.
    """
    as_of = timezone.now()
    user = check_credentials(login=login, password=password, address=address)
    by_code = _by_key(user, key, address) if key else second_factor.check(user, code, address=address)
    if staff and not user.is_staff:
        raise NotStaff
    if not staff and not by_code and second_factor.is_needed(user):
        raise SecondFactorNotSetUp
    with transaction.atomic():
        # The password was checked outside of any transaction: it may have been changed meanwhile.
        unchanged = User.objects.select_for_update().filter(pk=user.pk, password=user.password, is_active=True)
        if not unchanged.exists():
            raise InvalidCredentials
        # Setting one up takes the same lock, and ends what was begun without.
        if not by_code and user.is_staff and second_factor.is_set_up(user):
            raise SecondFactorRequired
        opened = open_session(user, as_of=as_of, address=address, user_agent=user_agent, by_code=by_code)
    metrics.SIGN_INS.labels("accepted").inc()
    audit.record("signed_in", user_id=user.id, address=address, session_id=str(opened.session.pk))
    return opened


def _by_key(user: User, key: str, address: str | None) -> bool:
    security_keys.check(user, key, address=address)
    return True


def open_session(user: User, *, as_of: datetime, address: str | None, user_agent: str, by_code: bool = False) -> Opened:
    """A session of somebody who was recognised, and its tokens. Needs a transaction. as_of: before they were."""
    session_id = uuid7()
    issued = issue(user=user, session_id=session_id, as_of=as_of, by_code=by_code)
    session = Session(
        id=session_id,
        user=user,
        refresh_jti=issued.refresh_jti,
        refreshed_at=as_of,
        expires_at=issued.refresh_expires_at,
        address=address,
        user_agent=user_agent[:200],
        by_code=by_code,
    )
    session.access = [issued.access]
    session.save(force_insert=True)
    return Opened(user, session, issued.pair, as_of)


def refresh(*, refresh_token: str, address: str | None = None) -> TokenPair:
    """A new pair for the newest refresh token of a session, which is spent by it. Raises InvalidRefreshToken.

    The one before it gives the same pair once more for a moment (REFRESH_GRACE): of two tabs that renew at once both
    go on. An older one ends the session, whoever holds the newest.
    """
    claims = read_refresh(refresh_token)
    pair, as_of = None, timezone.now()
    with transaction.atomic():
        session = _lock(claims.session_id)
        user = User.objects.prefetch_related("groups").get(pk=session.user_id)
        verdict = judge_refresh(
            session=session.state, presented_jti=claims.jti, user_is_active=user.is_active, now=timezone.now()
        )
        if verdict in (RefreshVerdict.ROTATE, RefreshVerdict.REPEAT) and _lacks_a_code(session, user):
            verdict = RefreshVerdict.REFUSE
        match verdict:
            case RefreshVerdict.ROTATE:
                pair = _rotate(session, user, as_of=as_of)
            case RefreshVerdict.REPEAT:
                pair = _repeat(session, user)
            case RefreshVerdict.END_THE_SESSION:
                _end(session, EndReason.TOKEN_REUSED)
                audit.record("refresh_token_reused", user_id=user.id, address=address, session_id=str(session.id))
            case RefreshVerdict.REFUSE:
                pass
            case _:
                assert_never(verdict)
    metrics.REFRESHES.labels("accepted" if pair else "refused").inc()
    if pair is None:
        raise InvalidRefreshToken
    return pair


def _lacks_a_code(session: Session, user: User) -> bool:
    """Whether they were known by a password alone, and have become somebody of whom more is asked."""
    if session.by_code or not user.is_staff:
        return False
    return second_factor.is_needed(user) or second_factor.is_set_up(user)


def sign_out(*, session_id: UUID, everywhere: bool = False, address: str | None = None) -> None:
    """Ends a session: its refresh token and its access token are good no more. Ended twice is ended once.

    everywhere: and every other session of its owner, those of staff at the admin sites too.
    """
    with transaction.atomic():
        try:
            session = _lock(session_id)
        except InvalidRefreshToken:
            return
        if session.ended_at is not None:
            return
        _sign_out(session, everywhere=everywhere, address=address)


def end_own(*, user_id: UUID, session_id: UUID, address: str | None = None) -> None:
    """Signs out one of somebody's own sessions, from whichever of them. Ended twice is ended once.

    Raises NotFound for one that is not theirs.
    """
    with transaction.atomic():
        session = Session.objects.select_for_update().filter(pk=session_id, user_id=user_id).first()
        if session is None:
            raise NotFound
        if session.ended_at is None:
            _sign_out(session, everywhere=False, address=address)


def _sign_out(session: Session, *, everywhere: bool, address: str | None) -> None:
    if everywhere:
        end_sessions_of(session.user, reason=EndReason.SIGNED_OUT)
    else:
        _end(session, EndReason.SIGNED_OUT)
    audit.record(
        "signed_out", user_id=session.user_id, address=address, session_id=str(session.id), everywhere=everywhere
    )


def sign_out_by_refresh_token(*, refresh_token: str, everywhere: bool = False, address: str | None = None) -> None:
    """For a client whose access token has expired. Raises InvalidRefreshToken."""
    sign_out(session_id=read_refresh(refresh_token).session_id, everywhere=everywhere, address=address)


def end_sessions_of(user: User, *, reason: EndReason) -> None:
    """Ends all sessions of a user, those at the admin sites too, and revokes the access tokens they were given.

    Needs a transaction.
    """
    Session.objects.filter(user=user, ended_at=None).update(ended_at=timezone.now(), end_reason=reason)
    revocations.revoke_all_of(user)


def end_by_staff(*, session_ids: Collection[UUID], staff: User) -> None:
    """Ends these sessions, for example of a lost telephone. Raises AboveYourRank, and then ends none of them."""
    with transaction.atomic():
        chosen = Session.objects.select_for_update(of=["self"]).filter(pk__in=session_ids, ended_at=None)
        for session in chosen.select_related("user").prefetch_related("user__groups").order_by("pk"):
            _refuse_above(staff, session.user)
            _end(session, EndReason.ENDED_BY_STAFF)
            audit.record("session_ended", user_id=session.user_id, by=str(staff.id), session_id=str(session.id))
            record(actor_of(staff), "session.ended", ("session", session.id), after={"user_id": session.user_id})


def end_all_by_staff(*, user_ids: Collection[UUID], staff: User) -> None:
    """Ends all sessions of these accounts, at every site and in every app. Raises AboveYourRank, and then ends none."""
    with transaction.atomic():
        for user in User.objects.filter(pk__in=user_ids).prefetch_related("groups").order_by("pk"):
            _refuse_above(staff, user)
            end_sessions_of(user, reason=EndReason.ENDED_BY_STAFF)
            audit.record("sessions_ended", user_id=user.id, by=str(staff.id))
            record(actor_of(staff), "user.sessions_ended", ("user", user.id), after={"open_sessions": 0})


def _refuse_above(staff: User, subject: User) -> None:
    if not staff.may(Deed.END_SESSIONS, subject):
        raise AboveYourRank


def _lock(session_id: UUID) -> Session:
    session = Session.objects.select_for_update().filter(pk=session_id).first()
    if session is None:
        raise InvalidRefreshToken
    return session


def _rotate(session: Session, user: User, *, as_of: datetime) -> TokenPair:
    issued = issue(user=user, session_id=session.id, as_of=as_of, by_code=session.by_code)
    now = timezone.now()
    session.access, surplus = with_new_access_token(session.access, issued.access, now=now)
    for token in surplus:
        revocations.revoke_one(token)
    session.previous_jti, session.refresh_jti = session.refresh_jti, issued.refresh_jti
    session.expires_at = issued.refresh_expires_at
    session.refreshed_at = as_of
    session.save(update_fields=["access_tokens", "refresh_jti", "previous_jti", "expires_at", "refreshed_at"])
    return issued.pair


def _repeat(session: Session, user: User) -> TokenPair:
    """What _rotate() gave last: nothing is new, so nothing is written."""
    last = Remembered(access=session.access[-1], refresh_jti=session.refresh_jti, refresh_expires_at=session.expires_at)
    return issue(user=user, session_id=session.id, as_of=session.refreshed_at, by_code=session.by_code, again=last).pair


def _end(session: Session, reason: EndReason) -> None:
    session.ended_at = timezone.now()
    session.end_reason = reason
    session.save(update_fields=["ended_at", "end_reason"])
    for token in living(session.access, now=session.ended_at):
        revocations.revoke_one(token)
    if session.user.rank > Rank.CUSTOMER:
        revocations.revoke_session(session)
