"""What the roles of auth may do here, in the admin site and through the API; see "Add a role" in CONTRIBUTING.md."""

from chassis.roles import EVERYTHING, StaffMay, views

STAFF_MAY: StaffMay = {
    "support": views("auditrecord"),
    # To take seats off the sale, through the API.
    "manager": views("auditrecord") | {"change_seatstatus"},
    "admin": EVERYTHING,
}
