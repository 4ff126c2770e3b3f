"""Where managers plan: a film over many days and screens, copies of days and weeks, and what is published of it."""

from collections.abc import Callable
from datetime import date
from typing import Any, ClassVar
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from catalog.copying import MOST, copy_plan
from catalog.drafts import publish_drafts, remove_drafts
from catalog.errors import InvalidFields, PlanRefused
from catalog.files_admin import ShowtimesFromFiles
from catalog.models import Showtime, Theater
from catalog.plan_forms import CopyForm, FilmForm, SpanForm, in_words
from catalog.planning import Row, plan_showtimes
from catalog.selectors import drafts_of, within
from chassis.admin import actor_of
from chassis.web.day_filter import Day, DayFilter
from chassis.web.problems import Problem
from chassis.web.theaters import theaters_of as limit_of


class TheaterDayFilter(DayFilter):
    """A day of each theater: a late show in Hanoi is still of the day before in Berlin."""

    title = "day at the theater"
    named = ("today", "tomorrow")

    def of(self, day: Day, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(within(day.hours))


def theaters_of(request: HttpRequest) -> QuerySet[Theater]:
    """Those whose programme who is signed in may plan."""
    theaters = limit_of(request)
    found = Theater.objects.order_by("city", "name", "id")
    return found if theaters is None else found.filter(id__in=theaters)


class PlanPage:
    """One page: what is asked about a theater, what would come of it, and the buttons that do it.

    do(): by the name of a button; its sentence comes back. Both raise Problem.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    permission: ClassVar[str]
    form: ClassVar[type[Any]]
    buttons: ClassVar[list[tuple[str, str]]]

    def look(self, form: Any) -> list[Row]:
        """What would come of it, and what is in the way of each; nothing is written."""
        raise NotImplementedError

    def do(self, form: Any, button: str, request: HttpRequest) -> str:
        raise NotImplementedError


class CopyPage(PlanPage):
    name, title, permission, form = "copy", "Copy a day or a week", "add", CopyForm
    buttons = [("draft", "Make these drafts"), ("publish", "Publish these")]

    def look(self, form: CopyForm) -> list[Row]:
        return copy_plan(**form.wanted(), dry_run=True).plan.rows

    def do(self, form: CopyForm, button: str, request: HttpRequest) -> str:
        made = copy_plan(**form.wanted(), publish=button == "publish", actor=actor_of(request)).plan
        left_out = len(made.rows) - len(made.showtimes)
        return f"{counted(len(made.showtimes))} copied." + (f" {left_out} left out." if left_out else "")


class FilmPage(PlanPage):
    name, title, permission, form = "plan", "Plan a film", "add", FilmForm
    buttons = [("draft", "Make these drafts"), ("publish", "Publish these")]

    def look(self, form: FilmForm) -> list[Row]:
        return plan_showtimes(wanted=form.wanted(), dry_run=True).rows

    def do(self, form: FilmForm, button: str, request: HttpRequest) -> str:
        made = plan_showtimes(wanted=form.wanted(), publish=button == "publish", actor=actor_of(request))
        return f"{counted(len(made.showtimes))} planned."


class PublishPage(PlanPage):
    name, title, permission, form = "publish", "Publish drafts", "change", SpanForm
    buttons = [("publish", "Publish all of these"), ("remove", "Remove all of these")]

    def _ids(self, form: SpanForm) -> list[UUID]:
        """Raises InvalidFields of more than are published at once."""
        cleaned = form.cleaned_data
        screens = [screen.id for screen in cleaned["screens"]]
        found = drafts_of(form.theater, first=cleaned["first"], last=cleaned["last"], screens=screens, most=MOST + 1)
        if len(found) > MOST:
            raise InvalidFields(last=f"More than {MOST:,} drafts: take fewer days.")
        return found

    def look(self, form: SpanForm) -> list[Row]:
        return publish_drafts(showtime_ids=self._ids(form), dry_run=True).rows

    def do(self, form: SpanForm, button: str, request: HttpRequest) -> str:
        if button == "remove":
            return f"{counted(remove_drafts(showtime_ids=self._ids(form), actor=actor_of(request)))} removed."
        made = publish_drafts(showtime_ids=self._ids(form), actor=actor_of(request))
        return f"{counted(len(made.showtimes))} published."


PAGES: list[PlanPage] = [FilmPage(), CopyPage(), PublishPage()]


class PlanningAdmin(ShowtimesFromFiles):
    """Of showtimes: the pages on which they are planned, and what is done to drafts that are chosen in the list."""

    change_list_template = "admin/catalog/showtimes.html"

    def get_urls(self) -> list[URLPattern]:
        own = [
            path(f"{page.name}/", self.admin_site.admin_view(self._view(page)), name=f"catalog_{page.name}_drafts")
            for page in PAGES
        ]
        return [*own, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        offered = [(f"admin:catalog_{page.name}_drafts", page.title) for page in PAGES if self._may(page, request)]
        pages = [(reverse("board"), "Plan board"), *((reverse(name), title) for name, title in offered)]
        return super().changelist_view(request, {**(extra_context or {}), "plan_pages": pages})

    def _may(self, page: PlanPage, request: HttpRequest) -> bool:
        return bool(getattr(self, f"has_{page.permission}_permission")(request))

    def _view(self, page: PlanPage) -> Callable[[HttpRequest], HttpResponse]:
        def view(request: HttpRequest) -> HttpResponse:
            if not self._may(page, request):
                raise PermissionDenied
            theater = _chosen(request)
            form = None if theater is None else page.form(theater, _said_of(request), initial=_offered(request))
            rows: list[Row] | None = None
            if form is not None and form.is_valid():
                try:
                    button = request.POST.get("do", "")
                    if button in dict(page.buttons):
                        self.message_user(request, page.do(form, button, request), messages.SUCCESS)
                        return HttpResponseRedirect(self._after(request, form, button))
                    rows = page.look(form)
                except PlanRefused:
                    rows = page.look(form)
                    self.message_user(request, "Nothing was done: not all of it fits.", messages.ERROR)
                except Problem as problem:
                    form.add_error(None, in_words(problem))
            return TemplateResponse(
                request, "admin/catalog/plan.html", self._context(request, page, theater, form, rows)
            )

        return view

    def _after(self, request: HttpRequest, form: Any, button: str) -> str:
        """Who came from the board sees it there; else it is listed."""
        if (days := request.GET.get("board")) is not None:
            return board_address(form.theater, form.opens_on, days)
        status = "scheduled" if button == "publish" else "draft"
        asked = {"status__exact": status, "theater__id__exact": form.theater.id}
        return f"{reverse('admin:catalog_showtime_changelist')}?{urlencode(asked)}"

    def _context(
        self, request: HttpRequest, page: PlanPage, theater: Theater | None, form: Any, rows: list[Row] | None
    ) -> dict[str, Any]:
        wrong = sum(not row.fits for row in rows or ())
        can_go_on = rows and (not wrong or (form.cleaned_data.get("leave_out") and wrong < len(rows)))
        return {
            **self.admin_site.each_context(request),
            "title": page.title,
            "opts": self.opts,
            "theater": theater,
            "board": theater and board_address(theater, *map(request.GET.get, ("first", "board"))),
            "theaters": theaters_of(request) if theater is None else None,
            "form": form,
            "media": self.media + (form.media if form else forms.Media()),
            "rows": rows,
            "wrong": wrong,
            "buttons": page.buttons if can_go_on else page.buttons[1:] if rows and page.name == "publish" else [],
        }

    @admin.action(description="Publish the selected drafts", permissions=["change"])
    def publish(self, request: HttpRequest, queryset: QuerySet[Showtime]) -> None:
        self._together(request, queryset, publish_drafts, "published")

    @admin.action(description="Remove the selected drafts", permissions=["change"])
    def remove_drafts(self, request: HttpRequest, queryset: QuerySet[Showtime]) -> None:
        self._together(request, queryset, remove_drafts, "removed")

    def _together(
        self, request: HttpRequest, queryset: QuerySet[Showtime], do: Callable[..., object], done: str
    ) -> None:
        chosen = list(queryset.order_by("starts_at", "id"))
        try:
            do(showtime_ids=[showtime.pk for showtime in chosen], actor=actor_of(request))
        except PlanRefused as refused:
            for error in refused.errors or ():
                row = chosen[int(error["pointer"].rpartition("/")[2])]
                self.message_user(request, f"{row}: {error['detail']}", messages.ERROR)
            self.message_user(request, "Nothing was done: not all of it fits.", messages.ERROR)
        else:
            self.message_user(request, f"{counted(len(chosen))} {done}.", messages.SUCCESS)


def board_address(theater: Theater, first: date | str | None, days: int | str | None) -> str:
    return f"{reverse('board')}?{urlencode({'theater': theater.pk, 'day': first or '', 'days': days or ''})}"


def _chosen(request: HttpRequest) -> Theater | None:
    try:
        return theaters_of(request).filter(id=UUID(request.GET.get("theater", ""))).first()
    except ValueError:
        return None


def _said_of(request: HttpRequest) -> Any:
    """What is to be looked at: what somebody filled in, or what a link to the page says in full."""
    return request.POST or (request.GET if "look" in request.GET else None)


def _offered(request: HttpRequest) -> dict[str, Any]:
    """What a link to the page fills in."""
    return {"screens": request.GET.getlist("screens")} | {
        name: request.GET[name] for name in ("first", "last", "times", "fold") if name in request.GET
    }


def counted(number: int) -> str:
    return "1 showtime" if number == 1 else f"{number} showtimes"
