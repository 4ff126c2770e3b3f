"""What migrations do beside the traffic: indexes that lock nothing, and rows that are changed some at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import RunSQL

from chassis.storage.vacuum import SWEPT_OFTEN


@contextmanager
def unhurried(editor: BaseDatabaseSchemaEditor) -> Iterator[None]:
    """Without the limits of a service's connection. Only for what blocks nobody while it waits."""
    editor.execute("SET statement_timeout = 0")
    editor.execute("SET lock_timeout = 0")
    try:
        yield
    finally:
        editor.execute("RESET lock_timeout")
        editor.execute("RESET statement_timeout")


class AddIndexBeside(AddIndexConcurrently):
    """An index, built beside the traffic and however long that takes; what an earlier try has left is built anew.

    The migration says `atomic = False`.
    """

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        name = schema_editor.quote_name(self.index.name)
        with unhurried(schema_editor):
            schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            super().database_forwards(app_label, schema_editor, from_state, to_state)


class RemoveIndexBeside(RemoveIndexConcurrently):
    """The index goes without a lock that anybody waits for. The migration says `atomic = False`."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        with unhurried(schema_editor):
            super().database_forwards(app_label, schema_editor, from_state, to_state)


def sweep_often(*tables: str) -> RunSQL:
    """Tables whose rows come and go, or change all the time: what is dead goes before queries wade through it."""
    settings = ", ".join(f"{name} = {value}" for name, value in SWEPT_OFTEN.items())
    return RunSQL(
        [f"ALTER TABLE {table} SET ({settings})" for table in tables],
        [f"ALTER TABLE {table} RESET ({', '.join(SWEPT_OFTEN)})" for table in tables],
    )
