"""Five databases of a sale, filled by hand: any row may be planted in them, what services would never write too."""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from audit.auditing import look
from audit.sources import Sources
from chassis.ids import uuid7
from stack import lifecycle, variables
from stack.environment import PYTHON
from stack.instance import Instance
from stack.lifecycle import Stack
from stack.services import SERVICES, Service

NOW = datetime.now(UTC)
BOOKING, OTHER, SHOWTIME, SEAT, PAYMENT, EVENT, SECOND = (uuid7() for _ in range(7))
TOTAL = 140_000
PREFIX = "audit_"
FILLERS = {
    "uuid": uuid4,
    "jsonb": lambda: Jsonb({}),
    "timestamp with time zone": lambda: "now",
    "boolean": bool,
    "bytea": bytes,
    "ARRAY": lambda: "{}",
}
TABLES = {
    "booking": (
        *("bookings", "booking_seats", "seat_status", "check_ins", "showtimes"),
        *("promo_uses", "promo_codes", "promotions"),
    ),
    "payment": (
        *("payments", "refunds", "gateway_operations", "transactions", "receipts", "receipt_series"),
        *("gift_card_lines", "gift_cards", "gift_card_issues"),
        *("takings", "takings_series", "fees_kept"),
    ),
    "notify": ("notifications", "delivery_log"),
}


def stack() -> Stack:
    return lifecycle.load(Instance.at(os.environ["MARQUEE_STATE"]))


def migrated(running: Stack, service: Service) -> str:
    """The address, for the superuser, of a database of the tests' own with the tables of this service."""
    environment = variables.of_service(running.instance, service, ports=running.ports, secrets=running.secrets)
    password, port = running.secrets["POSTGRES_PASSWORD"], running.ports[f"postgres-{service.name}"]
    server, name = f"postgres://postgres:{password}@127.0.0.1:{port}", f"{PREFIX}{service.database}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            make = sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(service.role))
            connection.execute(make)
    own = environment | {"DATABASE_URL": environment["DATABASE_URL"].replace(f"/{service.database}", f"/{name}")}
    own.pop("PROMETHEUS_MULTIPROC_DIR")
    migrate = [str(PYTHON), "manage.py", "migrate", "--noinput", "-v", "0"]
    done = subprocess.run(migrate, cwd=service.folder, env=own, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return f"{server}/{name}"


class Broker:
    """Answers like RabbitMQ's management. bindings: (exchange, type, queue). dead: (service, type, id)."""

    name = "RabbitMQ's management"

    def __init__(self) -> None:
        self.bindings: list[tuple[str, str, str]] = []
        self.dead: list[tuple[str, str, UUID]] = []

    def ask(self, path: str, body: object = None) -> Any:
        if path.startswith("/api/bindings/"):
            return [{"source": s, "routing_key": key, "destination": queue} for s, key, queue in self.bindings]
        if path.endswith("/get"):
            service = path.split("/")[-2].removesuffix(".dead")
            letters = [letter for letter in self.dead if letter[0] == service]
            return [{"properties": {"headers": {"task": type_, "id": str(id_)}}} for _, type_, id_ in letters]
        return [{"name": f"{service}.dead", "messages": 1} for service in {letter[0] for letter in self.dead}]


class Gateway:
    """Answers like the card gateway's stand-in. entries: as it shows them."""

    name = "the gateway's record"

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []

    def entry(self, reference: object, *, authorised: int, captured: int = 0, voided: int = 0) -> dict[str, Any]:
        made = {"reference": str(reference), "authorised_amount": authorised, "captured_amount": captured}
        made |= {"voided_amount": voided, "refunded_amount": 0}
        self.entries.append(made)
        return made

    def ask(self, path: str) -> Any:
        asked = parse_qs(urlsplit(path).query, keep_blank_values=True)
        references = asked.get("reference")
        if references is None:
            following = sorted({e["reference"] for e in self.entries if e["reference"] > asked["after"][0]})
            references = following[: int(asked["limit"][0])]
        return {"authorisations": [entry for entry in self.entries if entry["reference"] in references]}


class World:
    """The databases of all services, empty at first, and what is beside them."""

    def __init__(self, running: Stack) -> None:
        with ThreadPoolExecutor(2) as pool:
            made = pool.map(lambda service: migrated(running, service), SERVICES)
            addresses = dict(zip((service.name for service in SERVICES), made, strict=True))
        self._connections = {name: psycopg.connect(url, autocommit=True) for name, url in addresses.items()}
        for connection in self._connections.values():
            # No trigger and no foreign key refuses what is planted, or taken away again.
            connection.execute("SET session_replication_role = replica")
            connection.execute("SET synchronous_commit = off")
        self._required = {name: self._columns(name) for name in addresses}
        audit = variables.of_audit(running.instance, ports=running.ports, secrets=running.secrets)
        self.addresses = {
            service.name: audit[f"{service.name.upper()}_DATABASE_URL"].replace(
                f"/{service.database}", f"/{PREFIX}{service.database}"
            )
            for service in SERVICES
        }
        self.broker, self.gateway = Broker(), Gateway()

    def close(self) -> None:
        for connection in self._connections.values():
            connection.close()

    def empty(self) -> None:
        self.broker, self.gateway = Broker(), Gateway()
        for name in self._connections:
            for table in (*TABLES.get(name, ()), "outbox", "inbox", "heard_events"):
                self.execute(name, f"DELETE FROM {table}")

    def sources(self, *, has_record: bool = True, kind: type[Sources] = Sources) -> Sources:
        return kind(self.addresses, self.broker, self.gateway if has_record else None)

    def execute(self, service: str, statement: str, *values: Any) -> None:
        self._connections[service].execute(statement, values)

    def plant(self, service: str, table: str, **columns: Any) -> None:
        """A row; what else may not be empty is filled with something."""
        row = {name: make() for name, make in self._required[service].get(table, {}).items()} | columns
        row = {name: Jsonb(value) if isinstance(value, list | dict) else value for name, value in row.items()}
        names = sql.SQL(", ").join(map(sql.Identifier, row))
        marks = sql.SQL(", ").join([sql.Placeholder()] * len(row))
        statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(sql.Identifier(table), names, marks)
        self._connections[service].execute(statement, list(row.values()))

    def has(self, service: str, table: str, where: str) -> int:
        """How many rows."""
        found = self._connections[service].execute(f"SELECT count(*) FROM {table} WHERE {where}").fetchone()
        return int(found[0]) if found else 0

    def next_position(self) -> int:
        """Of a receipt that is to be planted."""
        return self.has("payment", "receipts", "true") + 1

    def change(self, service: str, table: str, where: str = "true", /, **columns: Any) -> None:
        row = {name: Jsonb(value) if isinstance(value, list | dict) else value for name, value in columns.items()}
        changes = ", ".join(f'"{name}" = %s' for name in row)
        self.execute(service, f"UPDATE {table} SET {changes} WHERE {where}", *row.values())

    def _columns(self, service: str) -> dict[str, dict[str, Any]]:
        """Of each table, what may not be empty and has no default, and what makes something for it."""
        statement = (
            "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'public'"
            " AND is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO'"
        )
        found: dict[str, dict[str, Any]] = {}
        for table, column, kind in self._connections[service].execute(statement):
            text = kind.startswith(("character", "text"))
            found.setdefault(table, {})[column] = FILLERS.get(kind, str if text else int)
        return found


def plant_booking(world, id_, reference, status, *, ends):
    world.plant(
        "booking", "bookings", id=id_, reference=reference, status=status, total_amount=TOTAL, currency="VND",
        hold_expires_at=ends, showtime_id=SHOWTIME,
    )  # fmt: skip


def claim(world, booking, seat, price=TOTAL, *, given_back=False, let_in=False):
    """The booking says that it has this seat, or had it and gave it back; let_in: somebody was, by its ticket."""
    world.execute("booking", "DELETE FROM booking_seats WHERE booking_id = %s AND seat_id = %s", booking, seat)
    world.plant(
        "booking", "booking_seats", booking_id=booking, showtime_id=SHOWTIME, seat_id=seat, price_amount=price,
        given_back_at=NOW if given_back else None,
    )  # fmt: skip
    if let_in:
        world.plant("booking", "check_ins", booking_id=booking, seat_id=seat)


def keep(world, seat, status, booking=BOOKING, until=None):
    """The inventory says whose a seat is."""
    world.plant(
        "booking", "seat_status", showtime_id=SHOWTIME, seat_id=seat, status=status, booking_id=booking,
        held_until=until,
    )  # fmt: skip


def operation(world, kind, amount):
    world.plant("payment", "gateway_operations", payment_id=PAYMENT, kind=kind, state="succeeded", amount=amount)


def refund(world, kind, amount, of=None, **payment):
    """Money went back, everywhere: in the payment, its ledger and at the gateway. of: the prices of seats."""
    said = [{"id": str(seat), "price": price} for seat, price in (of or {}).items()]
    id_ = uuid7()
    world.plant(
        "payment", "refunds", id=id_, payment_id=PAYMENT, kind=kind, amount=amount, seats=said, status="succeeded",
        currency="VND",
    )  # fmt: skip
    operation(world, "refund", amount)
    entry = world.gateway.entries[0]
    entry["refunded_amount"] += amount
    issue(world, world.next_position(), -amount, id_)
    kept = entry["captured_amount"] - entry["refunded_amount"]
    ledger(world, PAYMENT, customer=-kept, authorised=0, cash=kept)
    world.change("payment", "payments", refunded_amount=entry["refunded_amount"], **payment)


def given_outside(world, amount, way="cash"):
    """The house gave it back itself: it is in the payment and its ledger, and the gateway has nothing of it."""
    refund = uuid7()
    world.plant(
        "payment", "refunds", id=refund, payment_id=PAYMENT, kind="cancel", amount=amount, status="succeeded",
        currency="VND", outside=way,
    )  # fmt: skip
    issue(world, 2, -amount, refund)
    operation(world, "outside", amount)
    ledger(world, PAYMENT, customer=amount - TOTAL, authorised=0, cash=TOTAL, outside=-amount)
    world.change("payment", "payments", refunded_amount=amount)


def issue(world, position, total, of=None, *, last=None):
    """A receipt or, of a refund by its id, a credit note, with this position; last: how many there are."""
    world.execute("payment", "DELETE FROM receipt_series")
    world.plant("payment", "receipt_series", id=1, theater_id=SHOWTIME, last=last or position)
    world.plant(
        "payment", "receipts", id=uuid7(), payment_id=PAYMENT, refund_id=of, theater_id=SHOWTIME, position=position,
        number=f"R1-{position}", total=total, currency="VND",
        lines=[{"net": total, "tax": 0, "gross": total}],
    )  # fmt: skip


def ledger(world: World, payment: UUID, **accounts: int) -> None:
    """So much in each account of a payment, and nothing of what was there."""
    world.execute("payment", "DELETE FROM transactions WHERE payment_id = %s", payment)
    for account, amount in accounts.items():
        world.plant("payment", "transactions", payment_id=payment, account=account, amount=amount, currency="VND")


def mails(world: World, booking: UUID, template: str, count: int, *, at: datetime | None = None) -> None:
    """So many mails of a kind were sent for a booking, and no others of it."""
    world.execute("notify", "DELETE FROM notifications WHERE booking_id = %s AND template = %s", booking, template)
    for _ in range(count):
        made = uuid4()
        times = {"sent_at": at or "now"}
        row = {"id": made, "booking_id": booking, "template": template, "channel": "email", "status": "sent", **times}
        world.plant("notify", "notifications", **row)
        world.plant("notify", "delivery_log", notification_id=made, outcome="sent")


def found(world):
    return {finding.number: finding.violations for finding in look(world.sources()).findings if finding.violations}


def violated(world):
    return set(found(world))
