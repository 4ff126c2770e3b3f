"""A sale with its lines, as booking reckoned them, and the lines of what goes back of it. Pure; amounts in minor units.

Of each line, and so of each sum, net and tax add up to gross. A credit note's lines are negative.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from chassis.money import allot

# A line of a receipt for a booking of which no lines were told, and of a credit note that is of no line in particular.
UNTOLD, PART = "ticket", "refund"


@dataclass(frozen=True, slots=True)
class Line:
    """kind: ticket, discount, fee, or refund. seat_id: whose price it is a part of; None: the booking's.

    rate: of the tax, in basis points (500 is 5 %).
    """

    kind: str
    code: str
    name: str
    net: int
    tax: int
    gross: int
    rate: int = 0
    seat_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Seller:
    """Who sells, for the tax office."""

    name: str = ""
    address: str = ""
    tax_number: str = ""


@dataclass(frozen=True, slots=True)
class ShowtimeSold:
    """What was sold, in brief. time_zone: the theater's, by IANA."""

    movie_title: str = ""
    theater_name: str = ""
    screen: str = ""
    starts_at: datetime | None = None
    time_zone: str = ""


@dataclass(frozen=True, slots=True)
class AtTheCounter:
    """How staff took the money, `cash` or `terminal`, and who it was: sold_by_id is their account at auth.

    slip: the number of what the card machine printed, if it was told.
    """

    method: str
    sold_by: str
    sold_by_id: UUID
    slip: str = ""


@dataclass(frozen=True, slots=True)
class Sale:
    """What booking told of a sale, for its receipt. counter: where staff sold it there."""

    lines: tuple[Line, ...] = ()
    theater_id: UUID | None = None
    seller: Seller | None = None
    showtime: ShowtimeSold | None = None
    counter: AtTheCounter | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Lines that say the same: so many, and what they come to."""

    kind: str
    name: str
    rate: int
    count: int
    net: int
    tax: int
    gross: int


@dataclass(frozen=True, slots=True)
class Taxed:
    """What lines of one rate come to."""

    rate: int
    net: int
    tax: int
    gross: int


def by_rate(lines: Iterable[Line]) -> tuple[Taxed, ...]:
    """The sums of the lines of each rate, the lowest first."""
    sums: dict[int, Taxed] = {}
    for line in lines:
        known = sums.get(line.rate, Taxed(line.rate, 0, 0, 0))
        sums[line.rate] = Taxed(line.rate, known.net + line.net, known.tax + line.tax, known.gross + line.gross)
    return tuple(sums[rate] for rate in sorted(sums))


def together(lines: Iterable[Line]) -> tuple[Group, ...]:
    """As people read them: of what was sold several times one, in the order of the first of each."""
    alike: dict[tuple[str, str, str, int], list[Line]] = {}
    for line in lines:
        alike.setdefault((line.kind, line.code, line.name, line.rate), []).append(line)
    return tuple(
        Group(
            *(kind, name, rate, len(each)),
            net=sum(line.net for line in each),
            tax=sum(line.tax for line in each),
            gross=total(each),
        )
        for (kind, _, name, rate), each in alike.items()
    )


def total(lines: Iterable[Line]) -> int:
    """What is paid for them, tax included."""
    return sum(line.gross for line in lines)


def add_up(lines: Collection[Line], amount: int) -> bool:
    """Whether they are what was paid for: each of them adds up, and all of them to the amount."""
    return bool(lines) and total(lines) == amount and all(line.net + line.tax == line.gross for line in lines)


def untold(amount: int, seats: str) -> tuple[Line, ...]:
    """Of a booking of which no lines are known: one, without a tax that nobody has told. seats: B1, B2, or ""."""
    return (Line(UNTOLD, "", f"Tickets {seats}".strip(), net=amount, tax=0, gross=amount),)


def credited(
    sold: Sequence[Line], earlier: Iterable[Line], amount: int, seats: Collection[UUID] = ()
) -> tuple[Line, ...]:
    """The lines of a credit note of this amount. earlier: those of the notes before it.

    All that is left takes what is left of each rate; the price of whole seats the very lines of these, and a part of it
    these in proportion. Any other amount is of no line in particular, and so of each rate in proportion to what is left
    of it, as is that of seats when a part of them has gone back before.
    """
    before = tuple(earlier)
    left = by_rate((*sold, *before))
    own = tuple(line for line in sold if line.seat_id in seats) if seats else sold
    of_own = total(own) >= amount and (not before or _fit(by_rate(own), left))
    if of_own and total(own) == amount:
        return tuple(_mirrored(line) for line in own)
    among = by_rate(own) if of_own and seats else left
    parts = left if amount == sum(each.gross for each in left) else _in_proportion(among, amount)
    return tuple(
        Line(PART, "refund", "Refund", -part.net, -part.tax, -part.gross, part.rate)
        for part in parts
        if part.gross or part.tax
    )


def _mirrored(line: Line) -> Line:
    return replace(line, net=-line.net, tax=-line.tax, gross=-line.gross)


def _fit(wanted: Sequence[Taxed], left: Sequence[Taxed]) -> bool:
    there = {each.rate: each for each in left}
    return all(each.net <= there[each.rate].net and each.tax <= there[each.rate].tax for each in wanted)


def _in_proportion(left: Sequence[Taxed], amount: int) -> tuple[Taxed, ...]:
    """The amount by what is left of each rate."""
    shared = [each for each in left if each.gross > 0]
    grosses = allot(amount, [each.gross for each in shared])
    return tuple(_share(each, gross) for each, gross in zip(shared, grosses, strict=True))


def _share(of: Taxed, gross: int) -> Taxed:
    """Of one rate so much: its tax in proportion, half up."""
    tax = (2 * of.tax * gross + of.gross) // (2 * of.gross)
    return Taxed(of.rate, gross - tax, tax, gross)
