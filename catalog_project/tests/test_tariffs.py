"""What tickets cost, by price lists and their rules: decided on plain values."""

from dataclasses import replace
from datetime import date, datetime
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog import tariffs
from catalog.tariffs import Early, Facts, ListedFee, PriceList, Rule, Seller, Tax, TicketType
from chassis.money import LARGEST_PRICE, Money, to_major, to_minor

ADULT = TicketType("adult", "Adult", default=True)
CHILD = TicketType("child", "Child", "up to 12 years", accompanied=True)
TYPES = [ADULT, CHILD]
PRICES = {"adult": {"standard": 90_000, "premium": 120_000}, "child": {"standard": 60_000}}
FRIDAY, NEW_YEAR = date(2026, 11, 27), date(2027, 1, 1)  # which is a Friday too


def at(clock: str, day: date = FRIDAY, format_: str = "2D") -> Facts:
    hour, minute = map(int, clock.split(":"))
    return Facts(datetime(day.year, day.month, day.day, hour, minute), format_, frozenset({NEW_YEAR}))  # noqa: DTZ001


def holds(rule: Rule, facts: Facts) -> bool:
    return tariffs.holding([rule], facts) == [rule]


MORE = Rule("More", amount=1_000)


@pytest.mark.parametrize(
    ("when", "facts", "expected"),
    [
        ({}, at("12:00"), True),
        ({"weekdays": ("thu", "fri")}, at("12:00"), True),
        ({"weekdays": ("sat",)}, at("12:00"), False),
        ({"from_time": "10:00", "until_time": "13:00"}, at("10:00"), True),
        ({"from_time": "10:00", "until_time": "13:00"}, at("12:59"), True),
        ({"from_time": "10:00", "until_time": "13:00"}, at("13:00"), False),
        ({"from_time": "10:00", "until_time": "13:00"}, at("09:59"), False),
        ({"from_time": "22:00", "until_time": "00:00"}, at("23:59"), True),
        ({"from_time": "22:00", "until_time": "00:00"}, at("00:00"), False),
        ({"from_time": "22:00", "until_time": "02:00"}, at("01:59"), True),
        ({"from_time": "22:00", "until_time": "02:00"}, at("02:00"), False),
        ({"from_time": "22:00", "until_time": "02:00"}, at("21:59"), False),
        ({"formats": ("3D", "IMAX")}, at("12:00", format_="3D"), True),
        ({"formats": ("3D", "IMAX")}, at("12:00"), False),
        ({"holiday": True}, at("12:00", NEW_YEAR), True),
        ({"holiday": True}, at("12:00"), False),
        ({"holiday": False}, at("12:00"), True),
        ({"holiday": False, "weekdays": ("fri",)}, at("12:00", NEW_YEAR), False),
    ],
)
def test_a_rule_holds_by_weekday_hour_holiday_and_format(when: dict[str, Any], facts: Facts, expected: bool) -> None:
    assert holds(replace(MORE, **when), facts) is expected


def test_what_starts_after_midnight_is_of_the_evening_before() -> None:
    friday_night = replace(MORE, weekdays=("fri",), from_time="22:00", until_time="02:00")
    saturday, second = date(2026, 11, 28), date(2027, 1, 2)
    assert holds(friday_night, at("23:00"))
    assert holds(friday_night, at("00:30", saturday))
    assert not holds(friday_night, at("00:30"))
    assert not holds(friday_night, at("23:00", saturday))
    of_holidays = replace(friday_night, weekdays=(), holiday=True)
    assert holds(of_holidays, at("00:30", second))
    assert not holds(of_holidays, at("00:30", NEW_YEAR))


def test_rules_change_prices_in_their_order() -> None:
    tenth, more = Rule("A tenth less", percent=-10), Rule("More", amount=10_000)
    one = tariffs.resolve(PriceList(PRICES, rules=(tenth, more)), at("12:00"))
    other = tariffs.resolve(PriceList(PRICES, rules=(more, tenth)), at("12:00"))
    assert one == {"adult": {"standard": 91_000, "premium": 118_000}, "child": {"standard": 64_000}}
    assert other == {"adult": {"standard": 90_000, "premium": 117_000}, "child": {"standard": 63_000}}


def test_a_rule_touches_its_ticket_types_and_categories_alone() -> None:
    rule = Rule("More", amount=1, ticket_types=("adult",), categories=("standard",))
    assert tariffs.resolve(PriceList(PRICES, rules=(rule,)), at("12:00")) == {
        "adult": {"standard": 90_001, "premium": 120_000},
        "child": {"standard": 60_000},
    }


@pytest.mark.parametrize(
    ("base", "percent", "round_to", "price"),
    [
        (95_000, -20, 5_000, 75_000),
        (1_900, 50, 100, 2_800),  # 2850: half, to the even one
        (2_500, 50, 100, 3_800),  # 3750
        (1_150, 20, 50, 1_400),
        (333, 1, 1, 336),
        (1, -50, 1, 0),
        (90_000, -100, 1, 0),
        (LARGEST_PRICE, 1_000, 7, LARGEST_PRICE),
    ],
)
def test_prices_are_rounded_once_half_to_the_even_one(base: int, percent: int, round_to: int, price: int) -> None:
    listed = PriceList({"adult": {"standard": base}}, rules=(Rule("x", percent=percent),), round_to=round_to)
    assert tariffs.resolve(listed, at("12:00")) == {"adult": {"standard": price}}


changes = st.one_of(
    st.builds(lambda n: Rule("x", amount=n), st.integers(-LARGEST_PRICE, LARGEST_PRICE).filter(bool)),
    st.builds(lambda n: Rule("x", percent=n), st.integers(-100, 1_000).filter(bool)),
)
amounts = st.integers(0, LARGEST_PRICE)
lists = st.builds(
    PriceList,
    st.builds(lambda a, b: {"adult": {"standard": a}, "child": {"standard": b}}, amounts, amounts),
    rules=st.lists(changes, max_size=tariffs.MOST_RULES).map(tuple),
    round_to=st.integers(1, 10_000),
)


@given(lists)
def test_any_list_makes_prices_that_somebody_may_pay_and_the_same_ones_again(listed: PriceList) -> None:
    prices = tariffs.resolve(listed, at("20:00"))
    assert prices == tariffs.resolve(listed, at("20:00"))
    for row in prices.values():
        for amount in row.values():
            assert 0 <= amount <= LARGEST_PRICE
            assert amount % listed.round_to == 0 or amount == LARGEST_PRICE


@given(base=st.integers(0, 10**8), percent=st.integers(-100, 300), round_to=st.sampled_from([1, 5, 50, 100, 5_000]))
def test_a_price_is_off_by_half_a_step_at_most(base: int, percent: int, round_to: int) -> None:
    listed = PriceList({"adult": {"standard": base}}, rules=(Rule("x", percent=percent),), round_to=round_to)
    price = tariffs.resolve(listed, at("20:00"))["adult"]["standard"]
    assert abs(price - Fraction(base * (100 + percent), 100)) <= Fraction(round_to, 2)


@given(base=st.integers(0, 10**8), rules=st.lists(changes, max_size=5), currency=st.sampled_from(["JPY", "EUR", "KWD"]))
def test_prices_of_all_kinds_of_currencies_are_whole_minor_units(base: int, rules: list[Rule], currency: str) -> None:
    listed = PriceList({"adult": {"standard": base}}, rules=tuple(rules))
    price = tariffs.resolve(listed, at("20:00"))["adult"]["standard"]
    assert to_minor(to_major(Money(price, currency)), currency) == price


@given(base=amounts, rules=st.lists(changes, max_size=5))
def test_rules_that_do_not_hold_change_nothing(base: int, rules: list[Rule]) -> None:
    on_sundays = tuple(replace(rule, weekdays=("sun",)) for rule in rules)
    listed = PriceList({"adult": {"standard": base}}, rules=on_sundays)
    assert tariffs.resolve(listed, at("20:00")) == {"adult": {"standard": base}}


def test_fees_are_of_a_format_or_of_all() -> None:
    glasses = ListedFee("glasses", "3D glasses", "ticket", 20_000, ("3D",))
    booking = ListedFee("booking", "Booking fee", "booking", 5_000)
    listed = PriceList(PRICES, fees=(glasses, booking))
    assert [fee.code for fee in tariffs.fees_of(listed, "3D")] == ["glasses", "booking"]
    assert [fee.code for fee in tariffs.fees_of(listed, "2D")] == ["booking"]


def test_a_type_without_prices_is_not_sold_and_what_is_sold_is_in_order() -> None:
    prices = {"child": {}, "adult": {"premium": 2, "standard": 1}}
    made = tariffs.tariff(
        types=TYPES,
        prices=prices,
        tax=Tax(ticket=500),
        seller=Seller("Marquee", "", ""),
        early=[Early(14, 20), Early(7, 10)],
    )
    assert made.ticket_types == [ADULT]
    assert list(made.prices) == ["adult"]
    assert list(made.prices["adult"]) == ["standard", "premium"]
    assert [step.days_before for step in made.early] == [7, 14]


GLASSES = ListedFee("glasses", "3D glasses", "ticket", 20_000, ("3D",))
GOOD = PriceList(PRICES, rules=(MORE,), fees=(GLASSES,), early=(Early(7, 10),), round_to=1_000)


def test_a_good_list_has_no_faults() -> None:
    assert tariffs.faults(GOOD, TYPES) == {}


def rule(**changed: Any) -> dict[str, Any]:
    return {"rules": (replace(MORE, **changed),)}


def fee(**changed: Any) -> dict[str, Any]:
    return {"fees": (replace(GLASSES, **changed),)}


@pytest.mark.parametrize(
    ("changed", "pointer", "complaint"),
    [
        ({"prices": {}}, "prices/adult", "default"),
        ({"prices": {**PRICES, "pensioner": {}}}, "prices/pensioner", "no such ticket type"),
        ({"prices": {"adult": {"throne": 1}}}, "prices/adult/throne", "no such seat category"),
        ({"prices": {"adult": {"standard": -1}}}, "prices/adult/standard", "from 0"),
        ({"prices": {"adult": {"standard": LARGEST_PRICE + 1}}}, "prices/adult/standard", "from 0"),
        ({"prices": {"child": {"standard": 1}}}, "prices/adult", "standard"),
        ({"prices": {**PRICES, "child": {"couple": 1}}}, "prices/adult", "couple"),
        ({"round_to": 0}, "round_to", "From 1"),
        ({"rules": (MORE,) * 41}, "rules", "40"),
        ({"fees": (GLASSES,) * 11}, "fees", "10"),
        ({"early": (Early(7, 10),) * 6}, "early", "5"),
        (rule(amount=0), "rules/0", "no effect"),
        (rule(amount=None), "rules/0", "one of the two"),
        (rule(percent=5), "rules/0", "one of the two"),
        (rule(amount=None, percent=0), "rules/0", "no effect"),
        (rule(amount=None, percent=-101), "rules/0", "from -100"),
        (rule(amount=None, percent=1_001), "rules/0", "to 1000"),
        (rule(amount=-LARGEST_PRICE - 1), "rules/0", "at most"),
        (rule(weekdays=("today",)), "rules/0", "no today"),
        (rule(formats=("VHS",)), "rules/0", "no VHS"),
        (rule(ticket_types=("pensioner",)), "rules/0", "no pensioner"),
        (rule(categories=("throne",)), "rules/0", "no throne"),
        (rule(ticket_types=("child",), categories=("premium",)), "rules/0", "no effect"),
        (rule(from_time="10:00"), "rules/0", "beginning and an end"),
        (rule(from_time="10:00", until_time="10:00"), "rules/0", "two different"),
        (rule(from_time="10:00", until_time="24:00"), "rules/0", "two different"),
        (fee(code="3D!"), "fees/0/code", "lower case"),
        (fee(amount=0), "fees/0/amount", "from 1"),
        (fee(per="seat"), "fees/0", "per ticket or per booking"),
        (fee(formats=("VHS",)), "fees/0", "formats that there are"),
        ({"fees": (GLASSES, GLASSES)}, "fees/1/code", "Another fee"),
        ({"early": (Early(0, 10),)}, "early/0/days_before", "From 1"),
        ({"early": (Early(366, 10),)}, "early/0/days_before", "to 365"),
        ({"early": (Early(7, 101),)}, "early/0/percent", "to 100"),
        ({"early": (Early(7, 10), Early(7, 20))}, "early/1/days_before", "Another discount"),
    ],
)
def test_what_is_wrong_with_a_list_is_pointed_at(changed: dict[str, Any], pointer: str, complaint: str) -> None:
    found = tariffs.faults(replace(GOOD, **changed), TYPES)
    assert complaint in found[pointer]


def test_a_theater_without_ticket_types_has_no_price_lists() -> None:
    assert "no ticket types" in tariffs.faults(GOOD, [])["prices"]


def test_staff_read_rules_fees_and_discounts_in_words() -> None:
    matinee = replace(MORE, weekdays=("mon", "tue"), from_time="10:00", until_time="13:00", ticket_types=("child",))
    assert tariffs.rule_in_words(matinee, "VND") == "More: mon, tue, 10:00-13:00, child: +1,000 VND"
    assert tariffs.rule_in_words(Rule("Off", percent=-20, holiday=True), "EUR") == "Off: holidays: -20 %"
    assert tariffs.rule_in_words(Rule("Off", amount=-150), "EUR") == "Off: always: -1.50 EUR"
    assert tariffs.fee_in_words(GLASSES, "VND") == "3D glasses: 20,000 VND per ticket"
    assert tariffs.early_in_words(Early(7, 10)) == "7 days before: -10 %"
