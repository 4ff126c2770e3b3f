"""Where a request comes from."""

import ipaddress

from django.http import HttpRequest
from rest_framework.request import Request


def address_of(request: Request | HttpRequest) -> str | None:
    """The client's network address: what the proxy next to us says of it, or the connection's own."""
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip()
    for candidate in (forwarded, request.META.get("REMOTE_ADDR", "")):
        try:
            return str(ipaddress.ip_address(candidate))
        except ValueError:
            continue
    return None
