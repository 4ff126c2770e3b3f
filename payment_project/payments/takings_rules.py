"""What a receipt or a credit note adds to the takings of its day, by type of ticket. Pure; amounts in minor units."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from chassis.money import allot
from payments.lines import UNTOLD, Line, total

TICKET, DISCOUNT = "ticket", "discount"


@dataclass(frozen=True, slots=True)
class Taken:
    """What is added of one type of ticket; ticket_type "" is what hangs on no ticket: a fee of the booking, a part
    that went back of no line in particular.

    tickets, returned: how many were sold, and credited. gross: of receipts, tax included and reductions taken off.
    refunds: of credit notes, above zero. tax: of receipts less that of credit notes, as is gift, what gift cards paid.
    reductions: what was taken off, above zero, of receipts less that of credit notes. cash, terminal: as gift, what was
    paid at the counter.
    """

    ticket_type: str
    type_name: str = ""
    tickets: int = 0
    returned: int = 0
    gross: int = 0
    refunds: int = 0
    tax: int = 0
    reductions: int = 0
    gift: int = 0
    cash: int = 0
    terminal: int = 0


@dataclass(frozen=True, slots=True)
class Reduced:
    """What came off by one reduction. uses: how many receipts it is on. amount: as Taken.reductions."""

    code: str
    name: str
    uses: int
    amount: int


def day_of(moment: datetime, time_zone: str) -> date:
    """The theater's day; that of UTC where its zone is not known."""
    try:
        zone = ZoneInfo(time_zone or "UTC")
    except (LookupError, OSError, ValueError):
        zone = ZoneInfo("UTC")
    return moment.astimezone(zone).date()


def taken(lines: Sequence[Line], *, gift: int, is_credit: bool, counter: str = "") -> tuple[Taken, ...]:
    """What the lines of a receipt, or of a credit note, add. gift: what a gift card paid, below zero of a credit note.

    A gift card pays the whole, so each type has its share of that, by what the type comes to. counter: how all of it
    was paid there, `cash` or `terminal`, or "".
    """
    names = {line.seat_id: (line.code, line.name) for line in lines if line.kind == TICKET and line.seat_id}
    of_types: dict[str, list[Line]] = {}
    for line in lines:
        of_types.setdefault(names[line.seat_id][0] if line.seat_id in names else "", []).append(line)
    shares = allot(abs(gift), [abs(total(some)) for some in of_types.values()])
    called = dict(names.values())
    sign = -1 if is_credit else 1
    return tuple(
        _of_type(code, called.get(code, ""), some, gift=sign * share, is_credit=is_credit, counter=counter)
        for (code, some), share in zip(of_types.items(), shares, strict=True)
    )


def _of_type(code: str, name: str, lines: Sequence[Line], *, gift: int, is_credit: bool, counter: str) -> Taken:
    tickets = sum(line.kind == TICKET and (line.kind, line.code) != (UNTOLD, "") for line in lines)
    return Taken(
        code,
        name,
        tickets=0 if is_credit else tickets,
        returned=tickets if is_credit else 0,
        gross=0 if is_credit else total(lines),
        refunds=-total(lines) if is_credit else 0,
        tax=sum(line.tax for line in lines),
        reductions=-total(_discounts(lines)),
        gift=gift,
        cash=total(lines) if counter == "cash" else 0,
        terminal=total(lines) if counter == "terminal" else 0,
    )


def reduced(lines: Iterable[Line], *, is_credit: bool) -> tuple[Reduced, ...]:
    """What came off, by the code that it is known by: buying early, or that of a promotion."""
    of_codes: dict[str, list[Line]] = {}
    for line in _discounts(lines):
        of_codes.setdefault(line.code, []).append(line)
    return tuple(Reduced(code, some[0].name, int(not is_credit), -total(some)) for code, some in of_codes.items())


def _discounts(lines: Iterable[Line]) -> list[Line]:
    return [line for line in lines if line.kind == DISCOUNT]
