"""How bookings and seat maps look in the API."""

import zlib
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from bookings.models import Booking
from bookings.sales import Sale, Seat


def _money(amount: int, currency: str) -> dict[str, Any]:
    return {"amount": amount, "currency": currency}


def present(booking: Booking, seats: Any = None, showtime: Any = None) -> dict[str, Any]:
    """A booking as the API shows it. Takes showtime and seats from the booking unless given."""
    showtime = showtime or booking.showtime
    return {
        "id": str(booking.id),
        "reference": booking.reference,
        "status": booking.status,
        "payment_status": booking.payment_status,
        "payment_id": str(booking.payment_id) if booking.payment_id else None,
        "showtime_id": str(booking.showtime_id),
        "showtime": {
            "movie_title": showtime.movie_title,
            "theater_name": showtime.theater_name,
            "screen": showtime.screen_name,
            "starts_at": showtime.starts_at.isoformat(),
            "time_zone": showtime.time_zone,
        },
        "seats": seats
        if seats is not None
        else [
            {
                "id": str(seat.seat_id),
                "row": seat.row,
                "number": seat.number,
                "category": seat.category,
                "price": _money(seat.price_amount, booking.currency),
            }
            for seat in booking.seats.all()
        ],
        "total": _money(booking.total_amount, booking.currency),
        "hold_expires_at": booking.hold_expires_at.isoformat(),
        "created_at": booking.created_at.isoformat(),
        "ticket": booking.ticket or None,
    }


def present_hold(booking: Booking, seats: Sequence[Seat], sale: Sale) -> dict[str, Any]:
    """A new booking, from what is at hand: nothing is read again."""
    currency = booking.currency
    held = [
        {
            "id": str(seat.id),
            "row": seat.row,
            "number": seat.number,
            "category": seat.category,
            "price": _money(seat.price, currency),
        }
        for seat in seats
    ]
    return present(booking, held, sale.showtime)


def present_seat_map(sale: Sale, statuses: dict[UUID, str]) -> dict[str, Any]:
    """version changes with the layout, the prices and the status of any seat."""
    taken = "".join(f"{seat_id}{status}" for seat_id, status in sorted(statuses.items()))
    return {
        "showtime_id": str(sale.showtime.id),
        "version": f"{sale.showtime.revision}.{sale.screen_revision}.{zlib.crc32(taken.encode()):08x}",
        "screen": {"name": sale.showtime.screen_name, "rows": sale.rows, "columns": sale.columns},
        "seats": [
            {
                "id": str(seat.id),
                "row": seat.row,
                "number": seat.number,
                "x": seat.x,
                "y": seat.y,
                "category": seat.category,
                "accessible": seat.accessible,
                "status": statuses.get(seat.id, "available"),
                "price": _money(seat.price, sale.showtime.currency),
            }
            for seat in sale.seats.values()
        ],
    }
