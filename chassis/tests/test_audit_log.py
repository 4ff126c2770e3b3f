"""What staff did is written down with the deed, found again, and changed by nobody."""

import csv
import io
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import Group, User
from django.db import DatabaseError, connection, transaction
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from things.models import Thing

from chassis.ids import uuid7
from chassis.storage import audit_log
from chassis.storage.audit_log import Actor, Door, changes, columns, record
from chassis.storage.models import AuditRecord
from chassis.web.staff import local_user

pytestmark = pytest.mark.django_db

ADA = Actor(uuid7(), "ada", Door.API)
LOG = "/admin/chassis/chassis/auditrecord/"


@pytest.fixture
def enter(client: Browser) -> Any:
    """enter("support") → a browser signed in with that role."""

    def sign_in(role: str) -> Browser:
        client.force_login(local_user("root", {role}), backend="django.contrib.auth.backends.ModelBackend")
        return client

    return sign_in


def write(number: int = 0, actor: Actor = ADA, **said: Any) -> None:
    record(actor, said.pop("action", "thing.changed"), ("thing", said.pop("subject", f"id-{number}")), **said)


def listed(browser: Browser, query: str = "") -> list[str]:
    """The subjects on the page, from its first row on."""
    answer = browser.get(f"{LOG}?{query}")
    assert answer.status_code == 200
    return [entry.subject_id for entry in answer.context["cl"].result_list]


def test_a_record_says_who_did_what_and_what_it_was_before() -> None:
    thing = Thing.objects.create(name="lamp", size=1)
    before = columns(thing)
    thing.size = 2
    was, is_now = changes(before, columns(thing))
    record(ADA, "thing.changed", ("thing", thing.id), before=was, after=is_now, reason="Measured again")
    [entry] = AuditRecord.objects.all()
    assert (entry.actor_id, entry.actor_name, entry.door) == (str(ADA.id), "ada", "api")
    assert (entry.action, entry.subject_type, entry.subject_id) == ("thing.changed", "thing", str(thing.id))
    assert (entry.before, entry.after, entry.reason) == ({"size": 1}, {"size": 2}, "Measured again")


def test_whatever_a_field_holds_can_be_written_and_a_secret_never_is() -> None:
    odd = {"id": UUID(int=1), "at": datetime(2026, 3, 1, tzinfo=UTC), "roles": {"b", "a"}, "inner": {"day": None}}
    write(after={**odd, "ticket_tax": 500, "gateway_token": "pm_1", "password": "x", "ticket": "ey"})
    [entry] = AuditRecord.objects.all()
    assert entry.after == {
        "id": str(UUID(int=1)),
        "at": "2026-03-01 00:00:00+00:00",
        "roles": ["a", "b"],
        "inner": {"day": None},
        "ticket_tax": 500,
        **dict.fromkeys(("gateway_token", "password", "ticket"), audit_log.HIDDEN),
    }


@pytest.mark.django_db(transaction=True)
def test_a_record_outside_of_the_transaction_of_its_deed_is_refused() -> None:
    with pytest.raises(transaction.TransactionManagementError):
        write()


@pytest.mark.parametrize("statement", ["UPDATE audit_log SET reason = 'x'", "DELETE FROM audit_log"])
def test_the_database_changes_and_deletes_no_record(statement: str) -> None:
    write()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert AuditRecord.objects.count() == 1


@pytest.mark.parametrize("role", ["support", "manager", "admin"])
def test_whom_the_table_lets_look_finds_an_entry_and_changes_nothing(enter: Any, role: str) -> None:
    write(before={"size": 1}, after={"size": 2, "name": "<b>"}, reason="Because")
    browser = enter(role)
    assert listed(browser) == ["id-0"]
    [entry] = AuditRecord.objects.all()
    page = browser.get(f"{LOG}{entry.pk}/change/").content.decode()
    assert "Because" in page
    assert "&lt;b&gt;" in page
    for below in ("change", "delete"):
        assert browser.post(f"{LOG}{entry.pk}/{below}/", {"reason": "x", "post": "yes"}).status_code == 403
    assert browser.get(f"{LOG}add/").status_code == 403


def test_the_log_is_filtered_and_searched(enter: Any) -> None:
    write(1, reason="Kunde rief an, Größe falsch")
    write(2, Actor("7", "Grace.Hopper", Door.ADMIN), action="thing.deleted")
    write(3, Actor("root", "root", Door.COMMAND), action="thing.added")
    browser = enter("admin")
    assert listed(browser) == ["id-3", "id-2", "id-1"]
    assert listed(browser, "action=thing.deleted") == ["id-2"]
    assert listed(browser, "door=command") == ["id-3"]
    assert listed(browser, "actor_name=ada") == ["id-1"]
    assert listed(browser, "q=hopper") == ["id-2"]
    assert listed(browser, "q=GRÖSSE+kunde") == ["id-1"]
    assert listed(browser, "q=id-3") == ["id-3"]
    assert listed(browser, "q=100%25") == []
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    assert len(listed(browser, f"day={today}")) == 3
    assert listed(browser, "day=2020-02-29") == []
    for odd in ("2026-02-30", "x", "9999-12-31", "0001-01-01"):
        assert browser.get(f"{LOG}?day={odd}").status_code == 400, odd


def test_an_export_is_what_the_list_shows_and_no_formula(enter: Any) -> None:
    write(1, reason='=HYPERLINK("http://example.com")')
    write(2, Actor("2", "@grace", Door.ADMIN), action="thing.deleted", before={"size": 1})
    browser = enter("support")
    answer = browser.get(f"{LOG}export.csv?action=thing.changed")
    assert answer["Content-Type"].startswith("text/csv")
    [row] = csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode()))
    assert row["reason"] == '\'=HYPERLINK("http://example.com")'
    assert (row["subject_id"], row["actor_name"], row["before"]) == ("id-1", "ada", "")
    everything = b"".join(browser.get(f"{LOG}export.csv").streaming_content).decode()
    assert "'@grace" in everything
    assert browser.get(f"{LOG}export.csv?after__startswith=x").status_code == 400


def test_who_may_not_look_exports_nothing(client: Browser) -> None:
    somebody = User.objects.create(username="nobody", is_staff=True)
    client.force_login(somebody, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(LOG).status_code == 403
    assert client.get(f"{LOG}export.csv").status_code == 403


@pytest.mark.parametrize(
    "query", ["", "action=thing.changed", "door=api", "actor_name=ada", "day=2026-03-01", "q=measured"]
)
def test_what_the_page_asks_reads_by_an_index(enter: Any, query: str) -> None:
    """With sequential scans as the last resort, none is needed."""
    write(reason="Measured again")
    browser = enter("admin")
    shown = browser.get(f"{LOG}?{query}").context["cl"].queryset
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    assert "Seq Scan" not in shown.explain()


def test_a_subject_is_called_by_its_name_to_whoever_may_look_at_it_in_one_statement_for_all(
    enter: Any,
) -> None:
    browser = enter("support")

    def statements() -> int:
        with CaptureQueriesContext(connection) as made:
            assert browser.get(LOG).status_code == 200
        return len(made)

    def add(*names: str) -> None:
        for thing in Thing.objects.bulk_create(Thing(name=name) for name in names):
            write(subject=str(thing.id))

    add("the green lamp")
    write(subject="no key of a thing")
    of_few = statements()
    add("a chair", "a table", "a bed")
    assert statements() == of_few
    page = browser.get(LOG).content.decode()
    assert all(name in page for name in ("thing the green lamp", "thing a chair", "thing no key of a thing"))
    rights = Group.objects.get(name="support").permissions
    rights.remove(rights.get(codename="view_thing"))
    page = browser.get(LOG).content.decode()
    assert "the green lamp" not in page
    assert str(Thing.objects.get(name="the green lamp").id) in page
