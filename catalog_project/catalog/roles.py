"""What the roles of auth may do here, in the admin site and through the API; see "Add a role" in CONTRIBUTING.md."""

from chassis.roles import EVERYTHING, StaffMay, edits, views

SEEN = views(
    *("movie", "theater", "screen", "showtime", "seat", "showtimeprice", "showtimeoccupancy", "blockedseats"),
    *("tickettype", "pricelist", "auditrecord"),
)

STAFF_MAY: StaffMay = {
    "support": SEEN,
    "manager": SEEN | edits("movie", "theater", "screen", "showtime", "tickettype", "pricelist"),
    "admin": EVERYTHING,
}
