"""Tickets: a compact JWS (RFC 7515) that a scanner at the door verifies without asking anybody."""

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.conf import settings

from bookings.models import Booking, BookingSeat, Showtime

ALGORITHM = "EdDSA"


@cache
def _signing_key() -> Ed25519PrivateKey:
    key = load_pem_private_key(settings.TICKET_SIGNING_KEY.encode(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise TypeError("TICKET_SIGNING_KEY must be an Ed25519 key")
    return key


def sign(*, booking: Booking, showtime: Showtime, seats: Iterable[BookingSeat], issued_at: datetime) -> str:
    """The ticket of a paid booking; it names no person."""
    claims = {
        "sub": str(booking.id),
        "ref": booking.reference,
        "showtime": str(showtime.id),
        "starts_at": showtime.starts_at.isoformat(),
        "seats": [f"{seat.row}{seat.number}" for seat in seats],
        "iat": int(issued_at.timestamp()),
    }
    return jwt.encode(claims, _signing_key(), algorithm=ALGORITHM)


def verify(ticket: str) -> dict[str, Any]:
    """The claims of a genuine ticket. Raises jwt.InvalidTokenError."""
    claims: dict[str, Any] = jwt.decode(
        ticket, _signing_key().public_key(), algorithms=[ALGORITHM], options={"require": ["sub", "ref"]}
    )
    UUID(claims["sub"])
    return claims
