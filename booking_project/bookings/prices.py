"""What a booking costs, line by line. Plain values in, lines out; no Django.

Amounts are minor units of the showtime's currency, rates of tax basis points: 500 is 5 %. Where the tariff's prices
include the tax they are gross, and else net. Docs: adr/0082-what-is-sold-is-kept-line-by-line.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec import Meta

from chassis.money import LARGEST_PRICE, allot

Amount = Annotated[int, Meta(ge=0, le=LARGEST_PRICE)]
Percent = Annotated[int, Meta(ge=0, le=100)]
BasisPoints = Annotated[int, Meta(ge=0, le=10_000)]
_WHOLE = 10_000


@dataclass(frozen=True, slots=True)
class TicketType:
    """Whom a ticket is for. hint: whom exactly, for the customer; hints: the same in other languages, by their tags.

    online: sold to anybody, and else by staff alone. accompanied: only in a booking that has a ticket of a type that
    is not.
    """

    code: str
    name: str
    hint: str = ""
    hints: dict[str, str] = field(default_factory=dict)
    online: bool = True
    default: bool = False
    accompanied: bool = False


@dataclass(frozen=True, slots=True)
class Fee:
    """What each ticket costs more, or the booking."""

    code: str
    name: str
    per: Literal["ticket", "booking"]
    amount: Amount


@dataclass(frozen=True, slots=True)
class Early:
    """So much off the price of each ticket that is bought so many of the theater's days before the day of the start."""

    days_before: Annotated[int, Meta(ge=0)]
    percent: Percent

    @property
    def name(self) -> str:
        return f"{self.days_before} {'day' if self.days_before == 1 else 'days'} before"


@dataclass(frozen=True, slots=True)
class Tax:
    """included: in the prices, and else on top of them. ticket, fee: the rates."""

    included: bool = True
    ticket: BasisPoints = 0
    fee: BasisPoints = 0


# What is sold where there is no tariff, and what was before there were any.
STANDARD = TicketType(code="standard", name="Standard", default=True)


@dataclass(frozen=True, slots=True)
class Tariff:
    """What a showtime's tickets cost, as catalog tells it. prices: by code of the type, by category of the seat.

    A category that a type has no price in is not sold to it. seller: who sells, as receipts name them.
    """

    ticket_types: Annotated[tuple[TicketType, ...], Meta(min_length=1)]
    prices: dict[str, dict[str, Amount]]
    fees: tuple[Fee, ...] = ()
    early: tuple[Early, ...] = ()
    tax: Tax = Tax()
    seller: dict[str, Any] | None = None

    @property
    def default(self) -> TicketType:
        """What somebody buys who names no type."""
        return next((each for each in self.ticket_types if each.default), self.ticket_types[0])

    def type_of(self, code: str) -> TicketType | None:
        return next((each for each in self.ticket_types if each.code == code), None)

    def price_of(self, code: str, category: str) -> int | None:
        """As the list has it; None: not sold so."""
        return self.prices.get(code, {}).get(category)

    def early_at(self, days_before: int) -> Early | None:
        """What holds so many days before: that of the most days that fit."""
        fitting = [each for each in self.early if each.days_before <= days_before]
        return max(fitting, key=lambda each: each.days_before, default=None)


def plain(prices: Mapping[str, int]) -> Tariff:
    """The tariff of a showtime that has none. prices: by category."""
    return Tariff(ticket_types=(STANDARD,), prices={STANDARD.code: dict(prices)})


def days_before(starts_at: datetime, now: datetime, time_zone: str) -> int:
    """How many of the theater's days the day of the start is away; negative once that day is over."""
    zone = ZoneInfo(time_zone)
    return (starts_at.astimezone(zone).date() - now.astimezone(zone).date()).days


class Kind(StrEnum):
    TICKET = "ticket"
    DISCOUNT = "discount"
    FEE = "fee"


@dataclass(frozen=True, slots=True)
class Line:
    """net + tax = gross; all three are below zero in a discount. seat_id: None where it is the booking's as a whole."""

    kind: Kind
    code: str
    name: str
    seat_id: UUID | None
    net: int
    tax: int
    gross: int
    rate: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """A seat, and the code of the type of ticket that it is wanted for."""

    seat_id: UUID
    category: str
    ticket_type: str


class Off(StrEnum):
    """What the value of a discount is: percent of each ticket, minor units in all, or a number of tickets."""

    PERCENT = "percent"
    AMOUNT = "amount"
    TICKETS = "tickets"


@dataclass(frozen=True, slots=True)
class Discount:
    """Of a code that its customer has. ticket_types: the codes of those that it concerns; none named: all.

    It comes off the prices of tickets, after what buying early takes off, and never off fees. Of whole tickets it is
    the dearest that are free.
    """

    code: str
    name: str
    off: Off
    value: int
    ticket_types: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Bill:
    """What a booking costs. Lines go by seat, as they were wanted, then those of the booking.

    prices: of each seat, the gross of the lines that name it. total: the gross of all.
    """

    lines: tuple[Line, ...]
    prices: Mapping[UUID, int]
    total: int


def bill(tariff: Tariff, wanted: Sequence[Wanted], *, days_before: int, discount: Discount | None = None) -> Bill:
    """The same for the same; neither a seat's price nor the total is ever negative.

    days_before: as of days_before(). Raises KeyError for what has no price; objection() says so before.
    """
    tickets = [_Ticket(tariff, each) for each in wanted]
    early = tariff.early_at(days_before)
    if early is not None:
        for ticket in tickets:
            ticket.take_off(_percent_of(ticket.price, early.percent), code="early", name=early.name)
    if discount is not None:
        _apply(discount, tickets)
    lines: list[Line] = []
    prices: dict[UUID, int] = {}
    for ticket in tickets:
        seat_id = ticket.wanted.seat_id
        its = [*ticket.lines, *_fees(tariff, "ticket", seat_id)]
        prices[seat_id] = sum(line.gross for line in its)
        lines += its
    lines += _fees(tariff, "booking", None)
    return Bill(tuple(lines), prices, sum(line.gross for line in lines))


def price(tariff: Tariff, code: str, category: str, *, days_before: int) -> int:
    """What a seat of that category costs that type, with all that comes with a ticket. Raises KeyError, as bill()."""
    seat_id = UUID(int=0)
    return bill(tariff, [Wanted(seat_id, category, code)], days_before=days_before).prices[seat_id]


def shown(tariff: Tariff, category: str, *, days_before: int) -> int:
    """What a seat costs who names no type; where that type is not sold, the least of what is, online if anything is.

    Raises ValueError for a category that nobody is sold.
    """
    sold = [each for each in tariff.ticket_types if tariff.price_of(each.code, category) is not None]
    if tariff.default in sold:
        sold = [tariff.default]
    fitting = [each for each in sold if each.online] or sold
    return min(price(tariff, each.code, category, days_before=days_before) for each in fitting)


class _Ticket:
    """A ticket while it is reckoned: its lines so far, and what is left of its price and of the tax of that."""

    def __init__(self, tariff: Tariff, wanted: Wanted) -> None:
        self.wanted = wanted
        self.price = tariff.prices[wanted.ticket_type][wanted.category]
        ticket_type = tariff.type_of(wanted.ticket_type)
        if ticket_type is None:
            raise KeyError(wanted.ticket_type)
        self._tax = tariff.tax
        net, self.tax, gross = _parts(self.price, tariff.tax.ticket, included=tariff.tax.included)
        self.lines = [
            Line(
                Kind.TICKET,
                ticket_type.code,
                ticket_type.name,
                wanted.seat_id,
                net,
                self.tax,
                gross,
                tariff.tax.ticket,
            )
        ]

    def take_off(self, off: int, *, code: str, name: str) -> None:
        """Takes so much off what is left of the price. Of a ticket that costs nothing no tax is left either."""
        off = min(off, self.price)
        if off <= 0:
            return
        rate, included = self._tax.ticket, self._tax.included
        # Two discounts, each rounded by itself, may come to more tax than there is.
        tax = self.tax if off == self.price else min(_tax_of(off, rate, included=included), self.tax)
        net, gross = (off - tax, off) if included else (off, off + tax)
        self.price -= off
        self.tax -= tax
        self.lines.append(Line(Kind.DISCOUNT, code, name, self.wanted.seat_id, -net, -tax, -gross, rate))


def _apply(discount: Discount, tickets: Sequence[_Ticket]) -> None:
    its = [each for each in tickets if not discount.ticket_types or each.wanted.ticket_type in discount.ticket_types]
    match discount.off:
        case Off.PERCENT:
            offs = [_percent_of(ticket.price, discount.value) for ticket in its]
        case Off.AMOUNT:
            offs = allot(discount.value, [ticket.price for ticket in its])
        case Off.TICKETS:
            its = sorted(its, key=lambda ticket: -ticket.price)[: discount.value]
            offs = [ticket.price for ticket in its]
    for ticket, off in zip(its, offs, strict=True):
        ticket.take_off(off, code=discount.code, name=discount.name)


def _fees(tariff: Tariff, per: str, seat_id: UUID | None) -> list[Line]:
    rate, included = tariff.tax.fee, tariff.tax.included
    return [
        Line(Kind.FEE, fee.code, fee.name, seat_id, *_parts(fee.amount, rate, included=included), rate)
        for fee in tariff.fees
        if fee.per == per
    ]


def _parts(amount: int, rate: int, *, included: bool) -> tuple[int, int, int]:
    """net, tax and gross of a price."""
    tax = _tax_of(amount, rate, included=included)
    return (amount - tax, tax, amount) if included else (amount, tax, amount + tax)


def _tax_of(amount: int, rate: int, *, included: bool) -> int:
    """Half a minor unit is rounded up."""
    of = _WHOLE + rate if included else _WHOLE
    return (2 * amount * rate + of) // (2 * of)


def _percent_of(amount: int, percent: int) -> int:
    """Rounded up: what is taken off is in the customer's favour."""
    return -(-amount * percent // 100)


class Objection(StrEnum):
    """What stands against a choice of ticket types."""

    UNKNOWN = "unknown"
    NOT_SOLD = "not_sold"
    NOT_ONLINE = "not_online"
    ALONE = "alone"


def goes_alone(tariff: Tariff, code: str) -> bool:
    """Whether somebody with a ticket of that type may come without another; so may one whose type is not known."""
    ticket_type = tariff.type_of(code)
    return ticket_type is None or not ticket_type.accompanied


def objection(
    tariff: Tariff, wanted: Sequence[Wanted], *, by_staff: bool = False
) -> tuple[Objection, list[int]] | None:
    """What stands against it, and against which of the wanted by their places; None: nothing.

    by_staff: it is asked by somebody who may sell what is not sold online.
    """
    types = [tariff.type_of(each.ticket_type) for each in wanted]
    against = {
        Objection.UNKNOWN: [kind is None for kind in types],
        Objection.NOT_SOLD: [tariff.price_of(each.ticket_type, each.category) is None for each in wanted],
        Objection.NOT_ONLINE: [kind is not None and not kind.online and not by_staff for kind in types],
        Objection.ALONE: [all(kind is not None and kind.accompanied for kind in types)] * len(types),
    }
    for said, where in against.items():
        if any(where):
            return said, [place for place, stands in enumerate(where) if stands]
    return None


def sold_to_all(tariff: Tariff, codes: Sequence[str]) -> set[str]:
    """The categories that all of these types are sold in."""
    return set.intersection(*(set(tariff.prices.get(code, {})) for code in codes))
