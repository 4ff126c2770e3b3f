"""Webhooks of payment providers.

A webhook is a hint, never a fact: it makes an operation due, and the gateway is asked for what became of it.
"""

from collections.abc import Mapping

from django.db import transaction

from chassis.web.problems import NotFound
from payments import gateways, services
from payments.webhook_models import WebhookDelivery


def receive(*, provider: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Takes one delivery; False when it was taken before.

    Raises NotFound for an unknown provider, and what its Gateway.read_webhook() raises.
    """
    try:
        gateway = gateways.named(provider)
    except gateways.NoSuchGateway as exc:
        raise NotFound from exc
    hint = gateway.read_webhook(headers=headers, body=body)
    with transaction.atomic():
        # Two providers may give the same id to messages of theirs.
        delivery_id = f"{provider} {hint.message_id}"
        _, new = WebhookDelivery.objects.get_or_create(id=delivery_id, defaults={"provider": provider})
        if new:
            services.hasten(operation_id=hint.operation_id, provider=provider)
    return new
