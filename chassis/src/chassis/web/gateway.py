"""What the gateway tells of a request: where it came from, and the path that the client has for what is here."""

import ipaddress
import re
from functools import lru_cache

from django.http import HttpRequest
from rest_framework.request import Request

_PREFIX = re.compile(r"(/[a-z]+)+")


def prefix_of(request: Request | HttpRequest) -> str:
    """What the gateway took off the path, such as "/api"; empty where it took nothing, or for no plain path."""
    prefix: str = request.META.get("HTTP_X_FORWARDED_PREFIX", "")
    return prefix if _PREFIX.fullmatch(prefix) else ""


def public_path(request: Request | HttpRequest, path: str | None = None) -> str:
    """The path that leads here through the gateway; path: another one of this service."""
    return prefix_of(request) + (request.path if path is None else path)


def address_of(request: Request | HttpRequest) -> str | None:
    """The client's network address: what the proxy next to us says of it, or the connection's own."""
    return address_from(request.META.get("HTTP_X_FORWARDED_FOR", ""), request.META.get("REMOTE_ADDR", ""))


def address_from(forwarded: str, connection: str) -> str | None:
    """The same from the header X-Forwarded-For and the connection's own address."""
    for candidate in (forwarded.rpartition(",")[2].strip(), connection):
        if address := _address(candidate):
            return address
    return None


@lru_cache(maxsize=1024)
def _address(text: str) -> str | None:
    """In the one form that each address has; None for what is none."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None
