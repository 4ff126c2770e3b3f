"""What payment tells of the money of bookings, through the real inbox."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from bookings.handlers import HANDLERS
from bookings.models import Booking
from chassis.ids import uuid7
from chassis.messaging.events import Event
from chassis.messaging.inbox import receive_all


def told(event_type: str, about: UUID, /, **data: Any) -> Event:
    """An event about this booking, with a correlation id and a trace of its own."""
    event_id = uuid7()
    return Event(
        id=event_id,
        type=event_type,
        source="/payment",
        subject=str(about),
        time=datetime.now(UTC),
        correlationid=f"about-{event_id}",
        traceparent=f"00-{event_id.hex}-{'b' * 16}-01",
        data={"booking_id": str(about), "payment_id": str(uuid7()), "card_last4": "4242", **data},
    )


def authorise(booking_id: UUID, **data: Any) -> str:
    """The money is reserved; the state that the booking is in then."""
    receive_all([told("payment.authorized", booking_id, **data)], HANDLERS)
    return Booking.objects.values_list("status", flat=True).get(id=booking_id)


def capture(booking_id: UUID) -> None:
    """The money was taken."""
    receive_all([told("payment.completed", booking_id)], HANDLERS)
