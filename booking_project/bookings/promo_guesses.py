"""How often somebody may be wrong about a code: counted in Redis for the account and for the address.

Only codes that are none count, each once however often it is sent, so that whoever has one is never turned away by it.
What is asked side by side may be wrong once more than that for each request under way. Without Redis nobody is turned
away: a voucher has 140 bits.
"""

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from uuid import UUID

from django.conf import settings

from bookings.errors import PromoCodeInvalid, TooManyGuesses
from chassis.addresses import household_of
from chassis.storage.redis import RedisUnavailable, redis_client

log = logging.getLogger(__name__)

# A key by itself: the two need not lie in one slot of a cluster.
_NOTE = """
redis.call('SADD', KEYS[1], ARGV[1])
if redis.call('TTL', KEYS[1]) < 0 then redis.call('EXPIRE', KEYS[1], ARGV[2]) end
"""


@contextmanager
def guessing(code: str | None, *, user_id: UUID | None, address: str | None) -> Iterator[None]:
    """Around whatever looks a code up that somebody sent; without one nothing is done. user_id, address: if known.

    Raises TooManyGuesses instead of what is inside, and lets PromoCodeInvalid through, which it counts.
    """
    if code is None:
        yield
        return
    most: dict[str, int] = {}
    if user_id is not None:
        most[f"promo:guesses:user:{user_id}"] = settings.PROMO_GUESSES_PER_USER
    if address is not None:
        most[f"promo:guesses:address:{household_of(address)}"] = settings.PROMO_GUESSES_PER_ADDRESS
    _admit(most)
    try:
        yield
    except PromoCodeInvalid:
        _count(list(most), code)
        raise


def _admit(most: dict[str, int]) -> None:
    """Raises TooManyGuesses."""
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
        raise TooManyGuesses(retry_after=max(1, *waits))


def _count(keys: list[str], code: str) -> None:
    """For so long after the first; what is typed is anything, and not kept as it is."""
    wrong = hashlib.sha256(code.encode()).hexdigest()[:16]
    try:
        for key in keys:
            _note()(keys=[key], args=[wrong, settings.PROMO_GUESSES_SECONDS])
    except RedisUnavailable:
        log.warning("wrong promo code not counted: redis is away")


@cache
def _note() -> Any:
    return redis_client().register_script(_NOTE)
