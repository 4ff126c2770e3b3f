"""How often somebody may be wrong about a code: counted in Redis for the account, for the address and for all together.

Only codes that are none count, each once however often it is sent, so that whoever has one is not turned away by it.
A counter that is full has a mark beside it, which a view may have looked up along with a token (APIView.looks_up). What
is asked side by side may be wrong once more than that for each request under way. Without Redis nobody is turned away:
codes that are worth money have 140 bits (chassis.codes).
"""

import hashlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any
from uuid import UUID

from chassis.addresses import household_of
from chassis.storage.redis import RedisUnavailable, redis_client
from chassis.web.problems import Problem, TooManyRequests

log = logging.getLogger(__name__)

# A counter by itself: they need not lie in one slot of a cluster. Its mark does, and ends with it.
_NOTE = """
redis.call('SADD', KEYS[1], ARGV[1])
if redis.call('TTL', KEYS[1]) < 0 then redis.call('EXPIRE', KEYS[1], ARGV[2]) end
if redis.call('SCARD', KEYS[1]) >= tonumber(ARGV[3]) then
    redis.call('SET', KEYS[2], '1', 'PX', math.max(redis.call('PTTL', KEYS[1]), 1))
end
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

    def marks(self, user_id: UUID | None, address: str | None) -> list[str]:
        """The keys that are there once somebody was wrong too often."""
        return [_mark(key) for key in self.of(user_id, address)]


def _mark(key: str) -> str:
    return f"{{{key}}}:full"


@contextmanager
def guessing(
    code: str | None,
    *,
    bounds: Bounds,
    user_id: UUID | None,
    address: str | None,
    known: Mapping[str, bytes | None] = MappingProxyType({}),
) -> Iterator[None]:
    """Around whatever looks a code up that somebody sent; without one nothing is done. user_id, address: if known.

    known: values of marks that were looked up with the request; if one is missing, they are looked up here. Raises
    bounds.refused instead of what is inside, and lets bounds.wrong through, which it counts.
    """
    if code is None:
        yield
        return
    _admit(bounds.marks(user_id, address), bounds, known)
    try:
        yield
    except bounds.wrong:
        _count(bounds.of(user_id, address), code, bounds)
        raise


def _admit(marks: Sequence[str], bounds: Bounds, known: Mapping[str, bytes | None]) -> None:
    """Raises bounds.refused."""
    values: Mapping[str, object] = known
    try:
        if not values.keys() >= set(marks):
            values = dict(zip(marks, redis_client().mget(marks), strict=True))
        waits = [redis_client().ttl(mark) for mark in marks if values[mark] is not None]
    except RedisUnavailable:
        return
    if waits:
        raise bounds.refused(retry_after=max(1, *waits))


def _count(most: Mapping[str, int], code: str, bounds: Bounds) -> None:
    """For so long after the first; what is typed is anything, and not kept as it is."""
    wrong = hashlib.sha256(code.encode()).hexdigest()[:16]
    try:
        for key, limit in most.items():
            _note()(keys=[key, _mark(key)], args=[wrong, bounds.seconds, limit])
    except RedisUnavailable:
        log.warning("wrong code not counted: redis is away", extra={"codes": bounds.name})


@cache
def _note() -> Any:
    return redis_client().register_script(_NOTE)
