"""How a provider's record differs from our books, decided from what both say of one operation. Pure; minor units."""

from dataclasses import dataclass
from enum import StrEnum


class Differs(StrEnum):
    ONLY_THERE = "only_at_the_gateway"
    ONLY_HERE = "only_here"
    AMOUNT = "other_amount"
    STATE = "other_state"


@dataclass(frozen=True, slots=True)
class Ours:
    """An operation in our books. succeeded: it did as far as we know."""

    amount: int
    currency: str
    succeeded: bool


def differs(theirs: tuple[int, str], ours: Ours | None) -> Differs | None:
    """How what they moved, an amount of a currency, differs from what we have under the same key; None: not at all."""
    if ours is None:
        return Differs.ONLY_THERE
    if theirs != (ours.amount, ours.currency):
        return Differs.AMOUNT
    return None if ours.succeeded else Differs.STATE
