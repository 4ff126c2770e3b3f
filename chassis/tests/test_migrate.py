"""A migration takes its time over rows, and none over locks."""

from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection

from chassis.management.commands import migrate

pytestmark = pytest.mark.django_db(transaction=True)


def limits() -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, setting FROM pg_settings WHERE name IN ('statement_timeout', 'lock_timeout')")
        return dict(cursor.fetchall())


def test_statements_are_not_cut_off_and_locks_are_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    monkeypatch.setattr(
        "django.core.management.commands.migrate.Command.handle", lambda *_, **__: found.append(limits())
    )
    usual = limits()
    call_command("migrate")
    assert found == [{"statement_timeout": "0", "lock_timeout": "3000"}]
    assert limits() == usual == {"statement_timeout": "15000", "lock_timeout": "5000"}


def test_a_table_that_is_busy_is_tried_again_and_other_faults_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrate, "PAUSE_SECONDS", 0.0)
    tries = []

    def refused(*_: Any, **__: Any) -> None:
        tries.append(1)
        with connection.cursor() as cursor:
            code = "lock_not_available" if len(tries) < 3 else "query_canceled"
            cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{code}'; END $$")

    monkeypatch.setattr("django.core.management.commands.migrate.Command.handle", refused)
    with pytest.raises(OperationalError):
        call_command("migrate")
    assert len(tries) == 3
