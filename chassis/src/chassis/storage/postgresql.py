"""What connections to PostgreSQL have in common, Django's and the relay's: none waits for ever."""

import select
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.types import numeric

RV = TypeVar("RV")

# A host that vanishes without a word is noticed within this (seconds; the last in milliseconds), not after TCP's own
# quarter of an hour.
KEEPALIVES = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 20_000}

# Of a web process, a worker or a relay, in milliseconds: somebody waits for what it does.
LIMITS = "-c statement_timeout=4000 -c lock_timeout=3000 -c idle_in_transaction_session_timeout=30000"
# Of a command of manage.py.
LIMITS_OF_COMMANDS = "-c statement_timeout=15000 -c lock_timeout=5000 -c idle_in_transaction_session_timeout=30000"
# A healthy server ends a statement itself before that.
ANSWER_SECONDS = 5.0

# PostgreSQL's words (SQLSTATE 0A000) for a statement that was prepared before a migration changed a column's type.
OUTDATED_PLAN = "cached plan must not change result type"

# As text, numbers that a column cannot hold are refused by the server; the binary form of a number is cut to the
# column's size first, and 2^40 would be stored as 0.
for number, as_text in (
    (numeric.Int2, numeric.Int2Dumper),
    (numeric.Int4, numeric.Int4Dumper),
    (numeric.Int8, numeric.Int8Dumper),
):
    psycopg.adapters.register_dumper(number, as_text)


class BoundedConnection(psycopg.Connection[Any]):
    """Raises OperationalError, and is closed, when the server has not answered for `answer_seconds`.

    A server that is frozen keeps its connections open, and would otherwise hold every thread that asks it something.
    It is closed as well when a migration has changed a column under the plans it keeps: a new one makes them anew.
    """

    answer_seconds = ANSWER_SECONDS

    def execute(self, query: Any, params: Any = None, **options: Any) -> psycopg.Cursor[Any]:
        """The empty statement is the pool's question whether the server is still there.

        One that has hung up has said so: only when there is something to read the server itself is asked.
        """
        if query == "" and not self._has_something_to_say():
            return self.cursor()
        return super().execute(query, params, **options)

    def _has_something_to_say(self) -> bool:
        poll = select.poll()
        poll.register(self.pgconn.socket, select.POLLIN)
        return bool(poll.poll(0))

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        try:
            return super().wait(gen, interval, self.answer_seconds if timeout is None else timeout)
        # The name that psycopg (3.3) gives it where it documents wait(); a test of a server that hangs breaks with it.
        except psycopg.errors._WaitTimeout:
            if timeout is None:
                self.pgconn.finish()
            raise
        except psycopg.errors.FeatureNotSupported as exc:
            if OUTDATED_PLAN in str(exc):
                self.pgconn.finish()
            raise
