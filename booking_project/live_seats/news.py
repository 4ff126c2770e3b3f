"""Listens to Redis for the showtimes whose seats may have changed (bookings.seat_news)."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any
from uuid import UUID

import redis.asyncio as redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from bookings.seat_news import EVERY_CHANNEL, showtime_of
from chassis.jitter import jittered

log = logging.getLogger(__name__)

# Seconds: a connection that is silent for QUIET is asked whether it still is one, and for LOST is none.
QUIET, LOST = 3.0, 6.0
CONNECT = 2.0
PAUSE, LONGEST_PAUSE = 0.2, 5.0


class News:
    """heard: is called with each showtime. alone: with whether there is nobody to listen to."""

    def __init__(self, url: str, *, heard: Callable[[UUID], None], alone: Callable[[bool], None]) -> None:
        self._url = url
        self._heard = heard
        self._alone = alone

    async def listen(self) -> None:
        """Until it is cancelled; while Redis is away it tries again, with pauses that grow."""
        pause = PAUSE
        while True:
            try:
                async with (
                    redis.Redis.from_url(
                        self._url, socket_connect_timeout=CONNECT, socket_timeout=None, retry=Retry(NoBackoff(), 0)
                    ) as client,
                    client.pubsub() as listening,
                ):
                    await asyncio.wait_for(listening.psubscribe(EVERY_CHANNEL), CONNECT)
                    async for message in _messages(listening):
                        if message["type"] == "psubscribe":
                            pause = PAUSE
                            self._alone(False)
                        elif message["type"] == "pmessage" and (showtime := showtime_of(_text(message["channel"]))):
                            self._heard(showtime)
            except (redis.RedisError, OSError, TimeoutError) as failure:
                log.warning("not woken by Redis", extra={"error": type(failure).__name__})
            self._alone(True)
            await asyncio.sleep(jittered(pause))
            pause = min(pause * 2, LONGEST_PAUSE)


async def _messages(listening: Any) -> Any:
    """Raises TimeoutError when nothing comes, not even an answer."""
    loop = asyncio.get_running_loop()
    last = loop.time()
    while True:
        message = await listening.get_message(timeout=QUIET)
        if message is not None:
            last = loop.time()
            yield message
        elif loop.time() - last > LOST:
            raise TimeoutError
        else:
            await asyncio.wait_for(listening.ping(), QUIET)


def _text(name: bytes | str) -> str:
    return name.decode(errors="replace") if isinstance(name, bytes) else name
