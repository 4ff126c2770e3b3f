"""A gift card is good for what its ledger says; what a payment has of it is in both."""

from datetime import timedelta

import pytest
from planted import NOW, PAYMENT, TOTAL, found, ledger, violated

from audit.auditing import look
from chassis.ids import uuid7

CARD, OTHER_CARD = uuid7(), uuid7()
PART = 50_000


def book(world, payment=None, card=CARD, **accounts):
    """Lines of a card's ledger."""
    for account, amount in accounts.items():
        world.plant(
            "payment", "gift_card_lines", id=uuid7(), card_id=card, move="", account=account, amount=amount,
            currency="VND", payment_id=payment, operation_id=uuid7(),
        )  # fmt: skip


@pytest.fixture
def paid(sale):
    """The sale of all tests, a part of which a gift card paid: one that was issued with twice as much."""
    sale.plant("payment", "gift_cards", id=CARD, amount=2 * PART, balance=PART, reserved=0, currency="VND")
    book(sale, desk=-2 * PART, balance=2 * PART)
    book(sale, PAYMENT, balance=-PART, redeemed=PART)
    sale.change("payment", "payments", gift_amount=PART)
    ledger(sale, PAYMENT, customer=PART - TOTAL, authorised=0, cash=TOTAL - PART)
    sale.gateway.entries.clear()
    sale.gateway.entry(PAYMENT, authorised=TOTAL - PART, captured=TOTAL - PART)
    return sale


def test_a_sale_that_two_paid_violates_nothing(paid):
    assert found(paid) == {}
    with paid.sources() as sources:
        (finding,) = (each for each in look(sources, since=NOW - timedelta(hours=1)).findings if each.number == 11)
    assert (finding.examined, finding.violations) == (1, ())


def test_another_balance_than_the_ledgers_is_found(paid):
    paid.change("payment", "gift_cards", balance=PART + 1)
    assert found(paid)[11] == (f"gift card {CARD}: 50001 are on it and 0 held, in its ledger 50000 and 0",)


def test_a_ledger_that_does_not_add_up_and_value_from_nowhere_are_found(paid):
    book(paid, balance=1)
    assert found(paid)[11] == (f"gift card {CARD}: its ledger adds up to 1",)
    book(paid, desk=-1)
    paid.change("payment", "gift_cards", balance=PART + 1)
    assert found(paid)[11] == (f"gift card {CARD} was issued with 100000, its ledger has 100001",)


def test_what_a_payment_that_ended_still_holds_is_found(paid):
    book(paid, PAYMENT, balance=-1, reserved=1)
    paid.change("payment", "gift_cards", balance=PART - 1, reserved=1)
    assert found(paid)[11] == (f"payment {PAYMENT} is captured and holds 1 of a gift card",)


@pytest.mark.parametrize("under_way", ["authorise", "reverse"])
def test_what_an_authorisation_under_way_holds_is_right(paid, under_way):
    paid.execute("payment", "DELETE FROM gift_card_lines WHERE payment_id = %s", PAYMENT)
    book(paid, PAYMENT, balance=-PART, reserved=PART)
    paid.change("payment", "gift_cards", reserved=PART)
    paid.change("payment", "payments", status="processing", captured_amount=0, under_way=under_way)
    assert 11 not in violated(paid)


def test_what_a_payment_says_it_has_of_a_card_is_held_against_its_ledger(paid):
    paid.change("payment", "payments", gift_amount=PART + 1)
    assert found(paid)[11] == (f"payment {PAYMENT}: a gift card paid 50001 less 0 here and 50000 in its ledger",)


def test_a_payment_has_value_of_one_card_alone(paid):
    paid.plant(
        "payment", "gift_cards", id=OTHER_CARD, amount=PART + 9, balance=PART, reserved=0, currency="VND", digest=b"2"
    )
    book(paid, card=OTHER_CARD, desk=-PART - 9, balance=PART + 9)
    book(paid, uuid7(), card=OTHER_CARD, balance=-10, redeemed=10)
    book(paid, PAYMENT, card=OTHER_CARD, balance=1, redeemed=-1)
    paid.change("payment", "payments", gift_amount=PART - 1)
    assert f"payment {PAYMENT} has the value of 2 gift cards" in found(paid)[11]
