"""Since when a service has been told of each type of event that it handles.

A release that begins to handle a type is not told of what was published before it. Whoever looks for events that were
lost (the audit) has to know that.
"""

from collections.abc import Iterable
from uuid import UUID

from chassis.ids import uuid7
from chassis.storage.models import HeardEvent, InboxMessage

ALWAYS = UUID(int=0)


def remember(types: Iterable[str]) -> None:
    """Notes those that are new, once their queue is bound: from now on; always, where one was handled before there were
    notes. Safe to repeat."""
    known = set(HeardEvent.objects.values_list("type", flat=True))
    found = [
        HeardEvent(type=type_, since=ALWAYS if InboxMessage.objects.filter(type=type_).exists() else uuid7())
        for type_ in sorted(set(types) - known)
    ]
    HeardEvent.objects.bulk_create(found, ignore_conflicts=True)
