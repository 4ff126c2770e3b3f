"""The base of every admin page: what may be asked of it, and what it writes down."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django import forms
from django.contrib import admin
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from things.models import Thing

from chassis.ids import uuid7
from chassis.storage.models import AuditRecord, OutboxMessage
from chassis.testing_pages import (
    assert_lists_are_taken_along,
    assert_nothing_hidden_can_be_asked,
    assert_odd_addresses_are_refused,
    read_table,
)
from chassis.web.spreadsheets import from_text
from chassis.web.staff import local_user
from chassis.web.staff_admin import MOST_AT_ONCE

pytestmark = pytest.mark.django_db

THINGS = "/admin/chassis/things/thing/"


@pytest.fixture
def root(client: Browser) -> Browser:
    client.force_login(local_user("root", {"admin"}), backend="django.contrib.auth.backends.ModelBackend")
    return client


def recorded() -> list[tuple[Any, ...]]:
    entries = AuditRecord.objects.order_by("id")
    assert {(entry.actor_name, entry.door) for entry in entries} <= {("root", "admin")}
    return [(entry.action, entry.before, entry.after) for entry in entries]


def test_nothing_hidden_can_be_asked_of_a_list() -> None:
    assert_nothing_hidden_can_be_asked(local_user("root", {"admin"}))


def test_odd_addresses_and_forms_are_refused(root: Browser) -> None:
    assert_odd_addresses_are_refused(root)


def test_every_list_is_taken_along_as_it_is_shown(root: Browser) -> None:
    Thing.objects.create(name="lamp", size=7)
    assert_lists_are_taken_along(root)


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "'=1", "plain", "'quoted"])
def test_a_text_that_looks_like_a_formula_is_a_text_and_comes_back_as_it_was(root: Browser, name: str) -> None:
    Thing.objects.create(name=name, size=7)
    for kind in ("csv", "xlsx"):
        table = read_table(kind, b"".join(root.get(f"{THINGS}export.{kind}").streaming_content))
        [cell] = [cell for cell in table[1] if str(cell).endswith(name.strip())]
        assert cell[0] not in "=+-@\t\r"
        assert from_text(cell).replace("\r", "\n") == name.replace("\r", "\n")  # XML has one end of a line
    assert name in json.loads(b"".join(root.get(f"{THINGS}export.json").streaming_content))[0].values()


def test_a_file_holds_no_more_rows_than_are_set_and_costs_no_statement_a_row(root: Browser, settings: Any) -> None:
    def asked() -> tuple[int, int]:
        with CaptureQueriesContext(connection) as made:
            lines = b"".join(root.get(f"{THINGS}export.csv").streaming_content).splitlines()
        return len(lines), len(made)

    Thing.objects.create(name="first")
    _, statements = asked()
    Thing.objects.bulk_create(Thing(id=uuid7(), name=str(number)) for number in range(50))
    assert asked() == (52, statements)
    settings.EXPORTED_ROWS = 10
    assert asked() == (11, statements)


def test_a_field_that_a_list_does_not_show_is_refused_with_400(root: Browser) -> None:
    Thing.objects.create(name="lamp", size=7)
    assert root.get(f"{THINGS}?name=lamp").context["cl"].result_count == 1
    for hidden in ("size=7", "size__exact=7", "name__startswith=l", "nothing=1"):
        assert root.get(f"{THINGS}?{hidden}").status_code == 400, hidden


def test_what_a_form_adds_changes_and_deletes_is_written_down_with_before_and_after(root: Browser) -> None:
    assert root.post(f"{THINGS}add/", {"name": "lamp", "size": "1"}).status_code == 302
    thing = Thing.objects.get()
    assert root.post(f"{THINGS}{thing.pk}/change/", {"name": "lamp", "size": "2"}).status_code == 302
    assert root.post(f"{THINGS}{thing.pk}/change/", {"name": "lamp", "size": "2"}).status_code == 302
    assert root.post(f"{THINGS}{thing.pk}/delete/", {"post": "yes"}).status_code == 302
    added, changed, deleted = recorded()
    assert added == ("thing.added", None, {"name": "lamp", "size": 1})
    assert changed == ("thing.changed", {"size": 1}, {"size": 2})
    assert deleted == ("thing.deleted", {"id": str(thing.pk), "name": "lamp", "size": 2}, None)


def test_every_row_that_is_deleted_from_the_list_is_written_down(root: Browser) -> None:
    things = [Thing.objects.create(name=name) for name in ("a", "b")]
    form = {"action": "delete_selected", "_selected_action": [str(thing.pk) for thing in things], "post": "yes"}
    assert root.post(THINGS, form).status_code == 302
    assert [action for action, _, _ in recorded()] == ["thing.deleted"] * 2
    assert not Thing.objects.exists()


@pytest.mark.parametrize("across", [True, False])
def test_no_action_takes_more_rows_than_a_page_shows(root: Browser, across: bool) -> None:
    things = Thing.objects.bulk_create(Thing(id=uuid7(), name=str(number)) for number in range(MOST_AT_ONCE + 1))
    chosen = [str(thing.pk) for thing in things]
    form = {"action": "delete_selected", "post": "yes", "_selected_action": chosen[:1] if across else chosen}
    refused = root.post(THINGS, form | ({"select_across": "1"} if across else {}), follow=True)
    assert "100 things at once at most." in refused.content.decode()
    assert Thing.objects.count() == MOST_AT_ONCE + 1
    things[0].delete()
    root.post(THINGS, form | ({"select_across": "1"} if across else {"_selected_action": chosen[1:]}))
    assert not Thing.objects.exists()


def test_a_form_that_is_refused_writes_nothing_down(root: Browser) -> None:
    assert root.post(f"{THINGS}add/", {"name": "", "size": "1"}).status_code == 200
    assert recorded() == []


def test_a_time_is_shown_with_the_name_of_its_clock(root: Browser) -> None:
    OutboxMessage.objects.create(exchange="x", type="thing.made", body={})
    page = root.get("/admin/chassis/chassis/outboxmessage/").content.decode()
    assert f"{datetime.now(UTC):%b %Y}" in page
    assert re.search(r"\d\d:\d\d UTC", page)


def test_the_way_to_the_dead_letters_is_no_link_in_a_heading(root: Browser) -> None:
    """Which is in the colour of links on the colour of headings, and nobody could read it."""
    page = root.get("/admin/chassis/").content.decode()
    assert "Dead letters</a></p>" in page


def test_the_way_to_the_dead_letters_is_in_the_column_of_the_lists(root: Browser) -> None:
    """Which floats: what stands after it is drawn behind it, and pushes down what is beside it."""
    page = root.get("/admin/chassis/").content.decode()
    before = page.partition('<div id="content-main">')[2].partition('<div class="module"><h2>Queues')[0]
    assert before.count("<div") == before.count("</div>") > 0


@pytest.mark.parametrize(
    ("address", "status"), [(f"{THINGS}?nothing=1", 400), ("/admin/chassis/nothing/", 404), (THINGS, 403)]
)
def test_what_is_refused_is_said_in_words_with_a_way_back(root: Browser, address: str, status: int) -> None:
    if status == 403:
        root = Browser(enforce_csrf_checks=True)
        root.force_login(local_user("root", {"admin"}), backend="django.contrib.auth.backends.ModelBackend")
        answer = root.post(address, {"action": "delete_selected"})
    else:
        answer = root.get(address)
    page = answer.content.decode()
    assert answer.status_code == status
    assert '<a href="/admin/chassis/">Back to the first page</a>' in page
    assert page.count("<p>") == 2


def test_what_nobody_deletes_says_why_and_blames_no_rights(root: Browser) -> None:
    message = OutboxMessage.objects.create(exchange="x", type="thing.made", body={})
    address = f"/admin/chassis/chassis/outboxmessage/{message.pk}/"
    assert "/delete/" not in root.get(f"{address}change/").content.decode()
    refused = root.get(f"{address}delete/")
    assert refused.status_code == 403
    assert "Outbox messages are kept: nobody deletes them." in refused.content.decode()


@pytest.mark.parametrize("field", [forms.DateField, forms.DateTimeField, forms.SplitDateTimeField])
@pytest.mark.parametrize(("year", "is_good"), [("0001", False), ("2026", True), ("9999", False)])
def test_no_form_takes_a_day_that_another_zone_cannot_tell_of(
    root: Browser, field: type[forms.Field], year: str, is_good: bool
) -> None:
    asks = type("Asks", (forms.Form,), {"day": field()})
    typed = f"{year}-12-31" if field is forms.DateField else f"{year}-12-31 23:59"
    sent = dict(zip(("day_0", "day_1"), typed.split(), strict=False))
    form = asks(sent if field is forms.SplitDateTimeField else {"day": typed})
    assert form.is_valid() is is_good
    assert is_good or form.has_error("day", "out_of_reach")


def test_each_box_for_a_moment_says_which_moment_it_is() -> None:
    page, column = admin.site.get_model_admin(Thing), OutboxMessage._meta.get_field("published_at")
    drawn = page.formfield_for_dbfield(column, None).widget.render("published_at", None)
    for name in ("Published at, date", "Published at, time"):
        assert f'aria-label="{name}"' in drawn
