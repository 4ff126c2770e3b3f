"""Who watches the seats of a showtime (live_seats) hears through Redis that some may have changed, and looks.

What goes with a lock is told by the very script that takes or frees it (locks.py); the rest after its commit. Nothing
hangs on it: who watches looks by itself too, only later.
"""

import logging
from collections.abc import Iterable
from uuid import UUID

from django.db import transaction

from chassis.storage.redis import RedisUnavailable, redis_client

log = logging.getLogger(__name__)

_PREFIX = "seats:showtime:"
# Of all showtimes, as Redis matches names.
EVERY_CHANNEL = f"{_PREFIX}*"


def channel_of(showtime_id: UUID) -> str:
    return f"{_PREFIX}{showtime_id}"


def showtime_of(channel: str) -> UUID | None:
    """Whose channel it is; None for the channel of nothing that could be a showtime."""
    try:
        return UUID(channel.removeprefix(_PREFIX))
    except ValueError:
        return None


def tell_when_committed(showtime_ids: Iterable[UUID]) -> None:
    """Of seats that change without a lock, in one round trip."""
    changed = set(showtime_ids)
    if changed:
        transaction.on_commit(lambda: _tell(changed))


def _tell(showtime_ids: Iterable[UUID]) -> None:
    pipeline = redis_client().pipeline(transaction=False)
    for showtime_id in showtime_ids:
        pipeline.publish(channel_of(showtime_id), "")
    try:
        pipeline.execute()
    except RedisUnavailable:
        log.warning("watchers of seats not told")
