"""Cursor pages of the API, answered from the cache where it holds them."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import msgspec
from django.http import HttpResponse
from rest_framework import serializers
from rest_framework.request import Request

from catalog.cache import read_through
from catalog.serializers import Filters
from chassis.web.pages import CursorPage

PAGE_ONLY = ("cursor", "page_size")


def list_page(
    request: Request,
    *,
    kind: str,
    filters: type[Filters],
    ordering: Any,
    rows: Callable[..., Any],
    serializer: type[serializers.BaseSerializer[Any]],
) -> str:
    """One page as JSON, from the cache or made of rows(**filters)."""
    wanted = filters.parse(request.query_params.dict())
    wanted = {name: value for name, value in wanted.items() if name not in PAGE_ONLY}

    def load() -> str:
        pages = CursorPage(ordering=ordering)
        page = pages.paginate_queryset(rows(**wanted), request)
        return dumps(pages.get_paginated_response(serializer(page, many=True).data).data)

    prefix = request.headers.get("X-Forwarded-Prefix", "")  # the links of the page hold it, and the host
    address = request.build_absolute_uri(request.path)
    return read_through(kind, f"{prefix} {address}?{urlencode(sorted(request.query_params.items()))}", load)


def dumps(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def as_json(answer: str) -> HttpResponse:
    return HttpResponse(answer, content_type="application/json")
