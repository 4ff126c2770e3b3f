"""What search engines ask for beside pages: robots.txt, and the sitemap of every page that is everybody's."""

from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import translation
from django.views.decorators.http import require_safe

from shop import programme
from shop.addresses import likes_of
from shop.pages import everybodys
from shop.services import Shopper, cursor_of
from shop.visitors import anybody

# Pages of catalog's list that are read for it, of a hundred films each: five languages of all stay below the 50,000
# addresses that a sitemap may have.
FILM_PAGES = 10
KEPT_SECONDS = 600
ALONE = ("home", "cinemas", "coming", "help", "terms", "accessibility")
# Nobody's but their reader's, or endless.
NOT_FOR_ROBOTS = ("bookings/", "who/", "sign-in/", "register/", "me/", "search/", "showtimes/")


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    lines = ["User-agent: *", "Disallow: /api/", "Disallow: /admin/"]
    lines += [f"Disallow: /{code}/{path}" for code, _ in settings.LANGUAGES for path in NOT_FOR_ROBOTS]
    lines += [f"Sitemap: {settings.PUBLIC_URL}{reverse('sitemap')}", ""]
    return everybodys(HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8"))


@require_safe
def sitemap(request: HttpRequest) -> HttpResponse:
    """Each page with its likes in the other languages, as they were ten minutes ago at most."""
    text = cache.get("sitemap")
    if text is None:
        text = _sitemap(anybody(request))
        cache.set("sitemap", text, KEPT_SECONDS)
    return everybodys(HttpResponse(text, content_type="application/xml; charset=utf-8"))


def _sitemap(shopper: Shopper) -> str:
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
    body = "".join(_entries(path) for path in _paths(shopper))
    return f'{head} xmlns:xhtml="http://www.w3.org/1999/xhtml">\n{body}</urlset>\n'


def _paths(shopper: Shopper) -> Iterator[str]:
    """Behind the language."""
    with translation.override(settings.LANGUAGE_CODE):
        home = reverse("home")
        found = [reverse(name) for name in ALONE]
        found += [reverse("cinema", kwargs={"theater_id": each["id"]}) for each in programme.theaters(shopper)]
        found += [reverse("film", kwargs={"slug": slug}) for slug in _slugs(shopper)]
    return (path.removeprefix(home) for path in found)


def _slugs(shopper: Shopper) -> Iterator[str]:
    cursor = ""
    for _ in range(FILM_PAGES):
        page = shopper.get("catalog", "/movies", page_size=programme.MOST, fields="slug", cursor=cursor)
        yield from (film["slug"] for film in page["results"] if film["slug"])
        cursor = cursor_of(page["next"])
        if not cursor:
            return


def _entries(path: str) -> str:
    urls = likes_of(path)
    likes = "".join(
        f'<xhtml:link rel="alternate" hreflang="{code}" href={quoteattr(url)}/>' for code, url in urls.items()
    )
    return "".join(f"<url><loc>{escape(urls[code])}</loc>{likes}</url>\n" for code, _ in settings.LANGUAGES)
