from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookings.domain import (
    OPEN,
    TRANSITIONS,
    Cancellation,
    CancellationRules,
    NoAcceptance,
    PaymentStatus,
    State,
    Trigger,
    Why,
    advance_payment,
    cancellation,
    next_state,
    no_acceptance,
    payment_failure,
    rebuild,
    refund_takes,
    whole,
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


PART, WHOLE = PaymentStatus.PARTIALLY_REFUNDED, PaymentStatus.REFUNDED


def takes(*, state: State = State.CONFIRMED, **told: Any) -> tuple[Trigger | None, frozenset[int]]:
    """What a refund takes of a booking that has the seats 1 and 2; told: what is said of it."""
    about = {"status": PART, "kind": "cancel", "named": (), "seats": (1, 2), "let_in": ()}
    return refund_takes(state, **(about | told))


def test_all_of_its_money_given_back_ends_a_sale_unless_it_is_goodwill():
    assert takes(status=WHOLE) == (Trigger.REFUNDED, {1, 2})
    assert takes(status=PART) == (None, frozenset())
    for status, named in product((WHOLE, PART), ((), (1,), (1, 2))):
        assert takes(status=status, named=named, kind="goodwill") == (None, frozenset())
    for state, named in product(set(State) - {State.CONFIRMED}, ((), (1,))):
        assert takes(state=state, status=WHOLE, named=named) == (None, frozenset())


def test_seats_go_with_their_money_and_with_the_last_of_them_the_booking():
    for status in (PART, WHOLE):
        assert takes(status=status, named=(1,)) == (Trigger.SEATS_REFUNDED, {1})
        assert takes(status=status, named=(1, 2)) == (Trigger.REFUNDED, {1, 2})
        assert takes(status=status, named=(1,), seats=(1,)) == (Trigger.REFUNDED, {1})
        assert takes(status=status, named=(1,), seats=(2,)) == (None, frozenset())


def test_a_refund_that_overtakes_a_check_in_takes_nothing_from_who_is_in():
    assert takes(named=(1,), let_in=(1,)) == (None, frozenset())
    assert takes(named=(1, 2), let_in=(1,)) == (Trigger.SEATS_REFUNDED, {2})
    assert takes(status=WHOLE, let_in=(1,)) == (Trigger.SEATS_REFUNDED, {2})
    assert takes(status=WHOLE, let_in=(1, 2)) == (None, frozenset())


def ask(*, before: timedelta, cutoff: int = 60, fee: int | None = 10, **known: Any) -> Cancellation:
    """The cancellation of a paid booking so long before its start."""
    given = {"state": State.CONFIRMED, "total": 1000, "refunded": 0, "hold_expires_at": START - timedelta(days=9)}
    rules = CancellationRules(cutoff_minutes=cutoff, fee_percent=fee)
    return cancellation(starts_at=START, now=START - before, rules=rules, **(given | known))


def minutes(count: int) -> timedelta:
    return timedelta(minutes=count)


def test_before_the_cutoff_everything_comes_back():
    assert ask(before=minutes(61)) == Cancellation(1000, 0, Why.IN_TIME, until=START - minutes(60))


def test_after_the_cutoff_the_fee_is_kept_rounded_in_the_customers_favour():
    assert ask(before=minutes(60), total=1005) == Cancellation(905, 100, Why.LATE, until=START)


def test_after_the_cutoff_without_a_fee_nothing_is_taken_back():
    outcome = ask(before=minutes(60), fee=None)
    assert outcome == Cancellation(0, 1000, Why.CLOSED)
    assert not outcome.allowed


def test_a_fee_of_nothing_is_no_cutoff():
    assert ask(before=minutes(5), fee=0) == Cancellation(1000, 0, Why.IN_TIME, until=START)


def test_after_the_start_no_ticket_is_taken_back():
    for changed in (False, True):
        outcome = ask(before=minutes(0), changed=changed)
        assert outcome == Cancellation(0, 1000, Why.STARTED)
        assert not outcome.allowed
    by_staff = whole(state=State.CONFIRMED, total=1000, refunded=0, trigger=Trigger.CANCELLED_BY_STAFF)
    assert by_staff == Cancellation(1000, 0, Why.BY_STAFF)


@pytest.mark.parametrize("fee", [None, 10])
@pytest.mark.parametrize("before", [1, 61])
def test_a_changed_showtime_is_taken_back_whole_until_it_starts_whatever_the_rules(fee, before):
    assert ask(before=minutes(before), fee=fee, changed=True) == Cancellation(
        1000, 0, Why.SHOWTIME_CHANGED, until=START
    )


def test_of_what_was_not_paid_nothing_comes_back_and_nothing_is_kept():
    held = ask(before=minutes(1), state=State.PENDING, hold_expires_at=START - minutes(30))
    assert held == Cancellation(0, 0, Why.UNPAID, until=START - minutes(30))


def test_what_ended_has_nothing_to_give_back():
    for state in set(State) - OPEN:
        outcome = ask(before=minutes(100), state=state)
        assert (outcome.why, outcome.allowed, outcome.refund, outcome.retained) == (Why.ENDED, False, 0, 0)


def test_what_went_back_before_does_not_come_back_again():
    assert ask(before=minutes(61), refunded=300).refund == 700
    assert ask(before=minutes(1), refunded=300, fee=50) == Cancellation(200, 500, Why.LATE, until=START)
    assert ask(before=minutes(1), refunded=800, fee=50) == Cancellation(0, 200, Why.LATE, until=START)


def test_the_fee_is_of_the_seats_that_are_left():
    assert ask(before=minutes(1), refunded=400, given_back=400) == Cancellation(540, 60, Why.LATE, until=START)
    assert ask(before=minutes(61), refunded=400, given_back=400).refund == 600


def test_a_move_changes_what_a_customer_is_told_and_not_the_state_and_so_does_their_answer():
    for told in (Trigger.SHOWTIME_MOVED, Trigger.CHANGE_ACCEPTED):
        moved = {state: after for (state, trigger), after in TRANSITIONS.items() if trigger is told}
        assert moved == {state: state for state in OPEN}


@given(
    state=st.sampled_from(State),
    before=st.integers(-2, 2),
    sold=st.integers(0, 4),
    told=st.integers(0, 4),
    revision=st.integers(1, 5),
)
def test_what_is_accepted_was_told_of_is_still_to_come_and_goes_on(state, before, sold, told, revision):
    against = no_acceptance(
        state=state, starts_at=START, now=START - minutes(before), sold=sold, told=told, revision=revision
    )
    may = state in OPEN and before > 0 and sold < revision <= told
    assert (against is None) is may
    assert (against is NoAcceptance.ENDED) is (state not in OPEN)


@given(
    total=st.integers(0, 10**12),
    part=st.integers(0, 100),
    fee=st.one_of(st.none(), st.integers(0, 100)),
    before=st.integers(-100, 200),
    changed=st.booleans(),
)
def test_refund_fee_and_what_went_back_before_add_up_to_what_was_paid(total, part, fee, before, changed):
    refunded = total * part // 100
    outcome = ask(before=minutes(before), total=total, refunded=refunded, fee=fee, changed=changed)
    assert outcome.refund >= 0
    assert outcome.retained >= 0
    assert outcome.refund + outcome.retained + refunded == total
    assert outcome.until is None or outcome.until > START - minutes(before)


def test_a_history_leads_to_the_state_it_ends_in():
    assert rebuild([]) is None
    assert rebuild([Trigger.HELD, Trigger.SEATS_SOLD, Trigger.CANCELLED_BY_CUSTOMER]) is State.CANCELLED
    with pytest.raises(IllegalTransition):
        rebuild([Trigger.SEATS_SOLD])
