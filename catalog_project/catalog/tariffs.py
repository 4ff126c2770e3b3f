"""What tickets cost: ticket types, price lists and their rules. Pure: plain values in, plain values out.

Amounts are minor units of the theater's currency. A price is what the list says for its ticket type and seat category,
changed by each rule that holds, one after the other and exactly. It is rounded once, at the end: to the nearest
multiple of the list's round_to, half to the even one, never below zero and never above LARGEST_PRICE.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction

from catalog.domain import SeatCategory, ShowtimeFormat
from chassis.money import LARGEST_PRICE, Money, format_money, is_price

CODE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CATEGORIES = [category.value for category in SeatCategory]
FORMATS = [format_.value for format_ in ShowtimeFormat]
PER = ("ticket", "booking")

MOST_TYPES, MOST_LISTS, MOST_HOLIDAYS = 20, 200, 100  # of a theater
MOST_RULES, MOST_FEES, MOST_EARLY = 40, 10, 5  # of a list
LONGEST_CODE, LONGEST_NAME = 30, 60
LOWEST_PERCENT, HIGHEST_PERCENT = -100, 1000
EARLIEST_DAYS = 365
COARSEST = 1_000_000
WHOLE = 10_000  # basis points: 100 %


@dataclass(frozen=True, slots=True)
class TicketType:
    """Whom a ticket is for. hint: whom exactly; hints: the same in other languages, by their tags. online: customers
    buy it themselves. default: what is bought where no type is named. accompanied: sold only beside a ticket of a type
    that is not.
    """

    code: str
    name: str
    hint: str = ""
    hints: dict[str, str] = field(default_factory=dict)
    online: bool = True
    default: bool = False
    accompanied: bool = False


# What a theater sells that has no ticket types of its own.
STANDARD = TicketType(code="standard", name="Standard", default=True)


@dataclass(frozen=True, slots=True)
class Rule:
    """A change of prices: by an amount in minor units or by so many percent, one of the two.

    It holds for showtimes of these weekdays and formats, that start from from_time until before until_time by the
    theater's clock, on its holidays (True) or on other days (False), and for these ticket types and categories; empty
    or None: for all. Hours may cross midnight: then what starts after it is of the day before, weekday and holiday too.
    """

    name: str
    amount: int | None = None
    percent: int | None = None
    weekdays: tuple[str, ...] = ()
    from_time: str = ""
    until_time: str = ""
    holiday: bool | None = None
    formats: tuple[str, ...] = ()
    ticket_types: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fee:
    """What is paid beside the prices, for each ticket or once a booking; amount in minor units."""

    code: str
    name: str
    per: str
    amount: int


@dataclass(frozen=True, slots=True)
class ListedFee(Fee):
    """formats: of showtimes that it is of; empty: of all."""

    formats: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Early:
    """Bought at least so many of the theater's days before that of the start: so many percent less."""

    days_before: int
    percent: int


@dataclass(frozen=True, slots=True)
class PriceList:
    """prices: minor units by ticket type and seat category. The order of the rules is the one they are applied in."""

    prices: dict[str, dict[str, int]]
    rules: tuple[Rule, ...] = ()
    fees: tuple[ListedFee, ...] = ()
    early: tuple[Early, ...] = ()
    round_to: int = 1


@dataclass(frozen=True, slots=True)
class Facts:
    """Of a showtime, what its prices depend on. starts_at: by the theater's clock."""

    starts_at: datetime
    format: str
    holidays: Collection[date] = ()


@dataclass(frozen=True, slots=True)
class Tax:
    """included: prices hold it; else it comes on top. ticket, fee: rates in basis points, 500 is 5 %."""

    included: bool = True
    ticket: int = 0
    fee: int = 0


@dataclass(frozen=True, slots=True)
class Seller:
    name: str
    address: str
    tax_number: str


@dataclass(frozen=True, slots=True)
class Tariff:
    """What a showtime is sold at, as it is told. A type without prices is left out: it is not sold."""

    ticket_types: list[TicketType]
    prices: dict[str, dict[str, int]]
    fees: list[Fee]
    early: list[Early]
    tax: Tax
    seller: Seller | None


Prices = Mapping[str, Mapping[str, int]]


def tariff(
    *,
    types: Sequence[TicketType],
    prices: Prices,
    tax: Tax,
    seller: Seller | None,
    fees: Sequence[Fee] = (),
    early: Sequence[Early] = (),
) -> Tariff:
    """Types as they are ordered, prices in their order and that of the categories, early by days."""
    sold = [type_ for type_ in types if prices.get(type_.code)]
    return Tariff(
        ticket_types=sold,
        prices={type_.code: in_order(prices[type_.code]) for type_ in sold},
        fees=list(fees),
        early=sorted(early, key=lambda step: step.days_before),
        tax=tax,
        seller=seller,
    )


def in_order(amounts: Mapping[str, int]) -> dict[str, int]:
    return {category: amounts[category] for category in CATEGORIES if category in amounts}


def resolve(price_list: PriceList, facts: Facts) -> dict[str, dict[str, int]]:
    """The prices of a showtime, by ticket type and category."""
    rules = holding(price_list.rules, facts)
    return {
        code: {
            category: _price(amount, rules, (code, category), price_list.round_to) for category, amount in row.items()
        }
        for code, row in price_list.prices.items()
    }


def fees_of(price_list: PriceList, format_: str) -> list[Fee]:
    """The fees of a showtime of that format."""
    return [
        Fee(fee.code, fee.name, fee.per, fee.amount)
        for fee in price_list.fees
        if not fee.formats or format_ in fee.formats
    ]


def holding(rules: Sequence[Rule], facts: Facts) -> list[Rule]:
    """Those that hold for a showtime, in their order."""
    return [rule for rule in rules if _holds(rule, facts)]


def _holds(rule: Rule, facts: Facts) -> bool:
    day, clock = facts.starts_at.date(), f"{facts.starts_at:%H:%M}"
    if rule.from_time:
        after_midnight = rule.until_time < rule.from_time and clock < rule.until_time
        if not (after_midnight or _begins_within(rule, clock)):
            return False
        if after_midnight:
            day -= timedelta(days=1)
    return (
        (not rule.weekdays or WEEKDAYS[day.weekday()] in rule.weekdays)
        and (rule.holiday is None or rule.holiday == (day in facts.holidays))
        and (not rule.formats or facts.format in rule.formats)
    )


def _begins_within(rule: Rule, clock: str) -> bool:
    return rule.from_time <= clock and (clock < rule.until_time or rule.until_time < rule.from_time)


def _price(base: int, rules: Sequence[Rule], cell: tuple[str, str], round_to: int) -> int:
    price = Fraction(base)
    for rule in rules:
        if _touches(rule, *cell):
            price = price + rule.amount if rule.amount is not None else price * Fraction(100 + (rule.percent or 0), 100)
    return min(max(round(price / round_to) * round_to, 0), LARGEST_PRICE)


def _touches(rule: Rule, code: str, category: str) -> bool:
    return (not rule.ticket_types or code in rule.ticket_types) and (not rule.categories or category in rule.categories)


def uncovered(prices: Prices, default: str, categories: Collection[str]) -> list[str]:
    """The seat categories that the default type has no price in."""
    return sorted(set(categories) - set(prices.get(default, {})))


def faults(price_list: PriceList, types: Sequence[TicketType]) -> dict[str, str]:
    """What is wrong with a list for a theater that sells these types: pointer → sentence. Empty when nothing is."""
    codes = {type_.code for type_ in types}
    found: dict[str, str] = {}
    if not 1 <= price_list.round_to <= COARSEST:
        found["round_to"] = f"From 1 to {COARSEST} minor units."
    for name, entries, most in (
        ("rules", price_list.rules, MOST_RULES),
        ("fees", price_list.fees, MOST_FEES),
        ("early", price_list.early, MOST_EARLY),
    ):
        if len(entries) > most:
            found[name] = f"A price list has {most} of them at most."
    found |= dict(_of_prices(price_list.prices, types))
    rules = enumerate(price_list.rules)
    found |= {f"rules/{n}": why for n, rule in rules if (why := _of_rule(rule, price_list, codes))}
    found |= dict(_of_fees(price_list.fees))
    found |= dict(_of_early(price_list.early))
    return found


def _of_prices(prices: Prices, types: Sequence[TicketType]) -> Iterator[tuple[str, str]]:
    codes = {type_.code for type_ in types}
    if not codes:
        yield "prices", "The theater has no ticket types yet; a price list is of those."
        return
    for code, row in prices.items():
        if code not in codes:
            yield f"prices/{code}", "The theater has no such ticket type."
        for category, amount in row.items():
            if category not in CATEGORIES:
                yield f"prices/{code}/{category}", "There is no such seat category."
            elif not is_price(amount):
                yield f"prices/{code}/{category}", f"A price is from 0 to {LARGEST_PRICE} minor units."
    default = next(type_ for type_ in types if type_.default)
    missing = uncovered(prices, default.code, {category for row in prices.values() for category in row})
    if missing or not prices.get(default.code):
        where = f": {', '.join(missing)}" if missing else ""
        yield f"prices/{default.code}", f"The default type has a price wherever another one has{where}."


def _of_rule(rule: Rule, price_list: PriceList, codes: Collection[str]) -> str:
    """A sentence, or none."""
    unknown = _unknown(rule, codes)
    if unknown:
        return f"There is no {', '.join(unknown)}."
    if bool(rule.from_time) != bool(rule.until_time):
        return "Hours have a beginning and an end."
    if rule.from_time and (rule.from_time == rule.until_time or not _are_clocks(rule.from_time, rule.until_time)):
        return "Hours are two different times such as 22:00 and 02:00."
    if (rule.amount is None) == (rule.percent is None):
        return "A rule changes prices by an amount or by percent: one of the two."
    if not (rule.amount or rule.percent):
        return "A rule that changes nothing has no effect."
    if rule.percent is not None and not LOWEST_PERCENT <= rule.percent <= HIGHEST_PERCENT:
        return f"Percent are from {LOWEST_PERCENT} to {HIGHEST_PERCENT}."
    if rule.amount is not None and abs(rule.amount) > LARGEST_PRICE:
        return f"An amount is {LARGEST_PRICE} minor units at most."
    if not any(_touches(rule, code, category) for code, row in price_list.prices.items() for category in row):
        return "The rule has no effect: none of its ticket types has a price in one of its categories."
    return ""


def _are_clocks(*texts: str) -> bool:
    return all(CLOCK.fullmatch(text) for text in texts)


def _unknown(rule: Rule, codes: Collection[str]) -> list[str]:
    known: list[tuple[Collection[str], Collection[str]]] = [
        (rule.weekdays, WEEKDAYS),
        (rule.formats, FORMATS),
        (rule.ticket_types, codes),
        (rule.categories, CATEGORIES),
    ]
    return [name for named, all_ in known for name in named if name not in all_]


def _of_fees(fees: Sequence[ListedFee]) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for n, fee in enumerate(fees):
        if not CODE.fullmatch(fee.code) or len(fee.code) > LONGEST_CODE:
            yield f"fees/{n}/code", "A code is lower case letters, digits and hyphens."
        elif fee.code in seen:
            yield f"fees/{n}/code", "Another fee of the list has this code."
        if fee.per not in PER or set(fee.formats) - set(FORMATS):
            yield f"fees/{n}", "A fee is per ticket or per booking, of formats that there are."
        if not 1 <= fee.amount <= LARGEST_PRICE:
            yield f"fees/{n}/amount", f"A fee is from 1 to {LARGEST_PRICE} minor units."
        seen.add(fee.code)


def _of_early(early: Sequence[Early]) -> Iterator[tuple[str, str]]:
    seen: set[int] = set()
    for n, step in enumerate(early):
        if step.days_before in seen:
            yield f"early/{n}/days_before", "Another discount is for as many days."
        if not 1 <= step.days_before <= EARLIEST_DAYS:
            yield f"early/{n}/days_before", f"From 1 to {EARLIEST_DAYS} days."
        if not 1 <= step.percent <= 100:
            yield f"early/{n}/percent", "From 1 to 100 percent."
        seen.add(step.days_before)


def rule_in_words(rule: Rule, currency: str) -> str:
    """For staff: Matinee: mon, tue, 10:00-13:00, 3D, child, standard: -20 %."""
    days = {True: ["holidays"], False: ["no holidays"], None: []}[rule.holiday]
    hours = [f"{rule.from_time}-{rule.until_time}"] if rule.from_time else []
    when = [*rule.weekdays, *days, *hours, *rule.formats, *rule.ticket_types, *rule.categories]
    if rule.amount is None:
        change = f"{rule.percent:+d} %"
    else:
        change = f"{'+' * (rule.amount > 0)}{_money(rule.amount, currency)}"
    return f"{rule.name}: {', '.join(when) or 'always'}: {change}"


def fee_in_words(fee: Fee, currency: str) -> str:
    """For staff: 3D glasses: 20,000 VND per ticket."""
    return f"{fee.name}: {_money(fee.amount, currency)} per {fee.per}"


def early_in_words(step: Early) -> str:
    return f"{step.days_before} days before: -{step.percent} %"


def _money(amount: int, currency: str) -> str:
    return format_money(Money(amount, currency))
