"""The roles in the service whose settings are loaded: `STAFF_MAY` of its `<app>/roles.py`, and what it answers."""

from collections.abc import Iterable
from functools import cache
from importlib import import_module

from django.conf import settings

from chassis import roles
from chassis.roles import StaffMay


@cache
def staff_may() -> StaffMay:
    table: StaffMay = import_module(f"{settings.SERVICE_APP}.roles").STAFF_MAY
    return table


@cache
def group_names() -> frozenset[str]:
    """The groups there must be: the roles of the table, and those of `ROLES` beside it where others have one too."""
    return frozenset([*getattr(import_module(f"{settings.SERVICE_APP}.roles"), "ROLES", ()), *staff_may()])


def is_staff(held: Iterable[str]) -> bool:
    return roles.is_staff(staff_may(), held)


def is_superuser(held: Iterable[str]) -> bool:
    return roles.is_superuser(staff_may(), held)


def may(held: Iterable[str], permission: str) -> bool:
    """Whether one of these roles has a permission of the service's own app, `refund_payment` say."""
    return roles.may(staff_may(), held, permission)
