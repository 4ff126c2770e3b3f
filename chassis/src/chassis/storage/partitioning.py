"""How a table that is there becomes a partitioned one, while rows go on coming: it is the first of its partitions."""

from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from django.db import NotSupportedError, connection, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.utils import CursorWrapper
from django.db.migrations.operations.base import Operation
from django.utils import timezone

from chassis.ids import first_uuid7_at
from chassis.storage.database import patiently
from chassis.storage.migrations import unhurried
from chassis.storage.partitions import LOCK_MILLISECONDS, ByTime, make_ahead, move, partitions_of, referenced

# For so long the change of tables tries to get its locks.
PATIENCE_SECONDS = 60.0
# Longer names of PostgreSQL's are cut.
LONGEST_NAME = 63

_CONSTRAINTS = """
SELECT conname, contype, pg_get_constraintdef(oid) FROM pg_constraint
WHERE conrelid = to_regclass(%s) AND contype IN ('p', 'u', 'c', 'f') ORDER BY contype DESC, conname
"""
_INDEXES = """
SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
WHERE indrelid = to_regclass(%s) AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid) ORDER BY 1
"""
_TRIGGERS = """
SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = to_regclass(%s) AND NOT tgisinternal ORDER BY 1
"""
_IDENTITIES = """
SELECT attname, pg_get_serial_sequence(%s, attname) FROM pg_attribute
WHERE attrelid = to_regclass(%s) AND attidentity <> ''
"""


class PartitionByTime(Operation):
    """Makes a table a partitioned one, with the same names of everything; its rows stay where they are.

    The table becomes the first partition, `<table>_first`, of all that is and of the time until two partitions from
    now. Its rows are looked through beside the traffic; what locks the table after that reads none of them. Whoever has
    statements prepared goes on. A row of after that time, made by a clock that is wrong, moves to the default partition
    in the end, and then its rows are looked through under the lock.
    primary_key: where the key is not in it, the columns of the one that it gets. The migration says `atomic = False`.
    """

    reversible = False
    atomic = False

    def __init__(self, by: ByTime, *, primary_key: tuple[str, ...] = ()) -> None:
        self.by, self.primary_key = by, primary_key

    def describe(self) -> str:
        return f"Partition {self.by.table} by the time of {self.by.key}"

    def state_forwards(self, app_label: str, state: Any) -> None:
        """To the models nothing changes."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        if connection.in_atomic_block:
            raise NotSupportedError(f"{self.describe()}: the migration has to say atomic = False")
        by, table = self.by, self.by.table
        if not partitions_of(table):
            bound = first_uuid7_at(by.start(timezone.now()) + 2 * by.width)
            self._build_primary_key(schema_editor)
            with connection.cursor() as cursor:
                cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {table}_first_bound")
                cursor.execute(f"SELECT EXISTS (SELECT FROM {table} WHERE {by.key} >= %s)", [bound])  # noqa: S608  (names of ours)
                (beyond,) = cursor.fetchone()
            if not beyond:
                schema_editor.execute(
                    f"ALTER TABLE {table} ADD CONSTRAINT {table}_first_bound CHECK ({by.key} < '{bound}') NOT VALID"
                )
                with unhurried(schema_editor):
                    schema_editor.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {table}_first_bound")
            patiently(partial(self._change, bound, beyond=beyond), seconds=PATIENCE_SECONDS)
        make_ahead(by)
        with unhurried(schema_editor):
            schema_editor.execute(f"ANALYZE {table}")

    def _build_primary_key(self, editor: BaseDatabaseSchemaEditor) -> None:
        """Its index, beside the traffic."""
        if not self.primary_key:
            return
        name = f"{self.by.table}_first_key"
        with unhurried(editor):
            editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            editor.execute(
                f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON {self.by.table} ({', '.join(self.primary_key)})"
            )

    def _change(self, bound: UUID, *, beyond: bool) -> None:
        """The new table takes the place of the old one, which is written into catalogs alone.

        beyond: there are rows from the bound on.
        """
        by, table, first = self.by, self.by.table, f"{self.by.table}_first"
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = {LOCK_MILLISECONDS}")
            for name in referenced(cursor, table):
                cursor.execute(f"LOCK TABLE {name} IN SHARE ROW EXCLUSIVE MODE")
            cursor.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
            said = _Said.of(cursor, table)
            cursor.execute(
                f"CREATE TABLE {table}_whole (LIKE {table} INCLUDING DEFAULTS INCLUDING IDENTITY)"
                f" PARTITION BY RANGE ({by.key})"
            )
            _set_aside(cursor, table, first, said)
            if self.primary_key:
                old = next(name for name, kind, _ in said.constraints if kind == "p")
                cursor.execute(f"ALTER TABLE {first} DROP CONSTRAINT {_aside(old)}")
                cursor.execute(f"ALTER TABLE {first} ADD CONSTRAINT {_aside(old)} PRIMARY KEY USING INDEX {first}_key")
            cursor.execute(f"ALTER TABLE {table}_whole RENAME TO {table}")
            self._equip(cursor, said)
            cursor.execute(f"CREATE TABLE {by.default} PARTITION OF {table} DEFAULT {by.with_storage()}")
            if beyond:
                move(cursor, source=first, target=by.default, where=f"{by.key} >= %s", values=(bound,))
            cursor.execute(f"ALTER TABLE {table} ATTACH PARTITION {first} FOR VALUES FROM (MINVALUE) TO ('{bound}')")
            cursor.execute(f"ALTER TABLE {first} DROP CONSTRAINT IF EXISTS {first}_bound")

    def _equip(self, cursor: CursorWrapper, said: "_Said") -> None:
        """The new table gets what the old one had, by the same names: ATTACH finds the same in the first partition."""
        for name, kind, definition in said.constraints:
            replaced = f"PRIMARY KEY ({', '.join(self.primary_key)})" if kind == "p" and self.primary_key else ""
            cursor.execute(f'ALTER TABLE {self.by.table} ADD CONSTRAINT "{name}" {replaced or definition}')
        for statement in [*said.indexes.values(), *said.triggers.values()]:
            cursor.execute(statement)


@dataclass(frozen=True, slots=True)
class _Said:
    """What the catalogs say of a table, as the statements that make it so: by name, each of them."""

    constraints: list[tuple[str, str, str]]
    indexes: dict[str, str]
    triggers: dict[str, str]
    sequences: dict[str, str]

    @classmethod
    def of(cls, cursor: CursorWrapper, table: str) -> "_Said":
        cursor.execute(_CONSTRAINTS, [table])
        constraints = [row for row in cursor.fetchall() if row[0] != f"{table}_first_bound"]
        cursor.execute(_INDEXES, [table])
        indexes = {name: text for name, text in cursor.fetchall() if name != f"{table}_first_key"}
        cursor.execute(_TRIGGERS, [table])
        triggers = dict(cursor.fetchall())
        cursor.execute(_IDENTITIES, [table, table])
        return cls(constraints, indexes, triggers, dict(cursor.fetchall()))


def _set_aside(cursor: CursorWrapper, table: str, first: str, said: _Said) -> None:
    """The old table, its constraints and indexes get other names, and the new one counts on where it has ended."""
    for column, sequence in said.sequences.items():
        cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", [f"{table}_whole", column])
        (new,) = cursor.fetchone()
        cursor.execute("SELECT setval(%s, nextval(%s), false)", [new, sequence])
        cursor.execute(f"ALTER TABLE {table} ALTER COLUMN {column} DROP IDENTITY")
        cursor.execute(f"ALTER SEQUENCE {new} RENAME TO {sequence.rpartition('.')[2]}")
    for name in said.triggers:
        cursor.execute(f'DROP TRIGGER "{name}" ON {table}')
    cursor.execute(f"ALTER TABLE {table} RENAME TO {first}")
    for name, kind, _ in said.constraints:
        if kind in "pu":  # their indexes have those names; a check of a partition is known by its name
            cursor.execute(f'ALTER TABLE {first} RENAME CONSTRAINT "{name}" TO "{_aside(name)}"')
    for name in said.indexes:
        cursor.execute(f'ALTER INDEX {name} RENAME TO "{_aside(name)}"')


def _aside(name: str) -> str:
    return f"{name[: LONGEST_NAME - len('_first')]}_first"
