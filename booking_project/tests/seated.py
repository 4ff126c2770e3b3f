"""Who sits where: in a booking, and after a showtime has moved to another screen."""

from collections import Counter
from uuid import UUID

from django.db import connection
from factories import ScreenFactory, layout, seat_ids

from bookings import doors, moves, screen_moves
from bookings.models import Booking, BookingSeat, Screen, SeatStatus, Showtime
from bookings.selectors import seat_map, seats_left
from chassis.ids import uuid7
from chassis.storage.audit_log import Actor, Door

USHER = Actor(uuid7(), "linh", Door.API)


def another(showtime: Showtime, rows: int = 5, columns: int = 8, name: str = "Hall 2", **layout_of) -> Screen:
    """A screen of the same theater."""
    seats = layout(rows, columns, **layout_of)
    return ScreenFactory(theater_id=showtime.theater_id, name=name, rows=rows, columns=columns, seats=seats)


def seats_of(booking: Booking) -> list[BookingSeat]:
    """By row and number, those too that were given back."""
    return list(booking.seats.order_by("row", "number"))


def of(booking: Booking) -> list[str]:
    """Its seats as they are called now."""
    return sorted(str(seat) for seat in BookingSeat.objects.filter(booking=booking, given_back_at=None))


def seat_of(booking: Booking, name: str) -> UUID:
    """The id of its seat of this name, by which it was sold."""
    return next(seat.seat_id for seat in booking.seats.all() if str(seat) == name)


def taken(showtime: Showtime) -> dict[str, str]:
    """What the seat map shows of it: held, sold or blocked by the name of the seat."""
    sale, statuses = seat_map(showtime.id)
    return {f"{seat.row}{seat.number}": statuses[seat.id] for seat in sale.seats.values() if seat.id in statuses}


def enter(booking: Booking, code: str) -> list[str]:
    admitted = doors.check_in(ticket=code, showtime_id=booking.showtime_id, door="left", actor=USHER)
    return sorted(str(seat) for seat in admitted.seats)


def let_them_sit_down() -> None:
    screen_moves.reseat_moved()
    moves.tell_of_moves()


def assert_no_seat_has_two(showtime: Showtime) -> None:
    """Each seat of an open booking is its own in the inventory, in the screen of now; and there is nothing else."""
    showtime.refresh_from_db()
    hall = set(seat_ids(showtime))
    has = [
        (seat.place, booking.id, "sold" if booking.status == "CONFIRMED" else "held")
        for booking in Booking.objects.filter(showtime=showtime, status__in=["PENDING", "CONFIRMED"])
        for seat in seats_left(booking)
    ]
    rows = list(SeatStatus.objects.filter(showtime_id=showtime.id).exclude(status="blocked"))
    assert Counter(has) == Counter((row.seat_id, row.booking_id, row.status) for row in rows)
    assert {place for place, *_ in has} <= hall
    assert max(Counter(place for place, *_ in has).values(), default=1) == 1


def let_no_move_wait() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE showtime_moves SET due_at = now()")
