"""A session at an admin site: a day at the longest, and no longer than auth has nothing against who began it.

Each page asks Redis for what auth revoked, as each call of an API does. While Redis is away, or has come back empty,
nobody can say who was thrown out meanwhile: whoever was seen to be in order a moment ago goes on for GRACE_SECONDS,
and then waits, still signed in, until it can be asked again (docs/adr/0010-admin-sessions-end-with-the-account.md).
"""

import logging
import time
from collections.abc import Callable
from enum import Enum
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, logout
from django.http import HttpRequest, HttpResponse

from chassis.storage.redis import RedisUnavailable
from chassis.web.exceptions import problem_response
from chassis.web.problems import ServiceUnavailable
from chassis.web.revoked import still_stands
from chassis.web.staff import AuthServiceBackend, Entry, stand_down

log = logging.getLogger(__name__)

GRACE_SECONDS = 300.0
# So often a session notes that it was found in order: a row written once a minute, not once a page.
NOTED_EVERY_SECONDS = 60.0
KEY = "staff"
# The account an operator made here by command has nothing to do with auth.
_LOCAL = "django.contrib.auth.backends.ModelBackend"
_SHADOW = f"{AuthServiceBackend.__module__}.{AuthServiceBackend.__qualname__}"


class Verdict(Enum):
    GOES_ON = "goes on"
    ENDED = "ended"
    CANNOT_BE_SAID = "cannot be said"


def account_id_of(request: HttpRequest) -> UUID | None:
    """Who is signed in to this admin site, by their id at auth; None for an operator's local account."""
    noted = request.session.get(KEY)
    return UUID(noted["account"]) if noted else None


def judge(session: Any) -> Verdict:
    """What a session of somebody who is signed in is worth now."""
    if session.get(BACKEND_SESSION_KEY) == _LOCAL:
        return Verdict.GOES_ON
    noted, now = session.get(KEY), time.time()
    # A session that does not say who began it, and when, cannot be ended by who they are.
    if noted is None or now - noted["since"] > settings.SESSION_COOKIE_AGE:
        return Verdict.ENDED
    try:
        stands = still_stands(user_id=noted["account"], session_id=noted["session"], since=noted["since"])
    except RedisUnavailable:
        return Verdict.GOES_ON if now - noted["in_order"] < GRACE_SECONDS else Verdict.CANNOT_BE_SAID
    if not stands:
        return Verdict.ENDED
    if now - noted["in_order"] > NOTED_EVERY_SECONDS:
        session[KEY] = {**noted, "in_order": now}
    return Verdict.GOES_ON


class StaffSessionMiddleware:
    """Stands behind Django's AuthenticationMiddleware, and looks at the pages of the admin site alone."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(settings.SESSION_COOKIE_PATH) and request.user.is_authenticated:
            verdict = judge(request.session)
            if verdict is Verdict.ENDED:
                _end(request)
            elif verdict is Verdict.CANNOT_BE_SAID:
                away = ServiceUnavailable("Whether you are still signed in cannot be asked right now.", retry_after=5)
                return problem_response(away, instance=request.path)
        return self.get_response(request)


def begin(*, request: HttpRequest, user: Any, **_: Any) -> None:
    """Somebody signed in (user_logged_in): their session says who at auth they are, and since when."""
    entry: Entry | None = getattr(user, "entry", None)
    if entry is not None:
        request.session[KEY] = {
            "account": str(entry.account_id),
            "since": entry.since,
            "session": entry.session_id,
            "in_order": time.time(),
            "login": _login_of(user),
        }


def _end(request: HttpRequest) -> None:
    noted = request.session.get(KEY) or {}
    log.info("admin session ended", extra={"account_id": noted.get("account"), "user_name": str(request.user)})
    # Rights that a newer sign-in brought stay.
    if request.session.get(BACKEND_SESSION_KEY) == _SHADOW and noted.get("login") == _login_of(request.user):
        stand_down(request.user)
    logout(request)


def _login_of(user: Any) -> str:
    """Which sign-in was the last, as Django notes it."""
    return user.last_login.isoformat() if user.last_login else ""
