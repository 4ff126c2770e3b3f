"""The desk's own pages: what a service's admin site has beside its lists, named in `PAGES` of `<app>/desk_pages.py`."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import wraps
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from chassis.web.theaters import may_at

# Of each service, what a panel of it says in its place while nobody answers.
_AWAY: Final = {
    "auth": "Accounts are away at the moment.",
    "catalog": "The catalog is away at the moment.",
    "booking": "Bookings are away at the moment.",
    "payment": "Payments are away at the moment.",
    "notify": "Messages are away at the moment.",
}
View = Callable[..., HttpResponseBase]


@dataclass(frozen=True, slots=True)
class DeskPage:
    """A page or a fragment of one (`panels/...`) of the service's admin site.

    route: below the site's root, as django.urls.path() takes it, with its last slash. permission: of the service's own
    app, without which the page is a 403; a view that changes something asks for what that takes itself. of_house: it is
    about all theaters at once, and for nobody who is limited to some.
    """

    route: str
    name: str
    view: View
    permission: str
    of_house: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """A part of a page that another service answers. path: below that one's `panels/`. wide: it takes a whole line.

    heeds: the id of a field of the page, which goes with the question and asks it again when it is changed.
    """

    service: str
    title: str
    path: str
    wide: bool = False
    heeds: str = ""

    @property
    def address(self) -> str:
        return f"/admin/{self.service}/panels/{self.path}"

    @property
    def away(self) -> str:
        return _AWAY[self.service]


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened to what a page is about. note: what more is known of it. zone: whose clock shows it."""

    at: datetime
    said: str
    note: str = ""
    zone: tzinfo = UTC

    @property
    def clock(self) -> str:
        return f"{self.at.astimezone(self.zone):%d %b %H:%M:%S}"


def pages() -> Sequence[DeskPage]:
    """Those of the service whose settings are loaded."""
    return named_by_service("PAGES")


def named_by_service(what: str) -> Sequence[Any]:
    """What the service whose settings are loaded names so in its desk_pages.py; nothing, if it does not."""
    module = f"{settings.SERVICE_APP}.desk_pages"
    if find_spec(module) is None:
        return ()
    named: Sequence[Any] = getattr(import_module(module), what, ())
    return named


def desk_urls(named: Iterable[DeskPage]) -> list[URLPattern]:
    """They belong to the admin site: whoever is not signed in comes to its form first."""
    root = f"admin/{settings.SERVICE_NAME}/"
    return [path(f"{root}{page.route}", admin.site.admin_view(_guarded(page)), name=page.name) for page in named]


def _guarded(page: DeskPage) -> View:
    @wraps(page.view)
    def guarded(request: HttpRequest, *args: Any, **named: Any) -> HttpResponseBase:
        if not may(request, page.permission) or (page.of_house and not may_at(request, None)):
            raise PermissionDenied
        return page.view(request, *args, **named)

    return guarded


def may(request: HttpRequest, permission: str) -> bool:
    """Whether who is signed in to this site has this permission of the service's own app."""
    return request.user.has_perm(f"{settings.SERVICE_APP}.{permission}")


def context(request: HttpRequest, title: str, **more: Any) -> dict[str, Any]:
    """What a template that extends `admin/base_site.html` wants to have, and more."""
    return {**admin.site.each_context(request), "title": title, **more}


def panel(request: HttpRequest, template: str, title: str, **shown: Any) -> TemplateResponse:
    """A fragment for the page that asks for it by a script, and a page of its own for whoever follows its link."""
    if request.headers.get("HX-Request") == "true":
        return TemplateResponse(request, template, shown)
    return TemplateResponse(request, "chassis/panel_alone.html", context(request, title, fragment=template, **shown))


def zone_of(request: HttpRequest) -> ZoneInfo:
    """The clock that the page around a panel shows, as its address names it; else UTC."""
    try:
        return ZoneInfo(request.GET.get("zone", "UTC"))
    except (KeyError, OSError, ValueError):  # that there is no such zone is a KeyError
        return ZoneInfo("UTC")
