"""The figures of a run. Each is taken through the gateway, as customers see it."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.http import Answer, Client, percentile
from bench.market import SEATS, BenchError, Market, Showtime, wait_for

CLIENTS = 16
# Customers who buy, and customers of whom each holds as much as one may.
SHOPPERS = 64
HOLDERS = 8 * CLIENTS


@dataclass
class Tally:
    """Answers by status and their times; several threads may add to it."""

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    codes: Counter[str] = field(default_factory=Counter)

    def add(self, answer: Answer) -> None:
        self.statuses[answer.status] += 1
        self.seconds.append(answer.seconds)
        if answer.status >= 400:
            self.codes[str(answer.json().get("code"))] += 1

    def summary(self) -> dict[str, Any]:
        return {
            "answers": {str(status): count for status, count in sorted(self.statuses.items())},
            "codes": dict(self.codes),
            "p50_ms": round(percentile(self.seconds, 0.50) * 1000, 1),
            "p95_ms": round(percentile(self.seconds, 0.95) * 1000, 1),
            "p99_ms": round(percentile(self.seconds, 0.99) * 1000, 1),
        }


def in_parallel(workers: int, work: Callable[[int], None]) -> float:
    """Runs work(0) to work(workers - 1) at once; the seconds until all ended."""
    threads = [threading.Thread(target=work, args=(index,), daemon=True) for index in range(workers)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - started


def accepted(market: Market, showtimes: Sequence[Showtime], *, seconds: float) -> dict[str, Any]:
    """Bookings of two seats accepted per second, each client on seats of its own."""
    tallies = [Tally() for _ in range(CLIENTS)]
    share = SEATS // 2 // CLIENTS
    deadline = time.perf_counter() + seconds

    def buy(index: int) -> None:
        clients = [market.customer(SHOPPERS + index + CLIENTS * turn) for turn in range(HOLDERS // CLIENTS)]
        # A customer may hold so many of one showtime, and in all: each round takes one pair of every showtime, and
        # three showtimes are one customer's.
        for round_number in range(min(share, 4)):
            for number, showtime in enumerate(showtimes):
                if time.perf_counter() > deadline:
                    return
                client = clients[number % len(clients)]
                pair = showtime.pair(index * share + round_number)
                tallies[index].add(client.post("/api/bookings", {"showtime_id": showtime.id, "seat_ids": pair}))

    spent = in_parallel(CLIENTS, buy)
    return _rate(tallies, spent, 201)


def refused(market: Market, sold_out: Showtime, *, seconds: float) -> dict[str, Any]:
    """Attempts per second that a sold-out showtime refuses."""
    tallies = [Tally() for _ in range(CLIENTS)]
    deadline = time.perf_counter() + seconds

    def try_(index: int) -> None:
        client = market.customer(index)
        turn = 0
        while time.perf_counter() < deadline:
            turn += 1
            pair = sold_out.pair((index * 8 + turn) % (SEATS // 2))
            tallies[index].add(client.post("/api/bookings", {"showtime_id": sold_out.id, "seat_ids": pair}))

    spent = in_parallel(CLIENTS, try_)
    return _rate(tallies, spent, 409)


def _rate(tallies: Sequence[Tally], spent: float, status: int) -> dict[str, Any]:
    whole = Tally()
    for tally in tallies:
        whole.statuses += tally.statuses
        whole.codes += tally.codes
        whole.seconds += tally.seconds
    return {"per_second": round(whole.statuses[status] / spent, 1), "seconds": round(spent, 1), **whole.summary()}


def hot_showtime(market: Market, showtime: Showtime, *, clients: int = 64, seed: int = 7) -> dict[str, Any]:
    """One showtime, many clients: each picks two free seats it knows of until the hall is sold out."""
    tallies = [Tally() for _ in range(clients)]
    taken: list[str] = []

    def grab(index: int) -> None:
        client = market.customer(index)
        choice = random.Random(f"{seed}-{index}")
        pairs = [showtime.pair(number) for number in range(SEATS // 2)]
        choice.shuffle(pairs)
        for pair in pairs:
            answer = client.post("/api/bookings", {"showtime_id": showtime.id, "seat_ids": pair})
            tallies[index].add(answer)
            if answer.status == 201:
                taken.extend(pair)
            if len(taken) >= SEATS:
                return

    spent = in_parallel(clients, grab)
    whole = _rate(tallies, spent, 201)
    return {
        **whole,
        "sold_out_seconds": round(spent, 2),
        "seats": SEATS,
        "sold": len(taken),
        "sold_twice": len(taken) - len(set(taken)),
    }


def settled(
    market: Market, showtimes: Sequence[Showtime], receipts: Callable[[], int], *, seconds: float, in_flight: int = 64
) -> dict[str, Any]:
    """Bookings settled per second: captured and the receipt recorded, with at most `in_flight` unsettled ones.

    The bound keeps the queues level: when the saga is slower than the web, the buyers wait for it. Raises BenchError
    where these showtimes have too few seats for so many seconds: the seats would be the limit then.
    """
    buyers = 8
    tallies = [Tally() for _ in range(buyers)]
    share = SEATS // 2 // buyers
    before = receipts()
    made = [0] * buyers
    done = threading.Event()
    state = {"settled": 0}

    def buy(index: int) -> None:
        clients = [market.customer(index + buyers * turn) for turn in range(SHOPPERS // buyers)]
        turn = 0
        for round_number in range(share):
            for showtime in showtimes:
                while sum(made) - state["settled"] >= in_flight and not done.is_set():
                    time.sleep(0.005)
                if done.is_set():
                    return
                client = clients[turn % len(clients)]
                turn += 1
                answer = client.post(
                    "/api/bookings",
                    {
                        "showtime_id": showtime.id,
                        "seat_ids": showtime.pair(index * share + round_number),
                        "payment_method": {"token": "tok_visa"},
                    },
                )
                tallies[index].add(answer)
                made[index] += answer.status == 201

    threads = [threading.Thread(target=buy, args=(index,), daemon=True) for index in range(buyers)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    while time.perf_counter() - started < seconds:
        state["settled"] = receipts() - before
        time.sleep(0.1)
    spent = time.perf_counter() - started
    at_the_end = receipts() - before
    sold_out = not all(thread.is_alive() for thread in threads)
    done.set()
    for thread in threads:
        thread.join()
    if sold_out:
        raise BenchError(f"{len(showtimes)} showtimes are sold out before {seconds:.0f} s are over")
    open_at_the_end = sum(made) - at_the_end
    wait_for(lambda: receipts() - before >= sum(made), 60, "the bookings of the run did not all settle")
    whole = _rate(tallies, spent, 201)
    return {**whole, "per_second": round(at_the_end / spent, 1), "unsettled_at_the_end": open_at_the_end}


def confirmation(market: Market, showtime: Showtime, *, bookings: int = 40) -> dict[str, Any]:
    """From POST bookings with a card to CONFIRMED, one after the other on an idle stack; and the POST alone."""
    posts, confirmed = [], []
    for number in range(bookings):
        client = market.customer(number)
        posted, seconds = _until_confirmed(client, showtime, number)
        posts.append(posted)
        confirmed.append(seconds)
        client.close()
    return {
        "post_p50_ms": round(percentile(posts, 0.5) * 1000, 1),
        "confirmed_p50_ms": round(percentile(confirmed, 0.5) * 1000, 1),
        "confirmed_p95_ms": round(percentile(confirmed, 0.95) * 1000, 1),
    }


def _until_confirmed(client: Client, showtime: Showtime, pair: int) -> tuple[float, float]:
    """Buys a pair with a quick card: the seconds until the answer, and until it is CONFIRMED."""
    started = time.perf_counter()
    answer = _buy(client, showtime, pair, card="tok_visa")
    path = f"/api/bookings/{answer.json()['id']}"
    wait_for(lambda: client.get(path).json()["status"] == "CONFIRMED", 30, f"{path} was not confirmed")
    return answer.seconds, time.perf_counter() - started


def _buy(client: Client, showtime: Showtime, pair: int, *, card: str) -> Answer:
    wanted = {"showtime_id": showtime.id, "seat_ids": showtime.pair(pair), "payment_method": {"token": card}}
    return client.post("/api/bookings", wanted)


def beside_slow_cards(market: Market, showtime: Showtime, *, bookings: int = 120, buyers: int = 3) -> dict[str, Any]:
    """Confirmation of quick cards while each twentieth booking comes with a card that takes three seconds."""
    confirmed: list[list[float]] = [[] for _ in range(buyers)]

    def buy(index: int) -> None:
        for number in range(index, bookings, buyers):
            client = market.customer(number)
            if number % 20 == 0:
                _buy(client, showtime, number, card="tok_slow")
            else:
                confirmed[index].append(_until_confirmed(client, showtime, number)[1])
            client.close()

    spent = in_parallel(buyers, buy)
    seconds = [one for of_buyer in confirmed for one in of_buyer]
    return {
        "quick": len(seconds),
        "slow": bookings - len(seconds),
        "seconds": round(spent, 1),
        "p50_ms": round(percentile(seconds, 0.50) * 1000, 1),
        "p99_ms": round(percentile(seconds, 0.99) * 1000, 1),
    }


def staleness(market: Market, showtime: Showtime, *, samples: int = 10) -> float:
    """The longest time from the answer to a booking until the public seat map shows it, in seconds."""
    reader, worst = Client(market.gateway), 0.0
    path = f"/api/showtimes/{showtime.id}/seats"
    for number in range(samples):
        pair = showtime.pair(number)
        reader.get(path)  # so that something is cached
        answer = market.customer(number).post("/api/bookings", {"showtime_id": showtime.id, "seat_ids": pair})
        if answer.status != 201:
            continue
        sold = time.perf_counter()

        def shown(seat_id: str = pair[0]) -> bool:
            seats = reader.get(path).json()["seats"]
            return any(seat["id"] == seat_id and seat["status"] != "available" for seat in seats)

        wait_for(shown, 10, "the seat map never showed a booking")
        worst = max(worst, time.perf_counter() - sold)
    return worst
