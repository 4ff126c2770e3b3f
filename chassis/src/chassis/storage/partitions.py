"""Tables whose rows go by their age, in partitions by time: made ahead of it, and dropped whole when they are too old.

A UUIDv7 says when it was made, so a range of such keys is a range of time. Where a row has no partition it goes into
the default one, and is moved when its partition is made after all. Nobody waits for any of this for longer than
LOCK_MILLISECONDS: what does not get its lock by then lets the traffic through, and tries again.
"""

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

from django.apps import apps
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.utils import timezone

from chassis.ids import first_uuid7_at, time_of_uuid7
from chassis.storage.database import patiently
from chassis.telemetry.metrics import gauge

log = logging.getLogger(__name__)

# A Monday: partitions of a week begin on one.
ORIGIN = datetime(1970, 1, 5, tzinfo=UTC)
# So many partitions are there for the time to come.
AHEAD = 3
LOCK_MILLISECONDS = 50
# For so long a tick tries to get its locks.
PATIENCE_SECONDS = 1.0
# So many rows are moved out of the default partition under its lock; more are left to a person (the runbook).
MOVED_AT_MOST = 10_000
COUNTED_AT_MOST = 1_000

OUTSIDE = gauge("partition_rows_outside", "Rows that are in no partition of their time, up to a thousand", ["table"])

_BOUNDS = re.compile(r"FROM \((?:MINVALUE|'(?P<begin>[^']+)')\) TO \('(?P<end>[^']+)'\)")


@dataclass(frozen=True, slots=True)
class ByTime:
    """How a table is partitioned; the attribute `partitions` of its model.

    key: the column with a UUIDv7 whose time counts. days: the length of a partition. keep: for how long rows are kept
    at least, for a partition goes when the last of its rows is that old; None: for ever. unless: a condition; a
    partition with such a row stays. storage: parameters of each partition. whole: nobody deletes rows of a partition.
    """

    table: str
    key: str
    days: int
    keep: Callable[[], timedelta] | None = None
    unless: str = ""
    storage: Mapping[str, str] = field(default_factory=dict)
    whole: bool = False

    @property
    def width(self) -> timedelta:
        return timedelta(days=self.days)

    @property
    def default(self) -> str:
        """The name of the partition of what has no other."""
        return f"{self.table}_default"

    def start(self, moment: datetime) -> datetime:
        """When the partition of a moment begins."""
        return moment - (moment - ORIGIN) % self.width

    def kept(self) -> UUID:
        """The first key that is young enough to stay."""
        return UUID(int=0) if self.keep is None else first_uuid7_at(timezone.now() - self.keep())

    def with_storage(self) -> str:
        """The clause of CREATE TABLE."""
        settings = ", ".join(f"{name} = {value}" for name, value in self.storage.items())
        return f"WITH ({settings})" if settings else ""


@dataclass(frozen=True, slots=True)
class Partition:
    """begin ≤ key < end. begin: None of the first, which was the whole table before; both None of the default one."""

    name: str
    begin: UUID | None
    end: UUID | None


def all_tables() -> list[ByTime]:
    """Of the service whose settings are loaded."""
    said = [getattr(model, "partitions", None) for model in apps.get_models()]
    return [by for by in said if isinstance(by, ByTime)]


def partitions_of(table: str) -> list[Partition]:
    """In the order of time, the default one in front."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, pg_get_expr(relpartbound, pg_class.oid) FROM pg_inherits"
            " JOIN pg_class ON pg_class.oid = inhrelid WHERE inhparent = to_regclass(%s)",
            [table],
        )
        found = [Partition(name, *_bounds(text)) for name, text in cursor.fetchall()]
    return sorted(found, key=lambda each: (each.end or UUID(int=0), each.begin or UUID(int=0)))


def _bounds(text: str) -> tuple[UUID | None, UUID | None]:
    said = _BOUNDS.search(text)
    if said is None:
        return None, None
    return UUID(said["begin"]) if said["begin"] else None, UUID(said["end"])


def without_begin(table: str) -> list[str]:
    """The partitions whose rows are deleted one by one: the default one, and the first while it is there."""
    return [partition.name for partition in partitions_of(table) if partition.begin is None]


def oldest_begin(table: str) -> UUID | None:
    """Where the oldest of those that go whole begins: what is older than that was dropped, or goes by rows."""
    return next((partition.begin for partition in partitions_of(table) if partition.begin is not None), None)


def keep_up() -> None:
    """Makes the partitions of the time to come and drops those that are too old, of every table of the service.

    Raises OperationalError when there was no lock to be had: the next tick tries again.
    """
    for by in all_tables():
        made, dropped = make_ahead(by), drop_old(by)
        if made or dropped:
            log.info("partitions", extra={"table": by.table, "made": made, "dropped": dropped})


def make_ahead(by: ByTime, *, moving: int = MOVED_AT_MOST) -> int:
    """Makes what is missing up to AHEAD partitions from now; how many that were.

    moving: so many rows move out of the default partition under a lock. Raises TooManyOutside when there are more, and
    OperationalError when there was no lock to be had.
    """
    now = timezone.now()
    ends = [time_of_uuid7(partition.end) for partition in partitions_of(by.table) if partition.end is not None]
    oldest = by.start(now - by.keep() if by.keep is not None else now)
    begin = max([oldest if ends else by.start(now), *ends])
    made = 0
    while begin < by.start(now) + (AHEAD + 1) * by.width:
        end = by.start(begin) + by.width
        patiently(partial(make, by, begin, end, moving), seconds=PATIENCE_SECONDS)
        begin, made = end, made + 1
    return made


def make(by: ByTime, begin: datetime, end: datetime, moving: int) -> None:
    """One partition: a table of its own first, which locks nobody's. ATTACH alone makes anybody wait, a moment.

    What is in the default partition of this time moves.
    """
    name, bounds = f"{by.table}_{begin:%Y%m%d}", (first_uuid7_at(begin), first_uuid7_at(end))
    with _locked(by, "SHARE ROW EXCLUSIVE") as cursor:
        if cursor is None or any(partition.name == name for partition in partitions_of(by.table)):
            return
        cursor.execute(
            f"CREATE TABLE {name} (LIKE {by.table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS) {by.with_storage()}"
        )
        if by.whole:
            cursor.execute(
                f"CREATE TRIGGER rows_go_whole BEFORE DELETE ON {name}"
                " FOR EACH ROW EXECUTE FUNCTION leave_to_its_partition()"
            )
        cursor.execute(f"LOCK TABLE {by.default} IN ACCESS EXCLUSIVE MODE")
        theirs = f"{by.key} >= %s AND {by.key} < %s"
        cursor.execute(
            f"SELECT count(*) FROM (SELECT FROM {by.default} WHERE {theirs} LIMIT %s) AS row",  # noqa: S608  (names of ours)
            [*bounds, moving + 1],
        )
        (outside,) = cursor.fetchone()
        if outside > moving:
            raise TooManyOutside(f"{by.default} has more than {moving} rows of {name}")
        if outside:
            move(cursor, source=by.default, target=name, where=theirs, values=bounds)
        cursor.execute(
            f"ALTER TABLE {by.table} ATTACH PARTITION {name} FOR VALUES FROM ('{bounds[0]}') TO ('{bounds[1]}')"
        )


class TooManyOutside(Exception):
    """More rows have to move than a lock may be held for: see the runbook of RowsOutsideOfPartitions."""


def move(cursor: CursorWrapper, *, source: str, target: str, where: str, values: tuple[UUID, ...]) -> None:
    """Rows from one table into another of the same columns."""
    cursor.execute(
        f"WITH moved AS (DELETE FROM {source} WHERE {where} RETURNING *) INSERT INTO {target} SELECT * FROM moved",  # noqa: S608  (names of ours)
        values,
    )


def drop_old(by: ByTime) -> int:
    """Drops the partitions whose last row is older than it is kept; how many that were."""
    old = [each for each in partitions_of(by.table) if each.end is not None and each.end <= by.kept()]
    return sum(_gone(by, partition) for partition in old)


def _gone(by: ByTime, partition: Partition) -> bool:
    if _has_to_stay(by, partition):
        return False
    patiently(partial(_drop, by, partition), seconds=PATIENCE_SECONDS)
    return True


def _has_to_stay(by: ByTime, partition: Partition) -> bool:
    if not by.unless:
        return False
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT EXISTS (SELECT FROM {partition.name} WHERE {by.unless})")  # noqa: S608  (names of ours)
        stays = bool(cursor.fetchone()[0])
    if stays:
        log.warning("partition kept", extra={"partition": partition.name, "rows": by.unless})
    return stays


def _drop(by: ByTime, partition: Partition) -> None:
    """The server removes the files after it has let go of the locks."""
    with _locked(by, "ACCESS EXCLUSIVE") as cursor:
        if cursor is None:
            return
        cursor.execute(f"LOCK TABLE ONLY {by.table} IN ACCESS EXCLUSIVE MODE")
        cursor.execute(f"LOCK TABLE {partition.name} IN ACCESS EXCLUSIVE MODE")
        if _has_to_stay(by, partition):
            return
        cursor.execute(f"DROP TABLE {partition.name}")


@contextmanager
def _locked(by: ByTime, mode: str) -> Iterator[CursorWrapper | None]:
    """A transaction that nobody else makes or drops partitions of this table in; None when somebody does.

    What its foreign keys point to is locked in that mode, and first: that is how a booking and its history are written.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [str(LOCK_MILLISECONDS)])
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [f"partitions of {by.table}"])
        if not cursor.fetchone()[0]:
            yield None
            return
        for name in referenced(cursor, by.table):
            cursor.execute(f"LOCK TABLE {name} IN {mode} MODE")
        yield cursor


def referenced(cursor: CursorWrapper, table: str) -> list[str]:
    """The tables that its foreign keys point to."""
    cursor.execute(
        "SELECT DISTINCT confrelid::regclass::text FROM pg_constraint"
        " WHERE conrelid = to_regclass(%s) AND contype = 'f' ORDER BY 1",
        [table],
    )
    return [name for (name,) in cursor.fetchall()]


def measure() -> None:
    """Counts what is in no partition of its time; what is older than it is kept has none any more, and counts not."""
    for by in all_tables():
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT count(*) FROM (SELECT FROM {by.default} WHERE {by.key} >= %s LIMIT %s) AS row",  # noqa: S608  (names of ours)
                [by.kept(), COUNTED_AT_MOST],
            )
            OUTSIDE.labels(by.table).set(cursor.fetchone()[0])
