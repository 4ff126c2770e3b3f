"""What staff did to accounts, written down with it; see chassis.storage.audit_log."""

from collections.abc import Mapping
from typing import Any

from accounts.models import User
from chassis.storage.audit_log import Actor, Door, changes, record

_TOLD = ("username", "email", "full_name", "phone", "language", "time_zone", "is_active")


def actor_of(staff: User, door: Door = Door.ADMIN) -> Actor:
    """Somebody of staff, who came in by this door."""
    return Actor(staff.pk, staff.username, door)


def state(user: User) -> dict[str, Any]:
    of_staff = {"roles": sorted(user.roles), "theaters": sorted(map(str, user.theaters))}
    return {name: getattr(user, name) for name in _TOLD} | of_staff


def record_added(actor: Actor, user: User) -> None:
    record(actor, "user.added", ("user", user.pk), after=state(user))


def record_changed(actor: Actor, user: User, before: Mapping[str, Any], *, reason: str = "") -> None:
    """before: state() of the account before it was changed. Roles are told by themselves, and so are theaters: they are
    looked for."""
    was, is_now = changes(before, state(user))
    deed = "user.changed"
    if "is_active" in is_now:
        deed = "user.reactivated" if is_now["is_active"] else "user.deactivated"
    by_itself = {"roles": "user.roles_changed", "theaters": "user.theaters_changed"}
    told_apart = [(action, was.keys() & {name}) for name, action in by_itself.items()]
    for action, names in ((deed, was.keys() - by_itself.keys()), *told_apart):
        if names:
            told = [{name: values[name] for name in sorted(names)} for values in (was, is_now)]
            record(actor, action, ("user", user.pk), before=told[0], after=told[1], reason=reason)


def record_password_set(actor: Actor, user: User) -> None:
    record(actor, "user.password_set", ("user", user.pk))
