"""Strict input."""

import json
import math
import re
from collections.abc import Mapping
from functools import cache
from types import SimpleNamespace
from typing import IO, Any, cast

from django.conf import settings
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.fields import empty
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from chassis.web.problems import PayloadTooLarge

MAX_DEPTH = 20
MAX_INTEGER = 2**63 - 1
PIECE = 64 * 1024
DRAINED_PIECES = 128
# PostgreSQL cannot store NUL in text, and a lone surrogate is not encodable as UTF-8.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class StrictJSONParser(BaseParser):
    """application/json as RFC 8259 and RFC 7493 (I-JSON) have it, so that every value can be stored.

    UTF-8, no name twice in an object, no NaN or Infinity, integers of at most 64 bits, no NUL, no lone surrogates,
    bounded depth. Of at most settings.DATA_UPLOAD_MAX_MEMORY_SIZE bytes; Django checks that of bodies it reads itself.
    """

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = stream.read(limit + 1)
        if len(body) > limit:
            # What is sent and never read would reset the connection before the client has seen the answer.
            for _ in range(DRAINED_PIECES):
                if not stream.read(PIECE):
                    break
            raise PayloadTooLarge
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


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _storable_integer(digits: str) -> int:
    number = int(digits)
    if abs(number) > MAX_INTEGER:
        raise ValueError("integer of more than 64 bits")
    return number


def _finite(digits: str) -> float:
    number = float(digits)
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
            unknown = [name for name in data if name not in self.fields]
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
