"""For the tests of a service: what every page of its admin site has to stand, whoever asks it what."""

import csv
import io
import json
import re
import warnings
from collections.abc import Callable, Container, Iterable, Iterator
from importlib import import_module
from typing import Any, cast
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import get_fields_from_path, label_for_field
from django.contrib.postgres.indexes import GinIndex
from django.core.exceptions import FieldDoesNotExist
from django.db import transaction
from django.db.models import Field, Model, UniqueConstraint, UUIDField
from django.test import RequestFactory
from django.urls import reverse
from openpyxl import load_workbook

from chassis.storage.models import AuditRecord
from chassis.web.spreadsheets import CONTENT_TYPES
from chassis.web.staff_admin import StaffAdmin

HOW = ("", "exact", "startswith", "gt", "regex", "in", "isnull")
# Nothing that a page's own links and forms would send.
ODD_VALUES = ("x", "-1", "9" * 40, "1e999", "true", "0001-01-01", "2026-13-45", "9999-12-31", "\ud7ff'\"%_", "{}", ",")
UNKNOWN = ("unknown=1", "id__a__b__c=1", "pk__in=x", "=1", "password=x")
ODD_LISTS = (
    *(*UNKNOWN, "e=1", "p=-1", "p=" + "9" * 40, "o=x.-.99." + "9" * 40, "q=%00", "q=%ff" + "%27%22%5C%25" * 40),
    *("_to_field=password", "_popup=x", "_facets=1"),
)
# What staff paste into the search of any list: a name, a number, an id, an address.
SEARCHED = ("anna+b", "4711", "019c0000-0000-7000-8000-000000000000", "anna@example.com", "192.0.2.1", "2001:db8::1")
# A form that was refused, and does not say why.
SAYS_NOTHING = re.compile(rb"""<ul class="errorlist[^>]*>\s*(?:<li>\s*</li>|</ul>)|"errornote">\s*</p>""")
ODD_KEYS = ("x", "9" * 40, "-1", "a/b", "%2500", "_5F", "019c0000-0000-7000-8000-00000000000g")


def pages() -> dict[type[Model], Any]:
    """The pages of the admin site, by the model that each is of."""
    import_module(settings.ROOT_URLCONF)  # which registers them
    # Django looks at those that are registered by then; commands load the routes before, or after, or not at all.
    assert not admin.site.check(None)
    return dict(admin.site._registry)


def assert_nothing_hidden_can_be_asked(superuser: Any) -> None:
    """Of every list: each field, and each field of each relation, by each of HOW.

    Answered is only what a column, a filter or the date hierarchy of the page shows, and never a comparison that would
    tell a value sign by sign. What a page allows is asked of all; the list itself is asked too for what is allowed, and
    for one comparison of each field, another one from field to field.
    """
    refused = answered = 0
    for model, page in pages().items():
        assert isinstance(page, StaffAdmin), page
        for number, path in enumerate(_paths(model)):
            for how in HOW:
                parameter = f"{path}__{how}" if how else path
                request = RequestFactory().get("/", {parameter: "1"})
                request.user = superuser
                allowed = page.lookup_allowed(parameter, "1", request)
                refused += not allowed
                if (allowed or how == HOW[number % len(HOW)]) and _is_answered(page, request):
                    assert allowed, parameter
                    assert how in ("", "exact", "isnull"), parameter
                    assert _is_shown(page, request, path), parameter
                    answered += 1
    assert refused > 300
    assert answered


def _is_answered(page: Any, request: Any) -> bool:
    point = transaction.savepoint()
    try:
        list(page.get_changelist_instance(request).result_list)
    except DisallowedModelAdminLookup:
        return False
    finally:
        transaction.savepoint_rollback(point)
    return True


def _paths(model: type[Model]) -> Iterator[str]:
    fields: list[Any] = list(model._meta.get_fields())
    for field in fields:
        yield field.name
        if field.is_relation and field.related_model:
            yield from (f"{field.name}__{there.name}" for there in field.related_model._meta.get_fields())
        if isinstance(field, Field) and field.attname != field.name:
            yield field.attname


def _is_shown(page: Any, request: Any, path: str) -> bool:
    """As a column, or as a filter with all its choices."""
    shown = {column for column in page.get_list_display(request) if isinstance(column, str)}
    for item in page.get_list_filter(request):
        shown.add(item if isinstance(item, str) else getattr(item, "parameter_name", None) or item[0])
    return path in shown or path.rpartition("__")[0] in shown


def assert_odd_addresses_are_refused(browser: Any) -> None:
    """What nobody's page sends is answered 400, or as if it had not been said; never 500, and by no way around.

    browser: a client of django.test, signed in as a superuser."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # Django's, of a day without a zone
        _assert_odd_addresses_are_refused(browser)


def _assert_odd_addresses_are_refused(browser: Any) -> None:
    asked = 0
    user = _user_of(browser)
    known: set[object] = set()
    for number, (model, page) in enumerate(pages().items()):
        place = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        request = RequestFactory().get("/")
        request.user = user
        for query in ODD_LISTS:
            status = _get(browser, f"{place}?{query}")
            assert status in ({400} if query in UNKNOWN else {200, 400}), (place, query, status)
            asked += 1
        for word in SEARCHED if page.search_fields else ():
            assert _list(page, user, {"q": word}), (place, word)
        for kind, parameter in _kinds(model, page._askable(request)).items():
            if kind not in known:
                for odd in ODD_VALUES:
                    _list(page, user, {parameter: odd})
        known |= set(_kinds(model, page._askable(request)))
        for turn, key in enumerate(ODD_KEYS):
            below = ("change", "delete", "history")[(turn + number) % 3]
            assert _get(browser, f"{place}{key}/{below}/") in {302, 400, 403, 404}, (place, key, below)
        _assert_odd_forms_are_refused(browser, place, page, request)
    assert asked >= 4 * len(ODD_LISTS)


def _kinds(model: type[Model], parameters: Iterable[str]) -> dict[object, str]:
    """One parameter of each kind: Django reads a value by the class of its field and the lookup. What is no field is a
    kind of its own."""
    kinds: dict[object, str] = {}
    for parameter in sorted(parameters):
        name, _, how = parameter.partition("__")
        try:
            field = model._meta.get_field(name)
        except FieldDoesNotExist:
            kinds[model, parameter] = parameter
        else:
            kinds[type(field), field.null, bool(getattr(field, "choices", None)), how] = parameter
    return kinds


def _assert_odd_forms_are_refused(browser: Any, place: str, page: Any, request: Any) -> None:
    for name in page.get_actions(request):
        for key, index in (("x", "0"), ("\0", "9" * 40), ("9" * 40, "0")):
            form = {"action": name, ACTION_CHECKBOX_NAME: [key], "index": index}
            assert _post(browser, place, form) in {200, 302, 400}, (place, name, key)
    if page.has_add_permission(request):
        fields = [field.name for field in page.model._meta.get_fields()]
        odd = (*ODD_VALUES, "a\tb")
        for turn in range(len(odd)):
            form = {field: odd[(turn + number) % len(odd)] for number, field in enumerate(fields)}
            assert _post(browser, f"{place}add/", form) in {200, 302, 400}
        assert _get(browser, f"{place}add/?{urlencode(form)}") in {200, 400}
        assert _get(browser, f"{place}add/?{urlencode(dict.fromkeys(fields, odd[0]))}") in {200, 400}
        assert _post(browser, f"{place}add/", dict.fromkeys(fields, "\0")) in {200, 400}


def _list(page: Any, user: Any, query: dict[str, str]) -> bool:
    """Whether there is such a list, without the page around it; one that cannot be asked for that is refused."""
    request = RequestFactory().get("/", query)
    request.user = user
    return _is_answered(page, request)


def _get(browser: Any, address: str) -> int:
    return _undone(lambda: browser.get(address))


def _post(browser: Any, address: str, form: dict[str, Any]) -> int:
    def ask() -> Any:
        answer = browser.post(address, form)
        if not answer.streaming:
            assert not SAYS_NOTHING.search(answer.content), (address, form)
        return answer

    return _undone(ask)


def _undone(ask: Callable[[], Any]) -> int:
    """The status; without what was done, and with a transaction that goes on when the database refused a value."""
    point = transaction.savepoint()
    try:
        return int(ask().status_code)
    finally:
        transaction.savepoint_rollback(point)


def _user_of(browser: Any) -> Any:
    from django.contrib.auth import get_user

    class Holder:
        session = browser.session

    return get_user(Holder)  # type: ignore[arg-type]  # of a request it asks for the session alone


def assert_lists_are_taken_along(browser: Any) -> None:
    """Every list, in every kind of file, with the headings and at most so many rows as the page shows, by the same
    filters; and each time it is on record.

    browser: a client of django.test, signed in as a superuser."""
    user = _user_of(browser)
    asked = 0
    for model, page in pages().items():
        place = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        assert b"export.csv?p=0" in browser.get(f"{place}?p=0").content, place
        assert _get(browser, f"{place}export.csv?password=x") == 400, place
        for kind, content_type in CONTENT_TYPES.items():
            before = AuditRecord.objects.count()
            answer = browser.get(f"{place}export.{kind}")
            assert (answer.status_code, answer["Content-Type"]) == (200, content_type), place
            content = b"".join(answer.streaming_content)
            assert AuditRecord.objects.count() == before + 1
            if type(page).exported is StaffAdmin.exported:
                _assert_is_as_shown(page, user, kind, content)
            asked += 1
    assert asked >= 15


def _assert_is_as_shown(page: Any, user: Any, kind: str, content: bytes) -> None:
    request = RequestFactory().get("/")
    request.user = user
    listed = page.get_changelist_instance(request)
    wanted = [str(label_for_field(name, page.model, page)) for name in listed.list_display if name != "action_checkbox"]
    table = read_table(kind, content)
    assert table[:1] == ([wanted] if kind != "json" or len(table) > 1 else []), page
    assert len(table[1:]) >= min(len(listed.result_list), 1), page
    for line in table[1:]:
        assert not any(isinstance(cell, str) and ("<a " in cell or "<img" in cell) for cell in line), page


def read_table(kind: str, content: bytes) -> list[list[Any]]:
    """The headings of an export, and its lines."""
    if kind == "csv":
        return list(csv.reader(io.StringIO(content.decode(), newline="")))
    if kind == "json":
        rows = json.loads(content)
        return [list(rows[0]), *(list(row.values()) for row in rows)] if rows else []
    sheet = load_workbook(io.BytesIO(content)).active
    assert sheet is not None
    return [list(row) for row in sheet.iter_rows(values_only=True)]


def assert_searches_have_indexes(*, few: Container[str]) -> None:
    """What a page's search looks in has an index for the way in which it looks (chassis.web.searching).

    few: the names of models that never have many rows, whatever the house does."""
    asked = 0
    for model, page in pages().items():
        for name in page.search_fields:
            if type(page).get_search_results is not StaffAdmin.get_search_results:
                continue
            path = name.removeprefix("=")
            *_, field = get_fields_from_path(model, path)
            if field.model._meta.model_name in few:
                continue
            asked += 1
            if path == name and not isinstance(field, UUIDField):
                assert field.column in _parts_found(field.model), f"{model.__name__}: {name} wants a trigram index"
            else:
                assert field.column in _first_columns(field.model), f"{model.__name__}: {name} wants an index"
    assert asked


def _parts_found(model: type[Model]) -> set[str]:
    """Columns that have an index of the parts of their texts (chassis.storage.indexes.by_part_of)."""
    return {
        str(source.name)
        for index in model._meta.indexes
        if isinstance(index, GinIndex)
        for operator in cast(Iterable[Any], index.expressions)
        if operator.extra.get("name") == "gin_trgm_ops"
        for upper in operator.get_source_expressions()
        for source in upper.get_source_expressions()
    }


def _first_columns(model: type[Model]) -> set[str]:
    """Columns by which an index of the whole table begins."""
    whole = [each for each in model._meta.indexes if each.condition is None or _but_for_blanks(each)]
    unique = [each for each in model._meta.constraints if isinstance(each, UniqueConstraint)]
    names = {each.fields[0].lstrip("-") for each in (*whole, *unique) if each.fields}
    fields: list[Any] = list(model._meta.concrete_fields)
    names |= {field.name for field in fields if field.unique or field.db_index}
    return {field.column for field in fields if field.name in names}


def _but_for_blanks(index: Any) -> bool:
    condition = str(index.condition)
    return bool(index.fields) and condition in (f"(AND: ('{index.fields[0]}__isnull', False))",)
