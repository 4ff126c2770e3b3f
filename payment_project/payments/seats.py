"""The seats of a booking as they were sold, and what became of the money of each. Pure, as domain.py is.

A seat's money goes back once, as one of the kinds of refunds; prices are integers in minor units.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID


class RefundKind(StrEnum):
    """What a refund that somebody asks for means for the booking."""

    CANCEL = "cancel"  # the seats are given back; with the last of them, or of the money, the booking ends
    GOODWILL = "goodwill"  # the ticket stays good


@dataclass(frozen=True, slots=True)
class Seat:
    """refunded: what its money went back as, None while it did not by the seat.

    charged: the fee that was told when the booking ended was reckoned of it, too.
    """

    id: UUID
    row: str
    number: int
    price: int
    refunded: RefundKind | None = None
    charged: bool = False

    @property
    def name(self) -> str:
        """As it is written: B1."""
        return f"{self.row}{self.number}"

    @property
    def given_back(self) -> bool:
        """Whether the booking has it no more."""
        return self.refunded is RefundKind.CANCEL


class SeatsUnknown(Exception):
    """The payment was opened before seats were kept with their prices."""


class AboutSeats(Exception):
    """Something stands against a refund of these seats, named by their ids."""

    def __init__(self, seats: Iterable[UUID]) -> None:
        super().__init__()
        self.seats = tuple(seats)


class NotOfThisBooking(AboutSeats):
    pass


class RefundedBefore(AboutSeats):
    """Their money went back by the seat already."""


class LetIn(AboutSeats):
    """Somebody was let in to them: nobody gives back what was used."""


def chosen(seats: Sequence[Seat], wanted: Collection[UUID]) -> tuple[Seat, ...]:
    """The seats of which money is wanted back. Raises SeatsUnknown, NotOfThisBooking, RefundedBefore."""
    if not seats:
        raise SeatsUnknown
    known = {seat.id for seat in seats}
    strange = [seat_id for seat_id in wanted if seat_id not in known]
    if strange:
        raise NotOfThisBooking(strange)
    found = tuple(seat for seat in seats if seat.id in wanted)
    again = [seat.id for seat in found if seat.refunded]
    if again:
        raise RefundedBefore(again)
    return found


def refunded_as(
    seats: Sequence[Seat], which: Iterable[Seat], kind: RefundKind, *, let_in: Collection[UUID] = ()
) -> tuple[Seat, ...]:
    """All the seats after the money of some went back; to who was let in, and so has the seat still, as goodwill."""
    back = {seat.id for seat in which}
    goodwill = RefundKind.GOODWILL
    return tuple(
        replace(seat, refunded=goodwill if seat.id in let_in else kind) if seat.id in back else seat for seat in seats
    )


def fee_left(fee: int, seats: Iterable[Seat]) -> int:
    """Of a fee that was reckoned of some seats, the share of those that were not given back, by their prices.

    Rounded down, in the customer's favour: never more than had it been reckoned of those alone.
    """
    charged = [seat for seat in seats if seat.charged]
    whole = sum(seat.price for seat in charged)
    return fee * sum(seat.price for seat in left(charged)) // whole if whole else fee


def left(seats: Iterable[Seat]) -> tuple[Seat, ...]:
    """Those that the booking still has."""
    return tuple(seat for seat in seats if not seat.given_back)


def outcome(seats: Sequence[Seat]) -> str:
    """For people, those of a refund: B2; or, when it overtook somebody at the door, B2 (B1 was in use and stayed)."""
    stayed = [seat for seat in seats if seat.refunded is RefundKind.GOODWILL]
    gone = [seat for seat in seats if seat not in stayed]
    if not stayed or not gone:
        return named(seats)
    return f"{named(gone)} ({named(stayed)} was in use and stayed)"


def named(seats: Iterable[Seat]) -> str:
    """For people: B1, B2."""
    return ", ".join(seat.name for seat in seats)
