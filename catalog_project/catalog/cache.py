"""Answers kept in Redis, and never an old one past the change that made it old.

Each change of the catalog raises a generation in PostgreSQL, within its own transaction. The generation is part
of every key, and it is read before the data: an answer computed from older rows lands under an older generation,
where nobody looks any more. It may be computed on a replica, once that has come as far as the generation itself
(docs/adr/0072-replicas-answer-when-they-have-come-far-enough.md). Redis carries a copy of the generation that lives a
minute, so a change whose announcement got lost (Redis away for a moment) is seen after that minute, and the answers
themselves live five.

Seats left change with every booking, so they have keys of their own: a version per showtime, raised when a
booking event was recorded. They are counted at the primary, for a replica does not know that version.

An answer that many miss at once is computed by one of them.

Nothing here raises when Redis is away: reads go to PostgreSQL.
"""

import hashlib
import logging
import time
from collections.abc import Callable, Collection, Iterable
from functools import partial
from typing import Any
from uuid import UUID

import redis
from django.db import DEFAULT_DB_ALIAS, connection, transaction
from django.utils.encoding import force_str

from catalog.models import CatalogGeneration
from chassis.jitter import jittered
from chassis.storage import replicas
from chassis.storage.redis import redis_client
from chassis.telemetry import metrics

log = logging.getLogger(__name__)

ANSWER_SECONDS = 300
OCCUPIED_SECONDS = 60
GENERATION_SECONDS = 60
# How long who misses an answer waits for somebody else who computes it, and how often it looks for it.
FILLING_SECONDS = 2.0
LOOK_AGAIN_SECONDS = 0.02
# Longer than any value lives under it: a version that starts anew finds no value of its first life.
VERSION_SECONDS = 3600

GENERATION_KEY = "catalog:generation"
# Announcements of two commits may arrive in either order.
_RAISE_GENERATION = """
local kept = redis.call('GET', KEYS[1])
if kept and tonumber(kept) >= tonumber(ARGV[1]) then return kept end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return ARGV[1]
"""

LOOKUPS = metrics.counter("catalog_cache_lookups_total", "Lookups in the cache", ["cache", "outcome"])


def read_through(kind: str, question: str, load: Callable[[], str]) -> str:
    """The answer to a question of this kind, kept up to five minutes; load() computes it, of what models tell.

    kind names the metric's label; question must say everything that the answer depends on.
    """
    client = redis_client()
    try:
        generation = _generation()
        key = f"catalog:{kind}:{generation}:{hashlib.sha256(question.encode()).hexdigest()}"
        kept = client.get(key)
    except redis.RedisError:
        LOOKUPS.labels(kind, "unavailable").inc()
        return replicas.read(load, is_current=lambda replica: _recorded(replica) >= _recorded(DEFAULT_DB_ALIAS))
    if kept is not None:
        LOOKUPS.labels(kind, "hit").inc()
        return force_str(kept)
    LOOKUPS.labels(kind, "miss").inc()

    def fill() -> str:
        answer = replicas.read(load, is_current=lambda replica: _recorded(replica) >= generation)
        _quietly(partial(client.set, key, answer, ex=ANSWER_SECONDS))
        return answer

    return _one_at_a_time(client, key, fill)


def _one_at_a_time(client: Any, key: str, fill: Callable[[], str]) -> str:
    """fill() is asked by one of all who miss the same answer, in whichever process; the others wait for what it keeps.

    For FILLING_SECONDS at most: one that is slow, or has died meanwhile, is waited for no longer.
    """
    turn = f"{key}:filling"
    until = time.monotonic() + FILLING_SECONDS
    try:
        while not (mine := client.set(turn, "1", nx=True, px=int(FILLING_SECONDS * 1000))):
            time.sleep(jittered(LOOK_AGAIN_SECONDS))
            kept = client.get(key)
            if kept is not None:
                return force_str(kept)
            if time.monotonic() > until:
                break
        kept = client.get(key) if mine else None  # of one whose turn ended since we looked
    except redis.RedisError:
        return fill()
    try:
        return fill() if kept is None else force_str(kept)
    finally:
        if mine:
            _quietly(partial(client.delete, turn))


def catalog_changed() -> None:
    """Makes every kept answer unreachable once the current transaction commits.

    Call it last in the transaction: it takes the one lock that all changes of the catalog share.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO catalog_generation AS kept (id, value) VALUES (1, 1)"
            " ON CONFLICT (id) DO UPDATE SET value = kept.value + 1 RETURNING value"
        )
        (generation,) = cursor.fetchone()
    transaction.on_commit(lambda: _quietly(partial(_raise_generation, generation)))


def _generation() -> int:
    kept = redis_client().get(GENERATION_KEY)
    if kept is not None:
        return int(kept)
    return _raise_generation(_recorded(DEFAULT_DB_ALIAS))


def _recorded(alias: str) -> int:
    """The generation that this database has."""
    return CatalogGeneration.objects.using(alias).values_list("value", flat=True).first() or 0


def _raise_generation(value: int) -> int:
    return int(redis_client().eval(_RAISE_GENERATION, 1, GENERATION_KEY, value, GENERATION_SECONDS))


def occupied_seats(
    showtime_ids: Collection[UUID], load: Callable[[Collection[UUID]], dict[UUID, int]]
) -> dict[UUID, int]:
    """How many seats of each showtime are taken, at most a minute old; load() counts the ones not kept."""
    if not showtime_ids:
        return {}
    ids = list(showtime_ids)
    client = redis_client()
    try:
        versions = [int(version or 0) for version in client.mget([_version_key(id_) for id_ in ids])]
        keys = {id_: f"catalog:occupied:{id_}:{v}" for id_, v in zip(ids, versions, strict=True)}
        kept = dict(zip(ids, client.mget(list(keys.values())), strict=True))
    except redis.RedisError:
        LOOKUPS.labels("occupied", "unavailable").inc(len(ids))
        return load(ids)
    found = {id_: int(count) for id_, count in kept.items() if count is not None}
    LOOKUPS.labels("occupied", "hit").inc(len(found))
    missing = [id_ for id_ in ids if id_ not in found]
    if missing:
        LOOKUPS.labels("occupied", "miss").inc(len(missing))
        counted = load(missing)
        pipeline = client.pipeline(transaction=False)
        for id_ in missing:
            pipeline.set(keys[id_], counted[id_], ex=OCCUPIED_SECONDS)
        _quietly(pipeline.execute)
        found |= counted
    return found


def occupancy_changed(showtime_ids: Iterable[UUID]) -> None:
    """Makes the kept counts of these showtimes unreachable; call it after the commit."""
    pipeline = redis_client().pipeline(transaction=False)
    for id_ in showtime_ids:
        pipeline.incr(_version_key(id_))
        pipeline.expire(_version_key(id_), VERSION_SECONDS)
    _quietly(pipeline.execute)


def _version_key(showtime_id: UUID) -> str:
    return f"catalog:occupied:{showtime_id}:version"


def _quietly(call: Callable[[], object]) -> None:
    try:
        call()
    except redis.RedisError as exc:
        log.warning("cache not written", extra={"error": type(exc).__name__})
