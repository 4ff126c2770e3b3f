"""The exchanges that all services share, and the queues that keep what was laid aside. Without Django, for the relay.

What a service has of its own is in chassis.messaging.topology.
"""

import sys

# Where Django is installed kombu loads a part of it, for a kind of text that only Django has: not into the relay.
_without_django = "django" not in sys.modules
if _without_django:
    # None is how Python is told that there is none of that name; the stubs know modules alone.
    sys.modules["django"] = None  # type: ignore[assignment]

try:
    from kombu import Exchange, Queue
finally:
    if _without_django:
        del sys.modules["django"]

CLOCK = Exchange("clock", type="topic", durable=True)
DEAD_LETTER = Exchange("dead_letter", type="topic", durable=True)
# Where events go that no queue is bound for.
UNROUTED = Exchange("unrouted", type="fanout", durable=True)

# Looking at a message that is kept counts as a delivery, so the limit of those must be out of reach.
KEEPING_QUEUE_ARGUMENTS = {
    "x-queue-type": "quorum",
    "x-max-length": 100_000,
    "x-delivery-limit": 1_000_000_000,
}


def event_exchange(name: str) -> Exchange:
    return Exchange(name, type="topic", durable=True, arguments={"alternate-exchange": UNROUTED.name})


def dead_queue(service: str) -> Queue:
    return Queue(
        f"{service}.dead",
        exchange=DEAD_LETTER,
        routing_key=f"{service}.dead",
        durable=True,
        queue_arguments=KEEPING_QUEUE_ARGUMENTS,
    )


def unrouted_queue() -> Queue:
    return Queue(UNROUTED.name, exchange=UNROUTED, durable=True, queue_arguments=KEEPING_QUEUE_ARGUMENTS)
