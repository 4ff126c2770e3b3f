"""Reads."""

from uuid import UUID

from django.db import models
from django.db.models import QuerySet
from django.db.models.functions import Lower
from django.db.models.lookups import Exact
from django.utils import timezone

from accounts.models import Session, User
from chassis.web.problems import NotFound, Unauthenticated


def users_by_login(login: str) -> list[User]:
    """Who may sign in with this, at most one for a user name and two for an address, which is what holds an @.

    Upper and lower case are one. Of an address: who has proved it, and the newest account that says it is theirs; so
    whoever opens an account can sign in with its address at once, whether or not somebody else has it. Where nobody has
    proved it, the newest and the oldest of those: whoever comes later keeps out nobody who was there.
    """
    if "@" not in login:
        return list(User.objects.filter(Exact(Lower("username"), login.lower())))
    proved = User.objects.filter(Exact(Lower("email"), login.lower()), email_verified_at__isnull=False, is_guest=False)
    claims = claims_of(login)
    ends = claims.order_by("-id")[:1].union(claims.order_by("id")[:1]).order_by("-id")
    return [*proved, *ends][:2]


def claims_of(email: str) -> QuerySet[User]:
    """The active accounts that say the address is theirs, and have not proved it; no guests."""
    return User.objects.filter(
        Exact(Lower("email"), email.lower()), email_verified_at=None, is_active=True, is_guest=False
    )


def guests_of(email: str) -> QuerySet[User]:
    """Who bought with the address without having an account, and was not claimed by one yet."""
    return User.objects.filter(Exact(Lower("email"), email.lower()), is_guest=True, is_active=True)


def user_by_login(login: str) -> User | None:
    """Who has the user name; who has proved the address, else the newest account that says it is theirs."""
    return next(iter(users_by_login(login)), None)


def user_by_address(email: str) -> User | None:
    """Who a password may be mailed to: who may sign in with it, else the guest who has proved it, or the newest one."""
    # Asked in any case: it takes as long for an account.
    guest = guests_of(email).order_by(models.F("email_verified_at").desc(nulls_last=True), "-id").first()
    return user_by_login(email) or guest


def prover_of(email: str, *, other_than: UUID | None = None, locked: bool = False) -> User | None:
    """Who has proved the address, if that is somebody else. locked: until the transaction ends."""
    proved = User.objects.filter(Exact(Lower("email"), email.lower()), email_verified_at__isnull=False)
    if locked:
        proved = proved.select_for_update()
    return (proved if other_than is None else proved.exclude(pk=other_than)).first()


def account(user_id: UUID, *, locked: bool = False) -> User:
    """The account of this id. locked: until the transaction ends. Raises NotFound."""
    accounts = User.objects.select_for_update() if locked else User.objects.all()
    user = accounts.filter(pk=user_id).first()
    if user is None:
        raise NotFound
    return user


def signed_in_user(user_id: UUID) -> User:
    """The account behind an access token. Raises Unauthenticated when it is gone or not active."""
    user = User.objects.prefetch_related("groups").filter(pk=user_id, is_active=True).first()
    if user is None:
        raise Unauthenticated("This account is not active.")
    return user


def open_sessions_of(user_id: UUID) -> QuerySet[Session]:
    """Those that can still be renewed, or were a moment ago."""
    return Session.objects.filter(user_id=user_id, ended_at=None, expires_at__gt=timezone.now())


def taken_fields(*, username: str, email: str = "") -> list[str]:
    """Which of the two somebody has; of an address: has proved."""
    named = User.objects.filter(Exact(Lower("username"), username.lower())).exists()
    return [*(["username"] if named else []), *(["email"] if email and prover_of(email) else [])]
