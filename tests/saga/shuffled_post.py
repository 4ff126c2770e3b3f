"""A relay that delivers in the wrong order, and twice: the place of booking's and payment's own, on the real broker."""

import random
from collections import Counter
from typing import Any
from uuid import UUID

import psycopg

from chassis.messaging.publisher import Publisher
from stack import variables
from stack.lifecycle import Stack
from stack.services import service_named

SERVICES = ("booking", "payment")
UNSENT = "SELECT id, exchange, body FROM outbox WHERE published_at IS NULL ORDER BY id"
SENT = "SELECT id, exchange, body FROM outbox WHERE published_at IS NOT NULL AND id > %s ORDER BY id"
MARK = "UPDATE outbox SET published_at = clock_timestamp() WHERE id = %s"
NEWEST = "SELECT id FROM outbox ORDER BY id DESC LIMIT 1"

# service, event, exchange, body
Waiting = tuple[str, UUID, str, dict[str, Any]]


class ShuffledPost:
    """Everything the relay does but the order: an event leaves when it is asked for. `sent` counts how they left."""

    def __init__(self, stack: Stack) -> None:
        self.databases = {
            name: psycopg.connect(
                variables.database_url(stack.instance, service_named(name), stack.ports, stack.secrets), autocommit=True
            )
            for name in SERVICES
        }
        broker = variables.broker_url(stack.instance, stack.ports, stack.secrets)
        self._publisher = Publisher(broker, origin="shuffled-post")
        self._since: dict[str, UUID] = {}
        self.sent: Counter[str] = Counter()
        self.forget()

    def forget(self) -> None:
        """What was sent until now is not sent again."""
        for name, database in self.databases.items():
            newest = database.execute(NEWEST).fetchone()
            self._since[name] = newest[0] if newest else UUID(int=0)

    def send(self, number: int) -> None:
        """One of the events that wait, whichever its turn is."""
        waiting = self.waiting()
        if waiting:
            self._send(waiting[number % len(waiting)], waiting)

    def send_newest(self) -> None:
        """The event that happened last."""
        waiting = self.waiting()
        self._send(max(waiting, key=lambda event: event[1]), waiting)

    def send_this(self, event_type: str, booking_id: str) -> None:
        """The event of this type about this booking."""
        waiting = self.waiting()
        self._send(next(each for each in waiting if _is(each, event_type, booking_id)), waiting)

    def waits(self, event_type: str, booking_id: str) -> bool:
        return any(_is(each, event_type, booking_id) for each in self.waiting())

    def _send(self, event: Waiting, waiting: list[Waiting]) -> None:
        service, event_id, exchange, body = event
        booking_id = _booking(body)
        overtakes = any(other < event_id and _booking(earlier) == booking_id for _, other, _, earlier in waiting)
        self._publisher.publish([(exchange, body)])
        self.databases[service].execute(MARK, [event_id])
        self.sent["out of turn" if overtakes else "in turn"] += 1

    def send_again(self, number: int) -> None:
        """One of the events that have left before."""
        rows = [
            row
            for name, database in self.databases.items()
            for row in database.execute(SENT, [self._since[name]]).fetchall()
        ]
        if rows:
            _, exchange, body = rows[number % len(rows)]
            self._publisher.publish([(exchange, body)])
            self.sent["again"] += 1

    def send_all(self, chance: random.Random) -> None:
        """Every event that waits, in any order, some twice."""
        for _ in range(len(self.waiting())):
            self.send(chance.randrange(100))
            if chance.random() < 0.2:
                self.send_again(chance.randrange(100))

    def waiting(self) -> list[Waiting]:
        return [
            (name, *row) for name, database in self.databases.items() for row in database.execute(UNSENT).fetchall()
        ]

    def end_hold(self, booking_id: str) -> None:
        """As if the hold had begun long ago."""
        database = self.databases["booking"]
        with database.transaction():
            ended = database.execute(
                "UPDATE bookings SET hold_expires_at = now() WHERE id = %s AND status = 'PENDING'", [booking_id]
            )
            if ended.rowcount:
                database.execute(
                    "UPDATE seat_status SET held_until = now() WHERE booking_id = %s AND status = 'held'", [booking_id]
                )

    def close(self) -> None:
        self._publisher.close()
        for database in self.databases.values():
            database.close()


def _is(waiting: Waiting, event_type: str, booking_id: str) -> bool:
    body = waiting[3]
    return bool(body["type"] == event_type and _booking(body) == booking_id)


def _booking(body: dict[str, Any]) -> str:
    return str(body["data"]["booking_id"])
