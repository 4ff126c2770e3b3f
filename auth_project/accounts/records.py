"""What staff did to accounts, written down with it; see chassis.storage.audit_log."""

from collections.abc import Mapping
from typing import Any

from accounts.models import User
from chassis.storage.audit_log import Actor, Door, changes, record

_TOLD = ("username", "email", "full_name", "phone", "language", "time_zone", "is_active")


def actor_of(staff: User) -> Actor:
    """Somebody of staff at the admin site, which is the one door there is here but commands."""
    return Actor(staff.pk, staff.username, Door.ADMIN)


def state(user: User) -> dict[str, Any]:
    return {name: getattr(user, name) for name in _TOLD} | {"roles": sorted(user.roles)}


def record_added(actor: Actor, user: User) -> None:
    record(actor, "user.added", ("user", user.pk), after=state(user))


def record_changed(actor: Actor, user: User, before: Mapping[str, Any]) -> None:
    """before: state() of the account before it was changed. Roles are told by themselves: they are looked for."""
    was, is_now = changes(before, state(user))
    deed = {True: "user.reactivated", False: "user.deactivated"}.get(is_now.get("is_active"), "user.changed")
    for action, names in ((deed, was.keys() - {"roles"}), ("user.roles_changed", was.keys() & {"roles"})):
        if names:
            told = [{name: values[name] for name in sorted(names)} for values in (was, is_now)]
            record(actor, action, ("user", user.pk), before=told[0], after=told[1])


def record_password_set(actor: Actor, user: User) -> None:
    record(actor, "user.password_set", ("user", user.pk))
