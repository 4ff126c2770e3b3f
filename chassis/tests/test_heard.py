"""Since when a service is told of a type of event."""

import pytest

from chassis.ids import uuid7
from chassis.messaging.heard import ALWAYS, remember
from chassis.storage.models import HeardEvent, InboxMessage

pytestmark = pytest.mark.django_db


def test_a_type_is_asked_for_from_when_it_is_declared_first() -> None:
    before = uuid7()
    remember(["thing.made"])
    first = HeardEvent.objects.get()
    assert before < first.since < uuid7()
    remember(["thing.made", "thing.sold"])
    assert HeardEvent.objects.get(type="thing.made").since == first.since
    assert HeardEvent.objects.get(type="thing.sold").since > first.since


def test_what_was_handled_before_there_were_notes_was_always_asked_for() -> None:
    InboxMessage.objects.create(consumer="chassis", event_id=uuid7(), type="thing.made")
    remember(["thing.made"])
    assert HeardEvent.objects.get().since == ALWAYS
