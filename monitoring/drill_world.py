"""What a fault is made in: the running stack under watch, its databases and broker, and customers."""

import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from kombu import Connection
from watching import Watch

from bench.http import Client
from bench.market import Market
from stack import variables
from stack.lifecycle import Stack
from stack.ports import HOST
from stack.servers import postgres
from stack.services import service_named


@dataclass(frozen=True)
class Bought:
    """by: the customer who did."""

    id: str
    by: Client


class World:
    """The stack under watch, and what is sold in it where a fault needs customers."""

    def __init__(self, watch: Watch, market: Market | None = None) -> None:
        self.watch = watch
        self._market = market
        self._taken = iter(range(10_000))

    @property
    def market(self) -> Market:
        assert self._market, "this fault needs customers"
        return self._market

    @property
    def stack(self) -> Stack:
        return self.watch.stack

    def superuser(self, service: str) -> psycopg.Connection:
        """A connection to a service's database that may do what its role may not."""
        authority = self.stack.instance.trusted_if_secured
        return psycopg.connect(
            host=HOST,
            port=self.stack.ports[f"postgres-{service}"],
            dbname=service_named(service).database,
            user=postgres.SUPERUSER,
            password=self.stack.secrets["POSTGRES_PASSWORD"],
            sslmode="verify-full" if authority else "disable",
            sslrootcert=str(authority or ""),
            autocommit=True,
        )

    def broker(self) -> Connection:
        url = variables.broker_url(self.stack.instance, self.stack.ports, self.stack.secrets)
        return Connection(url, ssl={"server_hostname": HOST} if self.stack.instance.is_secured else False)

    def book(self, token: str | None) -> "Bought":
        """A customer takes two seats that nobody has, and pays with this card or not yet."""
        number = next(self._taken)
        showtime = self.market.showtimes[number % len(self.market.showtimes)]
        wanted: dict[str, object] = {
            "showtime_id": showtime.id,
            "seat_ids": showtime.pair(number // len(self.market.showtimes)),
        }
        if token:
            wanted["payment_method"] = {"token": token}
        customer = self.market.customer(number)
        answer = customer.post("/api/bookings", wanted, key=str(uuid.uuid4()))
        assert answer.status == 201, answer.body
        return Bought(str(answer.json()["id"]), customer)

    def wait_for_row(self, service: str, statement: str, *values: object) -> tuple[Any, ...]:
        """The first row, once there is one. Raises TimeoutError."""
        found: list[tuple[Any, ...]] = []
        with self.superuser(service) as connection:

            def there() -> bool:
                row = connection.execute(statement, values).fetchone()
                found.extend([row] if row else [])
                return bool(found)

            self.watch.wait(there, 60, f"{service} has no such row: {statement}")
        return found[0]

    @contextmanager
    def meanwhile(self, act: Callable[[], object], *, at_once: int = 1, pause: float = 0.05) -> Iterator[None]:
        """Does it again and again beside, in so many threads; what it raises is part of the fault."""
        ending = threading.Event()

        def again() -> None:
            while not ending.wait(pause):
                try:
                    act()
                except (OSError, psycopg.Error):
                    continue

        with ThreadPoolExecutor(at_once) as pool:
            for _ in range(at_once):
                pool.submit(again)
            try:
                yield
            finally:
                ending.set()
