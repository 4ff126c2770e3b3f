"""Cursor pages of the API, answered from the cache where it holds them."""

import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlencode

import msgspec
from django.http import HttpResponse
from rest_framework import serializers
from rest_framework.request import Request

from catalog.cache import read_through
from catalog.selectors import theaters_near
from catalog.serializers import TheaterNearbySerializer
from chassis.web.gateway import public_path
from chassis.web.pages import CursorPage
from chassis.web.queries import PAGE_SIZE, PageQuery


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


def ranked(rows: Iterable[Any]) -> dict[str, Any]:
    """One page of what is ordered by no column: the best of all, and no page behind it."""
    return {"next": None, "previous": None, "results": list(rows)}


def near_page(request: Request, query: dict[str, Any]) -> str:
    """Theaters around a point as JSON, from the cache or measured out."""

    def load() -> str:
        size = PageQuery.read_page(request.query_params).get("page_size", PAGE_SIZE)
        theaters = theaters_near(query["near"], city=query.get("city"))[:size]
        return dumps(ranked(TheaterNearbySerializer(theaters, many=True).data))

    return read_through("theaters", f"near {urlencode(sorted(request.query_params.items()))}", load)


def dumps(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def to_them_alone(answer: str) -> HttpResponse:
    """As what only who asks may see: nobody keeps it."""
    response = HttpResponse(answer, content_type="application/json")
    response["Cache-Control"] = "private, no-store"
    return response


def as_json(answer: str) -> HttpResponse:
    """As the same for everybody: kept for a second by whatever is in front, and for longer where we cannot be asked.

    The gateway counts whole seconds; what it keeps until the one at hand is over it has kept for less than one.
    """
    response = HttpResponse(answer, content_type="application/json")
    response["Cache-Control"] = "public, max-age=1, stale-if-error=600"
    response["X-Accel-Expires"] = f"@{int(time.time())}"
    return response
