"""Every state against everything that can happen to it, and whole lives of payments against a model of the gateway."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chassis.states import IllegalTransition
from payments import domain, gift_ledger, refund_rules
from payments.domain import BookingOver, Decision, NothingPaid, Payment, TooMuch, UnderWay
from payments.gift_ledger import GiftAccount, Origin
from payments.ledger import Account, Kind, postings
from payments.refund_rules import Way
from payments.seats import RefundKind
from payments.states import MACHINE, TRANSITIONS, Booking, Fact, Status

AMOUNT = 180_000

LEGAL = {
    ("requires_payment_method", "authorization_requested"): "processing",
    ("requires_payment_method", "accepted"): "authorized",
    ("requires_payment_method", "closed"): "voided",
    ("processing", "authorized"): "authorized",
    ("processing", "declined"): "declined",
    ("processing", "reversed"): "requires_payment_method",
    ("declined", "authorization_requested"): "processing",
    ("authorized", "captured"): "captured",
    ("authorized", "capture_refused"): "failed",
    ("authorized", "voided"): "voided",
    ("failed", "voided"): "failed",
    ("captured", "refunded_partly"): "partially_refunded",
    ("captured", "refunded_fully"): "refunded",
    ("partially_refunded", "refunded_partly"): "partially_refunded",
    ("partially_refunded", "refunded_fully"): "refunded",
}


@pytest.mark.parametrize("fact", Fact)
@pytest.mark.parametrize("status", Status)
def test_each_fact_in_each_status_is_legal_or_refused(status: Status, fact: Fact) -> None:
    expected = LEGAL.get((status, fact))
    if expected is None:
        with pytest.raises(IllegalTransition, match=f"{fact} is not possible in {status}"):
            MACHINE.next(status, fact)
    else:
        assert MACHINE.next(status, fact) == expected


def test_the_table_has_a_row_for_every_status_and_nothing_else_is_legal() -> None:
    assert {status for status, _ in TRANSITIONS} | set(TRANSITIONS.values()) == set(Status)
    assert len(TRANSITIONS) == len(LEGAL)


@pytest.mark.parametrize("answer", [domain.authorized, domain.captured, domain.voided])
@pytest.mark.parametrize("under_way", [None, *Kind])
def test_an_answer_to_what_nobody_asked_is_refused(answer: object, under_way: Kind | None) -> None:
    asked = {domain.authorized: Kind.AUTHORIZE, domain.captured: Kind.CAPTURE, domain.voided: Kind.VOID}[answer]
    if under_way is not asked:
        with pytest.raises(IllegalTransition):
            answer(Payment(AMOUNT, Status.AUTHORIZED, held=AMOUNT, under_way=under_way))  # type: ignore[operator]
    else:
        status = Status.PROCESSING if asked is Kind.AUTHORIZE else Status.AUTHORIZED
        assert answer(Payment(AMOUNT, status, held=AMOUNT, under_way=under_way)).postings  # type: ignore[operator]


@pytest.mark.parametrize("kind", [Kind.AUTHORIZE, Kind.CAPTURE, Kind.VOID, Kind.REFUND, Kind.OUTSIDE])
def test_every_entry_of_the_ledger_adds_up_to_zero(kind: Kind) -> None:
    lines = postings(kind, 500)
    assert sum(line.amount for line in lines) == 0
    assert {abs(line.amount) for line in lines} == {500}


def test_a_card_cannot_be_tried_while_another_is_in_doubt() -> None:
    asking = domain.request_authorization(Payment(AMOUNT)).payment
    with pytest.raises(UnderWay):
        domain.request_authorization(asking)


def test_a_card_is_not_tried_for_a_booking_that_ended() -> None:
    with pytest.raises(BookingOver):
        domain.request_authorization(Payment(AMOUNT, Status.DECLINED, Booking.ENDED))


def test_a_booking_that_ended_with_its_declined_card_tells_so_once() -> None:
    asking = domain.request_authorization(Payment(AMOUNT)).payment
    decision = domain.declined(asking, "expired_card", final=True)
    assert [(told.type, told.final, told.retryable) for told in decision.announcements] == [
        ("payment.failed", True, False)
    ]
    assert domain.booking_ended(decision.payment) == Decision(decision.payment)


def test_more_than_what_is_left_is_not_refunded() -> None:
    payment = Payment(AMOUNT, Status.PARTIALLY_REFUNDED, Booking.CONFIRMED, captured=AMOUNT, refunded=100_000)
    with pytest.raises(TooMuch):
        domain.request_refund(payment, 80_001)
    assert domain.request_refund(payment, 80_000).ask == domain.Ask(Kind.REFUND, 80_000)


def test_a_refused_refund_waits_for_a_person_and_is_then_asked_again() -> None:
    payment = Payment(AMOUNT, Status.CAPTURED, Booking.CONFIRMED, captured=AMOUNT)
    refunding = domain.booking_ended(payment).payment
    refused = domain.return_refused(refunding, "card_closed")
    assert (refused.payment.attention, refused.ask) == ("card_closed", None)
    assert domain.resume(refused.payment).ask == domain.Ask(Kind.REFUND, AMOUNT)


def test_a_refund_that_staff_wished_for_may_be_refused_without_more_ado() -> None:
    payment = Payment(AMOUNT, Status.CAPTURED, Booking.CONFIRMED, captured=AMOUNT)
    refunding = domain.request_refund(payment, 1000).payment
    assert domain.return_refused(refunding, "card_closed").payment == payment


def test_what_costs_something_is_not_accepted_without_a_card() -> None:
    with pytest.raises(IllegalTransition):
        domain.accept(Payment(AMOUNT))


def test_what_costs_nothing_is_not_accepted_when_its_booking_ended() -> None:
    with pytest.raises(BookingOver):
        domain.accept(Payment(0, booking=Booking.ENDED))


class FreeLife(RuleBasedStateMachine):
    """A payment of nothing, and events that come in any order, more than once, or too late."""

    def __init__(self) -> None:
        super().__init__()
        self.payment = Payment(0)
        self.told: list[str] = []

    def take(self, decision: Decision) -> None:
        self.payment = decision.payment
        self.told += [told.type for told in decision.announcements]
        assert decision.ask is None, "nobody is asked for nothing"
        assert not decision.postings, "and nothing is booked"

    @rule()
    def accept(self) -> None:
        try:
            self.take(domain.accept(self.payment))
        except (BookingOver, IllegalTransition):
            assert self.told or self.payment.booking is Booking.ENDED

    @rule()
    def confirm(self) -> None:
        self.take(domain.booking_confirmed(self.payment))

    @rule()
    def end(self) -> None:
        self.take(domain.booking_ended(self.payment))

    @rule()
    def somebody_looks(self) -> None:
        self.take(domain.resume(self.payment))

    @rule(amount=st.integers(0, 5))
    def staff_refunds(self, amount: int) -> None:
        with pytest.raises(NothingPaid):
            domain.request_refund(self.payment, amount)

    @rule()
    def a_card_is_named(self) -> None:
        with pytest.raises((BookingOver, IllegalTransition)):
            domain.request_authorization(self.payment)

    @invariant()
    def it_is_told_as_what_it_is(self) -> None:
        told = {
            Status.REQUIRES_PAYMENT_METHOD: [],
            Status.AUTHORIZED: ["payment.authorized"],
            Status.CAPTURED: ["payment.authorized", "payment.completed"],
            Status.VOIDED: self.told and ["payment.authorized", "payment.voided"],
        }
        assert self.told == told[self.payment.status]
        assert (self.payment.held, self.payment.captured, self.payment.refunded) == (0, 0, 0)
        if self.payment.booking is Booking.CONFIRMED and self.told:
            assert self.payment.status is Status.CAPTURED
        if self.payment.booking is Booking.ENDED:
            assert self.payment.status in (Status.VOIDED, Status.CAPTURED)


FreeLife.TestCase.settings = settings(max_examples=100, stateful_step_count=15, deadline=None)
TestFreeLife = FreeLife.TestCase


class PaymentLife(RuleBasedStateMachine):
    """A payment, the gateway as it really is, and events that come in any order, more than once, or too late."""

    def __init__(self) -> None:
        super().__init__()
        self.payment = Payment(AMOUNT)
        self.asked: domain.Ask | None = None
        self.arrived = False  # at the gateway, whatever became of the answer
        self.gateway = {"authorised": 0, "captured": 0, "voided": 0, "refunded": 0}
        self.ledger = dict.fromkeys(Account, 0)
        self.told: list[str] = []
        self.outside = 0
        self.card = dict.fromkeys(GiftAccount, 0)
        for line in gift_ledger.issued(Origin.SOLD, AMOUNT):
            self.card[line.account] += line.amount

    def take(self, decision: Decision) -> None:
        before, self.payment = self.payment, decision.payment
        for line in decision.postings:
            self.ledger[line.account] += line.amount
        if decision.gift is not None:
            for moved in gift_ledger.lines(decision.gift):
                self.card[moved.account] += moved.amount
        self.told += [told.type for told in decision.announcements]
        if decision.ask is not None:
            if decision.ask.kind is not Kind.REVERSE:
                assert before.under_way is None or self.asked is None, "one operation at a time"
                self.arrived = False
            self.asked = decision.ask

    def answered(self) -> domain.Ask:
        assert self.asked is not None
        ask, self.asked = self.asked, None
        return ask

    @rule(gift=st.sampled_from([0, 0, 1, 50_000, AMOUNT]))
    def pay(self, gift: int) -> None:
        """gift: what a gift card pays of it."""
        try:
            self.take(domain.request_authorization(self.payment, gift))
        except (BookingOver, UnderWay, IllegalTransition):
            assert (
                self.payment.booking is Booking.ENDED
                or self.payment.under_way
                or self.payment.status not in (Status.REQUIRES_PAYMENT_METHOD, Status.DECLINED)
            )

    @precondition(lambda self: self.asked is not None and self.asked.kind is Kind.AUTHORIZE)
    @rule()
    def try_another_card(self) -> None:
        self.take(domain.request_reversal(self.payment))

    @rule()
    def confirm(self) -> None:
        self.take(domain.booking_confirmed(self.payment))

    @rule(fee=st.sampled_from([0, 0, 30_000, AMOUNT]))
    def end(self, fee: int) -> None:
        self.take(domain.booking_ended(self.payment, retained=fee))

    @rule(amount=st.integers(1, AMOUNT))
    def staff_refunds(self, amount: int) -> None:
        try:
            self.take(domain.request_refund(self.payment, amount))
        except (UnderWay, TooMuch, IllegalTransition):
            assert self.payment.under_way or amount > self.payment.captured - self.payment.refunded

    @rule(amount=st.integers(1, AMOUNT), way=st.sampled_from(Way))
    def staff_give_it_outside(self, amount: int, way: Way) -> None:
        due, on_card = self.payment.due_back, amount - self.payment.back_to_gift(amount)
        try:
            self.take(refund_rules.given_outside(self.payment, amount, way, RefundKind.CANCEL))
        except (UnderWay, TooMuch, IllegalTransition):
            assert self.payment.under_way or amount > self.payment.captured - self.payment.refunded
        else:
            if way is Way.PROVIDER:
                self.gateway["refunded"] += on_card
            else:
                self.outside += on_card
            assert not self.payment.attention or due > amount

    @precondition(lambda self: self.asked is not None and self.asked.kind is Kind.AUTHORIZE)
    @rule()
    def the_answer_is_lost(self) -> None:
        """The gateway took the money; we do not know."""
        if not self.arrived:
            self.arrived = True
            self.gateway["authorised"] += AMOUNT - self.payment.gift

    @precondition(lambda self: self.asked is not None)
    @rule()
    def the_gateway_agrees(self) -> None:
        ask = self.answered()
        asked_for = ask.amount - ask.gift
        match ask.kind:
            case Kind.AUTHORIZE:
                if not self.arrived:
                    self.gateway["authorised"] += asked_for
                self.take(domain.authorized(self.payment))
            case Kind.REVERSE:
                voided = AMOUNT - self.payment.gift if self.arrived else 0
                self.gateway["voided"] += voided
                self.take(domain.reversed_(self.payment, voided=voided))
            case Kind.CAPTURE:
                self.gateway["captured"] += asked_for
                self.take(domain.captured(self.payment))
            case Kind.VOID:
                self.gateway["voided"] += asked_for
                self.take(domain.voided(self.payment))
            case Kind.REFUND:
                self.gateway["refunded"] += asked_for
                self.take(domain.refunded(self.payment, ask.amount))

    @precondition(lambda self: self.asked is not None and self.asked.kind is not Kind.REVERSE and not self.arrived)
    @rule(final=st.booleans())
    def the_gateway_refuses(self, final: bool) -> None:
        """What gift cards pay alone it is not asked for."""
        if self.asked is not None and self.asked.gift == self.asked.amount:
            return
        ask = self.answered()
        match ask.kind:
            case Kind.AUTHORIZE:
                self.take(domain.declined(self.payment, "card_declined", final=final))
            case Kind.CAPTURE:
                self.take(domain.capture_refused(self.payment, "capture_refused"))
            case _:
                self.take(domain.return_refused(self.payment, "refused"))

    @precondition(lambda self: self.payment.attention)
    @rule()
    def somebody_looks(self) -> None:
        self.take(domain.resume(self.payment))

    @invariant()
    def books_and_gateway_agree(self) -> None:
        assert sum(self.ledger.values()) == 0
        assert self.ledger[Account.CASH] == self.gateway["captured"] - self.gateway["refunded"]
        assert self.ledger[Account.AUTHORIZED] == (self.payment.held and self.payment.held - self.payment.gift)
        assert self.ledger[Account.OUTSIDE] == -self.outside
        by_gift = self.payment.gift if self.payment.captured else 0
        assert self.payment.captured == self.gateway["captured"] + by_gift <= AMOUNT
        assert self.gateway["refunded"] + self.outside <= self.gateway["captured"]
        assert self.payment.refunded == self.gateway["refunded"] + self.outside + self.payment.gift_refunded
        assert (self.payment.under_way is None) == (self.asked is None)

    @invariant()
    def the_gift_card_has_what_it_did_not_pay(self) -> None:
        payment, card = self.payment, self.card
        assert sum(card.values()) == 0
        assert 0 <= payment.gift_refunded <= payment.gift <= AMOUNT
        assert card[GiftAccount.RESERVED] == (0 if payment.captured else payment.gift)
        assert card[GiftAccount.REDEEMED] == (payment.gift - payment.gift_refunded if payment.captured else 0)
        assert card[GiftAccount.BALANCE] + card[GiftAccount.RESERVED] + card[GiftAccount.REDEEMED] == AMOUNT
        assert card[GiftAccount.BALANCE] >= 0

    @invariant()
    def nobody_is_told_the_same_twice(self) -> None:
        assert self.told.count("payment.completed") <= 1
        assert self.told.count("payment.authorized") <= 1

    def teardown(self) -> None:
        """However the life went, once everything is answered the money is where it belongs."""
        for _ in range(10):
            if self.payment.attention:
                self.somebody_looks()
            if self.asked is None:
                break
            self.the_gateway_agrees()
        assert self.asked is None
        self.books_and_gateway_agree()
        held_there = self.gateway["authorised"] - self.gateway["captured"] - self.gateway["voided"]
        assert held_there == (self.payment.held and self.payment.held - self.payment.gift)
        if self.payment.booking is Booking.ENDED:
            assert self.payment.held == 0
            kept = self.ledger[Account.CASH] + self.ledger[Account.OUTSIDE] + self.card[GiftAccount.REDEEMED]
            assert kept in (0, self.payment.retained) or self.payment.due_back < 0
        if self.payment.booking is Booking.CONFIRMED:
            assert self.payment.held == 0


PaymentLife.TestCase.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
TestPaymentLife = PaymentLife.TestCase
