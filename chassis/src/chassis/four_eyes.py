"""What staff may not do alone: one rule for every place where somebody's money or tickets are decided on."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

# Whoever has changed an account's address may not decide on what is that account's for so long.
ADDRESS_SETTLES = timedelta(days=1)
# So much of one purchase one person gives back, in minor units by currency, `*` of any other. Services take it, or what
# their REFUND_ALONE_UP_TO says.
ALONE_UP_TO: Final[Mapping[str, int]] = {
    "EUR": 200_00,
    "USD": 200_00,
    "GBP": 200_00,
    "VND": 5_000_000,
    "JPY": 30_000,
    "*": 200_00,
}


class Objection(StrEnum):
    """Why somebody else has to do it."""

    OWN = "own"
    ADDRESS_CHANGED = "address_changed"


def objection(
    *,
    actor_id: UUID,
    owner_id: UUID,
    changed_at: datetime | None,
    now: datetime,
) -> Objection | None:
    """Whether this member of staff (actor_id) may decide on what belongs to owner_id; None: they may.

    Nobody decides on their own, and nobody on that of an account whose address they have changed within
    ADDRESS_SETTLES: an address changed and money sent away would be the work of one pair of hands.
    changed_at: when this member of staff last changed the owner's address, whoever has changed it since; None: never.
    """
    if actor_id == owner_id:
        return Objection.OWN
    if changed_at is not None and now < changed_at + ADDRESS_SETTLES:
        return Objection.ADDRESS_CHANGED
    return None


def alone_up_to(limits: Mapping[str, int], currency: str) -> int | None:
    """So much of one purchase one person gives back by these limits, in minor units; None: nothing."""
    return limits.get(currency, limits.get("*"))
