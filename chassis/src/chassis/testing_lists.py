"""What holds of every list in pages, for the tests of each service: none loses a row, none is slow."""

from collections.abc import Callable, Iterator
from typing import Any

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver

from chassis.web.queries import PageQuery, taken_by


def list_routes() -> set[str]:
    """The routes of this service whose GET answers in pages."""
    return {
        str(pattern.pattern)
        for pattern in _patterns(get_resolver().url_patterns)
        if issubclass(taken_by(getattr(getattr(pattern.callback, "cls", None), "get", None)), PageQuery)
    }


def _patterns(entries: list[Any]) -> Iterator[URLPattern]:
    for entry in entries:
        if isinstance(entry, URLResolver):
            yield from _patterns(entry.url_patterns)
        else:
            yield entry


def walk(client: Any, address: str, between: Callable[[list[str]], None] = lambda _: None) -> list[str]:
    """The ids of all rows, page by page; between is called after the first page, with its ids."""
    seen: list[str] = []
    following: str | None = address
    while following:
        answer = client.get(following)
        assert answer.status_code == 200, answer.content
        page = [row["id"] for row in answer.json()["results"]]
        if not seen:
            between(page)
        seen += page
        following = answer.json()["next"]
    return seen


def assert_rows_may_go(client: Any, address: str, rows: list[Any]) -> None:
    """A row of the first page goes, and one that is still to come: each other one is told once.

    rows: all that the list has at first, at least six.
    """
    ids = {str(row.pk): row for row in rows}
    gone: list[str] = []

    def drop(page: list[str]) -> None:
        gone.extend([page[0], next(id_ for id_ in ids if id_ not in page)])
        for id_ in gone:
            ids[id_].delete()

    seen = walk(client, f"{address}?page_size=2", drop)
    assert len(seen) == len(set(seen))
    assert set(seen) == ids.keys() - {gone[1]}


def assert_pages_come_by_index(client: Any, address: str) -> None:
    """A page from the middle is read off an index from its first row on: nothing is sorted, nothing read to skip it."""
    following = client.get(f"{address}?page_size=1").json()["next"]
    with CaptureQueriesContext(connection) as captured:
        assert client.get(following).status_code == 200
    [paged] = [query["sql"] for query in captured if query["sql"].endswith("LIMIT 2")]
    with transaction.atomic(), connection.cursor() as cursor:
        # A test has too few rows for an index to be worth it.
        for way in ("seqscan", "bitmapscan", "sort"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
        cursor.execute("EXPLAIN " + paged.replace("%", "%%"), [])
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert any("Index Cond" in line and ("<" in line or ">" in line) for line in plan.splitlines()), plan
    assert "Sort" not in plan, plan
