"""Telling a database that is away from work that it refuses."""

from django.db import InterfaceError, OperationalError

# Not OperationalError to psycopg, and yet the same request succeeds on a new connection to a healthy primary:
# idle_in_transaction_session_timeout after a stall, and a write that a failover sent to a replica.
_LOST_STATES = frozenset({"25P03", "25006"})


def is_away(exc: BaseException) -> bool:
    """The database was unreachable, restarting, overloaded or broke a tie (deadlock, lock timeout): worth repeating."""
    if isinstance(exc, OperationalError | InterfaceError):
        return True
    return getattr(exc.__cause__, "sqlstate", None) in _LOST_STATES
