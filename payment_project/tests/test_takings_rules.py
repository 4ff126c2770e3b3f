"""What a receipt adds to the takings of its day, of any lines; sums are never lost nor counted twice."""

from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.lines import Line, credited, total, untold
from payments.takings_rules import day_of, reduced, taken

SEATS = [uuid4() for _ in range(3)]


def line(kind: str, code: str, gross: int, tax: int, seat: UUID | None, rate: int = 500) -> Line:
    return Line(kind, code, code.title(), net=gross - tax, tax=tax, gross=gross, rate=rate, seat_id=seat)


@st.composite
def sales(draw: st.DrawFn) -> list[Line]:
    """Tickets, each with what came off and was added, and a fee of the booking."""
    lines = []
    for seat in SEATS[: draw(st.integers(1, 3))]:
        price = draw(st.integers(0, 10**6))
        off, glasses = draw(st.integers(0, price)), draw(st.integers(0, 500))
        lines.append(line("ticket", draw(st.sampled_from(["adult", "child"])), price, price // 20, seat))
        if off:
            lines.append(line("discount", draw(st.sampled_from(["early", "SUMMER"])), -off, -(off // 20), seat))
        if glasses:
            lines.append(line("fee", "glasses", glasses, glasses // 11, seat, 1000))
    fee = draw(st.integers(0, 500))
    return [*lines, line("fee", "booking", fee, fee // 11, None, 1000)]


@given(sold=sales(), gift=st.integers(0, 10**7), part=st.integers(1, 10**7))
def test_parts_add_up_to_the_receipt_and_to_nothing_when_all_has_gone_back(
    sold: list[Line], gift: int, part: int
) -> None:
    whole = total(sold)
    gift, part = min(gift, whole), min(part, whole)
    sale = taken(sold, gift=gift, is_credit=False)
    assert sum(each.gross for each in sale) == whole
    assert sum(each.tax for each in sale) == sum(each.tax for each in sold)
    assert sum(each.gift for each in sale) == gift
    assert sum(each.tickets for each in sale) == sum(each.kind == "ticket" for each in sold)
    assert sum(each.reductions for each in sale) == sum(each.amount for each in reduced(sold, is_credit=False))
    notes = [each for each in (credited(sold, (), part),) if each]
    if whole - part:
        notes.append(credited(sold, notes[0] if notes else (), whole - part))
    back = [each for note in notes for each in taken(note, gift=-0, is_credit=True)]
    assert sum(each.refunds for each in back) == whole
    assert sum(each.tax for each in back) == -sum(each.tax for each in sale) or not whole


def test_each_type_has_what_hangs_on_its_seats() -> None:
    adult, child = SEATS[:2]
    sold = [
        line("ticket", "adult", 1000, 50, adult),
        line("discount", "SUMMER", -200, -10, adult),
        line("ticket", "child", 600, 30, child),
        line("fee", "booking", 100, 10, None),
    ]
    of_adults, of_children, of_no_ticket = taken(sold, gift=150, is_credit=False)
    assert (of_adults.ticket_type, of_adults.type_name) == ("adult", "Adult")
    assert (of_adults.tickets, of_adults.gross, of_adults.tax, of_adults.reductions) == (1, 800, 40, 200)
    assert (of_children.tickets, of_children.gross) == (1, 600)
    assert (of_no_ticket.ticket_type, of_no_ticket.tickets, of_no_ticket.gross) == ("", 0, 100)
    assert [each.gift for each in (of_adults, of_children, of_no_ticket)] == [80, 60, 10]
    assert [(each.code, each.uses, each.amount) for each in reduced(sold, is_credit=False)] == [("SUMMER", 1, 200)]


def test_what_is_credited_is_returned_at_its_type() -> None:
    adult, child = SEATS[:2]
    sold = [line("ticket", "adult", 1000, 50, adult), line("ticket", "child", 600, 30, child)]
    [back] = taken(credited(sold, (), 600, {child}), gift=-600, is_credit=True)
    assert (back.ticket_type, back.tickets, back.returned, back.refunds) == ("child", 0, 1, 600)
    assert (back.gross, back.tax, back.gift) == (0, -30, -600)


def test_tickets_that_no_lines_tell_of_are_not_counted() -> None:
    [sale] = taken(untold(500, "B1, B2"), gift=0, is_credit=False)
    assert (sale.ticket_type, sale.tickets, sale.gross) == ("", 0, 500)


@pytest.mark.parametrize(
    ("zone", "day"),
    [("Asia/Ho_Chi_Minh", 2), ("America/New_York", 1), ("", 1), ("Nowhere/AtAll", 1), ("../etc", 1)],
)
def test_a_day_is_the_theaters(zone: str, day: int) -> None:
    assert day_of(datetime(2026, 3, 1, 20, tzinfo=UTC), zone) == date(2026, 3, day)
