"""Correlation id and W3C trace context, in and out, through HTTP and through messages."""

import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from chassis.ids import uuid7

if TYPE_CHECKING:  # the relay has no Django
    from django.http import HttpRequest, HttpResponse

CORRELATION_HEADER = "X-Correlation-ID"
_SANE = re.compile(r"[A-Za-z0-9._:\-]{8,128}")
# https://www.w3.org/TR/trace-context/#traceparent-header, version 00
_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")

_correlation: ContextVar[str] = ContextVar("correlation_id", default="")
_traceparent: ContextVar[str] = ContextVar("traceparent", default="")


class Correlated(Protocol):
    """A message that carries both; `Event` of chassis.messaging.events is one."""

    @property
    def id(self) -> UUID: ...
    @property
    def type(self) -> str: ...
    @property
    def correlationid(self) -> str: ...
    @property
    def traceparent(self) -> str: ...


def correlation_id() -> str:
    """The id of the request or message being worked on; empty outside of one."""
    return _correlation.get()


def traceparent() -> str:
    return _traceparent.get()


def trace_id() -> str:
    return _traceparent.get()[3:35]


@contextmanager
def correlated(correlation: str | None, parent: str | None) -> Iterator[None]:
    """Everything inside carries this correlation id and trace; what is missing or malformed is made anew."""
    if not correlation or not _SANE.fullmatch(correlation):
        correlation = str(uuid7())
    if not parent or not _TRACEPARENT.fullmatch(parent):
        parent = f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
    correlation_token = _correlation.set(correlation)
    trace_token = _traceparent.set(parent)
    try:
        yield
    finally:
        _correlation.reset(correlation_token)
        _traceparent.reset(trace_token)


class CorrelationMiddleware:
    """Takes X-Correlation-ID and traceparent from the request or makes them; returns X-Correlation-ID."""

    def __init__(self, get_response: "Callable[[HttpRequest], HttpResponse]") -> None:
        self.get_response = get_response

    def __call__(self, request: "HttpRequest") -> "HttpResponse":
        headers = request.META
        with correlated(headers.get("HTTP_X_CORRELATION_ID"), headers.get("HTTP_TRACEPARENT")):
            response = self.get_response(request)
            response[CORRELATION_HEADER] = correlation_id()
            return response
