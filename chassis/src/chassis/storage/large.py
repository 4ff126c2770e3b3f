"""`manage.py load_large`: as many rows as years of business leave, for what costs more the more there is.

Each service loads its own tables; they agree because what they have in common is in contracts/large.toml, which is read
off a checkout. All is made by the server out of series of numbers, in minutes: what COPY would have to be sent.
Constraints, indexes and triggers hold while it is loaded.
"""

import time
import tomllib
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction

DAY = 86_400


@cache
def _world() -> dict[str, Any]:
    file = Path(settings.BASE_DIR).parent / "contracts" / "large.toml"
    try:
        return tomllib.loads(file.read_text())
    except FileNotFoundError:
        raise CommandError(f"{file} is missing: large worlds are loaded from a checkout alone") from None


# What the service has told and heard, as long as that is kept: all of it published, all of it handled.
_OUTBOX = """
INSERT INTO outbox (id, exchange, type, body, created_at, published_at)
SELECT id, %(exchange)s, type, jsonb_build_object('specversion', '1.0', 'id', id, 'type', type, 'source', '/' || teller,
           'subject', subject, 'time', told_at, 'traceparent', '', 'correlationid', subject, 'data', data),
       told_at, told_at + interval '20 milliseconds'
FROM large_events WHERE teller = %(service)s AND told_at > %(at)s::timestamptz - %(told_days)s * interval '1 day'
ORDER BY id
"""
_INBOX = """
INSERT INTO inbox (consumer, event_id, type, handled_at)
SELECT %(service)s, id, type, told_at + interval '50 milliseconds' FROM large_events
WHERE %(service)s = ANY(heard_by) AND told_at > %(at)s::timestamptz - %(heard_days)s * interval '1 day'
ORDER BY id
"""

# What GIN indexes have put aside, as vacuum would.
_PUT_IN_ORDER = """
SELECT gin_clean_pending_list(pg_class.oid) FROM pg_class JOIN pg_am ON pg_am.oid = relam
WHERE amname = 'gin' AND relkind = 'i' AND pg_get_userbyid(relowner) = current_user
"""


class LoadLarge(BaseCommand):
    """statements(): of each table the INSERT, with %(name)s for the sizes and %(at)s, the moment that is now in this
    world. What the world gives it is in contracts/large.toml.
    """

    help = "Loads a large invented world into an empty database, to see what grows with it. Not for production."

    def add_arguments(self, parser: CommandParser) -> None:
        for name, usual in _world()["sizes"].items():
            parser.add_argument(f"--{name}", type=int, default=usual, metavar="N")
        parser.add_argument(
            "--at", default="", metavar="TIME", help="now in that world; the same for all services, else the last hour"
        )

    def statements(self) -> Sequence[tuple[str, str]]:
        """(table, INSERT): of each table in the order in which they are filled."""
        raise NotImplementedError

    def handle(self, *args: Any, **options: Any) -> None:
        at = datetime.fromisoformat(options["at"]) if options["at"] else datetime.now(UTC)
        values: dict[str, Any] = {name: options[name] for name in _world()["sizes"]}
        values |= {
            "at": f"'{at.replace(minute=0, second=0, microsecond=0).isoformat()}'",
            "service": f"'{settings.SERVICE_NAME}'",
            "exchange": f"'{settings.EVENTS_EXCHANGE}'",
            "told_days": settings.OUTBOX_KEEP_SECONDS // DAY,
            "heard_days": settings.INBOX_KEEP_SECONDS // DAY,
        }
        statements = [*self.statements(), ("outbox", _OUTBOX), ("inbox", _INBOX)]
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 0")
            cursor.execute("SET LOCAL synchronous_commit = off")
            cursor.execute("SET LOCAL work_mem = '256MB'")
            for part in _world()["world"].values():
                cursor.execute(part % values)
            for table, statement in statements:
                started = time.monotonic()
                # In the text, for a series' bounds have no type as parameters: numbers, a time and names of ours.
                cursor.execute(statement % values)
                self.stdout.write(f"{table}: {cursor.rowcount} rows in {time.monotonic() - started:.1f} s")
        in_a_test = connection.in_atomic_block
        how = "ANALYZE" if in_a_test else "VACUUM (ANALYZE)"
        with connection.cursor() as cursor:
            if in_a_test:  # whose transaction cannot vacuum
                cursor.execute(_PUT_IN_ORDER)
            for table in {table: None for table, statement in statements if statement.lstrip().startswith("INSERT")}:
                cursor.execute(f"{how} {table}")
