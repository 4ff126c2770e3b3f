"""`manage.py load_large`: as many rows as years of business leave, for what costs more the more there is.

Each service loads its own; they agree because an id says of what it is, of when and which: `large_id(moment, kind, n)`
of the statements. All is made by the server out of series of numbers, in minutes: what COPY would have to be sent.
Constraints, indexes and triggers hold while it is loaded.
"""

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from django.core.management.base import BaseCommand, CommandParser
from django.db import connection, transaction

# A UUIDv7 of that time; kind (0 to 4095) and n take the place of chance.
_LARGE_ID = """
CREATE OR REPLACE FUNCTION pg_temp.large_id(moment timestamptz, kind int, n bigint) RETURNS uuid
LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0')
            || '7' || lpad(to_hex(kind), 3, '0') || '8' || lpad(to_hex(n), 15, '0'))::uuid
$$
"""


class LoadLarge(BaseCommand):
    """sizes: what there is so many of, with the usual numbers; each is an option.

    statements(): of each table the INSERT, with %(name)s for the sizes and %(at)s, the moment that is now in this
    world. The sizes have to be the same in every service.
    """

    help = "Loads a large invented world into an empty database, to see what grows with it. Not for production."
    sizes: ClassVar[Mapping[str, int]]

    def add_arguments(self, parser: CommandParser) -> None:
        for name, usual in self.sizes.items():
            parser.add_argument(f"--{name}", type=int, default=usual, metavar="N")
        parser.add_argument(
            "--at", default="", metavar="TIME", help="now in that world; the same for all services, else the last hour"
        )

    def statements(self) -> Sequence[tuple[str, str]]:
        """(table, INSERT): of each table in the order in which they are filled."""
        raise NotImplementedError

    def handle(self, *args: Any, **options: Any) -> None:
        at = datetime.fromisoformat(options["at"]) if options["at"] else datetime.now(UTC)
        values = {name: options[name] for name in self.sizes} | {"at": at.replace(minute=0, second=0, microsecond=0)}
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 0")
            cursor.execute("SET LOCAL synchronous_commit = off")
            cursor.execute(_LARGE_ID)
            for table, statement in self.statements():
                started = time.monotonic()
                # In the text, for a series' bounds have no type as parameters: all of them are numbers and a time.
                cursor.execute(statement % {**values, "at": f"'{values['at'].isoformat()}'"})
                rows = cursor.rowcount
                self.stdout.write(f"{table}: {rows} rows in {time.monotonic() - started:.1f} s")
        # A test's transaction cannot vacuum.
        how = "ANALYZE" if connection.in_atomic_block else "VACUUM (ANALYZE)"
        with connection.cursor() as cursor:
            for table, statement in self.statements():
                if statement.lstrip().startswith("INSERT"):
                    cursor.execute(f"{how} {table}")
