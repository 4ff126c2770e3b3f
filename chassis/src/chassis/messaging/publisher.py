"""Publishing a batch to RabbitMQ with one wait for all of its confirms.

Each event becomes a Celery task message, protocol 2
(https://docs.celeryq.dev/en/stable/internals/protocol.html): name and id are the event's, kwargs its attributes.
"""

import contextlib
import time
from collections.abc import Sequence
from typing import Any

from chassis.messaging import broker
from chassis.messaging.exchanges import event_exchange, unrouted_queue

# isort: split
# After ours, which keeps Django out of kombu.
import amqp
import msgspec
from kombu.transport.pyamqp import Connection
from kombu.utils.url import parse_url

from chassis.telemetry import tracing

CONNECT_SECONDS = 3.0
CONFIRM_SECONDS = 5.0
HEARTBEAT_SECONDS = 30


class NotConfirmed(Exception):
    """The broker did not take the whole batch in time; it is published again."""


class Publisher:
    """One connection and one channel in confirm mode. Not for several threads."""

    def __init__(self, broker_url: str, *, origin: str) -> None:
        self._url = parse_url(broker_url)
        self._tls = broker.tls(broker_url)
        self._origin = origin
        self._connection: Connection | None = None
        self._channel: Any = None
        self._unconfirmed: set[int] = set()
        self._refused = False
        self._sent = 0
        self._exchanges: set[str] = set()

    @tracing.events_published
    def publish(self, messages: Sequence[tuple[str, dict[str, Any]]]) -> None:
        """Publishes (exchange, CloudEvents attributes) pairs; returns when the broker has confirmed them all.

        Raises NotConfirmed, or OSError or amqp.AMQPError when the broker is away; then any of them may or may not
        have arrived.
        """
        if self._connection is None:
            self._connect()
        for exchange, attributes in messages:
            self._ensure_exchange(exchange)
            self._sent += 1
            self._unconfirmed.add(self._sent)
            self._channel.basic_publish(self._message(attributes), exchange=exchange, routing_key=attributes["type"])
        deadline = time.monotonic() + CONFIRM_SECONDS
        while self._unconfirmed:
            left = deadline - time.monotonic()
            if left <= 0:
                raise NotConfirmed
            assert self._connection is not None
            self._connection.drain_events(timeout=left)
        if self._refused:
            raise NotConfirmed

    def keep_alive(self) -> None:
        """Answers heartbeats of an idle connection. Raises like publish()."""
        if self._connection is not None:
            self._connection.heartbeat_tick()
            with contextlib.suppress(TimeoutError):
                self._connection.drain_events(timeout=0.001)

    def close(self) -> None:
        """Says goodbye to the broker; after an error abandon() is quicker."""
        connection = self._connection
        if connection is not None:
            with contextlib.suppress(OSError, amqp.AMQPError):
                connection.close()
        self.abandon()

    def abandon(self) -> None:
        """Drops the connection without a word: a broker that hangs would not answer one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.collect()

    def _connect(self) -> None:
        connection = Connection(
            host=f"{self._url['hostname']}:{self._url['port'] or (5671 if self._tls else 5672)}",
            userid=self._url["userid"],
            password=self._url["password"],
            virtual_host=self._url["virtual_host"] or "/",
            connect_timeout=CONNECT_SECONDS,
            read_timeout=CONFIRM_SECONDS,
            write_timeout=CONFIRM_SECONDS,
            heartbeat=HEARTBEAT_SECONDS,
            ssl=self._tls,
            client_properties={"connection_name": self._origin},
        )
        try:
            connection.connect()
            channel = connection.channel()
            channel.confirm_select()
        except (OSError, amqp.AMQPError):
            connection.collect()
            raise
        channel.events["basic_ack"].add(self._acknowledged)
        channel.events["basic_nack"].add(self._refuse)
        self._channel = channel
        self._connection = connection
        self._unconfirmed.clear()
        self._exchanges.clear()
        self._refused = False
        self._sent = 0

    def _ensure_exchange(self, name: str) -> None:
        """The exchange, and where it puts what nobody has bound a queue for: after a broker lost its data, say."""
        if name not in self._exchanges:
            unrouted_queue()(self._channel).declare()
            event_exchange(name)(self._channel).declare()
            self._exchanges.add(name)

    def _message(self, attributes: dict[str, Any]) -> amqp.Message:
        event_id = attributes["id"]
        embedded = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}
        return amqp.Message(
            msgspec.json.encode([[], attributes, embedded]),
            content_type="application/json",
            content_encoding="utf-8",
            delivery_mode=2,
            correlation_id=event_id,
            application_headers={
                "lang": "py",
                "task": attributes["type"],
                "id": event_id,
                "root_id": event_id,
                "parent_id": None,
                "group": None,
                "retries": 0,
                "timelimit": [None, None],
                "origin": self._origin,
                "ignore_result": True,
                "argsrepr": "()",
                "kwargsrepr": repr(_shown(attributes)),
            },
        )

    def _acknowledged(self, tag: int, multiple: bool) -> None:
        self._settle(tag, multiple)

    def _refuse(self, tag: int, multiple: bool) -> None:
        self._refused = True
        self._settle(tag, multiple)

    def _settle(self, tag: int, multiple: bool) -> None:
        if multiple:
            self._unconfirmed = {sent for sent in self._unconfirmed if sent > tag}
        else:
            self._unconfirmed.discard(tag)


def _shown(attributes: dict[str, Any]) -> dict[str, str]:
    """What Flower shows of an event and finds it by: enough to follow a saga, and of the payload the ids alone."""
    data = attributes.get("data", {})
    ids = {name: value for name, value in data.items() if name.endswith("_id") and isinstance(value, str)}
    return {**ids, **{name: attributes[name] for name in ("id", "source", "subject", "time")}}
