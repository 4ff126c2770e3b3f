"""Saved payment methods: the gateway keeps the card, we keep a token and what may be shown of it."""

from uuid import UUID, uuid5

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from payments import gateways, vault
from payments.errors import CardDeclined, GatewayUnavailable, TooManyMethods
from payments.models import PaymentMethod

MOST_PER_USER = 20
_KEYS = UUID("019ab1c8-9000-7a00-8000-000000000f01")


def save_method(*, user_id: UUID, token: str) -> tuple[PaymentMethod, bool]:
    """Has the gateway keep the card of a token; the method, and whether it is new.

    The same token again is the same method: its idempotency key derives from the user and the token.
    Raises CardDeclined for a token that the gateway never gave out, GatewayUnavailable, TooManyMethods.
    """
    if PaymentMethod.objects.filter(user_id=user_id).count() >= MOST_PER_USER:
        raise TooManyMethods
    provider = settings.PAYMENT_PROVIDER
    match gateways.save_card(provider, token, customer=str(user_id), key=uuid5(_KEYS, f"{user_id} {token}")):
        case gateways.SavedCard() as card:
            return _keep(card, user_id=user_id, provider=provider)
        case gateways.Refused(code):
            raise CardDeclined(code, retryable=True)
        case gateways.Unknown():
            raise GatewayUnavailable


def _keep(card: gateways.SavedCard, *, user_id: UUID, provider: str) -> tuple[PaymentMethod, bool]:
    digests = vault.digests(card.token)
    # Under an older key, or without a digest by a process of before there was one, it is the same card.
    known = Q(token_digest__in=digests) | Q(token_digest="", gateway_token=card.token)
    with transaction.atomic():
        method = PaymentMethod.objects.filter(known, user_id=user_id, provider=provider).first()
        if method is not None:
            return method, False
        return PaymentMethod.objects.get_or_create(
            user_id=user_id,
            provider=provider,
            token_digest=digests[0],
            defaults={
                "gateway_token": vault.sealed(card.token),
                "sealed_by": vault.key_name(),
                "brand": card.brand[:32],
                "last4": card.last4[-4:],
                "expiry_month": card.expiry_month,
                "expiry_year": card.expiry_year,
            },
        )


def reseal(*, limit: int) -> int:
    """Seals, with the key that seals now, tokens that are not sealed with it, at most `limit`; how many there were.

    Raises InvalidSeal when the key that one is sealed with is gone.
    """
    now = vault.key_name()
    with transaction.atomic():
        # As two ranges, so that an index finds them: nearly always there are none.
        others = PaymentMethod.objects.filter(Q(sealed_by__lt=now) | Q(sealed_by__gt=now))
        due = list(others.select_for_update(skip_locked=True)[:limit])
        for method in due:
            token = vault.opened(method.gateway_token)
            method.gateway_token, method.sealed_by = vault.resealed(token), now
            method.token_digest = vault.digests(token)[0]
        PaymentMethod.objects.bulk_update(due, ["gateway_token", "sealed_by", "token_digest"])
    return len(due)
