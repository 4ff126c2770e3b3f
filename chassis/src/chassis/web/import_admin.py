"""The page of an admin site on which a file is imported: looked at first, and then all of it or nothing."""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from chassis.storage.audit_log import Actor
from chassis.web.importing import Columns, Imported, ImportRefused
from chassis.web.in_words import in_words
from chassis.web.problems import Problem
from chassis.web.staff_admin import StaffAdmin, actor_of
from chassis.web.tables import MOST_BYTES, Table, kind_of, read_table

# For so long a file that was looked at is kept for whoever brought it, in seconds; one of them for each page.
_KEPT = 15 * 60


class FileForm(forms.Form):
    file = forms.FileField(
        help_text=f"CSV (UTF-8), a workbook (.xlsx) or JSON, {MOST_BYTES // 1024} KiB at most.",
        widget=forms.FileInput(attrs={"accept": ".csv,.xlsx,.json"}),
    )


class ImportAdmin(StaffAdmin):
    """A list into which a file can be imported, with a page that says what would come of it.

    imports: what the page is called by in addresses; imports_called: by people, if that is another word. most_lines: of
    a file.
    """

    imports: ClassVar[str]
    imports_called: ClassVar[str] = ""
    most_lines: ClassVar[int]
    change_list_template = "chassis/import_list.html"

    def places(self, request: HttpRequest) -> Iterable[Any] | None:
        """Where a file may be imported to, of which one is chosen first; None: there is but one place."""
        return None

    def place(self, request: HttpRequest, key: str) -> Any:
        """The one with this key; None if there is none."""
        raise NotImplementedError

    def columns(self, place: Any) -> Columns:
        raise NotImplementedError

    def carry_out(self, place: Any, table: Table, *, actor: Actor, dry_run: bool) -> Imported:
        """Raises Problem."""
        raise NotImplementedError

    def has_import_permission(self, request: HttpRequest) -> bool:
        return self.has_add_permission(request)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.import_view)
        return [path("import/", view, name=f"{self.opts.app_label}_import_{self.imports}"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        offered = self._title if self.has_import_permission(request) else ""
        return super().changelist_view(request, {**(extra_context or {}), "import_title": offered})

    @property
    def _title(self) -> str:
        return f"Import {self.imports_called or in_words(self.imports)}"

    def import_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_import_permission(request):
            raise PermissionDenied
        places = self.places(request)
        place = None if places is None else self.place(request, request.GET.get("of", ""))
        looking = request.method == "POST" and (places is None or place is not None)
        form = FileForm(request.POST, request.FILES) if looking and "do" not in request.POST else FileForm()
        context: dict[str, Any] = {}
        if looking and "do" in request.POST:
            context = self._import(request, place)
        elif looking and form.is_valid():
            context = self._look(request, place, form.cleaned_data["file"])
        if context.get("done"):
            return HttpResponseRedirect(reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"))
        shown = {
            **self.admin_site.each_context(request),
            "title": self._title,
            "opts": self.opts,
            "form": form,
            "place": place,
            "places": places if place is None else None,
            "columns": None if places is not None and place is None else self.columns(place),
            "most_lines": min(self.most_lines, settings.IMPORTED_LINES),
            **context,
        }
        return TemplateResponse(request, "chassis/import.html", shown)

    def _look(self, request: HttpRequest, place: Any, file: Any) -> dict[str, Any]:
        """What would come of it. What can be imported is kept, to be imported as it was looked at."""
        body, name = file.read(MOST_BYTES + 1), str(file.name)
        context = self._tried(request, place, body, name, dry_run=True)
        if not context["faults"]:
            cache.set(self._key(request), (body, name), _KEPT)
            context["kept"] = sha256(body).hexdigest()
        return context

    def _import(self, request: HttpRequest, place: Any) -> dict[str, Any]:
        body, name = cache.get(self._key(request), (b"", ""))
        if not body or sha256(body).hexdigest() != request.POST["do"]:
            self.message_user(request, "The file is not at hand any more: bring it again.", messages.ERROR)
            return {}
        context = self._tried(request, place, body, name, dry_run=False)
        if context.get("done"):
            cache.delete(self._key(request))
            self.message_user(request, f"Imported: {context['lines']:,} lines of {name}.", messages.SUCCESS)
        return context

    def _tried(self, request: HttpRequest, place: Any, body: bytes, name: str, *, dry_run: bool) -> dict[str, Any]:
        most = min(self.most_lines, settings.IMPORTED_LINES)
        try:
            table = read_table(body, kind_of(body, name), most=most)
            imported = self.carry_out(place, table, actor=actor_of(request), dry_run=dry_run)
        except Problem as problem:
            return {"faults": _bounded(problem.errors or [{"detail": problem.detail}]), "name": name}
        return {
            "faults": _bounded(imported.faults),
            "wrong": len(imported.faults),
            "lines": imported.lines,
            "done": imported.done,
            "name": name,
        }

    def _key(self, request: HttpRequest) -> str:
        return f"import:{settings.SERVICE_NAME}:{self.opts.model_name}:{request.user.pk}"


def _bounded(faults: Sequence[Any]) -> Sequence[Any]:
    return faults[: ImportRefused.most_errors]
