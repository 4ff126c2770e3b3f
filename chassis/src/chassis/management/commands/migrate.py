"""`manage.py migrate`: Django's, with the limits that a migration wants instead of those of a request."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.commands import migrate
from django.db import OperationalError, connections

from chassis.jitter import jittered

# A change of a million rows takes as long as it takes. Who waits for a lock on a table holds up all that come after it,
# so a migration gives up soon, and tries again.
LIMITS = "-c statement_timeout=0 -c lock_timeout=3000 -c idle_in_transaction_session_timeout=30000"
TRIES = 10
PAUSE_SECONDS = 2.0
LOCK_NOT_AVAILABLE = "55P03"


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        with limits_of_migrations(options["database"]):
            for left in reversed(range(TRIES)):
                try:
                    super().handle(*args, **options)
                except OperationalError as exc:
                    if left == 0 or getattr(exc.__cause__, "sqlstate", None) != LOCK_NOT_AVAILABLE:
                        raise
                    self.stderr.write("a table is busy: trying again")
                    time.sleep(jittered(PAUSE_SECONDS))
                else:
                    return


@contextmanager
def limits_of_migrations(alias: str) -> Iterator[None]:
    """On a connection of its own: one of a pool gives up a statement that takes long (chassis.storage.postgresql)."""
    connection = connections[alias]
    if connection.in_atomic_block:  # of a test, which is over before anybody waits
        yield
        return
    usual = connection.settings_dict["OPTIONS"]
    connection.close()
    connection.settings_dict["OPTIONS"] = {
        **{name: value for name, value in usual.items() if name != "pool"},
        "options": LIMITS,
    }
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["OPTIONS"] = usual
