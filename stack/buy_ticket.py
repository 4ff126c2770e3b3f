"""Buys one ticket as a customer would, over HTTP through the gateway: proof that the whole line works."""

import json
import ssl
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from stack.errors import StackError

POLL_SECONDS = 0.1
PROJECTION_SECONDS = 120
SALE_SECONDS = 120
MAIL_SECONDS = 30


@dataclass(frozen=True)
class Ticket:
    """What was bought, as a person would tell it. seconds: from the order to the money captured, and to the mail."""

    reference: str
    movie: str
    theater: str
    screen: str
    starts_at: str
    seat: str
    price: str
    captured_seconds: float
    mailed_seconds: float


class Customer:
    """A signed-in customer's view of the API."""

    def __init__(self, gateway: str, *, trusting: ssl.SSLContext | None = None) -> None:
        self._gateway = gateway
        self._trusting = trusting
        self._token = ""

    def sign_in(self, *, username: str, password: str) -> None:
        self._token = self.post("/api/auth/token", {"username": username, "password": password})["access_token"]

    def get(self, path: str) -> Any:
        return self._ask("GET", path)

    def post(self, path: str, body: object, *, idempotency_key: str | None = None) -> Any:
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        return self._ask("POST", path, body=json.dumps(body).encode(), headers=headers)

    def _ask(self, method: str, path: str, *, body: bytes | None = None, headers: dict[str, str] | None = None) -> Any:
        """The JSON answer. A 429 is waited for; any other refusal is a StackError with the problem in it."""
        # The addresses are our own gateway's.
        url = self._gateway + path
        request = urllib.request.Request(url, data=body, method=method, headers=headers or {})  # noqa: S310  (ours)
        request.add_header("Accept", "application/json")
        if body is not None:
            request.add_header("Content-Type", "application/json")
        if self._token:
            request.add_header("Authorization", f"Bearer {self._token}")
        while True:
            try:
                with urllib.request.urlopen(request, timeout=30, context=self._trusting) as answer:  # noqa: S310  (ours)
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                if error.code == 429:
                    time.sleep(int(error.headers.get("Retry-After", "1")))
                    continue
                problem = error.read().decode(errors="replace")
                raise Refused(error.code, f"{method} {path} answered {error.code}", details=problem) from error
            except OSError as error:
                raise StackError(f"{method} {path} got no answer: {error}") from error


class Refused(StackError):
    """An answer that is not 2xx."""

    def __init__(self, status: int, message: str, *, details: str) -> None:
        super().__init__(message, details=details)
        self.status = status


def buy_ticket(
    *,
    gateway: str,
    mailbox: str,
    username: str,
    email: str,
    password: str,
    trusting: ssl.SSLContext | None = None,
) -> Ticket:
    """Sign in, choose a seat, pay with the card that is always good, and wait for the ticket in the mailbox.

    trusting: whom, where the gateway speaks HTTPS; else whom the system does.
    Raises StackError saying which step did not work.
    """
    customer = Customer(gateway, trusting=trusting)
    customer.sign_in(username=username, password=password)
    showtime, seat = _choose(customer)
    ordered = time.monotonic()
    booking = customer.post(
        "/api/bookings",
        {"showtime_id": showtime["id"], "seat_ids": [seat["id"]], "payment_method": {"token": "tok_visa"}},
        idempotency_key=str(uuid.uuid4()),
    )
    path = f"/api/bookings/{booking['id']}"
    _wait(
        lambda: _is_paid(customer.get(path)),
        SALE_SECONDS,
        lambda: f"booking {booking['reference']} was not paid: {json.dumps(customer.get(path))}",
    )
    captured = time.monotonic()
    _wait(
        lambda: _has_ticket(mailbox, email, booking["reference"]),
        MAIL_SECONDS,
        lambda: f"the ticket of booking {booking['reference']} did not reach the mailbox",
    )
    return Ticket(
        reference=booking["reference"],
        movie=showtime["movie"]["title"],
        theater=showtime["theater"]["name"],
        screen=_name(showtime["screen"]),
        starts_at=showtime["starts_at"],
        seat=f"{seat['row']}{seat['number']}",
        price=_money(seat["price"]),
        captured_seconds=captured - ordered,
        mailed_seconds=time.monotonic() - ordered,
    )


def _choose(customer: Customer) -> tuple[dict[str, Any], dict[str, Any]]:
    """The next showtime that starts in an hour or later, and the first of its seats that is free."""
    chosen: list[tuple[dict[str, Any], dict[str, Any]]] = []

    def found() -> bool:
        soonest = datetime.now(UTC) + timedelta(hours=1)
        for showtime in customer.get(f"/api/showtimes?starts_after={soonest:%FT%TZ}")["results"]:
            for seat in _seats(customer, showtime["id"]):
                if seat["status"] == "available" and seat["category"] in ("standard", "premium"):
                    chosen.append((showtime, seat))
                    return True
        return False

    _wait(found, PROJECTION_SECONDS, lambda: "there is no showtime with a free seat", poll_seconds=0.5)
    return chosen[0]


def _seats(customer: Customer, showtime_id: str) -> list[dict[str, Any]]:
    """None while booking has not heard of the showtime yet."""
    try:
        seats: list[dict[str, Any]] = customer.get(f"/api/showtimes/{showtime_id}/seats")["seats"]
    except Refused as refused:
        if refused.status != 404:
            raise
        return []
    return seats


def _is_paid(booking: dict[str, Any]) -> bool:
    if booking["status"] not in ("PENDING", "CONFIRMED"):
        raise StackError(f"booking {booking['reference']} ended {booking['status']}")
    return bool(booking["status"] == "CONFIRMED" and booking["payment_status"] == "captured")


def _has_ticket(mailbox: str, email: str, reference: str) -> bool:
    url = f"{mailbox}/messages?to={email}&limit=20"
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310  (ours)
        messages = json.load(answer)
    return any(
        reference in f"{message['subject']} {message['text']}" and "ticket" in message["subject"].lower()
        for message in messages
    )


def _wait(
    done: Callable[[], bool], seconds: float, complaint: Callable[[], str], *, poll_seconds: float = POLL_SECONDS
) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise StackError(complaint())
        time.sleep(poll_seconds)


def _money(money: dict[str, Any]) -> str:
    """Minor units as a person reads them: two decimals, none for the currencies that have no smaller unit."""
    if money["currency"] in ("VND", "JPY", "KRW"):
        return f"{money['amount']:,} {money['currency']}"
    return f"{money['amount'] / 100:,.2f} {money['currency']}"


def _name(value: Any) -> str:
    return str(value["name"]) if isinstance(value, dict) else str(value)
