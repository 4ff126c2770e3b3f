"""How often somebody may be wrong about a code: counted in Redis for the account, for the address and for all together.

Only codes that are none count, each once however often it is sent, so that whoever has one is not turned away by it.
What is asked side by side may be wrong once more than that for each request under way. Without Redis nobody is turned
away: codes that are worth money have 140 bits (chassis.codes).
"""

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from chassis.addresses import household_of
from chassis.storage.redis import RedisUnavailable, redis_client
from chassis.web.problems import Problem, TooManyRequests

log = logging.getLogger(__name__)

# A key by itself: they need not lie in one slot of a cluster.
_NOTE = """
redis.call('SADD', KEYS[1], ARGV[1])
if redis.call('TTL', KEYS[1]) < 0 then redis.call('EXPIRE', KEYS[1], ARGV[2]) end
"""


@dataclass(frozen=True, slots=True)
class Bounds:
    """So many wrong codes within `seconds` after the first. name: of what codes, for the counters.

    in_all: of everybody together; None: no bound. wrong: what is raised of a code that is none; refused: instead of it.
    """

    name: str
    per_user: int
    per_address: int
    seconds: int
    wrong: type[Problem]
    refused: type[TooManyRequests]
    in_all: int | None = None

    def of(self, user_id: UUID | None, address: str | None) -> dict[str, int]:
        """The counters of somebody, each with its bound."""
        most: dict[str, int] = {}
        if user_id is not None:
            most[f"{self.name}:guesses:user:{user_id}"] = self.per_user
        if address is not None:
            most[f"{self.name}:guesses:address:{household_of(address)}"] = self.per_address
        if self.in_all is not None:
            most[f"{self.name}:guesses:all"] = self.in_all
        return most


@contextmanager
def guessing(code: str | None, *, bounds: Bounds, user_id: UUID | None, address: str | None) -> Iterator[None]:
    """Around whatever looks a code up that somebody sent; without one nothing is done. user_id, address: if known.

    Raises bounds.refused instead of what is inside, and lets bounds.wrong through, which it counts.
    """
    if code is None:
        yield
        return
    most = bounds.of(user_id, address)
    _admit(most, bounds)
    try:
        yield
    except bounds.wrong:
        _count(list(most), code, bounds)
        raise


def _admit(most: dict[str, int], bounds: Bounds) -> None:
    """Raises bounds.refused."""
    client = redis_client()
    try:
        pipeline = client.pipeline(transaction=False)
        for key in most:
            pipeline.scard(key)
        wrong = pipeline.execute()
        over = [key for (key, limit), count in zip(most.items(), wrong, strict=True) if count >= limit]
        waits = [client.ttl(key) for key in over]
    except RedisUnavailable:
        return
    if over:
        raise bounds.refused(retry_after=max(1, *waits))


def _count(keys: list[str], code: str, bounds: Bounds) -> None:
    """For so long after the first; what is typed is anything, and not kept as it is."""
    wrong = hashlib.sha256(code.encode()).hexdigest()[:16]
    try:
        for key in keys:
            _note()(keys=[key], args=[wrong, bounds.seconds])
    except RedisUnavailable:
        log.warning("wrong code not counted: redis is away", extra={"codes": bounds.name})


@cache
def _note() -> Any:
    return redis_client().register_script(_NOTE)
