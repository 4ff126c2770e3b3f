"""Exchanges as the decisions of both services make them, told step by step and in any order. Needs no stack."""

import pytest
from exchanging import Exchanges
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from one_saga import PRICE, Saga, State, Status, Trigger, payment_exchanges

SEEDS = 800
ANY_ORDER = settings(max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck))
FEE = PRICE // 10
# How what was exchanged ended, and what for: each has to be come to.
ENDS = {
    *((Trigger.EXCHANGED, each) for each in (Trigger.SEATS_SOLD, Trigger.REFUNDED, Trigger.EXCHANGED)),
    *((Trigger.SEATS_SOLD, each) for each in (Trigger.PAYMENT_DECLINED, Trigger.HOLD_ENDED, Trigger.CAPTURE_FAILED)),
    (Trigger.EXCHANGED, Trigger.CANCELLED_BY_CUSTOMER),
    (Trigger.EXCHANGED, Trigger.SHOWTIME_CANCELLED),
    (Trigger.SHOWTIME_CANCELLED, Trigger.SEATS_SOLD),
    *((each, Trigger.EXCHANGE_LOST) for each in (Trigger.CANCELLED_BY_CUSTOMER, Trigger.SHOWTIME_CANCELLED)),
    *((each, Trigger.EXCHANGE_LOST) for each in (Trigger.SEATS_GIVEN_BACK, Trigger.REFUNDED)),
}


def exchanged(places: set[int], card: str | None, *, fee: int = 0) -> tuple[Exchanges, Saga, Saga]:
    """Two seats that were paid, a half by a gift card, and what they are being exchanged for."""
    model = Exchanges()
    model.begin(seed=0, paid=True)
    model.exchange(0, places, card, fee)
    old, new = model.sagas
    return model, old, new


def arrives(model: Exchanges, what: str) -> None:
    message = next(each for each in model.wire if each.type == what)
    model.wire.remove(message)
    model.receive(message)


def is_sold(model: Exchanges) -> None:
    arrives(model, "booking.created")
    model.gateway_answers(0, refuses=False)
    arrives(model, "payment.authorized")
    arrives(model, "booking.confirmed")


def test_one_that_is_cheaper_is_paid_by_the_old_one_which_ends_with_the_capture() -> None:
    model, old, new = exchanged({0}, None, fee=FEE)
    is_sold(model)
    assert (old.state, new.state, old.payment.lent) == (State.CONFIRMED, State.CONFIRMED, PRICE)
    model.gateway_answers(0, refuses=False)
    arrives(model, "payment.completed")
    assert (old.state, old.history[-1]) == (State.CANCELLED, Trigger.EXCHANGED)
    model.wait_until_nothing_is_under_way()
    assert (old.payment.exchanged, old.payment.gone, old.payment.retained) == (PRICE, PRICE - FEE, FEE)
    assert (new.payment.status, new.ledger["cash"]) == (Status.CAPTURED, 0)


def test_a_card_that_is_declined_leaves_the_old_one_as_it_was() -> None:
    model, old, new = exchanged({0, 1}, "declined", fee=FEE)
    arrives(model, "booking.created")
    assert old.payment.lent == 2 * PRICE - FEE
    model.wait_until_nothing_is_under_way()
    assert (new.state, old.state, old.payment.lent, old.payment.left) == (State.FAILED, State.CONFIRMED, 0, 2 * PRICE)


def test_of_one_that_is_cancelled_while_it_is_held_the_fee_is_kept() -> None:
    model, old, new = exchanged({0, 1}, None)
    arrives(model, "booking.created")
    model.cancel(0, "CUSTOMER", FEE)
    model.wait_until_nothing_is_under_way()
    assert (new.history[-1], old.payment.refunded, old.payment.retained) == (
        Trigger.EXCHANGE_LOST,
        2 * PRICE - FEE,
        FEE,
    )


def test_what_staff_gave_back_before_payment_heard_of_the_exchange_goes_back_once() -> None:
    for answered_first in (True, False):
        model, old, new = exchanged({0, 1}, None)
        is_sold(model)
        model.gateway_answers(0, refuses=False)
        arrives(model, "payment.completed")
        model.refund(1, None, goodwill=False)
        model.gateway_answers(0, refuses=False)
        model.refund(0, 1, goodwill=True)
        if answered_first:
            model.gateway_answers(0, refuses=False)
        model.wait_until_nothing_is_under_way()
        assert (old.payment.refunded, new.payment.refunded) == (2 * PRICE, 2 * PRICE)
        assert sum(saga.ledger["cash"] + saga.gift_ledger["redeemed"] for saga in (old, new)) == 0


def test_bookings_are_exchanged_again_and_again_in_any_order() -> None:
    Exchanges.happened.clear()
    for seed in range(SEEDS):
        exchanges = Exchanges()
        exchanges.begin(seed=seed, paid=True)
        exchanges.teardown()
    # It would show nothing of what it never came to.
    assert {"dearer", "as dear", "cheaper", "not covered", *ENDS} <= Exchanges.happened


def test_every_order_of_arrival_leaves_the_seats_and_the_money_of_one_booking() -> None:
    run_state_machine_as_test(Exchanges, settings=ANY_ORDER)


def test_a_payment_that_forgets_what_another_one_holds_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payment_exchanges, "lend", lambda payment, _: payment_exchanges.Decision(payment))
    model, _, _ = exchanged({0, 1}, None)
    with pytest.raises(AssertionError):
        model.teardown()
