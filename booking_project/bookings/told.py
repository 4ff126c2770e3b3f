"""What a customer would read of what staff are about to do, as notify words it: panels for the pages that ask first."""

from urllib.parse import urlencode

from bookings import endings
from bookings.domain import State
from bookings.exchange_rules import Exchange
from bookings.models import Booking
from chassis.ids import is_nobodys
from chassis.web.desk import Panel

_TITLE = "What the customer will read"
# The field of a page in which staff write to the customer, as Django calls it.
MESSAGE = "id_message"


def of_cancellation(booking: Booking) -> Panel | None:
    """With what is typed into MESSAGE; None where nobody is told."""
    if is_nobodys(booking.user_id):
        return None
    paid = booking.status == State.CONFIRMED
    said: dict[str, object] = {"paid": int(paid), "unpaid": int(not paid)}
    if paid:
        said |= {"back": endings.whole_of(booking).refund, "gone": booking.refunded_amount or ""}
    return _panel(booking, said, heeds=MESSAGE)


def of_exchange(booking: Booking, exchange: Exchange, *, carried: int) -> Panel:
    """Once the other seats are paid. carried: what the booking pays of them, minor units."""
    back = exchange.worth - carried
    said = {"exchanged_for": "the new booking", "carried": carried, "back": back or "", "paid": 1, "exchanged": 1}
    return _panel(booking, said)


def _panel(booking: Booking, said: dict[str, object], *, heeds: str = "") -> Panel:
    about = {"booking": booking.id, "user": booking.user_id, "currency": booking.currency}
    asked = urlencode({**about, "total": booking.total_amount, **said})
    return Panel("notify", _TITLE, f"previews/booking_cancelled/?{asked}", wide=True, heeds=heeds)
