"""Django's backend for PostgreSQL, whose pool gives a connection at once however many it holds have died."""

from typing import Any

import psycopg
from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """Looks itself at what the pool gives, in place of the pool's own check (CONN_HEALTH_CHECKS).

    The pool waits for a second after each that it finds dead: after a restart of the server the first who come would
    wait until its timeout, one for every two connections that were idle meanwhile, and be refused.
    """

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Raises psycopg.OperationalError when the pool has none for longer than its timeout, in seconds."""
        connection = super().get_new_connection(conn_params)
        # As many as there may be of before, and one that was made since.
        for _ in range(self.pool.max_size if self.pool else 0):
            try:
                connection.execute("")
                break
            except psycopg.Error:
                self.pool.putconn(connection)
                connection = super().get_new_connection(conn_params)
        return connection
