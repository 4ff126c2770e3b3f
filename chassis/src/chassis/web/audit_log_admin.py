"""The admin's page of the audit log: found by who, what, when and why."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC
from typing import Any, ClassVar

from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html, format_html_join

from chassis.storage.audit_log import Door
from chassis.storage.models import AuditRecord
from chassis.web.day_filter import KeyDayFilter
from chassis.web.in_words import in_words
from chassis.web.list_exports import chunks
from chassis.web.searching import BoundedPaginator, known_values
from chassis.web.staff_admin import ReadOnlyAdmin, StaffAdmin, actor_of
from chassis.web.theaters import theaters_of

# So many entries a list counts, the newest first.
COUNTED = 10_000
_CODE = re.compile(r"[a-z]+(_[a-z]+)+")
COLUMNS = (
    *("at", "actor_name", "actor_id", "door", "action", "subject_type", "subject_id"),
    *("reason", "before", "after", "correlation_id"),
)


class KnownValues(admin.SimpleListFilter):
    """One of the values that a column of the log holds."""

    parameter_name: str

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        field = AuditRecord._meta.get_field(self.parameter_name)
        return [(value, value) for value in known_values(field)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset if self.value() is None else queryset.filter(**{self.parameter_name: self.value()})


class ActorFilter(KnownValues):
    title = "who"
    parameter_name = "actor_name"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Of whoever is limited to theaters themselves: colleagues of other houses are not named to them."""
        if theaters_of(request) is None:
            return super().lookups(request, model_admin)
        return [(name := actor_of(request).name, name)]


class ActionFilter(KnownValues):
    title = "what"
    parameter_name = "action"


class DoorFilter(KnownValues):
    title = "door"
    parameter_name = "door"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(door.value, {"api": "API", "admin": "Admin site", "command": "Command"}[door]) for door in Door]


class LogPaginator(BoundedPaginator):
    most = COUNTED


class AuditRecordAdmin(ReadOnlyAdmin):
    list_display = ["moment", "actor_name", "door", "action", "about", "reason"]
    list_display_links = ["moment"]
    list_filter = [ActionFilter, DoorFilter, ActorFilter, KeyDayFilter]
    search_fields: ClassVar = ["words"]
    search_help_text = f"Name, id or reason, or a part of them. Of many, the newest {COUNTED:,} are listed."
    fields = [
        *("moment", "actor_name", "actor_id", "door", "action", "about"),
        *("reason", "changed", "correlation_id"),
    ]
    ordering = ["-id"]
    sortable_by: ClassVar[list[str]] = []
    paginator = LogPaginator

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """An entry does not say of which theater it is, so whoever is limited to some reads their own deeds."""
        entries = super().get_queryset(request)
        if theaters_of(request) is None:
            return entries
        actor = actor_of(request)
        return entries.filter(actor_name=actor.name, actor_id=str(actor.id))

    @admin.display(description="when")
    def moment(self, entry: AuditRecord) -> str:
        return f"{entry.at.astimezone(UTC):%-d %b %Y %H:%M:%S} UTC"

    @admin.display(description="about")
    def about(self, entry: AuditRecord) -> str:
        """By what it is called, if it is still there; linked, where this site has a page of it."""
        called = f"{entry.subject_type} {getattr(entry, 'called', '') or entry.subject_id}"
        try:
            model = apps.get_model(settings.SERVICE_APP, entry.subject_type)
            page = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[entry.subject_id])
        except (LookupError, NoReverseMatch):
            return called
        return format_html('<a href="{}">{}</a>', page, called)

    def _call(self, request: HttpRequest, entries: Sequence[Any]) -> None:
        """Gives the entries what the pages of their subjects call these, a statement for each kind of subject."""
        keys: dict[str, set[str]] = defaultdict(set)
        for entry in entries:
            keys[entry.subject_type].add(entry.subject_id)
        for kind, ids in keys.items():
            page = self._page_of(kind)
            called = page.called(request, ids) if page is not None else {}
            for entry in entries:
                if entry.subject_type == kind:
                    entry.called = called.get(entry.subject_id, "")

    def _page_of(self, kind: str) -> StaffAdmin | None:
        try:
            page = self.admin_site._registry.get(apps.get_model(settings.SERVICE_APP, kind))
        except LookupError:
            return None
        return page if isinstance(page, StaffAdmin) else None

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        entry = super().get_object(request, object_id, from_field)
        if entry is not None:
            self._call(request, [entry])
        return entry

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        listed = super().get_changelist_instance(request)
        self._call(request, list(listed.result_list))
        return listed

    @admin.display(description="what changed")
    def changed(self, entry: AuditRecord) -> str:
        before, after = entry.before or {}, entry.after or {}
        rows = [(in_words(name), _read(before.get(name)), _read(after.get(name))) for name in {**before, **after}]
        if not rows:
            return "-"
        lines = format_html_join("", "<tr><th scope='row'>{}</th><td>{}</td><td>{}</td></tr>", rows)
        return format_html(
            "<table><thead><tr><th>field</th><th>before</th><th>after</th></tr></thead><tbody>{}</tbody></table>", lines
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Every word of the term, anywhere in the words of the entry; the trigram index finds them."""
        for word in search_term.casefold().split():
            queryset = queryset.filter(words__contains=word)
        return queryset, False

    def exported(self, listed: Any, found: QuerySet[Any]) -> tuple[Sequence[str], Iterable[Sequence[object]]]:
        """All of an entry, for whoever reads the log elsewhere."""
        return COLUMNS, _rows(found)


def _rows(entries: QuerySet[Any]) -> Iterator[Sequence[object]]:
    for chunk in chunks(entries):
        for entry in chunk:
            yield [getattr(entry, name) for name in COLUMNS]


def _read(value: Any) -> str:
    """For the page: a code in words, a list and a table as such; what is written by people stays as it is."""
    match value:
        case str():
            return in_words(value) if _CODE.fullmatch(value) else value
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(map(_read, value))
        case dict():
            return "; ".join(f"{in_words(name)}: {_read(part)}" for name, part in value.items())
        case _:
            return _shown(value)


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
