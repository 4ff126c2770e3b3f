"""What moves money, and between which accounts. Pure, as domain.py is; amounts are integers in minor units."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum


class Kind(StrEnum):
    """What is asked of the gateway, in the words of the database and of `stage` in payment.failed.

    REVERSE takes back an authorisation whose outcome is not known. OUTSIDE is asked of nobody: the house gave money
    back another way, after the gateway had refused to. Nor is EXCHANGE: what was paid for one booking pays another.
    RETURN gives back what that other booking was refunded, as a refund at the gateway of who had paid the first.
    """

    AUTHORIZE = "authorise"
    REVERSE = "reverse"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"
    OUTSIDE = "outside"
    EXCHANGE = "exchange"
    RETURN = "return"


class Account(StrEnum):
    """Where money stands: what the customer gave, what the gateway holds for us, what it took for us.

    OUTSIDE is what the house gave back of its own: the gateway has kept as much for it. EXCHANGED is what a booking
    was paid with that another payment has: of the two it adds up to nothing. TILL and TERMINAL are what staff took at
    the counter, in cash and by the card machine there.
    """

    CUSTOMER = "customer"
    AUTHORIZED = "authorised"
    CASH = "cash"
    OUTSIDE = "outside"
    EXCHANGED = "exchanged"
    TILL = "till"
    TERMINAL = "terminal"


# What has indexes of its own: few payments have them.
SELDOM = (Account.OUTSIDE, Account.EXCHANGED, Account.TILL, Account.TERMINAL)
# By what stands in the place of a provider where staff took the money themselves.
COUNTER = {"cash": Account.TILL, "terminal": Account.TERMINAL}


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
    Kind.EXCHANGE: (Account.CUSTOMER, Account.EXCHANGED),
}


def postings(kind: Kind, amount: int) -> tuple[Posting, ...]:
    """The double entry of one operation that succeeded; none of nothing, as where a gift card paid all of it.

    Of an exchange it is the entry of the booking that is paid; less than nothing that of the one that pays.
    """
    source, target = _MOVES[kind]
    return (Posting(kind, source, -amount), Posting(kind, target, amount)) if amount else ()


def returned(amount: int, *, gift: int, carried: int) -> tuple[Posting, ...]:
    """What comes back of an exchange through the payment that had the money. gift, carried: of it, what its card did
    not pay: a gift card has a ledger of its own, and what an exchange before had paid goes on to that one's payment.
    """
    lines = (
        Posting(Kind.RETURN, Account.EXCHANGED, amount - carried),
        Posting(Kind.RETURN, Account.CUSTOMER, -gift),
        Posting(Kind.RETURN, Account.CASH, -(amount - gift - carried)),
    )
    return tuple(line for line in lines if line.amount)


def booked(lines: Iterable[Posting], provider: str) -> tuple[Posting, ...]:
    """The same lines, in the account of who took the money: the gateway, or staff at the counter."""
    taken = COUNTER.get(provider, Account.CASH)
    return tuple(replace(line, account=taken) if line.account is Account.CASH else line for line in lines)
