"""Takings with nothing wrong in them, and one violation of each kind planted among them."""

from datetime import UTC, datetime, timedelta

import pytest
from planted import NOW, OTHER, PAYMENT, SHOWTIME, TOTAL, issue

from audit.auditing import look
from chassis.ids import uuid7

DAY = datetime.now(UTC).date()


@pytest.fixture
def taken(world):
    """A sale of which a fee of 10 stayed, with its receipt and credit note, added up as two types of ticket."""
    world.plant(
        "payment", "payments", id=PAYMENT, booking_id=OTHER, status="partially_refunded", currency="VND", amount=TOTAL,
        captured_amount=TOTAL, refunded_amount=TOTAL - 10, captured_at=NOW, sale={}, booking_state="ended",
        retained_amount=10, seats=[],
    )  # fmt: skip
    issue(world, 1, TOTAL)
    issue(world, 2, 10 - TOTAL, uuid7())
    world.plant("payment", "takings_series", theater_id=SHOWTIME, position=2)
    of_day = {"day": DAY, "theater_id": SHOWTIME, "currency": "VND"}
    world.plant("payment", "takings", id=uuid7(), ticket_type="adult", gross=TOTAL, refunds=TOTAL - 20, **of_day)
    world.plant("payment", "takings", id=uuid7(), ticket_type="", refunds=10, kept=10, **of_day)
    world.plant("payment", "fees_kept", id=uuid7(), payment_id=PAYMENT, amount=10, currency="VND", is_summed=True)
    return world


def wrong(world, **since):
    (finding,) = (finding for finding in look(world.sources(), **since).findings if finding.number == 13)
    return finding.examined, [words.partition(": ")[2] or words for words in finding.violations]


@pytest.mark.parametrize("since", [{}, {"since": NOW - timedelta(hours=1)}])
def test_takings_that_are_what_receipts_say_are_right(taken, since):
    assert wrong(taken, **since) == (1, [])


@pytest.mark.parametrize("since", [{}, {"since": NOW - timedelta(hours=1)}])
@pytest.mark.parametrize("column", ["gross", "refunds", "tax", "gift"])
def test_a_day_that_is_not_what_its_receipts_say_is_found(taken, column, since):
    taken.execute("payment", f"UPDATE takings SET {column} = {column} + 1 WHERE ticket_type = ''")
    ((words,),) = (found for _, found in [wrong(taken, **since)])
    assert words.startswith(f"takings of {DAY}, theater {SHOWTIME}, are ")
    assert f"its receipts say {TOTAL} less {TOTAL - 10}, 0, 0" in words


@pytest.mark.parametrize("column", ["cash", "terminal"])
def test_what_was_paid_at_the_counter_is_what_its_receipts_say(taken, column):
    taken.execute("payment", f"UPDATE takings SET {column} = 10 WHERE ticket_type = ''")
    (words,) = wrong(taken)[1]
    assert words.endswith("its receipts say 0 and 0")
    taken.execute("payment", "ALTER TABLE receipts DISABLE TRIGGER receipts_are_final")
    taken.change("payment", "receipts", counter={"method": column})
    taken.execute("payment", "ALTER TABLE receipts ENABLE TRIGGER receipts_are_final")
    assert wrong(taken)[1] == []


def test_a_receipt_that_is_not_added_up_for_minutes_is_found(taken):
    taken.change("payment", "takings_series", position=1)
    taken.change("payment", "receipts", "position = 2", issued_at=NOW - timedelta(minutes=6))
    assert "receipt R1-2 is not in the takings" in wrong(taken)[1]


def test_a_receipt_of_a_day_that_is_not_there_is_found(taken):
    taken.execute("payment", "DELETE FROM takings")
    assert wrong(taken) == (0, [f"receipt R1-{number} is in the takings of no day" for number in (1, 2)])


def test_a_fee_that_did_not_stay_is_found(taken):
    taken.change("payment", "fees_kept", amount=9)
    assert wrong(taken)[1] == ["fees of 9 are written down, 10 stayed"]
