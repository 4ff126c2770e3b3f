from chassis.roles import EVERYTHING, StaffMay, edits, views

STAFF_MAY: StaffMay = {
    "support": views("thing", "auditrecord"),
    "manager": views("thing", "auditrecord") | edits("thing"),
    "admin": EVERYTHING,
}
