"""A process is killed with SIGKILL between each step of an exchange and the next: each step happens, and once."""

import random
from typing import Any

from shuffled_post import ShuffledPost
from waiting import wait_for
from world import Market, book, new_key, patient, payment_of, settled

from audit.of_stack import look
from stack import control
from stack.lifecycle import Stack

# What is told, of the new booking or of the old one, and who hears of it.
SALE = ["booking.created", "payment.authorized", "booking.confirmed", "payment.completed"]
STEPS = [
    ("booking.created", "new", "payment-worker"),
    ("payment.authorized", "new", "booking-worker"),
    ("booking.confirmed", "new", "payment-worker"),
    ("payment.completed", "new", "booking-worker"),
    ("booking.cancelled", "old", "payment-worker"),
]
RESTARTED_SECONDS = 90


class Exchange:
    """One that is paid with a card, and the booking that ends for it."""

    def __init__(self, market: Market, post: ShuffledPost, seats: int, others: int) -> None:
        self.customer, self.choice, self.key = patient(market.customer()), market.seats(others), new_key()
        self.old = book(self.customer, market.seats(seats), "tok_visa")
        self.new: dict[str, Any] = {}
        for event in SALE:
            hand_over(post, event, [self.old])
        wait_for(lambda: self.customer.get(f"/api/bookings/{self.old['id']}").ok()["ticket"], what="ticket")

    def ask(self) -> None:
        """Again and again it is the same one."""
        path, body = f"/api/bookings/{self.old['id']}/exchange", self.choice.body("tok_visa")
        made: dict[str, Any] = self.customer.post(path, body, key=self.key).ok(201)
        assert self.new in ({}, made)
        self.new = made


def hand_over(post: ShuffledPost, event: str, bookings: list[dict[str, Any]]) -> None:
    for booking in bookings:
        wait_for(lambda: post.waits(event, booking["id"]), seconds=RESTARTED_SECONDS, what=event)  # noqa: B023
        post.send_this(event, booking["id"])


def test_after_a_kill_between_each_step_of_an_exchange_there_is_one_booking_and_its_money(
    stack: Stack, post: ShuffledPost, market: Market
) -> None:
    dearer, cheaper = Exchange(market, post, 1, 2), Exchange(market, post, 2, 1)
    killed = {"booking-web": control.kill("booking-web")}
    for each in (dearer, cheaper):
        each.ask()
    killed["booking-web"] = control.kill("booking-web")
    for each in (dearer, cheaper):
        each.ask()
    for event, whose, worker in STEPS:
        if worker in killed:
            control.wait_restarted(worker, killed[worker], seconds=RESTARTED_SECONDS)
        hand_over(post, event, [getattr(each, whose) for each in (dearer, cheaper)])
        killed[worker] = control.kill(worker)

    def is_clean() -> bool:
        post.send_all(random.Random(0))
        return not post.waiting() and not look(stack).violations

    wait_for(is_clean, seconds=RESTARTED_SECONDS, what="clean audit")
    for each in (dearer, cheaper):
        settled(each.customer, each.new, "CONFIRMED", "captured")
        settled(each.customer, each.old, "CANCELLED")
        lines = each.customer.get(f"/api/bookings/{each.old['id']}/history").ok()["results"]
        assert [line["trigger"] for line in lines].count("exchanged") == 1
    assert payment_of(cheaper.customer, cheaper.old)["status"] == "refunded"
