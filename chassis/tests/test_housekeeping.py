"""What is too old goes, however much there is of it, and costs what goes."""

import pytest
from django.conf import settings
from django.db import connection

from chassis.messaging import housekeeping
from chassis.storage import pruning
from chassis.storage.models import InboxMessage, OutboxMessage
from chassis.testing_plans import analyze, costs

pytestmark = pytest.mark.django_db

# Rows of ten years ago with keys of that time, and as many of now.
_IDS = """
    SELECT (lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0')
            || '70008' || lpad(to_hex(n), 15, '0'))::uuid
    FROM generate_series(1, %s) AS n, unnest(ARRAY[now() - interval '10 years', now()]) AS moment
"""


@pytest.fixture
def years() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO inbox SELECT %s, id, 'thing.made', now() FROM ({_IDS}) AS ids(id)",
            [settings.SERVICE_NAME, 3000],
        )
        cursor.execute(
            "INSERT INTO outbox (id, exchange, type, body, created_at, published_at)"
            f" SELECT id, 'e', 'thing.made', '{{}}', now(), now() FROM ({_IDS}) AS ids(id)",
            [3000],
        )
    analyze("inbox", "outbox")


@pytest.fixture
def short_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning.in_batches, "__kwdefaults__", {"batch": 200, "seconds": 60.0})


def test_batches_follow_each_other_until_nothing_is_left(years: None, short_batches: None) -> None:
    assert housekeeping.prune() == 6000
    assert (InboxMessage.objects.count(), OutboxMessage.objects.count()) == (3000, 3000)
    assert housekeeping.prune() == 0


def test_a_tick_ends_when_its_time_is_over() -> None:
    assert pruning.in_batches(lambda batch: batch, batch=7, seconds=0) == 7


def test_what_is_old_is_found_by_an_index_and_deleted_where_it_is(years: None, short_batches: None) -> None:
    with costs() as made:
        assert housekeeping.prune() == 6000
    made = [cost for cost in made if "_first" in cost.sql]
    assert len(made) == 2 * 16
    for cost in made:
        ways = {node["Node Type"] for node in cost.nodes}
        assert not ways & {"Seq Scan", "Hash Join"}, cost
        assert "Tid Scan" in ways, cost
        assert ways & {"Index Scan", "Index Only Scan", "Bitmap Index Scan"}, cost
