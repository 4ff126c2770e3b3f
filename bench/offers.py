"""Bookings with ticket types and a promo code, beside the same ones without."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

from bench.http import Client
from bench.market import SEATS, BenchError, Market, Showtime
from bench.processor import seconds_of
from stack.lifecycle import Stack

# What a booking costs is booking's; whoever hears of it does the same with either.
SERVERS = ("booking-web", "postgres-booking")
SHOWTIMES, CUSTOMERS = 8, 80
# They take turns, so that what else the machine does is borne by both; the first turn of each is not counted.
TURNS, PER_TURN = 9, 50
# So many showtimes are one customer's, and so many pairs of seats in each.
OF_ONE, PAIRS = 2, 4
TYPES = ("adult", "child")

Body = dict[str, Any]


def compared(stack: Stack, market: Market, code: str) -> dict[str, float]:
    """Milliseconds of processor time for a booking of two seats: of two types with a code, and of one type without.

    market: with ticket types, SHOWTIMES showtimes and CUSTOMERS customers. Raises BenchError.
    """
    pairs = _pairs(market)
    kinds: dict[str, Callable[[Showtime, list[str]], Body]] = {
        "plain": lambda showtime, pair: {"showtime_id": showtime.id, "seat_ids": pair},
        "offered": lambda showtime, pair: {
            "showtime_id": showtime.id,
            "seats": [{"seat_id": seat, "ticket_type": kind} for seat, kind in zip(pair, TYPES, strict=True)],
            "promo_code": code,
        },
    }
    spent = dict.fromkeys(kinds, 0.0)
    for turn, kind in itertools.product(range(TURNS), kinds):
        before = _seconds(stack)
        for client, showtime, pair in itertools.islice(pairs, PER_TURN):
            answer = client.post("/api/bookings", kinds[kind](showtime, pair))
            if answer.status != 201:
                raise BenchError(f"not booked: {answer.status} {answer.body.decode(errors='replace')[:300]}")
        if turn:
            spent[kind] += _seconds(stack) - before
    counted = (TURNS - 1) * PER_TURN
    return {f"{kind}_ms": round(1000 * seconds / counted, 2) for kind, seconds in spent.items()}


def _pairs(market: Market) -> Iterator[tuple[Client, Showtime, list[str]]]:
    """Two seats that nobody has, of a showtime of which that customer may hold as many still."""
    share = CUSTOMERS // (SHOWTIMES // OF_ONE)
    for group in range(SHOWTIMES // OF_ONE):
        for number in range(min(share * PAIRS, SEATS // 2)):
            client = market.customer(group * share + number // PAIRS)
            for showtime in market.showtimes[group * OF_ONE : (group + 1) * OF_ONE]:
                yield client, showtime, showtime.pair(number)


def _seconds(stack: Stack) -> float:
    return sum(seconds_of(stack, name) for name in SERVERS)
