"""In which languages a reader wants to be told of films (RFC 9110, section 12.5.4): of those that there are."""

from collections.abc import Sequence

import msgspec
from django.http import HttpRequest
from django.utils.translation.trans_real import parse_accept_lang_header
from rest_framework.request import Request

from catalog.cache import read_through
from catalog.film_rules import best_language
from catalog.finding import languages_of_texts

# A reader is told in the first of so many that a film has; what is kept of answers is bounded by it.
MOST_WANTED = 3


def wanted(request: Request | HttpRequest) -> tuple[str, ...]:
    """Those of our languages that the reader would rather have, the best first; () for whoever says nothing."""
    asked = [tag for tag, weight in parse_accept_lang_header(request.headers.get("Accept-Language", "")) if weight > 0]
    if not asked:
        return ()
    ours = msgspec.json.decode(
        read_through("languages", "", lambda: msgspec.json.encode(languages_of_texts()).decode())
    )
    return chosen(asked, ours)


def chosen(asked: Sequence[str], ours: Sequence[str]) -> tuple[str, ...]:
    """asked: language ranges, the best first."""
    found = dict.fromkeys(best for tag in asked if (best := best_language([tag], ours)) is not None)
    return tuple(found)[:MOST_WANTED]
