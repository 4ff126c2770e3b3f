"""Why the counter sells nothing; the codes are stable."""

from bookings.counter_rules import MOST_SEATS
from chassis.web.problems import BadRequest, Conflict, ServiceUnavailable


class TooManyAtOnce(BadRequest):
    code = "too_many_at_once"
    title = f"At most {MOST_SEATS} seats are sold at once"


class PriceChanged(Conflict):
    """Between the page and its button: another price list, the end of an early price."""

    code = "price_changed"
    title = "The seats cost something else by now: look at the total again"


class AddressNotTaken(ServiceUnavailable):
    code = "address_not_taken"
    title = "The address cannot be kept at the moment: try again, or sell without it"


class AddressRefused(BadRequest):
    code = "address_refused"
    title = "This is no address that mail could be sent to"
