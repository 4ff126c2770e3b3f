"""Which seats are good: the choice for `quantity` seats, and the rule against single seats left over. No Django.

A run is a stretch of free seats side by side in one row; a taken seat, an aisle (a gap in x) and a wall end it.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

# Kept for those who ask for them by category.
RESERVED = frozenset({"accessible", "companion"})
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


class NotEnoughSeats(Exception):
    """Fewer free seats of that kind than asked for."""


@dataclass(frozen=True, slots=True)
class _Window:
    seats: tuple[Place, ...]
    leaves_single: bool
    distance: float
    fragments: int


def runs(seats: Iterable[Place], free: Collection[UUID]) -> Iterator[list[Place]]:
    """The runs of free seats, row by row from the screen, from left to right."""
    available = sorted((seat for seat in seats if seat.id in free), key=lambda seat: (seat.y, seat.x))
    run: list[Place] = []
    for seat in available:
        if run and (seat.y != run[-1].y or seat.x != run[-1].x + 1):
            yield run
            run = []
        run.append(seat)
    if run:
        yield run


def choose(
    seats: Sequence[Place],
    free: Collection[UUID],
    *,
    quantity: int,
    category: str | None = None,
    leave_no_single: bool = True,
) -> list[Place]:
    """The best `quantity` free seats: together in one row; then near the middle; then least fragmenting.

    When no row has room for all of them, as few and as near groups as possible. Seats of a RESERVED category are
    chosen only when `category` names it. With leave_no_single a choice that leaves a single seat is the last resort.
    Raises NotEnoughSeats.
    """
    wanted = {seat.id for seat in seats if _fits(seat, category) and seat.id in free}
    if len(wanted) < quantity:
        raise NotEnoughSeats
    chosen: list[Place] = []
    middle = _best_place(seats)
    while len(chosen) < quantity:
        left = list(runs(seats, wanted - {seat.id for seat in chosen}))
        size = min(quantity - len(chosen), max(map(len, left)))
        best = min(
            (window for run in left for window in _windows(run, size, middle)),
            key=lambda window: (leave_no_single and window.leaves_single, window.distance, window.fragments),
        )
        chosen += best.seats
        # The rest of a party that had to be split sits near its first group.
        middle = _middle_of(best.seats)
    return chosen


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


def _fits(seat: Place, category: str | None) -> bool:
    return seat.category == category if category is not None else seat.category not in RESERVED


def _windows(run: Sequence[Place], size: int, middle: tuple[float, float]) -> Iterator[_Window]:
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
