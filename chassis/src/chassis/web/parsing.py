"""Strict input."""

import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from types import SimpleNamespace
from typing import IO, Any, ClassVar, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.utils.timezone import is_naive
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.fields import empty
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from chassis.web import moments
from chassis.web.problems import PayloadTooLarge, Problem

MAX_DEPTH = 20
MAX_INTEGER = 2**63 - 1
# A float of 64 bits has 17 digits that matter; what is longer is written to be slow to read.
MAX_DIGITS = 40
PIECE = 64 * 1024
# More than the gateway lets through, 9 MiB: gunicorn closes a connection on which more than a little is left unread,
# and says so to nobody, so that the next request on it fails.
DRAINED_PIECES = 160
# PostgreSQL cannot store NUL in text, and a lone surrogate is not encodable as UTF-8.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# A text, or the rest of one that never ends: what stands in it is no comma between values.
_TEXT = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)
# How many field errors an answer lists, and so how many are worth making.
MAX_FIELD_ERRORS = Problem.most_errors

moments.bound(serializers.DateField, serializers.DateTimeField)


class StrictJSONParser(BaseParser):
    """application/json as RFC 8259 and RFC 7493 (I-JSON) have it, so that every value can be stored.

    UTF-8, no name twice in an object, no NaN or Infinity, integers of at most 64 bits, no NUL, no lone surrogates,
    bounded depth. What a body may cost is bounded before anything walks it: max_bytes, and max_values, the values and
    members in all its arrays and objects together. A view whose bodies are larger has a parser with larger bounds.
    """

    media_type = "application/json"
    max_bytes: ClassVar[int] = 128 * 1024
    max_values: ClassVar[int] = 1000

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        limit = min(self.max_bytes, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise PayloadTooLarge(f"The body is larger than {limit // 1024} KiB.")
        if _marks(body) > self.max_values and _marks(_TEXT.sub(b"", body)) > self.max_values:
            raise ParseError(f"The body holds more than {self.max_values} values.")
        try:
            data = json.loads(
                body.decode("utf-8"),
                parse_constant=_refuse_constant,
                parse_int=_storable_integer,
                parse_float=_finite,
                object_pairs_hook=_object,
            )
        except (ValueError, RecursionError) as exc:
            raise ParseError("The body is not valid JSON.") from exc
        _refuse_unstorable(data)
        return data


def _marks(body: bytes) -> int:
    """What separates values and opens arrays and objects: never fewer than half of the values that there are."""
    return body.count(b",") + body.count(b"[") + body.count(b"{")


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _storable_integer(digits: str) -> int:
    number = int(_short(digits))
    if abs(number) > MAX_INTEGER:
        raise ValueError("integer of more than 64 bits")
    return number


def _short(digits: str) -> str:
    if len(digits) > MAX_DIGITS:
        raise ValueError("a number of too many digits")
    return digits


def _finite(digits: str) -> float:
    number = float(_short(digits))
    if math.isinf(number):
        raise ValueError("number out of range")
    return number


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a name stands twice in one object")
    return members


def _refuse_unstorable(value: Any, depth: int = 0) -> None:
    if depth > MAX_DEPTH:
        raise ParseError("The body is nested too deeply.")
    if isinstance(value, str):
        if UNSTORABLE.search(value):
            raise ParseError("Text may not hold NUL or unpaired surrogates.")
    elif isinstance(value, dict):
        for key, inner in value.items():
            _refuse_unstorable(key, depth + 1)
            _refuse_unstorable(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _refuse_unstorable(inner, depth + 1)


class AcceptNegotiation(DefaultContentNegotiation):
    """By the Accept header alone: `?format=` is a filter where things have a format, and not DRF's."""

    settings: Any = SimpleNamespace(URL_FORMAT_OVERRIDE=None)

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        """What nearly every client asks for is not taken apart: anything, or JSON where that is all there is."""
        accepted = request.META.get("HTTP_ACCEPT", "*/*")
        if len(renderers) == 1 and accepted in ("*/*", renderers[0].media_type):
            return renderers[0], renderers[0].media_type
        return super().select_renderer(request, renderers, format_suffix)


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses fields it does not know, so that a misspelt name is told and not ignored."""

    @classmethod
    def parse(cls, data: Any, *, partial: bool = False) -> dict[str, Any]:
        """The validated data, like is_valid() and validated_data. Raises ValidationError.

        partial: fields may be missing, as in a PATCH, and are missing from what comes back; what is inside of those
        that are given is as complete as it ever is. The fields are made once for the class, where DRF makes them for
        each request; nothing of a request is kept in them.
        """
        return cast(dict[str, Any], _only(cls, partial).run_validation(data))

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            fields = self.fields
            unknown = [name for name in data if name not in fields][:MAX_FIELD_ERRORS]
            if unknown:
                raise serializers.ValidationError({name: ["This field is not known here."] for name in unknown})
        return super().to_internal_value(data)


@cache
def _only(serializer: type[StrictSerializer], partial: bool) -> StrictSerializer:
    made = serializer()
    if partial:
        # DRF's own partial=True reaches into what is nested: an amount without a currency would pass.
        for field in made.fields.values():
            field.required, field.default = False, empty
    return made


class StrictUUIDField(serializers.UUIDField):
    """A UUID as text; DRF's own would take a number for one."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        return super().to_internal_value(data)


class DrainMiddleware:
    """Reads what a view has left of the request's body, before the answer goes out.

    The gateway keeps its connections to us: what is sent and never read would be taken for the next request, which is
    another client's, or close the connection under it. Every early refusal leaves a body unread: 401, 404, 405, 413.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.META.get("CONTENT_LENGTH") not in (None, "", "0"):
            _drain(request)
        return response


def _drain(request: HttpRequest) -> None:
    try:
        for _ in range(DRAINED_PIECES):
            if not request.read(PIECE):
                return
    except UnreadablePostError:
        """The client is gone, and its connection with it."""


class MomentField(serializers.DateTimeField):
    """RFC 3339 with an offset; a time without one means something else in each time zone and is refused."""

    default_error_messages: ClassVar = {"naive": "The time needs an offset, such as +07:00 or Z."}

    def enforce_timezone(self, value: datetime) -> datetime:
        if is_naive(value):
            self.fail("naive")
        return super().enforce_timezone(value)
