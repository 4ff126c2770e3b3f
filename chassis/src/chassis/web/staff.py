"""Staff sign in to every admin site with the account they have at auth."""

import logging
from functools import cache
from typing import Any

import jwt
from django.conf import settings
from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.models import Group
from django.db import transaction
from django.http import HttpRequest

from chassis.storage.http import Client, Unreachable
from chassis.web.roles import is_superuser, staff_may

log = logging.getLogger(__name__)


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
            if answer.status != 200:
                return None
            # Straight from auth over our own connection: the signature adds nothing here.
            claims = jwt.decode(answer.json()["access_token"], options={"verify_signature": False})
            name, roles = str(claims["username"]), staff_may().keys() & claims["roles"]
        except (Unreachable, KeyError, TypeError, jwt.InvalidTokenError) as exc:
            log.warning("sign-in to the admin failed", extra={"error": type(exc).__name__})
            return None
        return local_user(name, roles) if roles else None

    def get_user(self, user_id: Any) -> Any:
        from django.contrib.auth import get_user_model

        return get_user_model().objects.filter(pk=user_id).first()


@transaction.atomic
def local_user(username: str, roles: set[str]) -> Any:
    """The account that stands for somebody of auth's in this service, made or brought up to date; roles: of staff."""
    from django.contrib.auth import get_user_model

    User = get_user_model()  # noqa: N806  (it is a class)
    user, created = User.objects.get_or_create(username=username)
    if created:
        user.set_unusable_password()
    user.is_staff = True
    user.is_superuser = is_superuser(roles)
    user.save()
    user.groups.set([Group.objects.get_or_create(name=role)[0] for role in sorted(roles)])
    return user
