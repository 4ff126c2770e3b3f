"""Many rows in one statement, whose text is the same for one row and for a thousand, so that it stays prepared."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import Field, Model

from chassis.storage.database import as_jsonb


def insert(rows: Sequence[Model], *, fields: Sequence[str] | None = None, ignore_conflicts: bool = False) -> int:
    """Inserts rows of one model; how many were new.

    fields: their attributes that are written, by default all but a key that the database makes. ignore_conflicts: rows
    that are there stay as they are.
    """
    if not rows:
        return 0
    model = type(rows[0])
    return _execute(_insertion(model, _attributes(model, fields), ignore_conflicts), rows, fields)


def update(rows: Sequence[Model], *, fields: Sequence[str]) -> int:
    """Updates these attributes of rows that are there, found by their keys; how many there were."""
    if not rows:
        return 0
    model = type(rows[0])
    written = [_key(model).attname, *fields]
    # By the keys too: what is in the document PostgreSQL takes for a hundred rows, and would rather read the table.
    keys = [row.pk for row in rows]
    return _execute(_change(model, tuple(written)), rows, written, keys)


def _execute(statement: str, rows: Iterable[Model], fields: Sequence[str] | None, *others: Any) -> int:
    described = [_described(row, fields) for row in rows]
    with connection.cursor() as cursor:
        cursor.execute(statement, [as_jsonb(described), *others])
        return int(cursor.rowcount)


def _described(row: Model, fields: Sequence[str] | None) -> dict[str, Any]:
    model = type(row)
    columns = _columns(model)
    return {columns[name]: getattr(row, name) for name in _attributes(model, fields)}


@cache
def _columns(model: type[Model]) -> dict[str, str]:
    """Attribute → column."""
    return {field.attname: str(field.column) for field in model._meta.concrete_fields}


def _key(model: type[Model]) -> "Field[Any, Any]":
    key = model._meta.pk
    assert key is not None
    return key


def _attributes(model: type[Model], fields: Sequence[str] | None) -> tuple[str, ...]:
    return _all_attributes(model) if fields is None else tuple(fields)


@cache
def _all_attributes(model: type[Model]) -> tuple[str, ...]:
    return tuple(field.attname for field in model._meta.concrete_fields if not getattr(field, "db_returning", False))


@cache
def _insertion(model: type[Model], attributes: tuple[str, ...], ignore_conflicts: bool) -> str:
    table = model._meta.db_table
    columns = ", ".join(f'"{_columns(model)[name]}"' for name in attributes)
    on_conflict = " ON CONFLICT DO NOTHING" if ignore_conflicts else ""
    return (
        f'INSERT INTO "{table}" ({columns})'  # noqa: S608  (names from the models, never input)
        f' SELECT {columns} FROM jsonb_populate_recordset(NULL::"{table}", %s){on_conflict}'
    )


@cache
def _change(model: type[Model], attributes: tuple[str, ...]) -> str:
    table, (key, *others) = model._meta.db_table, [f'"{_columns(model)[name]}"' for name in attributes]
    changes = ", ".join(f"{column} = new.{column}" for column in others)
    return (
        f'UPDATE "{table}" AS old SET {changes}'  # noqa: S608  (names from the models, never input)
        f' FROM jsonb_populate_recordset(NULL::"{table}", %s) AS new'
        f" WHERE old.{key} = new.{key} AND old.{key} = ANY(%s)"
    )
