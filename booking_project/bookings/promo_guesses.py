"""How often somebody may be wrong about a promo code."""

from contextlib import AbstractContextManager
from uuid import UUID

from django.conf import settings

from bookings.promo_errors import PromoCodeInvalid, TooManyGuesses
from chassis.web import guesses


def guessing(code: str | None, *, user_id: UUID | None, address: str | None) -> AbstractContextManager[None]:
    """As guesses.guessing(): counts PromoCodeInvalid, raises TooManyGuesses."""
    bounds = guesses.Bounds(
        "promo",
        per_user=settings.PROMO_GUESSES_PER_USER,
        per_address=settings.PROMO_GUESSES_PER_ADDRESS,
        seconds=settings.PROMO_GUESSES_SECONDS,
        wrong=PromoCodeInvalid,
        refused=TooManyGuesses,
    )
    return guesses.guessing(code, bounds=bounds, user_id=user_id, address=address)
