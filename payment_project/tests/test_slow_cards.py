"""Cards that are slow hold up nobody: they are left to the threads that ask, of which there are so many."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import OperationalError, connection

from chassis.messaging.events import Event
from chassis.testing import wait_until
from payments import gateways, operations, tasks
from payments.gateways import side_by_side
from payments.gateways.interface import AT_THE_SAME_TIME
from payments.handlers import HANDLERS
from payments.ledger import Kind
from payments.models import GatewayOperation
from tests.factories import booking_data, ending_data
from tests.simulator import Simulator
from tests.together import event, payment_of, together

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("impatient")]

SLOW = "tok_slow"
# At the gate alone: the gateway answers it at once, on the second try.
HELD = "tok_timeout_once"


def bookings_with(token: str, count: int) -> list[dict[str, Any]]:
    return [booking_data(payment_method={"token": token}) for _ in range(count)]


def tell(bookings: list[dict[str, Any]], name: str = "booking.created") -> float:
    """Tells of them together; the seconds it took."""
    news = [event(name, booking) for booking in bookings]
    started = time.perf_counter()
    together(*news)
    return time.perf_counter() - started


def statuses(bookings: list[dict[str, Any]]) -> set[str]:
    return {payment_of(booking).status for booking in bookings}


class Gate:
    """In front of the gateway: authorisations with HELD wait here until it opens."""

    def __init__(self, perform: Callable[[GatewayOperation], gateways.Outcome]) -> None:
        self._perform = perform
        self._open = threading.Event()
        self._lock = threading.Lock()
        self.waiting = 0

    def open(self) -> None:
        self._open.set()

    def perform(self, operation: GatewayOperation) -> gateways.Outcome:
        if operation.asks is Kind.AUTHORIZE and operation.card_token == HELD:
            with self._lock:
                self.waiting += 1
            assert self._open.wait(30)
            with self._lock:
                self.waiting -= 1
        return self._perform(operation)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    gate = Gate(gateways.perform)
    monkeypatch.setattr(gateways, "perform", gate.perform)
    yield gate
    gate.open()
    wait_until(all_places_are_free)


def all_places_are_free() -> bool:
    return side_by_side._places._value == AT_THE_SAME_TIME


def test_quick_cards_beside_a_slow_one_and_a_lost_answer_are_answered_in_a_moment(simulator: Simulator) -> None:
    tell(bookings_with("tok_visa", 20))  # connections and threads are made once

    def in_a_moment() -> bool:
        slow, lost, quick = (bookings_with(*given) for given in ((SLOW, 1), ("tok_timeout_once", 1), ("tok_visa", 20)))
        seconds = tell([*slow, *quick[:10], *lost, *quick[10:]])
        at_once = statuses(quick) == {"authorized"}
        assert statuses(slow) == {"processing"}
        wait_until(lambda: statuses([*slow, *lost, *quick]) == {"authorized"})
        assert all(len(simulator.record(payment_of(booking).id)) == 1 for booking in [*slow, *lost, *quick])
        assert not GatewayOperation.objects.exclude(attempts=1, leased_until=None).exists()
        return at_once and seconds < 0.3

    assert any(in_a_moment() for _ in range(3)), "of three tries the machine was quick enough for none"


def test_a_slow_card_alone_is_not_waited_for(gate: Gate) -> None:
    slow = bookings_with(HELD, 1)
    tell(slow)
    assert statuses(slow) == {"processing"}
    assert GatewayOperation.objects.get().leased_until is not None
    assert tasks.resume_operations() == 0, "somebody is at it"
    gate.open()
    wait_until(lambda: statuses(slow) == {"authorized"})


def test_what_follows_from_a_slow_answer_is_asked_for_by_the_same_thread(
    gate: Gate, emitted: Callable[..., list[Event]]
) -> None:
    [slow] = bookings_with(HELD, 1)
    together(event("booking.created", slow, correlationid="of-the-slow-card"))
    tell([slow], "booking.confirmed")
    gate.open()
    wait_until(lambda: payment_of(slow).status == "captured")
    told = [(news.type, news.correlationid) for news in emitted()]
    assert told == [("payment.authorized", "of-the-slow-card"), ("payment.completed", "of-the-slow-card")]


def test_a_booking_that_ends_while_its_card_is_slow_takes_no_money(gate: Gate, simulator: Simulator) -> None:
    [slow] = bookings_with(HELD, 1)
    tell([slow])
    together(event("booking.expired", ending_data(slow)))
    wait_until(lambda: payment_of(slow).status == "voided")
    gate.open()
    wait_until(all_places_are_free)
    assert payment_of(slow).status == "voided"
    assert simulator.record(payment_of(slow).id) == []


def test_slow_cards_that_take_all_places_give_quick_ones_back_to_the_next_sweep(gate: Gate) -> None:
    slow, quick = bookings_with(HELD, AT_THE_SAME_TIME + 3), bookings_with("tok_visa", 5)
    tell(slow)
    wait_until(lambda: gate.waiting == AT_THE_SAME_TIME)
    tell(quick)
    assert statuses(quick) == {"processing"}
    unasked = GatewayOperation.objects.filter(leased_until=None, state="pending")
    assert unasked.filter(attempts=0).count() == 3 + 5
    assert tasks.resume_operations() == 0
    assert unasked.filter(attempts=0).count() == 3 + 5
    gate.open()
    wait_until(lambda: tasks.resume_operations() >= 0 and statuses([*slow, *quick]) == {"authorized"})
    assert set(GatewayOperation.objects.values_list("attempts", flat=True)) == {1}


def test_quick_cards_are_answered_beside_as_many_slow_ones_as_one_batch_asks_for_at_once(gate: Gate) -> None:
    slow, quick = bookings_with(HELD, side_by_side.AT_ONCE), bookings_with("tok_visa", 20)
    tell([*slow, *quick])
    wait_until(lambda: statuses(quick) == {"authorized"})
    again = bookings_with("tok_visa", 20)
    tell(again)
    wait_until(lambda: statuses(again) == {"authorized"})
    assert statuses(slow) == {"processing"}


def test_a_sweep_among_slow_cards_is_over_in_seconds(gate: Gate) -> None:
    slow = bookings_with(HELD, 40)
    HANDLERS["booking.created"].apply_all([event("booking.created", booking) for booking in slow])
    started = time.monotonic()
    assert tasks.resume_operations() == AT_THE_SAME_TIME
    assert time.monotonic() - started < 5
    gate.open()
    wait_until(lambda: tasks.resume_operations() >= 0 and statuses(slow) == {"authorized"})


def test_an_outcome_that_its_thread_cannot_record_is_asked_for_again(
    gate: Gate, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, time_passes: Callable[[], int]
) -> None:
    [slow] = bookings_with(HELD, 1)
    tell([slow])

    def away(*_: Any, **__: Any) -> None:
        raise OperationalError("the database is away")

    with monkeypatch.context() as patch:
        patch.setattr(operations, "record", away)
        gate.open()
        wait_until(all_places_are_free)
    assert "gateway answer not recorded" in caplog.text
    assert payment_of(slow).status == "processing"
    assert time_passes() == 1
    assert tasks.resume_operations() == 1
    wait_until(lambda: payment_of(slow).status == "authorized")


def test_a_thread_that_waits_for_the_gateway_keeps_no_connection_from_what_it_has_recorded(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected: list[bool] = []
    perform = gateways.perform

    def ask(operation: GatewayOperation) -> gateways.Outcome:
        connected.append(connection.connection is not None)
        return perform(operation)

    [slow] = bookings_with(HELD, 1)
    tell([slow])
    tell([slow], "booking.confirmed")
    monkeypatch.setattr(gateways, "perform", ask)
    gate.open()
    wait_until(lambda: payment_of(slow).status == "captured")
    assert connected == [False]
