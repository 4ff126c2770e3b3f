"""In which language a request comes."""

from django.http import HttpRequest
from django.utils.translation.trans_real import parse_accept_lang_header
from rest_framework.request import Request

from accounts.domain import normalised_language


def language_of(request: Request | HttpRequest) -> str:
    """The tag that `Accept-Language` likes best; "" if it says none."""
    for tag, _ in parse_accept_lang_header(request.headers.get("Accept-Language", "")):
        try:
            return normalised_language(tag)
        except ValueError:
            continue
    return ""
