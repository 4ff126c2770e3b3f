"""Where a request comes from, and in which language."""

import ipaddress

from django.http import HttpRequest
from django.utils.translation.trans_real import parse_accept_lang_header
from rest_framework.request import Request

from accounts.domain import normalised_language


def address_of(request: Request | HttpRequest) -> str | None:
    """The client's network address: what the proxy next to us says of it, or the connection's own."""
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip()
    for candidate in (forwarded, request.META.get("REMOTE_ADDR", "")):
        try:
            return str(ipaddress.ip_address(candidate))
        except ValueError:
            continue
    return None


def language_of(request: Request | HttpRequest) -> str:
    """The tag that `Accept-Language` likes best; "" if it says none."""
    for tag, _ in parse_accept_lang_header(request.headers.get("Accept-Language", "")):
        try:
            return normalised_language(tag)
        except ValueError:
            continue
    return ""
