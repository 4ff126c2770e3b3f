"""Handlers that misbehave on demand. Tests watch and steer them through Redis, since they run in another process."""

import time

from django.db import OperationalError

from chassis.messaging.events import Event
from chassis.messaging.inbox import Handler, each
from chassis.storage.redis import redis_client
from things.events import MadeSlice
from things.models import Thing


def count(name: str) -> int:
    """How often this was called with that name."""
    number: int = redis_client().incr(name)
    redis_client().expire(name, 300)
    return number


def copy(event: Event) -> None:
    made = event.read(MadeSlice)
    Thing.objects.create(name=made.name)


def refuse(event: Event) -> None:
    copy(event)
    raise ValueError("this handler never works")


def linger(event: Event) -> None:
    """Writes, then waits inside the transaction until it is let go on."""
    copy(event)
    count(f"lingering:{event.id}")
    deadline = time.monotonic() + 30
    while not redis_client().exists(f"go-on:{event.id}"):
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.02)


def stumble(event: Event) -> None:
    """The database is away twice, then it is back."""
    copy(event)
    if count(f"stumbled:{event.id}") <= 2:
        raise OperationalError("server closed the connection unexpectedly")


def tell(event: Event) -> None:
    count(f"told:{event.id}")


def tick() -> None:
    count("ticked")


HANDLERS = {
    "thing.made": copy,
    "thing.refused": refuse,
    "thing.lingering": linger,
    "thing.stumbling": stumble,
    "thing.told": Handler(apply_all=each(copy), then_all=each(tell)),
}
TICKS = {"clock.second": [tick]}
