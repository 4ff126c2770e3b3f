"""What comes together: events, as a worker hands them to their handlers, and calls at the same time."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from chassis.ids import uuid7
from chassis.messaging.events import Event
from chassis.messaging.inbox import receive_all
from payments.handlers import HANDLERS, lock
from payments.models import Payment


def event(event_type: str, data: dict[str, Any], **overrides: Any) -> Event:
    """News of booking; overrides: of the envelope."""
    envelope = {"id": uuid7(), "source": "/booking", "subject": "b", "time": datetime.now(UTC), **overrides}
    return Event(type=event_type, data=data, **envelope)


def together(*events: Event) -> set[UUID]:
    """The ids of those whose effect was new."""
    return receive_all(events, HANDLERS, lock=lock)


def payment_of(booking: dict[str, Any]) -> Payment:
    return Payment.objects.get(booking_id=booking["booking_id"])


def at_once(work: Callable[[int], Any], times: int) -> list[Any]:
    """work(0) … work(times - 1), each in a thread with its own connection."""

    def run(number: int) -> Any:
        try:
            return work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(run, range(times)))
