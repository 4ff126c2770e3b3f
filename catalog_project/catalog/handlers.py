"""Which event does what: bookings that take seats of a showtime and give them back, and seats that are off sale."""

from collections.abc import Callable, Mapping, Sequence

from catalog import tasks
from catalog.cache import occupancy_changed
from catalog.domain import OccupancyState
from catalog.heard import BookingExtended, BookingHeld, BookingOfShowtime, BookingSeats, SeatsBlocked
from catalog.occupancy import Blocked, Occupancy, record_blocked, record_occupancy
from chassis.messaging.events import Event
from chassis.messaging.inbox import Handler
from chassis.storage import replicas
from chassis.storage.database import lock_names


def lock(events: Sequence[Event]) -> None:
    """Locks the bookings, and the showtimes whose seats are off or on sale, that the events are about."""
    lock_names(event.subject for event in events)


def record_holds(events: Sequence[Event]) -> None:
    record_occupancy(
        [
            Occupancy(held.booking_id, held.showtime_id, len(held.seats), OccupancyState.HELD, held.hold_expires_at)
            for held in (event.read(BookingHeld) for event in events)
        ]
    )


def record_extensions(events: Sequence[Event]) -> None:
    record_occupancy(
        [
            Occupancy(held.booking_id, held.showtime_id, len(held.seat_ids), OccupancyState.HELD, held.hold_expires_at)
            for held in (event.read(BookingExtended) for event in events)
        ]
    )


def record_states(events: Sequence[Event]) -> None:
    told = [(STATE_AFTER[event.type], event.read(BookingSeats)) for event in events]
    record_occupancy(
        [Occupancy(booking.booking_id, booking.showtime_id, len(booking.seat_ids), state) for state, booking in told]
    )


def record_blocked_seats(events: Sequence[Event]) -> None:
    told = [event.read(SeatsBlocked) for event in events]
    record_blocked([Blocked(news.showtime_id, news.blocked, news.revision) for news in told])


def forget_counts(events: Sequence[Event]) -> None:
    occupancy_changed({event.read(BookingOfShowtime).showtime_id for event in events})


STATE_AFTER = {
    "booking.expired": OccupancyState.LAPSED,
    "booking.confirmed": OccupancyState.SOLD,
    "booking.reduced": OccupancyState.SOLD,
    "booking.rejected": OccupancyState.ENDED,
    "booking.cancelled": OccupancyState.ENDED,
    "booking.failed": OccupancyState.ENDED,
}

HANDLERS = {
    "booking.created": Handler(apply_all=record_holds, then_all=forget_counts),
    "booking.extended": Handler(apply_all=record_extensions, then_all=forget_counts),
    "seats.blocked": Handler(apply_all=record_blocked_seats, then_all=forget_counts),
    "seats.unblocked": Handler(apply_all=record_blocked_seats, then_all=forget_counts),
    **{type_: Handler(apply_all=record_states, then_all=forget_counts) for type_ in STATE_AFTER},
}
TICKS: Mapping[str, Sequence[Callable[[], object]]] = {
    "clock.second": [tasks.tell_of_changes, replicas.measure],
    "clock.minute": [tasks.measure, tasks.name_films],
    "clock.hour": [tasks.prune_occupancy, tasks.prune_pictures],
}
