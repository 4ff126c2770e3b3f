"""In which language a request comes."""

from contextlib import AbstractContextManager

from django.utils import translation
from django.utils.translation.trans_real import parse_accept_lang_header
from rest_framework.request import Request

from accounts.domain import normalised_language


def language_of(request: Request) -> str:
    """The tag that `Accept-Language` likes best; "" if it says none."""
    for tag, _ in parse_accept_lang_header(request.headers.get("Accept-Language", "")):
        try:
            return normalised_language(tag)
        except ValueError:
            continue
    return ""


def spoken(request: Request) -> AbstractContextManager[None]:
    """What is said meanwhile is in that language, as far as Django knows it; else in English."""
    return translation.override(language_of(request) or "en")
