"""Events arrive at least once; their effect happens once."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from things.events import MadeSlice, ThingMade
from things.handlers import HANDLERS, copy
from things.models import Thing

from chassis.ids import first_uuid7_at, uuid7
from chassis.messaging import housekeeping
from chassis.messaging.events import Event, MalformedEvent, envelope
from chassis.messaging.inbox import Handler, each, receive
from chassis.storage.models import InboxMessage, OutboxMessage
from chassis.telemetry.correlation import correlated
from chassis.testing import metric

pytestmark = pytest.mark.django_db
# For tests with several connections, or that look at what was really committed.
committed = pytest.mark.django_db(transaction=True)


def an_event(**changes: Any) -> Event:
    attributes = {
        "id": uuid7(),
        "type": "thing.made",
        "source": "/elsewhere",
        "subject": "s",
        "time": datetime.now(UTC),
        "data": {"thing_id": str(uuid7()), "name": "lamp"},
        **changes,
    }
    return Event(**attributes)


def test_a_repeated_event_has_no_second_effect() -> None:
    event = an_event()
    assert receive(event, copy) is True
    assert receive(event, copy) is False
    assert Thing.objects.count() == 1


@committed
def test_of_many_deliveries_at_once_one_has_the_effect() -> None:
    event = an_event()
    ready = threading.Barrier(6)

    def deliver(_: int) -> bool:
        ready.wait()
        try:
            return receive(event, copy)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(deliver, range(6))) == [False] * 5 + [True]
    assert Thing.objects.count() == 1


def test_a_handler_that_fails_leaves_nothing_behind_and_may_try_again() -> None:
    event = an_event()

    def fail(_: Event) -> None:
        copy(event)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        receive(event, fail)
    assert not InboxMessage.objects.exists()
    assert not Thing.objects.exists()
    assert receive(event, copy) is True


@committed
def test_what_comes_after_the_commit_runs_on_every_delivery_and_outside_of_a_transaction() -> None:
    seen: list[bool] = []
    handler = Handler(apply_all=each(copy), then_all=each(lambda _: seen.append(connection.in_atomic_block)))
    event = an_event()
    receive(event, handler)
    receive(event, handler)
    assert seen == [False, False]
    assert Thing.objects.count() == 1


def test_what_fails_after_the_commit_keeps_the_effect_and_is_repeated_with_the_event() -> None:
    calls: list[int] = []

    def then(_: Event) -> None:
        calls.append(1)
        if len(calls) == 1:
            raise ConnectionError

    event = an_event()
    with pytest.raises(ConnectionError):
        receive(event, Handler(apply_all=each(copy), then_all=each(then)))
    assert receive(event, Handler(apply_all=each(copy), then_all=each(then))) is False
    assert len(calls) == 2
    assert Thing.objects.count() == 1


def test_effects_and_repetitions_are_counted_apart() -> None:
    event = an_event(type="thing.counted")
    for _ in range(3):
        receive(event, copy)
    assert metric("inbox_handled_total", type="thing.counted") == 1
    assert metric("inbox_duplicates_total", type="thing.counted") == 2


def test_a_slice_reads_the_fields_it_names_and_ignores_others() -> None:
    thing_id = uuid7()
    event = an_event(data={"thing_id": str(thing_id), "name": "lamp", "more": {"than": "asked"}})
    assert event.read(MadeSlice) == MadeSlice(thing_id=thing_id, name="lamp")


@pytest.mark.parametrize("data", [{}, {"thing_id": "x", "name": "lamp"}, {"thing_id": str(uuid7()), "name": 7}])
def test_a_slice_that_does_not_fit_is_malformed(data: dict[str, Any]) -> None:
    with pytest.raises(MalformedEvent):
        an_event(data=data).read(MadeSlice)


@pytest.mark.parametrize(
    "changes",
    [{"id": "not-a-uuid"}, {"time": "yesterday"}, {"data": []}, {"data": None}, {"type": None}, {"subject": 7}],
)
def test_an_envelope_that_is_not_one_is_malformed(changes: dict[str, Any]) -> None:
    made = ThingMade(thing_id=uuid7(), name="lamp", made_at=datetime.now(UTC))
    good = envelope(made, subject="s", source="/t")
    assert Event.parse({**good, "extension": "is fine"}).type == "thing.made"
    with pytest.raises(MalformedEvent):
        Event.parse({**good, **changes})


def test_an_envelope_says_what_it_was_made_for() -> None:
    @dataclass(frozen=True)
    class Nested:
        when: datetime
        parts: list[dict[str, int]]

    @dataclass(frozen=True)
    class Sent(ThingMade):
        nested: Nested

    moment = datetime(2026, 1, 2, 3, 4, 5, 678900, tzinfo=UTC)
    sent = Sent(thing_id=uuid7(), name="é", made_at=moment, nested=Nested(moment, [{"a": 1}]))
    with correlated("checkout-4711", None):
        body = envelope(sent, subject=sent.thing_id, source="/t")
    assert body["correlationid"] == "checkout-4711"
    assert body["data"]["nested"] == {"when": "2026-01-02T03:04:05.678900Z", "parts": [{"a": 1}]}
    assert Event.parse(body).read(Sent) == sent


def test_the_test_plugin_delivers_through_the_real_inbox(deliver: Callable[..., bool]) -> None:
    event_id = uuid7()
    data = {"thing_id": str(uuid7()), "name": "lamp"}
    assert deliver("thing.made", data, event_id=event_id) is True
    assert deliver("thing.made", data, event_id=event_id) is False
    assert deliver("thing.made", data, name="other") is True
    assert sorted(Thing.objects.values_list("name", flat=True)) == ["lamp", "other"]
    assert set(HANDLERS) >= {"thing.made"}


def test_old_rows_are_swept_and_unpublished_events_never() -> None:
    old = first_uuid7_at(timezone.now() - timedelta(days=31))
    for consumer, event_id in (("chassis", old), ("chassis", uuid7()), ("somebody-else", old)):
        InboxMessage.objects.create(consumer=consumer, event_id=event_id, type="thing.made")
    with transaction.atomic():
        for published_at in (None, timezone.now()):
            OutboxMessage.objects.create(
                id=old if published_at else first_uuid7_at(timezone.now() - timedelta(days=32)),
                exchange="e",
                type="thing.made",
                body={},
                published_at=published_at,
            )
    assert housekeeping.prune() == 2
    assert InboxMessage.objects.filter(consumer="chassis").count() == 1
    assert OutboxMessage.objects.get().published_at is None
