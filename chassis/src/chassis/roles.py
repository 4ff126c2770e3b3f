"""What the roles of staff may do in a service: the form of its table STAFF_MAY, and the questions it answers."""

from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias


class Everything:
    """Whatever is asked for, it is in here."""

    def __contains__(self, permission: object) -> bool:
        return True


EVERYTHING: Final = Everything()
NOTHING: Final[frozenset[str]] = frozenset()

# role → names of Django's permissions in the service's own app (`view_booking`) and for the log of what staff did
# (`view_auditrecord`), or EVERYTHING for a superuser. A role without a line is none of staff: it enters no admin site,
# and sees through the API what a customer sees.
StaffMay: TypeAlias = Mapping[str, frozenset[str] | Everything]


def views(*models: str) -> frozenset[str]:
    """The permissions to look at these models, named in lower case."""
    return frozenset(f"view_{model}" for model in models)


def edits(*models: str) -> frozenset[str]:
    """The permissions to add, change and delete rows of these models, named in lower case."""
    return frozenset(f"{verb}_{model}" for verb in ("add", "change", "delete") for model in models)


def is_staff(table: StaffMay, roles: Iterable[str]) -> bool:
    return any(role in table for role in roles)


def is_superuser(table: StaffMay, roles: Iterable[str]) -> bool:
    return any(table.get(role) is EVERYTHING for role in roles)


def may(table: StaffMay, roles: Iterable[str], permission: str) -> bool:
    """Whether one of the roles has this permission of the service's own app."""
    return any(permission in table.get(role, NOTHING) for role in roles)
