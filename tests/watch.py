"""Watching the end of a hold, beside the tests: it takes as long as a hold does, and nobody has to wait for it."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from waiting import wait_for
from world import Choice, Market, Person, book, booking_of, seat_statuses

LIMIT_SECONDS = 15
# What happens before the end is looked at too, but not for minutes.
BEFORE = timedelta(seconds=8)


@dataclass(frozen=True, slots=True)
class HoldEnd:
    """When what happened, by this machine's clock. refusals: how often the seats were asked for in vain before.

    looks_at_held_seats: how often the map still showed them held.
    """

    hold_expires_at: datetime
    refusals: int
    taken_over_at: datetime
    looks_at_held_seats: int
    shown_free_at: datetime
    expired_at: datetime
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
        refusals, taken_over_at = takeover.result()
        looks, shown_free_at = shown_free.result()
        history = owner.get(f"/api/bookings/{first['id']}/history").ok()["results"]
        return HoldEnd(
            hold_expires_at=ends,
            refusals=refusals,
            taken_over_at=taken_over_at,
            looks_at_held_seats=looks,
            shown_free_at=shown_free_at - later,
            expired_at=expired.result(),
            history=history,
        )

    def run() -> None:
        try:
            watched.set_result(watch())
        except Exception as error:  # noqa: BLE001  (raised again where the result is asked for)
            watched.set_exception(error)

    # A daemon: a few tests run by themselves need not wait for it.
    threading.Thread(target=run, daemon=True).start()
    return watched


def _take_over(customer: Person, choice: Choice) -> tuple[int, datetime]:
    refusals = 0

    def taken() -> bool:
        nonlocal refusals
        answer = customer.post("/api/bookings", choice.body())
        if answer.status == 409:
            answer.problem(409, "seat_unavailable")
            refusals += 1
        return answer.status == 201

    wait_for(taken, seconds=LIMIT_SECONDS, what="seat of a hold that ended")
    return refusals, datetime.now(UTC)


def _see_free(market: Market, choice: Choice) -> tuple[int, datetime]:
    looks = 0

    def free() -> bool:
        nonlocal looks
        statuses = seat_statuses(market.world, choice)
        looks += statuses == {"held"}
        return statuses == {"available"}

    wait_for(free, seconds=LIMIT_SECONDS, what="seats shown free")
    return looks, datetime.now(UTC)


def _see_expired(customer: Person, booking: dict[str, Any]) -> datetime:
    wait_for(
        lambda: booking_of(customer, booking)["status"] == "EXPIRED", seconds=LIMIT_SECONDS, what="expired booking"
    )
    return datetime.now(UTC)
