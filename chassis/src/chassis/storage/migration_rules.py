"""What a migration may do while the version before it goes on serving: nothing that locks a table that may be large,
and nothing that the code of before cannot live with.

`manage.py check_migrations` holds every migration against these rules. One that breaks a rule, and may, says why: in
`beside_traffic`, an attribute of its class.
"""

import re
from collections.abc import Iterator
from typing import Any

from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently, RemoveIndexConcurrently
from django.db import connection, models
from django.db.migrations import Migration, operations
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from chassis.storage.partitioning import PartitionByTime

# Statements for which PostgreSQL holds a lock that readers or writers wait for, longer the larger the table is.
LOCKING = re.compile(
    r"\s*(WITH\b|UPDATE\b|DELETE\b|INSERT\b|ALTER\s+TABLE\b|LOCK\b|TRUNCATE\b|CLUSTER\b"
    r"|(CREATE\s+(UNIQUE\s+)?INDEX|DROP\s+INDEX)\s+(?!CONCURRENTLY\b))",
    re.IGNORECASE,
)
# What only writes down a rule or a setting, or drops one, holds it for a moment.
QUICK = re.compile(r"\bUSING\s+INDEX\b|\bNOT\s+VALID\b|\b(DROP|VALIDATE)\s+CONSTRAINT\b|\bSET\s*\(", re.IGNORECASE)
# What stands in the body of a function is done later.
BODY = re.compile(r"\$(\w*)\$.*?\$\1\$", re.DOTALL)


def faults(migration: Migration, state: ProjectState) -> Iterator[str]:
    """A sentence for each rule that it breaks. state: the models before it; those after it when this has ended.

    The first of an app finds no table that could be large.
    """
    new: set[str] = set()
    for operation in migration.operations:
        before = state.clone()
        operation.state_forwards(migration.app_label, state)
        if isinstance(operation, PartitionByTime) and migration.atomic:
            yield f"{operation.describe()}: its locks would be held while rows are looked through; say atomic = False"
        if not migration.initial:
            yield from _of_operation(operation, migration.app_label, (before, state), new)


def _of_operation(  # noqa: C901  (a table: a line for each kind of operation)
    operation: Operation, app: str, states: tuple[ProjectState, ProjectState], new: set[str]
) -> Iterator[str]:
    match operation:
        case operations.CreateModel():
            new.add(operation.name_lower)
        case operations.SeparateDatabaseAndState():
            for inner in operation.database_operations:
                yield from _of_operation(inner, app, states, new)
        case operations.RunPython():
            yield "RunPython changes rows in the migration: do it afterwards, some at a time"
        case operations.RunSQL():
            for statement in _statements(operation.sql):
                if LOCKING.match(statement) and not QUICK.search(statement):
                    yield f"RunSQL locks or changes rows: {' '.join(statement.split())[:80]}"
        case operations.RenameModel() | operations.RenameField() | operations.AlterModelTable():
            yield f"{operation.describe()}: the code that runs meanwhile knows the old name"
        case _ if getattr(operation, "model_name", "").lower() in new:
            return
        case AddIndexConcurrently() | RemoveIndexConcurrently() | AddConstraintNotValid() | PartitionByTime():
            return
        case operations.AddIndex() | operations.RemoveIndex():
            yield f"{operation.describe()}: use AddIndexBeside or RemoveIndexBeside"
        case operations.AddConstraint():
            yield f"{operation.describe()}: all rows are looked at under a lock"
        case operations.AlterUniqueTogether() | operations.AlterIndexTogether():
            yield f"{operation.describe()}: an index is built under a lock"
        case operations.AddField():
            yield from _of_new_column(operation.model_name, operation.name, operation.field)
        case operations.AlterField():
            before, after = (
                state.apps.get_model(app, operation.model_name)._meta.get_field(operation.name) for state in states
            )
            yield from _of_column(f"Alter {operation.model_name}.{operation.name}", before, after)


def _statements(sql: Any) -> Iterator[str]:
    for part in [sql] if isinstance(sql, str) else sql:
        yield from BODY.sub("", part if isinstance(part, str) else part[0]).split(";")


def _of_new_column(model: str, name: str, field: Any) -> Iterator[str]:
    about = f"Add {model}.{name}"
    if field.many_to_many:
        return
    if not field.null and not field.has_db_default():
        yield f"{about}: the code that runs meanwhile writes rows without it; give it null or a db_default"
    if field.unique or field.db_index:
        yield f"{about}: its index is built under a lock; add it with AddIndexBeside"
    if field.remote_field and getattr(field, "db_constraint", False):
        yield f"{about}: its foreign key locks both tables"


def _of_column(about: str, before: Any, after: Any) -> Iterator[str]:
    if before.null and not after.null:
        yield f"{about}: all rows are looked for nulls under a lock"
    if not _holds(before, after):
        yield f"{about}: the table is written anew as {after.db_type(connection)}"
    if (after.unique and not before.unique) or (after.db_index and not before.db_index):
        yield f"{about}: its index is built under a lock; add it with AddIndexBeside"


def _holds(before: Any, after: Any) -> bool:
    """Whether what is in the column can stay as it is."""
    was, is_now = before.db_type(connection), after.db_type(connection)
    if was == is_now:
        return True
    texts = (models.CharField, models.TextField)
    if not (isinstance(before, texts) and isinstance(after, texts)):
        return False
    return after.max_length is None or (before.max_length or 0) <= after.max_length
