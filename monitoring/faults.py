"""The faults that make each alert fire: real ones, on a running stack without containers, and taken back afterwards.

Each is a context manager: the fault is there inside of it.
"""

import json
import secrets
import subprocess
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from drill_world import Bought, World
from kombu import Exchange, Producer, Queue
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from bench.http import Client
from chassis.ids import uuid7
from stack import control, probes
from stack.lifecycle import Stack
from stack.ports import HOST
from stack.services import service_named

MANY = 1001
# Of the 60 that a local PostgreSQL takes.
CONNECTIONS = 50
CROWD = 24


Fault = Callable[[World], AbstractContextManager[None]]


@contextmanager
def stopped(*processes: str) -> Iterator[None]:
    with ThreadPoolExecutor(len(processes)) as pool:
        list(pool.map(control.stop, processes))
        try:
            yield
        finally:
            list(pool.map(control.start, processes))


def a_web_process_is_stopped(world: World) -> AbstractContextManager[None]:
    return stopped("notify-web")


def redis_is_stopped(world: World) -> AbstractContextManager[None]:
    return stopped("redis")


def a_replica_is_stopped(world: World) -> AbstractContextManager[None]:
    return stopped("postgres-catalog-replica-1")


def a_worker_is_stopped(world: World) -> AbstractContextManager[None]:
    return stopped("catalog-worker")


def the_scheduler_is_stopped(world: World) -> AbstractContextManager[None]:
    return stopped("scheduler")


def a_relay_and_its_worker_are_stopped(world: World) -> AbstractContextManager[None]:
    return stopped("auth-relay", "auth-worker")


def nobody_tells_of_seats(world: World) -> AbstractContextManager[None]:
    return stopped("booking-live")


@contextmanager
def no_seat_map_is_read_while_pages_come(world: World) -> Iterator[None]:
    """Of each a showtime that nobody watches: one that somebody does is known to the process."""
    gateway = f"ws{world.market.gateway.removeprefix('http')}"

    def watch() -> None:
        with suppress(InvalidStatus), connect(f"{gateway}/api/showtimes/{uuid.uuid4()}/seats/live", proxy=None):
            pass

    with stopped("postgres-booking"), world.meanwhile(watch, at_once=2):
        yield


@contextmanager
def the_broker_is_stopped_while_somebody_registers(world: World) -> Iterator[None]:
    with stopped("rabbitmq"):
        name = f"drill-{secrets.token_hex(4)}"
        client = Client(world.market.gateway)
        answer = client.post(
            "/api/auth/register", {"username": name, "email": f"{name}@load.example", "password": secrets.token_hex(12)}
        )
        client.close()
        assert answer.status == 201, answer.body
        yield


@contextmanager
def a_service_is_not_deployed(world: World) -> Iterator[None]:
    world.watch.forget("notify")
    try:
        yield
    finally:
        world.watch.forget()


@contextmanager
def a_database_is_stopped_while_customers_come(world: World) -> Iterator[None]:
    with stopped("postgres-notify"), world.meanwhile(asks(world, "/api/notifications/history"), at_once=4):
        yield


@contextmanager
def a_table_is_locked_while_customers_come(world: World) -> Iterator[None]:
    with ExitStack() as locked, world.meanwhile(asks(world, "/api/payments"), at_once=6):
        connection = locked.enter_context(world.superuser("payment"))
        locked.enter_context(connection.transaction())
        connection.execute("LOCK TABLE payments IN ACCESS EXCLUSIVE MODE")
        yield


@contextmanager
def the_database_takes_no_connections(world: World) -> Iterator[None]:
    """Those that are there are ended, and new ones of the service refused."""
    role = service_named("notify").role
    with world.superuser("notify") as connection:

        def end() -> None:
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", [role])

        connection.execute(f"ALTER ROLE {role} CONNECTION LIMIT 0")
        try:
            end()
            with world.meanwhile(asks(world, "/api/notifications/history"), at_once=CROWD):
                yield
        finally:
            connection.execute(f"ALTER ROLE {role} CONNECTION LIMIT -1")


@contextmanager
def connections_are_left_open(world: World) -> Iterator[None]:
    with ExitStack() as open_ones:
        for _ in range(CONNECTIONS - 5):
            open_ones.enter_context(world.superuser("catalog"))
        yield


@contextmanager
def redis_has_no_memory_left(world: World) -> Iterator[None]:
    """maxmemory is what it uses, and a little."""
    port = world.stack.ports["redis"]

    def ask(*words: str) -> str:
        answer = ""
        trusted = world.stack.instance.trusted_if_secured
        with probes.connect(port, trusted=trusted) as client, client.makefile("rwb") as stream:
            for command in (("AUTH", world.stack.secrets["REDIS_PASSWORD"]), words):
                stream.write(f"{' '.join(command)}\r\n".encode())
                stream.flush()
                answer = stream.readline().decode().strip()
                if answer.startswith("*"):
                    answer = [stream.readline().decode().strip() for _ in range(4)][-1]
                elif answer.startswith("$"):
                    answer = stream.read(int(answer[1:])).decode()
        return answer

    before = ask("CONFIG", "GET", "maxmemory")
    used = next(line for line in ask("INFO", "memory").splitlines() if line.startswith("used_memory:"))
    ask("CONFIG", "SET", "maxmemory", str(int(int(used.partition(":")[2]) * 1.02)))
    try:
        yield
    finally:
        ask("CONFIG", "SET", "maxmemory", before)


@contextmanager
def a_queue_is_written_to_and_not_read(world: World) -> Iterator[None]:
    queue = Queue(f"drill-{secrets.token_hex(4)}", durable=False, queue_arguments={"x-queue-type": "classic"})
    with world.broker() as broker, broker.channel() as channel:
        queue(channel).declare()
        try:
            producer = Producer(channel)
            for _ in range(MANY):
                producer.publish({}, routing_key=queue.name)
            yield
        finally:
            queue(channel).delete()


@contextmanager
def an_event_is_told_that_nobody_wants(world: World) -> Iterator[None]:
    with world.broker() as broker, broker.channel() as channel:
        producer = Producer(channel, exchange=Exchange("booking_events", type="topic"), auto_declare=False)
        producer.publish({"drill": True}, routing_key=f"drill.{secrets.token_hex(4)}")
        try:
            yield
        finally:
            Queue("unrouted")(channel).purge()


@contextmanager
def a_hold_has_ended_and_is_locked(world: World) -> Iterator[None]:
    """The sweep leaves out what somebody else is at."""
    with world.superuser("booking") as connection, ExitStack() as locked:
        while True:
            hold = world.book(None)
            connection.execute(
                "UPDATE bookings SET hold_expires_at = now() - interval '5 minutes' WHERE id = %s", [hold.id]
            )
            transaction = locked.enter_context(ExitStack())
            transaction.enter_context(connection.transaction())
            # Locked only now, as others see a change when it is committed; the sweep may have been there between.
            statement = "SELECT 1 FROM bookings WHERE id = %s AND status = 'PENDING' FOR UPDATE"
            if connection.execute(statement, [hold.id]).fetchone():
                break
            transaction.close()
        yield


@contextmanager
def the_card_gateway_is_stopped_while_somebody_pays(world: World) -> Iterator[None]:
    with stopped("gateway-simulator"):
        world.book("tok_visa")
        yield


@contextmanager
def most_cards_are_declined(world: World) -> Iterator[None]:
    """So many that the last hour's accepted ones are the smaller part, and on and on; afterwards good ones come again.

    The share is counted once a minute, and only told of while cards are asked.
    """
    with world.superuser("payment") as connection:
        (accepted,) = connection.execute(
            "SELECT count(*) FROM gateway_operations WHERE kind = 'authorise' AND state = 'succeeded'"
            " AND created_at > now() - interval '1 hour'"
        ).fetchone() or (0,)
    for _ in range(accepted + 4):
        declined = world.book("tok_card_declined")
        world.wait_for_row(
            "payment", "SELECT 1 FROM payments WHERE booking_id = %s AND status = 'declined'", declined.id
        )
    try:
        with world.meanwhile(lambda: world.book("tok_card_declined"), pause=2):
            yield
    finally:
        for _ in range(6):
            captured(world)


def captured(world: World) -> tuple[Bought, str, int]:
    """Somebody buys a ticket: what they bought, what the card gateway calls the capture, and the amount."""
    booking = world.book("tok_visa")
    statement = "SELECT capture_id, amount FROM payments WHERE booking_id = %s AND status = 'captured'"
    capture, amount = world.wait_for_row("payment", statement, booking.id)
    return booking, capture, amount


@contextmanager
def the_money_was_given_back_at_the_provider_already(world: World) -> Iterator[None]:
    """Somebody did it by hand there; then the customer cancels, and the provider refuses to give it back again."""
    booking, capture, amount = captured(world)
    _at_the_provider(world.stack, f"/v1/captures/{capture}/refunds", {"amount": amount})
    answer = booking.by.delete(f"/api/bookings/{booking.id}")
    assert answer.status in (200, 202, 204), answer.body
    world.wait_for_row("payment", "SELECT 1 FROM payments WHERE booking_id = %s AND attention <> ''", booking.id)
    try:
        yield
    finally:
        with world.superuser("payment") as connection:
            connection.execute("UPDATE payments SET attention = '' WHERE booking_id = %s", [booking.id])


@contextmanager
def the_money_is_given_back_at_the_provider_by_hand(world: World) -> Iterator[None]:
    """And nobody has written it down here, when the day is compared."""
    _, capture, amount = captured(world)
    _at_the_provider(world.stack, f"/v1/captures/{capture}/refunds", {"amount": amount})
    ask = (
        "INSERT INTO reconciliations (id, provider, day, state, after, is_read, moves, failures, failure, requested_by,"
        " created_at) VALUES (%s, 'simulator', %s, 'asked', '', false, 0, 0, '', '', now())"
    )
    with world.superuser("payment") as connection:
        connection.execute(ask, [uuid7(), datetime.now(UTC).date()])
    open_ = "SELECT id FROM reconciliation_differences WHERE state = 'open' AND theirs = %s"
    world.wait_for_row("payment", open_, amount)
    try:
        yield
    finally:
        with world.superuser("payment") as connection:
            connection.execute("UPDATE reconciliation_differences SET state = 'noted', note = 'of the drill'")


@contextmanager
def a_sold_seat_is_somebody_elses(world: World) -> Iterator[None]:
    booking, _, _ = captured(world)
    with world.superuser("booking") as connection:
        swap = "UPDATE seat_status SET booking_id = %s WHERE booking_id = %s"
        stranger = uuid.uuid4()
        connection.execute(swap, [stranger, booking.id])
        try:
            yield
        finally:
            connection.execute(swap, [booking.id, stranger])


@contextmanager
def an_event_is_of_a_time_that_is_far_ahead(world: World) -> Iterator[None]:
    """As by a clock that is wrong: no partition of the inbox is of that time."""
    event = uuid.UUID(int=2**128 - 1)
    with world.superuser("catalog") as connection:
        row = "INSERT INTO inbox (consumer, event_id, type, handled_at) VALUES ('drill', %s, 'drill.made', now())"
        connection.execute(row, [event])
        try:
            yield
        finally:
            connection.execute("DELETE FROM inbox WHERE event_id = %s", [event])


def asks(world: World, path: str) -> Callable[[], None]:
    """A customer's request, over a connection of its own."""

    def ask() -> None:
        client = Client(world.market.gateway, token=world.market.tokens[0], timeout=20)
        client.get(path)
        client.close()

    return ask


def _at_the_provider(stack: Stack, path: str, body: Mapping[str, object]) -> None:
    request = urllib.request.Request(
        f"http://{HOST}:{stack.ports['gateway-simulator']}{path}",
        data=json.dumps(body).encode(),
        headers={
            "Authorization": f"Bearer {stack.secrets['PAYMENT_GATEWAY_API_KEY']}",
            "Idempotency-Key": f"by-hand-{secrets.token_hex(8)}",
            "Content-Type": "application/json",
        },
    )
    with urllib.request.urlopen(request, timeout=10):  # noqa: S310  (ours)
        pass


@contextmanager
def a_disk_is_full(world: World) -> Iterator[None]:
    """A small file system of its own is filled, where we may mount one. Raises CalledProcessError."""
    image, place = world.watch.folder / "disk.img", world.watch.folder / "disk"
    place.mkdir()
    with image.open("wb") as file:
        file.truncate(16 * 2**20)
    subprocess.run(["mkfs.ext4", "-q", str(image)], check=True, capture_output=True)
    subprocess.run(["mount", "-o", "loop", str(image), str(place)], check=True, capture_output=True)
    try:
        _fill(place)
        yield
    finally:
        subprocess.run(["umount", str(place)], check=True)


def _fill(place: Path) -> None:
    with (place / "filler").open("wb") as file:
        try:
            while True:
                file.write(b"\0" * 2**16)
                file.flush()
        except OSError:
            return
