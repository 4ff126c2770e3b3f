"""What services say to PostgreSQL beside Django's ORM, and what its refusals mean."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
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
# Somebody else has a row (lock timeout), two waited for each other (deadlock), or a statement took too long.
_BUSY_STATES = frozenset({"55P03", "40P01", "40001", "57014"})
# What ends the session is the server's own trouble, whatever its state: a write-ahead log that may not grow is an
# internal error, and the end of the server.
_ENDED = frozenset({"FATAL", "PANIC"})
# Class 54, a limit of PostgreSQL's own such as the length of what an index holds: psycopg calls it operational, and it
# is the same the next time.
_LIMIT = "54"


def is_away(exc: BaseException) -> bool:
    """The database was unreachable, restarting, overloaded or busy: worth repeating."""
    state = _state(exc)
    if isinstance(exc, OperationalError | InterfaceError):
        return not state.startswith(_LIMIT)
    if isinstance(exc, NotSupportedError) and OUTDATED_PLAN in str(exc):
        return True
    return state in _LOST_STATES or _severity(exc) in _ENDED


def is_busy(exc: BaseException) -> bool:
    """The database is there, and what was asked of it is held up: whoever else asks may well be answered."""
    return _state(exc) in _BUSY_STATES


def _state(exc: BaseException) -> str:
    """SQLSTATE; empty of what the server has not said."""
    return getattr(exc.__cause__, "sqlstate", None) or ""


def _severity(exc: BaseException) -> str:
    """ERROR, FATAL or PANIC; empty of what the server has not said."""
    told = getattr(exc.__cause__, "diag", None)
    return getattr(told, "severity_nonlocalized", None) or ""


def as_jsonb(value: Any) -> Any:
    """A parameter of type jsonb, of what msgspec can write as JSON."""
    return Jsonb(value, dumps=msgspec.json.encode)


# A key for each name, in one order.
LOCK_NAMES = """
SELECT pg_advisory_xact_lock(key)
FROM (SELECT DISTINCT hashtextextended(name, 0) AS key FROM unnest(%s::text[]) AS name ORDER BY key) AS keys
"""


def lock_names(names: Iterable[str]) -> None:
    """Whoever else locks one of these names waits until the transaction at hand has ended.

    For rows that are yet to be written, of which there is nothing else to lock: two workers that write the same ones in
    several statements would wait for each other.
    """
    execute(LOCK_NAMES, [list(names)])


def execute(statement: str, values: Sequence[Any] | Mapping[str, Any]) -> int:
    """How many rows it changed."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)


def patiently(
    work: Callable[[], object],
    *,
    seconds: float = RETRY_SECONDS,
    unless: Callable[[BaseException], bool] = lambda _: False,
) -> None:
    """Repeats work that the database refused (restart, deadlock, lock timeout), with jittered back-off.

    Raises the last error after that many seconds, and at once one for which `unless` is true.
    """
    deadline = time.monotonic() + seconds
    pause = 0.05
    while True:
        try:
            work()
        except DatabaseFailure as exc:
            if not is_away(exc) or unless(exc):
                raise
            if not connection.in_atomic_block:
                connection.close()
            if time.monotonic() + pause > deadline:
                raise
            time.sleep(jittered(pause))
            pause = min(pause * 2, 2.0)
        else:
            return
