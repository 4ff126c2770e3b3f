"""Tickets: compact JWSs (RFC 7515) that a scanner at the door verifies without asking anybody.

One code a seat, and one of the whole booking; neither names a person. The public keys are published as a JWKS.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.conf import settings
from jwt.utils import base64url_encode

from bookings.models import Booking, BookingSeat, Showtime

ALGORITHM = "EdDSA"


@dataclass(frozen=True, slots=True)
class Codes:
    """What is issued for a booking. seats: the code of each of its seats, in the order of the seats."""

    whole: str
    seats: list[str]


@dataclass(frozen=True, slots=True)
class Claims:
    """What a genuine ticket says. seat_id: the one seat it is for; None: all of the booking.

    seating: the booking's when it was issued; a ticket of before its seats were changed says another.
    """

    booking_id: UUID
    seat_id: UUID | None = None
    seating: int = 0


def sign(*, booking: Booking, showtime: Showtime, seats: Sequence[BookingSeat], issued_at: datetime) -> Codes:
    """The tickets of a paid booking."""
    common: dict[str, Any] = {
        "sub": str(booking.id),
        "ref": booking.reference,
        "showtime": str(showtime.id),
        "starts_at": showtime.starts_at.isoformat(),
    }
    if booking.seating:
        common["seating"] = booking.seating
    issued = {"iat": int(issued_at.timestamp())}
    return Codes(
        whole=_encode({**common, "seats": [str(seat) for seat in seats], **issued}),
        seats=[_encode({**common, "seats": [str(seat)], "seat_id": str(seat.seat_id), **issued}) for seat in seats],
    )


def keep(booking: Booking, codes: Codes, seats: Iterable[BookingSeat]) -> None:
    """Puts the codes into the booking, which is not saved yet."""
    booking.ticket = codes.whole
    booking.seat_tickets = {str(seat.seat_id): code for seat, code in zip(seats, codes.seats, strict=True)}


@cache
def _private_key(pem: str) -> Ed25519PrivateKey:
    key = load_pem_private_key(pem.encode(), password=None)
    assert isinstance(key, Ed25519PrivateKey)  # SigningKeys has looked
    return key


def _encode(claims: dict[str, Any]) -> str:
    """As jwt.encode() would, in two thirds of its time: a sale is two of these and more."""
    keys = settings.TICKET_KEYS
    header = {"alg": ALGORITHM, "kid": keys.kid, "typ": "JWT"}
    signed = b".".join(base64url_encode(msgspec.json.encode(part)) for part in (header, claims))
    signature = _private_key(keys.private_pem).sign(signed)
    return b".".join([signed, base64url_encode(signature)]).decode()


def verify(ticket: str) -> Claims:
    """What a genuine ticket says, by the key that it names, or by any of ours: those of before named none.

    Raises jwt.InvalidTokenError.
    """
    keys = settings.TICKET_KEYS.verifying
    kid = jwt.get_unverified_header(ticket).get("kid")
    candidates = list(keys.values()) if kid is None else [keys[kid]] if kid in keys else []
    for key in candidates:
        try:
            # No time of now is looked at: when a ticket counts, the showtime says.
            claims = jwt.decode(
                ticket, key, algorithms=[ALGORITHM], options={"require": ["sub", "ref"], "verify_iat": False}
            )
        except jwt.InvalidSignatureError:
            continue
        return _read(claims)
    raise jwt.InvalidSignatureError("signed with none of our keys")


def _read(claims: dict[str, Any]) -> Claims:
    try:
        seat_id = claims.get("seat_id")
        return Claims(
            UUID(claims["sub"]), UUID(seat_id) if seat_id is not None else None, int(claims.get("seating", 0))
        )
    except (AttributeError, TypeError, ValueError) as exc:
        raise jwt.InvalidTokenError("not one of our tickets") from exc
