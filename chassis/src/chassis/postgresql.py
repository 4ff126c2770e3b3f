"""What connections to PostgreSQL have in common, Django's and the relay's: none waits for ever."""

from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen

RV = TypeVar("RV")

# A host that vanishes without a word is noticed within this (seconds; the last in milliseconds), not after TCP's own
# quarter of an hour.
KEEPALIVES = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 20_000}

# A healthy server ends a statement itself after 15 s (statement_timeout).
ANSWER_SECONDS = 20.0


class BoundedConnection(psycopg.Connection[Any]):
    """Raises OperationalError, and is closed, when the server has not answered for ANSWER_SECONDS.

    A server that is frozen keeps its connections open, and would otherwise hold every thread that asks it something.
    """

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        try:
            return super().wait(gen, interval, ANSWER_SECONDS if timeout is None else timeout)
        except psycopg.errors._WaitTimeout:
            if timeout is None:
                self.pgconn.finish()
            raise
