"""What the gateway is asked, and the double entry of what it did. Pure, as domain.py is; amounts are minor units."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What is asked of the gateway, in the words of the database and of `stage` in payment.failed.

    REVERSE takes back an authorisation whose outcome is not known.
    """

    AUTHORIZE = "authorise"
    REVERSE = "reverse"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"


class Account(StrEnum):
    """Where money stands: what the customer gave, what the gateway holds for us, what it took for us."""

    CUSTOMER = "customer"
    AUTHORIZED = "authorised"
    CASH = "cash"


@dataclass(frozen=True, slots=True)
class Posting:
    """One line of the ledger. The lines of one kind add up to zero."""

    kind: Kind
    account: Account
    amount: int


_MOVES = {
    Kind.AUTHORIZE: (Account.CUSTOMER, Account.AUTHORIZED),
    Kind.CAPTURE: (Account.AUTHORIZED, Account.CASH),
    Kind.VOID: (Account.AUTHORIZED, Account.CUSTOMER),
    Kind.REFUND: (Account.CASH, Account.CUSTOMER),
}


def postings(kind: Kind, amount: int) -> tuple[Posting, Posting]:
    """The double entry of one operation that succeeded."""
    source, target = _MOVES[kind]
    return Posting(kind, source, -amount), Posting(kind, target, amount)
