"""The door for payment providers: which there are, and how they are asked. Network only; no database here.

New money goes to settings.PAYMENT_PROVIDER. What is asked about old money goes to the provider that holds it, whose
name stands with the operation, and so does a saved card to the one that keeps it.
"""

import logging
import time
from collections.abc import Callable
from datetime import date
from functools import cache
from typing import TypeVar
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from chassis.storage.http import CircuitOpen, Unreachable
from chassis.telemetry import metrics
from payments.exchange_rules import EXCHANGES
from payments.gateways.counter import Counter
from payments.gateways.interface import (
    LONGEST_ID,
    Approved,
    Gateway,
    Hint,
    Moved,
    Outcome,
    Page,
    Refused,
    Reporting,
    SavedCard,
    Unknown,
)
from payments.gateways.nobody import Nobody
from payments.gateways.simulator import Simulator
from payments.gift_models import GIFT_CARDS
from payments.ledger import COUNTER
from payments.models import GatewayOperation

__all__ = ["Approved", "Gateway", "Hint", "Moved", "Outcome", "Page", "Refused", "SavedCard", "Unknown"]

log = logging.getLogger(__name__)

CALLS = metrics.histogram("gateway_call_seconds", "Calls to the payment gateway", ["kind", "outcome"])

# By the name that stands with what was made there, and in the address of its webhooks: a name that was used stays.
GATEWAYS: dict[str, Callable[[], Gateway]] = {
    "simulator": Simulator,
    GIFT_CARDS: Nobody,
    EXCHANGES: Nobody,
    **dict.fromkeys(COUNTER, Counter),
}

T = TypeVar("T")


class NoSuchGateway(LookupError):
    """No provider of this name is registered."""


@cache
def named(provider: str) -> Gateway:
    """The gateway of a provider, with its connections; one a process. Raises NoSuchGateway."""
    if provider not in GATEWAYS:
        raise NoSuchGateway(provider)
    return GATEWAYS[provider]()


def check() -> None:
    """Raises ImproperlyConfigured when new money would go to nobody."""
    providers = GATEWAYS.keys() - {GIFT_CARDS, EXCHANGES, *COUNTER}
    if settings.PAYMENT_PROVIDER not in providers:
        known = ", ".join(sorted(providers))
        raise ImproperlyConfigured(
            f"PAYMENT_PROVIDER is {settings.PAYMENT_PROVIDER!r}, which is no payment provider. There are: {known}."
        )


def perform(operation: GatewayOperation) -> Outcome:
    """Asks the operation's provider for what it says, under its idempotency key: the first time or the hundredth."""
    started = time.perf_counter()
    outcome = _asked(lambda: _kept(named(operation.provider).perform(operation)), kind=operation.asks)
    CALLS.labels(operation.asks, type(outcome).__name__.lower()).observe(time.perf_counter() - started)
    return outcome


def _kept(outcome: Outcome) -> Outcome:
    """Raises ValueError when what it is to be asked for by later cannot be kept."""
    if isinstance(outcome, Approved) and (len(outcome.id) > LONGEST_ID or "\0" in outcome.id):
        raise ValueError("an id that cannot be kept")
    return outcome


def save_card(provider: str, token: str, *, customer: str, key: UUID) -> SavedCard | Refused | Unknown:
    """A reusable token of this provider for a single-use one; customer: who alone can pay with it."""
    return _asked(lambda: named(provider).save_card(token, customer=customer, key=key), kind="save_card")


def reporting() -> list[str]:
    """The providers that tell what they moved, by name."""
    return [name for name in GATEWAYS if isinstance(named(name), Reporting)]


def moved_on(provider: str, day: date, *, after: str) -> Page | Unknown:
    """What this provider moved on a day of UTC, a page of it; after: what the page before said."""
    return _asked(lambda: _reporting(provider).moved_on(day, after=after), kind="report")


def moved_of(provider: str, payment_id: UUID) -> Page | Unknown:
    """What it moved of a payment, on any day."""
    return _asked(lambda: _reporting(provider).moved_of(str(payment_id)), kind="report")


def _reporting(provider: str) -> Reporting:
    gateway = named(provider)
    if not isinstance(gateway, Reporting):
        raise NoSuchGateway(provider)
    return gateway


def _asked(ask: Callable[[], T], *, kind: str) -> T | Unknown:
    """What the gateway answers; Unknown when that is nothing, or nothing that its provider's code understands."""
    try:
        return ask()
    except CircuitOpen:
        return Unknown("circuit open", unavailable=True)
    except Unreachable as exc:
        return Unknown(str(exc))
    except NoSuchGateway as exc:
        # It was taken out of the registry while it still holds money: that waits until it is back.
        log.error("no such payment provider", extra={"provider": str(exc), "kind": kind})  # noqa: TRY400  (a traceback adds nothing)
        return Unknown("no such provider")
    except (KeyError, TypeError, ValueError) as exc:
        log.error("gateway answer not understood", extra={"error": type(exc).__name__, "kind": kind})  # noqa: TRY400  (a traceback adds nothing)
        return Unknown("answer not understood")
