"""What a booking was exchanged for is paid with it once, and the books say so on both sides."""

import pytest
from planted import BOOKING, NOW, OTHER, PAYMENT, TOTAL, found, ledger, plant_booking, violated


@pytest.fixture
def exchanged(sale):
    """The sale of all tests, all of which another booking paid that it is exchanged for."""
    sale.change("booking", "bookings", exchange_of=OTHER, ticket="signed")
    plant_booking(sale, OTHER, "OLDONE", "CANCELLED", ends=NOW)
    return sale


def test_two_good_bookings_for_one_are_found(exchanged):
    assert 12 not in violated(exchanged)
    exchanged.execute("booking", "UPDATE bookings SET status = 'CONFIRMED' WHERE id = %s", OTHER)
    assert any("is paid with OLDONE, which is good as well" in each for each in found(exchanged)[12])


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"lent_amount": 5}, "holds 5 of other bookings, which have 0 of it"),
        ({"refunded_amount": 5, "exchanged_amount": 5, "to_return_amount": 5}, "has 5 still to give back"),
    ],
)
def test_what_is_held_for_nobody_or_not_given_back_is_found(sale, columns, said):
    sale.change("payment", "payments", **columns)
    assert any(said in each for each in found(sale)[12])


def test_what_is_carried_and_not_held_is_found(sale):
    sale.change("payment", "payments", exchange_of=BOOKING, carried_amount=TOTAL)
    ledger(sale, PAYMENT, customer=-TOTAL, exchanged=TOTAL, cash=0, authorised=0)
    sale.gateway.entries.clear()
    assert found(sale)[12] == (f"payment {PAYMENT} holds 0 of other bookings, which have {TOTAL} of it",)
