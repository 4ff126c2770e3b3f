"""Who of staff a page of an admin site is for: whoever the token in their cookie names, and auth has nothing against.

One sign-in is good at all five sites, for a day at the longest. Each page asks Redis for what auth revoked, as each
call of an API does, and a token is renewed at auth every few minutes. What cannot be asked is put off: while Redis is
away auth is asked, while auth is away a token is good until its end, and after that a page answers 503 and nobody is
signed out (docs/adr/0108-one-sign-in-for-the-desk.md).
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from chassis.storage.redis import RedisUnavailable
from chassis.web.exceptions import problem_response
from chassis.web.problems import ServiceUnavailable, Unauthenticated
from chassis.web.revoked import LEEWAY_SECONDS, still_stands
from chassis.web.sign_on import Away, Refused, sign_on
from chassis.web.staff_tokens import COOKIE, PATH, StaffToken, read, set_cookie

log = logging.getLogger(__name__)

# So old a token is renewed; and so long it is good while neither Redis nor auth can be asked.
RENEWED_AFTER_SECONDS = 300.0
# Where somebody sets up the second factor that their role needs, and the way out: all there is for them until then.
ENROLMENT = f"{PATH}/auth/second-factor/"
_OPEN_BEFORE_ENROLMENT = (ENROLMENT, f"{PATH}/auth/logout/", f"{PATH}/auth/jsi18n/")


class Ended(Exception):
    """The session is over, or the token is none."""


class CannotBeSaid(Exception):
    """Whether the session goes on."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """renewed: the browser does not have this token yet."""

    token: StaffToken
    renewed: bool = False


def token_of(request: HttpRequest) -> StaffToken | None:
    """Of who is signed in; None for nobody, and for an operator's local account."""
    token: StaffToken | None = getattr(request, "staff", None)
    return token


def admit(text: str) -> Admitted:
    """What the cookie of somebody who came in before is worth now. Raises Ended, CannotBeSaid."""
    try:
        token = read(text)
    except Unauthenticated:
        raise Ended from None
    except ServiceUnavailable:
        raise CannotBeSaid from None
    now = time.time()
    if now > token.ends_at:
        raise Ended
    is_young = now - token.issued_at < RENEWED_AFTER_SECONDS
    try:
        if not still_stands(user_id=token.account_id, session_id=token.session_id, since=token.since):
            _end(token)
        good_until = token.expires_at + LEEWAY_SECONDS
    except RedisUnavailable:
        # Auth found it in order when it gave the token; it reads tables, and needs no Redis for it.
        good_until = token.issued_at + RENEWED_AFTER_SECONDS
    if is_young:
        return Admitted(token)
    try:
        return Admitted(sign_on().renew(token), renewed=True)
    except Refused:
        _end(token)
    except Away:
        if now > good_until:
            raise CannotBeSaid from None
    return Admitted(token)


def _end(token: StaffToken) -> None:
    log.info("staff session ended", extra={"account_id": str(token.account_id), "user_name": token.username})
    sign_on().stand_down(token)
    raise Ended


class StaffSessionMiddleware:
    """Stands behind Django's AuthenticationMiddleware, and looks at the pages of the admin site alone.

    Somebody with a cookie is who it says, or nobody. A session of Django's is had by an operator's local account only.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        text = request.COOKIES.get(COOKIE)
        if text is None or not request.path_info.startswith(f"{PATH}/"):
            return self.get_response(request)
        try:
            admitted = admit(text)
        except Ended:
            return self.get_response(request)
        except CannotBeSaid:
            away = ServiceUnavailable("Whether you are still signed in cannot be asked right now.", retry_after=5)
            return problem_response(away, instance=request.path)
        if admitted.token.must_enrol and request.path_info not in _OPEN_BEFORE_ENROLMENT:
            return redirect(ENROLMENT)
        enter(request, admitted.token)
        response = self.get_response(request)
        if admitted.renewed and COOKIE not in response.cookies:
            set_cookie(response, admitted.token)
        return response


def enter(request: HttpRequest, token: StaffToken) -> None:
    """The request is theirs from now on: nobody's, if there is no account that may stand for them."""
    unknown: Any = request
    account = sign_on().account(token)
    unknown.user = AnonymousUser() if account is None else account
    unknown.staff = None if account is None else token
