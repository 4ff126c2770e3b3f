"""The seats of a booking as they were sold, and what became of the money of each. Pure, as domain.py is.

A seat's money goes back once, as one of the kinds of refunds; prices are integers in minor units.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

from chassis.money import allot


class RefundKind(StrEnum):
    """What a refund that somebody asks for means for the booking."""

    CANCEL = "cancel"  # the seats are given back; with the last of them, or of the money, the booking ends
    GOODWILL = "goodwill"  # the ticket stays good


@dataclass(frozen=True, slots=True)
class Seat:
    """row, number: where it is, which need not be where it was sold. refunded: what its money went back as, None while
    it did not by the seat.

    charged: the fee that was told when the booking ended was reckoned of it, too. due: what its customer gets back of
    it, who gave it back; None while nobody did.
    """

    id: UUID
    row: str
    number: int
    price: int
    refunded: RefundKind | None = None
    charged: bool = False
    due: int | None = None

    @property
    def owed(self) -> int:
        """What its money is that goes back: what it was sold at, unless its customer gave it back for less."""
        return self.price if self.due is None else self.due

    @property
    def name(self) -> str:
        """As it is written: B1."""
        return f"{self.row}{self.number}"

    @property
    def given_back(self) -> bool:
        """Whether the booking has it no more."""
        return self.refunded is RefundKind.CANCEL or self.due is not None


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
    """All the seats after the money of some went back; to who was let in, and so has the seat still, as goodwill.

    which: as they were when it was asked for; what was due of one that its customer gave back meanwhile is what went.
    """
    back = {seat.id: seat.owed for seat in which}

    def after(seat: Seat) -> Seat:
        went_as = RefundKind.GOODWILL if seat.id in let_in else kind
        return replace(seat, refunded=went_as, due=None if seat.due is None else back[seat.id])

    return tuple(after(seat) if seat.id in back else seat for seat in seats)


def noted(seats: Sequence[Seat], given_back: Iterable[Seat]) -> tuple[Seat, ...]:
    """The seats once their customer is known to have given some back, which may be told again.

    given_back: with what is due of each. Of one whose money went back before, all of it, nothing is due any more; one
    that nothing had told of is one from now on.
    """
    told = {seat.id: seat for seat in given_back}

    def after(seat: Seat) -> Seat:
        if seat.due is not None or seat.id not in told:
            return seat
        return replace(seat, due=seat.price if seat.refunded else told[seat.id].due)

    known = {seat.id for seat in seats}
    return (*map(after, seats), *(seat for seat in told.values() if seat.id not in known))


def renamed(seats: Sequence[Seat], places: Mapping[UUID, tuple[str, int]]) -> tuple[Seat, ...]:
    """The seats once their booking has others: by their ids the row and the number of now."""
    return tuple(replace(seat, row=at[0], number=at[1]) if (at := places.get(seat.id)) else seat for seat in seats)


def completed(known: Iterable[Seat], sold: Iterable[Seat]) -> tuple[Seat, ...]:
    """All that was sold, and what is known of some of it already."""
    by_id = {seat.id: seat for seat in known}
    return tuple(by_id.get(seat.id, seat) for seat in sold)


def to_give_back(seats: Iterable[Seat], most: int) -> tuple[Seat, ...]:
    """Those whose customer waits for their money, in all no more than `most`: where it does not suffice, each less."""
    waiting = [seat for seat in seats if seat.due and not seat.refunded]
    amounts = allot(most, [seat.owed for seat in waiting])
    return tuple(replace(seat, due=amount) for seat, amount in zip(waiting, amounts, strict=True) if amount)


def kept(seats: Iterable[Seat]) -> int:
    """The fees of those that their customer gave back."""
    return sum(seat.price - seat.owed for seat in seats)


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
