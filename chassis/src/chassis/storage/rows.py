"""Many rows in one statement, whose text is the same for one row and for a thousand, so that it stays prepared."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.db.models import Model

from chassis.storage.database import as_jsonb, execute


def selection(model: type[Model], rest: str) -> str:
    """SELECT of all columns, for Model.objects.raw(). By their names: a new one breaks no plan that is kept."""
    columns = ", ".join(f'"{column}"' for column in _columns(model).values())
    return f'SELECT {columns} FROM "{model._meta.db_table}" WHERE {rest}'  # noqa: S608  (names from the models)


def insert(rows: Sequence[Model], *, ignore_conflicts: bool = False) -> int:
    """Inserts rows of one model, without keys that the database makes; how many were new.

    ignore_conflicts: rows that are there stay as they are.
    """
    if not rows:
        return 0
    model = type(rows[0])
    return _execute(_insertion(model, ignore_conflicts), rows, _written(model))


def update(rows: Sequence[Model], *, fields: Sequence[str]) -> int:
    """Updates these attributes of rows that are there, found by their keys; how many there were."""
    if not rows:
        return 0
    model = type(rows[0])
    key = model._meta.pk
    assert key is not None
    names = (key.attname, *fields)
    # By the keys too: what is in the document PostgreSQL takes for a hundred rows, and would rather read the table.
    return _execute(_change(model, names), rows, names, [row.pk for row in rows])


def _execute(statement: str, rows: Sequence[Model], names: Sequence[str], *others: Any) -> int:
    columns = _columns(type(rows[0]))
    described = [{columns[name]: getattr(row, name) for name in names} for row in rows]
    return execute(statement, [as_jsonb(described), *others])


@cache
def _columns(model: type[Model]) -> dict[str, str]:
    """Attribute → column."""
    return {field.attname: str(field.column) for field in model._meta.concrete_fields}


@cache
def _written(model: type[Model]) -> tuple[str, ...]:
    return tuple(field.attname for field in model._meta.concrete_fields if not getattr(field, "db_returning", False))


@cache
def _insertion(model: type[Model], ignore_conflicts: bool) -> str:
    table = model._meta.db_table
    columns = ", ".join(f'"{_columns(model)[name]}"' for name in _written(model))
    on_conflict = " ON CONFLICT DO NOTHING" if ignore_conflicts else ""
    return (
        f'INSERT INTO "{table}" ({columns})'  # noqa: S608  (names from the models, never input)
        f' SELECT {columns} FROM jsonb_populate_recordset(NULL::"{table}", %s){on_conflict}'
    )


@cache
def _change(model: type[Model], names: tuple[str, ...]) -> str:
    table, (key, *others) = model._meta.db_table, [f'"{_columns(model)[name]}"' for name in names]
    changes = ", ".join(f"{column} = new.{column}" for column in others)
    return (
        f'UPDATE "{table}" AS old SET {changes}'  # noqa: S608  (names from the models, never input)
        f' FROM jsonb_populate_recordset(NULL::"{table}", %s) AS new'
        f" WHERE old.{key} = new.{key} AND old.{key} = ANY(%s)"
    )
