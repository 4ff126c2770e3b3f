"""What Django does, as spans: requests and statements. Imported only where tracing is on."""

import re
from collections.abc import Callable
from typing import Any

from django.db.backends.signals import connection_created
from django.http import HttpRequest, HttpResponse
from opentelemetry.trace import SpanKind

from chassis.telemetry.correlation import CORRELATION_HEADER
from chassis.telemetry.spans import answered, begun, inside, is_recording, remote, traceparent_of
from chassis.web.health import PROBED
from chassis.web.metrics import METHODS

# Longer ones are lists of placeholders.
STATEMENT_LENGTH = 2_000
_WORD = re.compile(r"\w+")
_TABLE = re.compile(r'\b(?:FROM|INTO|UPDATE)\s+"?(\w+)', re.IGNORECASE)


class RequestSpans:
    """A span for each request but probes and scrapes, which goes on with the caller's trace.

    The route is its name; what comes after it in the chain finds it in the request's `traceparent`.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info in PROBED:
            return self.get_response(request)
        headers = request.META
        method = request.method if request.method in METHODS else "_OTHER"
        about: dict[str, str | int] = {"http.request.method": str(method), "url.path": request.path_info}
        parent = remote(headers.get("HTTP_TRACEPARENT"), headers.get("HTTP_TRACESTATE", ""))
        with begun(str(method), kind=SpanKind.SERVER, attributes=about, parent=parent) as span:
            headers["HTTP_TRACEPARENT"] = traceparent_of(span)
            response = self.get_response(request)
            if request.resolver_match is not None:
                route = f"/{request.resolver_match.route}"
                span.update_name(f"{method} {route}")
                span.set_attribute("http.route", route)
            span.set_attribute("correlation_id", response.get(CORRELATION_HEADER, ""))
            answered(span, response.status_code, error_from=500)
            return response


def connect() -> None:
    """The statements of every connection that this process makes from now on have spans."""
    connection_created.connect(_watch)


def _watch(connection: Any, **_: Any) -> None:
    if _statement not in connection.execute_wrappers:
        connection.execute_wrappers.append(_statement)


def _statement(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
    """The statement as it is written, with placeholders; what is put in their place never comes here."""
    if not is_recording():
        return execute(sql, params, many, context)
    text = sql if isinstance(sql, str) else ""
    operation = word[0].upper() if (word := _WORD.search(text)) else "SQL"
    table = _TABLE.search(text)
    about = {
        "db.system.name": "postgresql",
        "db.namespace": context["connection"].settings_dict["NAME"],
        "db.operation.name": operation,
        "db.query.text": text[:STATEMENT_LENGTH],
    }
    with inside(f"{operation} {table[1]}" if table else operation, about):
        return execute(sql, params, many, context)
