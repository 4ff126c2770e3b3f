"""Saved payment methods: the gateway keeps the card, we keep a token and what may be shown of it."""

from uuid import UUID, uuid5

from django.conf import settings
from django.db import transaction

from payments import gateways
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
            with transaction.atomic():
                return PaymentMethod.objects.get_or_create(
                    provider=provider,
                    gateway_token=card.token,
                    defaults={
                        "user_id": user_id,
                        "brand": card.brand[:32],
                        "last4": card.last4[-4:],
                        "expiry_month": card.expiry_month,
                        "expiry_year": card.expiry_year,
                    },
                )
        case gateways.Refused(code):
            raise CardDeclined(code, retryable=True)
        case gateways.Unknown():
            raise GatewayUnavailable
