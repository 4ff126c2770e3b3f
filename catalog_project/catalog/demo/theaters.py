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
class Prices:
    """adult: minor units of a 2D seat in the evening by category; step: what prices are rounded to. types: by code what
    the ticket types are called, whom they are for, and that in other languages. glasses: what they are called, and
    cost. tax: on tickets and on fees, in basis points, included. seller: a name, and a tax number.
    """

    adult: dict[str, int]
    step: int
    types: dict[str, tuple[str, str, dict[str, str]]]
    glasses: tuple[str, int]
    tax: tuple[int, int]
    seller: tuple[str, str]


@dataclass(frozen=True, slots=True)
class House:
    name: str
    city: str
    address: str
    time_zone: str
    currency: str
    language: str
    prices: Prices
    halls: tuple[Hall, ...]
    rules: dict[str, object] = field(default_factory=dict)


_DONG = Prices(
    {"standard": 95_000, "premium": 125_000, "couple": 145_000, "accessible": 80_000, "companion": 80_000},
    5_000,
    {
        "adult": ("Người lớn", "", {}),
        "child": ("Trẻ em", "dưới 12 tuổi", {"en": "under 12", "de": "unter 12 Jahren", "ja": "12歳未満"}),
        "student": ("Học sinh, sinh viên", "có thẻ", {"en": "with a card", "de": "mit Ausweis", "ja": "学生証"}),
        "senior": ("Người cao tuổi", "từ 60 tuổi", {"en": "from 60", "de": "ab 60 Jahren", "ja": "60歳以上"}),
        "member": (
            "Thành viên",
            "có thẻ thành viên",
            {"en": "with a member's card", "de": "mit Mitgliedskarte", "ja": "会員証"},
        ),
        "companion": (
            "Người đi cùng",
            "đi cùng người khuyết tật",
            {"en": "with a disabled visitor", "de": "eines Gasts mit Behinderung", "ja": "障害のある方の付き添い"},
        ),
    },
    ("Kính 3D", 20_000),
    (500, 1_000),
    ("Marquee Việt Nam Co. Ltd", "0312345678"),
)
_YEN = Prices(
    {"standard": 1_900, "premium": 2_500, "couple": 2_900, "accessible": 1_000, "companion": 1_000},
    100,
    {
        "adult": ("一般", "", {}),
        "child": (
            "小人",
            "3歳から小学生",
            {"en": "3 to 12", "vi": "từ 3 tuổi đến hết tiểu học", "de": "von 3 bis 12 Jahren"},
        ),
        "student": ("学生", "学生証", {"en": "with a card", "vi": "có thẻ", "de": "mit Ausweis"}),
        "senior": ("シニア", "60歳以上", {"en": "from 60", "vi": "từ 60 tuổi", "de": "ab 60 Jahren"}),
        "member": (
            "会員",
            "会員証",
            {"en": "with a member's card", "vi": "có thẻ thành viên", "de": "mit Mitgliedskarte"},
        ),
        "companion": (
            "付き添い",
            "障害者手帳をお持ちの方の付き添い",
            {"en": "with a disabled visitor", "vi": "đi cùng người khuyết tật", "de": "eines Gasts mit Behinderung"},
        ),
    },
    ("3Dメガネ", 100),
    (1_000, 1_000),
    ("Marquee Japan K.K.", "T1234567890123"),
)
_CENT = Prices(
    {"standard": 1_150, "premium": 1_450, "couple": 1_650, "accessible": 900, "companion": 900},
    50,
    {
        "adult": ("Erwachsene", "", {}),
        "child": ("Kinder", "bis 12 Jahre", {"en": "up to 12", "vi": "đến 12 tuổi", "ja": "12歳以下"}),
        "student": ("Studierende", "mit Ausweis", {"en": "with a card", "vi": "có thẻ", "ja": "学生証"}),
        "senior": ("Senioren", "ab 65 Jahren", {"en": "from 65", "vi": "từ 65 tuổi", "ja": "65歳以上"}),
        "member": ("Mitglieder", "mit Karte", {"en": "with a card", "vi": "có thẻ thành viên", "ja": "会員証"}),
        "companion": (
            "Begleitung",
            "Merkzeichen B",
            {"en": "mark B in the card", "vi": "thẻ khuyết tật có chữ B", "ja": "障害者証明書に「B」の記載"},
        ),
    },
    ("3D-Brille", 100),
    (700, 1_900),
    ("Marquee Deutschland GmbH", "DE123456789"),
)

HOUSES = (
    House(
        "Marquee Bến Thành",
        "Ho Chi Minh City",
        "135 Lê Lợi, Quận 1",
        "Asia/Ho_Chi_Minh",
        "VND",
        "vi",
        _DONG,
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
        (Hall("Saal 1", LARGE, ("2D", "3D")), Hall("Saal 2", MEDIUM), Hall("Kellerkino", SMALL)),
        {"cancellation_cutoff_minutes": 120, "orphan_seat_rule": False},
    ),
)
