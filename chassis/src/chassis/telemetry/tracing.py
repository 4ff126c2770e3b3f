"""Tracing with OpenTelemetry: on when an OTLP endpoint is set; else nothing of it is imported or wrapped.

Whoever makes a span says so with one of these; how spans are made is in chassis.telemetry.spans. The standard variables
(OTEL_EXPORTER_OTLP_*, OTEL_TRACES_SAMPLER, OTEL_BSP_*) do the rest: docs/operations/monitoring.md.
"""

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar
from uuid import UUID

from chassis.telemetry.correlation import Correlated

E = TypeVar("E", bound=Correlated)
F = TypeVar("F", bound=Callable[..., Any])

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
ON = any(os.environ.get(name) for name in _ENDPOINTS) and os.environ.get("OTEL_SDK_DISABLED", "").lower() != "true"
# What a web process has in front of its middleware.
MIDDLEWARE = ["chassis.web.spans.RequestSpans"] if ON else []

if ON:
    from chassis.telemetry import spans
else:
    # redis-py would import it wherever it is installed, for metrics of its own: 2.4 MiB and 40 ms a process.
    for name in ("opentelemetry.metrics", "opentelemetry.sdk"):
        # None is how Python is told that there is none of that name; the stubs know modules alone.
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]


def start() -> None:
    """Spans that end from now on are sent. Called once by each web worker, Celery worker and relay, after a fork."""
    if ON:
        spans.start()


def event_made(make: F) -> F:
    """For what writes an event(event, ...): the span whose context travels in its envelope."""
    return spans.event_made(make) if ON else make


def events_published(publish: F) -> F:
    """For what hands (exchange, attributes) pairs to the broker: a span for each, in the event's own trace."""
    return spans.events_published(publish) if ON else publish


def events_handled(events: Sequence[E]) -> AbstractContextManager[Sequence[E]]:
    """Around the handling of events that came together: a span for each, that goes on with the event's trace.

    What comes back are the same events, with their own spans as parents of whatever follows from them.
    """
    return spans.events_handled(events) if ON else nullcontext(events)


def event_at_hand(event_id: UUID) -> AbstractContextManager[object]:
    """What is called inside is a part of the span of this event, if it is being handled."""
    return spans.event_at_hand(event_id) if ON else nullcontext()


def event_failed(event_id: UUID, exc: Exception) -> None:
    """The event will not be handled."""
    if ON:
        spans.event_failed(event_id, exc)


def http_call(send: F) -> F:
    """For a client's send(client, method, path, ...): a span, and its context for the other server."""
    return spans.http_call(send) if ON else send


def redis_call(call: F) -> F:
    """For what makes a call(method, *arguments) of a Redis client or pipeline: a span with the command's name."""
    return spans.redis_call(call) if ON else call


def step(name: str, **attributes: str) -> AbstractContextManager[object]:
    """A span for a call to another server that none of the others covers. Nothing secret belongs in the attributes."""
    return spans.inside(name, attributes) if ON else nullcontext()
