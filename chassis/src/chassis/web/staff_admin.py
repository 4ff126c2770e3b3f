"""The bases of every admin page: nothing hidden can be asked of it, and what staff change there is written down."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from copy import copy
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin import actions
from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import get_fields_from_path, unquote
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import FieldDoesNotExist, PermissionDenied, ValidationError
from django.db import DataError, transaction
from django.db.models import Manager, Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, re_path
from django.utils.text import capfirst

from chassis.storage.audit_log import Actor, Door, columns, record
from chassis.web import list_exports
from chassis.web.desk_menu import called
from chassis.web.moments import NamesMoments
from chassis.web.searching import BoundedPaginator, filters_of, order_of, search
from chassis.web.spreadsheets import CONTENT_TYPES, download
from chassis.web.staff_sessions import token_of
from chassis.web.theater_lists import ByTheater
from chassis.web.theaters import theaters_of

# So many rows an action takes in one request: as many as a page of a list shows.
MOST_AT_ONCE = 100
# What Django's own filters ask of the column that they are of.
_ASKED = ("exact", "isnull", "isempty", "gte", "lt")


def actor_of(request: HttpRequest) -> Actor:
    """Who is at work in an admin site, for chassis.storage.audit_log.record: their id at auth, a UUID.

    The id of a local account, a text, where an operator signed in with one."""
    user = request.user
    if user.pk is None:
        raise PermissionDenied
    token = token_of(request)
    if token is None:
        return Actor(str(user.pk), user.get_username(), Door.ADMIN)
    return Actor(token.account_id, user.get_username(), Door.ADMIN, by_code=token.by_code, theaters=token.theaters)


class _Listed(ChangeList):
    """Ordered by what an index has in that order, where there are many rows."""

    model_admin: "StaffAdmin"

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.sortable_by = [column for column in self.sortable_by or () if self.get_ordering_field(column)]

    def get_ordering_field(self, field_name: Any) -> Any:
        wanted = super().get_ordering_field(field_name)
        if self.model_admin.few_rows or wanted is None:
            return wanted
        return order_of(self.model, wanted) if isinstance(wanted, str) else None

    def get_results(self, request: HttpRequest) -> None:
        """Of somebody limited to theaters what is theirs among the first rows of the same list of everybody. A search
        finds any of theirs, and a file has all.
        """
        found, theaters = self.queryset, theaters_of(request)
        if theaters is not None and self.model_admin.goes_by_theaters and not self.query:
            self.queryset = self.model_admin.theirs_among_the_first(self._of_everybody(request), theaters)
        super().get_results(request)
        self.queryset = found

    def _of_everybody(self, request: HttpRequest) -> QuerySet[Any]:
        everybody: Any = copy(request)
        everybody.staff = None
        theirs, self.root_queryset = self.root_queryset, self.model_admin.get_queryset(everybody)
        rows: QuerySet[Any] = self.get_queryset(request)
        self.root_queryset = theirs
        return rows

    def url_for_result(self, result: Any) -> str:
        return self.model_admin.leads_to(result) or super().url_for_result(result)


class StaffAdmin(NamesMoments, ByTheater, admin.ModelAdmin):  # type: ignore[type-arg]  # generic in the stubs alone
    """The base of every page where something can be added, changed, deleted or acted on."""

    change_list_template = "chassis/change_list.html"
    show_full_result_count = False
    paginator = BoundedPaginator
    # Counting each choice of each filter reads the whole table.
    show_facets = admin.ShowFacets.NEVER
    delete_selected_confirmation_template = "chassis/delete_selected.html"
    # Whether what the forms of this page save and delete is recorded by the service that does it.
    recorded_by_service = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        theaters = theaters_of(request)
        return rows if theaters is None else self.of_theaters(rows, theaters)

    def get_field_queryset(self, db: str | None, db_field: Any, request: HttpRequest) -> QuerySet[Any] | None:
        rows = super().get_field_queryset(db, db_field, request)
        theaters, page = theaters_of(request), self.admin_site._registry.get(db_field.remote_field.model)
        if theaters is None or not isinstance(page, StaffAdmin):
            return rows
        return page.of_theaters(page.model._default_manager.all() if rows is None else rows, theaters)

    def kept_because(self, row: Any) -> str:
        """Why nobody deletes this row, a sentence; "": whoever has the right to may."""
        return ""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What stays has no link by which to delete it."""
        return super().has_delete_permission(request, obj) and (obj is None or not self.kept_because(obj))

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        """Of what stays the page says why, and blames nobody's rights."""
        try:
            return super().delete_view(request, object_id, extra_context)
        except PermissionDenied as refused:
            row = super().get_object(request, unquote(object_id))
            if row is None or not self.has_view_permission(request, row):
                raise
            raise PermissionDenied(self.kept_because(row)) from refused

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        name = called(request.path, str(capfirst(self.opts.verbose_name_plural)))
        return super().changelist_view(request, {"title": name, **(extra_context or {})})

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any], *where: Any, **named: Any) -> Any:
        """Django's, of MOST_AT_ONCE rows at most: "select all" would take whatever the table has come to hold."""
        chosen = len(request.POST.getlist(ACTION_CHECKBOX_NAME))
        if request.POST.get("select_across", "0") not in ("", "0"):
            chosen = len(queryset.values_list("pk")[: MOST_AT_ONCE + 1])
        if chosen > MOST_AT_ONCE:
            self.message_user(
                request, f"{MOST_AT_ONCE} {self.opts.verbose_name_plural} at once at most.", messages.ERROR
            )
            return HttpResponseRedirect(request.get_full_path())
        return super().response_action(request, queryset, *where, **named)

    def ask(
        self,
        request: HttpRequest,
        template: str,
        *,
        title: str,
        action: str,
        about: Iterable[Model],
        button: str,
        **shown: Any,
    ) -> HttpResponse:
        """The page on which an action asks before it acts: its template extends `chassis/action.html`.

        action: its name, which is sent again with what was answered. about: the rows that were chosen. button: what is
        on it. shown: what the template shows besides, and `leave`, what the way back is called.
        """
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "opts": self.opts,
            "action": action,
            "selected": [row.pk for row in about],
            "button": button,
            **shown,
        }
        return TemplateResponse(request, template, context)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Only what the page itself asks: an address would tell what a hidden column holds, sign by sign."""
        assert request is not None  # Django 6 has no other form
        return lookup in self._askable(request)

    def _askable(self, request: HttpRequest) -> set[str]:
        """Parameters of the page's filters, its date hierarchy, and of its columns for being equal to something."""
        names: set[str] = set()
        for item in self.get_list_filter(request):
            names |= _parameters_of(self.model, item)
        for column in self.get_list_display(request):
            if isinstance(column, str) and self._is_column(column):
                names |= {column, f"{column}__exact"}
        if self.date_hierarchy:
            names |= {f"{self.date_hierarchy}__{part}" for part in ("year", "month", "day")}
        return names

    def _is_column(self, name: str) -> bool:
        try:
            return bool(self.opts.get_field(name).concrete)
        except FieldDoesNotExist:
            return False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return _Listed

    def get_list_filter(self, request: HttpRequest) -> Any:
        filters = filters_of(self.model, super().get_list_filter(request))
        return filters if theaters_of(request) is None else [_limited(self.model, item) for item in filters]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By indexes (chassis.web.searching); Django's own would read every row as text."""
        return search(queryset, self.get_search_fields(request), search_term, few=self.few_rows), False

    def leads_to(self, row: Any) -> str:
        """The page that a row of the list opens; "": the one with all its fields."""
        return ""

    def look_up(self, rows: Sequence[Any]) -> None:
        """Gives the rows of a page what their columns say and no relation leads to: for all of them at once."""

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        row = super().get_object(request, object_id, from_field)
        if row is not None:
            self.look_up([row])
        return row

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """What no column can hold is refused; Django would show the whole list instead."""
        try:
            listed = super().get_changelist_instance(request)
        except (IncorrectLookupParameters, OverflowError, ValueError, DataError) as exc:
            raise DisallowedModelAdminLookup("This list cannot be asked for that.") from exc
        if type(self).look_up is not StaffAdmin.look_up:
            self.look_up(list(listed.result_list))
        return listed

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_export"
        export = self.admin_site.admin_view(self.export)
        return [re_path(rf"^export\.(?P<kind>{'|'.join(CONTENT_TYPES)})$", export, name=name), *super().get_urls()]

    def export(self, request: HttpRequest, kind: str) -> HttpResponseBase:
        """What the list shows, EXPORTED_ROWS of it at most, as a file; who took it along is on record."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        listed = self.get_changelist_instance(request)
        found = listed.queryset[: settings.EXPORTED_ROWS]
        name = str(self.opts.model_name)
        with transaction.atomic():
            record(actor_of(request), f"{name}.exported", (name, kind), after=dict(request.GET.items()))
        return download(f"{settings.SERVICE_NAME}-{name}", kind, *self.exported(listed, found))

    def exported(self, listed: Any, found: QuerySet[Any]) -> tuple[Sequence[str], Iterable[Sequence[object]]]:
        """Headings and rows of an export. listed: the list that shows what was found; its columns, unless a page has
        others for those who keep books by them."""
        return list_exports.headings(listed), list_exports.rows(listed, found)

    def called(self, request: HttpRequest, keys: Iterable[str]) -> dict[str, str]:
        """What rows are called in the log of what staff did, by key, in one statement; of none that may not be seen.

        A row is called what it says of itself; a page says it otherwise, if that is not what people call it.
        """
        if not self.has_view_permission(request):
            return {}
        rows = self.get_queryset(request).filter(pk__in=_keys_of(self.model, keys))
        along = self.get_list_select_related(request)
        if along:
            rows = rows.select_related(*(() if isinstance(along, bool) else along))
        return {str(row.pk): str(row) for row in rows}

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if not self.recorded_by_service and (form.changed_data or not change):
            self._record_form(request, form, change)

    def _record_form(self, request: HttpRequest, form: Any, change: bool) -> None:
        kind = str(self.opts.model_name)
        initial = {name: form.initial.get(name, form.fields[name].initial) for name in form.changed_data}
        record(
            actor_of(request),
            f"{kind}.{'changed' if change else 'added'}",
            (kind, form.instance.pk),
            before=_told(initial) if change else None,
            after=_told({name: form.cleaned_data.get(name) for name in form.changed_data}),
        )

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """Called before the rows go: by the page of one, in its transaction, and by `delete_selected`."""
        if not self.recorded_by_service:
            kind = str(self.opts.model_name)
            for row in queryset:
                record(actor_of(request), f"{kind}.deleted", (kind, row.pk), before=columns(row))
        return super().log_deletions(request, queryset)


class _OfTheirTheaters(admin.RelatedFieldListFilter):
    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        page = model_admin.admin_site._registry.get(field.remote_field.model)
        if page is None:
            return []
        return [(row.pk, str(row)) for row in page.get_queryset(request)[:MOST_AT_ONCE]]


def _limited(model: type[Model], item: Any) -> Any:
    """A filter by a relation offers what there is of all theaters."""
    if isinstance(item, str) and get_fields_from_path(model, item)[-1].is_relation:
        return item, _OfTheirTheaters
    return item


def _keys_of(model: type[Model], said: Iterable[str]) -> list[Any]:
    """As the model has them; what is no key of it is left out."""
    keys = []
    for key in said:
        with suppress(ValidationError):
            keys.append(model._meta.pk.to_python(key))
    return keys


def _parameters_of(model: type[Model], item: Any) -> set[str]:
    """Of a filter, as list_filter names it."""
    if isinstance(item, type):
        simple: Any = item
        return {simple.parameter_name}
    path = item if isinstance(item, str) else str(item[0])
    field: Any = get_fields_from_path(model, path)[-1]
    asked = {path, *(f"{path}__{how}" for how in _ASKED)}
    return asked | {f"{path}__{field.target_field.name}__exact"} if field.is_relation else asked


def _told(state: dict[str, Any]) -> dict[str, Any]:
    """The values of a form as a record keeps them: a row by its key, several by what they are called."""

    def told(value: Any) -> Any:
        if isinstance(value, Model):
            return value.pk
        if isinstance(value, QuerySet | Manager | list | tuple | set):
            rows = value.all() if isinstance(value, Manager) else value
            return sorted(map(str, rows))
        return value

    return {name: told(value) for name, value in state.items()}


@admin.action(permissions=["delete"], description="Delete selected %(verbose_name_plural)s")
def delete_selected(
    page: "admin.ModelAdmin[Any]", request: HttpRequest, queryset: QuerySet[Any]
) -> HttpResponse | None:
    """Django's, in one transaction: what is written down is deleted."""
    with transaction.atomic():
        return actions.delete_selected(page, request, queryset)


class ReadOnlyAdmin(StaffAdmin):
    """Nothing can be added, changed or deleted here."""

    def kept_because(self, row: Any) -> str:
        return f"{str(self.opts.verbose_name_plural).capitalize()} are kept: nobody deletes them."

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyInline(admin.TabularInline):  # type: ignore[type-arg]  # as above
    """Rows shown with the row that they belong to; nothing can be added, changed or deleted here."""

    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
