"""How spans are made. Imported only where tracing is on (chassis.telemetry.tracing).

What calls another server has a span inside a request or an event and nowhere else: a tick, a probe, or a relay that
looks whether there is something to do, leaves none. No span holds parameters, bodies, query strings or the text of
an error, which may quote any of them. Names are those of OpenTelemetry's semantic conventions
(https://opentelemetry.io/docs/specs/semconv/).
"""

import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import wraps
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit
from uuid import UUID

from msgspec import structs
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from chassis.telemetry.correlation import Correlated, correlated, correlation_id

E = TypeVar("E", bound=Correlated)
F = TypeVar("F", bound=Callable[..., Any])
Attributes = Mapping[str, str | int]

BROKER = "rabbitmq"

_tracer = trace.get_tracer("chassis")
_w3c = TraceContextTextMapPropagator()


def start() -> None:
    """Sends this process's spans to the collector, in batches, from a thread of its own."""
    provider = TracerProvider(
        resource=Resource.create(
            {
                "service.name": os.environ["SERVICE_NAME"],
                "service.instance.id": f"{socket.gethostname()}-{os.getpid()}",
            }
        )
    )
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


@contextmanager
def begun(name: str, *, kind: SpanKind, attributes: Attributes, parent: Context | None = None) -> Iterator[Span]:
    """A span around what is inside, which is failed by what is raised there. parent: by default the current span."""
    with _tracer.start_as_current_span(
        name, context=parent, kind=kind, attributes=attributes, record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield span
        except BaseException as exc:
            failed(span, type(exc.__cause__ or exc).__name__)
            raise


@contextmanager
def inside(name: str, attributes: Attributes) -> Iterator[Span]:
    """A span for a call to another server, if there is one that it would be a part of."""
    if is_recording():
        with begun(name, kind=SpanKind.CLIENT, attributes=attributes) as span:
            yield span
    else:
        yield trace.INVALID_SPAN


def is_recording() -> bool:
    """Whether a request or an event is being worked on whose trace is kept."""
    return trace.get_current_span().is_recording()


def failed(span: Span, error: str) -> None:
    """error: the name of a class, or a status."""
    span.set_attribute("error.type", error)
    span.set_status(StatusCode.ERROR)


def remote(traceparent: object, tracestate: str = "") -> Context:
    """The span that another process told of; a new trace begins where that is missing or malformed."""
    carrier = {"traceparent": traceparent, "tracestate": tracestate} if isinstance(traceparent, str) else {}
    return _w3c.extract(carrier, context=Context())


def traceparent_of(span: Span) -> str:
    context = span.get_span_context()
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def event_made(make: F) -> F:
    @wraps(make)
    def traced(event: Any, **how: Any) -> Any:
        with begun(f"create {event.type}", kind=SpanKind.PRODUCER, attributes=_messaging("create")) as span:
            if not span.get_span_context().is_valid:  # a command of manage.py, which sends no spans
                return make(event, **how)
            with correlated(correlation_id(), traceparent_of(span)):
                attributes = make(event, **how)
            span.set_attribute("messaging.message.id", attributes["id"])
            return attributes

    return cast(F, traced)


def events_published(publish: F) -> F:
    """Nothing is told of a batch that the broker did not confirm: it is published again."""

    @wraps(publish)
    def traced(publisher: Any, messages: Sequence[tuple[str, dict[str, Any]]]) -> None:
        started = time.time_ns()
        publish(publisher, messages)
        for exchange, attributes in messages:
            parent = remote(attributes.get("traceparent"))
            if trace.get_current_span(parent).get_span_context().is_valid:
                _tracer.start_span(
                    f"send {attributes['type']}",
                    context=parent,
                    kind=SpanKind.CLIENT,
                    start_time=started,
                    attributes={
                        **_messaging("send"),
                        "messaging.message.id": attributes["id"],
                        "messaging.destination.name": exchange,
                        "messaging.batch.message_count": len(messages),
                    },
                ).end()

    return cast(F, traced)


# Of the events that are being handled, by their ids.
_handling: dict[UUID, Span] = {}


@contextmanager
def events_handled(events: Sequence[E]) -> Iterator[Sequence[E]]:
    """Of events that are handled again, in a smaller batch, the span is the one they have."""
    begun_here: dict[UUID, Span] = {}
    for event in events:
        if event.id not in _handling:
            begun_here[event.id] = _handling[event.id] = _handled(event)
    try:
        yield [structs.replace(cast(Any, event), traceparent=traceparent_of(_handling[event.id])) for event in events]
    finally:
        for event_id, span in begun_here.items():
            del _handling[event_id]
            span.end()


def _handled(event: Correlated) -> Span:
    return _tracer.start_span(
        f"process {event.type}",
        context=remote(event.traceparent),
        kind=SpanKind.CONSUMER,
        attributes={
            **_messaging("process"),
            "messaging.message.id": str(event.id),
            "correlation_id": event.correlationid,
        },
    )


def event_at_hand(event_id: UUID) -> AbstractContextManager[object]:
    span = _handling.get(event_id)
    if span is None:
        return nullcontext()
    return trace.use_span(span, record_exception=False, set_status_on_exception=False)


def event_failed(event_id: UUID, exc: Exception) -> None:
    failed(_handling[event_id], type(exc.__cause__ or exc).__name__)


def _messaging(operation: str) -> dict[str, str | int]:
    return {
        "messaging.system": BROKER,
        "messaging.operation.name": operation,
        "messaging.operation.type": operation,
    }


def http_call(send: F) -> F:
    @wraps(send)
    def traced(client: Any, method: str, path: str, *rest: Any) -> Any:
        if not is_recording():
            return send(client, method, path, *rest)
        server = urlsplit(client.base_url)
        about: dict[str, str | int] = {
            "http.request.method": method,
            "server.address": server.hostname or "",
            "url.path": path.partition("?")[0],
        }
        with (
            begun(f"{method} {client.name}", kind=SpanKind.CLIENT, attributes=about) as span,
            correlated(correlation_id(), traceparent_of(span)),
        ):
            response = send(client, method, path, *rest)
            answered(span, response.status, error_from=400)
            return response

    return cast(F, traced)


def answered(span: Span, status: int, *, error_from: int) -> None:
    """error_from: to a client, what it did wrong is an error as well; to a server only its own mistakes are."""
    span.set_attribute("http.response.status_code", status)
    if status >= error_from:
        failed(span, str(status))


def redis_call(call: F) -> F:
    @wraps(call)
    def traced(method: Any, *arguments: Any, **options: Any) -> Any:
        if not is_recording():
            return call(method, *arguments, **options)
        commands = getattr(getattr(method, "__self__", None), "command_stack", None)
        name = "PIPELINE" if commands is not None else str(arguments[0]).upper()
        about: dict[str, str | int] = {"db.system.name": "redis", "db.operation.name": name}
        if commands is not None:
            about["db.operation.batch.size"] = len(commands)
        with begun(name, kind=SpanKind.CLIENT, attributes=about):
            return call(method, *arguments, **options)

    return cast(F, traced)
