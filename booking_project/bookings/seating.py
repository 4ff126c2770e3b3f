"""Which seats are good: the choice for `quantity` seats, and what may not be chosen. No Django.

A run is a stretch of seats side by side in one row; an aisle (a gap in x) and a wall end it, and among free seats a
taken one. A couple seat is two seats of that category side by side, counted in twos from the left of their run; both
are sold or none. The last of an odd run is a seat by itself.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar
from uuid import UUID

COUPLE = "couple"
WHEELCHAIR = "accessible"
COMPANION = "companion"
# Kept for those who ask for them by category, unless the theater lets anybody have them.
RESERVED = frozenset({WHEELCHAIR, COMPANION})
# The best row lies this far from the screen to the back (0 is the front row).
BEST_DEPTH = 0.6


class Place(Protocol):
    """What is asked of a seat; x counts from the left, y from the screen."""

    @property
    def id(self) -> UUID: ...
    @property
    def x(self) -> int: ...
    @property
    def y(self) -> int: ...
    @property
    def category(self) -> str: ...


SomePlace = TypeVar("SomePlace", bound=Place)


class NotEnoughSeats(Exception):
    """Fewer free seats of that kind than asked for."""


@dataclass(frozen=True, slots=True)
class _Window(Generic[SomePlace]):
    seats: tuple[SomePlace, ...]
    leaves_single: bool
    distance: float
    fragments: int


def runs(seats: Iterable[SomePlace], free: Collection[UUID]) -> Iterator[list[SomePlace]]:
    """The runs of free seats, row by row from the screen, from left to right."""
    available = sorted((seat for seat in seats if seat.id in free), key=lambda seat: (seat.y, seat.x))
    run: list[SomePlace] = []
    for seat in available:
        if run and (seat.y != run[-1].y or seat.x != run[-1].x + 1):
            yield run
            run = []
        run.append(seat)
    if run:
        yield run


def other_halves(seats: Iterable[Place]) -> dict[UUID, UUID]:
    """The other half of each half of a couple seat."""
    couples = [seat for seat in seats if seat.category == COUPLE]
    halves: dict[UUID, UUID] = {}
    for run in runs(couples, {seat.id for seat in couples}):
        for left, right in zip(run[::2], run[1::2], strict=False):
            halves |= {left.id: right.id, right.id: left.id}
    return halves


def halves_left(chosen: Collection[UUID], halves: Mapping[UUID, UUID]) -> list[UUID]:
    """The other halves that a choice would leave; halves: as of other_halves()."""
    return [halves[seat_id] for seat_id in chosen if seat_id in halves and halves[seat_id] not in chosen]


def companions_alone(seats: Iterable[Place], chosen: Collection[UUID]) -> list[Place]:
    """The chosen companion seats without a chosen wheelchair place beside them.

    Beside: in the same run of such places. Where there is none in it, any wheelchair place of the choice will do.
    """
    reserved = [seat for seat in seats if seat.category in RESERVED]
    anywhere = any(seat.category == WHEELCHAIR for seat in reserved if seat.id in chosen)
    alone: list[Place] = []
    for run in runs(reserved, {seat.id for seat in reserved}):
        beside = [seat for seat in run if seat.category == WHEELCHAIR]
        accompanied = any(seat.id in chosen for seat in beside) if beside else anywhere
        if not accompanied:
            alone += [seat for seat in run if seat.category == COMPANION and seat.id in chosen]
    return alone


def choose(
    seats: Sequence[SomePlace],
    free: Collection[UUID],
    *,
    prices: Mapping[str, int],
    quantity: int,
    category: str | None = None,
    leave_no_single: bool = True,
    reserved: Collection[str] = RESERVED,
    halves: Mapping[UUID, UUID] | None = None,
) -> list[SomePlace]:
    """The best `quantity` free seats: of one kind; then together in one row; then near the middle; least fragmenting.

    prices: of each category that is chosen from. The kind is `category`, or else the cheapest that has so many; only
    when none has them, seats of several, the cheapest first. Kinds of one price are one. Those of a `reserved` category
    are chosen only when `category` names it. When no row has room for all of them, as few and as near groups as
    possible. A couple seat is chosen whole or not at all. With leave_no_single a choice that leaves a single seat is
    the last resort. halves: those of the seats, where the caller has them at hand. Raises NotEnoughSeats.
    """
    halves = other_halves(seats) if halves is None else halves
    whole = [
        seat for seat in seats if seat.category in prices and seat.id in free and halves.get(seat.id, seat.id) in free
    ]
    for kinds in _pools(whole, prices, category, reserved):
        pool = _Pool([seat for seat in whole if seat.category in kinds], halves)
        if pool.has(quantity):
            return pool.choose(quantity, _best_place(seats), leave_no_single=leave_no_single)
    raise NotEnoughSeats


def _pools(
    seats: Sequence[Place], prices: Mapping[str, int], category: str | None, reserved: Collection[str]
) -> Iterator[set[str]]:
    """The categories to choose from, one try after the other."""
    if category is not None:
        yield {category}
        return
    by_price: dict[int, set[str]] = {}
    for seat in seats:
        if seat.category not in reserved:
            by_price.setdefault(prices[seat.category], set()).add(seat.category)
    kinds = [by_price[price] for price in sorted(by_price)]
    yield from kinds
    for count in range(2, len(kinds) + 1):
        yield set().union(*kinds[:count])


def nearest(
    seats: Sequence[SomePlace], *, quantity: int, to: tuple[float, float], halves: Mapping[UUID, UUID]
) -> list[SomePlace]:
    """`quantity` of these free seats, together in one row if there is room, near `to`; row by row, from left to right.

    halves: as of other_halves(); of a couple seat both halves are among them. Raises NotEnoughSeats.
    """
    pool = _Pool(seats, halves)
    if not pool.has(quantity):
        raise NotEnoughSeats
    return sorted(pool.choose(quantity, to, leave_no_single=False), key=lambda seat: (seat.y, seat.x))


class _Pool(Generic[SomePlace]):
    """The seats to choose from; of a couple seat both halves are in it or none."""

    def __init__(self, seats: Sequence[SomePlace], halves: Mapping[UUID, UUID]) -> None:
        self._seats = seats
        self._halves = halves
        self._left = {seat.id for seat in seats}
        self._singles_left = self._singles(seats)

    def has(self, quantity: int, without: Sequence[SomePlace] = ()) -> bool:
        """Whether so many are left: couple seats whole, and an odd one by itself."""
        left = len(self._left) - len(without)
        return quantity <= left and (quantity % 2 == 0 or self._singles_left > self._singles(without))

    def choose(self, quantity: int, middle: tuple[float, float], *, leave_no_single: bool) -> list[SomePlace]:
        """`quantity` seats that the pool has; they are not in it any more."""
        chosen: list[SomePlace] = []
        while len(chosen) < quantity:
            windows = self._largest(quantity - len(chosen), middle)
            best = min(
                windows,
                key=lambda window: (leave_no_single and window.leaves_single, window.distance, window.fragments),
            )
            chosen += best.seats
            self._left -= {seat.id for seat in best.seats}
            self._singles_left -= self._singles(best.seats)
            # The rest of a party that had to be split sits near its first group.
            middle = _middle_of(best.seats)
        return chosen

    def _largest(self, wanted: int, middle: tuple[float, float]) -> list["_Window[SomePlace]"]:
        """The largest groups after which the rest of the party still gets seats."""
        left = list(runs(self._seats, self._left))
        for size in range(min(wanted, max(map(len, left))), 0, -1):
            windows = [
                window
                for run in left
                for window in _windows(run, size, middle)
                if self._is_whole(window) and (size == wanted or self.has(wanted - size, window.seats))
            ]
            if windows:
                return windows
        raise NotEnoughSeats

    def _singles(self, seats: Iterable[Place]) -> int:
        return sum(seat.id not in self._halves for seat in seats)

    def _is_whole(self, window: "_Window[SomePlace]") -> bool:
        """Whether no couple seat reaches over an end of it."""
        return not self._halves or not halves_left({seat.id for seat in window.seats}, self._halves)


def singles_left(seats: Iterable[Place], free: Collection[UUID], chosen: Collection[UUID]) -> list[Place]:
    """The single seats that this choice would leave although it need not; free: before the choice.

    In a run of n free seats a choice of k leaves a single for certain when n - k is 1: that one is not held against it.
    """
    left_over: list[Place] = []
    for run in runs(seats, free):
        taken = sum(seat.id in chosen for seat in run)
        if not taken or len(run) - taken == 1:
            continue
        rest = {seat.id for seat in run} - set(chosen)
        left_over += [alone[0] for alone in runs(run, rest) if len(alone) == 1]
    return left_over


def _windows(run: Sequence[SomePlace], size: int, middle: tuple[float, float]) -> Iterator[_Window[SomePlace]]:
    for start in range(len(run) - size + 1):
        window = tuple(run[start : start + size])
        before, after = start, len(run) - size - start
        x, y = _middle_of(window)
        yield _Window(
            seats=window,
            leaves_single=1 in (before, after),
            distance=((x - middle[0]) ** 2 + (2 * (y - middle[1])) ** 2) ** 0.5,
            fragments=(before > 0) + (after > 0),
        )


def _middle_of(seats: Sequence[Place]) -> tuple[float, float]:
    return sum(seat.x for seat in seats) / len(seats), sum(seat.y for seat in seats) / len(seats)


def _best_place(seats: Sequence[Place]) -> tuple[float, float]:
    xs, ys = [seat.x for seat in seats], [seat.y for seat in seats]
    return (min(xs) + max(xs)) / 2, min(ys) + BEST_DEPTH * (max(ys) - min(ys))
