"""What services say to PostgreSQL beside Django's ORM, and what its refusals mean."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from django.db import Error as DatabaseFailure
from django.db import InterfaceError, NotSupportedError, OperationalError, connection
from psycopg.types.json import Jsonb

from chassis.jitter import jittered
from chassis.storage.postgresql import OUTDATED_PLAN

# A database that restarts is back within this: waiting beats spending the message's deliveries.
RETRY_SECONDS = 20.0

# Not OperationalError to psycopg, and yet the same request succeeds on a new connection to a healthy primary:
# idle_in_transaction_session_timeout after a stall, and a write that a failover sent to a replica.
_LOST_STATES = frozenset({"25P03", "25006"})


def is_away(exc: BaseException) -> bool:
    """The database was unreachable, restarting, overloaded or broke a tie (deadlock, lock timeout): worth repeating."""
    if isinstance(exc, OperationalError | InterfaceError):
        return True
    if isinstance(exc, NotSupportedError) and OUTDATED_PLAN in str(exc):
        return True
    return getattr(exc.__cause__, "sqlstate", None) in _LOST_STATES


def as_jsonb(value: Any) -> Any:
    """A parameter of type jsonb, of what msgspec can write as JSON."""
    return Jsonb(value, dumps=msgspec.json.encode)


def execute(statement: str, values: Sequence[Any]) -> int:
    """How many rows it changed."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)


def patiently(work: Callable[[], object], *, seconds: float = RETRY_SECONDS) -> None:
    """Repeats work that the database refused (restart, deadlock, lock timeout), with jittered back-off.

    Raises the last error after that many seconds.
    """
    deadline = time.monotonic() + seconds
    pause = 0.05
    while True:
        try:
            work()
        except DatabaseFailure as exc:
            if not is_away(exc):
                raise
            if not connection.in_atomic_block:
                connection.close()
            if time.monotonic() + pause > deadline:
                raise
            time.sleep(jittered(pause))
            pause = min(pause * 2, 2.0)
        else:
            return
