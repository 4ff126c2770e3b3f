"""The accounts that stand, in a service's own database, for staff who signed in at auth."""

import logging
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.models import Group
from django.db import transaction

from chassis.web.roles import is_superuser, staff_may
from chassis.web.staff_tokens import StaffToken

log = logging.getLogger(__name__)


def shadow_of(token: StaffToken) -> Any:
    """The account that stands for them here, as their token says that they are; None as of local_user()."""
    roles = set(staff_may().keys() & token.roles)
    seen = datetime.fromtimestamp(token.since, tz=UTC)
    user = _users().filter(username=token.username).prefetch_related("groups").first()
    if user is not None and user.last_login == seen and _is_as(user, roles):
        return user
    user = local_user(token.username, roles)
    if user is not None:
        user.last_login = seen
        user.save(update_fields=["last_login"])
    return user


def _is_as(user: Any, roles: set[str]) -> bool:
    held = {group.name for group in user.groups.all()}
    stands = bool(roles) and user.is_staff and not user.has_usable_password()
    return stands and held == roles and user.is_superuser == is_superuser(roles)


@transaction.atomic
def local_user(username: str, roles: set[str]) -> Any:
    """The account that stands for somebody of auth's in this service, made or brought up to date; roles: of staff.

    None without a role: then an account they had here keeps no rights. None, too, for the name of an account that was
    made here and has a password of its own: it is an operator's, and stands for nobody.
    """
    users = _users()
    user = users.select_for_update().filter(username=username).first()
    if user is not None and user.has_usable_password():
        log.warning("nobody of staff is let in: the name is a local account's", extra={"user_name": username})
        return None
    if not roles:
        if user is not None:
            _take_rights(user)
        return None
    if user is None:
        user, _ = users.get_or_create(username=username)
        user.set_unusable_password()
    user.is_staff = True
    user.is_superuser = is_superuser(roles)
    user.save()
    user.groups.set([Group.objects.get_or_create(name=role)[0] for role in sorted(roles)])
    return user


def stand_down(username: str) -> None:
    """Takes every right from the account that stands for somebody of auth's; an operator's own is let be."""
    user = _users().filter(username=username, is_staff=True).first()
    if user is not None and not user.has_usable_password():
        _take_rights(user)


def _take_rights(user: Any) -> None:
    user.is_staff = user.is_superuser = False
    user.save(update_fields=["is_staff", "is_superuser"])
    user.groups.clear()


def _users() -> Any:
    from django.contrib.auth import get_user_model

    return get_user_model().objects
