"""Handlers that misbehave on demand. Tests watch and steer them through Redis, since they run in another process."""

import os
import signal
import time
from collections.abc import Sequence

from django.db import OperationalError
from django.utils import timezone

from chassis.messaging.events import Event
from chassis.messaging.inbox import Handler, each
from chassis.messaging.outbox import emit_all
from chassis.storage import rows
from chassis.storage.redis import redis_client
from things.events import MadeSlice, ThingMade
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


def copy_all(events: Sequence[Event]) -> None:
    """All in one statement, and what is told of it too."""
    made = [event.read(MadeSlice) for event in events]
    rows.insert([Thing(name=one.name) for one in made])
    now = timezone.now()
    emit_all([(ThingMade(one.thing_id, one.name, now), one.thing_id) for one in made], causes=events)


def die_once(event: Event) -> None:
    """A worker that is killed after the commit, before the broker knows of it."""
    if count(f"died:{event.id}") == 1:
        os.kill(os.getpid(), signal.SIGKILL)


def tell(event: Event) -> None:
    count(f"told:{event.id}")


def tick() -> None:
    count("ticked")


HANDLERS = {
    "thing.made": copy,
    "thing.refused": refuse,
    "thing.lingering": linger,
    "thing.stumbling": stumble,
    "thing.copied": Handler(apply_all=copy_all),
    "thing.dying": Handler(apply_all=each(copy), then_all=each(die_once)),
    "thing.told": Handler(apply_all=each(copy), then_all=each(tell)),
}
TICKS = {"clock.second": [tick]}
