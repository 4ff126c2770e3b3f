"""Seats that are held in exchange for a booking, and what they would cost."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from django.db import IntegrityError

from bookings import choices, exchanges, holds, quotes
from bookings.errors import BookingNotFound, ExchangeOpen
from bookings.exchange_rules import Exchange
from bookings.models import ONE_EXCHANGE, Booking
from bookings.quotes import Quote


def exchange_booking(
    *, booking_id: UUID, user_id: UUID, wanted: Mapping[str, Any], **holding: Any
) -> holds.Held | holds.Replayed:
    """Holds seats in exchange for a customer's own booking, by the rules that it was sold under.

    wanted, holding: arguments of holds.hold_seats() or, with a quantity, of holds.hold_best_seats(). Raises
    BookingNotFound, NotExchangeable, CancellationClosed, ExchangeOpen, and what these raise.
    """
    return hold(lambda: exchanges.agreed(_own(booking_id, user_id)), user_id=user_id, wanted=wanted, **holding)


def quote_exchange(
    *, booking_id: UUID, user_id: UUID, wanted: Mapping[str, Any], **asked: Any
) -> tuple[Quote, Exchange]:
    """What these seats would cost, and what the booking would pay of it now.

    Raises BookingNotFound, NotExchangeable, CancellationClosed, and what quotes.quote_seats() raises.
    """
    exchange = exchanges.agreed(_own(booking_id, user_id))
    return quote(exchange, user_id=user_id, wanted=wanted, **asked), exchange


def quote(exchange: Exchange, *, user_id: UUID, wanted: Mapping[str, Any], **asked: Any) -> Quote:
    """What these seats would cost in that exchange. Raises NotExchangeable, and what quotes.quote_seats() raises."""
    ask = quotes.quote_best_seats if "quantity" in wanted else quotes.quote_seats
    quoted = ask(user_id=user_id, **asked, **wanted)
    choices.refuse_exchange(exchange, quoted.sale)
    return quoted


def hold(
    exchange: Callable[[], Exchange], *, user_id: UUID, wanted: Mapping[str, Any], **holding: Any
) -> holds.Held | holds.Replayed:
    """exchange: on what; asked within the transaction that holds the seats. Raises as exchange_booking() does."""
    take = holds.hold_best_seats if "quantity" in wanted else holds.hold_seats
    try:
        return take(user_id=user_id, exchange=exchange, **holding, **wanted)
    except IntegrityError as exc:
        told = getattr(exc.__cause__, "diag", None)
        if told is None or told.constraint_name != ONE_EXCHANGE:
            raise
        raise ExchangeOpen from None


def _own(booking_id: UUID, user_id: UUID) -> Booking:
    """Raises BookingNotFound."""
    booking = Booking.objects.select_related("showtime").filter(id=booking_id, user_id=user_id).first()
    if booking is None:
        raise BookingNotFound
    return booking
