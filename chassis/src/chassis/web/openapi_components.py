"""What the operations of every service share in their OpenAPI documents: headers, parameters and problem details."""

from collections.abc import Iterator, Mapping
from typing import Any

from chassis.web.problems import Problem

Kinds = Mapping[str, type[Problem] | Problem]  # by code
PROBLEM_JSON = "application/problem+json"
EXAMPLE_ID = "019ab1c8-1000-7a00-8000-0000000000c1"

PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457 problem details. Build on `code`; the sentences are for people and may change.",
    "required": ["type", "title", "status", "code", "detail", "instance", "correlation_id"],
    "properties": {
        "type": {"type": "string", "format": "uri", "description": "`urn:marquee:problem:` and the code."},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "code": {"type": "string", "pattern": "^[a-z_]+$", "description": "Stable: build on this."},
        "detail": {"type": "string"},
        "instance": {"type": "string", "description": "The path it happened at."},
        "correlation_id": {"type": "string", "description": "What to tell support."},
        "errors": {
            "type": "array",
            "maxItems": 1000,
            "description": "One for each field, query parameter or cell of a file that is wrong.",
            "items": {
                "type": "object",
                "required": ["detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "RFC 6901, into the body."},
                    "parameter": {"type": "string", "description": "The query parameter."},
                    "line": {"type": "integer", "description": "Of a file, as it counts them."},
                    "field": {"type": "string", "description": "The column of that line."},
                    "code": {"type": "string", "pattern": "^[a-z_]+$", "description": "Where it is told, stable."},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}


def _header(description: str, *, required: bool = False, **schema: Any) -> dict[str, Any]:
    return {"description": description, **({"required": True} if required else {}), "schema": schema}


HEADERS = {
    "CorrelationId": _header(
        "The request's own, or one that was made for it. Every log line and event that it led to carries it.",
        required=True,
        type="string",
        pattern="^[A-Za-z0-9._:-]{8,128}$",
    ),
    "ETag": _header(
        "Send it as `If-None-Match` to be told 304 while nothing changed.", required=True, type="string", minLength=4
    ),
    "IdempotencyReplayed": _header(
        "This is the stored answer of an earlier request with this key.", type="string", enum=["true"]
    ),
    "Location": _header("The address of what was made.", type="string", format="uri-reference"),
    "RateLimit": _header(
        "How many requests are left of each limit (`r`), and in how many seconds all are (`t`).",
        type="string",
        examples=['"address";r=99;t=1, "user";r=98;t=2'],
    ),
    "RateLimitPolicy": _header(
        "The limits that this request counted for: so many requests (`q`) in so many seconds (`w`).",
        type="string",
        examples=['"address";q=100;w=60, "user";q=100;w=60'],
    ),
    "RetryAfter": _header("Seconds to wait before the same request.", required=True, type="integer", minimum=0),
    "RetryAfterSometimes": _header("Seconds to wait, where waiting helps.", type="integer", minimum=0),
    "RetryAfterAccepted": _header(
        "Seconds after which the same request, with the same key, may know more.", type="integer", minimum=0
    ),
    "WWWAuthenticate": _header("How to authenticate.", required=True, type="string", enum=["Bearer"]),
}

CORRELATION_ID = {"type": "string", "pattern": "^[A-Za-z0-9._:-]{8,128}$", "maxLength": 128}
KEY = {"type": "string", "pattern": "^[\\x21-\\x7e]{1,255}$", "maxLength": 255}
KEY_SAYS = (
    "A value of your own for this request, such as a UUID. The same request with the same key has one effect, and "
    "for 24 hours one answer."
)


def _parameter(name: str, description: str, schema: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": name, "in": "header", "description": description, "schema": schema, **more}


PARAMETERS = {
    "CorrelationId": _parameter("X-Correlation-ID", "Yours, to find the request in the logs by.", CORRELATION_ID),
    "IdempotencyKey": _parameter("Idempotency-Key", KEY_SAYS, KEY),
    "IdempotencyKeyRequired": _parameter("Idempotency-Key", KEY_SAYS, KEY, required=True),
    "IfNoneMatch": _parameter("If-None-Match", "The `ETag` of what you hold.", {"type": "string", "maxLength": 1000}),
}

CORRELATED = {"X-Correlation-ID": {"$ref": "#/components/headers/CorrelationId"}}
RESPONSES: dict[str, Any] = {
    "NotModified": {
        "description": "What you hold is what there is.",
        "headers": {**CORRELATED, "ETag": {"$ref": "#/components/headers/ETag"}},
    }
}


def header(name: str) -> dict[str, str]:
    return _reference("headers", name)


def parameter(name: str) -> dict[str, str]:
    return _reference("parameters", name)


def response(name: str) -> dict[str, str]:
    return _reference("responses", name)


def problem_answer(status: int, kinds: Kinds, *, replayed: bool) -> dict[str, Any]:
    """The answer of this status: a problem with one of these codes. One that many operations give is shared.

    replayed: it may be the stored answer to an idempotency key.
    """
    headers = dict(CORRELATED)
    if status in (429, 503):
        headers["Retry-After"] = header("RetryAfter")
    elif status == 409:
        headers["Retry-After"] = header("RetryAfterSometimes")
    if status == 429:
        headers["RateLimit"], headers["RateLimit-Policy"] = header("RateLimit"), header("RateLimitPolicy")
    if status == 401:
        headers["WWW-Authenticate"] = header("WWWAuthenticate")
    if replayed and status in (402, 409):
        headers["Idempotency-Replayed"] = header("IdempotencyReplayed")
    members = {name: schema for kind in kinds.values() for name, schema in kind.members.items()}
    return {
        "description": _list_of(kinds),
        "headers": headers,
        "content": {
            PROBLEM_JSON: {
                "schema": {
                    **_reference("schemas", "Problem"),
                    "properties": {
                        "status": {"type": "integer", "const": status},
                        "code": {"enum": sorted(kinds)},
                        **members,
                    },
                    "additionalProperties": True,
                },
                "examples": {code: _example(code, kinds[code]) for code in sorted(kinds)},
            }
        },
    }


def _list_of(kinds: Kinds) -> str:
    if len(kinds) == 1:
        return "".join(f"{kind.title}." for kind in kinds.values())
    return "\n".join(f"- `{code}`: {kinds[code].title}." for code in sorted(kinds))


def _example(code: str, kind: type[Problem] | Problem) -> dict[str, Any]:
    shown = {name: schema["examples"][0] for name, schema in kind.members.items()}
    body = {
        "type": f"urn:marquee:problem:{code}",
        "title": kind.title,
        "status": kind.status,
        "code": code,
        "detail": f"{kind.title}.",
        "instance": "/the/path/of/the/request",
        "correlation_id": EXAMPLE_ID,
        **shown,
    }
    return {"summary": kind.title, "value": body}


def share(document: dict[str, Any]) -> None:
    """Moves what operations have in common to `components`, and puts there what they point at."""
    parts = document["components"]
    parts["schemas"]["Problem"] = {**PROBLEM, "properties": dict(PROBLEM["properties"])}
    for operation in _operations(document):
        for status, answer in operation["responses"].items():
            content = answer.get("content", {}).get(PROBLEM_JSON)
            if content is not None and (shared := _shared(answer, content, parts)):
                operation["responses"][status] = response(shared)
    for _ in range(2):  # a response points at headers
        for kind, name in list(_references(document)):
            if name not in parts.setdefault(kind, {}) and (known := SHARED.get(kind, {}).get(name)):
                parts[kind][name] = known


def _shared(answer: dict[str, Any], content: dict[str, Any], parts: dict[str, Any]) -> str | None:
    """Moves the members and examples of one answer; the name of the response it is, where others are the same."""
    refined, examples = content["schema"]["properties"], content["examples"]
    for member in sorted(refined.keys() - {"status", "code"}):
        parts["schemas"]["Problem"]["properties"][member] = refined.pop(member)
    for code, example in examples.items():
        parts.setdefault("examples", {}).setdefault(code, example)
        examples[code] = _reference("examples", code)
    if len(examples) != 1:
        return None
    [code] = examples
    return code if parts.setdefault("responses", {}).setdefault(code, answer) == answer else None


def _operations(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        yield from (operation for operation in path.values() if "responses" in operation)


def _references(part: Any) -> Iterator[tuple[str, str]]:
    """(kind, name) of each component that is pointed at."""
    if isinstance(part, Mapping):
        if isinstance(part.get("$ref"), str):
            _, _, kind, name = part["$ref"].split("/")
            yield kind, name
        for inner in part.values():
            yield from _references(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _references(inner)


def _reference(kind: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}


SHARED: dict[str, dict[str, Any]] = {"headers": HEADERS, "parameters": PARAMETERS, "responses": RESPONSES}
