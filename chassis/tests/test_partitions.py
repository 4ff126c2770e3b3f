"""What goes by its age: partitions of the time to come are there, those that are too old are not."""

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from types import SimpleNamespace
from uuid import UUID

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from chassis.ids import first_uuid7_at, uuid7
from chassis.messaging import housekeeping, inbox, outbox_table
from chassis.storage import partitions
from chassis.storage.models import InboxMessage, OutboxMessage
from chassis.storage.partitions import Partition, drop_old, make_ahead, partitions_of
from chassis.testing import metric
from chassis.testing_plans import analyze, buffers, costs, explained, scanned

DAY = timedelta(days=1)
OUTBOX, INBOX = OutboxMessage.partitions, InboxMessage.partitions


def execute(statement: str, *values: object) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


def message(at: timedelta = timedelta(), *, published: bool = True) -> UUID:
    """An event whose id is of that time from now."""
    moment = timezone.now() + at
    row = OutboxMessage.objects.create(
        id=UUID(int=first_uuid7_at(moment).int + uuid7().int % 2**60),
        exchange="e",
        type="thing.made",
        body={},
        published_at=moment if published else None,
    )
    return row.id


def partition_with(id_: UUID) -> str:
    return execute("SELECT tableoid::regclass::text FROM outbox WHERE id = %s", id_)[0][0]


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """at(timedelta(days=9)) → partitions are made and dropped as if it were that much later."""
    now = timezone.now()
    return lambda by: monkeypatch.setattr(partitions, "timezone", SimpleNamespace(now=lambda: now + by))


@pytest.fixture
def weeks(db: None, at: Callable[[timedelta], None]) -> None:
    """An outbox that has been in use for weeks."""
    for day in range(21):
        at(day * DAY)
        make_ahead(OUTBOX)


pytestmark = pytest.mark.django_db


def test_every_migrated_database_has_partitions_for_the_time_to_come():
    for by in (OUTBOX, INBOX):
        default, first, *ahead = partitions_of(by.table)
        assert default == Partition(f"{by.table}_default", None, None)
        assert (first.name, first.begin) == (f"{by.table}_first", None)
        assert len(ahead) == partitions.AHEAD - 1
        assert [each.begin for each in ahead] == [first.end, *[each.end for each in ahead[:-1]]]
        assert ahead[-1].end == first_uuid7_at(by.start(timezone.now()) + (partitions.AHEAD + 1) * by.width)


def test_each_partition_has_indexes_and_is_swept_as_the_table_was_and_keeps_events_as_they_are(weeks):
    found = execute(
        "SELECT relname, reloptions, ARRAY(SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = c.oid)"
        " FROM pg_class c JOIN pg_inherits ON inhrelid = c.oid WHERE inhparent = 'outbox'::regclass"
    )
    assert len(found) >= 20
    for name, storage, indexes in found:
        assert {"autovacuum_vacuum_scale_factor=0.01", "toast_tuple_target=8160"} <= set(storage), name
        assert len(indexes) == 2, name
        assert any("(id) WHERE (published_at IS NULL)" in index for index in indexes), name
        assert any("UNIQUE" in index for index in indexes), name


def test_a_tick_with_nothing_to_do_changes_nothing(weeks):
    before = partitions_of("outbox")
    assert make_ahead(OUTBOX) == 0
    assert partitions_of("outbox") == before


def test_a_day_that_is_too_old_goes_in_a_few_statements_whatever_it_holds(weeks, at):
    for day in range(5, 8):
        for _ in range(20):
            message(day * DAY)
    at(20 * DAY)
    with costs() as made:
        gone = drop_old(OUTBOX)
    assert gone >= 10
    assert OutboxMessage.objects.count() == 0
    assert len(made) <= 1 + 5 * gone
    assert not [cost for cost in made if cost.sql.startswith(("DELETE", "WITH"))]


def test_what_is_young_enough_stays(weeks, at):
    keep = timedelta(seconds=settings.OUTBOX_KEEP_SECONDS)
    at(20 * DAY)
    young = message(20 * DAY - keep)
    drop_old(OUTBOX)
    assert OutboxMessage.objects.filter(id=young).exists()
    oldest = partitions_of("outbox")[1]
    assert oldest.begin <= first_uuid7_at(partitions.timezone.now() - keep) < oldest.end


def test_a_day_with_an_event_that_is_not_published_stays(weeks, at):
    late = message(5 * DAY, published=False)
    name = partition_with(late)
    at(20 * DAY)
    drop_old(OUTBOX)
    assert name in {partition.name for partition in partitions_of("outbox")}
    OutboxMessage.objects.filter(id=late).update(published_at=timezone.now())
    assert drop_old(OUTBOX) == 1
    assert not OutboxMessage.objects.exists()


def test_a_row_of_a_day_without_a_partition_is_kept_counted_and_moved(at):
    rows = [message(30 * DAY), message(30 * DAY, published=False)]
    assert {partition_with(row) for row in rows} == {"outbox_default"}
    partitions.measure()
    assert metric("partition_rows_outside", table="outbox") == 2
    at(30 * DAY)
    make_ahead(OUTBOX)
    moment = OUTBOX.start(timezone.now() + 30 * DAY)
    assert {partition_with(row) for row in rows} == {f"outbox_{moment:%Y%m%d}"}
    partitions.measure()
    assert metric("partition_rows_outside", table="outbox") == 0


def test_what_comes_when_its_day_is_gone_counts_for_nothing_and_goes_row_by_row(weeks, at):
    at(20 * DAY)
    drop_old(OUTBOX)
    late = message(5 * DAY)
    assert partition_with(late) == "outbox_default"
    partitions.measure()
    assert metric("partition_rows_outside", table="outbox") == 0
    assert housekeeping.prune() == 1


def test_more_rows_than_a_lock_may_be_held_for_are_left_to_a_person(at):
    rows = [message(30 * DAY), message(30 * DAY)]
    at(30 * DAY)
    with pytest.raises(partitions.TooManyOutside, match="outbox_default has more than 1 rows"):
        make_ahead(OUTBOX, moving=1)
    assert {partition_with(row) for row in rows} == {"outbox_default"}
    call_command("make_partitions", stdout=StringIO())
    assert "outbox_default" not in {partition_with(row) for row in rows}


def test_the_version_before_which_deletes_rows_by_their_places_takes_none_of_another_day(weeks):
    execute("TRUNCATE outbox")  # what earlier tests took back has had places
    old, young = message(-10 * DAY), message(15 * DAY, published=False)
    assert partition_with(old) == "outbox_first" != partition_with(young)
    places = execute("SELECT ctid FROM outbox")
    assert len(places) == 2
    assert len(set(places)) == 1
    execute("DELETE FROM outbox WHERE ctid = ANY(ARRAY(SELECT ctid FROM outbox WHERE id = %s))", old)
    assert list(OutboxMessage.objects.values_list("id", flat=True)) == [young]


@pytest.fixture
def full_weeks(weeks) -> list[UUID]:
    """Ids of published events of each day, and five of the last that are not published."""
    for day in range(20):
        for _ in range(50):
            message(day * DAY)
    waiting = [message(20 * DAY, published=False) for _ in range(5)]
    analyze("outbox")
    return sorted(waiting)


@pytest.mark.parametrize("mode", ["force_generic_plan", "force_custom_plan"])
def test_the_relay_looks_into_the_days_it_has_to(full_weeks, mode):
    waiting = full_weeks
    execute(f"PREPARE take (uuid, int) AS {outbox_table.TAKE.replace('%s', '${}').format(1, 2)}")
    mark = outbox_table.MARK % {"ids": "$1", "first": "$2", "last": "$3"}
    execute(f"PREPARE mark (uuid[], uuid, uuid) AS {mark}")
    execute(f"SET LOCAL plan_cache_mode = {mode}")
    days = {partition_with(row) for row in waiting}
    try:
        take = explained(f"EXECUTE take ('{waiting[0]}', 200)")
        ids = ",".join(map(str, waiting))
        marked = explained(f"EXECUTE mark ('{{{ids}}}', '{waiting[0]}', '{waiting[-1]}')")
    finally:
        execute("DEALLOCATE take")
        execute("DEALLOCATE mark")
    later = {each.name for each in partitions_of("outbox") if each.end is None or each.end > waiting[0]}
    assert days <= scanned(take) <= later
    assert scanned(marked) == days
    assert take.buffers <= 3 * len(later) + 10
    assert marked.buffers <= 60


def test_handling_an_event_costs_the_same_however_many_weeks_are_kept(at):
    def handle(ahead: timedelta) -> int:
        event = UUID(int=first_uuid7_at(timezone.now() + ahead).int + uuid7().int % 2**60)
        with costs() as made:
            assert execute(inbox.REMEMBER, "chassis", [event], ["thing.made"])
            assert not execute(inbox.REMEMBER, "chassis", [event], ["thing.made"])
        return buffers(made)

    few = max(handle(15 * DAY), handle(15 * DAY))
    for week in range(20):
        at(week * 7 * DAY)
        make_ahead(INBOX)
    assert len(partitions_of("inbox")) > 20
    assert handle(15 * DAY) <= few <= 30
