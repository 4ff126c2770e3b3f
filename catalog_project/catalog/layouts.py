"""The seats of a hall as a plan: rules a layout keeps, and the text that managers draw one with.

A plan is text, one line per line of seats from the screen backwards: the row's label, a space, then one
character per place from left to right. An empty line is a walkway.

    A  ww.ssssss
    B  ss.ssssss

    C  pp.pppppp
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from catalog.domain import SeatCategory

MAX_SEATS = 1000
MAX_EXTENT = 100
ROW_LABEL = re.compile(r"[A-Z]{1,2}")
GAP = "."
LETTERS: dict[str, SeatCategory] = {
    "s": SeatCategory.STANDARD,
    "p": SeatCategory.PREMIUM,
    "c": SeatCategory.COUPLE,
    "w": SeatCategory.ACCESSIBLE,
    "k": SeatCategory.COMPANION,
}
_LETTER_OF = {category: letter for letter, category in LETTERS.items()}
_LINE = re.compile(r"(?P<label>[A-Z]{1,2})\s+(?P<cells>\S+)")


@dataclass(frozen=True, slots=True)
class Place:
    """One seat. x counts from the left, y from the screen backwards, both from 1; gaps are aisles.

    accessible: kept for people who use a wheelchair and those with them.
    """

    row: str
    number: int
    x: int
    y: int
    category: str = SeatCategory.STANDARD
    accessible: bool = False

    @property
    def name(self) -> str:
        return f"{self.row}{self.number}"


class BadPlan(ValueError):
    """A plan's text that cannot be read; says which line."""


def faults(places: Sequence[Place]) -> list[tuple[int, str]]:
    """What is wrong with a layout as (index of the place, sentence); empty when nothing is."""
    found: list[tuple[int, str]] = []
    names: set[tuple[str, int]] = set()
    spots: set[tuple[int, int]] = set()
    for index, place in enumerate(places):
        if (place.row, place.number) in names:
            found.append((index, f"There is another seat {place.name}."))
        if (place.x, place.y) in spots:
            found.append((index, f"There is another seat at x {place.x}, y {place.y}."))
        if place.category == SeatCategory.ACCESSIBLE and not place.accessible:
            found.append((index, "A seat of the category accessible is accessible."))
        names.add((place.row, place.number))
        spots.add((place.x, place.y))
    return found


def extent(places: Iterable[Place]) -> tuple[int, int]:
    """(rows, columns): lines and places per line that the plan spans, walkways included."""
    rows = columns = 0
    for place in places:
        rows = max(rows, place.y)
        columns = max(columns, place.x)
    return rows, columns


def categories(places: Iterable[Place]) -> list[str]:
    """The categories there are seats of, in the order of the alphabet."""
    return sorted({str(place.category) for place in places})


def read_plan(text: str) -> list[Place]:
    """The places that a plan's text draws, numbered from 1 in each row, left to right. Raises BadPlan."""
    places: list[Place] = []
    labels: set[str] = set()
    for y, line in enumerate(text.strip("\r\n").splitlines(), start=1):
        if not line.strip():
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None:
            raise BadPlan(f"Line {y} is not a row's label, a space and its seats: {line.strip()[:40]!r}.")
        label = match["label"]
        if label in labels:
            raise BadPlan(f"Line {y}: there is another row {label}.")
        labels.add(label)
        places += _read_line(label, match["cells"], y)
    if not places:
        raise BadPlan("The plan has no seat.")
    if len(places) > MAX_SEATS or max(extent(places)) > MAX_EXTENT:
        raise BadPlan(f"A hall has at most {MAX_SEATS} seats on {MAX_EXTENT} lines of {MAX_EXTENT} places.")
    return places


def _read_line(label: str, cells: str, y: int) -> list[Place]:
    places: list[Place] = []
    for x, letter in enumerate(cells, start=1):
        if letter == GAP:
            continue
        if letter not in LETTERS:
            raise BadPlan(f"Line {y}: {letter!r} is none of {''.join(LETTERS)}{GAP}.")
        category = LETTERS[letter]
        places.append(Place(label, len(places) + 1, x, y, category, accessible=category == SeatCategory.ACCESSIBLE))
    return places


def write_plan(places: Iterable[Place]) -> str:
    """The text that draws these places; empty where a plan's text cannot say them (own numbering, say)."""
    ordered = sorted(places, key=lambda place: (place.y, place.x))
    if not ordered:
        return ""
    lines = [""] * extent(ordered)[0]
    labels: dict[int, str] = {}
    for place in ordered:
        labels.setdefault(place.y, place.row)
        cells = lines[place.y - 1]
        lines[place.y - 1] = cells + GAP * (place.x - 1 - len(cells)) + _LETTER_OF[SeatCategory(place.category)]
    width = max(len(label) for label in labels.values())
    text = "\n".join(f"{labels[y]:<{width}}  {cells}" if cells else "" for y, cells in enumerate(lines, start=1))
    try:
        drawn = read_plan(text)
    except BadPlan:
        return ""
    return text if drawn == ordered else ""
