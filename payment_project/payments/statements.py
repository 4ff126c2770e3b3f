"""Several changes as one statement, one round trip: all of them, or none when the row they hang on is not as expected.

The hot path of a payment touches its row, an operation, the ledger and the outbox. Written one by one that is a
transaction of seven round trips; here it is one, in which the database itself sees to "all or nothing".
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection

from chassis.messaging.outbox import Insertion


class Expression(str):
    """A value that the database works out."""

    __slots__ = ()


NOW = Expression("statement_timestamp()")

Values = Mapping[str, Any]


class Statement:
    """`WITH part AS (…), …`. The first part makes or changes one row or finds it unfit; the others select from it.

    Names of tables and columns come from this package's code, never from outside.
    """

    def __init__(self, name: str, sql: str, parameters: Sequence[Any]) -> None:
        self._parts: list[str] = []
        self._parameters: list[Any] = []
        self._first = name
        self._add(name, sql, parameters)

    @classmethod
    def inserting(cls, table: str, values: Values) -> "Statement":
        """Starts with a new row, unless it is there: a column named would let another key of it raise."""
        marks, parameters = _marks(values)
        sql = f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks}) ON CONFLICT DO NOTHING RETURNING id"  # noqa: S608  (names from the code, values as parameters)
        return cls(table, sql, parameters)

    @classmethod
    def updating(cls, table: str, changes: Values, *, expecting: Values) -> "Statement":
        """Starts with changing a row that still has these values."""
        return cls(table, *_update(table, changes, expecting, source=None))

    def update(self, table: str, changes: Values, *, where: Values) -> None:
        self._add(table, *_update(table, changes, where, source=self._first))

    def insert(self, table: str, values: Values, *, after: str = "") -> None:
        """after: the part whose change this one needs to have been made; the first one, unless said."""
        marks, parameters = _marks(values)
        sql = f"INSERT INTO {table} ({', '.join(values)}) SELECT {marks} FROM {after or self._first}_done"  # noqa: S608  (names from the code, values as parameters)
        self._add(f"new_{table}", sql, parameters)

    def insert_many(self, table: str, rows: Sequence[Values]) -> None:
        """Rows with the same columns, none of them null."""
        columns = ", ".join(rows[0])
        tuples, parameters = [], []
        for row in rows:
            marks, values = _marks(row)
            tuples.append(f"({marks})")
            parameters += values
        source = f"(VALUES {', '.join(tuples)}) AS given ({columns}), {self._first}_done"
        self._add(f"new_{table}", f"INSERT INTO {table} ({columns}) SELECT given.* FROM {source}", parameters)  # noqa: S608  (names from the code, values as parameters)

    @property
    def source(self) -> str:
        """The name of the first part, for parts that are made elsewhere."""
        return f"{self._first}_done"

    def add(self, part: Insertion) -> None:
        """A part that is ready, selecting from `source`."""
        self._add(f"part_{len(self._parts)}", part.sql, part.parameters)

    def execute(self) -> bool:
        """Whether the row was as expected, and everything was done."""
        sql = f"WITH {', '.join(self._parts)} SELECT EXISTS (SELECT FROM {self._first}_done)"  # noqa: S608  (names from the code, values as parameters)
        with connection.cursor() as cursor:
            cursor.execute(sql, self._parameters)
            done: bool = cursor.fetchone()[0]
        return done

    def _add(self, name: str, sql: str, parameters: Sequence[Any]) -> None:
        self._parts.append(f"{name}_done AS ({sql})")
        self._parameters += parameters


def _marks(values: Values) -> tuple[str, list[Any]]:
    """Placeholders for the values, and the values that fill them."""
    marks = [value if isinstance(value, Expression) else "%s" for value in values.values()]
    return ", ".join(marks), [value for value in values.values() if not isinstance(value, Expression)]


def _update(table: str, changes: Values, where: Values, *, source: str | None) -> tuple[str, list[Any]]:
    pairs = [f"{name} = {value if isinstance(value, Expression) else '%s'}" for name, value in changes.items()]
    conditions = [f"{table}.{name} = %s" for name in where]
    origin = f" FROM {source}_done" if source else ""
    sql = f"UPDATE {table} SET {', '.join(pairs)}{origin} WHERE {' AND '.join(conditions)} RETURNING {table}.id"  # noqa: S608  (names from the code, values as parameters)
    parameters = [value for value in changes.values() if not isinstance(value, Expression)]
    return sql, [*parameters, *where.values()]
