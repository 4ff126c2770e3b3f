"""What a booking costs: lines that add up, whatever the tariff says."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookings.prices import (
    Discount,
    Early,
    Fee,
    Kind,
    Objection,
    Off,
    Tariff,
    Tax,
    TicketType,
    Wanted,
    bill,
    days_before,
    objection,
    plain,
    price,
    shown,
    sold_to_all,
)
from chassis.money import LARGEST_PRICE, Money, allot, to_major, to_minor

CATEGORIES = ["standard", "premium"]
ADULT = TicketType("adult", "Adult", default=True)
CHILD = TicketType("child", "Child", accompanied=True)
CREW = TicketType("crew", "Crew", online=False)
HOUSE = Tariff(
    ticket_types=(ADULT, CHILD, CREW),
    prices={
        "adult": {"standard": 90000, "premium": 120000},
        "child": {"standard": 60000, "premium": 90000},
        "crew": {"standard": 0},
    },
    fees=(Fee("glasses", "3D glasses", "ticket", 20000), Fee("booking", "Booking fee", "booking", 5000)),
    early=(Early(7, 10), Early(3, 5)),
    tax=Tax(included=True, ticket=500, fee=1000),
    seller={"name": "Marquee Bến Thành Co. Ltd"},
)

amounts = st.one_of(st.integers(0, 300), st.integers(0, LARGEST_PRICE))
rates = st.one_of(st.sampled_from([0, 500, 700, 1900, 2000, 10_000]), st.integers(0, 10_000))
tariffs = st.builds(
    Tariff,
    ticket_types=st.just((ADULT, CHILD, CREW)),
    prices=st.fixed_dictionaries(
        {code: st.fixed_dictionaries(dict.fromkeys(CATEGORIES, amounts)) for code in ("adult", "child", "crew")}
    ),
    fees=st.lists(
        st.builds(Fee, st.just("fee"), st.just("Fee"), st.sampled_from(["ticket", "booking"]), amounts), max_size=3
    ).map(tuple),
    early=st.lists(st.builds(Early, st.integers(0, 30), st.integers(0, 100)), max_size=3).map(tuple),
    tax=st.builds(Tax, st.booleans(), rates, rates),
)
choices = st.lists(
    st.builds(Wanted, st.uuids(), st.sampled_from(CATEGORIES), st.sampled_from(["adult", "child", "crew"])),
    min_size=1,
    max_size=10,
    unique_by=lambda wanted: wanted.seat_id,
)
discounts = st.one_of(
    st.none(),
    st.builds(
        Discount,
        st.just("SPRING"),
        st.just("Spring"),
        st.sampled_from(Off),
        st.one_of(st.integers(0, 100), amounts),
        st.sets(st.sampled_from(["adult", "child", "crew"]), max_size=2).map(frozenset),
    ),
)


def seat(number: int, ticket_type: str = "adult", category: str = "standard") -> Wanted:
    return Wanted(uuid.UUID(int=number), category, ticket_type)


def within_percents(discount: Discount | None) -> Discount | None:
    return replace(discount, value=discount.value % 101) if discount and discount.off is Off.PERCENT else discount


@given(tariffs, choices, st.integers(-2, 40), discounts.map(within_percents))
def test_lines_add_up_and_nothing_is_negative(tariff, wanted, days, discount):
    said = bill(tariff, wanted, days_before=days, discount=discount)
    assert bill(tariff, wanted, days_before=days, discount=discount) == said
    assert said.total == sum(line.gross for line in said.lines) >= 0
    assert list(said.prices) == [each.seat_id for each in wanted]
    for line in said.lines:
        assert line.net + line.tax == line.gross
        signs = {line.net >= 0, line.tax >= 0, line.gross >= 0} if line.kind is not Kind.DISCOUNT else {True}
        assert signs == {True}
        if line.kind is Kind.DISCOUNT:
            assert line.net <= 0
            assert line.tax <= 0
            assert line.gross < 0 or line.net < 0
    for seat_id, amount in said.prices.items():
        its = [line for line in said.lines if line.seat_id == seat_id]
        assert amount == sum(line.gross for line in its) >= 0
        assert sum(line.tax for line in its) >= 0
        assert [line.kind for line in its] == sorted((line.kind for line in its), key=list(Kind).index)
        left = sum(line.gross for line in its if line.kind is not Kind.FEE)
        if left == 0:
            assert sum(line.tax for line in its if line.kind is not Kind.FEE) == 0
    booked = [line for line in said.lines if line.seat_id is None]
    assert said.total == sum(said.prices.values()) + sum(line.gross for line in booked)
    assert said.lines[len(said.lines) - len(booked) :] == tuple(booked)


@given(st.integers(0, 10 * LARGEST_PRICE), st.lists(amounts, max_size=10))
def test_an_amount_is_allotted_to_the_last_unit(amount, among):
    parts = allot(amount, among)
    assert sum(parts) == min(amount, sum(among))
    assert all(0 <= part <= whole for part, whole in zip(parts, among, strict=True))


@given(tariffs, choices, amounts)
def test_an_amount_off_comes_off_the_prices_exactly(tariff, wanted, amount):
    whole = bill(tariff, wanted, days_before=0)
    less = bill(tariff, wanted, days_before=0, discount=Discount("X", "X", Off.AMOUNT, amount))
    of_price = "gross" if tariff.tax.included else "net"

    def tickets(said):
        return sum(getattr(line, of_price) for line in said.lines if line.kind is not Kind.FEE)

    assert tickets(whole) - tickets(less) == min(amount, tickets(whole))


def test_a_family_three_days_later_than_early():
    said = bill(HOUSE, [seat(1), seat(2, "child")], days_before=7)
    assert [(line.kind, line.code, line.net, line.tax, line.gross, line.rate) for line in said.lines] == [
        ("ticket", "adult", 85714, 4286, 90000, 500),
        ("discount", "early", -8571, -429, -9000, 500),
        ("fee", "glasses", 18182, 1818, 20000, 1000),
        ("ticket", "child", 57143, 2857, 60000, 500),
        ("discount", "early", -5714, -286, -6000, 500),
        ("fee", "glasses", 18182, 1818, 20000, 1000),
        ("fee", "booking", 4545, 455, 5000, 1000),
    ]
    assert {line.name for line in said.lines if line.code == "early"} == {"7 days before"}
    assert list(said.prices.values()) == [101000, 74000]
    assert said.total == 180000


@pytest.mark.parametrize(("days", "percent"), [(8, 10), (7, 10), (6, 5), (3, 5), (2, 0), (0, 0), (-1, 0)])
def test_the_most_days_that_fit_hold(days, percent):
    assert bill(HOUSE, [seat(1)], days_before=days).total == 90000 * (100 - percent) // 100 + 25000


def test_taxes_come_on_top_where_prices_are_without_them():
    usual = replace(HOUSE, tax=Tax(included=False, ticket=825, fee=0), fees=(), early=())
    priced = replace(usual, prices={"adult": {"standard": 1399}})
    (line,) = bill(priced, [seat(1)], days_before=0).lines
    assert (line.net, line.tax, line.gross) == (1399, 115, 1514)


@pytest.mark.parametrize(("net", "tax"), [("90010 VND", "4501"), ("12.50 EUR", "0.63"), ("3.330 KWD", "0.167")])
def test_half_a_minor_unit_of_tax_is_rounded_up_in_any_currency(net, tax):
    amount, currency = net.split()
    tariff = replace(plain({"standard": to_minor(Decimal(amount), currency)}), tax=Tax(included=False, ticket=500))
    (line,) = bill(tariff, [seat(1, "standard")], days_before=0).lines
    assert str(to_major(Money(line.tax, currency))) == tax


def test_what_is_taken_off_is_rounded_up():
    tariff = replace(HOUSE, prices={"adult": {"standard": 1001}}, fees=())
    assert bill(tariff, [seat(1)], days_before=9).total == 900


def test_a_free_ticket_costs_its_fees_alone_and_the_dearest_is_free():
    voucher = Discount("GIFT", "A free ticket", Off.TICKETS, 1, frozenset({"adult"}))
    wanted = [seat(1, "child", "premium"), seat(2), seat(3, "adult", "premium")]
    said = bill(HOUSE, wanted, days_before=0, discount=voucher)
    assert list(said.prices.values()) == [110000, 110000, 20000]
    assert [line.seat_id for line in said.lines if line.code == "GIFT"] == [uuid.UUID(int=3)]


def test_a_discount_comes_after_what_buying_early_takes_off():
    half = Discount("HALF", "Half off", Off.PERCENT, 50)
    said = bill(HOUSE, [seat(1)], days_before=7, discount=half)
    assert [line.gross for line in said.lines] == [90000, -9000, -40500, 20000, 5000]


def test_zero_is_a_price():
    said = bill(replace(HOUSE, fees=()), [seat(1, "crew")], days_before=9)
    assert (said.total, [line.code for line in said.lines]) == (0, ["crew"])


def test_without_a_tariff_there_is_one_type_at_the_prices():
    said = bill(plain({"standard": 90000}), [seat(1, "standard")], days_before=9)
    assert [(line.code, line.name, line.gross, line.tax) for line in said.lines] == [("standard", "Standard", 90000, 0)]


@pytest.mark.parametrize(
    ("zone", "bought", "starts", "days"),
    [
        ("Asia/Ho_Chi_Minh", "2026-11-20T16:59:59+00:00", "2026-11-27T12:30:00+00:00", 7),
        ("Asia/Ho_Chi_Minh", "2026-11-20T17:00:00+00:00", "2026-11-27T12:30:00+00:00", 6),
        # The clock goes forward on 29 March and back on 25 October: a week there is 167 hours, and 169.
        ("Europe/Berlin", "2026-03-24T22:59:00+00:00", "2026-03-31T21:59:00+00:00", 7),
        ("Europe/Berlin", "2026-03-24T23:00:00+00:00", "2026-03-31T21:59:00+00:00", 6),
        ("Europe/Berlin", "2026-10-20T21:59:00+00:00", "2026-10-27T22:59:00+00:00", 7),
        ("Europe/Berlin", "2026-10-20T22:00:00+00:00", "2026-10-27T22:59:00+00:00", 6),
        # A late show after midnight is of the next day.
        ("America/New_York", "2026-11-20T12:00:00+00:00", "2026-11-21T05:30:00+00:00", 1),
        ("America/New_York", "2026-11-21T20:00:00+00:00", "2026-11-21T04:30:00+00:00", -1),
    ],
)
def test_days_are_those_of_the_theaters_clock(zone, bought, starts, days):
    assert days_before(datetime.fromisoformat(starts), datetime.fromisoformat(bought), zone) == days


@given(st.integers(0, 60 * 24 * 700), st.integers(0, 60 * 24 * 40))
def test_a_day_is_one_less_after_each_midnight_there(later, earlier):
    zone = "Europe/Berlin"
    start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=later)
    bought = start - timedelta(minutes=earlier)
    days = days_before(start, bought, zone)
    midnights = bought.astimezone(ZoneInfo(zone)).date() + timedelta(days=days)
    assert midnights == start.astimezone(ZoneInfo(zone)).date()
    assert days >= 0


@pytest.mark.parametrize(
    ("wanted", "by_staff", "said"),
    [
        ([seat(1), seat(2, "child")], False, None),
        ([seat(1), seat(2, "senior")], False, (Objection.UNKNOWN, [1])),
        ([seat(1), seat(2, "crew", "premium")], True, (Objection.NOT_SOLD, [1])),
        ([seat(1, "crew")], False, (Objection.NOT_ONLINE, [0])),
        ([seat(1, "crew"), seat(2, "child")], True, None),
        ([seat(1, "child"), seat(2, "child")], False, (Objection.ALONE, [0, 1])),
    ],
)
def test_what_stands_against_a_choice_of_types(wanted, by_staff, said):
    assert objection(HOUSE, wanted, by_staff=by_staff) == said


def test_the_price_of_a_seat_is_what_it_comes_to_in_a_booking():
    assert price(HOUSE, "adult", "standard", days_before=7) == 101000
    with pytest.raises(KeyError):
        price(HOUSE, "crew", "premium", days_before=7)


def test_the_price_that_is_shown_is_of_the_default_type_or_of_whoever_may_sit_there():
    assert shown(HOUSE, "standard", days_before=0) == 110000
    boxes = replace(HOUSE, prices={"child": {"box": 40000}, "crew": {"box": 0, "booth": 0}})
    assert shown(boxes, "box", days_before=0) == 60000
    assert shown(boxes, "booth", days_before=0) == 20000


def test_a_category_is_for_all_when_each_type_is_sold_in_it():
    assert sold_to_all(HOUSE, ["adult", "child"]) == {"standard", "premium"}
    assert sold_to_all(HOUSE, ["adult", "crew"]) == {"standard"}
    assert sold_to_all(HOUSE, ["senior"]) == set()


def test_a_tariff_is_read_from_what_catalog_tells_and_kept_as_that():
    told = msgspec.to_builtins(HOUSE)
    assert msgspec.convert(told, Tariff) == HOUSE
    assert msgspec.convert(msgspec.json.decode(msgspec.json.encode(HOUSE)), Tariff) == HOUSE
    for wrong in ({"ticket_types": []}, {"prices": {"adult": {"standard": -1}}}, {"tax": {"ticket": 10_001}}):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert({**told, **wrong}, Tariff)
