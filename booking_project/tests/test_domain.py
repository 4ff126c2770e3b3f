from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookings.domain import (
    OPEN,
    TRANSITIONS,
    CancellationRules,
    PaymentStatus,
    State,
    TooLate,
    Trigger,
    advance_payment,
    next_state,
    payment_failure,
    rebuild,
    refund_amount,
    refund_ends,
)
from chassis.states import IllegalTransition

START = datetime(2026, 11, 25, 12, 30, tzinfo=UTC)


def test_every_state_and_trigger_is_either_in_the_table_or_illegal():
    walked = 0
    for state, trigger in product([None, *State], Trigger):
        walked += 1
        if (state, trigger) in TRANSITIONS:
            assert next_state(state, trigger) is TRANSITIONS[state, trigger]
        else:
            with pytest.raises(IllegalTransition):
                next_state(state, trigger)
    assert walked == 7 * len(Trigger)


def test_what_ended_without_a_sale_never_comes_back():
    ends = {State.CANCELLED, State.EXPIRED, State.REJECTED, State.FAILED}
    assert not [state for state, _ in TRANSITIONS if state in ends]


@given(st.lists(st.sampled_from(PaymentStatus)))
def test_payment_news_in_any_order_lead_to_the_same_status(news):
    def told(order):
        known = PaymentStatus.UNPAID
        for status in order:
            known = advance_payment(known, status)
        return known

    assert told(news) == told(reversed(news)) == told(sorted(news))


def test_a_card_declined_for_the_booking_itself_ends_it_and_another_card_may_be_tried_otherwise():
    assert payment_failure(State.PENDING, stage="authorise", final=True) is Trigger.PAYMENT_DECLINED
    assert payment_failure(State.PENDING, stage="authorise", final=False) is None
    assert payment_failure(State.CANCELLED, stage="authorise", final=True) is None


def test_a_capture_that_failed_takes_a_confirmed_booking_back():
    assert payment_failure(State.CONFIRMED, stage="capture", final=True) is Trigger.CAPTURE_FAILED
    assert payment_failure(State.CANCELLED, stage="capture", final=True) is None


def test_all_of_its_money_given_back_ends_a_sale_unless_it_is_goodwill():
    whole, part = PaymentStatus.REFUNDED, PaymentStatus.PARTIALLY_REFUNDED
    assert refund_ends(State.CONFIRMED, status=whole, kind="cancel") is Trigger.REFUNDED
    assert refund_ends(State.CONFIRMED, status=part, kind="cancel") is None
    for status in (whole, part):
        assert refund_ends(State.CONFIRMED, status=status, kind="goodwill") is None
    for state in set(State) - {State.CONFIRMED}:
        assert refund_ends(state, status=whole, kind="cancel") is None


def test_before_the_cutoff_everything_comes_back():
    rules = CancellationRules(cutoff_minutes=60, fee_percent=10)
    assert refund_amount(total=1000, starts_at=START, now=START - timedelta(minutes=61), rules=rules) == 1000


def test_after_the_cutoff_the_fee_is_kept_rounded_in_the_customers_favour():
    rules = CancellationRules(cutoff_minutes=60, fee_percent=10)
    assert refund_amount(total=1005, starts_at=START, now=START - timedelta(minutes=59), rules=rules) == 905


def test_after_the_cutoff_without_a_fee_nothing_is_taken_back():
    rules = CancellationRules(cutoff_minutes=60, fee_percent=None)
    with pytest.raises(TooLate):
        refund_amount(total=1000, starts_at=START, now=START - timedelta(minutes=59), rules=rules)


def test_after_the_start_no_ticket_is_taken_back():
    rules = CancellationRules(cutoff_minutes=0, fee_percent=10)
    with pytest.raises(TooLate):
        refund_amount(total=1000, starts_at=START, now=START, rules=rules)


def test_a_moved_showtime_is_taken_back_whole_until_it_starts_whatever_the_rules():
    for fee in (None, 10):
        rules = CancellationRules(cutoff_minutes=60, fee_percent=fee)
        ask = {"total": 1000, "starts_at": START, "rules": rules, "moved": True}
        assert refund_amount(now=START - timedelta(minutes=1), **ask) == 1000
        with pytest.raises(TooLate):
            refund_amount(now=START, **ask)


def test_a_move_changes_what_a_customer_is_told_and_not_the_state():
    moved = {state: after for (state, trigger), after in TRANSITIONS.items() if trigger is Trigger.SHOWTIME_MOVED}
    assert moved == {state: state for state in OPEN}


@given(st.integers(0, 10**12), st.integers(0, 100))
def test_a_refund_is_never_negative_nor_more_than_was_paid(total, fee):
    rules = CancellationRules(cutoff_minutes=60, fee_percent=fee)
    refund = refund_amount(total=total, starts_at=START, now=START - timedelta(minutes=1), rules=rules)
    assert 0 <= refund <= total


def test_a_history_leads_to_the_state_it_ends_in():
    assert rebuild([]) is None
    assert rebuild([Trigger.HELD, Trigger.SEATS_SOLD, Trigger.CANCELLED_BY_CUSTOMER]) is State.CANCELLED
    with pytest.raises(IllegalTransition):
        rebuild([Trigger.SEATS_SOLD])
