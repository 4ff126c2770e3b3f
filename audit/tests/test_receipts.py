"""Receipts with nothing wrong in them, and one violation of each kind planted among them."""

from uuid import uuid4

import pytest
from planted import NOW, OTHER, PAYMENT, TOTAL, issue

from audit.auditing import look


@pytest.fixture
def receipted(world):
    """A payment with its receipt and, of a refund, a credit note."""
    world.plant(
        "payment", "payments", id=PAYMENT, booking_id=OTHER, status="partially_refunded", currency="VND", amount=TOTAL,
        captured_amount=TOTAL, refunded_amount=10, captured_at=NOW, sale={},
    )  # fmt: skip
    issue(world, 1, TOTAL)
    issue(world, 2, -10, uuid4())
    return world


def wrong(world):
    (finding,) = (finding for finding in look(world.sources()).findings if finding.number == 10)
    assert finding.examined == world.has("payment", "payments", "captured_at IS NOT NULL AND sale IS NOT NULL")
    return [words.partition(": ")[2] or words for words in finding.violations]


def test_a_receipt_and_its_credit_note_are_right(receipted):
    assert wrong(receipted) == []


def test_a_payment_without_a_receipt_is_found(receipted):
    receipted.execute("payment", "DELETE FROM receipts")
    assert wrong(receipted) == [f"payment {PAYMENT} was captured and has 0 receipts"]
    receipted.change("payment", "payments", sale={"lines": []})
    assert wrong(receipted) == [f"payment {PAYMENT} was captured and has 0 receipts"]


def test_a_second_receipt_is_found(receipted):
    issue(receipted, 3, 0, uuid4())
    receipted.execute("payment", "ALTER TABLE receipts DROP CONSTRAINT receipts_once")
    receipted.change("payment", "receipts", "position = 3", refund_id=None)
    try:
        assert wrong(receipted) == [f"payment {PAYMENT} was captured and has 2 receipts"]
    finally:
        receipted.execute("payment", "DELETE FROM receipts")
        once = "ALTER TABLE receipts ADD CONSTRAINT receipts_once UNIQUE NULLS NOT DISTINCT (payment_id, refund_id)"
        receipted.execute("payment", once)


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("captured_amount", f"{TOTAL - 1} were captured, its receipt says {TOTAL}"),
        ("refunded_amount", "9 went back, its credit notes say 10"),
    ],
)
def test_receipts_that_are_not_the_money_are_found(receipted, column, words):
    receipted.execute("payment", f"UPDATE payments SET {column} = {column} - 1")
    assert wrong(receipted) == [words]


def test_a_payment_of_before_receipts_needs_none(receipted):
    receipted.execute("payment", "DELETE FROM receipts")
    receipted.change("payment", "payments", sale=None)
    assert wrong(receipted) == []


def test_a_number_that_is_missing_is_found_from_both_sides(receipted):
    receipted.change("payment", "receipts", "position = 2", position=3)
    receipted.change("payment", "receipt_series", last=3)
    assert wrong(receipted) == ["after receipt R1-1 a number is missing", "before receipt R1-2 a number is missing"]


def test_numbers_that_were_counted_and_never_issued_are_found(receipted):
    receipted.change("payment", "receipt_series", last=3)
    assert wrong(receipted) == ["after receipt R1-2 a number is missing"]


def test_a_number_that_nobody_gave_out_is_found(receipted):
    receipted.change("payment", "receipt_series", last=1)
    assert wrong(receipted) == ["receipt R1-2 has a number that was not given out"]


@pytest.mark.parametrize("lines", [[{"net": TOTAL, "tax": 1, "gross": TOTAL}], [{"net": 1, "tax": 0, "gross": 1}]])
def test_lines_that_do_not_add_up_are_found(receipted, lines):
    receipted.change("payment", "receipts", "position = 1", lines=lines)
    assert wrong(receipted) == [f"its lines do not add up to {TOTAL}"]


def test_a_receipt_of_the_last_hour_is_held_against_its_neighbours(receipted):
    receipted.change("payment", "receipts", "position = 2", position=3)
    receipted.change("payment", "receipt_series", last=3)
    lately = look(receipted.sources(), since=NOW).violations
    assert "before receipt R1-2 a number is missing" in lately
