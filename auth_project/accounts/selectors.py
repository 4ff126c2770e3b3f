"""Reads."""

from uuid import UUID

from django.db.models.functions import Lower
from django.db.models.lookups import Exact

from accounts.models import User
from chassis.web.problems import Unauthenticated


def user_by_login(login: str) -> User | None:
    """Who signs in with this: an address if it holds an @, else a user name; upper and lower case are one."""
    field = "email" if "@" in login else "username"
    return User.objects.prefetch_related("groups").filter(Exact(Lower(field), login.lower())).first()


def user_by_email(email: str) -> User | None:
    return User.objects.filter(Exact(Lower("email"), email.lower())).first()


def signed_in_user(user_id: UUID) -> User:
    """The account behind an access token. Raises Unauthenticated when it is gone or not active."""
    user = User.objects.prefetch_related("groups").filter(pk=user_id, is_active=True).first()
    if user is None:
        raise Unauthenticated("This account is not active.")
    return user


def taken_fields(*, username: str, email: str) -> list[str]:
    """Which of the two somebody has."""
    names = User.objects.filter(Exact(Lower("username"), username.lower()))
    addresses = User.objects.filter(Exact(Lower("email"), email.lower()))
    return [field for field, others in (("username", names), ("email", addresses)) if others.exists()]
