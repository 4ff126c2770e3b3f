"""What makes the shop an application of a telephone: its manifest, its icons, and what it does without a network."""

from pathlib import Path

from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from shop.assets import address_of
from shop.pages import everybodys

SIZES = (192, 512)


@require_safe
def manifest(request: HttpRequest) -> HttpResponse:
    icons = [
        {"src": address_of(f"shop/icon-{size}.png"), "sizes": f"{size}x{size}", "type": "image/png", "purpose": "any"}
        for size in SIZES
    ]
    whole = {"src": address_of("shop/icon-maskable-512.png"), "sizes": "512x512", "type": "image/png"}
    told = {
        "id": "/",
        "name": "Marquee",
        "short_name": "Marquee",
        "description": _("Cinema tickets: what is on, seats to choose on a map, tickets on your telephone."),
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#14121f",
        "theme_color": "#14121f",
        "icons": [*icons, {**whole, "purpose": "maskable"}],
    }
    return everybodys(JsonResponse(told, content_type="application/manifest+json"))


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """Where browsers look that read no page first."""
    return HttpResponsePermanentRedirect(address_of("shop/icon-192.png"))


@require_safe
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker, at the root so that every page is within its scope."""
    source = Path(str(finders.find("shop/sw.js"))).read_text()
    response = HttpResponse(source, content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = "public, max-age=0"
    return response


@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    """What is shown without a network: the tickets that were looked at."""
    return everybodys(render(request, "shop/offline.html"))
