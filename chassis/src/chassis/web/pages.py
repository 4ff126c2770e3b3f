"""Lists in pages, by cursor."""

import base64
import re
from typing import Any
from urllib.parse import parse_qsl

from django.core.exceptions import ValidationError
from django.db import DataError
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request

from chassis.web.parsing import UNSTORABLE
from chassis.web.problems import BadRequest


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
            if UNSTORABLE.search(str(value)):
                raise BadRequest("A query parameter holds characters that cannot be stored.")
        try:
            page: Any = super().paginate_queryset(queryset, request, view)
        except (NotFound, ValidationError, ValueError, OverflowError, DataError) as exc:
            raise BadCursor from exc
        prefix = request.headers.get("X-Forwarded-Prefix", "")
        if re.fullmatch(r"(/[a-z]+)+", prefix) and self.base_url:
            scheme, rest = self.base_url.split("://", 1)
            host, _, path = rest.partition("/")
            self.base_url = f"{scheme}://{host}{prefix}/{path}"
        return page

    def decode_cursor(self, request: Request) -> Any:
        """DRF takes much of what is no cursor for the first page; a client that garbled one should hear of it."""
        cursor = request.query_params.get(self.cursor_query_param)
        if cursor and not _may_be_cursor(cursor):
            raise BadCursor
        return super().decode_cursor(request)

    def get_page_size(self, request: Request) -> int | None:
        asked = request.query_params.get(self.page_size_query_param)
        if asked is not None and not (asked.isascii() and asked.isdigit() and 0 < int(asked[:9]) <= self.max_page_size):
            raise BadRequest(f"page_size must be a number from 1 to {self.max_page_size}.")
        return super().get_page_size(request)


def _may_be_cursor(text: str) -> bool:
    try:
        query = base64.b64decode(text.encode("ascii"), validate=True).decode("ascii")
        parts = dict(parse_qsl(query, keep_blank_values=True, strict_parsing=True))
    except ValueError:
        return False
    offset, reverse = parts.pop("o", "0"), parts.pop("r", "1")
    parts.pop("p", None)
    return not parts and reverse == "1" and re.fullmatch("[0-9]{1,4}", offset) is not None


class BadCursor(BadRequest):
    code = "bad_cursor"
    title = "The cursor is not one that this list gave out"
