"""Who sits where when a showtime moves to another screen. No Django.

The twin of a seat is that of the same row, number and category in the other hall. Whoever has a twin gets it: a couple
seat when its twins are one too, a wheelchair place and the companions of its party together or not at all. Everybody
else gets the nearest seats of the same category, a party side by side where there is room for it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from bookings import seating
from bookings.seating import COMPANION, COUPLE, RESERVED, WHEELCHAIR, NotEnoughSeats

Point = tuple[float, float]


class Named(seating.Place, Protocol):
    @property
    def row(self) -> str: ...
    @property
    def number(self) -> int: ...


SomeSeat = TypeVar("SomeSeat", bound=Named)


@dataclass(frozen=True, slots=True)
class Spot:
    """A seat that somebody has. x, y: where it is, as parts of its hall from the left and from the screen.

    half: the other half of a couple seat.
    """

    id: UUID
    row: str
    number: int
    category: str
    x: float = 0.5
    y: float = 0.5
    half: UUID | None = None


@dataclass(frozen=True, slots=True)
class Party:
    """The seats of one booking. id: the lower one chooses first."""

    id: UUID
    spots: Sequence[Spot]


def spots(hall: Sequence[Named]) -> dict[UUID, Spot]:
    """The seats of a hall that people are moved from, by id."""
    halves, box = seating.other_halves(hall), _Box(hall)
    return {
        seat.id: Spot(seat.id, seat.row, seat.number, seat.category, *box.part(seat), halves.get(seat.id))
        for seat in hall
    }


def reseat(
    parties: Iterable[Party],
    hall: Sequence[SomeSeat],
    *,
    free: Collection[UUID],
    rather_not: Collection[UUID] = frozenset(),
) -> dict[UUID, dict[UUID, SomeSeat]]:
    """For each party that all get seats: by the id of a seat that it had, the one of the hall that it gets.

    free: the seats that may be given. rather_not: those of them that are given to nobody but their twin as long as
    there are others. The order of what comes in changes nothing.
    """
    return _Hall(hall, free, rather_not).seat(sorted(parties, key=lambda party: party.id))


class _Box:
    """The rectangle that a hall fills."""

    def __init__(self, seats: Iterable[seating.Place]) -> None:
        xs, ys = zip(*((seat.x, seat.y) for seat in seats), strict=True)
        self._left, self._front = min(xs), min(ys)
        self._width, self._depth = max(xs) - min(xs), max(ys) - min(ys)

    def part(self, seat: seating.Place) -> Point:
        """As parts of it: (0, 0) is in front at the left."""
        return (seat.x - self._left) / (self._width or 1), (seat.y - self._front) / (self._depth or 1)

    def point(self, seats: Sequence[Spot]) -> Point:
        """Where the middle of seats of another hall would be in this one."""
        x, y = _middle([(seat.x, seat.y) for seat in seats])
        return self._left + x * self._width, self._front + y * self._depth


class _Hall(Generic[SomeSeat]):
    """left: the seats that nobody has got yet."""

    def __init__(self, seats: Sequence[SomeSeat], free: Collection[UUID], rather_not: Collection[UUID]) -> None:
        self._seats = sorted(seats, key=lambda seat: (seat.y, seat.x, seat.id))
        self._left = {seat.id for seat in seats if seat.id in free}
        self._rather_not = frozenset(rather_not)
        self._twins = {(seat.row, seat.number, seat.category): seat for seat in self._seats}
        self._halves = seating.other_halves(self._seats)
        reserved = [seat for seat in self._seats if seat.category in RESERVED]
        self._reserved_runs = list(seating.runs(reserved, {seat.id for seat in reserved}))
        self._box = _Box(seats)

    def seat(self, parties: Sequence[Party]) -> dict[UUID, dict[UUID, SomeSeat]]:
        """As of reseat(); parties in their order. Whoever has a twin gets it before anybody chooses.

        Who finds nothing lets go of the twins it had, which may be what another one missed: so those look once more,
        one after the other.
        """
        seated = self._seat([(party, self._twins_of(party)) for party in parties])
        without = [party for party in parties if party.id not in seated]
        while found := self._seat((party, self._twins_of(party)) for party in without):
            seated |= found
            without = [party for party in without if party.id not in found]
        return seated

    def _seat(self, parties: Iterable[tuple[Party, dict[UUID, SomeSeat]]]) -> dict[UUID, dict[UUID, SomeSeat]]:
        """Those of these, each with the twins that it has got, that all find seats."""
        seated = {}
        for party, got in parties:
            try:
                self._find_the_others(party, got)
            except NotEnoughSeats:
                self._left |= {seat.id for seat in got.values()}
            else:
                seated[party.id] = got
        return seated

    def _twins_of(self, party: Party) -> dict[UUID, SomeSeat]:
        got: dict[UUID, SomeSeat] = {}
        for group in _groups(party.spots):
            twins = [self._twins.get((spot.row, spot.number, spot.category)) for spot in group]
            found = [twin for twin in twins if twin is not None and twin.id in self._left]
            if len(found) == len(group) and self._belong_together(group, found):
                self._take(group, found, got)
        return got

    def _belong_together(self, group: Sequence[Spot], twins: Sequence[SomeSeat]) -> bool:
        ids = {twin.id for twin in twins}
        if group[0].category == COUPLE:
            halves = {self._halves.get(twin.id) for twin in twins}
            return halves == ids if len(group) == 2 else (group[0].half is None) == (halves == {None})
        accompanied = any(spot.category == WHEELCHAIR for spot in group)
        return not (accompanied and seating.companions_alone(self._seats, ids))

    def _find_the_others(self, party: Party, got: dict[UUID, SomeSeat]) -> None:
        """Adds to what the party has got already. Raises NotEnoughSeats: what it has got by then is no use to it."""
        others = [spot for spot in party.spots if spot.id not in got]
        for group in _kinds(others):
            beside = [(seat.x, seat.y) for seat in got.values()]
            self._take(group, self._nearest(group, _middle(beside) if beside else self._box.point(group)), got)

    def _nearest(self, group: Sequence[Spot], to: Point) -> list[SomeSeat]:
        left: frozenset[UUID]
        for left in (frozenset(self._left - self._rather_not), frozenset(self._left)):
            try:
                if group[0].category in RESERVED:
                    return self._nearest_reserved(group, to, left)
                if group[0].category == COUPLE:
                    return self._nearest_couple(group, to, left)
                return self._choose(group[0].category, len(group), to, left)
            except NotEnoughSeats:
                continue
        raise NotEnoughSeats

    def _choose(
        self,
        category: str,
        quantity: int,
        to: Point,
        left: Collection[UUID],
        halves: Mapping[UUID, UUID] = MappingProxyType({}),
    ) -> list[SomeSeat]:
        seats = [seat for seat in self._seats if seat.category == category and seat.id in left]
        return seating.nearest(seats, quantity=quantity, to=to, halves=halves)

    def _nearest_couple(self, group: Sequence[Spot], to: Point, left: frozenset[UUID]) -> list[SomeSeat]:
        """Couple seats for couples. Who sits alone takes as few from them as there are others: half a couple seat for
        who had one, for others the single seats first.
        """
        whole = {seat_id for seat_id, half in self._halves.items() if seat_id in left and half in left}
        if _is_whole(group):
            return self._choose(COUPLE, len(group), to, whole, self._halves)
        for seats in (whole if group[0].half else left - self._halves.keys(), left):
            try:
                return self._choose(COUPLE, len(group), to, seats)
            except NotEnoughSeats:
                continue
        raise NotEnoughSeats

    def _nearest_reserved(self, group: Sequence[Spot], to: Point, left: Collection[UUID]) -> list[SomeSeat]:
        """In one run, where there is one with room for wheelchairs and companions; else each as near as it is."""
        wanted = [sum(spot.category == kind for spot in group) for kind in (WHEELCHAIR, COMPANION)]
        rooms: list[tuple[float, int, set[UUID]]] = []
        for run in self._reserved_runs:
            seats = {seat.id for seat in run if seat.id in left}
            has = [sum(seat.category == kind for seat in run if seat.id in seats) for kind in (WHEELCHAIR, COMPANION)]
            if has[0] >= wanted[0] and has[1] >= wanted[1]:
                rooms.append((_distance(_middle([(seat.x, seat.y) for seat in run]), to), len(rooms), seats))
        within: Collection[UUID] = min(rooms)[2] if rooms else left
        found: list[SomeSeat] = []
        for kind, quantity in zip((WHEELCHAIR, COMPANION), wanted, strict=True):
            if quantity:
                near = _middle([(seat.x, seat.y) for seat in found]) if found else to
                found += self._choose(kind, quantity, near, within)
        return found

    def _take(self, group: Sequence[Spot], seats: Sequence[SomeSeat], got: dict[UUID, SomeSeat]) -> None:
        got.update(zip((spot.id for spot in group), seats, strict=True))
        self._left -= {seat.id for seat in seats}


def _groups(party: Sequence[Spot]) -> Iterator[list[Spot]]:
    """What keeps its twins together or not at all: a couple seat, those of wheelchairs; any other seat by itself."""
    by_id = {spot.id: spot for spot in party}
    reserved = [spot for spot in _in_order(party) if spot.category in RESERVED]
    if reserved:
        yield reserved
    for spot in _in_order(party):
        half = by_id.get(spot.half) if spot.half else None
        if spot.category in RESERVED or (half is not None and _place(half) < _place(spot)):
            continue
        yield [spot] if half is None else [spot, half]


def _kinds(party: Sequence[Spot]) -> Iterator[list[Spot]]:
    """What is looked for at once: wheelchairs with companions, whole couple seats, each who sits alone in such a
    category, and all of any other category."""
    by_kind: dict[tuple[str, str], list[Spot]] = {}
    for group in _groups(party):
        category = "" if group[0].category in RESERVED else group[0].category
        alone = "" if category != COUPLE or _is_whole(group) else str(group[0].id)
        by_kind.setdefault((category, alone), []).extend(_as_chosen(group))
    for kind in sorted(by_kind):
        yield by_kind[kind]


def _as_chosen(group: Sequence[Spot]) -> list[Spot]:
    """Wheelchair places before the seats beside them."""
    return sorted(group, key=lambda spot: spot.category == COMPANION)


def _is_whole(group: Sequence[Spot]) -> bool:
    """Of couple seats: both halves of each are the party's."""
    return len(group) > 1


def _in_order(party: Iterable[Spot]) -> list[Spot]:
    return sorted(party, key=_place)


def _place(spot: Spot) -> tuple[float, float, UUID]:
    return spot.y, spot.x, spot.id


def _middle(points: Sequence[Point]) -> Point:
    return sum(x for x, _ in points) / len(points), sum(y for _, y in points) / len(points)


def _distance(one: Point, other: Point) -> float:
    return (one[0] - other[0]) ** 2 + (2 * (one[1] - other[1])) ** 2


def twins(hall: Iterable[SomeSeat]) -> Mapping[tuple[str, int], SomeSeat]:
    """The seats of a hall by row and number, of whatever category."""
    return {(seat.row, seat.number): seat for seat in hall}
