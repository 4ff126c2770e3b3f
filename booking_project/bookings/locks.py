"""Seat locks in Redis: contention is turned away here, cheaply. PostgreSQL is what guarantees.

Key `lock:showtime:{<showtime_id>}:seat:<seat_id>`; its value is the owner: the booking that is being made, and that
keeps it until it ends. Not the customer, whose next call would let go of what an earlier one took. The braces put the
locks of a showtime into one slot of a Redis Cluster. Without Redis everything goes on, only slower.
"""

import logging
from collections.abc import Sequence
from functools import cache
from typing import Any
from uuid import UUID

from chassis.storage.redis import RedisUnavailable, redis_client
from chassis.telemetry import metrics

log = logging.getLogger(__name__)

CONFLICTS = metrics.counter("seat_lock_conflicts_total", "Requests turned away by a seat lock")

# All or nothing: the indexes of the seats somebody else holds, or every lock taken.
_ACQUIRE = """
local owners = redis.call('MGET', unpack(KEYS))
local refused = {}
for i = 1, #KEYS do
    if owners[i] and owners[i] ~= ARGV[1] then refused[#refused + 1] = i end
end
if #refused == 0 then
    for i = 1, #KEYS do redis.call('SET', KEYS[i], ARGV[1], 'EX', ARGV[2]) end
end
return refused
"""
_RELEASE = """
local released = 0
for i = 1, #KEYS do
    if redis.call('GET', KEYS[i]) == ARGV[1] then released = released + redis.call('DEL', KEYS[i]) end
end
return released
"""


@cache
def _scripts() -> tuple[Any, Any]:
    client = redis_client()
    return client.register_script(_ACQUIRE), client.register_script(_RELEASE)


def _keys(showtime_id: UUID, seat_ids: Sequence[UUID]) -> list[str]:
    return [f"lock:showtime:{{{showtime_id}}}:seat:{seat_id}" for seat_id in seat_ids]


def acquire(showtime_id: UUID, seat_ids: Sequence[UUID], *, owner: UUID, seconds: int) -> list[UUID]:
    """Locks all the seats or none; the seats that somebody else has locked come back, none when it succeeded.

    owner: the booking that they are for.
    """
    try:
        refused = _scripts()[0](keys=_keys(showtime_id, seat_ids), args=[str(owner), seconds])
    except RedisUnavailable:
        return []
    return [seat_ids[index - 1] for index in refused]


def release(showtime_id: UUID, seat_ids: Sequence[UUID], *, owner: UUID) -> None:
    """Frees the locks that are this booking's; what Redis misses of this ends by itself."""
    if not seat_ids:
        return
    try:
        _scripts()[1](keys=_keys(showtime_id, seat_ids), args=[str(owner)])
    except RedisUnavailable:
        log.warning("seat locks left to expire", extra={"showtime_id": str(showtime_id)})
