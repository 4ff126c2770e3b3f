"""Seats as they go, on a socket through the gateway, for as long as somebody watches."""

import json
import ssl
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect
from world import PATIENCE_SECONDS, Choice, Market, Person, book, pay, settled


def watch(market: Market, showtime: str, query: str = "") -> ClientConnection:
    gateway = market.world.where.gateway
    trusting = None
    if gateway.startswith("https:"):
        trusting = ssl.create_default_context()
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    address = f"ws{gateway.removeprefix('http')}/api/showtimes/{showtime}/seats/live{query}"
    return connect(address, ssl=trusting, compression=None)


def heard(page: ClientConnection, seats: list[str], status: str) -> dict[str, Any]:
    """The delta with which all of these seats are so; it comes soon."""
    known: dict[str, str] = {}
    while True:
        told: dict[str, Any] = json.loads(page.recv(timeout=PATIENCE_SECONDS))
        known |= {seat["id"]: seat["status"] for seat in told["seats"]}
        if all(known.get(seat) == status for seat in seats):
            return told


def test_a_page_sees_a_booking_come_and_go(market: Market, customer: Person, choice: Choice) -> None:
    path = f"/api/showtimes/{choice.showtime}/seats"
    known = market.world.anybody.get(path).ok()
    with watch(market, choice.showtime) as page:
        first = json.loads(page.recv(timeout=PATIENCE_SECONDS))
        assert first["type"] == "map"
        assert known.keys() == first.keys() - {"type"}
        booking = book(customer, choice)
        seen = heard(page, choice.seats, "held")
        pay(customer, booking).ok(201)
        heard(page, choice.seats, "sold")
        settled(customer, booking, "CONFIRMED", "captured")
        customer.delete(f"/api/bookings/{booking['id']}").ok()
        heard(page, choice.seats, "available")
    with watch(market, choice.showtime, f"?version={seen['version']}") as again:
        missed = json.loads(again.recv(timeout=PATIENCE_SECONDS))
        assert missed["type"] == "map" or missed["from"] == seen["version"]


def test_a_showtime_that_nobody_knows_is_a_problem_and_no_socket(market: Market) -> None:
    with pytest.raises(InvalidStatus) as refused, watch(market, "019ab1c8-1000-7a00-8000-0000000000a1"):
        pass
    answer = refused.value.response
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")
    problem = json.loads(answer.body or b"{}")
    assert problem["code"] == "showtime_not_found"
    assert problem["instance"] == "/api/showtimes/019ab1c8-1000-7a00-8000-0000000000a1/seats/live"
    assert problem["correlation_id"] == answer.headers["X-Correlation-ID"]
