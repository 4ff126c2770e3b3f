"""For the tests of a service: what people read on the pages of its admin site, and whether it is words."""

import re
from collections.abc import Iterable
from html.parser import HTMLParser
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db.models import Model
from django.test import RequestFactory
from django.urls import reverse

from chassis.ids import uuid7
from chassis.storage.audit_log import Actor, Door, record
from chassis.storage.models import AuditRecord, IdempotencyKey, OutboxMessage
from chassis.testing_pages import pages

# Of these operators read by what programmes call things: an event's type, an endpoint's key.
TECHNICAL: tuple[type[Model], ...] = (OutboxMessage, IdempotencyKey)

CODE = re.compile(r"(?<![\w./@-])[a-z0-9]+(?:_[a-z0-9]+)+(?![\w./@-])")
JSON = re.compile(r"[\[{]['\"]|\[\]|\{\}|['\"]: ?['\"\[{]")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
TIME = re.compile(r"\b\d{1,2}:\d\d(?::\d\d)?\b *([A-Z]{2,5}\b|[A-Z][a-z]+/[A-Z]\w+|[+-]\d\d\b)?")
# What is typed into, and what is quoted as it stands.
UNREAD = frozenset({"script", "style", "textarea", "select", "title", "code", "pre"})


class Reader(HTMLParser):
    """What somebody reads of a page: a line for each cell, paragraph or item; and where its links lead."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.lines: list[str] = [""]
        self.links: list[str] = []
        # The text of the first cell of each row of a list.
        self.names: list[str] = []
        self._unread = 0
        self._naming = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in UNREAD:
            self._unread += 1
        if tag not in ("a", "strong", "em", "b", "i", "span"):
            self.lines.append("")
        if tag == "a":
            self.links.append(dict(attrs).get("href") or "")
        if tag == "th" and "field-" in (dict(attrs).get("class") or ""):
            self.names.append("")
            self._naming = True

    def handle_endtag(self, tag: str) -> None:
        if tag in UNREAD:
            self._unread -= 1
        if tag == "th":
            self._naming = False

    def handle_data(self, data: str) -> None:
        if not self._unread:
            self.lines[-1] += " ".join(data.split()) + " "
            if self._naming:
                self.names[-1] += data


def assert_pages_are_in_words(browser: Any, rows: Iterable[Model]) -> None:
    """On no list and no page of a row stands a code, JSON, or a time without its clock; and what stays says why.

    browser: a client of django.test, signed in as a superuser. rows: at least one of each model that the service has a
    page of.
    """
    of: dict[type[Model], Model] = {type(row): row for row in [*_of_the_chassis(), *rows]}
    read = 0
    for model, page in pages().items():
        if model in TECHNICAL:
            continue
        assert model in of, f"no row to read of {model.__name__}"
        place = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        listed = _read(browser, reverse(f"{place}_changelist"))
        assert listed.names, model
        for name in listed.names:
            assert not UUID.search(name), f"{model.__name__} is listed by an id"
        shown = _read(browser, reverse(f"{place}_change", args=[of[model].pk]))
        assert not any(f"{model.__name__} object" in line for line in shown.lines)
        read += 2
        _assert_what_stays_says_why(browser, page, place, of[model], shown)
    assert read > 4
    # What the gateway has at / is for programmes.
    assert "View site" not in browser.get(reverse("admin:index")).content.decode()


def _of_the_chassis() -> list[Model]:
    """Rows of the tables that every service has."""
    actor = Actor(uuid7(), "linh", Door.ADMIN)
    about = ("thing", "7")
    was, is_now = {"full_name": "Ada", "is_open": True}, {"full_name": "Bea", "state": "not_open", "tags": ["a", "b"]}
    record(actor, "thing.changed", about, before=was, after=is_now)
    groups, users = Group.objects.all()[:1], get_user_model()._default_manager.all()[:1]
    return [*groups, *users, AuditRecord.objects.latest("id")]


def _read(browser: Any, address: str) -> Reader:
    answer = browser.get(address)
    assert answer.status_code == 200, address
    content = answer.content.decode()
    reader = Reader(content[content.index('<div id="content"') :])
    for line in reader.lines:
        assert not CODE.search(line), (address, line)
        assert not JSON.search(line), (address, line)
        assert line.strip() != "None", address
        for time in TIME.finditer(line):
            assert time[1], (address, line)
    return reader


def _assert_what_stays_says_why(browser: Any, page: Any, place: str, row: Model, shown: Reader) -> None:
    request = RequestFactory().get("/")
    request.user = browser.get(reverse("admin:index")).context["user"]
    address = reverse(f"{place}_delete", args=[row.pk])
    if page.has_delete_permission(request, row):
        assert any(link.endswith("/delete/") for link in shown.links)
        assert browser.get(address).status_code == 200
        return
    assert not any(link.endswith("/delete/") for link in shown.links), address
    for refused in (browser.get(address), browser.post(address, {"post": "yes"})):
        assert refused.status_code == 403
        assert str(page.kept_because(row)) in refused.content.decode(), address
        assert "permission" not in refused.content.decode()
        assert page.kept_because(row), address
