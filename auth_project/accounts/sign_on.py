"""Staff sign in to the desk: a session, and the short-lived tokens that the five admin sites know them by."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import second_factor, security_keys, sessions
from accounts.errors import InvalidRefreshToken, NotStaff
from accounts.models import Revocation, Session, User
from chassis.web.problems import Problem, ServiceUnavailable, Unauthenticated
from chassis.web.sign_on import Refused
from chassis.web.staff_tokens import StaffToken, read


def sign_in(*, login: str, password: str, code: str, address: str | None, user_agent: str, key: str = "") -> StaffToken:
    """Raises InvalidCredentials, SignInThrottled, NotStaff, and what second_factor and security_keys .check() raise."""
    opened = sessions.open_for(
        login=login, password=password, code=code, address=address, user_agent=user_agent, staff=True, key=key
    )
    return _token(opened.user, opened.session, as_of=opened.as_of, since=opened.as_of.timestamp())


def ask_key(*, login: str, password: str, address: str | None) -> dict[str, Any]:
    """What a security key of theirs is to sign, for sign_in(). Only who knows the password learns that there is one.

    Raises InvalidCredentials, SignInThrottled, NotStaff, NoSecurityKey, KeysUnavailable.
    """
    user = sessions.check_credentials(login=login, password=password, address=address)
    if not user.is_staff:
        raise NotStaff
    return security_keys.ask_to_sign_in(user)


def renew(token: StaffToken) -> StaffToken:
    """The same session, with the roles and theaters of now. Raises InvalidRefreshToken when it is over."""
    as_of = timezone.now()
    session = Session.objects.select_related("user").filter(pk=token.session_id, ended_at=None).first()
    if session is None or session.user_id != token.account_id or as_of.timestamp() > token.ends_at:
        raise InvalidRefreshToken
    since = datetime.fromtimestamp(token.since, tz=UTC)
    user = session.user
    if not user.is_staff or Revocation.objects.filter(user=user, issued_before__gt=since).exists():
        raise InvalidRefreshToken
    Session.objects.filter(pk=session.pk).update(refreshed_at=as_of)
    return _token(user, session, as_of=as_of, since=token.since)


def begin_again(user: User, *, address: str | None, user_agent: str) -> StaffToken:
    """Another session, of somebody who was just known by a code, after all others were ended."""
    with transaction.atomic():
        opened = sessions.open_session(user, as_of=timezone.now(), address=address, user_agent=user_agent, by_code=True)
    return _token(user, opened.session, as_of=opened.as_of, since=opened.as_of.timestamp())


def end(token: StaffToken) -> None:
    sessions.sign_out(session_id=UUID(token.session_id))


def _token(user: User, session: Session, *, as_of: datetime, since: float) -> StaffToken:
    made = StaffToken(
        account_id=user.pk,
        username=user.username,
        roles=user.roles,
        session_id=session.pk.hex,
        since=since,
        ends_at=since + settings.SESSION_COOKIE_AGE,
        issued_at=as_of.timestamp(),
        expires_at=(as_of + timedelta(seconds=settings.ACCESS_TOKEN_SECONDS)).timestamp(),
        by_code=session.by_code,
        must_enrol=second_factor.is_needed(user) and not session.by_code,
        theaters=user.limited_to,
    )
    keys = settings.TOKEN_KEYS
    text = jwt.encode(made.claims(), keys.private_pem, algorithm="EdDSA", headers={"kid": keys.kid})
    return replace(made, text=text)


def _refused(problem: Problem) -> Refused:
    return Refused("" if problem.code == "invalid_credentials" else problem.detail)


class Here:
    """chassis.web.sign_on.SignOn, in auth's own process."""

    def sign_in(
        self, *, username: str, password: str, code: str, key: str, address: str | None, user_agent: str
    ) -> StaffToken:
        try:
            return sign_in(
                login=username, password=password, code=code, key=key, address=address, user_agent=user_agent
            )
        except Problem as problem:
            raise _refused(problem) from None

    def ask_key(self, *, username: str, password: str, address: str | None) -> dict[str, Any]:
        try:
            return ask_key(login=username, password=password, address=address)
        except Problem as problem:
            raise _refused(problem) from None

    def renew(self, token: StaffToken) -> StaffToken:
        try:
            return renew(token)
        except InvalidRefreshToken:
            raise Refused from None

    def sign_out(self, token: StaffToken) -> None:
        end(token)

    def account(self, token: StaffToken) -> Any:
        user = User.objects.prefetch_related("groups").filter(pk=token.account_id, is_active=True).first()
        return user if user is not None and user.is_staff else None

    def stand_down(self, token: StaffToken) -> None:
        """Who they are is said here: there is no other account of theirs."""


def of_text(text: str) -> StaffToken:
    """Raises InvalidRefreshToken for what is no token of ours."""
    try:
        return read(text)
    except (Unauthenticated, ServiceUnavailable):
        raise InvalidRefreshToken from None
