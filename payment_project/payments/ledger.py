"""What moves money, and between which accounts. Pure, as domain.py is; amounts are integers in minor units."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What is asked of the gateway, in the words of the database and of `stage` in payment.failed.

    REVERSE takes back an authorisation whose outcome is not known. OUTSIDE is asked of nobody: the house gave money
    back another way, after the gateway had refused to.
    """

    AUTHORIZE = "authorise"
    REVERSE = "reverse"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"
    OUTSIDE = "outside"


class Account(StrEnum):
    """Where money stands: what the customer gave, what the gateway holds for us, what it took for us.

    OUTSIDE is what the house gave back of its own: the gateway has kept as much for it.
    """

    CUSTOMER = "customer"
    AUTHORIZED = "authorised"
    CASH = "cash"
    OUTSIDE = "outside"


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
    Kind.OUTSIDE: (Account.OUTSIDE, Account.CUSTOMER),
}


def postings(kind: Kind, amount: int) -> tuple[Posting, ...]:
    """The double entry of one operation that succeeded; none of nothing, as where a gift card paid all of it."""
    source, target = _MOVES[kind]
    return (Posting(kind, source, -amount), Posting(kind, target, amount)) if amount else ()
