"""What is done to connections beside what psycopg does."""

from contextlib import ExitStack
from types import SimpleNamespace

import psycopg
import pytest
from django.conf import settings
from django.db import DataError, InternalError, NotSupportedError, OperationalError, connection
from django.db.utils import ConnectionHandler
from processes import database_url
from things.models import Thing

from chassis.storage.database import is_away, is_busy
from chassis.storage.postgresql import BoundedConnection
from chassis.testing import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def bounded():
    with BoundedConnection.connect(database_url(), autocommit=True, prepare_threshold=0) as opened:
        yield opened


def last_statement(pid: int) -> str:
    with psycopg.connect(database_url()) as other:
        (statement,) = other.execute("SELECT query FROM pg_stat_activity WHERE pid = %s", [pid]).fetchone()
    return statement


def test_a_connection_that_is_well_is_not_asked(bounded):
    bounded.execute("SELECT 42")
    bounded.execute("")
    assert last_statement(bounded.info.backend_pid) == "SELECT 42"


def test_a_server_that_hung_up_is_noticed(bounded):
    with psycopg.connect(database_url(), autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [bounded.info.backend_pid])
    wait_until(bounded._has_something_to_say)
    with pytest.raises(psycopg.OperationalError):
        bounded.execute("")


def test_whoever_comes_first_after_a_restart_is_served_however_many_connections_died():
    pooled = {"OPTIONS": {"pool": {"min_size": 1, "max_size": 6, "timeout": 2}}, "CONN_MAX_AGE": 0}
    django = ConnectionHandler({"default": connection.settings_dict | pooled})["default"]
    try:
        django.pool.open()
        with ExitStack() as stack:
            pids = [stack.enter_context(django.pool.connection()).info.backend_pid for _ in range(6)]
        with psycopg.connect(database_url(), autocommit=True) as other:
            for pid in pids:
                other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        with django.cursor() as cursor:
            assert cursor.execute("SELECT 42").fetchone() == (42,)
    finally:
        django.close()
        django.close_pool()


def test_a_server_that_does_not_answer_costs_the_connection(bounded, monkeypatch):
    monkeypatch.setattr(BoundedConnection, "answer_seconds", 0.2)
    pid = bounded.info.backend_pid
    with pytest.raises(psycopg.OperationalError):
        bounded.execute("SELECT pg_sleep(60)")
    assert bounded.closed
    with psycopg.connect(database_url(), autocommit=True) as other:  # which sleeps on, for it does not look
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


@pytest.fixture
def elsewhere():
    with psycopg.connect(database_url(), autocommit=True) as opened:
        opened.execute("CREATE TABLE lamps (name varchar(5))")
        yield opened
        opened.execute("DROP TABLE lamps")


def test_a_plan_from_before_a_migration_costs_the_connection_and_no_more(bounded, elsewhere):
    bounded.execute("SELECT name FROM lamps")
    elsewhere.execute("ALTER TABLE lamps ALTER COLUMN name TYPE varchar(9)")
    with pytest.raises(psycopg.errors.FeatureNotSupported) as refusal:
        bounded.execute("SELECT name FROM lamps")
    assert bounded.closed
    assert is_away(NotSupportedError(str(refusal.value)))
    assert not is_away(NotSupportedError("something else"))


@pytest.mark.parametrize(
    ("state", "away", "busy"),
    [
        ("08006", True, False),
        ("57P01", True, False),
        ("55P03", True, True),
        ("40P01", True, True),
        ("57014", True, True),
        ("54000", False, False),
    ],
)
def test_what_the_server_says_is_worth_repeating_or_not(state, away, busy):
    refusal = OperationalError("refused")
    refusal.__cause__ = psycopg.errors.lookup(state)("refused")
    assert (is_away(refusal), is_busy(refusal)) == (away, busy)


@pytest.mark.parametrize(("severity", "away"), [("ERROR", False), ("FATAL", True), ("PANIC", True)])
def test_what_ends_the_session_is_worth_repeating_whatever_its_state(severity, away):
    class Told(psycopg.InternalError):
        diag = SimpleNamespace(severity_nonlocalized=severity)

    refusal = InternalError("could not write to log file: File too large")
    refusal.__cause__ = Told("the same")
    assert is_away(refusal) is away


def test_a_number_too_large_for_its_column_is_refused_and_not_cut():
    assert settings.DATABASES["default"]["OPTIONS"]["server_side_binding"]
    for size in (2**31, 2**40, -(2**40)):
        with pytest.raises(DataError):
            Thing.objects.create(name="lamp", size=size)
    assert not Thing.objects.exists()
    assert connection.is_usable()


def test_tables_whose_rows_come_and_go_are_swept_often():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, reloptions FROM pg_class"
            " WHERE relname IN ('outbox_first', 'inbox_default', 'idempotency_keys')"
        )
        settings = dict(cursor.fetchall())
    assert len(settings) == 3
    assert all("autovacuum_vacuum_scale_factor=0.01" in options for options in settings.values())
