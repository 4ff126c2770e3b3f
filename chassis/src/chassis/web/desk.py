"""The desk's own pages: what a service's admin site has beside its lists, named in `PAGES` of `<app>/desk_pages.py`."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import wraps
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern, path

View = Callable[..., HttpResponseBase]


@dataclass(frozen=True, slots=True)
class DeskPage:
    """A page or a fragment of one (`panels/...`) of the service's admin site.

    route: below the site's root, as django.urls.path() takes it, with its last slash. permission: of the service's own
    app, without which the page is a 403; a view that changes something asks for what that takes itself.
    """

    route: str
    name: str
    view: View
    permission: str


def pages() -> Sequence[DeskPage]:
    """Those of the service whose settings are loaded."""
    module = f"{settings.SERVICE_APP}.desk_pages"
    if find_spec(module) is None:
        return ()
    named: Sequence[DeskPage] = import_module(module).PAGES
    return named


def desk_urls(named: Iterable[DeskPage]) -> list[URLPattern]:
    """They belong to the admin site: whoever is not signed in comes to its form first."""
    root = f"admin/{settings.SERVICE_NAME}/"
    return [path(f"{root}{page.route}", admin.site.admin_view(_guarded(page)), name=page.name) for page in named]


def _guarded(page: DeskPage) -> View:
    @wraps(page.view)
    def guarded(request: HttpRequest, *args: Any, **named: Any) -> HttpResponseBase:
        if not may(request, page.permission):
            raise PermissionDenied
        return page.view(request, *args, **named)

    return guarded


def may(request: HttpRequest, permission: str) -> bool:
    """Whether who is signed in to this site has this permission of the service's own app."""
    return request.user.has_perm(f"{settings.SERVICE_APP}.{permission}")


def context(request: HttpRequest, title: str, **more: Any) -> dict[str, Any]:
    """What a template that extends `admin/base_site.html` wants to have, and more."""
    return {**admin.site.each_context(request), "title": title, **more}
