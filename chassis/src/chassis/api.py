"""Strict input and cursor pages."""

import json
import re
from collections.abc import Mapping
from typing import IO, Any

from django.core.exceptions import ValidationError
from django.db import DataError
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ParseError
from rest_framework.pagination import CursorPagination
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from chassis.errors import BadRequest

MAX_DEPTH = 20
# PostgreSQL cannot store NUL in text, and a lone surrogate is not encodable as UTF-8.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class StrictJSONParser(BaseParser):
    """application/json as RFC 8259 has it: UTF-8, no NaN or Infinity, no NUL, no lone surrogates, bounded depth."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        try:
            data = json.loads(stream.read().decode("utf-8"), parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as exc:
            raise ParseError("The body is not valid JSON.") from exc
        _refuse_unstorable(data)
        return data


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _refuse_unstorable(value: Any, depth: int = 0) -> None:
    if depth > MAX_DEPTH:
        raise ParseError("The body is nested too deeply.")
    if isinstance(value, str):
        if _UNSTORABLE.search(value):
            raise ParseError("Text may not hold NUL or unpaired surrogates.")
    elif isinstance(value, dict):
        for key, inner in value.items():
            _refuse_unstorable(key, depth + 1)
            _refuse_unstorable(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _refuse_unstorable(inner, depth + 1)


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses fields it does not know, so that a misspelt name is told and not ignored."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = [name for name in data if name not in self.fields]
            if unknown:
                raise serializers.ValidationError(
                    {name: ["This field is not known here."] for name in unknown}
                )
        return super().to_internal_value(data)


class CursorPage(CursorPagination):
    """{"next", "previous", "results"}; links are addresses at the gateway. `page_size` up to 100."""

    page_size = 20
    page_size_query_param = "page_size"
    max_page_size = 100
    ordering: Any = "-id"

    def __init__(self, ordering: Any = None) -> None:
        if ordering is not None:
            self.ordering = ordering

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> Any:
        for value in request.query_params.values():
            if _UNSTORABLE.search(value):
                raise BadRequest("A query parameter holds characters that cannot be stored.")
        try:
            page = super().paginate_queryset(queryset, request, view)
        except (NotFound, ValidationError, ValueError, DataError) as exc:
            raise BadCursor from exc
        prefix = request.headers.get("X-Forwarded-Prefix", "")
        if re.fullmatch(r"(/[a-z]+)*", prefix) and prefix:
            scheme, rest = self.base_url.split("://", 1)
            host, _, path = rest.partition("/")
            self.base_url = f"{scheme}://{host}{prefix}/{path}"
        return page

    def get_page_size(self, request: Request) -> int | None:
        asked = request.query_params.get(self.page_size_query_param)
        if asked is not None and not (
            asked.isascii() and asked.isdigit() and 0 < int(asked[:9]) <= self.max_page_size
        ):
            raise BadRequest(f"page_size must be a number from 1 to {self.max_page_size}.")
        return super().get_page_size(request)


class BadCursor(BadRequest):
    code = "bad_cursor"
    title = "The cursor is not one that this list gave out"
