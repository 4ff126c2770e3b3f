"""What credit notes take of each rate: never more than there is, and exactly what went back."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from chassis.ids import uuid7
from payments import lines
from payments.lines import Line, Taxed

A, B = uuid7(), uuid7()


def line(gross: int, rate: int = 500, seat: UUID | None = None, kind: str = "ticket") -> Line:
    """Tax included, half up; a discount's is its mirror."""
    tax = (2 * abs(gross) * rate + 10_000 + rate) // (2 * (10_000 + rate)) * (1 if gross > 0 else -1)
    return Line(kind, kind, kind.title(), gross - tax, tax, gross, rate, seat)


SOLD = (
    line(90_000, seat=A),
    line(-9_000, seat=A, kind="discount"),
    line(20_000, 1000, A, "fee"),
    line(60_000, seat=B),
    line(5_000, 1000, kind="fee"),
)


def test_lines_are_summed_by_their_rates() -> None:
    assert lines.by_rate(SOLD) == (Taxed(500, 134_286, 6_714, 141_000), Taxed(1000, 22_727, 2_273, 25_000))


def test_what_does_not_add_up_is_no_sale() -> None:
    assert lines.add_up(SOLD, 166_000)
    assert not lines.add_up(SOLD, 165_999)
    assert not lines.add_up((Line("ticket", "", "", net=1, tax=1, gross=3),), 3)
    assert not lines.add_up((), 0)


def test_a_seat_takes_its_own_lines_back() -> None:
    note = lines.credited(SOLD, (), 101_000, {A})
    assert [(each.kind, each.gross) for each in note] == [("ticket", -90_000), ("discount", 9_000), ("fee", -20_000)]
    rest = lines.credited(SOLD, note, 65_000)
    assert lines.by_rate((*SOLD, *note, *rest)) == (Taxed(500, 0, 0, 0), Taxed(1000, 0, 0, 0))


def test_all_of_it_takes_every_line_back() -> None:
    assert [each.gross for each in lines.credited(SOLD, (), 166_000)] == [-each.gross for each in SOLD]


def test_an_amount_is_of_each_rate_in_proportion() -> None:
    note = lines.credited(SOLD, (), 16_600)
    assert [(each.rate, each.gross) for each in note] == [(500, -14_100), (1000, -2_500)]
    assert lines.total(note) == -16_600


def test_a_seat_whose_price_went_back_in_part_takes_no_more_than_is_left() -> None:
    goodwill = lines.credited(SOLD, (), 160_000)
    note = lines.credited(SOLD, goodwill, 6_000, {B})
    assert all(each.gross == 0 for each in lines.by_rate((*SOLD, *goodwill, *note)))


@given(
    st.lists(st.tuples(st.integers(0, 300_000), st.sampled_from([0, 500, 700, 1000, 2000])), min_size=1, max_size=6),
    st.lists(st.integers(1, 400_000), max_size=6),
)
def test_credit_notes_never_take_more_of_a_rate_than_there_is(sold: list[tuple[int, int]], amounts: list[int]) -> None:
    bill = tuple(line(gross, rate) for gross, rate in sold)
    notes: tuple[Line, ...] = ()
    left = lines.total(bill)
    for wanted in (*amounts, 10**9):
        amount = min(wanted, left)
        if not amount:
            break
        note = lines.credited(bill, notes, amount)
        assert lines.total(note) == -amount
        assert all(each.net + each.tax == each.gross for each in note)
        notes, left = (*notes, *note), left - amount
        for each in lines.by_rate((*bill, *notes)):
            assert min(each.net, each.tax, each.gross) >= 0
    if left == 0:
        assert all(each == Taxed(each.rate, 0, 0, 0) for each in lines.by_rate((*bill, *notes)))
