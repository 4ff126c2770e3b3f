"""The one list of roles, and what each may do in the admin site of this service."""

from enum import StrEnum

from chassis.roles import EVERYTHING, StaffMay


class Role(StrEnum):
    """A role is a Django group of the same name; tokens carry the names. See "Add a role" in CONTRIBUTING.md."""

    CUSTOMER = "customer"
    SUPPORT = "support"
    MANAGER = "manager"
    ADMIN = "admin"


# Not only staff have a role here: every account is a customer's too.
ROLES = tuple(role.value for role in Role)

# Whoever may assign roles can become anything, so only an admin may.
STAFF_MAY: StaffMay = {
    "support": frozenset({"view_user", "change_user", "view_session", "view_auditrecord"}),
    "manager": frozenset({"view_user"}),
    "admin": EVERYTHING,
}
