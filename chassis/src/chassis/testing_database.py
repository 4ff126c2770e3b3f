"""For the tests of a service: its database is emptied where one that committed wrote, and swept for one that counts."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

from django.core.management import call_command
from django.db import connection, transaction
from django.test import TransactionTestCase

T = TypeVar("T")

_REFERENCES = "SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint WHERE contype = 'f'"
_CONTENT = "SELECT '{table}', md5(string_agg(row::text, ' ' ORDER BY row::text)) FROM {quoted} AS row"

_django_s = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]  # django-stubs know no private method
_migrated: dict[str, str] = {}


def install() -> None:
    """From now on a test that commits leaves a database as Django's own flush does, but sooner.

    That truncates all tables and makes the permissions and groups anew, whatever the test has done; this leaves alone
    what nobody wrote to. Where a test has changed what migrations leave behind, it is Django's flush after all.
    """
    TransactionTestCase._fixture_teardown = empty  # type: ignore[attr-defined]  # a private method here too


def empty(case: TransactionTestCase) -> None:
    if _migrated:
        tables = set(connection.introspection.django_table_names(only_existing=True, include_views=False))
        written = _with_what_refers(_not_empty(tables - set(_migrated)), tables)
        if not written & set(_migrated) and set(_migrated) <= tables and _contents(_migrated) == _migrated:
            _truncate(written)
            return
    _django_s(case)
    _migrated.clear()
    tables = set(connection.introspection.django_table_names(only_existing=True, include_views=False))
    _migrated.update(_contents(_not_empty(tables)))


def sweep() -> None:
    """What earlier tests took back is gone for good, as autovacuum would have it sooner or later: it costs no reads."""
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    beside = connection.copy()
    try:
        with beside.cursor() as cursor:
            cursor.execute("VACUUM " + ", ".join(map(_quoted, tables)))
    finally:
        beside.close()


@contextmanager
def kept(load: Callable[[], T]) -> Iterator[T]:
    """What was loaded, in a transaction in which those of the tests are: for all tests of a module, loaded once."""
    sweep()
    with transaction.atomic():
        loaded = load()
        # What is checked once is not checked again at the end of each test.
        connection.check_constraints()
        yield loaded
        transaction.set_rollback(True)


def large_world(**sizes: int) -> None:
    """By the sizes of `manage.py load_large`."""
    call_command("load_large", verbosity=0, **sizes)


def large_theater(number: int) -> UUID:
    """Of that world, from 0 on: as large_id of contracts/large.toml makes it."""
    since = int(datetime(2020, 1, 1, tzinfo=UTC).timestamp() * 1000)
    return UUID(f"{since:012x}7{1:03x}8{number:015x}")


def _not_empty(tables: Iterable[str]) -> set[str]:
    looks = (f"SELECT '{table}' WHERE EXISTS (SELECT FROM {_quoted(table)})" for table in tables)  # noqa: S608  (names of ours)
    return {table for (table,) in _rows(" UNION ALL ".join(looks))}


def _contents(tables: Iterable[str]) -> Mapping[str, str]:
    """By table, what stands for all of its rows."""
    looks = (_CONTENT.format(table=table, quoted=_quoted(table)) for table in tables)
    return dict(_rows(" UNION ALL ".join(looks)))


def _with_what_refers(tables: set[str], known: set[str]) -> set[str]:
    """A table is truncated together with those that refer to it, empty or not."""
    references = [(referrer, table) for referrer, table in _rows(_REFERENCES) if referrer in known]
    found = set(tables)
    while more := {referrer for referrer, table in references if table in found} - found:
        found |= more
    return found


def _truncate(tables: Iterable[str]) -> None:
    names = ", ".join(map(_quoted, sorted(tables)))
    if names:
        with connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {names}")


def _rows(query: str) -> list[Any]:
    if not query:
        return []
    with connection.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())


def _quoted(table: str) -> str:
    return connection.ops.quote_name(table)
