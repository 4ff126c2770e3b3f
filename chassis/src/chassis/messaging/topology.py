"""The exchanges and queues of one service, as RabbitMQ has them.

One durable quorum queue a consumer, bound by its HANDLERS table; what it cannot handle goes to `<service>.dead`
through the exchange `dead_letter`. A second, short-lived queue takes the ticks of the clock. An event that no queue
wants is kept in `unrouted`, so that a consumer that comes late finds it; but for those that are told to whoever wants
them, and which nobody misses (settings.EVENTS_FOR_ANYBODY).
"""

from collections.abc import Iterable
from contextlib import suppress

import amqp
from django.conf import settings
from kombu import Connection, Exchange, Queue, binding

from chassis.messaging import broker
from chassis.messaging.exchanges import CLOCK, DEAD_LETTER, dead_queue, event_exchange, unrouted_queue

DELIVERY_LIMIT = 20
TICK_SECONDS = 5


def exchange_of(event_type: str) -> Exchange:
    """Event `a.b` travels on `a_events`, unless settings.EVENT_EXCHANGES names another one for `a`."""
    family = event_type.partition(".")[0]
    return event_exchange(settings.EVENT_EXCHANGES.get(family, f"{family}_events"))


def event_queue(event_types: Iterable[str]) -> Queue:
    """The service's own queue, bound to each event it handles."""
    service = settings.SERVICE_NAME
    return Queue(
        settings.QUEUE_NAME,
        bindings=[binding(exchange_of(type_), routing_key=type_) for type_ in sorted(event_types)],
        durable=True,
        queue_arguments={
            "x-queue-type": "quorum",
            "x-delivery-limit": DELIVERY_LIMIT,
            "x-dead-letter-exchange": DEAD_LETTER.name,
            "x-dead-letter-routing-key": f"{service}.dead",
            # A message leaves this queue when `<service>.dead` has confirmed it; the second is a must with the first.
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
        },
    )


def clock_queue(ticks: Iterable[str]) -> Queue:
    """Ticks nobody took in time are dropped: the next one does their work.

    A quorum queue for the queue's sake: a classic one is gone with its node, and no worker starts without declaring it.
    """
    return Queue(
        f"{settings.SERVICE_NAME}_ticks",
        bindings=[binding(CLOCK, routing_key=tick) for tick in sorted(ticks)],
        durable=True,
        queue_arguments={"x-queue-type": "quorum", "x-message-ttl": TICK_SECONDS * 1000, "x-max-length": 10},
    )


def anybody_queue(event_types: Iterable[str]) -> Queue:
    """Where what nobody may want goes, and is gone in a moment: it was routed, and is no dead letter."""
    return Queue(
        f"{settings.SERVICE_NAME}_for_anybody",
        bindings=[
            binding(event_exchange(settings.EVENTS_EXCHANGE), routing_key=type_) for type_ in sorted(event_types)
        ],
        durable=True,
        queue_arguments={"x-queue-type": "quorum", "x-message-ttl": TICK_SECONDS * 1000, "x-max-length": 10},
    )


def declare(event_types: Iterable[str], ticks: Iterable[str]) -> list[str]:
    """Declares all of it on settings.RABBITMQ_URL; the names of the queues come back. Safe to repeat."""
    queues = [
        dead_queue(settings.SERVICE_NAME),
        unrouted_queue(),
        event_queue(event_types),
        clock_queue(ticks),
        *([anybody_queue(settings.EVENTS_FOR_ANYBODY)] if settings.EVENTS_FOR_ANYBODY else []),
    ]
    with broker.connection(settings.RABBITMQ_URL, seconds=5) as connection:
        channel = connection.channel()
        event_exchange(settings.EVENTS_EXCHANGE)(channel).declare()
        for queue in queues:
            queue(channel).declare()
        _forget(connection, f"{settings.SERVICE_NAME}_clock")
    return [queue.name for queue in queues]


def _forget(connection: Connection, queue: str) -> None:
    """Deletes a queue that versions before declared, unless one of their workers still reads it: then the next
    release does."""
    with suppress(amqp.PreconditionFailed):
        connection.channel().queue_delete(queue, if_unused=True)
