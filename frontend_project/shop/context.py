"""What the frame of every page needs to know."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import Resolver404, resolve
from django.utils import translation

from shop.addresses import likes_of


def every_page(request: HttpRequest) -> dict[str, Any]:
    """The page's address in the other languages: they differ in their first part alone.

    Those for search engines have no query: what a page is canonically is told apart by its path.
    """
    has_language = _has_language(request)
    rest = request.get_full_path()[1:].partition("/")[2] if has_language else ""
    path = request.path[1:].partition("/")[2] if has_language else ""
    language = translation.get_language() or settings.LANGUAGE_CODE
    return {
        "public_url": settings.PUBLIC_URL,
        "canonical": f"{settings.PUBLIC_URL}{request.path}",
        "alternates": [{"code": code, "url": url} for code, url in likes_of(path).items()],
        "page_language": language,
        "languages": [{"code": code, "name": name, "href": f"/{code}/{rest}"} for code, name in settings.LANGUAGES],
    }


def _has_language(request: HttpRequest) -> bool:
    try:
        resolve(request.path_info)
    except Resolver404:
        return False
    return request.path_info.split("/")[1] in dict(settings.LANGUAGES)
