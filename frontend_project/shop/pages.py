"""Pages that are alike for everybody: the programme, films, cinemas."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from shop import programme, told
from shop.services import Refused, Shopper, together
from shop.visitors import anybody

CINEMA = "cinema"
CINEMA_DAYS = 180
# What the gateway keeps of a page that is everybody's; browsers ask each time.
EDGE_SECONDS = 5


def everybodys(response: HttpResponse) -> HttpResponse:
    """Marks a page as one that has nothing of its reader in it."""
    response["Cache-Control"] = "public, max-age=0"
    response["X-Accel-Expires"] = str(EDGE_SECONDS)
    return response


def _theater(shopper: Shopper, theaters: Sequence[Mapping[str, Any]], theater_id: str) -> Mapping[str, Any] | None:
    """That one of the theaters, or one that was opened since the list of them was read; None for none."""
    for theater in theaters:
        if theater["id"] == theater_id:
            return theater
    try:
        found: Mapping[str, Any] = shopper.get("catalog", f"/theaters/{UUID(theater_id)}")
    except (ValueError, Refused):
        return None
    return found


@require_safe
def front(request: HttpRequest) -> HttpResponse:
    """/: the shop in the visitor's language."""
    return redirect(f"/{translation.get_language_from_request(request)}/")


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """A day of a cinema: that of the address, else the one that was looked at last, else the first."""
    shopper = anybody(request)
    theaters = programme.theaters(shopper)
    wanted = request.GET.get("cinema", "")
    remembered = request.COOKIES.get(CINEMA, "")
    if not wanted and remembered in {theater["id"] for theater in theaters}:
        return HttpResponseRedirect(f"{reverse('home')}?{urlencode({'cinema': remembered})}")
    theater = _theater(shopper, theaters, wanted) or (theaters[0] if theaters else None)
    day = programme.day_at(shopper, theater, request.GET.get("day", "")) if theater else None
    response = render(request, "shop/home.html", {"theaters": theaters, "day": day})
    # Without a choice in the address it is for this browser alone: the next one may have another cookie.
    return everybodys(response) if wanted else response


@require_safe
def choose_cinema(request: HttpRequest, theater_id: UUID) -> HttpResponse:
    """Remembers a cinema, and shows what is on there."""
    shopper = anybody(request)
    theater = _theater(shopper, programme.theaters(shopper), str(theater_id))
    if theater is None:
        raise Http404(theater_id)
    response = HttpResponseRedirect(f"{reverse('home')}?{urlencode({'cinema': theater['id']})}")
    response.set_cookie(
        CINEMA, theater["id"], max_age=CINEMA_DAYS * 86400, secure=request.is_secure(), httponly=True, samesite="Lax"
    )
    return response


@require_safe
def film(request: HttpRequest, slug: str) -> HttpResponse:
    shopper = anybody(request)
    found, theaters = together(partial(programme.film_at, shopper, slug), partial(programme.theaters, shopper))
    if found["slug"] != slug:
        query = f"?{request.GET.urlencode()}" if request.GET else ""
        return HttpResponsePermanentRedirect(reverse("film", kwargs={"slug": found["slug"]}) + query)
    wanted = request.GET.get("cinema", "")
    theater = _theater(shopper, theaters, wanted)
    days = programme.showtimes_of_film(shopper, found, theater) if theater else []
    others = [] if days else programme.cinemas_of_film(shopper, found, theaters)
    if theater is None and theaters:
        theater = (others or theaters)[0]
        days = programme.showtimes_of_film(shopper, found, theater)
    elsewhere = [each for each in others if each is not theater]
    shown = {"film": found, "theaters": theaters, "theater": theater, "days": days, "elsewhere": elsewhere}
    shown["told"] = _told(found, theater, days)
    return everybodys(render(request, "shop/film.html", shown))


def _told(
    found: Mapping[str, Any], theater: Mapping[str, Any] | None, days: Sequence[tuple[date, list[Mapping[str, Any]]]]
) -> Mapping[str, Any]:
    """The film and its showtimes in that cinema, for search engines."""
    origin = settings.PUBLIC_URL
    movie = told.movie(found, url=origin + reverse("film", kwargs={"slug": found["slug"]}), origin=origin)
    showtimes = [showtime for _, each in days for showtime in each][: told.MOST]
    screenings = [
        told.screening(
            showtime, theater, film=movie, url=origin + reverse("showtime", kwargs={"showtime_id": showtime["id"]})
        )
        for showtime in showtimes
        if theater
    ]
    return told.graph([movie, *screenings])


@require_safe
def cinemas(request: HttpRequest) -> HttpResponse:
    return everybodys(render(request, "shop/cinemas.html", {"theaters": programme.theaters(anybody(request))}))


@require_safe
def cinema(request: HttpRequest, theater_id: UUID) -> HttpResponse:
    theater = anybody(request).get("catalog", f"/theaters/{theater_id}")
    return everybodys(render(request, "shop/cinema.html", {"theater": theater}))
