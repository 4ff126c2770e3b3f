"""The saga as its decisions make it: told step by step, and in any order. Needs no stack."""

from collections.abc import Callable
from typing import Any

import pytest
from ending import assert_ended_well
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from model import GIFT_CARD, Sagas
from one_saga import PRICE, RefundKind, Saga, State, Status, Trigger, payment_domain

FEE = PRICE // 10


def _hold_ends(model: Sagas, _: object) -> None:
    model.hold_ends(0)
    model.sweep()


# What somebody does, and not an event.
DEEDS: dict[str, Callable[[Sagas, str | None], object]] = {
    "the customer books": lambda model, card: model.book(frozenset({0}), card),
    "the customer books two": lambda model, card: model.book(frozenset({0, 1}), card),
    "the customer books two with a code": lambda model, card: model.book(frozenset({0, 1}), card, code=True),
    "the customer cancels": lambda model, _: model.cancel(0, "CUSTOMER", fee=0),
    "the customer cancels late": lambda model, _: model.cancel(0, "CUSTOMER", fee=PRICE),
    "the customer gives a seat back": lambda model, _: model.give_back(0, 0, fee=0),
    "the customer gives a seat back late": lambda model, _: model.give_back(0, 0, fee=FEE),
    "the customer needs longer": lambda model, _: model.extend(0),
    "the hold ends": _hold_ends,
    "somebody goes in": lambda model, _: model.check_in(0, 0),
    "support gives it back": lambda model, _: model.refund(0, None, goodwill=False),
    "support gives it back as goodwill": lambda model, _: model.refund(0, None, goodwill=True),
    "support gives a seat back": lambda model, _: model.refund(0, None, goodwill=False, seat=0),
    "support gives the other seat back": lambda model, _: model.refund(0, None, goodwill=False, seat=1),
    "the gateway refuses": lambda model, _: model.gateway_answers(0, refuses=True),
    "the gateway answers": lambda model, _: model.gateway_answers(0, refuses=False),
}


class Story:
    """One booking from its beginning. given() lets one thing happen; expect() says all that follows from it."""

    def __init__(self, *, card: str | None) -> None:
        self.card = card
        self.model = Sagas()
        self.model.begin(seed=0)
        self.follows: tuple[list[str], str | None] = ([], None)

    @property
    def saga(self) -> Saga:
        return self.model.sagas[0]

    def given(self, what: str) -> "Story":
        """What somebody does, or an event by its name, which arrives at who hears it."""
        self.model.wire, waiting = [], self.model.wire
        asked = self.saga.asked if self.model.sagas else None
        if what in DEEDS:
            DEEDS[what](self.model, self.card)
        else:
            message = next(each for each in waiting if each.type == what)
            waiting.remove(message)
            self.model.receive(message)
        asks = self.saga.asked.kind.value if self.saga.asked not in (None, asked) else None
        self.follows = ([each.type for each in self.model.wire], asks)
        self.model.wire = waiting + self.model.wire
        return self

    def expect(self, *told: str, asks: str | None = None) -> None:
        """told: the events; asks: what the card gateway is asked."""
        assert self.follows == (list(told), asks)

    def ends(self, booking: Any, money: Any) -> None:
        assert_ended_well(self.saga, self.model.inventory)
        assert (self.saga.state, self.saga.payment.status) == (booking, money)


def sold(books: str = "the customer books") -> Story:
    story = Story(card="good")
    for step in (books, "booking.created", "the gateway answers", "payment.authorized"):
        story.given(step)
    for step in ("booking.confirmed", "the gateway answers", "payment.completed"):
        story.given(step)
    return story


def test_a_sale_that_goes_well() -> None:
    story = Story(card="good")
    story.given("the customer books").expect("booking.created")
    story.given("booking.created").expect(asks="authorise")
    story.given("the gateway answers").expect("payment.authorized")
    story.given("payment.authorized").expect("booking.confirmed")
    story.given("booking.confirmed").expect(asks="capture")
    story.given("the gateway answers").expect("payment.completed")
    story.given("payment.completed").expect("ticket.issued")
    story.ends(State.CONFIRMED, Status.CAPTURED)


def test_a_declined_card_that_came_with_the_booking_ends_it() -> None:
    story = Story(card="declined")
    story.given("the customer books").expect("booking.created")
    story.given("booking.created").expect(asks="authorise")
    story.given("the gateway answers").expect("payment.failed")
    story.given("payment.failed").expect("booking.failed")
    story.given("booking.failed").expect()
    story.ends(State.FAILED, Status.DECLINED)


def test_money_that_comes_after_the_hold_is_let_go() -> None:
    story = Story(card="good")
    story.given("the customer books").expect("booking.created")
    story.given("booking.created").expect(asks="authorise")
    story.given("the gateway answers").expect("payment.authorized")
    story.given("the hold ends").expect("booking.expired")
    story.given("payment.authorized").expect()
    story.given("booking.expired").expect(asks="void")
    story.given("the gateway answers").expect("payment.voided")
    story.ends(State.EXPIRED, Status.VOIDED)


def test_an_authorisation_that_the_hold_did_not_wait_for_is_taken_back() -> None:
    story = Story(card="good")
    story.given("the customer books").expect("booking.created")
    story.given("booking.created").expect(asks="authorise")
    story.given("the hold ends").expect("booking.expired")
    story.given("booking.expired").expect(asks="reverse")
    story.given("the gateway answers").expect("payment.voided")
    story.ends(State.EXPIRED, Status.VOIDED)


def test_a_capture_that_is_refused_takes_the_sale_back() -> None:
    story = Story(card="not capturable")
    story.given("the customer books").expect("booking.created")
    story.given("booking.created").expect(asks="authorise")
    story.given("the gateway answers").expect("payment.authorized")
    story.given("payment.authorized").expect("booking.confirmed")
    story.given("booking.confirmed").expect(asks="capture")
    story.given("the gateway answers").expect("payment.failed", asks="void")
    story.given("payment.failed").expect("booking.cancelled")
    story.given("the gateway answers").expect("payment.voided")
    story.given("booking.cancelled").expect()
    story.ends(State.CANCELLED, Status.FAILED)


def test_a_ticket_that_is_given_back_is_refunded() -> None:
    story = sold()
    story.given("the customer cancels").expect("booking.cancelled")
    story.given("booking.cancelled").expect(asks="refund")
    story.given("the gateway answers").expect("payment.refunded")
    story.given("payment.refunded").expect()
    story.ends(State.CANCELLED, Status.REFUNDED)


def test_all_the_money_goes_back_first_and_then_the_booking_ends() -> None:
    story = sold()
    story.given("support gives it back").expect(asks="refund")
    story.given("the gateway answers").expect("payment.refunded")
    assert story.saga.state is State.CONFIRMED
    story.given("payment.refunded").expect("booking.cancelled")
    story.given("booking.cancelled").expect()
    story.ends(State.CANCELLED, Status.REFUNDED)


def test_a_refund_that_the_gateway_refuses_frees_no_seat() -> None:
    story = sold()
    story.given("support gives it back").expect(asks="refund")
    story.given("the gateway refuses").expect()
    story.ends(State.CONFIRMED, Status.CAPTURED)


def test_a_customer_who_cancels_while_support_gives_it_back_gets_it_once() -> None:
    for told_first in ("payment.refunded", "booking.cancelled"):
        story = sold()
        story.given("support gives it back").expect(asks="refund")
        story.given("the customer cancels").expect("booking.cancelled")
        if told_first == "booking.cancelled":
            story.given("booking.cancelled").expect()
        story.given("the gateway answers").expect("payment.refunded")
        story.given("payment.refunded").expect()
        if told_first == "payment.refunded":
            story.given("booking.cancelled").expect()
        story.ends(State.CANCELLED, Status.REFUNDED)


def test_after_goodwill_the_ticket_stays_good() -> None:
    story = sold()
    story.given("support gives it back as goodwill").expect(asks="refund")
    story.given("the gateway answers").expect("payment.refunded")
    story.given("payment.refunded").expect()
    story.ends(State.CONFIRMED, Status.REFUNDED)


def test_seat_by_seat_the_money_goes_back_first_and_with_the_last_the_booking_ends() -> None:
    story = sold("the customer books two")
    story.given("support gives a seat back").expect(asks="refund")
    assert story.saga.has == {0, 1}
    story.given("the gateway answers").expect("payment.refunded")
    story.given("payment.refunded").expect("booking.reduced")
    assert (story.saga.state, story.saga.has) == (State.CONFIRMED, {1})
    story.given("support gives a seat back").expect()
    story.given("support gives the other seat back").expect(asks="refund")
    story.given("the gateway answers").expect("payment.refunded")
    story.given("payment.refunded").expect("booking.cancelled")
    story.given("booking.cancelled").expect()
    story.ends(State.CANCELLED, Status.REFUNDED)


def test_what_was_used_is_given_back_as_goodwill_alone() -> None:
    story = sold()
    story.given("somebody goes in").expect("booking.checked_in")
    story.given("booking.checked_in").expect()
    for wish in ("support gives a seat back", "support gives it back"):
        story.given(wish).expect()
    story.given("the customer cancels").expect()
    story.given("support gives it back as goodwill").expect(asks="refund")
    story.given("the gateway answers").expect("payment.refunded")
    story.given("payment.refunded").expect()
    story.ends(State.CONFIRMED, Status.REFUNDED)


def test_a_refund_that_overtakes_the_check_in_leaves_who_is_in_where_they_are() -> None:
    for wish in ("support gives a seat back", "support gives it back"):
        story = sold("the customer books two")
        story.given(wish).expect(asks="refund")
        story.given("somebody goes in").expect("booking.checked_in")
        story.given("the gateway answers").expect("payment.refunded")
        whole = wish == "support gives it back"
        story.given("payment.refunded").expect(*(["booking.reduced"] if whole else []))
        story.given("booking.checked_in").expect()
        assert (story.saga.state, story.saga.has) == (State.CONFIRMED, {0} if whole else {0, 1})
        assert story.saga.payment.seats[0].refunded == (None if whole else RefundKind.GOODWILL)


def test_a_hold_is_made_longer_once_and_paid_or_not_whichever_is_heard_first() -> None:
    for first, second in (("booking.created", "booking.extended"), ("booking.extended", "booking.created")):
        story = Story(card=None)
        story.given("the customer books").expect("booking.created")
        story.given("the customer needs longer").expect("booking.extended")
        story.given("the customer needs longer").expect()
        for event in (first, second):
            story.given(event).expect()
        story.given("the hold ends").expect("booking.expired")
        story.given("booking.expired").expect()
        story.ends(State.EXPIRED, Status.VOIDED)


def test_a_booking_whose_card_is_asked_or_whose_hold_is_over_is_not_made_longer() -> None:
    asked, over = Story(card="good"), Story(card=None)
    for story in (asked, over):
        story.given("the customer books")
    over.saga.hold_over = True
    for story in (asked, over):
        story.given("the customer needs longer").expect()


def test_of_a_seat_that_was_given_back_just_before_the_end_no_fee_is_kept() -> None:
    for end_first in (False, True):
        story = sold("the customer books two")
        story.given("support gives a seat back").expect(asks="refund")
        if end_first:
            story.given("the customer cancels late").expect("booking.cancelled")
            story.given("booking.cancelled").expect()
            story.given("the gateway answers").expect("payment.refunded", "payment.fee_lowered", asks="refund")
        else:
            story.given("the gateway answers").expect("payment.refunded")
            story.given("the customer cancels late").expect("booking.cancelled")
            story.given("booking.cancelled").expect("payment.fee_lowered", asks="refund")
        story.given("the gateway answers").expect("payment.refunded")
        for _ in range(2):
            story.given("payment.refunded").expect()
        assert (story.saga.payment.fee_told, story.saga.payment.retained) == (PRICE, PRICE // 2)
        story.ends(State.CANCELLED, Status.PARTIALLY_REFUNDED)


def test_a_customer_gives_a_seat_back_and_its_money_follows() -> None:
    story = sold("the customer books two")
    story.given("the customer gives a seat back late").expect("booking.reduced")
    assert (story.saga.state, story.saga.has) == (State.CONFIRMED, {1})
    story.given("booking.reduced").expect(asks="refund")
    story.given("the customer gives a seat back").expect()
    story.given("the gateway answers").expect("payment.refunded")
    story.given("payment.refunded").expect()
    assert story.saga.payment.refunded == PRICE - FEE
    story.ends(State.CONFIRMED, Status.PARTIALLY_REFUNDED)


def test_a_seat_that_was_given_back_before_its_money_was_taken_is_paid_back_once_it_was() -> None:
    story = Story(card="good")
    for step in ("the customer books two", "booking.created", "the gateway answers", "payment.authorized"):
        story.given(step)
    story.given("the customer gives a seat back").expect("booking.reduced")
    story.given("booking.reduced").expect(asks="capture")
    story.given("booking.confirmed").expect()
    story.given("the gateway answers").expect("payment.completed", asks="refund")
    story.given("the gateway answers").expect("payment.refunded")
    story.given("payment.completed").expect("ticket.issued")
    story.given("payment.refunded").expect()
    story.ends(State.CONFIRMED, Status.PARTIALLY_REFUNDED)


def test_who_gives_a_seat_back_and_cancels_the_rest_pays_the_fee_of_each_once_whichever_is_heard_first() -> None:
    for first, second in (("booking.reduced", "booking.cancelled"), ("booking.cancelled", "booking.reduced")):
        story = sold("the customer books two")
        story.given("the customer gives a seat back late").expect("booking.reduced")
        story.given("the customer cancels late").expect("booking.cancelled")
        story.given(first).expect(asks="refund")
        story.given(second).expect()
        story.given("the gateway answers").expect("payment.refunded")
        story.given("payment.refunded").expect()
        assert (story.saga.payment.retained, story.saga.payment.refunded) == (PRICE + FEE, PRICE - FEE)
        story.ends(State.CANCELLED, Status.PARTIALLY_REFUNDED)


def test_a_seat_that_support_and_its_customer_give_back_at_once_is_paid_back_once() -> None:
    for told_first in ("booking.reduced", "payment.refunded"):
        story = sold("the customer books two")
        story.given("support gives a seat back").expect(asks="refund")
        story.given("the customer gives a seat back late").expect("booking.reduced")
        if told_first == "booking.reduced":
            story.given("booking.reduced").expect()
        story.given("the gateway answers").expect("payment.refunded")
        story.given("payment.refunded").expect()
        if told_first == "payment.refunded":
            story.given("booking.reduced").expect()
        assert (story.saga.payment.refunded, story.saga.due) == (PRICE, {0: PRICE})
        story.ends(State.CONFIRMED, Status.PARTIALLY_REFUNDED)


def test_a_code_and_what_a_gift_card_paid_can_be_had_again_once_the_hold_is_over() -> None:
    first = Story(card=None)
    model = first.model
    model.book(frozenset({0}), None, code=True)
    model.pay(0, "good", PRICE)
    assert (first.saga.has_code, model.on_gift_card) == (True, GIFT_CARD - PRICE)
    for step in ("the hold ends", "booking.expired", "the gateway answers", "booking.created"):
        first.given(step)
    assert (first.saga.has_code, model.on_gift_card) == (False, GIFT_CARD)
    first.ends(State.EXPIRED, Status.VOIDED)


def test_a_code_stays_used_while_its_booking_has_the_seat_that_came_cheaper() -> None:
    for seat, stays in ((1, True), (0, False)):
        story = sold("the customer books two with a code")
        story.model.give_back(0, seat, fee=0)
        assert story.saga.has_code is stays
        story.model.wait_until_nothing_is_under_way()
        story.given("the customer cancels").given("booking.cancelled")
        assert story.saga.has_code is False


def test_a_refund_that_overtakes_the_receipt_leaves_no_ticket_behind() -> None:
    story = Story(card="good")
    for step in ("the customer books", "booking.created", "the gateway answers", "payment.authorized"):
        story.given(step)
    for step in ("booking.confirmed", "the gateway answers", "support gives it back", "the gateway answers"):
        story.given(step)
    story.given("payment.refunded").expect("booking.cancelled")
    story.given("payment.completed").expect()
    story.given("booking.cancelled").expect()
    assert story.saga.tickets == 0
    story.ends(State.CANCELLED, Status.REFUNDED)


ANY_ORDER = settings(max_examples=500, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck))


def test_every_order_of_arrival_ends_in_a_legal_state_with_the_money_matching() -> None:
    Sagas.reached.clear()
    Sagas.happened.clear()
    run_state_machine_as_test(Sagas, settings=ANY_ORDER)
    for seed in range(20):
        sagas = Sagas()
        sagas.begin(seed=seed, longer=True)
        sagas.teardown()
    # It would show nothing of what it never came to.
    assert {state for state, _ in Sagas.reached} == set(State) - {State.PENDING}
    ends = {Status.CAPTURED, Status.REFUNDED, Status.PARTIALLY_REFUNDED, Status.VOIDED, Status.DECLINED, Status.FAILED}
    assert {status for _, status in Sagas.reached} == ends
    assert {Trigger.HOLD_EXTENDED, "code used up", "code given back"} <= Sagas.happened
    assert {"reserve", "release", "capture"} <= Sagas.happened


def test_what_is_paid_is_given_back_seat_by_seat_and_whole_and_people_are_let_in_in_any_order() -> None:
    """What the steps come to rarely is come to here in many orders, the same ones each time."""
    Sagas.happened.clear()
    for seed in range(100):
        sagas = Sagas()
        sagas.begin(seed=seed, paid=True)
        sagas.teardown()
    seats = {Trigger.SEATS_REFUNDED, Trigger.SEATS_GIVEN_BACK}
    assert {Trigger.REFUNDED, *seats, "let in", "payment.fee_lowered"} <= Sagas.happened
    assert {"reserve", "capture", "refund"} <= Sagas.happened


def test_a_payment_that_forgets_the_end_of_its_booking_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payment_domain, "booking_ended", lambda payment, **_: payment_domain.Decision(payment))
    once = settings(ANY_ORDER, phases=[Phase.generate], report_multiple_bugs=False, database=None, print_blob=False)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(Sagas, settings=once)
