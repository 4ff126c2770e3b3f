"""A sale with nothing wrong in it, and one violation of each kind planted in it."""

from datetime import UTC, datetime, timedelta

import pytest
from planted import (
    BOOKING,
    EVENT,
    NOW,
    OTHER,
    PAYMENT,
    SEAT,
    SECOND,
    SHOWTIME,
    TOTAL,
    claim,
    found,
    keep,
    ledger,
    mails,
    operation,
    plant_booking,
    refund,
    violated,
)

from audit.auditing import look
from chassis.ids import nobodys_id, uuid7

HALF = TOTAL // 2


def test_a_clean_sale_violates_nothing(sale):
    findings = look(sale.sources()).findings
    assert [finding.number for finding in findings] == list(range(1, 14))
    assert [finding.examined for finding in findings] == [1, 1, 1, 1, 1, 1, 2, 1, 0, 1, 0, 0, 0]
    assert violated(sale) == set()


def test_nothing_is_looked_at_where_there_is_nothing(world):
    findings = look(world.sources()).findings
    assert [(finding.number, finding.examined) for finding in findings] == [(number, 0) for number in range(1, 14)]


def test_a_seat_of_two_confirmed_bookings_is_found(sale):
    plant_booking(sale, OTHER, "BBBB", "CONFIRMED", ends=NOW - timedelta(hours=1))
    claim(sale, OTHER, SEAT)
    assert found(sale)[1] == (f"booking BBBB has seat {SEAT} of showtime {SHOWTIME}, which is sold by {BOOKING}",)


def test_a_seat_held_and_sold_at_once_is_found(sale):
    plant_booking(sale, OTHER, "BBBB", "PENDING", ends=datetime.now(UTC) + timedelta(minutes=5))
    claim(sale, OTHER, SEAT)
    assert violated(sale) == {1}


def test_a_hold_that_ended_may_have_been_taken_over(sale):
    plant_booking(sale, OTHER, "BBBB", "PENDING", ends=datetime.now(UTC) - timedelta(seconds=1))
    claim(sale, OTHER, SEAT)
    assert violated(sale) == set()


@pytest.mark.parametrize("status", ["CANCELLED", "EXPIRED", "REJECTED", "FAILED"])
def test_a_seat_sold_to_a_booking_that_ended_is_found(sale, status):
    sale.change("booking", "bookings", status=status)
    assert 1 in violated(sale)


def test_seats_of_a_showtime_that_is_over_may_be_forgotten_and_not_sold_twice(sale):
    sale.execute("booking", "DELETE FROM seat_status")
    sale.plant("booking", "showtimes", id=SHOWTIME)
    assert violated(sale) == {1}
    sale.change("booking", "showtimes", seats_forgotten_at=NOW)
    assert violated(sale) == set()
    plant_booking(sale, OTHER, "BBBB", "CONFIRMED", ends=NOW - timedelta(hours=1))
    claim(sale, OTHER, SEAT)
    assert found(sale)[1] == (f"seat {SEAT} of showtime {SHOWTIME}, which is over, belongs to AAAA, BBBB",)


def test_a_seat_sold_to_a_booking_that_nobody_knows_is_found(sale):
    keep(sale, SECOND, "sold", booking=OTHER)
    assert violated(sale) == {1}


def test_a_seat_sold_to_a_booking_that_does_not_ask_for_it_is_found(sale):
    keep(sale, SECOND, "sold")
    assert violated(sale) == {1}


def test_a_confirmed_booking_whose_seat_is_free_is_found(sale):
    sale.execute("booking", "DELETE FROM seat_status")
    assert violated(sale) == {1}


def test_a_confirmed_booking_whose_seat_is_off_sale_is_found(sale):
    sale.change("booking", "seat_status", status="blocked", booking_id=None)
    assert violated(sale) == {1}


def test_a_confirmed_booking_without_its_money_is_found(sale):
    sale.execute("payment", "DELETE FROM payments")
    sale.gateway.entries.clear()
    assert violated(sale) == {2}


def test_another_amount_than_the_total_is_found(sale):
    sale.change("booking", "bookings", total_amount=TOTAL + 1)
    assert violated(sale) == {2}


def test_another_currency_than_the_totals_is_found(sale):
    sale.change("booking", "bookings", currency="EUR")
    assert violated(sale) == {2}


def test_a_confirmed_booking_whose_money_went_back_is_found(sale):
    refund(sale, "cancel", TOTAL, status="refunded")
    assert violated(sale) == {2}


def test_money_may_go_back_as_goodwill_while_the_ticket_stays(sale):
    refund(sale, "goodwill", TOTAL, status="refunded")
    assert violated(sale) == set()


def went_back_as(kind):
    """Of two seats the money of the second."""
    return [
        {"id": str(SEAT), "price": HALF, "refunded": None, "charged": False},
        {"id": str(SECOND), "price": HALF, "refunded": kind},
    ]


@pytest.fixture
def reduced(sale):
    """Of two seats one was given back with its money."""
    claim(sale, BOOKING, SEAT, HALF)
    claim(sale, BOOKING, SECOND, HALF, given_back=True)
    refund(sale, "cancel", HALF, {SECOND: HALF}, status="partially_refunded", seats=went_back_as("cancel"))
    return sale


def test_seats_may_go_back_with_their_money(reduced):
    assert violated(reduced) == set()


def test_a_seat_that_is_kept_though_its_money_went_back_is_found(reduced):
    claim(reduced, BOOKING, SECOND, HALF)
    keep(reduced, SECOND, "sold")
    assert violated(reduced) == {2}


def test_who_was_let_in_before_the_refund_came_keeps_the_seat(reduced):
    claim(reduced, BOOKING, SECOND, HALF, let_in=True)
    keep(reduced, SECOND, "sold")
    assert violated(reduced) == {2}
    # And payment has to know that it was goodwill.
    reduced.change("payment", "refunds", kind="goodwill")
    reduced.change("payment", "payments", seats=went_back_as("goodwill"))
    assert violated(reduced) == set()


def test_a_seat_that_was_given_back_and_is_still_sold_to_its_booking_is_found(reduced):
    keep(reduced, SECOND, "sold")
    assert violated(reduced) == {1}


def test_a_seat_given_back_to_which_somebody_was_let_in_is_found(reduced):
    claim(reduced, BOOKING, SECOND, HALF, given_back=True, let_in=True)
    assert violated(reduced) == {1}


def test_a_seat_given_back_whose_money_is_still_here_is_found(reduced):
    claim(reduced, BOOKING, SEAT, HALF, given_back=True)
    reduced.execute("booking", "DELETE FROM seat_status")
    assert violated(reduced) == {2}


def test_a_seat_whose_money_went_back_twice_is_found(reduced):
    refund(reduced, "goodwill", HALF, {SECOND: HALF}, status="refunded")
    assert violated(reduced) == {3}


def test_another_amount_than_what_the_seats_were_sold_at_is_found(reduced):
    reduced.change("payment", "refunds", seats=[{"id": str(SECOND), "price": HALF + 1}])
    assert violated(reduced) == {3}


def test_of_a_seat_that_its_customer_gave_back_no_more_goes_back_than_is_due_and_no_less(sale):
    due = HALF - HALF // 10
    claim(sale, BOOKING, SEAT, HALF)
    claim(sale, BOOKING, SECOND, HALF, given_back=True)
    sale.change("booking", "booking_seats", f"seat_id = '{SECOND}'", refund_amount=due)
    seats = [went_back_as("cancel")[0], went_back_as("cancel")[1] | {"due": due}]
    refund(sale, "cancel", due, {SECOND: HALF}, status="partially_refunded", seats=seats)
    sale.change("payment", "refunds", seats=[{"id": str(SECOND), "price": HALF, "due": due}])
    assert violated(sale) == set()
    sale.change("booking", "booking_seats", f"seat_id = '{SECOND}'", refund_amount=due - 1)
    assert violated(sale) == {2}
    sale.change("booking", "booking_seats", f"seat_id = '{SECOND}'", refund_amount=due + 1)
    assert violated(sale) == {2}


def test_money_kept_for_a_cancelled_booking_is_found(cancelled):
    assert violated(cancelled) == {3}


def test_money_kept_for_a_booking_that_nobody_knows_is_found(cancelled):
    cancelled.execute("booking", "DELETE FROM bookings")
    assert violated(cancelled) == {3}


def test_a_cancellation_fee_may_be_kept(cancelled):
    refund(cancelled, "cancel", TOTAL - 1000, retained_amount=1000)
    assert violated(cancelled) == set()


def test_a_fee_of_a_seat_that_was_given_back_is_found(cancelled):
    seats = [
        {"id": str(SEAT), "price": TOTAL - HALF, "refunded": None, "charged": True},
        {"id": str(SECOND), "price": HALF, "refunded": "cancel", "charged": True},
    ]
    refund(cancelled, "cancel", TOTAL - 1000, retained_amount=1000, seats=seats)
    for told, violations in ((2000, set()), (1000, {3})):
        cancelled.change("payment", "payments", fee_told_amount=told)
        assert violated(cancelled) == violations


def test_money_captured_for_a_mere_hold_is_found(sale):
    ends = datetime.now(UTC) + timedelta(minutes=1)
    sale.change("booking", "bookings", status="PENDING", hold_expires_at=ends)
    sale.change("booking", "seat_status", status="held", held_until=ends)
    assert violated(sale) == {3}


def test_an_authorisation_left_open_for_an_expired_booking_is_found(cancelled):
    cancelled.change("booking", "bookings", status="EXPIRED")
    cancelled.change("payment", "payments", status="authorized", held_amount=TOTAL, captured_amount=0, captured_at=None)
    cancelled.execute("payment", "DELETE FROM gateway_operations WHERE kind = 'capture'")
    ledger(cancelled, PAYMENT, customer=-TOTAL, authorised=TOTAL)
    cancelled.gateway.entries[0]["captured_amount"] = 0
    assert violated(cancelled) == {3}


def test_a_second_capture_is_found(sale):
    sale.execute("payment", "DROP INDEX operations_never_twice")
    try:
        operation(sale, "capture", TOTAL)
        assert violated(sale) == {3}
    finally:
        sale.execute("payment", "DELETE FROM gateway_operations")
        sale.execute("payment", ONCE)


ONCE = """
CREATE UNIQUE INDEX operations_never_twice ON gateway_operations (payment_id, kind)
WHERE kind IN ('authorise', 'capture', 'void') AND state IN ('pending', 'reversing', 'succeeded')
"""


def test_a_second_charge_at_the_gateway_is_found(sale):
    sale.gateway.entry(PAYMENT, authorised=TOTAL, captured=TOTAL)
    assert violated(sale) == {3, 7}


def test_more_given_back_at_the_gateway_than_was_taken_is_found(sale):
    sale.gateway.entries[0]["refunded_amount"] = TOTAL + 1
    assert violated(sale) == {3, 7}


def test_a_second_refund_is_found(sale):
    operation(sale, "refund", 10)
    operation(sale, "refund", 10)
    sale.change("payment", "payments", refunded_amount=10)
    assert 3 in violated(sale)


def test_a_hold_that_outlived_its_end_by_a_minute_is_found(sale):
    plant_booking(sale, OTHER, "BBBB", "PENDING", ends=datetime.now(UTC) - timedelta(seconds=61))
    assert violated(sale) == {4}
    sale.change("booking", "bookings", "reference = 'BBBB'", hold_expires_at=datetime.now(UTC) - timedelta(seconds=30))
    assert violated(sale) == set()


def test_an_event_that_was_not_published_is_found(sale):
    sale.change("booking", "outbox", published_at=None)
    assert violated(sale) == {5}


def test_an_event_that_a_consumer_lost_is_found(sale):
    sale.execute("notify", "DELETE FROM inbox")
    assert found(sale) == {5: (f"notify has not handled booking.created {EVENT} of booking",)}


def test_nothing_is_owed_for_what_was_published_before_its_type_was_asked_for(sale):
    sale.execute("notify", "DELETE FROM inbox")
    sale.plant("notify", "heard_events", type="booking.created", since=EVENT)
    assert violated(sale) == {5}
    sale.change("notify", "heard_events", since=uuid7())
    assert violated(sale) == set()


def test_what_another_one_handled_is_not_what_this_one_did(sale):
    sale.change("notify", "inbox", consumer="somebody")
    assert violated(sale) == {5}


def test_a_named_dead_letter_accounts_for_its_event_at_its_consumer_only(sale):
    sale.execute("notify", "DELETE FROM inbox")
    sale.broker.dead.append(("notify", "booking.created", EVENT))
    assert violated(sale) == set()
    assert [letter.queue for letter in look(sale.sources()).dead_letters] == ["notify.dead"]
    sale.execute("payment", "DELETE FROM inbox")
    assert violated(sale) == {5}


@pytest.mark.parametrize("message", ["receipt", "ticket"])
@pytest.mark.parametrize("sent", [0, 2])
def test_a_message_missing_or_sent_twice_is_found(sale, message, sent):
    mails(sale, BOOKING, message, sent)
    assert violated(sale) == {6}


def test_messages_that_were_kept_for_long_enough_are_not_missed(sale):
    sale.execute("notify", "DELETE FROM notifications")
    assert violated(sale) == {6}
    with sale.sources() as sources:
        sources.messages_days = 0
        assert not look(sources).violations


def test_whoever_gave_no_address_at_the_counter_got_no_message(sale):
    sale.execute("notify", "DELETE FROM notifications")
    sale.change("booking", "bookings", f"id = '{BOOKING}'", user_id=nobodys_id())
    assert violated(sale) == set()


def test_a_message_that_somebody_asked_for_again_is_no_second_one(sale):
    mails(sale, OTHER, "ticket", 1)
    sale.change("notify", "notifications", f"booking_id = '{OTHER}'", booking_id=BOOKING, resend_of=OTHER)
    assert violated(sale) == set()


def test_a_ledger_that_does_not_add_up_is_found(sale):
    ledger(sale, PAYMENT, customer=1 - TOTAL, authorised=0, cash=TOTAL)
    assert violated(sale) == {7}


def test_a_ledger_that_is_not_the_payments_is_found(sale):
    ledger(sale, PAYMENT, customer=-1, cash=1)
    assert violated(sale) == {7}


@pytest.mark.parametrize("amounts", [{"captured_amount": TOTAL - 1}, {"captured_amount": 0}, {"refunded_amount": 1}])
def test_books_that_are_not_the_gateways_are_found(sale, amounts):
    sale.gateway.entries[0] |= amounts
    assert violated(sale) == {7}


def test_money_taken_for_no_payment_of_ours_is_found(sale):
    sale.gateway.entry("somebody else", authorised=5, voided=5)
    sale.gateway.entry(OTHER, authorised=5, voided=5)
    assert len(found(sale)[7]) == 2


def test_a_payment_that_the_gateway_knows_nothing_of_is_found(sale):
    sale.gateway.entries.clear()
    assert violated(sale) == {7}


def test_without_a_record_of_the_gateway_the_books_are_held_against_themselves(sale):
    sale.gateway.entries.clear()
    assert look(sale.sources(has_record=False)).violations == []
    ledger(sale, PAYMENT, customer=-1, cash=1)
    assert len(look(sale.sources(has_record=False)).violations) == 1


def test_the_money_of_another_provider_is_not_looked_for_at_this_one(sale):
    sale.gateway.entries.clear()
    sale.change("payment", "payments", provider="another")
    assert violated(sale) == set()


@pytest.mark.parametrize(("method", "account"), [("cash", "till"), ("terminal", "terminal")])
def test_what_was_taken_at_the_counter_stands_in_its_own_account_and_at_no_gateway(sale, method, account):
    sale.gateway.entries.clear()
    sale.change("payment", "payments", provider=method)
    assert violated(sale) == {7}
    sale.execute("payment", f"UPDATE transactions SET account = '{account}' WHERE account = 'cash'")
    assert violated(sale) == set()
    ledger(sale, PAYMENT, customer=-1, **{account: 1})
    assert violated(sale) == {7}
