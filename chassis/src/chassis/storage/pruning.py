"""Deleting what is too old to be kept: short batches, one after the other, until nothing is left or the time is over.

A batch locks its rows and holds up vacuum only for a moment; as many of them as it takes keep up with what is written.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from django.db import connection

BATCH = 5000
# Of each table and tick. A thousand rows a second, a minute long, are deleted in less.
SECONDS = 20.0


def in_batches(delete: Callable[[int], int], *, batch: int = BATCH, seconds: float = SECONDS) -> int:
    """Calls delete(batch) until it has deleted less than that, or for so many seconds; how many rows went."""
    until = time.monotonic() + seconds
    deleted = 0
    while True:
        went = delete(batch)
        deleted += went
        if went < batch or time.monotonic() > until:
            return deleted


def in_order(table: str, *, key: str, older: Any, where: str = "", values: Sequence[Any] = ()) -> int:
    """Deletes the rows whose key, a UUIDv7 with an index that begins with `where`'s columns or the key, is less than
    `older`; how many went.

    Each batch begins where the one before has ended: what it deleted stays in the index until vacuum comes by, and
    vacuum waits for every dump. By their places (ctid), which leaves the planner no other way to the rows.
    """
    reached = UUID(int=0)

    def delete(batch: int) -> int:
        nonlocal reached
        with connection.cursor() as cursor:
            cursor.execute(
                f"WITH old AS MATERIALIZED ("  # noqa: S608  (names and conditions of ours)
                f"  SELECT ctid AS place, {key} AS key FROM {table} WHERE {where + ' AND ' if where else ''}"
                f"  {key} >= %s AND {key} < %s ORDER BY {key} LIMIT %s FOR UPDATE SKIP LOCKED"
                f"), gone AS (DELETE FROM {table} WHERE ctid = ANY(ARRAY(SELECT place FROM old)))"
                " SELECT count(*), (SELECT key FROM old ORDER BY key DESC LIMIT 1) FROM old",
                [*values, reached, older, batch],
            )
            went, last = cursor.fetchone()
        reached = last or reached
        return int(went)

    return in_batches(delete)
