"""The decisions of booking and payment together: whatever order their events arrive in, twice or late, the saga ends
in a legal state with the money where it belongs.

Both domain.py are pure, so they meet here as they are, without services, servers and clock. What stands between them is
retold in both_services.py.
"""

import random
from typing import Any, ClassVar

from both_services import Services
from ending import assert_ended_well
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from one_saga import (
    PRICE,
    SEATS,
    Kind,
    RefundKind,
    Saga,
    State,
    Trigger,
    booking_domain,
    due_of,
    payment_domain,
    payment_exchanges,
    payment_ledger,
    payment_rules,
    payment_seats,
)

CARDS = ["good", "declined", "not capturable"]
# How often the one promo code may be had, and what is on the one gift card.
USES = 1
GIFT_CARD = 2 * SEATS * PRICE


class Sagas(Services, RuleBasedStateMachine):
    """What people, the clock and the card gateway do, in any order; and what must be true of it."""

    reached: ClassVar[set[Any]] = set()

    @initialize(seed=st.integers(0, 2**32), paid=st.booleans())
    def begin(self, seed: int, paid: bool = False, longer: bool = False) -> None:
        """paid: staff and the door have something to do with a booking, of which a gift card paid a half.

        longer: there is a hold that was made longer, to which the steps come rarely.
        """
        self.chance = random.Random(seed)
        self.sagas: list[Saga] = []
        self.wire, self.inventory = [], {}
        if paid:
            self.book(frozenset({0, 1}), None)
            self.pay(0, "good", PRICE)
            self.wait_until_nothing_is_under_way()
        if longer:
            self.book(frozenset({0, 1}), None)
            self.extend(0)

    # What customers, staff, the clock and the card gateway do.

    @rule(
        seats=st.frozensets(st.integers(0, SEATS - 1), min_size=1, max_size=2),
        card=st.sampled_from([None, *CARDS]),
        code=st.booleans(),
    )
    def book(self, seats: frozenset[int], card: str | None, code: bool = False) -> None:
        """The code is had with the seats, or nothing is."""
        saga = Saga(len(self.sagas), seats, card, has_code=code)
        used_up = code and sum(each.has_code for each in self.sagas) >= USES
        if used_up:
            self.happened.add("code used up")
        elif all(self.may_have(saga, seat) for seat in seats):
            self.inventory |= dict.fromkeys(seats, saga)
            saga.advance(Trigger.HELD)
            self.sagas.append(saga)
            self.tell(saga, "booking.created")

    @rule(n=st.integers(0, 50), card=st.sampled_from(CARDS), gift=st.sampled_from([0, 0, 1, PRICE, SEATS * PRICE]))
    def pay(self, n: int, card: str, gift: int = 0) -> None:
        """POST payments, also before the event of the booking has arrived. gift: what a gift card may help with."""
        saga = self.pick(self.sagas, n)
        if saga is None or (saga.payment is None and saga.state is not State.PENDING) or not self.can_be_lent(saga):
            return
        payment, carried = self.payment_of(saga), self.noted(saga)
        helps = min(gift, payment.amount - carried, self.on_gift_card)
        try:
            decision = payment_domain.request_authorization(payment, helps, carried=carried)
        except (payment_domain.BookingOver, payment_domain.UnderWay, payment_domain.IllegalTransition):
            return
        saga.asked_with, saga.ends_booking = card, False
        self.decide(saga, decision)

    @rule(n=st.integers(0, 50))
    def withdraw(self, n: int) -> None:
        """The gateway did not answer, and another card is to be tried."""
        saga = self.pick([each for each in self.sagas if each.payment and each.payment.under_way is Kind.AUTHORIZE], n)
        if saga is not None:
            self.decide(saga, payment_domain.request_reversal(saga.payment))

    @rule(n=st.integers(0, 50), by=st.sampled_from(["CUSTOMER", "STAFF", "SHOWTIME"]), fee=st.integers(0, PRICE))
    def cancel(self, n: int, by: str, fee: int) -> None:
        saga = self.pick(self.sagas, n)
        may = by == "SHOWTIME" or (saga and not saga.let_in and not self.in_exchange(saga))
        if saga is not None and saga.state in booking_domain.OPEN and may:
            trigger = Trigger.SHOWTIME_CANCELLED if by == "SHOWTIME" else Trigger[f"CANCELLED_BY_{by}"]
            kept = self.kept_if_cancelled(saga, fee) if by == "CUSTOMER" else 0
            self.end(saga, trigger, refund=saga.total - (kept if saga.state is State.CONFIRMED else 0))

    @staticmethod
    def kept_if_cancelled(saga: Saga, fee: int) -> int:
        earlier = min(saga.known_kept, saga.known_left)
        return earlier + min(fee, len(saga.has) * PRICE, saga.known_left - earlier)

    def in_exchange(self, saga: Saga) -> bool:
        """It and what is exchanged for it, or it for, are both sold."""
        pairs = [(each, each.exchange_of) for each in self.sagas if each.exchange_of is not None]
        return any(saga in pair and {each.state for each in pair} == {State.CONFIRMED} for pair in pairs)

    @rule(n=st.integers(0, 50), seat=st.sampled_from(range(SEATS)), fee=st.sampled_from([0, PRICE // 10, PRICE]))
    def give_back(self, n: int, seat: int, fee: int) -> None:
        """The customer gives a seat back and goes on with the other."""
        saga = self.pick(self.sagas, n)
        if saga is None or saga.state is not State.CONFIRMED or len(saga.has) < 2 or self.in_exchange(saga):
            return
        seat = saga.seat(seat)
        if seat not in saga.has - saga.let_in:
            return
        left = max(saga.total - saga.known_to_go_back - saga.known_kept, 0)
        saga.due[seat] = min(PRICE, left) - min(fee, PRICE, left)
        if seat in saga.settled:  # as goodwill
            saga.due[seat] = 0
        saga.advance(Trigger.SEATS_GIVEN_BACK)
        saga.given_back_seats.add(seat)
        self.free(saga, [seat])
        self.tell(saga, "booking.reduced", due=(due_of(seat, saga.due[seat]),))
        if seat in saga.settled:
            saga.due[seat] = PRICE

    @rule(
        n=st.integers(0, 50),
        part=st.sampled_from([None, 1, PRICE // 2]),
        seat=st.sampled_from([None, *range(SEATS)]),
        goodwill=st.booleans(),
    )
    def refund(self, n: int, part: int | None, goodwill: bool, seat: int | None = None) -> None:
        """POST refunds: a seat, a part, or all that is left; seats and all are given back unless it is goodwill."""
        saga = self.pick(self.sagas, n)
        if saga is None or saga.payment is None:
            return
        payment = saga.payment
        try:
            about = () if seat is None else payment_seats.chosen(payment.seats, [saga.seat(seat)])
            amount = sum(each.owed for each in about) if about else payment.left if part is None else part
            decision = payment_domain.request_refund(payment, amount)
            kind = payment_rules.refund_kind(payment, amount, RefundKind.GOODWILL if goodwill else None, about)
        except (
            *(payment_domain.UnderWay, payment_domain.IllegalTransition, payment_domain.TooMuch),
            *(payment_domain.NothingPaid, payment_rules.PartCannotCancel),
            *(payment_seats.AboutSeats, payment_seats.SeatsUnknown),
        ):
            return
        saga.refunding, saga.refunding_seats = kind, about
        self.decide(saga, decision)

    @rule(n=st.integers(0, 50), seat=st.sampled_from(range(SEATS)))
    def check_in(self, n: int, seat: int) -> None:
        """Somebody is let in with the ticket of a seat."""
        saga = self.pick(self.sagas, n)
        if saga is None or saga.state is not State.CONFIRMED or not saga.tickets or self.in_exchange(saga):
            return
        seat = saga.seat(seat)
        if seat in saga.has - saga.let_in:
            saga.let_in.add(seat)
            self.tell(saga, "booking.checked_in", seats=[seat])

    @rule(n=st.integers(0, 50))
    def move(self, n: int) -> None:
        saga = self.pick(self.sagas, n)
        if saga is not None and saga.state in booking_domain.OPEN:
            saga.advance(Trigger.SHOWTIME_MOVED)

    @rule(n=st.integers(0, 50))
    def extend(self, n: int) -> None:
        saga = self.pick(self.sagas, n)
        if saga is not None and saga.may_be_extended:
            saga.advance(Trigger.HOLD_EXTENDED)
            saga.held_until += 1
            self.tell(saga, "booking.extended", until=saga.held_until)

    @rule(n=st.integers(0, 50))
    def hold_ends(self, n: int) -> None:
        saga = self.pick(self.sagas, n)
        if saga is not None:
            saga.hold_over = True

    @rule()
    def sweep(self) -> None:
        for saga in self.sagas:
            if saga.state is State.PENDING and saga.hold_over:
                self.end(saga, Trigger.HOLD_ENDED)

    @rule(numbers=st.lists(st.integers(0, 50), min_size=1, max_size=4), again=st.booleans())
    def deliver(self, numbers: list[int], again: bool) -> None:
        """Any messages, whichever were told first; again: they will arrive once more."""
        for n in numbers:
            message = self.pick(self.wire, n)
            if message is None:
                return
            if not again:
                self.wire.remove(message)
            if not message.handled:
                message.handled = True
                self.receive(message)

    @rule(n=st.integers(0, 50), refuses=st.booleans())
    def gateway_answers(self, n: int, refuses: bool) -> None:  # noqa: C901  (a table: a case for each answer)
        """refuses: of an authorisation taken back, that there was none; of money given back, that it cannot now."""
        saga = self.pick([each for each in self.sagas if each.asked], n)
        if saga is None:
            return
        payment, ask = saga.payment, saga.asked
        about = saga.refunding_seats or ask.seats
        saga.asked = None
        # What gift cards and other bookings pay alone, or get back, nobody refuses.
        on_card = ask.amount - ask.gift - ask.carried
        asked_with = saga.asked_with if on_card else "good"
        match ask.kind:
            case Kind.AUTHORIZE if asked_with == "declined":
                decision = payment_domain.declined(payment, "card_declined", final=saga.ends_booking)
            case Kind.AUTHORIZE:
                decision = payment_domain.authorized(payment)
            case Kind.REVERSE:
                decision = payment_domain.reversed_(
                    payment, voided=0 if refuses else payment.amount - payment.gift - payment.carried
                )
            case Kind.CAPTURE if asked_with == "not capturable":
                decision = payment_domain.capture_refused(payment, "capture_refused")
            case Kind.CAPTURE:
                decision = payment_domain.captured(payment)
            case _ if refuses and on_card:
                decision = payment_domain.return_refused(payment, "try_later")
            case Kind.VOID:
                decision = payment_domain.voided(payment)
            case Kind.RETURN:
                decision = payment_exchanges.gave_back(payment, ask.amount)
            case _:
                if saga.refunding:
                    saga.refunding = payment_rules.became(payment, saga.refunding, about)
                kind = saga.refunding or RefundKind.CANCEL
                decision = payment_domain.refunded(payment, ask.amount, seats=about, kind=kind)
                saga.returned += ask.amount if ask.seats else 0
                saga.given_back += ask.amount if saga.refunding else 0
                saga.cancelled += ask.amount if saga.refunding is RefundKind.CANCEL else 0
        kind = saga.refunding or RefundKind.CANCEL  # what the saga gives back is of a booking that has ended
        saga.refunding, saga.refunding_seats = None, ()
        self.decide(saga, decision, kind=kind, seats={seat.id: seat.owed for seat in about})

    @staticmethod
    def pick(things: list[Any], n: int) -> Any:
        return things[n % len(things)] if things else None

    # What must be true.

    @invariant()
    def the_books_add_up_and_nothing_is_taken_twice(self) -> None:
        for saga in getattr(self, "sagas", []):
            payment = saga.payment
            if payment is not None:
                of_gift = payment.gift - payment.gift_refunded
                carried = payment.carried - self.carried_back(payment)
                redeemed = of_gift * bool(payment.captured)
                assert sum(saga.ledger.values()) == sum(saga.gift_ledger.values()) == 0
                assert saga.ledger[payment_ledger.Account.AUTHORIZED] == (
                    payment.held and payment.held - payment.gift - payment.carried
                )
                elsewhere = payment.exchanged - carried * bool(payment.captured)
                assert saga.ledger[payment_ledger.Account.EXCHANGED] == -elsewhere
                here = payment.captured - payment.refunded + elsewhere
                assert saga.ledger[payment_ledger.Account.CASH] == here - redeemed
                assert (saga.gift_ledger["reserved"], saga.gift_ledger["redeemed"]) == (of_gift - redeemed, redeemed)
                assert 0 <= payment.gift_refunded <= payment.gift <= saga.total
                assert payment.refunded + payment.lent <= payment.captured <= saga.total
                assert payment.lent + payment.exchanged - payment.to_return == self.held_by_others(saga)

    @staticmethod
    def carried_back(payment: Any) -> int:
        """What went back of what another booking pays: the last that does."""
        paid_here = payment.captured - payment.carried
        return max(0, payment.gone - paid_here) if payment.captured else 0

    def held_by_others(self, saga: Saga) -> int:
        heirs = [each.payment for each in self.sagas if each.exchange_of is saga and each.payment is not None]
        return sum(payment.carried - self.carried_back(payment) for payment in heirs)

    @property
    def on_gift_card(self) -> int:
        return GIFT_CARD + sum(saga.gift_ledger["balance"] for saga in self.sagas)

    @invariant()
    def a_gift_card_pays_with_what_is_on_it_and_a_code_is_had_by_who_has_what_it_made_cheaper(self) -> None:
        sagas = getattr(self, "sagas", [])
        held = sum(saga.gift_ledger["reserved"] + saga.gift_ledger["redeemed"] for saga in sagas)
        assert not sagas or 0 <= self.on_gift_card == GIFT_CARD - held
        assert sum(saga.has_code for saga in sagas) <= USES
        assert all(saga.has_what_came_cheaper for saga in sagas if saga.has_code)

    @invariant()
    def no_seat_is_free_whose_money_did_not_go_back(self) -> None:
        for saga in getattr(self, "sagas", []):
            if Trigger.REFUNDED in saga.history:
                assert saga.payment.captured == saga.total
                assert saga.cancelled >= PRICE * len(saga.has) or saga.payment.refunded == saga.total
            assert saga.given_back == 0 or saga.given_back + saga.returned <= saga.payment.refunded
            assert PRICE * len(saga.given_back_seats - saga.due.keys()) <= saga.given_back
            assert saga.returned <= sum(saga.due.values())

    @invariant()
    def who_is_in_has_their_seat_and_nobody_else_has_it(self) -> None:
        for saga in getattr(self, "sagas", []):
            assert not saga.let_in & saga.given_back_seats
            if saga.state is State.CONFIRMED:
                assert all(self.inventory[seat] is saga for seat in saga.has)
            if saga.state is State.CANCELLED and saga.let_in:
                assert saga.history[-1] is Trigger.SHOWTIME_CANCELLED

    def teardown(self) -> None:
        if not hasattr(self, "sagas"):
            return
        for _ in range(20):
            self.goes_on()
            self.somebody_acts(self.pick(self.sagas, self.chance.randrange(50)))
        self.wait_until_nothing_is_under_way()
        for saga in list(self.sagas):
            self.somebody_acts(saga)
        self.wait_until_nothing_is_under_way()
        for saga in self.sagas:
            assert_ended_well(saga, self.inventory)
            self.reached.add((saga.state, saga.payment.status))
            self.happened.update(saga.history, ["let in"] if saga.let_in else [])

    def somebody_acts(self, saga: Saga | None) -> None:
        """What the steps come to rarely: a payment, seats taken over in the last moment, a cancellation of a sale."""
        what = self.chance.random()
        if saga is None:
            return
        if saga.state is State.PENDING and what < 0.2:
            self.pay(saga.number, "good")
        elif saga.state is State.PENDING and what < 0.25:
            saga.hold_over = True
            self.book(saga.seats, None)
        elif saga.state is State.CONFIRMED and what < 0.1:
            self.cancel(saga.number, "CUSTOMER", self.chance.choice([0, PRICE // 10]))
        elif saga.state is State.CONFIRMED and what < 0.3:
            seat = self.chance.choice([None, None, *saga.seats])
            self.refund(saga.number, self.chance.choice([None, None, 1]), self.chance.random() < 0.3, seat)
        elif saga.state is State.CONFIRMED and what < 0.35:
            self.check_in(saga.number, self.chance.choice(sorted(saga.seats)))
        elif saga.state is State.CONFIRMED and what < 0.5:
            fee = self.chance.choice([0, PRICE // 10, PRICE])
            self.give_back(saga.number, self.chance.choice(sorted(saga.seats)), fee)

    def wait_until_nothing_is_under_way(self) -> None:
        while self.goes_on():
            pass

    def goes_on(self) -> bool:
        """Time passes until nothing is under way: in no order in particular."""
        for saga in self.sagas:
            if saga.payment is not None and saga.payment.attention:
                self.decide(saga, payment_domain.resume(saga.payment))
        asked = any(saga.asked for saga in self.sagas)
        if self.wire and (not asked or self.chance.random() < 0.5):
            self.deliver([self.chance.randrange(len(self.wire))], again=self.chance.random() < 0.2)
        elif asked:
            self.gateway_answers(self.chance.randrange(50), refuses=False)
        elif any(saga.state is State.PENDING for saga in self.sagas):
            for saga in self.sagas:
                saga.hold_over = True
            self.sweep()
        else:
            return False
        return True
