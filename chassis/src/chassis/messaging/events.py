"""The envelope of every event: CloudEvents 1.0 attributes (https://github.com/cloudevents/spec)."""

import builtins
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import import_module
from importlib.util import find_spec
from typing import Any, ClassVar, Protocol, TypeVar
from uuid import UUID

import msgspec

from chassis.ids import uuid7
from chassis.telemetry import tracing
from chassis.telemetry.correlation import correlated, correlation_id, traceparent

T = TypeVar("T")


class EventData(Protocol):
    """What a service emits: a frozen dataclass named after the event, with its type as a class variable."""

    type: ClassVar[str]
    __dataclass_fields__: ClassVar[dict[str, Any]]


class MalformedEvent(Exception):
    """An envelope or a field that is not what it must be: the message is dead-lettered, not retried."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One message. `correlationid` is our extension attribute; `subject` is the id of what it is about."""

    id: UUID
    type: str
    source: str
    subject: str
    time: datetime
    data: dict[str, Any]
    specversion: str = "1.0"
    traceparent: str = ""
    correlationid: str = ""

    @classmethod
    def parse(cls, attributes: dict[str, Any]) -> "Event":
        """Raises MalformedEvent."""
        try:
            return msgspec.convert(attributes, cls)
        except msgspec.ValidationError as exc:
            raise MalformedEvent(str(exc)) from exc

    def read(self, slice_type: builtins.type[T]) -> T:
        """The fields that the slice (a dataclass) names, as their types; others are ignored. Raises MalformedEvent."""
        try:
            return msgspec.convert(self.data, slice_type)
        except msgspec.ValidationError as exc:
            raise MalformedEvent(f"{self.type}: {exc}") from exc


@contextmanager
def at_hand(event: Event | None) -> Iterator[None]:
    """What is told, asked or logged inside is of this event: it carries its correlation id and its trace.

    None: it stays with the work at hand.
    """
    if event is None:
        yield
        return
    with tracing.event_at_hand(event.id), correlated(event.correlationid, event.traceparent):
        yield


@tracing.event_made
def envelope(event: EventData, *, subject: UUID | str, source: str) -> dict[str, Any]:
    """The attributes of a new event as JSON types, with the correlation id and trace of the work at hand."""
    return {
        "specversion": "1.0",
        "id": str(uuid7()),
        "type": event.type,
        "source": source,
        "subject": str(subject),
        "time": datetime.now(UTC).isoformat(),
        "traceparent": traceparent(),
        "correlationid": correlation_id(),
        "data": msgspec.to_builtins(event),
    }


def told_by(app: str) -> set[str]:
    """The types of the events that a service emits: those of the classes in its `events`."""
    name = f"{app}.events"
    if find_spec(name) is None:
        return set()
    module = import_module(name)
    return {
        value.__dict__["type"]
        for value in vars(module).values()
        if isinstance(value, type) and isinstance(value.__dict__.get("type"), str)
    }
