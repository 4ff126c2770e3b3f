"""Bookings with ticket types and a promo code, beside the same ones without: what they cost, and how many there are."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from statistics import median
from typing import Any

from bench.figures import CLIENTS, in_parallel
from bench.http import Answer, Client
from bench.market import SEATS, BenchError, Market, Showtime
from bench.processor import seconds_of
from stack.lifecycle import Stack

# What a booking costs is booking's; whoever hears of it does the same with either.
SERVERS = ("booking-web", "postgres-booking")
# So many showtimes are one customer's, and so many pairs of seats in each: as much as one may hold.
SHOWTIMES, CUSTOMERS = 18, 192
OF_ONE, PAIRS = 3, 4
# They take turns, and the median turn of each is told, so that what else the machine does is borne by both. The first
# ones are not counted: each connection prepares a statement once it has seen it five times, and has planned it anew for
# each of them.
TURNS, PER_TURN, NOT_COUNTED = 50, 10, 10
TURNS_AT_ONCE, OF_A_CLIENT, NOT_COUNTED_AT_ONCE = 24, 3, 4
TYPES = ("adult", "child")

Body = dict[str, Any]
Place = tuple[Client, Showtime, list[str]]


def compared(stack: Stack, market: Market, code: str) -> dict[str, float]:
    """Milliseconds of processor time for a booking of two seats: of two types with a code, and of one type without.

    market: with ticket types, SHOWTIMES showtimes and CUSTOMERS customers. Raises BenchError.
    """
    places, kinds = _places(market), _kinds(code)
    spent: dict[str, list[float]] = {kind: [] for kind in kinds}
    for turn, kind in _in_turns(kinds, TURNS):
        before = _seconds(stack)
        for client, showtime, pair in _next(places, PER_TURN):
            _insist(client.post("/api/bookings", kinds[kind](showtime, pair)))
        if turn >= NOT_COUNTED:
            spent[kind].append(_seconds(stack) - before)
    return {f"{kind}_ms": round(1000 * median(seconds) / PER_TURN, 3) for kind, seconds in spent.items()}


def at_once(market: Market, code: str) -> dict[str, float]:
    """How many of either are accepted a second where many clients ask. market, raises: as compared()."""
    places, kinds = _places(market), _kinds(code)
    spent: dict[str, list[float]] = {kind: [] for kind in kinds}
    for turn, kind in _in_turns(kinds, TURNS_AT_ONCE):
        seconds = _side_by_side(_next(places, CLIENTS * OF_A_CLIENT), kinds[kind])
        if turn >= NOT_COUNTED_AT_ONCE:
            spent[kind].append(seconds)
    return {f"{kind}_per_second": round(CLIENTS * OF_A_CLIENT / median(each), 1) for kind, each in spent.items()}


def _side_by_side(places: Sequence[Place], body: Callable[[Showtime, list[str]], Body]) -> float:
    """The seconds until CLIENTS clients have all of them. Raises BenchError."""
    answers: list[Answer] = []

    def buy(index: int) -> None:
        for client, showtime, pair in places[index * OF_A_CLIENT : (index + 1) * OF_A_CLIENT]:
            answers.append(client.post("/api/bookings", body(showtime, pair)))

    seconds = in_parallel(CLIENTS, buy)
    for answer in answers:
        _insist(answer)
    return seconds


def _kinds(code: str) -> dict[str, Callable[[Showtime, list[str]], Body]]:
    return {
        "plain": lambda showtime, pair: {"showtime_id": showtime.id, "seat_ids": pair},
        "offered": lambda showtime, pair: {
            "showtime_id": showtime.id,
            "seats": [{"seat_id": seat, "ticket_type": kind} for seat, kind in zip(pair, TYPES, strict=True)],
            "promo_code": code,
        },
    }


def _in_turns(kinds: Iterable[str], turns: int) -> Iterator[tuple[int, str]]:
    """Each kind once a turn, and every other turn the last of them first."""
    for turn in range(turns):
        for kind in reversed(list(kinds)) if turn % 2 else kinds:
            yield turn, kind


def _places(market: Market) -> Iterator[Place]:
    """Two seats that nobody has, of a showtime of which that customer may hold as many still."""
    share = CUSTOMERS // (SHOWTIMES // OF_ONE)
    for group in range(SHOWTIMES // OF_ONE):
        for number in range(min(share * PAIRS, SEATS // 2)):
            client = market.customer(group * share + number // PAIRS)
            for showtime in market.showtimes[group * OF_ONE : (group + 1) * OF_ONE]:
                yield client, showtime, showtime.pair(number)


def _next(places: Iterator[Place], count: int) -> list[Place]:
    """Raises BenchError when there are fewer: what is counted would be more than what was booked."""
    taken = list(itertools.islice(places, count))
    if len(taken) < count:
        raise BenchError("too few seats, or customers, for so many bookings")
    return taken


def _insist(answer: Answer) -> None:
    """Raises BenchError."""
    if answer.status != 201:
        raise BenchError(f"not booked: {answer.status} {answer.body.decode(errors='replace')[:300]}")


def _seconds(stack: Stack) -> float:
    return sum(seconds_of(stack, name) for name in SERVERS)
