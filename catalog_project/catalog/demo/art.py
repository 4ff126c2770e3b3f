"""What is on the posters of the demo films: shapes on a sheet of 100 by 150, from the back to the front."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import cos, pi, sin

Point = tuple[float, float]
WIDE, HIGH = 100, 150


@dataclass(frozen=True, slots=True)
class Disc:
    """An ellipse where `flat` is not 1."""

    x: float
    y: float
    radius: float
    colour: str
    flat: float = 1.0


@dataclass(frozen=True, slots=True)
class Shape:
    points: Sequence[Point]
    colour: str


@dataclass(frozen=True, slots=True)
class Line:
    points: Sequence[Point]
    colour: str
    width: float


@dataclass(frozen=True, slots=True)
class Art:
    """sky: the colours at the top and at the bottom; ink: of the title, which stands at `title`, from the top.

    written: the title, where the letters at hand lack a mark, which is one of the shapes then.
    """

    sky: tuple[str, str]
    shapes: Sequence[Disc | Shape | Line]
    ink: str = "#fbf3e4"
    title: float = 12
    written: str = ""


def box(left: float, top: float, right: float, bottom: float, colour: str) -> Shape:
    return Shape(((left, top), (right, top), (right, bottom), (left, bottom)), colour)


def waves(top: float, colour: str, *, high: float, long: float, shift: float = 0) -> Shape:
    crest = [(x, top + high * sin((x + shift) * 2 * pi / long)) for x in range(0, WIDE + 2, 2)]
    return Shape((*crest, (WIDE, HIGH), (0, HIGH)), colour)


def ridge(heights: Iterable[float], colour: str) -> Shape:
    """Mountains: so high above the lower edge, at equal distances from left to right."""
    peaks = list(heights)
    step = WIDE / (len(peaks) - 1)
    return Shape((*((n * step, HIGH - high) for n, high in enumerate(peaks)), (WIDE, HIGH), (0, HIGH)), colour)


def ring(x: float, y: float, radius: float, count: int) -> list[Point]:
    return [(x + radius * cos(2 * pi * n / count), y + radius * sin(2 * pi * n / count)) for n in range(count)]


def lantern(x: float, y: float, size: float) -> Iterator[Disc | Shape | Line]:
    yield Line(((x, 0), (x, y)), "#2a1436", 0.5)
    for wide, colour in ((1.0, "#c8321f"), (0.72, "#ee6a2c"), (0.4, "#ffd27a")):
        yield Disc(x, y, size * wide, colour, 1.2 / wide**0.8)
    yield box(x - size * 0.45, y - size * 1.35, x + size * 0.45, y - size * 1.1, "#2a1436")
    yield box(x - size * 0.45, y + size * 1.1, x + size * 0.45, y + size * 1.35, "#2a1436")


def house(left: float, top: float, right: float, colour: str, lit: str, *, floors: int) -> Iterator[Shape]:
    yield box(left, top, right, HIGH, colour)
    storey, width = (HIGH - top) / floors, (right - left) / 4
    for floor in range(floors):
        for n in range(3):
            x, y = left + width * (n + 0.75), top + storey * (floor + 0.3)
            if (floor * 3 + n * 5) % 4:
                yield box(x, y, x + width * 0.5, y + storey * 0.45, lit)


def person(x: float, foot: float, size: float, colour: str) -> Iterator[Disc | Shape]:
    yield Disc(x, foot - size * 0.85, size * 0.15, colour)
    yield Shape(
        (
            (x - size * 0.2, foot),
            (x - size * 0.14, foot - size * 0.7),
            (x + size * 0.14, foot - size * 0.7),
            (x + size * 0.2, foot),
        ),
        colour,
    )


ART: Mapping[str, Art] = {
    "The Tide Clock": Art(
        ("#0d2f45", "#f0a35e"),
        (
            Disc(50, 72, 34, "#f7e7c6"),
            Disc(50, 72, 30, "#14384e"),
            Disc(50, 72, 27.5, "#f7e7c6"),
            *(Disc(x, y, 1.3, "#14384e") for x, y in ring(50, 72, 24, 12)),
            Line(((50, 72), (41, 56)), "#14384e", 2.4),
            Line(((50, 72), (67, 63)), "#c2452d", 1.6),
            Disc(50, 72, 2.4, "#14384e"),
            waves(104, "#2f7f8c", high=3.5, long=42),
            waves(115, "#1d5c70", high=3, long=34, shift=15),
            waves(127, "#0d3a50", high=3, long=46, shift=30),
        ),
    ),
    "Lanterns over Thu Bồn": Art(
        ("#1c0f2e", "#8c3b4a"),
        (
            ridge((42, 52, 46, 58, 50, 44, 54), "#2a1436"),
            waves(112, "#4a1f47", high=1.2, long=26),
            *(Disc(x, y, 7, "#d9803f", 0.12) for x, y in ((24, 122), (62, 118), (44, 132), (80, 128), (20, 140))),
            *lantern(24, 66, 11),
            *lantern(62, 54, 15),
            *lantern(86, 78, 8),
            *lantern(43, 88, 7),
            *(
                Line(mark, "#fbf3e4", 0.8)
                for mark in (((59.3, 22.2), (61.2, 20.4), (63.1, 22.2)), ((62.6, 18.2), (64.4, 19.9)))
            ),
        ),
        title=8,
        written="Lanterns over Thu Bon",
    ),
    "Night Freight to Almaty": Art(
        ("#060b1d", "#27406e"),
        (
            *(Disc((n * 37) % 100, (n * 23) % 66, 0.5, "#dfe9ff") for n in range(30)),
            Disc(78, 42, 8, "#f3ead0"),
            ridge((60, 84, 66, 92, 70, 80, 58), "#16264a"),
            ridge((44, 52, 60, 48, 56, 46, 54), "#0d1832"),
            Shape(((44, 102), (56, 102), (98, 150), (2, 150)), "#111a30"),
            *(Line(((50 - 2 * n, 104 + 3.2 * n), (50 + 2 * n, 104 + 3.2 * n)), "#41506f", 1.2) for n in range(2, 15)),
            Line(((47, 102), (20, 150)), "#9fb0d0", 1),
            Line(((53, 102), (80, 150)), "#9fb0d0", 1),
            box(38, 82, 62, 112, "#b23a2e"),
            box(41, 86, 59, 95, "#10182c"),
            box(36, 108, 64, 114, "#10182c"),
            *(Disc(x, 103, 3, "#ffe9a8") for x in (43, 57)),
        ),
    ),
    "The Cartographer's Daughter": Art(
        ("#efe0bd", "#d8bf8a"),
        (
            *(
                Disc(66, 86, radius, colour, 0.8)
                for radius, colour in zip(range(46, 4, -7), ("#dcc795", "#c9d0a0") * 4, strict=False)
            ),
            *(
                Disc(22, 120, radius, colour, 0.7)
                for radius, colour in zip(range(26, 3, -6), ("#a9c6c9", "#bcd5d3") * 3, strict=False)
            ),
            *(Disc(14 + 4.3 * n, 134 - 34 * sin(n / 5.1), 1.1, "#8c2f23") for n in range(13)),
            Line(((60, 76), (72, 88)), "#8c2f23", 2),
            Line(((72, 76), (60, 88)), "#8c2f23", 2),
            *person(16, 140, 22, "#3b2a1c"),
        ),
        ink="#3b2a1c",
    ),
    "Perihelion": Art(
        ("#020308", "#1c0b12"),
        (
            *(Disc((n * 61) % 100, (n * 29) % 90, 0.4, "#cfd8ff") for n in range(40)),
            *(
                Disc(50, 168, radius, colour)
                for radius, colour in (
                    (74, "#4a1208"),
                    (66, "#8f2409"),
                    (58, "#d6530e"),
                    (50, "#f59422"),
                    (42, "#ffd266"),
                )
            ),
            Shape(((18, 62), (82, 50), (84, 55), (20, 67)), "#dfe6f2"),
            Shape(((20, 67), (84, 55), (70, 110), (42, 114)), "#3a2230"),
            Line(((50, 58), (52, 36)), "#8b96aa", 1),
            Disc(52, 36, 2, "#ff6b4a"),
        ),
        title=8,
    ),
    "Grandmother Plays Drums": Art(
        ("#ffcf3f", "#ff7a59"),
        (
            *(Shape(((50, 100), *ring(50, 100, 120, 36)[n : n + 2]), "#ffe08a") for n in range(0, 36, 2)),
            Line(((18, 70), (18, 136)), "#3a2334", 1.2),
            Line(((82, 66), (82, 136)), "#3a2334", 1.2),
            Disc(18, 70, 16, "#f7f0dc", 0.22),
            Disc(82, 66, 16, "#f7f0dc", 0.22),
            Disc(50, 116, 27, "#3a2334"),
            Disc(50, 116, 23, "#f7f0dc"),
            Disc(50, 116, 6, "#d1345b"),
            *(box(x - 13, 84, x + 13, 102, "#d1345b") for x in (32, 68)),
            *(Disc(x, 84, 13, "#f7f0dc", 0.3) for x in (32, 68)),
            Line(((34, 82), (14, 50)), "#6b4226", 1.8),
            Line(((66, 82), (88, 48)), "#6b4226", 1.8),
        ),
        ink="#3a2334",
        title=10,
    ),
    "Eine Wohnung in Moabit": Art(
        ("#f4d9c6", "#e9b8a0"),
        (
            box(50, 0, 100, 150, "#7fb3b0"),
            *house(12, 62, 88, "#b5563f", "#ffe3a3", floors=5),
            box(49.4, 62, 50.6, 150, "#f4e8d8"),
            Shape(((8, 62), (50, 44), (92, 62)), "#5a2b22"),
            *(box(x, 132, x + 8, 150, colour) for x, colour in ((41, "#2f6f6c"), (51, "#e8c15a"))),
        ),
        ink="#3f2019",
        title=8,
    ),
    "The Paper Fox": Art(
        ("#22506b", "#7fb8b5"),
        (
            *(
                Line((((n * 29) % 104, (n * 41) % 140), ((n * 29) % 104 - 3, (n * 41) % 140 + 9)), "#a9d3d4", 0.5)
                for n in range(46)
            ),
            Disc(50, 136, 34, "#1c3f55", 0.16),
            Shape(((22, 58), (36, 76), (24, 90)), "#c9501e"),
            Shape(((78, 58), (64, 76), (76, 90)), "#e46a2b"),
            Shape(((36, 76), (64, 76), (50, 110)), "#f58a45"),
            Shape(((36, 76), (24, 90), (50, 110)), "#f2ede2"),
            Shape(((64, 76), (76, 90), (50, 110)), "#ded6c6"),
            Shape(((50, 110), (45, 101), (55, 101)), "#2b1d1a"),
            Shape(((40, 103), (60, 103), (72, 136), (30, 136)), "#d9601f"),
            Shape(((60, 103), (72, 136), (90, 112)), "#f08a4b"),
            Shape(((90, 112), (82, 120), (94, 101)), "#f7f0e4"),
            *(Disc(x, 85, 1.6, "#2b1d1a") for x in (41, 59)),
        ),
    ),
    "Salt Road": Art(
        ("#7a3b2e", "#f1c98b"),
        (
            Disc(70, 62, 15, "#fbe7b6"),
            ridge((54, 74, 62, 90, 70, 84, 60), "#b9765a"),
            *(
                Shape(((x, HIGH - high), (x - 6, HIGH - high + 10), (x + 6, HIGH - high + 10)), "#fdf6ea")
                for x, high in ((50, 90), (83.3, 84), (16.7, 74))
            ),
            ridge((40, 48, 38, 50, 44, 52, 42), "#e7b87c"),
            ridge((22, 26, 34, 28, 22, 30, 24), "#f8ecd4"),
            *(part for n in range(6) for part in person(14 + 13 * n, 128 - 3 * (n % 3), 9 + n % 2, "#3a1d18")),
        ),
    ),
    "What the Cellar Keeps": Art(
        ("#12060a", "#3c0d16"),
        (
            *(
                Shape(((left, 150), (left, 74), (left + 25, 50), (left + 50, 74), (left + 50, 150)), "#1f0a10")
                for left in (0, 50)
            ),
            *(Disc(18 + 32 * n, y, 15, "#4b2a1c") for y in (134, 106) for n in range(3)),
            *(Disc(18 + 32 * n, y, 12.4, "#6d4128") for y in (134, 106) for n in range(3)),
            *(Line(((8 + 32 * n, y), (28 + 32 * n, y)), "#3a2016", 0.8) for y in (134, 106) for n in range(3)),
            *(
                Disc(50, 79, radius, colour)
                for radius, colour in ((19, "#6b1414"), (15, "#a32017"), (12.4, "#e2511f"), (5, "#ffc067"))
            ),
        ),
    ),
    "Second Platform, Shimokitazawa": Art(
        ("#432a63", "#f2936b"),
        (
            Disc(50, 84, 26, "#ffd9a0"),
            *house(0, 74, 18, "#2c1c45", "#ffce7a", floors=6),
            *house(82, 66, 100, "#2c1c45", "#ffce7a", floors=7),
            Line(((0, 62), (100, 58)), "#1d1230", 0.6),
            box(8, 98, 100, 124, "#e9e4da"),
            box(8, 114, 100, 117, "#2f8f83"),
            *(box(x, 102, x + 10, 111, "#35506b") for x in range(13, 96, 15)),
            box(0, 128, 100, 150, "#1d1230"),
            box(0, 128, 100, 130, "#f0c94a"),
            *person(30, 146, 24, "#f7ead6"),
            *person(72, 146, 24, "#d7587a"),
        ),
        title=6,
    ),
    "Goal in the Ninety-First": Art(
        ("#bfe3f0", "#f6f2cf"),
        (
            ridge((58, 64, 56, 70, 62, 66, 58), "#7aa984"),
            *(box(0, 92 + 10 * n, 100, 102 + 10 * n, "#3f9a4d" if n % 2 else "#4fae58") for n in range(6)),
            *(Line(((20 + 6 * n, 64), (20 + 6 * n, 104)), "#ffffff", 0.4) for n in range(11)),
            *(Line(((20, 64 + 6 * n), (80, 64 + 6 * n)), "#ffffff", 0.4) for n in range(7)),
            *(Line(line, "#ffffff", 2) for line in (((20, 105), (20, 64), (80, 64), (80, 105)),)),
            *person(50, 106, 26, "#1d1d26"),
            Disc(68, 128, 9, "#ffffff"),
            *(Disc(x, y, 2, "#22252e") for x, y in ((68, 128), *ring(68, 128, 6.4, 5))),
        ),
        ink="#1c3a28",
    ),
    "Signal from the Ninth Floor": Art(
        ("#0c1412", "#2f4a40"),
        (
            *(box(24, 52, 76, y, "#7bd08a") for y in (58,)),
            *(Disc(50, 55, radius, colour, 0.5) for radius, colour in ((44, "#16241f"), (36, "#20382f"))),
            box(26, 62, 74, 150, "#0a100e"),
            *(
                box(31 + 14.5 * n, 67 + 10.4 * floor, 40 + 14.5 * n, 73 + 10.4 * floor, "#1d2b26")
                for floor in range(8)
                for n in range(3)
            ),
            box(26, 50, 74, 60, "#9df0a8"),
            *(box(x, 51.5, x + 9, 58.5, "#eafff0") for x in (31, 45.5, 60)),
            *person(50, 59, 8, "#0a100e"),
        ),
        title=10,
    ),
    "The Understudies": Art(
        ("#2a0710", "#5b0f1f"),
        (
            Shape(((50, 42), (16, 132), (84, 132)), "#a8732f"),
            Shape(((50, 42), (26, 132), (74, 132)), "#f2c766"),
            box(0, 128, 100, 150, "#1d0409"),
            Disc(50, 132, 30, "#fbe3a0", 0.2),
            *(
                Shape(
                    ((x, 0), (x + 6, 0), (x + 4.5 if x < 50 else x + 7.5, 130), (x - 1.5 if x < 50 else x + 1.5, 130)),
                    "#8e1527" if (x // 6) % 2 else "#b01f35",
                )
                for x in (0, 6, 12, 18, 76, 82, 88, 94)
            ),
            *(part for x in (38, 50, 62) for part in person(x, 133, 20, "#240509")),
        ),
    ),
}
