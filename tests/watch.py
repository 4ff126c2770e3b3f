"""Watching the end of a hold, beside the tests: it takes as long as a hold does, and nobody has to wait for it."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from waiting import wait_for
from world import Choice, Market, Person, book, booking_of, seat_statuses

LIMIT_SECONDS = 60
# What happens before the end is looked at too, but not for minutes.
BEFORE = timedelta(seconds=8)


@dataclass(frozen=True, slots=True)
class Watched:
    """asked: when it was last asked for in vain. seen: when the answer was there that it is so.

    By this machine's clock. A machine that is busy answers late; what was asked after the end is so all the same.
    """

    asked: datetime
    seen: datetime


@dataclass(frozen=True, slots=True)
class HoldEnd:
    """What was seen of a hold that ends at `at`: its seats taken over by another, shown free, and it expired."""

    at: datetime
    taken_over: Watched
    shown_free: Watched
    expired: Watched
    history: list[dict[str, Any]]


def in_background(market: Market) -> "Future[HoldEnd]":
    """Holds seats now, and watches three things at their end: two on the same seats, one on seats of its own."""
    owner, next_one = market.customer(), market.customer()
    wanted, shown = market.seats(1), market.seats(1)
    first, second = book(owner, wanted), book(owner, shown)
    watched: Future[HoldEnd] = Future()

    def watch() -> HoldEnd:
        ends = datetime.fromisoformat(first["hold_expires_at"])
        later = datetime.fromisoformat(second["hold_expires_at"]) - ends
        wait_for(lambda: datetime.now(UTC) > ends - BEFORE, seconds=320, what="nearly the end of the hold")
        with ThreadPoolExecutor(3) as pool:
            takeover = pool.submit(_take_over, next_one, wanted)
            shown_free = pool.submit(_see_free, market, shown)
            expired = pool.submit(_see_expired, owner, first)
        free, history = shown_free.result(), owner.get(f"/api/bookings/{first['id']}/history").ok()["results"]
        free = Watched(free.asked - later, free.seen - later)
        return HoldEnd(ends, takeover.result(), free, expired.result(), history)

    def run() -> None:
        try:
            watched.set_result(watch())
        except Exception as error:  # noqa: BLE001  (raised again where the result is asked for)
            watched.set_exception(error)

    # A daemon: a few tests run by themselves need not wait for it.
    threading.Thread(target=run, daemon=True).start()
    return watched


def _take_over(customer: Person, choice: Choice) -> Watched:
    def taken() -> bool:
        answer = customer.post("/api/bookings", choice.body())
        if answer.status != 201:
            answer.problem(409, "seat_unavailable")
        return answer.status == 201

    return _watched(taken, what="seat of a hold that ended")


def _see_free(market: Market, choice: Choice) -> Watched:
    def free() -> bool:
        statuses = seat_statuses(market.world, choice)
        assert statuses in ({"held"}, {"available"})
        return statuses == {"available"}

    return _watched(free, what="seats shown free")


def _see_expired(customer: Person, booking: dict[str, Any]) -> Watched:
    return _watched(lambda: booking_of(customer, booking)["status"] == "EXPIRED", what="expired booking")


def _watched(is_so: Callable[[], bool], *, what: str) -> Watched:
    in_vain: list[datetime] = []

    def look() -> bool:
        asked = datetime.now(UTC)
        if is_so():
            return True
        in_vain.append(asked)
        return False

    wait_for(look, seconds=LIMIT_SECONDS, what=what)
    assert in_vain, f"{what} before the end of the hold"
    return Watched(in_vain[-1], datetime.now(UTC))
