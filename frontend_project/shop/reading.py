"""Pages to read and to find by: search, what is coming, help, terms, how accessible the shop is."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from shop.pages import everybodys
from shop.visitors import anybody

# Of what is looked for, as catalog takes it.
LONGEST = 100
FOUND = 30


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    wanted = " ".join(request.GET.get("q", "").split())[:LONGEST]
    films = anybody(request).get("catalog", "/movies", search=wanted, page_size=FOUND)["results"] if wanted else []
    return everybodys(render(request, "shop/search.html", {"wanted": wanted, "films": films, "longest": LONGEST}))


@require_safe
def coming(request: HttpRequest) -> HttpResponse:
    films = anybody(request).get("catalog", "/movies", coming_soon="true", page_size=FOUND)["results"]
    return everybodys(render(request, "shop/coming.html", {"films": films}))


def page_of(template: str) -> Callable[[HttpRequest], HttpResponse]:
    """A page that says the same to everybody for as long as this version runs."""

    @require_safe
    def shown(request: HttpRequest) -> HttpResponse:
        return everybodys(render(request, template, {"support_email": settings.SUPPORT_EMAIL}))

    return shown
