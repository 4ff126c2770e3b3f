"""What moves the value of gift cards, and between which of their accounts. Pure; amounts are in minor units.

Gift cards have a ledger of their own beside that of payments: its lines are a card's, those of payments an operation's
(docs/adr/0097-gift-cards-are-accounts.md).
"""

from dataclasses import dataclass
from enum import StrEnum


class Origin(StrEnum):
    """What a card was issued for."""

    SOLD = "sold"  # the desk took money for it
    GOODWILL = "goodwill"  # the house gives it


class Move(StrEnum):
    """What can happen to a card's value."""

    ISSUE = "issue"
    RESERVE = "reserve"
    RELEASE = "release"
    CAPTURE = "capture"
    REFUND = "refund"


class GiftAccount(StrEnum):
    """Where value stands: what the desk took and what the house gave for cards, and what became of it.

    BALANCE is what a card is good for, RESERVED what payments hold of it (both are owed to whoever has the card),
    REDEEMED what tickets were bought with.
    """

    DESK = "desk"
    GOODWILL = "goodwill"
    BALANCE = "balance"
    RESERVED = "reserved"
    REDEEMED = "redeemed"


@dataclass(frozen=True, slots=True)
class GiftMove:
    move: Move
    amount: int


@dataclass(frozen=True, slots=True)
class GiftLine:
    """One line of the ledger of gift cards. The lines of one move add up to zero."""

    account: GiftAccount
    amount: int


_PAID_FOR_BY = {Origin.SOLD: GiftAccount.DESK, Origin.GOODWILL: GiftAccount.GOODWILL}
_MOVES = {
    Move.RESERVE: (GiftAccount.BALANCE, GiftAccount.RESERVED),
    Move.RELEASE: (GiftAccount.RESERVED, GiftAccount.BALANCE),
    Move.CAPTURE: (GiftAccount.RESERVED, GiftAccount.REDEEMED),
    Move.REFUND: (GiftAccount.REDEEMED, GiftAccount.BALANCE),
}


def moved(move: Move, amount: int) -> GiftMove | None:
    """None of nothing, as where no gift card pays."""
    return GiftMove(move, amount) if amount else None


def issued(origin: Origin, amount: int) -> tuple[GiftLine, GiftLine]:
    """The double entry of a new card."""
    return _entry(_PAID_FOR_BY[origin], GiftAccount.BALANCE, amount)


def lines(gift: GiftMove) -> tuple[GiftLine, GiftLine]:
    """The double entry of what a payment does with a card."""
    return _entry(*_MOVES[gift.move], gift.amount)


def _entry(source: GiftAccount, target: GiftAccount, amount: int) -> tuple[GiftLine, GiftLine]:
    return GiftLine(source, -amount), GiftLine(target, amount)
