"""Four houses in three countries, with the halls they have."""

from dataclasses import dataclass, field
from functools import cache

from catalog.layouts import Place, read_plan


def plan(*lines: str) -> str:
    """Lines of a layout's text; a line `A-D cells` stands for four rows alike."""
    drawn: list[str] = []
    for line in lines:
        labels, _, cells = line.partition(" ")
        first, _, last = labels.partition("-")
        rows = range(ord(first), ord(last or first) + 1) if labels else ()
        drawn += [f"{chr(row)} {cells}" for row in rows] or [""]
    return "\n".join(drawn)


GRAND = plan(  # 280 seats
    "A .....ssssssssss.....",
    "B ..ss.ssssssssss.ss..",
    "C-E .sss.ssssssssss.sss.",
    "",
    "F-I ssss.ssssssssss.ssss",
    "J wkss.ssssssssss.sskw",
    "",
    "K-P ssss.pppppppppp.ssss",
    "Q .....cccccccccc.....",
)
LARGE = plan(  # 138 seats
    "A-B ....ssssssss....",
    "C-F sss.ssssssss.sss",
    "G wk..ssssssss..kw",
    "",
    "H-J sss.pppppppp.sss",
    "K .cc.cccccccc.cc.",
)
MEDIUM = plan(
    "A-B ...ssssssss...",
    "C-E ss.ssssssss.ss",
    "",
    "F wk.ssssssss.ss",
    "G-H ss.pppppppp.ss",
)
SMALL = plan("A-C ss.ssssss.ss", "D wk.ssssss.ss", "", "E-F ss.pppppp.ss")
LOUNGE = plan("A pp.pp.pp.pp", "B pp.pp.pp.pp", "", "C cc.cc.cc.cc", "D wk.cc.cc.cc")


@dataclass(frozen=True, slots=True)
class Hall:
    name: str
    plan: str
    formats: tuple[str, ...] = ("2D",)


@cache
def places_of(hall: Hall) -> list[Place]:
    return read_plan(hall.plan)


@dataclass(frozen=True, slots=True)
class House:
    """prices: minor units of a 2D seat in the evening by category; step: what prices are rounded to."""

    name: str
    city: str
    address: str
    time_zone: str
    currency: str
    language: str
    prices: dict[str, int]
    step: int
    halls: tuple[Hall, ...]
    rules: dict[str, object] = field(default_factory=dict)


_DONG = {"standard": 95_000, "premium": 125_000, "couple": 145_000, "accessible": 80_000, "companion": 80_000}
_YEN = {"standard": 1_900, "premium": 2_500, "couple": 2_900, "accessible": 1_000, "companion": 1_000}
_CENT = {"standard": 1_150, "premium": 1_450, "couple": 1_650, "accessible": 900, "companion": 900}

HOUSES = (
    House(
        "Marquee Bến Thành",
        "Ho Chi Minh City",
        "135 Lê Lợi, Quận 1",
        "Asia/Ho_Chi_Minh",
        "VND",
        "vi",
        _DONG,
        5_000,
        (
            Hall("Grand Hall", GRAND, ("2D", "3D", "IMAX")),
            Hall("Hall 2", LARGE, ("2D", "3D")),
            Hall("Hall 3", MEDIUM),
            Hall("Lounge", LOUNGE),
        ),
    ),
    House(
        "Marquee Tây Hồ",
        "Hanoi",
        "28 Thanh Niên, Tây Hồ",
        "Asia/Ho_Chi_Minh",
        "VND",
        "vi",
        _DONG,
        5_000,
        (Hall("Hall 1", LARGE, ("2D", "3D")), Hall("Hall 2", MEDIUM), Hall("Hall 3", SMALL)),
    ),
    House(
        "Marquee Shimokita",
        "Tokyo",
        "2-24-8 Kitazawa, Setagaya-ku",
        "Asia/Tokyo",
        "JPY",
        "ja",
        _YEN,
        100,
        (Hall("Screen 1", LARGE, ("2D", "3D", "IMAX")), Hall("Screen 2", SMALL), Hall("Screen 3", SMALL)),
        {"cancellation_cutoff_minutes": 24 * 60, "cancellation_fee_percent": 50},
    ),
    House(
        "Marquee am Spreebogen",
        "Berlin",
        "Alt-Moabit 98, 10559 Berlin",
        "Europe/Berlin",
        "EUR",
        "de",
        _CENT,
        50,
        (Hall("Saal 1", LARGE, ("2D", "3D")), Hall("Saal 2", MEDIUM), Hall("Kellerkino", SMALL)),
        {"cancellation_cutoff_minutes": 120, "orphan_seat_rule": False},
    ),
)
