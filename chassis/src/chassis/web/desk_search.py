"""The desk's search: a service looks where its own lists look, by their indexes, and its panel says what it found."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from chassis.web.desk import named_by_service, panel
from chassis.web.searching import keys_of, search

# Of each kind.
SHOWN = 10
LONGEST = 200
# A number as people write it into a card file: +84 90 123-45-67.
_IN_GROUPS = re.compile(r"\+?[0-9][0-9 ().-]{5,}")


@dataclass(frozen=True, slots=True)
class Find:
    """A kind of rows that is looked for; a service names its own in `FINDS` of `<app>/desk_pages.py`.

    model: whose list says how it is searched, and who may see it. about: what is said beside the name of a row.
    address: where its link leads. is_called: whether the term is the very name of the row, so that nothing else is
    meant, and its page is opened at once. along: relations that these read. fields: what is looked in instead of what
    the list looks in (chassis.web.searching).
    """

    model: type[Model]
    address: Callable[[Any], str]
    about: Callable[[Any], str]
    name: Callable[[Any], str] = str
    is_called: Callable[[Any, str], bool] = lambda row, term: False
    along: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    name: str
    about: str
    address: str


@require_safe
def search_view(request: HttpRequest) -> HttpResponse:
    """For all staff, of what each of them may see."""
    term = _told(request.GET.get("q", ""))
    hits: list[Hit] = []
    more = False
    for find in named_by_service("FINDS") if term else ():
        rows = _found(request, find, term)
        more = more or len(rows) > SHOWN
        hits += [Hit(find.name(row), find.about(row), find.address(row)) for row in rows[:SHOWN]]
        meant = [row for row in rows if find.is_called(row, term)]
        if len(meant) == 1 and request.headers.get("HX-Request") == "true":
            return HttpResponse(headers={"HX-Redirect": find.address(meant[0])})
    return panel(request, "chassis/hits.html", "Found", hits=hits, more=more)


def _told(typed: str) -> str:
    term = typed.replace("\0", "").strip()[:LONGEST]
    return re.sub("[ ().-]", "", term) if _IN_GROUPS.fullmatch(term) else term


def _found(request: HttpRequest, find: Find, term: str) -> list[Any]:
    """The newest of them, and one more if there are more than are shown."""
    page = admin.site._registry[find.model]
    if not page.has_view_permission(request):
        return []
    if find.fields:
        found = search(page.get_queryset(request), find.fields, term)
    else:
        found, _ = page.get_search_results(request, page.get_queryset(request), term)
    rows = page.get_queryset(request).filter(pk__in=keys_of(found)).order_by("-pk")
    newest: list[Any] = list(rows.select_related(*find.along)[: SHOWN + 1])
    return newest
