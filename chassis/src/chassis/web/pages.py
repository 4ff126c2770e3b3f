"""Lists in pages, by cursor: the whole key of the row at the edge, so no row is skipped or told twice.

A page starts where the key says, and not so many rows further: rows that go or come meanwhile move nothing. With an
index on the ordering a page costs the same wherever it starts, for the rows are compared as rows.
"""

import base64
import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DataError
from django.db.models import Field
from django.db.models.fields.tuple_lookups import (
    Tuple,
    TupleGreaterThan,
    TupleGreaterThanOrEqual,
    TupleLessThan,
    TupleLessThanOrEqual,
)
from django.utils.timezone import is_naive
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from chassis.web.gateway import public_path
from chassis.web.parsing import UNSTORABLE
from chassis.web.problems import BadRequest
from chassis.web.queries import MAX_PAGE_SIZE, PAGE_SIZE, PageQuery

# The longest names, cities and the like that a list may be ordered by, with room to spare.
MAX_CURSOR = 4000


class BadCursor(BadRequest):
    code = "bad_cursor"
    title = "The cursor is not one that this list gave out"


@dataclass(frozen=True, slots=True)
class Edge:
    """Where a page starts: after the row with this key, or before it; including: with a row of just this key."""

    key: tuple[Any, ...]
    before: bool = False
    including: bool = False

    def encoded(self) -> str:
        where = "<>"[not self.before] + "="[: self.including]
        text = json.dumps([where, *map(_as_text, self.key)], separators=(",", ":"), ensure_ascii=False)
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def decoded(cls, cursor: str, fields: "Sequence[Field[Any, Any]]") -> "Edge":
        """Raises BadCursor for what encoded() has not made, or has made for another list."""
        try:
            if len(cursor) > MAX_CURSOR:
                raise ValueError("too long")
            padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
            where, *key = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
            if where not in (">", "<", ">=", "<=") or not all(isinstance(part, str) for part in key):
                raise ValueError("not of ours")
            values = [_value(field, text) for field, text in zip(fields, key, strict=True)]
        except (ValueError, TypeError, RecursionError, OverflowError, ValidationError) as exc:
            raise BadCursor from exc
        return cls(tuple(values), before=where[0] == "<", including=where.endswith("="))


class CursorPage(BasePagination):
    """{"next", "previous", "results"}; links are addresses at the gateway. `page_size` up to 100.

    ordering: names of fields, none of which is null, the last one or all together unique, all of them with a minus or
    none: PostgreSQL compares rows in one direction.
    """

    page_size = PAGE_SIZE
    max_page_size = MAX_PAGE_SIZE
    ordering: str | Sequence[str] = "-id"

    def __init__(self, ordering: str | Sequence[str] | None = None) -> None:
        if ordering is not None:
            self.ordering = ordering
        names = [self.ordering] if isinstance(self.ordering, str) else list(self.ordering)
        self._descending = names[0].startswith("-")
        if any(name.startswith("-") != self._descending for name in names):
            raise ValueError("a list is ordered in one direction")
        self._names = [name.removeprefix("-") for name in names]
        self._next: Edge | None = None
        self._previous: Edge | None = None

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """The rows of the page that the request asks for. Raises BadParameter or BadCursor."""
        asked = PageQuery.read_page(request.query_params)
        size = asked.get("page_size", self.page_size)
        self._address = request.build_absolute_uri(public_path(request))
        self._query = request.META.get("QUERY_STRING", "")
        fields = [queryset.model._meta.get_field(name) for name in self._names]
        edge = Edge.decoded(asked["cursor"], fields) if asked.get("cursor") else None
        backwards = edge is not None and edge.before
        # Rows are fetched from the edge on, one more than the page has: whether there is another page behind it.
        sign = "-" if self._descending != backwards else ""
        rows = queryset.order_by(*(sign + name for name in self._names))
        if edge is not None:
            rows = rows.filter(self._beyond(edge))
        try:
            found = list(rows[: size + 1])
        except DataError as exc:  # a date that Python can hold and no column
            raise BadCursor from exc
        page, more = found[:size], len(found) > size
        self._link(page, edge, more)
        return page[::-1] if backwards else page

    def _beyond(self, edge: Edge) -> Any:
        lookup = _LOOKUPS[self._descending == edge.before, edge.including]
        return lookup(Tuple(*self._names), edge.key)

    def _link(self, fetched: list[Any], edge: Edge | None, more: bool) -> None:
        """fetched: in the order from the edge on, which for a page before it is backwards."""
        backwards = edge is not None and edge.before
        onwards = Edge(self._key(fetched[-1]), before=backwards) if more else None
        back = None
        if edge is not None:
            # From an empty page the way back leads by the row that the edge was made of, if it is still there.
            back = Edge(
                self._key(fetched[0]) if fetched else edge.key,
                before=not backwards,
                including=not fetched and not edge.including,
            )
        self._next, self._previous = (back, onwards) if backwards else (onwards, back)

    def _key(self, row: Any) -> tuple[Any, ...]:
        return tuple(row[name] if isinstance(row, dict) else getattr(row, name) for name in self._names)

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"next": self.next_link(), "previous": self.previous_link(), "results": data})

    def next_link(self) -> str | None:
        return self._linked(self._next)

    def previous_link(self) -> str | None:
        return self._linked(self._previous)

    def _linked(self, edge: Edge | None) -> str | None:
        if edge is None:
            return None
        address = f"{self._address}?{self._query}" if self._query else self._address
        return str(replace_query_param(address, "cursor", edge.encoded()))


# (rows greater than the edge, the edge included)
_LOOKUPS = {
    (True, False): TupleGreaterThan,
    (True, True): TupleGreaterThanOrEqual,
    (False, False): TupleLessThan,
    (False, True): TupleLessThanOrEqual,
}


def _as_text(value: Any) -> str:
    return value.isoformat() if isinstance(value, dt.date | dt.datetime) else str(value)


def _value(field: "Field[Any, Any]", text: str) -> Any:
    """What the field makes of a text. Raises ValueError or ValidationError for what it would not store."""
    if UNSTORABLE.search(text):
        raise ValueError("not storable")
    value = field.to_python(text)
    if value is None or (isinstance(value, dt.datetime) and is_naive(value)):
        raise ValueError("not a key")
    return value
