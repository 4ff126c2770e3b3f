"""What the roles of auth may do here, in the admin site and through the API; see "Add a role" in CONTRIBUTING.md."""

from chassis.roles import EVERYTHING, NOTHING, StaffMay

STAFF_MAY: StaffMay = {
    "support": NOTHING,
    # To take seats off the sale, through the API.
    "manager": frozenset({"change_seatstatus"}),
    "admin": EVERYTHING,
}
