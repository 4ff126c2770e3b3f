"""What statements cost, for the tests of each service: pages of the database, which time and machine change nothing of.

A planner that knows of no rows takes any way: load rows and `analyze()` first.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from chassis.ids import time_of_uuid7
from chassis.storage.partitions import ByTime, make, partitions_of

# Of a statement, at either end.
SHOWN = 200
_EXPLAIN = "EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) "
_EXPLAINABLE = re.compile(r"\s*(SELECT|WITH|INSERT|UPDATE|DELETE)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Cost:
    """One statement. buffers: the pages (8 KiB) that it looked at, in memory or not. nodes: its plan, flat."""

    sql: str
    buffers: int
    nodes: list[dict[str, Any]] = field(repr=False)

    @property
    def rows(self) -> int:
        """That it came upon in one of its tables, whether wanted or not: of the one with the most."""
        return max((_came_upon(node) for node in self.nodes if "Relation Name" in node), default=0)

    def __str__(self) -> str:
        ways = ", ".join(
            f"{node['Node Type']} {node.get('Index Name') or node.get('Relation Name') or ''}".strip()
            for node in self.nodes
        )
        shown = self.sql if len(self.sql) < 2 * SHOWN else f"{self.sql[:SHOWN]} … {self.sql[-SHOWN:]}"
        return f"{self.buffers} buffers: {shown} ({ways})"


@contextmanager
def costs() -> Iterator[list[Cost]]:
    """Of every statement made meanwhile, in their order. Each is made twice: once to be measured, and taken back."""
    found: list[Cost] = []

    def measure(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if not many and _EXPLAINABLE.match(sql):
            with _taken_back():
                execute(_EXPLAIN + sql, params, many, context)
                found.append(_cost(sql, context["cursor"]))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(measure):
        yield found


def explained(sql: str) -> Cost:
    """Of a statement that stays made, such as the EXECUTE of a prepared one."""
    with connection.cursor() as cursor:
        cursor.execute(_EXPLAIN + sql)
        return _cost(sql, cursor)


def scanned(cost: Cost) -> set[str]:
    """The tables and partitions that it looked into."""
    looks = [node for node in cost.nodes if node["Actual Loops"] and "Scan" in node["Node Type"]]
    return {node["Relation Name"] for node in looks if "Relation Name" in node}


def _cost(sql: str, cursor: Any) -> Cost:
    (plan,) = cursor.fetchone()
    top = (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]
    return Cost(sql, top["Shared Hit Blocks"] + top["Shared Read Blocks"], list(_flat(top)))


def buffers(made: list[Cost]) -> int:
    """Of all of them."""
    return sum(cost.buffers for cost in made)


def rows_read(made: list[Cost], table: str) -> int:
    """Rows of a table that they came upon, whether wanted or not; what earlier tests took back does not count."""
    nodes = [node for cost in made for node in cost.nodes if node.get("Relation Name") == table]
    return sum(map(_came_upon, nodes))


def _came_upon(node: dict[str, Any]) -> int:
    removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return int((node["Actual Rows"] + removed) * node["Actual Loops"])


def many_partitions(*tables: ByTime, more: int = 20) -> None:
    """As if rows had been kept for so much longer: what does not look into them costs the same."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for by in tables:
        for _ in range(more):
            last = partitions_of(by.table)[-1].end
            assert last is not None
            make(by, time_of_uuid7(last), time_of_uuid7(last) + by.width, 0)


def analyze(*tables: str) -> None:
    """So that the planner knows what the tables hold."""
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ANALYZE {connection.ops.quote_name(table)}")


@contextmanager
def _taken_back() -> Iterator[None]:
    savepoint = connection.savepoint()
    assert savepoint is not None, "costs are measured in a transaction, which takes them back"
    try:
        yield
    finally:
        connection.savepoint_rollback(savepoint)


def _flat(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for part in node.get("Plans", ()):
        yield from _flat(part)
