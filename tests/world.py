"""Who and what the tests need, made through the API as staff and customers would make it."""

import itertools
import json
import os
import secrets
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from client import Answer, Client
from waiting import wait_for

ROWS, COLUMNS = 12, 20
SHOWTIMES = 12
CUSTOMERS = 4
PRICE = {"amount": 120_000, "currency": "VND"}
ON_SALE_SECONDS = 90
SAGA_SECONDS = 60
PATIENCE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Where:
    """The system under test: its gateway, its mailbox, and the accounts of its staff by role."""

    gateway: str
    mailbox: str
    accounts: dict[str, dict[str, str]]

    @classmethod
    def from_environment(cls) -> "Where":
        """MARQUEE_GATEWAY_URL, MARQUEE_MAILBOX_URL and MARQUEE_ACCOUNTS_FILE, or else the running local stack."""
        names = ("MARQUEE_GATEWAY_URL", "MARQUEE_MAILBOX_URL", "MARQUEE_ACCOUNTS_FILE")
        if all(os.environ.get(name) for name in names):
            gateway, mailbox, accounts = (os.environ[name] for name in names)
            return cls(gateway, mailbox, json.loads(Path(accounts).read_text()))
        from stack import demo, lifecycle, variables
        from stack.instance import MAIN, Instance

        state = os.environ.get("MARQUEE_STATE")
        stack = lifecycle.load(Instance.at(state) if state else Instance.named(MAIN))
        accounts_by_role = {role: dict(account) for role, account in demo.accounts(stack).items()}
        gateway = variables.gateway_url(stack.instance, stack.ports)
        return cls(gateway, variables.url(stack.ports["mailbox"]), accounts_by_role)


# Seconds, of the 900 that an access token lasts.
TOKEN_IS_GOOD = 600


@dataclass
class Person(Client):
    """Somebody who is signed in."""

    gateway: str
    token: str = field(repr=False)
    username: str = ""
    email: str = ""
    password: str = field(default="", repr=False)
    id: str = ""
    signed_in: float = field(default_factory=time.monotonic)


class PatientPerson(Person):
    """Somebody who, told 503, comes again for a while, as the answer asks."""

    def send(self, *args: Any, **sent: Any) -> Answer:
        last: list[Answer] = []

        def answered() -> bool:
            last[:] = [super(PatientPerson, self).send(*args, **sent)]
            if last[0].status == 503:
                assert int(last[0].headers["Retry-After"]) > 0
            return last[0].status != 503

        wait_for(answered, seconds=PATIENCE_SECONDS, what="answer other than 503")
        return last[0]


def patient(person: Person) -> PatientPerson:
    return PatientPerson(**vars(person))


class World:
    """One theater with one large screen, and showtimes far enough ahead that nobody else sells them."""

    def __init__(self, where: Where) -> None:
        self.where = where
        self.anybody = Client(where.gateway)
        self._staff: dict[str, Person] = {}
        self._lock = threading.Lock()

    def staff(self, role: str) -> Person:
        with self._lock:
            if role not in self._staff:
                account = self.where.accounts[role]
                self._staff[role] = self.sign_in(**account)
            return self.still_in(self._staff[role])

    def still_in(self, person: Person) -> Person:
        """Signed in anew before the token expires: on a slow machine one suite takes longer than a token lasts."""
        if time.monotonic() - person.signed_in > TOKEN_IS_GOOD:
            again = self.sign_in(username=person.username, email=person.email, password=person.password)
            person.token, person.signed_in = again.token, again.signed_in
        return person

    def sign_in(self, *, username: str, email: str, password: str) -> Person:
        token = self.anybody.post("/api/auth/token", {"username": username, "password": password}).ok()
        person = Person(self.where.gateway, token["access_token"], username, email, password)
        person.id = person.get("/api/auth/users/me").ok()["id"]
        return person

    def new_customer(self, *, proven: bool = False) -> Person:
        """proven: with an address that is, by the link in the mail; others may hold but a few seats."""
        name = f"box-{secrets.token_hex(6)}"
        account = {"username": name, "email": f"{name}@customers.example", "password": secrets.token_urlsafe(16)}
        self.anybody.post("/api/auth/register", {**account, "full_name": "Grace Hopper"}).ok(201)
        if proven:
            mail = wait_for(lambda: self.mail_about(account["email"], "/verify?token="), what="mail with a link")
            token = mail["text"].split("/verify?token=")[1].split()[0]
            self.anybody.post("/api/auth/email/verify", {"token": token}).ok()
        return self.sign_in(**account)

    def mails(self, to: str) -> list[dict[str, Any]]:
        """What came for this address, the oldest first."""
        messages: list[dict[str, Any]] = self.anybody.get(f"{self.where.mailbox}/messages?limit=1000&to={to}").ok()
        return messages[::-1]

    def mail_about(self, to: str, *words: str) -> dict[str, Any] | None:
        """The first mail to this address whose subject or text holds all these words."""
        for mail in self.mails(to):
            if all(word in f"{mail['subject']}\n{mail['text']}" for word in words):
                return mail
        return None


@dataclass
class Market:
    """What is on sale. `seats` hands out seats that no other test was given."""

    world: World
    theater: dict[str, Any]
    movie: dict[str, Any]
    screen: dict[str, Any]
    showtimes: list[str]
    customers: list[Person]

    def __post_init__(self) -> None:
        self._seats = {showtime: iter(self._rows(showtime)) for showtime in self.showtimes}
        self._turns = itertools.cycle(self.showtimes)
        self._customers = itertools.cycle(self.customers)
        self._lock = threading.Lock()

    def _rows(self, showtime: str) -> Iterator[dict[str, Any]]:
        seats = self.world.anybody.get(f"/api/showtimes/{showtime}/seats").ok()["seats"]
        return iter(sorted(seats, key=lambda seat: (seat["y"], seat["x"])))

    def customer(self) -> Person:
        with self._lock:
            return self.world.still_in(next(self._customers))

    def seats(self, count: int = 2) -> "Choice":
        with self._lock:
            showtime = next(self._turns)
            return Choice(showtime, [next(self._seats[showtime])["id"] for _ in range(count)])


@dataclass(frozen=True, slots=True)
class Choice:
    showtime: str
    seats: list[str]

    def body(self, token: str | None = None) -> dict[str, Any]:
        """The body of POST bookings, with this card or to be paid later."""
        method = {"payment_method": {"token": token}} if token else {}
        return {"showtime_id": self.showtime, "seat_ids": self.seats, **method}


def open_market(world: World) -> Market:
    admin = world.staff("admin")
    movie = admin.post(
        "/api/movies",
        {
            "title": f"The Black Box {secrets.token_hex(3)}",
            "synopsis": "Nobody looks inside.",
            "duration_minutes": 95,
            "rating": "P",
            "genres": ["drama"],
            "languages": ["en"],
            "release_date": "2026-01-01",
        },
    ).ok(201)
    theater = admin.post(
        "/api/theaters",
        {
            "name": f"Test theater {secrets.token_hex(3)}",
            "city": "Ho Chi Minh City",
            "address": "1 Test Street",
            "time_zone": "Asia/Ho_Chi_Minh",
            "currency": PRICE["currency"],
            "rules": {
                "cancellation_cutoff_minutes": 60,
                "cancellation_fee_percent": None,
                "orphan_seat_rule": False,
            },
        },
    ).ok(201)
    places = [
        {"row": chr(64 + y), "number": x, "x": x, "y": y, "category": "standard"}
        for y in range(1, ROWS + 1)
        for x in range(1, COLUMNS + 1)
    ]
    screen = admin.post(f"/api/theaters/{theater['id']}/screens", {"name": "Hall 1", "seats": places}).ok(201)
    first = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=100)
    showtimes = [
        admin.post("/api/showtimes", showtime_body(movie, screen, first + timedelta(hours=4 * number))).ok(201)["id"]
        for number in range(SHOWTIMES)
    ]
    with ThreadPoolExecutor(CUSTOMERS) as pool:
        customers = list(pool.map(lambda _: world.new_customer(proven=True), range(CUSTOMERS)))
    for showtime in showtimes:
        wait_until_on_sale(world, showtime)
    return Market(world, theater, movie, screen, showtimes, customers)


def showtime_body(movie: dict[str, Any], screen: dict[str, Any], starts_at: datetime) -> dict[str, Any]:
    return {
        "movie_id": movie["id"],
        "screen_id": screen["id"],
        "starts_at": starts_at.isoformat(),
        "format": "2D",
        "language": "en",
        "prices": {"standard": PRICE},
    }


def wait_until_on_sale(world: World, showtime: str) -> None:
    """Booking hears of a new showtime by event, and the edge keeps a 404 for a moment."""
    wait_for(
        lambda: world.anybody.get(f"/api/showtimes/{showtime}/seats").status == 200,
        seconds=ON_SALE_SECONDS,
        what=f"seat map of showtime {showtime}",
    )


def new_key() -> str:
    return secrets.token_hex(12)


def book(customer: Person, choice: Choice, token: str | None = None, **headers: str) -> dict[str, Any]:
    """A booking that must be accepted."""
    booked: dict[str, Any] = customer.post("/api/bookings", choice.body(token), key=new_key(), **headers).ok(201)
    assert booked["status"] == "PENDING"
    return booked


def pay(customer: Person, booking: dict[str, Any], token: str = "tok_visa", *, key: str = "") -> Answer:
    body = {"booking_id": booking["id"], "payment_method": {"token": token}}
    return customer.post("/api/payments", body, key=key or new_key())


def booking_of(customer: Person, booking: dict[str, Any]) -> dict[str, Any]:
    read: dict[str, Any] = customer.get(f"/api/bookings/{booking['id']}").ok()
    return read


def settled(
    customer: Person, booking: dict[str, Any], status: str, payment_status: str | None = None, *, seconds: float = 0
) -> dict[str, Any]:
    """The booking once it has this status, and this payment status if one is given."""

    def reached() -> dict[str, Any] | None:
        now = booking_of(customer, booking)
        right = now["status"] == status and payment_status in (None, now["payment_status"])
        return now if right else None

    what = f"{status}/{payment_status or 'any'} of booking {booking['id']}"
    return wait_for(reached, seconds=seconds or SAGA_SECONDS, what=what) or {}


def payment_of(customer: Person, booking: dict[str, Any]) -> dict[str, Any]:
    """The one payment of a booking, once the news of the booking has reached payment."""
    path = f"/api/payments?booking_id={booking['id']}"
    [payment] = wait_for(lambda: customer.get(path).ok()["results"], what="payment of the booking")
    return dict(payment)


def seat_statuses(world: World, choice: Choice) -> set[str]:
    seats = world.anybody.get(f"/api/showtimes/{choice.showtime}/seats").ok()["seats"]
    return {seat["status"] for seat in seats if seat["id"] in choice.seats}


def wait_for_seats(world: World, choice: Choice, status: str, *, seconds: float = 60) -> None:
    """The seat map may be a second old at the edge."""
    wait_for(lambda: seat_statuses(world, choice) == {status}, seconds=seconds, what=f"seats that are {status}")
