"""Customers of every kind, for fault runs: they repeat what was not answered under the same key, as good clients do."""

import random
import secrets
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.counter import Till
from bench.http import Answer, Client
from bench.market import Market, sign_in

# What a customer does, and how often in a hundred.
HABITS = {
    "self_picked": 22,
    "best_available": 20,
    "two_step": 12,
    "two_step_second_card": 5,
    "cancelled": 10,
    "gives_back": 6,
    "exchanges": 5,
    "declined": 8,
    "slow": 4,
    "timed_out": 4,
    "capture_fails": 2,
    "abandoned": 2,
}
CARDS = {
    "declined": "tok_card_declined",
    "slow": "tok_slow",
    "timed_out": "tok_timeout_once",
    "capture_fails": "tok_capture_fails",
}
# So much of what the counter has sold comes back to it.
GIVEN_BACK = 0.2
# So many of those who pay later, or not at all, make their hold longer.
LONGER = 0.3
# So many of those who gave a seat back cancel the rest.
LEAVES = 0.3
TRIES = 30
# So many of those who pay later give a gift card as well, where there is one.
WITH_GIFT_CARD = 0.6
# So many of all try the promo code, where there is one.
WITH_CODE = 0.3


@dataclass
class Load:
    """Runs customers until stopped, and somebody at the counter who signs in with the name and password of staff.

    `answers` counts by request and status (0: no answer).
    """

    market: Market
    seed: int
    promo_code: str = ""
    gift_cards: Sequence[str] = ()
    staff: tuple[str, str] | None = None
    workers: int = 6
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    habits: Counter[str] = field(default_factory=Counter)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self) -> None:
        for index in range(self.workers):
            thread = threading.Thread(target=self._buy, args=(index,), daemon=True)
            self._threads.append(thread)
        if self.staff is not None:
            till = Till(self.market, self.staff, self._answered)
            token = sign_in(self.market.gateway, *self.staff)
            self._threads.append(threading.Thread(target=self._sell, args=(till, token), daemon=True))
        for thread in self._threads:
            thread.start()

    def stop(self, *, seconds: float = 60) -> None:
        """Lets every customer finish what they began."""
        self._stopping.set()
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _buy(self, index: int) -> None:
        chance = random.Random(f"{self.seed}-{index}")
        while not self._stopping.is_set():
            client = self.market.customer(chance.randrange(len(self.market.tokens)))
            habit = chance.choices(list(HABITS), weights=list(HABITS.values()))[0]
            with self._lock:
                self.habits[habit] += 1
            self._visit(client, habit, chance)
            client.close()
            time.sleep(chance.uniform(0.02, 0.1))

    def _sell(self, till: Till, token: str) -> None:
        """At the counter. Some of what is sold there is given back at once, or once it is settled."""
        chance = random.Random(f"{self.seed}-counter")
        client = Client(self.market.gateway, token=token)
        while not self._stopping.is_set():
            booking_id = till.sell(chance)
            with self._lock:
                self.habits["at the counter"] += booking_id is not None
            if booking_id is not None and chance.random() < GIVEN_BACK:
                path = f"/api/bookings/{booking_id}"
                if chance.random() < 0.5:
                    self._await_the_end(client, path)
                self._insist(client, "DELETE", path, {"reason": "They cannot come."})
            time.sleep(chance.uniform(0.1, 0.5))
        client.close()

    def _answered(self, name: str, status: int) -> None:
        with self._lock:
            self.answers[name, status] += 1

    def _visit(self, client: Client, habit: str, chance: random.Random) -> None:
        showtime = chance.choice(self.market.showtimes)
        wanted: dict[str, Any] = {"showtime_id": showtime.id}
        if habit == "best_available":
            wanted["quantity"] = chance.randint(1, 4)
        else:
            wanted["seat_ids"] = showtime.pair(chance.randrange(len(showtime.seats) // 2))
        in_two_steps = habit.startswith("two_step") or habit == "abandoned"
        if not in_two_steps:
            wanted["payment_method"] = {"token": CARDS.get(habit, "tok_visa")}
        if self.promo_code and chance.random() < WITH_CODE:
            wanted["promo_code"] = self.promo_code
        answer = self._insist(client, "POST", "/api/bookings", wanted)
        if answer.status != 201:
            return
        booking = answer.json()
        if in_two_steps and chance.random() < LONGER:
            self._insist(client, "POST", f"/api/bookings/{booking['id']}/extend")
        if habit in ("two_step", "two_step_second_card"):
            if habit == "two_step_second_card":
                self._pay(client, booking["id"], "tok_insufficient_funds", chance)
            self._pay(client, booking["id"], "tok_visa", chance)
        else:
            self._think_better_of_it(client, habit, booking, chance)

    def _think_better_of_it(self, client: Client, habit: str, booking: dict[str, Any], chance: random.Random) -> None:
        if habit == "cancelled":
            time.sleep(chance.uniform(0, 1))
            self._insist(client, "DELETE", f"/api/bookings/{booking['id']}")
        elif habit == "gives_back":
            self._give_back(client, booking, chance)
        elif habit == "exchanges":
            self._exchange(client, booking, chance)
        else:
            self._insist(client, "GET", f"/api/bookings/{booking['id']}")

    def _give_back(self, client: Client, booking: dict[str, Any], chance: random.Random) -> None:
        """One seat, twice at once, once it is sold; then some cancel the rest, at the same moment or not at all."""
        path = f"/api/bookings/{booking['id']}"
        self._await_the_end(client, path)
        one = {"seat_ids": [booking["seats"][0]["id"]]}
        other = Client(self.market.gateway, token=client.token)
        again = threading.Thread(target=self._insist, args=(other, "POST", f"{path}/give-back", one))
        again.start()
        self._insist(client, "POST", f"{path}/give-back", one)
        if chance.random() < LEAVES:
            self._insist(client, "DELETE", path)
        again.join()
        other.close()

    def _exchange(self, client: Client, booking: dict[str, Any], chance: random.Random) -> None:
        """For as many seats of another showtime, or more or fewer, once it is paid; then some cancel the old one."""
        path = f"/api/bookings/{booking['id']}"
        self._await_the_end(client, path, paid=True)
        wanted: dict[str, Any] = {"showtime_id": chance.choice(self.market.showtimes).id}
        wanted |= {"quantity": chance.randint(1, 3), "payment_method": {"token": "tok_visa"}}
        self._insist(client, "POST", f"{path}/exchange", wanted)
        if chance.random() < LEAVES:
            self._insist(client, "DELETE", path)

    def _await_the_end(self, client: Client, path: str, *, paid: bool = False) -> None:
        """Of the hold of a booking; paid: and until it has its ticket, if it is to have one."""
        for _ in range(TRIES):
            now = self._insist(client, "GET", path).json()
            if now.get("status") != "PENDING" and not (paid and now.get("status") == "CONFIRMED" and not now["ticket"]):
                break
            time.sleep(0.3)

    def _pay(self, client: Client, booking_id: str, token: str, chance: random.Random) -> None:
        """With a gift card, if any is to be had that something is left on, and the rest by the card."""
        wanted: dict[str, Any] = {"booking_id": booking_id, "payment_method": {"token": token}}
        if self.gift_cards and chance.random() < WITH_GIFT_CARD:
            given = {**wanted, "gift_card": {"code": chance.choice(self.gift_cards)}}
            if b"gift_card_empty" not in self._insist(client, "POST", "/api/payments", given).body:
                return
        self._insist(client, "POST", "/api/payments", wanted)

    def _insist(self, client: Client, method: str, path: str, body: object = None) -> Answer:
        """Asks until there is an answer that settles it; 202, 425, 429 and 5xx and no answer do not."""
        headers = {"Idempotency-Key": secrets.token_hex(16)} if method == "POST" else {}
        name = f"{method} {'/'.join(['', *path.split('/')[2::2]])}"
        for _ in range(TRIES):
            answer = client.call(method, path, body, headers)
            self._answered(name, answer.status)
            in_flight = answer.status == 409 and b"idempotency_key_in_flight" in answer.body
            if not in_flight and answer.status not in (0, 202, 429) and answer.status < 500:
                break
            time.sleep(0.3)
        return answer
