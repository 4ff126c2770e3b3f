"""What the catalog reads of the events that booking tells."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class SeatTaken:
    id: UUID


@dataclass(frozen=True, slots=True)
class BookingHeld:
    """Of booking.created."""

    booking_id: UUID
    showtime_id: UUID
    seats: list[SeatTaken]
    hold_expires_at: datetime


@dataclass(frozen=True, slots=True)
class BookingExtended:
    booking_id: UUID
    showtime_id: UUID
    seat_ids: list[UUID]
    hold_expires_at: datetime


@dataclass(frozen=True, slots=True)
class BookingOfShowtime:
    """Of every event about seats."""

    showtime_id: UUID


@dataclass(frozen=True, slots=True)
class SeatsBlocked:
    """Of seats.blocked and seats.unblocked. blocked: how many are off sale since; the highest revision is the last."""

    showtime_id: UUID
    revision: int
    blocked: int


@dataclass(frozen=True, slots=True)
class BookingSeats:
    """Of booking.confirmed, reduced, rejected, expired, cancelled and failed."""

    booking_id: UUID
    showtime_id: UUID
    seat_ids: list[UUID]
