from chassis.roles import EVERYTHING, StaffMay, edits, views

STAFF_MAY: StaffMay = {
    "support": views("thing"),
    "manager": views("thing") | edits("thing"),
    "admin": EVERYTHING,
}
