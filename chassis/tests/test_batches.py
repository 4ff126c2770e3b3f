"""Events that came together: the effect of each once, and whatever befalls one of them befalls no other."""

import json
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import amqp
import psycopg
import pytest
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from kombu import Connection
from processes import PATIENCE, address, database_url, worker
from test_worker import Depth, dead, handled, publish, things
from things.handlers import HANDLERS
from things.models import Thing

from chassis.ids import uuid7
from chassis.messaging import batches
from chassis.messaging.batches import BATCH, SEVERAL, Delivery, Lane, Verdict
from chassis.messaging.events import Event
from chassis.messaging.inbox import Handler, each, receive_all
from chassis.storage import rows
from chassis.storage.models import InboxMessage, OutboxMessage
from chassis.storage.redis import redis_client
from chassis.testing import metric, wait_until
from chassis.testing_plans import analyze, costs, rows_read

pytestmark = pytest.mark.django_db(transaction=True)


def delivery(event_type: str = "thing.copied", **attributes: Any) -> Delivery:
    data = {"thing_id": str(uuid7()), "name": "lamp"}
    event = {
        "id": uuid7(),
        "type": event_type,
        "source": "/elsewhere",
        "subject": "s",
        "time": datetime.now(UTC),
        "data": data,
    }
    return Delivery(Event(**(event | attributes)), message=None)


def verdicts(batch: Sequence[Delivery], handlers: Any = HANDLERS, **options: Any) -> list[Verdict | None]:
    Lane(handlers, **options).handle(batch)
    return [one.verdict for one in batch]


def test_an_event_that_came_twice_has_its_effect_once_within_a_batch_and_across_two() -> None:
    first = delivery()
    again = Delivery(first.event, message=None)
    assert verdicts([first, again, delivery()]) == [Verdict.HANDLED] * 3
    assert verdicts([delivery(), Delivery(first.event, message=None)]) == [Verdict.HANDLED] * 2
    assert Thing.objects.count() == OutboxMessage.objects.count() == 3


def test_repetitions_are_counted_apart_also_within_a_batch() -> None:
    handled_before = metric("inbox_handled_total", type="thing.copied")
    repeated_before = metric("inbox_duplicates_total", type="thing.copied")
    first = delivery()
    verdicts([first, Delivery(first.event, message=None), delivery()])
    assert metric("inbox_handled_total", type="thing.copied") == handled_before + 2
    assert metric("inbox_duplicates_total", type="thing.copied") == repeated_before + 1


@pytest.mark.parametrize("where", [0, 10, 19])
@pytest.mark.parametrize("kind", ["thing.copied", "thing.made"])
def test_one_that_cannot_be_handled_is_laid_aside_alone(where: int, kind: str) -> None:
    batch = [delivery(kind) for _ in range(19)]
    batch.insert(where, delivery(kind, data={"thing_id": "none", "name": "poison"}))
    expected = [Verdict.HANDLED] * 20
    expected[where] = Verdict.DEAD_LETTERED
    assert verdicts(batch) == expected
    assert Thing.objects.filter(name="lamp").count() == InboxMessage.objects.count() == 19


def test_of_a_batch_that_is_rolled_back_nothing_is_left_and_all_of_it_is_tried_again() -> None:
    tries = []

    def away_at_first(events: Sequence[Event]) -> None:
        HANDLERS["thing.copied"].apply_all(events)  # type: ignore[union-attr]  # that one is a Handler
        tries.append(Thing.objects.count())
        if len(tries) == 1:
            raise OperationalError("server closed the connection unexpectedly")

    batch = [delivery() for _ in range(5)]
    assert verdicts(batch, {"thing.copied": Handler(apply_all=away_at_first)}) == [Verdict.HANDLED] * 5
    assert tries == [5, 5]
    assert Thing.objects.count() == 5


def test_what_fails_after_the_commit_keeps_its_effect_and_lays_aside_that_event_alone() -> None:
    batch = [delivery() for _ in range(6)]
    culprit, told = batch[4].event.id, []

    def then(event: Event) -> None:
        if event.id == culprit:
            raise ZeroDivisionError
        told.append(event.id)

    handler = Handler(apply_all=HANDLERS["thing.copied"].apply_all, then_all=each(then))  # type: ignore[union-attr]
    found = verdicts(batch, {"thing.copied": handler})
    assert [one.event.id for one in batch if one.verdict is Verdict.DEAD_LETTERED] == [culprit]
    assert found.count(Verdict.HANDLED) == 5
    assert set(told) == {one.event.id for one in batch} - {culprit}
    assert Thing.objects.count() == 6


def statements(events: Sequence[Event]) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert len(receive_all(events, HANDLERS)) == len(events)
    return len(queries)


def test_a_batch_of_fifty_takes_as_many_statements_as_one_of_one() -> None:
    receive_all([delivery().event], HANDLERS)
    assert statements([delivery().event]) == statements([delivery().event for _ in range(50)]) > 2


def test_what_follows_from_an_event_carries_its_own_correlation_id_and_trace() -> None:
    batch = [
        delivery(correlationid=f"order-{number:04}", traceparent=f"00-{number:032x}-{number:016x}-01")
        for number in range(1, 9)
    ]
    verdicts(batch)
    told = {UUID(message.body["subject"]): message.body for message in OutboxMessage.objects.all()}
    for one in batch:
        body = told[UUID(one.event.data["thing_id"])]
        assert body["correlationid"] == one.event.correlationid
        assert body["traceparent"] == one.event.traceparent


def test_rows_are_locked_before_any_event_is_handled_and_only_of_new_ones() -> None:
    known, calls = delivery(), []
    handlers = {"thing.made": lambda event: calls.append(event.id), **HANDLERS}
    verdicts([known], handlers)
    batch = [delivery("thing.made"), Delivery(known.event, message=None), delivery()]

    def lock(events: Sequence[Event]) -> None:
        calls.append([event.id for event in events])

    handlers["thing.made"] = lambda event: calls.append(event.id)
    verdicts(batch, handlers, lock=lock)
    assert calls == [[batch[0].event.id, batch[2].event.id], batch[0].event.id]


def test_a_row_that_somebody_else_has_holds_up_no_other_event() -> None:
    taken, free = (Thing.objects.create(name=name) for name in ("taken", "free"))

    def enlarge(event: Event) -> None:
        thing = Thing.objects.select_for_update().get(id=event.data["thing_id"])
        thing.size += 1
        thing.save()

    lane = Lane({"thing.enlarged": enlarge})
    batch = [delivery("thing.enlarged", data={"thing_id": str(free.id)}) for _ in range(9)]
    stuck = delivery("thing.enlarged", data={"thing_id": str(taken.id)})
    batch.insert(4, stuck)
    lane.start(wake=lambda: None)
    with psycopg.connect(database_url()) as other:
        other.execute("SELECT FROM things WHERE id = %s FOR UPDATE", [taken.id])
        for one in batch:
            lane.put(one)
        wait_until(lambda: sum(one.verdict is Verdict.HANDLED for one in batch) == 9)
        assert stuck.verdict is None
    wait_until(lambda: stuck.verdict is Verdict.HANDLED)
    lane.stop()
    assert list(Thing.objects.order_by("name").values_list("name", "size")) == [("free", 9), ("taken", 1)]


def test_an_event_that_is_held_up_for_too_long_is_laid_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chassis.messaging.batches.AWAY_SECONDS", 0.0)

    def wait(_: Event) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 10")
            cursor.execute("SELECT pg_sleep(30)")

    one = delivery("thing.slow")
    assert verdicts([one], {"thing.slow": wait}) == [Verdict.DEAD_LETTERED]
    assert one.error == "OperationalError"


def test_many_rows_are_written_in_one_statement() -> None:
    made = [Thing(name=f"thing {number}", size=number) for number in range(3)]
    assert rows.insert(made) == 3
    assert rows.insert([*made, Thing(name="new")], ignore_conflicts=True) == 1
    for thing in made:
        thing.size, thing.name = thing.size + 10, "not written"
    assert rows.update(made, fields=["size"]) == 3
    assert list(Thing.objects.order_by("size").values_list("name", "size")) == [
        ("new", 0),
        *((f"thing {number}", number + 10) for number in range(3)),
    ]
    assert rows.insert([]) == rows.update([], fields=["size"]) == 0


def test_rows_are_found_by_their_keys_however_many_there_are() -> None:
    Thing.objects.bulk_create([Thing(name="lamp") for _ in range(6000)])
    analyze("things")
    few = list(Thing.objects.all()[:5])
    with transaction.atomic(), costs() as made:
        rows.update(few, fields=["size"])
    assert rows_read(made, "things") < 100


def transactions() -> int:
    """How many transactions have remembered events."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(DISTINCT xmin::text) FROM inbox")
        count: int = cursor.fetchone()[0]
    return count


def let_go_on(event_id: UUID) -> None:
    redis_client().set(f"go-on:{event_id}", "1", ex=60)


def lingering(event_id: UUID) -> Callable[[], bool]:
    return lambda: redis_client().get(f"lingering:{event_id}") == b"1"


def test_what_arrives_while_a_batch_is_handled_is_the_next_one(queues: str, depth: Depth) -> None:
    slow = uuid7()
    with worker() as process:
        publish("thing.lingering", event_id=slow)
        wait_until(lingering(slow), PATIENCE)
        refused = {publish("thing.refused", name="refused") for _ in range(2)}
        together = [publish("thing.copied") for _ in range(BATCH // 2)]
        tick(queues, times=5)
        wait_until(lambda: redis_client().get("ticked"), PATIENCE)
        let_go_on(slow)
        wait_until(lambda: all(map(handled, together)), PATIENCE)
        wait_until(lambda: depth("chassis.dead") == 2)
        assert {UUID(letter.headers["id"]) for letter in dead(queues)} == refused
        # The slow one, and the others in no more than halving for two refused ones among them makes.
        assert transactions() < BATCH // 3
        assert things("lamp") == BATCH // 2 + 1
        process.ask_to_stop()
        assert process.exit_code() == 0
        assert "PRECONDITION" not in process.said()
    assert depth("chassis_queue") == depth("chassis_ticks") == 0


class Counting(Lane):
    """Handles nothing, and says how many came together."""

    def __init__(self) -> None:
        super().__init__({})
        self.sizes: list[int] = []
        self.may_go_on = threading.Event()

    def handle(self, batch: Sequence[Delivery], *, hastily: bool = False) -> None:
        self.sizes.append(len(batch))
        self.may_go_on.wait(PATIENCE)

    def take_several(self) -> None:
        """Starts; one comes, and while it is handled several more."""
        self.start(wake=lambda: None)
        self.put(delivery())
        wait_until(lambda: self.sizes == [1])
        for _ in range(SEVERAL):
            self.put(delivery())
        self.may_go_on.set()
        wait_until(lambda: self.sizes == [1, SEVERAL])


def test_after_several_what_comes_next_gathers_and_after_one_it_waits_for_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(batches, "GATHER_SECONDS", PATIENCE)
    lane = Counting()
    try:
        lane.take_several()
        for _ in range(BATCH):
            lane.put(delivery())
        wait_until(lambda: lane.sizes == [1, SEVERAL, BATCH])
    finally:
        lane.stop()


def test_a_lane_that_lets_events_gather_stops_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "GATHER_SECONDS", 2 * PATIENCE)
    lane = Counting()
    lane.take_several()
    began = time.monotonic()
    lane.stop(seconds=2 * PATIENCE)
    assert time.monotonic() - began < PATIENCE


def tick(broker: str, *, times: int) -> None:
    """Each after one that cannot be read."""
    redis_client().delete("ticked")
    sound = json.dumps([[], {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}])
    with Connection(broker) as opened:
        for body in ("no JSON", sound) * times:
            headers = {"task": "clock.second", "id": str(uuid7()), "lang": "py", "argsrepr": "()", "kwargsrepr": "{}"}
            message = amqp.Message(
                body, content_type="application/json", content_encoding="utf-8", application_headers=headers
            )
            opened.channel().basic_publish(message, exchange="clock", routing_key="clock.second")


def test_a_worker_killed_between_the_commit_and_the_acknowledgement_has_the_effect_once(
    queues: str, depth: Depth
) -> None:
    dying = publish("thing.dying", name="committed")
    with worker() as killed:
        wait_until(lambda: not killed.running, PATIENCE)
    assert things("committed") == 1
    with worker() as successor:
        wait_until(lambda: redis_client().get(f"died:{dying}") == b"2", PATIENCE)
        successor.ask_to_stop()
        assert successor.exit_code() == 0
    assert things("committed") == 1
    assert depth("chassis_queue") == depth("chassis.dead") == 0


def test_a_batch_outlives_the_connection_that_it_came_by(queues: str, proxied: Any, depth: Depth) -> None:
    broker, slow = proxied(queues, 5672), uuid7()
    with worker(RABBITMQ_URL=address(queues, broker.port)) as process:
        publish("thing.lingering", event_id=slow, name="in flight")
        wait_until(lingering(slow), PATIENCE)
        behind = [publish("thing.copied", name="behind") for _ in range(5)]
        broker.cut()
        wait_until(lambda: depth("chassis_queue") == 6, PATIENCE)
        broker.mend()
        wait_until(lambda: depth("chassis_queue") == 0, PATIENCE)
        let_go_on(slow)
        wait_until(lambda: all(map(handled, [slow, *behind])), PATIENCE)
        process.ask_to_stop()
        assert process.exit_code() == 0
    assert things("in flight") == 1
    assert things("behind") == 5
    assert depth("chassis_queue") == depth("chassis.dead") == 0
