"""Cursor pages and filters of the API, answered from the cache where it holds them."""

from collections.abc import Callable
from typing import Any, cast
from urllib.parse import urlencode

import msgspec
from django.http import HttpResponse
from rest_framework import serializers
from rest_framework.request import Request

from catalog.cache import read_through
from catalog.errors import BadFilter
from chassis.web.pages import CursorPage

PAGE_ONLY = ("cursor", "page_size")


def filters_of(request: Request, kind: type[serializers.BaseSerializer[Any]]) -> dict[str, Any]:
    """The query parameters as values. Raises BadFilter for an unknown or a wrong one."""
    query = kind(data=request.query_params.dict())
    if not query.is_valid():
        found = [
            {"parameter": str(name), "detail": str(detail)}
            for name, details in cast("dict[str, list[str]]", query.errors).items()
            for detail in details
        ]
        raise BadFilter(errors=found)
    return dict(query.validated_data)


def body_of(request: Request, kind: type[serializers.BaseSerializer[Any]], *, partial: bool = False) -> Any:
    body = kind(data=request.data, partial=partial)
    body.is_valid(raise_exception=True)
    return body.validated_data


def list_page(
    request: Request,
    *,
    kind: str,
    filters: type[serializers.BaseSerializer[Any]],
    ordering: Any,
    rows: Callable[..., Any],
    serializer: type[serializers.BaseSerializer[Any]],
) -> str:
    """One page as JSON, from the cache or made of rows(**filters)."""
    wanted = filters_of(request, filters)
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
