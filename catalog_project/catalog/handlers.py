"""Which event does what: bookings that take seats of a showtime and give them back, and seats that are off sale."""

from collections.abc import Callable, Mapping, Sequence

from catalog import tasks
from catalog.cache import occupancy_changed
from catalog.domain import OccupancyState
from catalog.heard import BookingHeld, BookingOfShowtime, BookingSeats, SeatsBlocked
from catalog.occupancy import record_blocked, record_occupancy
from chassis.messaging.events import Event
from chassis.messaging.inbox import Handler, each


def record_hold(event: Event) -> None:
    held = event.read(BookingHeld)
    record_occupancy(
        booking_id=held.booking_id,
        showtime_id=held.showtime_id,
        seats=len(held.seats),
        state=OccupancyState.HELD,
        held_until=held.hold_expires_at,
    )


def record_state(event: Event) -> None:
    booking = event.read(BookingSeats)
    record_occupancy(
        booking_id=booking.booking_id,
        showtime_id=booking.showtime_id,
        seats=len(booking.seat_ids),
        state=STATE_AFTER[event.type],
    )


def record_blocked_seats(event: Event) -> None:
    blocked = event.read(SeatsBlocked)
    record_blocked(showtime_id=blocked.showtime_id, seats=blocked.blocked, revision=blocked.revision)


def forget_count(event: Event) -> None:
    occupancy_changed([event.read(BookingOfShowtime).showtime_id])


STATE_AFTER = {
    "booking.expired": OccupancyState.LAPSED,
    "booking.confirmed": OccupancyState.SOLD,
    "booking.reduced": OccupancyState.SOLD,
    "booking.rejected": OccupancyState.ENDED,
    "booking.cancelled": OccupancyState.ENDED,
    "booking.failed": OccupancyState.ENDED,
}

HANDLERS = {
    "booking.created": Handler(apply_all=each(record_hold), then_all=each(forget_count)),
    "seats.blocked": Handler(apply_all=each(record_blocked_seats), then_all=each(forget_count)),
    "seats.unblocked": Handler(apply_all=each(record_blocked_seats), then_all=each(forget_count)),
    **{type_: Handler(apply_all=each(record_state), then_all=each(forget_count)) for type_ in STATE_AFTER},
}
TICKS: Mapping[str, Sequence[Callable[[], object]]] = {
    "clock.second": [tasks.tell_of_changes],
    "clock.minute": [tasks.measure],
    "clock.hour": [tasks.prune_occupancy],
}
