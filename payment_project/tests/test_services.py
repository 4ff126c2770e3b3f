"""Processes die, answers come late or twice, two work at once: the gateway acts once, and so do the books."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from chassis.ids import uuid7
from payments import gateways, metrics, operations, refunds, services, tasks
from payments.gateways import Approved, Unknown
from payments.ledger import Kind
from payments.models import GatewayOperation, Payment, Refund, Transaction
from payments.refunds import Wanted
from tests.factories import PaymentFactory, booking_data, clerk_of, ending_data
from tests.lossy import LossyPath
from tests.simulator import Simulator

pytestmark = pytest.mark.django_db

Deliver = Callable[..., bool]
TimePasses = Callable[[], int]


def opened(deliver: Deliver, **overrides: Any) -> Payment:
    booking = booking_data(payment_method={"token": "tok_visa"}, **overrides)
    deliver("booking.created", booking)
    return Payment.objects.get(booking_id=booking["booking_id"])


def captured(deliver: Deliver) -> tuple[dict[str, Any], Payment]:
    booking = booking_data(payment_method={"token": "tok_visa"})
    deliver("booking.created", booking)
    deliver("booking.confirmed", booking)
    return booking, Payment.objects.get(booking_id=booking["booking_id"])


def test_a_kill_before_the_call_leaves_the_intent_and_the_sweep_carries_it_out(
    deliver: Deliver,
    simulator: Simulator,
    time_passes: TimePasses,
    killed_before_the_call: AbstractContextManager[object],
) -> None:
    with killed_before_the_call:
        opened(deliver)
    payment = Payment.objects.get()
    assert (payment.status, simulator.record(payment.id)) == ("processing", [])
    assert tasks.resume_operations() == 0, "the lease of the one that was killed has not run out"
    time_passes()
    assert tasks.resume_operations() == 1
    payment.refresh_from_db()
    assert payment.status == "authorized"
    assert len(simulator.record(payment.id)) == 1


def test_a_kill_after_the_call_takes_the_money_once_and_finds_out_about_it(
    deliver: Deliver,
    simulator: Simulator,
    time_passes: TimePasses,
    killed_after_the_call: AbstractContextManager[object],
) -> None:
    with killed_after_the_call:
        opened(deliver)
    payment = Payment.objects.get()
    assert (payment.status, len(simulator.record(payment.id))) == ("processing", 1)
    time_passes()
    assert tasks.resume_operations() == 1
    payment.refresh_from_db()
    assert payment.status == "authorized"
    assert len(simulator.record(payment.id)) == 1
    assert Transaction.objects.filter(payment=payment).count() == 2


def test_a_redelivered_event_goes_on_where_a_killed_worker_stopped(
    deliver: Deliver,
    time_passes: TimePasses,
    killed_before_the_call: AbstractContextManager[object],
) -> None:
    booking = booking_data(payment_method={"token": "tok_visa"})
    event_id = uuid7()
    with killed_before_the_call:
        deliver("booking.created", booking, event_id=event_id)
    time_passes()
    assert not deliver("booking.created", booking, event_id=event_id)
    assert Payment.objects.get().status == "authorized"


def test_two_never_hold_one_operation(
    deliver: Deliver, killed_before_the_call: AbstractContextManager[object], time_passes: TimePasses
) -> None:
    with killed_before_the_call:
        opened(deliver)
    time_passes()
    [operation] = operations.lease_due(limit=9)
    assert operations.lease_due(limit=9) == []
    assert operations.lease(operation.id) is None
    assert operations.lease_of_bookings([operation.payment.booking_id]) == []


def test_one_that_was_frozen_past_its_lease_changes_nothing_when_it_wakes(
    deliver: Deliver,
    simulator: Simulator,
    time_passes: TimePasses,
    killed_before_the_call: AbstractContextManager[object],
) -> None:
    with killed_before_the_call:
        opened(deliver)
    time_passes()
    [frozen] = operations.lease_due(limit=9)
    time_passes()
    [second] = operations.lease_due(limit=9)
    operations.record(frozen, Unknown("timed out"))
    assert operations.lease(second.id) is None, "the second one's lease still stands"
    operations.run(second)
    operations.record(frozen, gateways.perform(frozen))
    assert len(simulator.record(second.payment_id)) == 1
    assert Transaction.objects.filter(payment=second.payment_id).count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_booking_that_ends_while_its_card_is_authorised_gets_the_money_back(
    deliver: Deliver,
    emitted: Callable[..., list[Any]],
    simulator: Simulator,
    during_the_call: Callable[[Callable[[], object]], None],
) -> None:
    booking = booking_data(payment_method={"token": "tok_visa"})
    during_the_call(lambda: deliver("booking.expired", ending_data(booking)))
    deliver("booking.created", booking)
    payment = Payment.objects.get()
    assert (payment.status, payment.held_amount) == ("voided", 0)
    assert simulator.record(payment.id)[0]["status"] == "voided"
    assert [event.type for event in emitted()] == ["payment.voided"]


@pytest.mark.django_db(transaction=True)
def test_a_booking_that_ends_while_it_is_captured_is_refunded_after_it(
    deliver: Deliver,
    simulator: Simulator,
    during_the_call: Callable[[Callable[[], object]], None],
) -> None:
    booking = booking_data(payment_method={"token": "tok_visa"})
    deliver("booking.created", booking)
    during_the_call(lambda: deliver("booking.cancelled", ending_data(booking)))
    deliver("booking.confirmed", booking)
    payment = Payment.objects.get()
    assert (payment.status, payment.refunded_amount) == ("refunded", 180_000)
    assert simulator.record(payment.id)[0]["refunded_amount"] == 180_000


def test_a_gateway_that_was_killed_is_asked_again_when_it_is_back(
    deliver: Deliver, tmp_path: Path, settings: Any, time_passes: TimePasses
) -> None:
    bank = Simulator(tmp_path).start()
    settings.PAYMENT_GATEWAY_URL = bank.url
    gateways.named.cache_clear()
    bank.kill()
    payment = opened(deliver)
    assert payment.status == "processing"
    operation = GatewayOperation.objects.get()
    assert (operation.state, operation.attempts, operation.leased_until) == ("pending", 1, None)
    bank.start()
    time_passes()
    assert tasks.resume_operations() == 1
    payment.refresh_from_db()
    assert payment.status == "authorized"
    bank.stop()


def test_a_gateway_that_hangs_is_not_waited_for_longer_than_the_limit(
    deliver: Deliver, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateways.simulator, "TIMEOUT", (1.0, 0.1))
    bank = Simulator(tmp_path).start()
    settings.PAYMENT_GATEWAY_URL = bank.url
    gateways.named.cache_clear()
    bank.freeze()
    started = timezone.now()
    payment = opened(deliver)
    assert timezone.now() - started < timedelta(seconds=2)
    assert payment.status == "processing"
    bank.thaw()
    bank.stop()


def test_the_pause_before_the_next_try_grows_and_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert [operations.pause_after(attempts) for attempts in (1, 2, 3, 6, 100_000)] == [1.0, 2.0, 4.0, 30.0, 30.0]


def test_each_try_in_vain_is_counted_and_puts_the_next_one_off(deliver: Deliver, time_passes: TimePasses) -> None:
    deliver("booking.created", booking_data(payment_method={"token": "tok_gateway_down"}))
    for attempts in (1, 2, 3):
        operation = GatewayOperation.objects.get()
        assert (operation.attempts, operation.last_error) == (attempts, "HTTP 503")
        assert operation.due_at > timezone.now()
        time_passes()
        tasks.resume_operations()


def test_a_sweep_is_bounded(deliver: Deliver, monkeypatch: pytest.MonkeyPatch, time_passes: TimePasses) -> None:
    for _ in range(3):
        deliver("booking.created", booking_data(payment_method={"token": "tok_gateway_down"}))
    time_passes()
    monkeypatch.setattr(tasks, "SWEEP_OPERATIONS", 2)
    assert tasks.resume_operations() == 2
    assert tasks.resume_operations() == 1
    assert tasks.resume_operations() == 0


def test_a_refund_the_gateway_refuses_waits_for_a_person(
    deliver: Deliver, simulator: Simulator, emitted: Callable[..., list[Any]]
) -> None:
    booking, payment = captured(deliver)
    path = f"/v1/captures/{payment.capture_id}/refunds"
    simulator.post(path, {"amount": 180_000}, key=str(uuid7()))  # somebody did it by hand at the gateway
    deliver("booking.cancelled", ending_data(booking))
    payment.refresh_from_db()
    assert (payment.status, payment.attention, payment.under_way) == ("captured", "amount_too_large", "")
    assert Refund.objects.get().status == "failed"
    assert emitted("payment.refunded") == []
    metrics.measure()
    assert metrics.ATTENTION._value.get() == 1
    services.resume_payment(payment_id=payment.id, clerk=clerk_of())
    payment.refresh_from_db()
    assert (payment.attention, payment.under_way) == ("", "refund")
    assert payment.operations.filter(kind=Kind.REFUND).count() == 2


def test_staff_refunds_are_not_mistaken_for_what_the_saga_owes(deliver: Deliver) -> None:
    booking, payment = captured(deliver)
    wanted = Wanted(clerk_of("minh"), "the air conditioning failed", amount=50_000)
    operation = refunds.request_refund(payment_id=payment.id, wanted=wanted, leased=True).operation
    assert operation is not None
    assert isinstance(operations.run(operation), Approved)
    deliver("booking.cancelled", ending_data(booking))
    payment.refresh_from_db()
    assert (payment.status, payment.refunded_amount) == ("refunded", 180_000)
    assert sorted(payment.refunds.values_list("amount", flat=True)) == [50_000, 130_000]


def test_a_refund_in_doubt_is_found_out_about(
    deliver: Deliver, simulator: Simulator, lossy: LossyPath, time_passes: TimePasses
) -> None:
    booking, payment = captured(deliver)
    lossy.lose_answers = 2
    deliver("booking.cancelled", ending_data(booking))
    payment.refresh_from_db()
    assert (payment.status, payment.under_way) == ("captured", "refund")
    time_passes()
    assert tasks.resume_operations() == 1
    payment.refresh_from_db()
    assert payment.status == "refunded"
    assert simulator.record(payment.id)[0]["refunded_amount"] == 180_000


@pytest.fixture
def operation(deliver: Deliver) -> GatewayOperation:
    captured(deliver)
    return GatewayOperation.objects.get(kind=Kind.CAPTURE)


def refused_by_database(change: Callable[[], object], error: type[DatabaseError]) -> None:
    with pytest.raises(error), transaction.atomic():
        change()


def test_the_database_refuses_a_second_capture(operation: GatewayOperation) -> None:
    operation.pk = uuid7()
    refused_by_database(lambda: operation.save(force_insert=True), IntegrityError)


def test_the_database_refuses_to_give_back_more_than_was_taken(operation: GatewayOperation) -> None:
    payments = Payment.objects.filter(id=operation.payment_id)
    refused_by_database(lambda: payments.update(refunded_amount=180_001), IntegrityError)
    refused_by_database(lambda: payments.update(captured_amount=180_001), IntegrityError)


def test_the_ledger_can_only_be_added_to(operation: GatewayOperation) -> None:
    lines = Transaction.objects.filter(operation=operation)
    assert lines.count() == 2
    refused_by_database(lambda: lines.update(amount=0), IntegrityError)
    refused_by_database(lambda: lines.delete(), IntegrityError)


def test_the_ledger_takes_no_entry_that_does_not_add_up(operation: GatewayOperation) -> None:
    line = Transaction(
        payment=operation.payment, operation=operation, kind="refund", account="cash", amount=-1, currency="VND"
    )
    refused_by_database(lambda: line.save(), IntegrityError)


def test_one_entry_is_never_posted_twice(operation: GatewayOperation) -> None:
    lines = list(Transaction.objects.filter(operation=operation))
    for line in lines:
        line.pk = uuid7()
    refused_by_database(lambda: Transaction.objects.bulk_create(lines), IntegrityError)


def test_the_gauges_tell_what_is_under_way(deliver: Deliver, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(deliver)
    deliver("booking.created", booking_data(payment_method={"token": "tok_gateway_down"}))
    deliver("booking.created", booking_data(payment_method={"token": "tok_card_declined"}))
    metrics.measure()
    assert metrics.PENDING.labels(Kind.AUTHORIZE)._value.get() == 1
    assert metrics.OLDEST.labels(Kind.AUTHORIZE)._value.get() > 0
    assert metrics.PENDING.labels(Kind.CAPTURE)._value.get() == 0
    assert metrics.SUCCESS._value.get() == 50.0
    monkeypatch.setattr(metrics, "NEWEST", 1)
    metrics.measure()
    assert metrics.SUCCESS._value.get() == 0.0


def test_a_token_is_not_kept_longer_than_it_is_needed(deliver: Deliver) -> None:
    opened(deliver)
    assert GatewayOperation.objects.get().payment_token == ""


def test_a_sweep_finds_what_is_due_by_index_alone() -> None:
    due = timezone.now()
    GatewayOperation.objects.bulk_create(
        GatewayOperation(payment=payment, provider="simulator", kind="authorize", amount=1, currency="EUR", due_at=due)
        for payment in PaymentFactory.create_batch(200)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE gateway_operations, payments")
        cursor.execute(f"EXPLAIN {operations._LEASE_DUE}", [tasks.SWEEP_OPERATIONS, timedelta(seconds=1)])
        plan = "\n".join(row[0] for row in cursor.fetchall())
    # Both know nothing but what is unfinished.
    assert any(index in plan for index in ("idx_operations_due", "operations_one_under_way")), plan
