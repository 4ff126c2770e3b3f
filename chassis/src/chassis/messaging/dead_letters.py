"""What no handler could take (`<service>.dead`) and what no queue wanted (`unrouted`): look, replay, discard.

Looking takes nothing: a message that is not acknowledged goes back to its place when the channel closes.
"""

import hashlib
import json
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import amqp
from django.conf import settings

from chassis.messaging import broker
from chassis.messaging.exchanges import UNROUTED

CONNECT_SECONDS = 3
EVERY = 1_000_000
# What the broker wrote on the message along its way; a replayed message starts anew.
_POSTMARKS = ("x-death", "x-first-death-", "x-last-death-", "x-delivery-count", "x-acquired-count")


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One message. id: its event's, or one made of its body if it is none. deaths: how often it was laid aside."""

    queue: str
    id: str
    type: str
    subject: str
    reason: str
    died_at: datetime | None
    deaths: int
    message: amqp.Message = field(repr=False)

    @property
    def attributes(self) -> Any:
        """The CloudEvents attributes; of a message that is none, its body as text."""
        return _attributes(self.message)


Choice = Callable[[DeadLetter], bool]


class DeadLetters:
    """handled: the event types that this service handles, the only ones of `unrouted` that it may take as a whole."""

    def __init__(self, handled: Collection[str]) -> None:
        self._handled = frozenset(handled)
        self._dead = f"{settings.SERVICE_NAME}.dead"
        self._queues = (self._dead, UNROUTED.name)

    def counts(self) -> dict[str, int]:
        """How many there are by queue. Raises OSError or amqp.AMQPError when the broker is away, as all of these do."""
        with _channel() as channel:
            return {queue: channel.queue_declare(queue, passive=True).message_count for queue in self._queues}

    def all(self, *, limit: int = 1000) -> list[DeadLetter]:
        """The oldest of each queue, at most `limit` of each."""
        found = []
        for queue in self._queues:
            with _channel() as channel:
                found += list(_read(channel, queue, limit))
        return found

    def find(self, letter_id: str) -> list[DeadLetter]:
        return [letter for letter in self.all(limit=EVERY) if letter.id == letter_id]

    def replay(self, chosen: Choice) -> int:
        """Sends them again and takes them out, one after the other, when the broker has confirmed; how many.

        A dead letter goes to this service's own queue, for the others have handled theirs; an unrouted one to the
        exchange it came through, for nobody has.
        """

        def send(channel: amqp.Channel, letter: DeadLetter) -> None:
            origin = letter.message.delivery_info
            to_own_queue = letter.queue == self._dead
            channel.basic_publish_confirm(
                _as_new(letter.message),
                exchange="" if to_own_queue else origin["exchange"],
                routing_key=settings.QUEUE_NAME if to_own_queue else origin["routing_key"],
                mandatory=True,
            )

        return self._take_out(chosen, send)

    def discard(self, chosen: Choice) -> int:
        """Takes them out for good; how many."""
        return self._take_out(chosen, lambda channel, letter: None)

    def own(self, letter: DeadLetter) -> bool:
        """A Choice: what this service may take without being asked for by id."""
        return letter.queue == self._dead or letter.type in self._handled

    def _take_out(self, chosen: Choice, first: Callable[[amqp.Channel, DeadLetter], None]) -> int:
        taken = 0
        for queue in self._queues:
            with _channel() as channel:
                for letter in _read(channel, queue, EVERY):
                    if chosen(letter):
                        first(channel, letter)
                        channel.basic_ack(letter.message.delivery_tag)
                        taken += 1
        return taken


@contextmanager
def _channel() -> Iterator[amqp.Channel]:
    with broker.connection(settings.RABBITMQ_URL, seconds=CONNECT_SECONDS) as connection:
        # Whoever asks is waiting: one more try, at once.
        connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0, reraise_as_library_errors=False)
        channel = connection.channel()
        channel.confirm_select()
        yield channel


def _read(channel: amqp.Channel, queue: str, limit: int) -> Iterator[DeadLetter]:
    """As many as there are now: what is replayed and dies again meanwhile is not read a second time."""
    present = channel.queue_declare(queue, passive=True).message_count
    for _ in range(min(present, limit)):
        message = channel.basic_get(queue)
        if message is None:
            return
        yield _letter(queue, message)


def _letter(queue: str, message: amqp.Message) -> DeadLetter:
    headers = message.properties.get("application_headers") or {}
    attributes = _attributes(message)
    deaths = headers.get("x-death") or []
    return DeadLetter(
        queue=queue,
        id=str(headers.get("id") or hashlib.sha256(_bytes(message.body)).hexdigest()[:16]),
        type=str(headers.get("task", "")),
        subject=str(attributes.get("subject", "")) if isinstance(attributes, dict) else "",
        reason=str(deaths[0]["reason"]) if deaths else "no queue wanted it",
        died_at=deaths[0]["time"].replace(tzinfo=UTC) if deaths else None,
        deaths=sum(death["count"] for death in deaths),
        message=message,
    )


def _attributes(message: amqp.Message) -> Any:
    try:
        return json.loads(message.body)[1]
    except (ValueError, LookupError, TypeError):
        return _bytes(message.body).decode("utf-8", "replace")


def _bytes(body: str | bytes) -> bytes:
    return body if isinstance(body, bytes) else body.encode()


def _as_new(message: amqp.Message) -> amqp.Message:
    properties = dict(message.properties)
    headers = properties.pop("application_headers", None) or {}
    properties["application_headers"] = {
        name: value for name, value in headers.items() if not name.startswith(_POSTMARKS)
    }
    return amqp.Message(message.body, **{**properties, "delivery_mode": 2})
