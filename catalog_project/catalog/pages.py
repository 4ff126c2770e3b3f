"""Cursor pages of the API, answered from the cache where it holds them."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import msgspec
from django.http import HttpResponse
from rest_framework import serializers
from rest_framework.request import Request

from catalog.cache import read_through
from chassis.web.gateway import public_path
from chassis.web.pages import CursorPage


def list_page(
    request: Request,
    *,
    kind: str,
    filters: dict[str, Any],
    ordering: Any,
    rows: Callable[..., Any],
    serializer: type[serializers.BaseSerializer[Any]],
) -> str:
    """One page as JSON, from the cache or made of rows(**filters)."""

    def load() -> str:
        pages = CursorPage(ordering=ordering)
        page = pages.paginate_queryset(rows(**filters), request)
        return dumps(pages.get_paginated_response(serializer(page, many=True).data).data)

    address = request.build_absolute_uri(public_path(request))  # the links of the page hold it
    return read_through(kind, f"{address}?{urlencode(sorted(request.query_params.items()))}", load)


def dumps(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def as_json(answer: str) -> HttpResponse:
    return HttpResponse(answer, content_type="application/json")
