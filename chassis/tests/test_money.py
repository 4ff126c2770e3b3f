from decimal import Decimal

import pytest

from chassis.money import (
    DECIMALS,
    LARGEST_PAYMENT,
    LARGEST_PRICE,
    SMALLEST_PRICE,
    Money,
    format_money,
    is_price,
    to_major,
    to_minor,
)


@pytest.mark.parametrize(
    ("money", "major", "written"),
    [
        (Money(1250, "EUR"), Decimal("12.50"), "12.50 EUR"),
        (Money(25000, "VND"), Decimal("25000"), "25,000 VND"),
        (Money(1234567, "KWD"), Decimal("1234.567"), "1,234.567 KWD"),
        (Money(0, "EUR"), Decimal("0.00"), "0.00 EUR"),
        (Money(-5, "USD"), Decimal("-0.05"), "-0.05 USD"),
        (Money(125000, "EUR"), Decimal("1250.00"), "1,250.00 EUR"),
    ],
)
def test_minor_units_are_written_as_people_write_them_and_read_back(money: Money, major: Decimal, written: str) -> None:
    assert to_major(money) == major
    assert str(to_major(money)) == str(major), "with the decimals that the currency has"
    assert format_money(money) == written
    assert to_minor(major, money.currency) == money.amount


def test_every_currency_has_two_ways_that_agree() -> None:
    assert len(DECIMALS) > 150
    for currency, decimals in DECIMALS.items():
        assert to_minor(Decimal(1), currency) == 10**decimals
        assert to_major(Money(10**decimals, currency)) == 1


def test_what_is_less_than_the_smallest_coin_is_refused_and_not_rounded() -> None:
    with pytest.raises(ValueError, match="EUR has 2 decimals"):
        to_minor(Decimal("12.505"), "EUR")
    with pytest.raises(ValueError, match="VND has 0 decimals"):
        to_minor(Decimal("0.5"), "VND")
    assert to_minor(Decimal("12.500"), "EUR") == 1250


def test_no_money_is_of_an_unknown_currency() -> None:
    for attempt in (
        lambda: to_major(Money(1, "XXX")),
        lambda: to_minor(Decimal(1), "eur"),
        lambda: format_money(Money(1, "")),
    ):
        with pytest.raises(KeyError):
            attempt()


def test_sums_of_one_amount_and_currency_are_the_same() -> None:
    assert Money(5, "EUR") == Money(5, "EUR")
    assert len({Money(5, "EUR"), Money(5, "EUR"), Money(5, "USD"), Money(6, "EUR")}) == 3


def test_nothing_is_a_price_and_so_is_what_is_neither_too_small_nor_too_large() -> None:
    tried = (-1, 0, SMALLEST_PRICE, LARGEST_PRICE, LARGEST_PRICE + 1)
    assert [is_price(amount) for amount in tried] == [False, True, True, True, False]


def test_what_ten_of_the_dearest_cost_is_a_payment_and_any_sum_is_exact_to_every_reader() -> None:
    assert 0 < SMALLEST_PRICE < LARGEST_PRICE
    assert 10 * LARGEST_PRICE <= LARGEST_PAYMENT
    assert 1000 * LARGEST_PAYMENT < 2**53
