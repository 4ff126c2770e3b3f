"""Seats as the rows of payments and refunds keep them."""

from collections.abc import Iterable
from typing import Any

import msgspec

from payments.models import Payment, Refund
from payments.seats import Seat


def written(seats: Iterable[Seat]) -> list[dict[str, Any]]:
    """Seats as a row keeps them; seats_of() is the reverse."""
    return [msgspec.to_builtins(seat) for seat in seats]


def seats_of(row: Payment | Refund) -> tuple[Seat, ...]:
    """Of a payment as they were sold, of a refund those that it is about."""
    return msgspec.convert(row.seats, tuple[Seat, ...])
