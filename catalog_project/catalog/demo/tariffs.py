"""What the demo's houses sell, and for how much."""

from catalog.demo.theaters import House
from catalog.tariffs import WEEKDAYS, Early, ListedFee, PriceList, Rule, TicketType

# Of what an adult pays, in percent. Companions of people who need one get in for nothing.
SHARES = {"adult": 100, "child": 70, "student": 80, "senior": 80, "member": 90, "companion": 0}
RULES = (
    Rule("3D", percent=20, formats=("3D",)),
    Rule("IMAX", percent=50, formats=("IMAX",)),
    Rule("Matinee", percent=-20, weekdays=WEEKDAYS[:5], from_time="10:00", until_time="13:00"),
)


def types_of(house: House) -> list[TicketType]:
    """In their order; children and companions come with somebody, who is a companion is seen at the desk."""
    return [
        TicketType(
            code=code,
            name=name,
            hint=hint,
            hints=hints,
            online=code != "companion",
            default=code == "adult",
            accompanied=code in ("child", "companion"),
        )
        for code, (name, hint, hints) in house.prices.types.items()
    ]


def list_of(house: House) -> PriceList:
    prices = house.prices
    return PriceList(
        prices={
            code: {category: amount * share // 100 for category, amount in prices.adult.items()}
            for code, share in SHARES.items()
        },
        rules=RULES,
        fees=(ListedFee("glasses", prices.glasses[0], "ticket", prices.glasses[1], ("3D",)),),
        early=(Early(days_before=10, percent=10),),
        round_to=prices.step,
    )
