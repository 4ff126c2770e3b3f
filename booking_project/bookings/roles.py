"""What the roles of auth may do here, in the admin site and through the API; see "Add a role" in CONTRIBUTING.md."""

from chassis.roles import EVERYTHING, StaffMay, views

SEEN = views(
    *("booking", "bookingseat", "bookingtransition", "checkin", "showtime", "showtimemove", "screen"),
    *("promotion", "promocode", "promouse"),
    "auditrecord",
)

STAFF_MAY: StaffMay = {
    # change_seatstatus: to take seats off the sale, and put them back.
    "support": SEEN | {"cancel_booking", "check_in_booking", "change_seatstatus", "sell_booking"} | {"reseat_booking"},
    # change_promotion: to stop one, too; add_promocode: words and vouchers.
    "manager": SEEN
    | views("occupancy")
    | {"cancel_booking", "check_in_booking", "change_seatstatus", "sell_booking"}
    | {"reseat_booking"}
    | {"add_promotion", "change_promotion", "add_promocode"},
    "admin": EVERYTHING,
}
