"""The booking service, asked in the customer's name when its event has not arrived yet."""

from datetime import datetime
from functools import cache
from uuid import UUID

import msgspec
from django.conf import settings

from chassis.money import Money
from chassis.storage.http import Client, Unreachable
from chassis.web.principal import Principal
from payments.errors import BookingEnded, BookingNotFound, BookingUnavailable
from payments.heard import BookingCreated, InExchange, PricedSeat
from payments.lines import Line, Seller


class _Booking(msgspec.Struct):
    id: UUID
    status: str
    total: Money
    hold_expires_at: datetime
    reference: str = ""
    user_id: UUID | None = None
    seats: tuple[PricedSeat, ...] = ()
    lines: tuple[Line, ...] = ()
    theater_id: UUID | None = None
    seller: Seller | None = None
    exchange: InExchange | None = None


@cache
def client() -> Client:
    return Client("booking", settings.BOOKING_URL, timeout=(1.0, 3.0), retries=1, breaker_reset=2.0)


def look_up(booking_id: UUID, *, user: Principal) -> BookingCreated:
    """The user's own open booking, in the form of the event that is still on its way.

    Raises BookingNotFound, BookingEnded, or BookingUnavailable when the booking service does not answer.
    """
    try:
        answer = client().get(f"/bookings/{booking_id}", headers={"Authorization": f"Bearer {user.token}"})
    except Unreachable as exc:
        raise BookingUnavailable from exc
    if answer.status == 404:
        raise BookingNotFound
    if answer.status != 200:
        raise BookingUnavailable
    try:
        booking = msgspec.json.decode(answer.body, type=_Booking)
    except msgspec.DecodeError as exc:
        raise BookingUnavailable from exc
    # A customer sees only their own bookings; staff see everybody's, so for them it has to say whose it is.
    owner = booking.user_id or (None if user.is_staff else user.id)
    if owner != user.id:
        raise BookingNotFound
    if booking.status != "PENDING":
        raise BookingEnded
    return BookingCreated(
        booking_id=booking.id,
        user_id=user.id,
        total=booking.total,
        hold_expires_at=booking.hold_expires_at,
        reference=booking.reference,
        seats=booking.seats,
        lines=booking.lines,
        theater_id=booking.theater_id,
        seller=booking.seller,
        exchange=booking.exchange,
    )
