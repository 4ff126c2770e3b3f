"""What the roles of auth may do here, in the admin site and through the API; see "Add a role" in CONTRIBUTING.md."""

from chassis.roles import EVERYTHING, StaffMay, edits, views

SEEN = views("contact", "bookingsummary", "notificationtemplate", "notification", "deliverylog", "auditrecord")
# `add` is to send a message of one's own, through the API; `resend` is to send one again, there and in the admin site.
SENT = frozenset({"add_notification", "resend_notification"})

STAFF_MAY: StaffMay = {
    "support": SEEN | SENT | {"change_contact"},
    "manager": SEEN | SENT | {"change_contact"} | edits("notificationtemplate"),
    "admin": EVERYTHING,
}
