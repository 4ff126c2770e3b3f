"""How often somebody may be wrong about a promo code."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from types import MappingProxyType
from uuid import UUID

from django.conf import settings

from bookings.promo_errors import PromoCodeInvalid, TooManyGuesses
from chassis.web import guesses


def guessing(
    code: str | None,
    *,
    user_id: UUID | None,
    address: str | None,
    known: Mapping[str, bytes | None] = MappingProxyType({}),
) -> AbstractContextManager[None]:
    """As guesses.guessing(): counts PromoCodeInvalid, raises TooManyGuesses."""
    return guesses.guessing(code, bounds=_bounds(), user_id=user_id, address=address, known=known)


def marks(user_id: UUID, address: str | None) -> Sequence[str]:
    """As Bounds.marks()."""
    return _bounds().marks(user_id, address)


def _bounds() -> guesses.Bounds:
    return guesses.Bounds(
        "promo",
        per_user=settings.PROMO_GUESSES_PER_USER,
        per_address=settings.PROMO_GUESSES_PER_ADDRESS,
        seconds=settings.PROMO_GUESSES_SECONDS,
        wrong=PromoCodeInvalid,
        refused=TooManyGuesses,
    )
