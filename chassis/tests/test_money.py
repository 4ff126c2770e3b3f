from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.money import DECIMALS, Money, format_money, to_major, to_minor


@pytest.mark.parametrize(
    ("money", "written"),
    [
        (Money(25000, "VND"), "25,000 VND"),
        (Money(1250, "EUR"), "12.50 EUR"),
        (Money(1, "KWD"), "0.001 KWD"),
    ],
)
def test_money_is_written_with_the_decimals_of_its_currency(money: Money, written: str) -> None:
    assert format_money(money) == written


@given(st.integers(0, 10**12), st.sampled_from(sorted(DECIMALS)))
def test_minor_units_survive_being_written_as_major_ones(amount: int, currency: str) -> None:
    assert to_minor(to_major(Money(amount, currency)), currency) == amount


def test_a_price_finer_than_its_currency_is_refused() -> None:
    with pytest.raises(ValueError, match="VND has 0 decimals"):
        to_minor(Decimal("0.5"), "VND")
