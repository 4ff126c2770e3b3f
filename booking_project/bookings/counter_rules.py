"""What staff sell at the counter, of which they take the money themselves. Pure; amounts are minor units."""

from enum import StrEnum


class Method(StrEnum):
    """TERMINAL is the card machine at the counter."""

    CASH = "cash"
    TERMINAL = "terminal"


# Of one sale.
MOST_SEATS = 20
# Characters of the number on the card machine's slip: fewer than a card's number has, which is kept nowhere here.
LONGEST_SLIP = 11


class NotEnoughHanded(ValueError):
    """Less was handed over than the seats cost."""


def change(total: int, handed: int | None) -> int:
    """What is given back of what was handed over; of what nobody counted nothing. Raises NotEnoughHanded."""
    if handed is None:
        return 0
    if handed < total:
        raise NotEnoughHanded
    return handed - total
