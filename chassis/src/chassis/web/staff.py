"""Staff sign in to every admin site with the account they have at auth."""

import logging
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

import jwt
from django.conf import settings
from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.models import Group
from django.db import transaction
from django.http import HttpRequest

from chassis.storage.http import Client, Unreachable
from chassis.web.roles import is_superuser, staff_may
from chassis.web.sign_in import turned_away

log = logging.getLogger(__name__)

AWAY = "Nobody can sign in at the moment. Please try again in a moment."


@dataclass(frozen=True, slots=True)
class Entry:
    """Who came in, as auth knows them.

    since: when auth knew them by their password, Unix time by auth's clock. session_id: of auth's session (hex) that
    began with it; none at auth's own site.
    """

    account_id: UUID
    since: float
    session_id: str = ""


def enters(user: Any, entry: Entry) -> None:
    """For a backend: the session that begins with this user is theirs (chassis.web.staff_sessions)."""
    user.entry = entry


@cache
def _auth() -> Client:
    return Client("auth-login", settings.AUTH_URL, timeout=(0.5, 5.0), retries=0)


class AuthServiceBackend(BaseBackend):
    """Asks auth for a token in the name of who signs in; their roles there are their groups here.

    What a role may do here, and which of them makes a superuser, the service's STAFF_MAY says.
    """

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **_: Any
    ) -> Any:
        if not username or not password:
            return None
        headers = {}
        if request is not None and request.META.get("HTTP_X_FORWARDED_FOR"):
            headers["X-Forwarded-For"] = request.META["HTTP_X_FORWARDED_FOR"]
        try:
            answer = _auth().post("/token", json={"username": username, "password": password}, headers=headers)
            if answer.status == 429:
                turned_away(request, _said(answer.json()["detail"]))
            if answer.status != 200:
                return None
            # Straight from auth over our own connection: the signature adds nothing here.
            claims = jwt.decode(answer.json()["access_token"], options={"verify_signature": False})
            name, roles, entry = str(claims["username"]), staff_may().keys() & claims["roles"], _entry(claims)
        except (Unreachable, KeyError, TypeError, ValueError, AttributeError, jwt.InvalidTokenError) as exc:
            log.warning("sign-in to the admin failed", extra={"error": type(exc).__name__})
            turned_away(request, AWAY)
            return None
        user = local_user(name, roles)
        if user is not None:
            enters(user, entry)
        return user

    def get_user(self, user_id: Any) -> Any:
        from django.contrib.auth import get_user_model

        return get_user_model().objects.filter(pk=user_id).first()


def _said(detail: object) -> str:
    if not isinstance(detail, str):
        raise TypeError
    return detail


def _entry(claims: dict[str, Any]) -> Entry:
    return Entry(
        account_id=UUID(claims["user_id"]),
        since=float(claims["iat"]),
        session_id=UUID(claims["sid"]).hex if "sid" in claims else "",
    )


@transaction.atomic
def local_user(username: str, roles: set[str]) -> Any:
    """The account that stands for somebody of auth's in this service, made or brought up to date; roles: of staff.

    None without a role: then an account they had here keeps no rights. None, too, for the name of an account that was
    made here and has a password of its own: it is an operator's, and stands for nobody.
    """
    from django.contrib.auth import get_user_model

    User = get_user_model()  # noqa: N806  (it is a class)
    user = User.objects.select_for_update().filter(username=username).first()
    if user is not None and user.has_usable_password():
        log.warning("sign-in to the admin failed: the name is a local account's", extra={"user_name": username})
        return None
    if not roles:
        if user is not None:
            stand_down(user)
        return None
    if user is None:
        user, _ = User.objects.get_or_create(username=username)
        user.set_unusable_password()
    user.is_staff = True
    user.is_superuser = is_superuser(roles)
    user.save()
    user.groups.set([Group.objects.get_or_create(name=role)[0] for role in sorted(roles)])
    return user


def stand_down(user: Any) -> None:
    """Takes every right from an account that stands for somebody of auth's."""
    user.is_staff = user.is_superuser = False
    user.save(update_fields=["is_staff", "is_superuser"])
    user.groups.clear()
