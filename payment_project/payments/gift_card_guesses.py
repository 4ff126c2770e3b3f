"""How often somebody may be wrong about the code of a gift card."""

from contextlib import AbstractContextManager
from uuid import UUID

from django.conf import settings

from chassis.web import guesses
from payments.errors import GiftCardInvalid, TooManyGiftCardCodes


def guessing(code: str | None, *, user_id: UUID, address: str | None) -> AbstractContextManager[None]:
    """As guesses.guessing(): counts GiftCardInvalid, raises TooManyGiftCardCodes."""
    return guesses.guessing(code, bounds=bounds(), user_id=user_id, address=address)


def bounds() -> guesses.Bounds:
    return guesses.Bounds(
        "gift_card",
        per_user=settings.GIFT_CARD_GUESSES_PER_USER,
        per_address=settings.GIFT_CARD_GUESSES_PER_ADDRESS,
        in_all=settings.GIFT_CARD_GUESSES_IN_ALL,
        seconds=settings.GIFT_CARD_GUESSES_SECONDS,
        wrong=GiftCardInvalid,
        refused=TooManyGiftCardCodes,
    )
