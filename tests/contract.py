"""What the documents of contracts/openapi promise, held against every answer: its status, media type, body and headers.

A status, a member or one of the headers below that is not documented fails the test that met it.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import yaml

DOCUMENTS = Path(__file__).parent.parent / "contracts" / "openapi"
PROBLEM = "application/problem+json"
# As nginx sends them on; the first that fits. Pages for people and health are no part of the documents.
ROUTES = [
    (re.compile(r"/api/(?:auth|catalog|booking|payment|notify)/(?:health|schema|docs)(?:/.*)?"), ""),
    (re.compile(r"/api/auth(?P<route>/.+)"), "auth"),
    (re.compile(r"/api(?P<route>/showtimes/[^/]+/seats(?:/.*)?)"), "booking"),
    (re.compile(r"/api(?P<route>(?:/showtimes/[^/]+)?/tickets(?:/.*)?|/showtimes/[^/]+/quote)"), "booking"),
    (re.compile(r"/api(?P<route>/(?:movies|theaters|showtimes|screens)(?:[/:].*)?)"), "catalog"),
    (re.compile(r"/api(?P<route>/(?:bookings|promotions)(?:[/:].*)?)"), "booking"),
    (re.compile(r"/api(?P<route>/(?:gift-cards|payments|receipts|refunds)(?:/.*)?)"), "payment"),
    (re.compile(r"/api(?P<route>/notifications(?:/.*)?)"), "notify"),
]
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
TOLD = ("ETag", "Location", "Retry-After", "Idempotency-Replayed", "WWW-Authenticate")
# What may be answered where nothing is documented: there is no such thing, or no such method.
NOTHING_HERE = (400, 404, 405)
# What the gateway says by itself, of requests that no service sees.
OF_THE_GATEWAY = (414, 431, 504)


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path of a document."""

    document: Mapping[str, Any]
    path: str
    method: str
    says: Mapping[str, Any]

    def faults(self, status: int, headers: Mapping[str, str], body: bytes) -> Iterator[str]:
        """What about this answer is not as documented."""
        answer = self._resolved(self.says["responses"].get(str(status)))
        if not answer:
            yield "this status is not documented"
            return
        yield from self._faults_of_headers(answer.get("headers", {}), headers)
        media_type = headers.get("Content-Type", "").partition(";")[0]
        if "content" not in answer:
            if body:
                yield "a body is not documented"
        elif media_type not in answer["content"]:
            yield f"the media type {media_type!r} is not documented"
        elif media_type.endswith("json"):
            for error in self.validator(status, media_type).iter_errors(json.loads(body)):
                yield f"/{'/'.join(map(str, error.instance_path))}: {error.message}"

    def _faults_of_headers(self, documented: Mapping[str, Any], headers: Mapping[str, str]) -> Iterator[str]:
        for name in TOLD:
            if name in headers and name not in documented:
                yield f"the header {name} is not documented"
        for name, reference in documented.items():
            header = self._resolved(reference)
            if name in headers:
                value: Any = headers[name]
                if header["schema"].get("type") == "integer":
                    value = int(value)
                if not jsonschema_rs.is_valid(header["schema"], value):
                    yield f"{name}: {value!r} is not {header['schema']}"
            elif header.get("required"):
                yield f"the header {name} is missing"

    def validator(self, status: int, media_type: str) -> jsonschema_rs.Draft202012Validator:
        return _validator(self, str(status), media_type)

    def schema(self, status: str, media_type: str) -> dict[str, Any]:
        """The schema of an answer, with the components that it points at."""
        answer = self._resolved(self.says["responses"][status])
        return {**answer["content"][media_type]["schema"], "components": self.document["components"]}

    def _resolved(self, part: Any) -> Any:
        while isinstance(part, Mapping) and set(part) == {"$ref"}:
            kind, name = part["$ref"].split("/")[2:]
            part = self.document["components"][kind][name]
        return part

    def __hash__(self) -> int:
        return id(self.says)


@cache
def _validator(operation: Operation, status: str, media_type: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(operation.schema(status, media_type), validate_formats=True)


def hold(method: str, path: str, *, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Raises AssertionError when this answer of the gateway is not as documented. path: as it was asked for."""
    found = routed(path.partition("?")[0])
    if found is None or method not in METHODS or (status in OF_THE_GATEWAY and headers.get("Content-Type") == PROBLEM):
        return
    service, route = found
    operation = operation_of(service, method, route)
    if operation is not None:
        faults = list(operation.faults(status, headers, body))
    elif status in NOTHING_HERE and headers.get("Content-Type") == PROBLEM:
        faults = []
    else:
        faults = [f"{service} documents no such operation"]
    assert not faults, f"{method} {path} → {status}: {'; '.join(faults)}\n{body[:600]!r}"


def routed(path: str) -> tuple[str, str] | None:
    for pattern, service in ROUTES:
        if match := pattern.fullmatch(path):
            return (service, match["route"]) if service else None
    return None


def operation_of(service: str, method: str, route: str) -> Operation | None:
    """The operation that answers, None if none is documented. A path without parameters comes first."""
    paths = document(service)["paths"]
    fitting = [path for path in paths if re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path)), route)]
    for path in sorted(fitting, key=lambda path: path.count("{")):
        says = paths[path].get(method.lower())
        return None if says is None else Operation(document(service), path, method, says)
    return None


@cache
def document(service: str) -> dict[str, Any]:
    """Strict: what is not documented is not there. Clients are asked to be lenient; the tests are not."""
    read: dict[str, Any] = yaml.safe_load((DOCUMENTS / f"{service}.yaml").read_text())
    for schema in read["components"]["schemas"].values():
        _close(schema)
    return read


def _close(schema: Any) -> None:
    if isinstance(schema, dict):
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
        for inner in schema.values():
            _close(inner)
    elif isinstance(schema, list):
        for inner in schema:
            _close(inner)
