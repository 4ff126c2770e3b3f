"""OpenAPI documents a client can build on: what drf-spectacular cannot see is derived here, or declared at a view.

Derived: who may call, what goes wrong everywhere, ETags, Idempotency-Key, correlation ids. Declared: `@problems(...)`,
the errors that one operation raises beside those.
"""

from collections.abc import Callable, Iterator
from typing import Any, Literal, TypeVar

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import get_lib_doc_excludes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, inline_serializer
from rest_framework import exceptions as drf
from rest_framework import serializers

from chassis.web import openapi_components as components
from chassis.web.exceptions import to_problem
from chassis.web.idempotency import HEADER, KeyInFlight, KeyMalformed, KeyMissing, KeyReused
from chassis.web.pages import BadCursor, CursorPage
from chassis.web.parsing import StrictSerializer
from chassis.web.permissions import IsSignedIn
from chassis.web.problems import (
    BadRequest,
    BadRequestFields,
    NotFound,
    PayloadTooLarge,
    PermissionDenied,
    Problem,
    ServiceUnavailable,
    TooManyRequests,
    Unauthenticated,
)
from chassis.web.queries import BadParameter, taken_by
from chassis.web.views import FileView

View = TypeVar("View", bound=Callable[..., Any])
Kind = type[Problem] | Problem
Operation = dict[str, Any]
JSON = "application/json"
# Of an operation that may be repeated with it.
KEY = OpenApiParameter(HEADER, str, OpenApiParameter.HEADER)
SUCCESS = {"200": "What was asked for.", "201": "What was made.", "202": "Taken, and not done yet.", "204": "Done."}


def problems(*kinds: type[Problem]) -> Callable[[View], View]:
    """Says of a view's method which problems it answers with, beside those that are derived."""

    def say(view: View) -> View:
        view.problems = kinds  # type: ignore[attr-defined]  # a function holds what it is told
        return view

    return say


def sends(**bodies: Any) -> list[OpenApiExample]:
    """Request examples by name (`two_seats`). A test sends each of them: the API takes them as they are."""
    return [
        OpenApiExample(name, summary=name.replace("_", " ").capitalize(), value=body, request_only=True)
        for name, body in bodies.items()
    ]


def page_of(serializer: type[serializers.BaseSerializer[Any]]) -> Any:
    """The schema of a cursor page of these."""
    return inline_serializer(
        f"{serializer.__name__.removesuffix('Serializer')}Page",
        {
            "next": serializers.URLField(allow_null=True, help_text="The next page, as an address at the gateway."),
            "previous": serializers.URLField(allow_null=True),
            "results": serializers.ListField(child=serializer(), max_length=CursorPage.max_page_size),
        },
    )


# drf-spectacular registers a subclass with an __init_subclass__ that has no types.
class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # not all of it has types
    target_class = "chassis.web.permissions.TokenAuthentication"
    name = "accessToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": (
                "The access token of `POST /api/auth/token`: a JWT, signed with Ed25519, of 15 minutes. "
                "It is made and verified as RFC8725 asks."
            ),
        }


class ServiceSchema(AutoSchema):
    """One operation, with all it may answer."""

    def get_serializer_name(self, serializer: Any, direction: Literal["request", "response"]) -> str:
        """BookingRequest and MovieInput are BookingRequest and MovieRequest in the document, not …RequestRequest."""
        name = str(super().get_serializer_name(serializer, direction))
        return name.removesuffix("Request").removesuffix("Input") if direction == "request" else name

    def _map_serializer_field(self, field: Any, direction: Any, bypass_extensions: bool = False) -> Any:
        """With the bounds of nested lists, which drf-spectacular (0.30) does not look at."""
        schema = super()._map_serializer_field(field, direction, bypass_extensions)  # type: ignore[no-untyped-call]  # not all of it has types
        if isinstance(field, serializers.ListSerializer) and schema.get("type") == "array":
            bounds = {"minItems": None if field.allow_empty else 1, "maxItems": getattr(field, "max_length", None)}
            schema |= {name: bound for name, bound in bounds.items() if bound}
        return schema

    def get_operation(self, *given: Any, **named: Any) -> Operation | None:
        operation: Operation | None = super().get_operation(*given, **named)
        if operation is None:
            return None
        self._add_body_of_delete(operation)
        operation.setdefault("security", [{}])  # everybody, and said so
        self._add_headers(operation)
        self._add_problems(operation)
        return operation

    def get_override_parameters(self) -> list[Any]:
        """The query parameters that the method takes, beside what its `extend_schema` names."""
        query = taken_by(getattr(self.view, self.method.lower(), None))
        return [query] if query._declared_fields else []

    def get_request_serializer(self) -> Any:
        """Nothing is guessed for DELETE, which takes a body only where `extend_schema` says so."""
        return None if self.method == "DELETE" else super().get_request_serializer()

    def _add_body_of_delete(self, operation: Operation) -> None:
        """drf-spectacular leaves it out; ours take a reason, or the seats. Its own methods have no types."""
        if self.method != "DELETE" or (request := self.get_request_serializer()) is None:
            return
        content = {"schema": self._get_request_for_media_type(request)[0]}  # type: ignore[no-untyped-call]  # not all of it has types
        if examples := self._get_examples(request, "request", JSON):  # type: ignore[no-untyped-call]  # not all of it has types
            content["examples"] = examples
        operation["requestBody"] = {"content": {JSON: content}}

    def _add_headers(self, operation: Operation) -> None:
        named = operation.setdefault("parameters", [])
        keyed = [each for each in named if each["name"] == HEADER]
        named[:] = [each for each in named if each not in keyed]
        if keyed:
            required = keyed[0].get("required", False)
            named.append(components.parameter("IdempotencyKeyRequired" if required else "IdempotencyKey"))
        is_socket = "101" in operation["responses"]
        tagged = self.method == "GET" and not isinstance(self.view, FileView) and not is_socket
        if tagged:
            named.append(components.parameter("IfNoneMatch"))
            operation["responses"]["304"] = components.response("NotModified")
        named.append(components.parameter("CorrelationId"))
        for status, answer in operation["responses"].items():
            if "$ref" in answer or status == "101":
                continue
            answer["description"] = answer["description"] or SUCCESS[status]
            headers = answer.setdefault("headers", {})
            headers["X-Correlation-ID"] = components.header("CorrelationId")
            headers["RateLimit"] = components.header("RateLimit")
            headers["RateLimit-Policy"] = components.header("RateLimitPolicy")
            if tagged and status == "200":
                headers["ETag"] = components.header("ETag")
            if keyed:
                headers["Idempotency-Replayed"] = components.header("IdempotencyReplayed")
            if status == "201":
                headers["Location"] = components.header("Location")
            if status == "202" and keyed:
                headers["Retry-After"] = components.header("RetryAfterAccepted")

    def _add_problems(self, operation: Operation) -> None:
        by_status: dict[int, dict[str, Kind]] = {}
        declared = getattr(getattr(self.view, self.method.lower(), None), "problems", ())
        for kind in [*self._derived(operation), *declared]:
            for code in kind.codes or (kind.code,):
                by_status.setdefault(kind.status, {}).setdefault(code, kind)
        keyed = any("IdempotencyKey" in each.get("$ref", "") for each in operation["parameters"])
        for status, kinds in sorted(by_status.items()):
            operation["responses"][str(status)] = components.problem_answer(status, kinds, replayed=keyed)

    def _derived(self, operation: Operation) -> Iterator[Kind]:
        """What goes wrong by the look of the operation: its token, its roles, its path, its body, its page, its key."""
        yield from (BadRequest, BadParameter, TooManyRequests, ServiceUnavailable, Problem)
        yield _of_drf(drf.NotAcceptable())
        if list(self.view.get_authenticators()):
            yield Unauthenticated
        if any(self._asks_for_role(each) for each in self.view.get_permissions()):
            yield PermissionDenied
        if "{" in self.path:
            yield NotFound
        if "requestBody" in operation:
            yield from (BadRequestFields, _of_drf(drf.ParseError()), _of_drf(drf.UnsupportedMediaType("text/plain")))
            yield PayloadTooLarge
        parameters = {each.get("name") or each["$ref"].rpartition("/")[2] for each in operation["parameters"]}
        if "cursor" in parameters:
            yield BadCursor
        if parameters & {"IdempotencyKey", "IdempotencyKeyRequired"}:
            yield from (KeyMalformed, KeyInFlight, KeyReused)
        if "IdempotencyKeyRequired" in parameters:
            yield KeyMissing

    def _asks_for_role(self, permission: Any) -> bool:
        if hasattr(permission, "op1"):  # DRF's own, of `ReadOnly | May(...)`
            return self.method != "GET" and any(self._asks_for_role(each) for each in (permission.op1, permission.op2))
        return isinstance(permission, IsSignedIn) and type(permission) is not IsSignedIn


def _of_drf(error: drf.APIException) -> Problem:
    problem = to_problem(error)
    assert problem is not None
    return problem


# An extension of a serializer: what members may be that it does not name.
FURTHER_MEMBERS = "x-further-members"


def complete_document(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """The last postprocessing hook: requests are strict, answers whole, and what operations share stands once."""
    schemas = result.setdefault("components", {}).setdefault("schemas", {})
    for name, schema in schemas.items():
        if name.endswith("Request") and schema.get("type") == "object":
            # StrictSerializer takes no others, but for those of a line whose columns are the theater's own.
            schema.setdefault("additionalProperties", schema.pop(FURTHER_MEMBERS, False))
        if not name.endswith("Request") and "properties" in schema:
            schema["required"] = sorted(schema["properties"])  # what is answered is answered whole
        if schema.get("description", "").startswith("* `"):
            del schema["description"]  # it says each value of an enum once more
    components.share(result)
    _make_precise(result)
    return result


def _make_precise(part: Any) -> None:
    """Numbers are of 64 bits (StrictJSONParser), and a default that could not be sent is none."""
    if isinstance(part, dict):
        if "integer" in (kind := part.get("type", ())) and isinstance(kind, str | list):
            part.setdefault("format", "int64")
        if part.get("default") == "" and part.get("minLength"):
            del part["default"]
        for inner in part.values():
            _make_precise(inner)
    elif isinstance(part, list):
        for inner in part:
            _make_precise(inner)


def doc_excludes() -> list[type]:
    """Classes whose docstrings are for us, and not for a client of the API."""
    return [*get_lib_doc_excludes(), StrictSerializer, CursorPage]  # type: ignore[no-untyped-call]  # not all of it has types
