"""Seat locks in Redis: contention is turned away here, cheaply. PostgreSQL is what guarantees.

Key `lock:showtime:{<showtime_id>}:seat:<seat_id>`; its value is the owner, `<customer>:<booking>`: the booking that is
being made, and that keeps it until it ends. A customer's next call lets go of nothing that an earlier one took; but it
is not turned away by it either, for that call may have been cut off: then PostgreSQL decides, and who gets the seats
gets the locks. The braces put the locks of a showtime into one slot of a Redis Cluster. Without Redis everything goes
on, only slower. A script that takes or frees a lock tells so those who watch the seats (seat_news.py), and one that
changed nothing tells nothing.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from bookings.seat_news import channel_of
from chassis.storage.redis import RedisUnavailable, redis_client
from chassis.telemetry import metrics

log = logging.getLogger(__name__)

CONFLICTS = metrics.counter("seat_lock_conflicts_total", "Requests turned away by a seat lock")

# All or nothing: the indexes of the seats that another customer holds, or every lock taken. Those that an earlier call
# of the same customer took stay as they are, and are told apart.
_ACQUIRE = """
local owners = redis.call('MGET', unpack(KEYS))
local refused, earlier = {}, {}
for i = 1, #KEYS do
    if owners[i] then
        local same = string.sub(owners[i], 1, #ARGV[2]) == ARGV[2]
        table.insert(same and earlier or refused, i)
    end
end
if #refused == 0 then
    for i = 1, #KEYS do
        if not owners[i] then redis.call('SET', KEYS[i], ARGV[1], 'EX', ARGV[3]) end
    end
    if #earlier < #KEYS then redis.call('PUBLISH', ARGV[4], '') end
end
return {refused, earlier}
"""
_TAKE_OVER = """
for i = 1, #KEYS do redis.call('SET', KEYS[i], ARGV[1], 'EX', ARGV[2]) end
redis.call('PUBLISH', ARGV[3], '')
return #KEYS
"""
_EXTEND = """
local extended = 0
for i = 1, #KEYS do
    if redis.call('GET', KEYS[i]) == ARGV[1] then extended = extended + redis.call('EXPIRE', KEYS[i], ARGV[2]) end
end
return extended
"""
_RELEASE = """
local released = 0
for i = 1, #KEYS do
    local owner = redis.call('GET', KEYS[i])
    if owner and string.sub(owner, -#ARGV[1]) == ARGV[1] then released = released + redis.call('DEL', KEYS[i]) end
end
if released > 0 then redis.call('PUBLISH', ARGV[2], '') end
return released
"""


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose a lock is."""

    user_id: UUID
    booking_id: UUID

    def __str__(self) -> str:
        return f"{self.user_id}:{self.booking_id}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """refused: seats that another customer has locked; then none was taken. earlier: by this one's earlier call."""

    refused: Sequence[UUID] = ()
    earlier: Sequence[UUID] = ()


@cache
def _scripts() -> tuple[Any, Any, Any, Any]:
    register = redis_client().register_script
    return register(_ACQUIRE), register(_TAKE_OVER), register(_RELEASE), register(_EXTEND)


def _keys(showtime_id: UUID, seat_ids: Sequence[UUID]) -> list[str]:
    return [f"lock:showtime:{{{showtime_id}}}:seat:{seat_id}" for seat_id in seat_ids]


def acquire(showtime_id: UUID, seat_ids: Sequence[UUID], *, owner: Owner, seconds: int) -> Outcome:
    """Locks all the seats that this customer has not locked before, or none."""
    try:
        arguments = [str(owner), str(owner.user_id), seconds, channel_of(showtime_id)]
        refused, earlier = _scripts()[0](keys=_keys(showtime_id, seat_ids), args=arguments)
    except RedisUnavailable:
        return Outcome()
    return Outcome([seat_ids[index - 1] for index in refused], [seat_ids[index - 1] for index in earlier])


def take_over(showtime_id: UUID, seat_ids: Sequence[UUID], *, owner: Owner, seconds: int) -> None:
    """Locks seats that the database has just given to this booking, whoever had them locked."""
    if not seat_ids:
        return
    arguments = [str(owner), seconds, channel_of(showtime_id)]
    try:
        _scripts()[1](keys=_keys(showtime_id, seat_ids), args=arguments)
    except RedisUnavailable:
        log.warning("seats not locked", extra={"showtime_id": str(showtime_id)})


def extend(showtime_id: UUID, seat_ids: Sequence[UUID], *, owner: Owner, seconds: int) -> None:
    """Lets the locks that are this booking's end so many seconds from now; those that are not stay as they are."""
    try:
        _scripts()[3](keys=_keys(showtime_id, seat_ids), args=[str(owner), seconds])
    except RedisUnavailable:
        log.warning("seats not locked for longer", extra={"showtime_id": str(showtime_id)})


def release(showtime_id: UUID, seat_ids: Sequence[UUID], *, owner: Owner) -> None:
    """Frees the locks that are this booking's, whoever has it by now; what Redis misses of this ends by itself."""
    if not seat_ids:
        return
    arguments = [str(owner.booking_id), channel_of(showtime_id)]
    try:
        _scripts()[2](keys=_keys(showtime_id, seat_ids), args=arguments)
    except RedisUnavailable:
        log.warning("seat locks left to expire", extra={"showtime_id": str(showtime_id)})
