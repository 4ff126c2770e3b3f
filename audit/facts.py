"""What an audit looks at, read from a running stack. Amounts are minor units."""

import base64
import json
import urllib.request
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

import psycopg

from stack import variables
from stack.certificates import trusting
from stack.errors import StackError
from stack.lifecycle import Stack
from stack.servers import rabbitmq
from stack.services import SERVICES, service_named

# Dead letters are named up to this many a queue; that there are more is said.
DEAD_LETTERS_READ = 1000


@dataclass(frozen=True)
class Booking:
    id: UUID
    reference: str
    status: str
    total: int
    currency: str
    hold_expires_at: datetime


@dataclass(frozen=True)
class Claim:
    """A booking says that it has this seat, or had it and gave it back. let_in: somebody was, by its ticket."""

    booking_id: UUID
    showtime_id: UUID
    seat_id: UUID
    price: int = 0
    given_back: bool = False
    let_in: bool = False


@dataclass(frozen=True)
class Seat:
    """The inventory says whose a seat is."""

    showtime_id: UUID
    seat_id: UUID
    status: str
    booking_id: UUID | None
    held_until: datetime | None


@dataclass(frozen=True)
class PaidSeat:
    """refunded: "cancel" or "goodwill". charged: the fee that was told was reckoned of it, too."""

    id: UUID
    price: int
    refunded: str | None
    charged: bool


@dataclass(frozen=True)
class Payment:
    """held: authorised, and neither captured nor voided. retained: the fee kept after a cancellation, of fee_told.

    seats: as they were sold, and what their money went back as; none where that is not known.
    """

    id: UUID
    booking_id: UUID
    status: str
    currency: str
    amount: int
    held: int
    captured: int
    refunded: int
    retained: int
    fee_told: int = 0
    seats: tuple[PaidSeat, ...] = ()


@dataclass(frozen=True)
class Refund:
    """Money that went back. kind: "cancel" or "goodwill". seats: those whose it is with their prices, or none."""

    payment_id: UUID
    kind: str
    amount: int
    seats: dict[UUID, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Operation:
    """What the gateway answered to one question: kind is authorise, capture, void, refund or reverse."""

    payment_id: UUID
    kind: str
    state: str
    amount: int


@dataclass(frozen=True)
class Authorisation:
    """The gateway's own entry; reference is the id of the payment it was asked for."""

    id: str
    reference: str
    authorised: int
    captured: int
    voided: int
    refunded: int

    @property
    def held(self) -> int:
        return 0 if self.captured or self.voided else self.authorised


@dataclass(frozen=True)
class Event:
    """A row of an outbox."""

    id: UUID
    type: str
    exchange: str
    published: bool


@dataclass(frozen=True)
class DeadLetter:
    queue: str
    type: str
    event_id: str


@dataclass
class Facts:
    """events and handled are by service; bindings says which service wants which event of which exchange.

    ledger: the balance of each account of a payment. mails: how often a message of a kind was sent for a booking.
    """

    now: datetime
    bookings: dict[UUID, Booking] = field(default_factory=dict)
    claims: list[Claim] = field(default_factory=list)
    seats: list[Seat] = field(default_factory=list)
    # Showtimes that are over, of which the inventory has forgotten who had which seat.
    forgotten: set[UUID] = field(default_factory=set)
    payments: list[Payment] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)
    ledger: dict[UUID, dict[str, int]] = field(default_factory=dict)
    authorisations: list[Authorisation] = field(default_factory=list)
    events: dict[str, list[Event]] = field(default_factory=dict)
    handled: dict[str, set[UUID]] = field(default_factory=dict)
    bindings: set[tuple[str, str, str]] = field(default_factory=set)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    mails: dict[tuple[UUID, str], int] = field(default_factory=dict)


def collect(stack: Stack) -> Facts:
    """Read everything, what belongs together in one snapshot. StackError names what could not be read."""
    facts = Facts(now=_rows(stack, "booking", "SELECT now()")[0][0][0])
    _read_bookings(stack, facts)
    _read_payments(stack, facts)
    _read_delivery(stack, facts)
    _read_broker(stack, facts)
    _read_gateway(stack, facts)
    return facts


def _read_bookings(stack: Stack, facts: Facts) -> None:
    bookings, claims, seats, forgotten = _rows(
        stack,
        "booking",
        "SELECT id, reference, status, total_amount, currency, hold_expires_at FROM bookings",
        "SELECT booking_id, showtime_id, seat_id, price_amount, given_back_at IS NOT NULL, EXISTS (SELECT FROM"
        " check_ins c WHERE c.booking_id = s.booking_id AND c.seat_id = s.seat_id) FROM booking_seats AS s",
        "SELECT showtime_id, seat_id, status, booking_id, held_until FROM seat_status",
        "SELECT id FROM showtimes WHERE seats_forgotten_at IS NOT NULL",
    )
    facts.bookings = {row[0]: Booking(*row) for row in bookings}
    facts.claims = [Claim(*row) for row in claims]
    facts.seats = [Seat(*row) for row in seats]
    facts.forgotten = {showtime_id for (showtime_id,) in forgotten}


def _paid(seats: list[dict[str, Any]]) -> tuple[PaidSeat, ...]:
    return tuple(
        PaidSeat(UUID(seat["id"]), seat["price"], seat["refunded"], seat.get("charged", False)) for seat in seats
    )


def _read_payments(stack: Stack, facts: Facts) -> None:
    payments, refunds, operations, ledger = _rows(
        stack,
        "payment",
        "SELECT id, booking_id, status, currency, amount, held_amount, captured_amount, refunded_amount,"
        " retained_amount, fee_told_amount, seats FROM payments",
        "SELECT payment_id, kind, amount, seats FROM refunds WHERE status = 'succeeded'",
        "SELECT payment_id, kind, state, amount FROM gateway_operations",
        "SELECT payment_id, account, sum(amount)::bigint FROM transactions GROUP BY payment_id, account",
    )
    facts.payments = [replace(Payment(*row[:-1]), seats=_paid(row[-1])) for row in payments]
    facts.refunds = [
        Refund(payment_id, kind, amount, {UUID(seat["id"]): seat["price"] for seat in seats})
        for payment_id, kind, amount, seats in refunds
    ]
    facts.operations = [Operation(*row) for row in operations]
    balances: dict[UUID, dict[str, int]] = defaultdict(dict)
    for payment_id, account, balance in ledger:
        balances[payment_id][account] = balance
    facts.ledger = dict(balances)


def _read_delivery(stack: Stack, facts: Facts) -> None:
    (mails,) = _rows(
        stack,
        "notify",
        "SELECT n.booking_id, n.template, count(*) FROM notifications n JOIN delivery_log d ON d.notification_id = n.id"
        " WHERE d.outcome = 'sent' AND n.channel = 'email' AND n.resend_of IS NULL AND n.booking_id IS NOT NULL"
        " GROUP BY n.booking_id, n.template",
    )
    facts.mails = {(booking_id, template): count for booking_id, template, count in mails}
    # What was handled is read last, so that nothing published in between looks lost.
    for service in SERVICES:
        (events,) = _rows(stack, service.name, "SELECT id, type, exchange, published_at IS NOT NULL FROM outbox")
        facts.events[service.name] = [Event(*row) for row in events]
    for service in SERVICES:
        (handled,) = _rows(stack, service.name, "SELECT event_id FROM inbox")
        facts.handled[service.name] = {row[0] for row in handled}


def _read_broker(stack: Stack, facts: Facts) -> None:
    queues = {f"{service.name}.dead" for service in SERVICES}
    consumers = {service.queue: service.name for service in SERVICES}
    vhost = quote(rabbitmq.VHOST, safe="")
    for binding in _broker(stack, f"/api/bindings/{vhost}"):
        consumer = consumers.get(binding["destination"])
        if binding["source"] and consumer:
            facts.bindings.add((binding["source"], binding["routing_key"], consumer))
    for queue in sorted(queues & {found["name"] for found in _broker(stack, f"/api/queues/{vhost}?columns=name")}):
        peek = {"count": DEAD_LETTERS_READ, "ackmode": "ack_requeue_true", "encoding": "auto"}
        for message in _broker(stack, f"/api/queues/{vhost}/{quote(queue, safe='')}/get", peek):
            headers = message["properties"].get("headers", {})
            facts.dead_letters.append(DeadLetter(queue, str(headers.get("task", "?")), str(headers.get("id", "?"))))


def _read_gateway(stack: Stack, facts: Facts) -> None:
    answer = _get(
        stack,
        f"{variables.url(stack.ports['gateway-simulator'])}/v1/record",
        authorization=f"Bearer {stack.secrets['PAYMENT_GATEWAY_API_KEY']}",
        what="the gateway's record",
    )
    facts.authorisations = [
        Authorisation(
            entry["id"],
            entry["reference"],
            entry["authorised_amount"],
            entry["captured_amount"],
            entry["voided_amount"],
            entry["refunded_amount"],
        )
        for entry in answer["authorisations"]
    ]


def _rows(stack: Stack, service: str, *statements: str) -> list[Sequence[Any]]:
    """The answers to these statements, all of the same moment."""
    url = variables.database_url(stack.instance, service_named(service), stack.ports, stack.secrets)
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            return [connection.execute(statement).fetchall() for statement in statements]
    except psycopg.Error as error:
        raise StackError(f"cannot read {service}'s database: {error}") from error


def _broker(stack: Stack, path: str, body: object = None) -> Any:
    login = base64.b64encode(f"{rabbitmq.USER}:{stack.secrets['RABBITMQ_PASSWORD']}".encode()).decode()
    url = variables.secured_url(stack.instance, stack.ports["rabbitmq-management"])
    return _get(stack, f"{url}{path}", authorization=f"Basic {login}", what="RabbitMQ's management", body=body)


def _get(stack: Stack, url: str, *, authorization: str, what: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": authorization, "Content-Type": "application/json"}
    request = urllib.request.Request(url, data=data, headers=headers)  # noqa: S310  (a server of our own)
    try:
        with urllib.request.urlopen(request, timeout=30, context=trusting(stack.instance)) as answer:  # noqa: S310  (ours)
            return json.load(answer)
    except (OSError, ValueError) as error:
        raise StackError(f"cannot read {what}: {error}") from error
