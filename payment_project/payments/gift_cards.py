"""Gift cards as customers have them, found by a code and paying for a booking; and as staff block them.

A code is looked for in one statement whatever it is, and no part of it is kept or told (docs/adr/0086, 0097).
"""

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from chassis.codes import digest_of
from chassis.storage import audit_log
from chassis.storage.audit_log import Actor
from payments.errors import (
    GiftCardBlocked,
    GiftCardCurrency,
    GiftCardEmpty,
    GiftCardExpired,
    GiftCardInvalid,
    GiftCardNotFound,
)
from payments.gift_models import GiftCard
from payments.models import Payment


def look_up(code: str) -> GiftCard:
    """The card of a code, as it is now. Raises GiftCardInvalid."""
    card = GiftCard.objects.filter(digest=digest_of(code) or b"").first()
    if card is None:
        raise GiftCardInvalid
    return card


def has_expired(card: GiftCard) -> bool:
    return card.expires_at is not None and card.expires_at <= timezone.now()


def pay_with(row: Payment, code: str) -> int:
    """What the card of this code pays of a payment that is locked: all of it, or what is left on the card.

    The card is locked until the transaction ends, and named in the row, which is not saved. Raises GiftCardInvalid,
    GiftCardBlocked, GiftCardExpired, GiftCardCurrency, GiftCardEmpty.
    """
    card = GiftCard.objects.select_for_update().filter(digest=digest_of(code) or b"").first()
    if card is None:
        raise GiftCardInvalid
    if card.blocked_at is not None:
        raise GiftCardBlocked
    if has_expired(card):
        raise GiftCardExpired
    if card.currency != row.currency:
        raise GiftCardCurrency
    if not card.balance:
        raise GiftCardEmpty
    row.gift_card, row.gift_last4 = card, card.last4
    return min(card.balance, row.amount - row.exchange_amount)


def block(*, card_id: UUID, reason: str, actor: Actor) -> GiftCard:
    """It pays nothing from now on; what payments hold of it goes on, and what they give back goes to it.

    One that is blocked stays so, for the reason it has. Raises GiftCardNotFound.
    """
    with transaction.atomic():
        card = _locked(card_id)
        if card.blocked_at is None:
            card.blocked_at, card.blocked_because = timezone.now(), reason
            card.save(update_fields=["blocked_at", "blocked_because"])
            after = {"card": str(card), "blocked": True}
            audit_log.record(actor, "gift_card.blocked", ("gift card", card.id), after=after, reason=reason)
    return card


def unblock(*, card_id: UUID, reason: str, actor: Actor) -> GiftCard:
    """It pays again. Raises GiftCardNotFound."""
    with transaction.atomic():
        card = _locked(card_id)
        if card.blocked_at is not None:
            before = {"card": str(card), "blocked": True, "because": card.blocked_because}
            card.blocked_at, card.blocked_because = None, ""
            card.save(update_fields=["blocked_at", "blocked_because"])
            after = {"card": str(card), "blocked": False}
            audit_log.record(
                actor, "gift_card.unblocked", ("gift card", card.id), before=before, after=after, reason=reason
            )
    return card


def _locked(card_id: UUID) -> GiftCard:
    """Raises GiftCardNotFound."""
    card = GiftCard.objects.select_for_update().filter(id=card_id).first()
    if card is None:
        raise GiftCardNotFound
    return card
