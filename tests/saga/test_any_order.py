"""The saga's events in any order and more than once, over the real broker, services and databases.

The relays of booking and payment are stopped and a ShuffledPost is in their place, so that an event that has not left
yet is truly late, and not only repeated. test_model.py does the same to the decisions alone, thousands of times
faster.
"""

import os
import random
from typing import Any, ClassVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from shuffled_post import ShuffledPost
from waiting import wait_for
from world import Choice, Market, Person, book, booking_of, new_key, pay, payment_of

from audit.of_stack import look
from stack.lifecycle import Stack

CARDS = ["tok_visa", "tok_visa", "tok_card_declined", "tok_capture_fails", "tok_timeout_once"]
# The events of a sale that goes well.
LINE = ["booking.created", "payment.authorized", "booking.confirmed", "payment.completed"]
ENDS = {
    "CONFIRMED": {"captured", "partially_refunded", "refunded"},  # what went back of it is goodwill: the audit looks
    "CANCELLED": {"voided", "refunded", "declined", "failed"},
    "EXPIRED": {"voided", "declined"},
    "REJECTED": {"voided"},
    "FAILED": {"declined"},
}
SETTLED_SECONDS = 60
numbers = st.integers(0, 99)


class AnyOrder(RuleBasedStateMachine):
    reached: ClassVar[set[str]] = set()
    begun: ClassVar[int] = 0

    def __init__(self, stack: Stack, post: ShuffledPost, market: Market) -> None:
        super().__init__()
        self.stack, self.post, self.market = stack, post, market
        self.made: list[tuple[Person, Choice, dict[str, Any]]] = []

    @initialize(seed=st.integers(0, 2**32), late=st.sampled_from(LINE))
    def begin(self, seed: int, late: str) -> None:
        """Every example has one event at least that was overtaken, and one that came twice."""
        AnyOrder.begun += 1
        self.chance = random.Random(seed)
        self.post.forget()
        self.cancel_while_support_gives_it_back(refund_first=bool(seed % 2))
        self.cancel_while_this_is_on_its_way(late)
        self.post.send_newest()
        self.post.send_again(seed)

    @rule(card=st.sampled_from([None, *CARDS]), seats=st.sampled_from([1, 2]))
    def book(self, card: str | None, seats: int) -> None:
        customer, choice = self.market.customer(), self.market.seats(seats)
        self.made.append((customer, choice, book(customer, choice, card)))

    @rule(refund_first=st.booleans())
    def cancel_while_support_gives_it_back(self, refund_first: bool) -> None:
        """Both end it: the customer, and the refund of everything; booking hears of the money before or after."""
        customer, choice = self.market.customer(), self.market.seats(1)
        booking = book(customer, choice, "tok_visa")
        self.made.append((customer, choice, booking))
        for event in LINE:
            wait_for(lambda: self.post.waits(event, booking["id"]), what=event)  # noqa: B023
            self.post.send_this(event, booking["id"])
        wait_for(lambda: booking_of(customer, booking)["payment_status"] == "captured", what="captured")
        payment = payment_of(customer, booking)
        body = {"payment_id": payment["id"], "reason": "The sound failed."}
        self.market.world.staff("support").post("/api/refunds", body, key=new_key()).ok(201)
        if refund_first:
            self.post.send_this("payment.refunded", booking["id"])
            wait_for(lambda: booking_of(customer, booking)["status"] == "CANCELLED", what="end by the refund")
            assert customer.delete(f"/api/bookings/{booking['id']}").status == 409
        else:
            customer.delete(f"/api/bookings/{booking['id']}").ok()

    @rule(late=st.sampled_from(LINE))
    def cancel_while_this_is_on_its_way(self, late: str) -> None:
        """The sale goes well until `late` has happened and nobody has heard of it; what follows may overtake it."""
        customer, choice = self.market.customer(), self.market.seats(1)
        booking = book(customer, choice, "tok_visa")
        self.made.append((customer, choice, booking))
        for event in LINE[: LINE.index(late) + 1]:
            wait_for(lambda: self.post.waits(event, booking["id"]), what=event)  # noqa: B023
            if event != late:
                self.post.send_this(event, booking["id"])
        customer.delete(f"/api/bookings/{booking['id']}").ok()
        if late == "payment.completed":
            self.post.send_this("booking.cancelled", booking["id"])
            wait_for(lambda: self.post.waits("payment.refunded", booking["id"]), what="refund")

    @rule(n=numbers)
    def book_what_somebody_had(self, n: int) -> None:
        if self.made:
            choice, customer = self.made[n % len(self.made)][1], self.market.customer()
            answer = customer.post("/api/bookings", choice.body("tok_visa"))
            assert answer.status in (201, 409), answer
            if answer.status == 201:
                self.made.append((customer, choice, answer.json()))

    @rule(n=numbers, card=st.sampled_from(CARDS), twice=st.booleans())
    def pay(self, n: int, card: str, twice: bool) -> None:
        if self.made:
            customer, _, booking = self.made[n % len(self.made)]
            key = new_key()
            answers = [pay(customer, booking, card, key=key) for _ in range(1 + twice)]
            assert {answer.status for answer in answers} <= {201, 202, 402, 409}, answers
            if answers[0].status in (201, 402):
                assert answers[-1].json() == answers[0].json()

    @rule(n=numbers)
    def extend(self, n: int) -> None:
        if self.made:
            customer, _, booking = self.made[n % len(self.made)]
            assert customer.post(f"/api/bookings/{booking['id']}/extend").status in (200, 409)

    @rule(n=numbers)
    def cancel(self, n: int) -> None:
        if self.made:
            customer, _, booking = self.made[n % len(self.made)]
            assert customer.delete(f"/api/bookings/{booking['id']}").status in (200, 409)

    @rule(n=numbers)
    def give_back(self, n: int) -> None:
        """The customer gives a seat back and goes on with the others, whatever else is on its way."""
        if self.made:
            customer, _, booking = self.made[n % len(self.made)]
            body = {"seat_ids": [booking["seats"][0]["id"]]}
            assert customer.post(f"/api/bookings/{booking['id']}/give-back", body).status in (200, 409)

    @rule(n=numbers, seats=st.sampled_from([1, 2]), card=st.sampled_from([None, *CARDS]))
    def exchange(self, n: int, seats: int, card: str | None) -> None:
        """For another showtime, dearer, cheaper or as dear, whatever else is on its way."""
        if self.made:
            customer, _, booking = self.made[n % len(self.made)]
            choice = self.market.seats(seats)
            answer = customer.post(f"/api/bookings/{booking['id']}/exchange", choice.body(card))
            assert answer.status in (201, 409), answer
            if answer.status == 201:
                self.made.append((customer, choice, answer.json()))

    @rule(n=numbers, wanted=st.sampled_from([{}, {"kind": "goodwill"}, {"amount": 1}]), by_seat=st.booleans())
    def refund(self, n: int, wanted: dict[str, Any], by_seat: bool) -> None:
        """Support gives money back, all of it, a part, or that of a seat, whatever else is on its way."""
        if self.made:
            customer, _, booking = self.made[n % len(self.made)]
            for payment in customer.get(f"/api/payments?booking_id={booking['id']}").ok()["results"]:
                body = {"payment_id": payment["id"], "reason": "The sound failed.", **wanted}
                if by_seat and "amount" not in wanted and payment["seats"]:
                    body["seats"] = [payment["seats"][0]["id"]]
                answer = self.market.world.staff("support").post("/api/refunds", body, key=new_key())
                assert answer.status in (201, 202, 409), answer

    @rule(n=numbers)
    def hold_ends(self, n: int) -> None:
        if self.made:
            self.post.end_hold(self.made[n % len(self.made)][2]["id"])

    @rule(which=st.lists(numbers, min_size=1, max_size=4))
    def deliver(self, which: list[int]) -> None:
        for n in which:
            self.post.send(n)

    @rule(n=numbers)
    def deliver_again(self, n: int) -> None:
        self.post.send_again(n)

    def teardown(self) -> None:
        if not self.made:
            return
        wait_for(self.is_settled, seconds=SETTLED_SECONDS, what="end of every booking")
        violations: list[str] = []

        def nothing_is_violated() -> bool:
            self.post.send_all(self.chance)
            violations[:] = look(self.stack).violations
            return not violations

        wait_for(nothing_is_violated, seconds=SETTLED_SECONDS, what=f"clean audit: {violations}")
        for customer, _, booking in self.made:
            status = booking_of(customer, booking)["status"]
            payments = customer.get(f"/api/payments?booking_id={booking['id']}").ok()["results"]
            assert {payment["status"] for payment in payments} <= ENDS[status], (status, payments)
            assert len(payments) == 1
            self.reached.add(status)

    def is_settled(self) -> bool:
        """Sends a part of what waits; meanwhile some cancel, and holds end that nobody will pay any more."""
        self.post.send_all(self.chance)
        now = [(who, booking_of(who, booking)) for who, _, booking in self.made]
        pending = [booking for _, booking in now if booking["status"] == "PENDING"]
        for who, booking in now:
            if booking["status"] == "CONFIRMED" and self.chance.random() < 0.03:
                assert who.delete(f"/api/bookings/{booking['id']}").status in (200, 409)
        for booking in pending:
            if booking["payment_status"] in ("unpaid", "declined") and self.chance.random() < 0.03:
                self.post.end_hold(booking["id"])
        return not pending and not self.post.waiting()


def test_every_order_of_arrival_ends_in_a_legal_state_with_the_money_matching(
    stack: Stack, post: ShuffledPost, market: Market
) -> None:
    run_state_machine_as_test(
        lambda: AnyOrder(stack, post, market),
        settings=settings(
            max_examples=12,
            stateful_step_count=10,
            deadline=None,
            derandomize="CI" in os.environ,
            database=None,
            # What took the real system seconds is not tried again and again to find a shorter way to it.
            phases=[Phase.generate],
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert {"CONFIRMED", "CANCELLED"} <= AnyOrder.reached
    assert min(post.sent["out of turn"], post.sent["again"]) >= AnyOrder.begun > 0, post.sent
