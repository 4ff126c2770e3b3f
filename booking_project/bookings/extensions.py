"""A hold is made longer, once, by its customer, while its seats are still theirs."""

import math
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils import timezone

from bookings import events, locks
from bookings.domain import NoExtension, State, no_extension
from bookings.errors import BookingNotFound, HoldExtended, HoldOver, NotExtendable, SalesClosed
from bookings.models import Booking, Showtime
from chassis.messaging.outbox import insertion
from chassis.money import Money
from chassis.telemetry import metrics
from chassis.web.problems import Problem

EXTENDED = metrics.counter("holds_extended_total", "Holds that were made longer")

# One statement decides and writes an extension: the booking is held, without a card that was asked with it, was not
# extended before, its hold is not over and none of its seats is somebody else's. Locked in the order of
# handlers.lock(), so nobody waits in a circle; whoever waits here for the end of the hold finds it as it is then.
EXTEND = """
WITH mine AS MATERIALIZED (
    SELECT booking.id, booking.user_id, longest.until
    FROM bookings AS booking JOIN showtimes AS showtime ON showtime.id = booking.showtime_id
    CROSS JOIN LATERAL (
        SELECT least(statement_timestamp() + make_interval(secs => %(seconds)s),
                     showtime.starts_at + make_interval(mins => %(sales_close_minutes)s)) AS until
    ) AS longest
    WHERE booking.id = %(booking_id)s AND booking.status = 'PENDING' AND NOT booking.with_card
      AND booking.extended_at IS NULL AND booking.hold_expires_at > statement_timestamp()
      AND booking.hold_expires_at < longest.until AND showtime.status = 'scheduled'
    FOR UPDATE OF booking
), held AS MATERIALIZED (
    SELECT status.showtime_id, status.seat_id
    FROM mine JOIN booking_seats AS seat ON seat.booking_id = mine.id
    JOIN seat_status AS status ON status.showtime_id = seat.showtime_id
        AND status.seat_id = coalesce(seat.moved_to, seat.seat_id)
    WHERE status.booking_id = mine.id AND status.status = 'held' AND status.held_until > statement_timestamp()
    ORDER BY status.showtime_id, status.seat_id FOR UPDATE OF status
), extended AS (
    UPDATE bookings SET hold_expires_at = mine.until, extended_at = statement_timestamp() FROM mine
    WHERE bookings.id = mine.id
      AND (SELECT count(*) FROM held) = (SELECT count(*) FROM booking_seats WHERE booking_id = mine.id)
    RETURNING bookings.id, bookings.user_id, bookings.hold_expires_at, bookings.extended_at
), kept AS (
    UPDATE seat_status SET held_until = extended.hold_expires_at FROM held, extended
    WHERE seat_status.showtime_id = held.showtime_id AND seat_status.seat_id = held.seat_id
), told AS (
    INSERT INTO booking_history (booking_id, from_status, to_status, trigger, cause, actor, reason, at)
    SELECT id, 'PENDING', 'PENDING', 'hold_extended', '', user_id::text, '', extended_at FROM extended
), published AS (
    {published}
)
SELECT hold_expires_at, extended_at FROM extended
"""
_TIMES = {"hold_expires_at": "hold_expires_at", "extended_at": "extended_at"}


def extend_hold(*, booking_id: UUID, user_id: UUID) -> Booking:
    """Holds a customer's seats until HOLD_EXTENSION_SECONDS from now, at most until sales close, and tells of it.

    Raises BookingNotFound, HoldExtended, HoldOver, SalesClosed, NotExtendable.
    """
    booking = _own(booking_id, user_id)
    extended = _extend(booking)
    if extended is None:
        raise _refusal(_own(booking_id, user_id))
    booking.hold_expires_at, booking.extended_at = extended
    EXTENDED.inc()
    locks.extend(
        booking.showtime_id,
        _seat_ids(booking),
        owner=locks.Owner(user_id, booking.id),
        seconds=math.ceil((booking.hold_expires_at - booking.extended_at).total_seconds()),
    )
    return booking


def is_extendable(booking: Booking, showtime: Showtime) -> bool:
    """Whether its customer may make its hold longer now, as far as can be seen without locking it."""
    return showtime.status == Showtime.Status.SCHEDULED and _against(booking, showtime) is None


def _own(booking_id: UUID, user_id: UUID) -> Booking:
    own = Booking.objects.filter(id=booking_id, user_id=user_id)
    booking = own.select_related("showtime").prefetch_related("seats").first()
    if booking is None:
        raise BookingNotFound
    return booking


def _seat_ids(booking: Booking) -> list[UUID]:
    return [seat.seat_id for seat in booking.seats.all()]


def _extend(booking: Booking) -> tuple[datetime, datetime] | None:
    """Until when it is held now, and since when it is; None where something stands against it."""
    event = events.BookingExtended(
        booking_id=booking.id,
        reference=booking.reference,
        user_id=booking.user_id,
        showtime_id=booking.showtime_id,
        seat_ids=_seat_ids(booking),
        total=Money(booking.total_amount, booking.currency),
    )
    marks = ("%(exchange)s", "%(event)s")
    told = insertion(event, subject=booking.id, source="extended", marks=marks, fill=_TIMES)
    exchange, body = told.parameters
    parameters: dict[str, Any] = {
        "booking_id": booking.id,
        "seconds": settings.HOLD_EXTENSION_SECONDS,
        "sales_close_minutes": settings.SALES_CLOSE_MINUTES,
        "exchange": exchange,
        "event": body,
    }
    with connection.cursor() as cursor:
        cursor.execute(_extend_and_tell(told.sql), parameters)
        found: tuple[datetime, datetime] | None = cursor.fetchone()
    return found


@cache
def _extend_and_tell(insertion_of_event: str) -> str:
    """EXTEND with its event; the same text each time, so that it stays prepared."""
    return EXTEND.format(published=insertion_of_event)


def _against(booking: Booking, showtime: Showtime) -> NoExtension | None:
    now = timezone.now()
    return no_extension(
        state=State(booking.status),
        with_card=booking.with_card,
        extended=booking.extended_at is not None,
        hold_expires_at=booking.hold_expires_at,
        until=min(now + timedelta(seconds=settings.HOLD_EXTENSION_SECONDS), _sales_close(showtime)),
        now=now,
    )


def _sales_close(showtime: Showtime) -> datetime:
    return showtime.starts_at + timedelta(minutes=settings.SALES_CLOSE_MINUTES)


def _refusal(booking: Booking) -> Problem:
    """Why nothing was extended, by what is known of it now."""
    match _against(booking, booking.showtime):
        case NoExtension.NOT_HELD:
            return NotExtendable(f"The booking is {booking.status}.")
        case NoExtension.CARD_ASKED:
            return NotExtendable("The card that came with it was asked: its answer sells the seats or frees them.")
        case NoExtension.EXTENDED:
            return HoldExtended(booking.hold_expires_at)
        case NoExtension.LONG_ENOUGH if _sales_close(booking.showtime) > booking.hold_expires_at:
            return NotExtendable("The hold lasts longer than it would then.")
        case NoExtension.LONG_ENOUGH:
            return SalesClosed()
        case _:
            on_sale = booking.showtime.status == Showtime.Status.SCHEDULED
            return HoldOver() if on_sale else SalesClosed()
