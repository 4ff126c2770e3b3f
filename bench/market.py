"""What a run sells: a theater of its own with large screens, showtimes far ahead, and customers who are signed in."""

import secrets
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from bench.http import Client

T = TypeVar("T")

ROWS, COLUMNS = 13, 20
SEATS = ROWS * COLUMNS
PER_SCREEN = 40


class BenchError(Exception):
    """The run cannot go on, and why."""


@dataclass(frozen=True, slots=True)
class Showtime:
    id: str
    seats: tuple[str, ...]

    def pair(self, index: int) -> list[str]:
        """Two seats side by side; no two indexes below SEATS // 2 share one."""
        return list(self.seats[2 * index : 2 * index + 2])


@dataclass(frozen=True, slots=True)
class Market:
    gateway: str
    showtimes: tuple[Showtime, ...]
    tokens: tuple[str, ...]

    def customer(self, index: int) -> Client:
        return Client(self.gateway, token=self.tokens[index % len(self.tokens)])


def open_market(
    gateway: str,
    *,
    manager: tuple[str, str],
    verify: Callable[[], None],
    showtimes: int,
    customers: int,
    orphan_rule: bool = False,
    rows: int = ROWS,
    tickets: Mapping[str, int] | None = None,
) -> Market:
    """Makes it through the API, as a manager and as customers would. Raises BenchError.

    verify: proves the addresses of the customers, whose tokens then say so: others hold but a few seats. tickets: what
    each ticket type costs, in cents, where there are some.
    """
    staff = Client(gateway, token=sign_in(gateway, *manager))
    theater = _made(
        staff.post(
            "/api/theaters",
            {
                "name": f"Load test {secrets.token_hex(3)}",
                "city": "Nowhere",
                "address": "1 Bench Street",
                "time_zone": "Etc/UTC",
                "currency": "EUR",
                "rules": {
                    "cancellation_cutoff_minutes": 60,
                    "cancellation_fee_percent": None,
                    "orphan_seat_rule": orphan_rule,
                },
            },
        )
    )
    price: dict[str, Any] = {"prices": {"standard": {"amount": 1200, "currency": "EUR"}}}
    if tickets:
        price = {"price_list_id": _price_list(staff, theater["id"], tickets)}
    movie = staff.get("/api/movies").json()["results"][0]
    seats = [
        {"row": chr(64 + y), "number": x, "x": x, "y": y, "category": "standard"}
        for y in range(1, rows + 1)
        for x in range(1, COLUMNS + 1)
    ]
    made: list[str] = []
    while len(made) < showtimes:
        screen = _made(
            staff.post(f"/api/theaters/{theater['id']}/screens", {"name": f"Hall {len(made)}", "seats": seats})
        )
        made += _schedule(staff, screen["id"], movie["id"], price, min(PER_SCREEN, showtimes - len(made)))
    with ThreadPoolExecutor(4) as pool:
        accounts = list(pool.map(lambda _: _new_customer(gateway), range(customers)))
        verify()
        tokens = tuple(pool.map(lambda account: sign_in(gateway, *account), accounts))
    reader = Client(gateway)
    return Market(gateway, tuple(_on_sale(reader, showtime_id) for showtime_id in made), tokens)


def make_word(gateway: str, *, manager: tuple[str, str], most_uses: int | None) -> str:
    """A promo code that takes something off, for so many bookings at a time, or for any number. Raises BenchError."""
    staff = Client(gateway, token=sign_in(gateway, *manager))
    rule = {"name": "Load test", "label": "Load test", "off": "percent", "value": 25}
    promotion = _made(staff.post("/api/promotions", rule))
    wanted = {"word": f"LOAD{secrets.token_hex(5)}", "most_uses": most_uses}
    word: str = _made(staff.post(f"/api/promotions/{promotion['id']}/codes", wanted))["word"]
    return word


def make_gift_cards(
    gateway: str, *, manager: tuple[str, str], colleague: tuple[str, str], count: int, amount: int
) -> list[str]:
    """The codes of gift cards of so many cents each. Raises BenchError.

    colleague: who approves them, when runs of before have issued as many as one person may within a day.
    """
    staff = Client(gateway, token=sign_in(gateway, *manager))
    wanted = {
        "origin": "goodwill",
        "count": count,
        "amount": {"amount": amount, "currency": "EUR"},
        "reason": "Load test",
    }
    issue = _made(staff.post("/api/gift-cards/issues", wanted, key=secrets.token_hex(16)))
    if issue["status"] == "awaiting_approval":
        Client(gateway, token=sign_in(gateway, *colleague)).post(f"/api/gift-cards/issues/{issue['id']}/approve", None)
    codes: list[str] = _made(staff.post(f"/api/gift-cards/issues/{issue['id']}/codes", None))["codes"]
    return codes


def _price_list(staff: Client, theater_id: str, tickets: Mapping[str, int]) -> str:
    for code in tickets:
        _made(staff.post(f"/api/theaters/{theater_id}/ticket-types", {"code": code, "name": code.capitalize()}))
    prices = {code: {"standard": amount} for code, amount in tickets.items()}
    wanted = {"name": "Everyday", "currency": "EUR", "prices": prices}
    made: str = _made(staff.post(f"/api/theaters/{theater_id}/price-lists", wanted))["id"]
    return made


def _schedule(staff: Client, screen_id: str, movie_id: str, price: Mapping[str, Any], count: int) -> list[str]:
    first = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=200)
    wanted = {
        "movie_id": movie_id,
        "screen_id": screen_id,
        "format": "2D",
        "language": "en",
        **price,
    }
    starts = [first + timedelta(hours=6 * number) for number in range(count)]
    return [_made(staff.post("/api/showtimes", {**wanted, "starts_at": at.isoformat()}))["id"] for at in starts]


def _on_sale(reader: Client, showtime_id: str) -> Showtime:
    def seats() -> tuple[str, ...]:
        answer = reader.get(f"/api/showtimes/{showtime_id}/seats")
        if answer.status != 200:
            return ()
        ordered = sorted(answer.json()["seats"], key=lambda seat: (seat["y"], seat["x"]))
        return tuple(seat["id"] for seat in ordered)

    return Showtime(showtime_id, wait_for(seats, 60, f"showtime {showtime_id} is not on sale"))


def _new_customer(gateway: str) -> tuple[str, str]:
    """User name and password."""
    name, password = f"load-{secrets.token_hex(6)}", secrets.token_urlsafe(18)
    client = Client(gateway)
    _made(client.post("/api/auth/register", {"username": name, "email": f"{name}@load.example", "password": password}))
    client.close()
    return name, password


def sign_in(gateway: str, username: str, password: str) -> str:
    """An access token. Raises BenchError."""
    client = Client(gateway)
    answer = client.post("/api/auth/token", {"username": username, "password": password})
    client.close()
    if answer.status != 200:
        raise BenchError(f"{username} cannot sign in: {answer.status} {answer.body.decode(errors='replace')}")
    token: str = answer.json()["access_token"]
    return token


def _made(answer: Any) -> dict[str, Any]:
    if answer.status != 201:
        raise BenchError(f"not made: {answer.status} {answer.body.decode(errors='replace')[:500]}")
    body: dict[str, Any] = answer.json()
    return body


def wait_for(condition: Callable[[], T], seconds: float, otherwise: str) -> T:
    """The first true value of condition(). Raises BenchError after that many seconds."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise BenchError(otherwise)
        time.sleep(0.02)
    return value
