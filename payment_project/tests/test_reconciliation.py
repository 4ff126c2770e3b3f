"""Our books against the real gateway's own record: what differs is named, what can be repaired is."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from chassis.ids import uuid7
from chassis.storage.audit_log import Actor, Door
from chassis.storage.models import AuditRecord
from chassis.testing_staff import enter
from payments import metrics, reconciliation, tasks
from payments.gateways import simulator as simulated
from payments.ledger import Account, Kind
from payments.models import GatewayOperation, Payment, Transaction
from payments.reconciliation_models import Difference, DifferenceState, MovedThere, Reconciliation, RunState
from payments.reconciliation_rules import Differs, Ours, differs
from tests.factories import PaymentFactory, booking_data
from tests.sales import give_back, paid
from tests.simulator import Simulator
from tests.together import payment_of

pytestmark = pytest.mark.django_db
Deliver = Callable[..., bool]
PAGE = "/admin/payment/reconciliation/"
SOMEBODY = Actor(uuid7(), "mia", Door.ADMIN)


@pytest.fixture
def bank(simulator: Simulator, tmp_path: Any, settings: Any) -> Iterator[Simulator]:
    """A gateway of the test's own: others' money is in no record of it."""
    own = Simulator(tmp_path / "bank").start()
    settings.PAYMENT_GATEWAY_URL = own.url
    yield own
    own.stop()


def compare(day: date | None = None) -> list[tuple[str, str]]:
    """What is open after a comparison of a day, today: how it differs, and of what kind."""
    reconciliation.ask(day or timezone.now().date(), SOMEBODY)
    while tasks.reconcile():
        pass
    run = Reconciliation.objects.order_by("-id")[0]
    assert (run.state, run.failure) == (RunState.DONE, "")
    assert not MovedThere.objects.exists()
    found = Difference.objects.filter(state=DifferenceState.OPEN).order_by("id")
    return list(found.values_list("differs", "kind"))


def forget(operation: GatewayOperation, **columns: Any) -> None:
    GatewayOperation.objects.filter(id=operation.id).update(**columns)


def of(booking: dict[str, Any], kind: str) -> GatewayOperation:
    return payment_of(booking).operations.get(kind=kind)


def test_books_that_are_the_gateways_differ_in_nothing(
    bank: Simulator, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulated, "PAGE", 2)
    give_back(paid(deliver), amount=30_000)
    paid(deliver)
    assert compare() == []
    assert Reconciliation.objects.get().moves == 3


def test_what_was_done_there_by_hand_is_named_until_somebody_notes_it(bank: Simulator, deliver: Deliver) -> None:
    payment = payment_of(paid(deliver))
    bank.post(f"/v1/captures/{payment.capture_id}/refunds", {"amount": 5_000}, key="by-hand-2")
    assert compare() == [(Differs.ONLY_THERE, "refund")]
    found = Difference.objects.get()
    assert (found.payment_id, found.theirs, found.ours, found.currency) == (payment.id, 5_000, None, "VND")
    assert compare() == [(Differs.ONLY_THERE, "refund")]
    assert Difference.objects.get().id == found.id
    assert reconciliation.note(found.id, "agreed with the provider", SOMEBODY)
    assert not reconciliation.note(found.id, "again", SOMEBODY)
    assert compare() == []
    record = AuditRecord.objects.get(action="difference.noted")
    assert (record.actor_name, record.reason) == ("mia", "agreed with the provider")


def test_money_that_only_we_have_moved_is_named(bank: Simulator) -> None:
    payment = PaymentFactory(captured=True)
    said = {"payment": payment, "kind": Kind.CAPTURE, "amount": 180_000, "currency": "VND"}
    capture = GatewayOperation.objects.create(state="succeeded", due_at=timezone.now(), **said)
    sides = ((Account.AUTHORIZED, -180_000), (Account.CASH, 180_000))
    Transaction.objects.bulk_create(
        Transaction(**said | {"account": account, "amount": amount}, operation=capture) for account, amount in sides
    )
    assert compare() == [(Differs.ONLY_HERE, "capture")]
    found = Difference.objects.get()
    assert (found.payment_id, found.theirs, found.ours, found.key) == (payment.id, None, 180_000, str(capture.id))


def test_another_amount_is_named(bank: Simulator, deliver: Deliver) -> None:
    forget(of(paid(deliver), "capture"), amount=1)
    assert compare() == [(Differs.AMOUNT, "capture")]
    found = Difference.objects.get()
    assert (found.theirs, found.ours) == (185_000, 1)


def test_what_we_hold_as_refused_though_they_have_it_is_named(bank: Simulator, deliver: Deliver) -> None:
    forget(of(paid(deliver), "capture"), state="refused")
    assert compare() == [(Differs.STATE, "capture")]


def test_an_outcome_that_we_do_not_know_is_found_and_the_repair_kept(
    bank: Simulator, deliver: Deliver, killed_after_the_call: AbstractContextManager[object]
) -> None:
    booking = booking_data(payment_method={"token": "tok_visa"})
    deliver("booking.created", booking)
    with killed_after_the_call:
        deliver("booking.confirmed", booking)
    assert of(booking, "capture").state == "pending"
    GatewayOperation.objects.update(leased_until=None)
    assert compare() == []
    assert payment_of(booking).status == "captured"
    repaired = Difference.objects.get()
    assert (repaired.differs, repaired.state, repaired.our_state) == (Differs.STATE, "repaired", "succeeded")


def test_what_was_moved_there_on_another_day_is_no_difference(
    bank: Simulator, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """We heard of it after midnight: their record has it on the day before."""
    paid(deliver)
    page = simulated.Simulator.moved_on
    empty = simulated.Page([], "")
    monkeypatch.setattr(simulated.Simulator, "moved_on", lambda *_, **__: empty)
    assert compare() == []
    monkeypatch.setattr(simulated.Simulator, "moved_on", page)


def test_what_is_not_there_any_more_is_closed_by_itself(bank: Simulator, deliver: Deliver) -> None:
    capture = of(paid(deliver), "capture")
    forget(capture, amount=1)
    compare()
    forget(capture, amount=185_000)
    assert compare() == []
    assert Difference.objects.get().state == DifferenceState.REPAIRED
    forget(capture, amount=1)
    assert compare() == [(Differs.AMOUNT, "capture")]


def test_a_gateway_that_does_not_answer_is_asked_again_and_given_up_in_the_end(
    bank: Simulator, deliver: Deliver
) -> None:
    bank.kill()
    reconciliation.ask(timezone.now().date(), SOMEBODY)
    for number in range(reconciliation.PATIENCE):
        assert tasks.reconcile() == 1
        assert tasks.reconcile() == 0  # not before its lease has ended
        run = Reconciliation.objects.get()
        assert run.failures == number + 1
        Reconciliation.objects.update(leased_until=None)
    assert run.state == RunState.FAILED
    assert run.failure


def test_yesterday_is_compared_once_a_night(bank: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    for hour, begun in ((2, 0), (3, 1), (4, 0)):
        at = datetime(2026, 3, 2, hour, tzinfo=UTC)
        monkeypatch.setattr(reconciliation.timezone, "now", lambda at=at: at)
        assert tasks.reconcile_yesterday() == begun
    assert Reconciliation.objects.get().day == date(2026, 3, 1)


def test_a_day_that_waits_is_not_asked_twice_and_the_future_not_at_all(bank: Simulator) -> None:
    today = timezone.now().date()
    assert reconciliation.ask(today, SOMEBODY) == 1
    assert reconciliation.ask(today, SOMEBODY) == 0
    with pytest.raises(reconciliation.DayAhead):
        reconciliation.ask(today + timedelta(days=1), SOMEBODY)
    assert AuditRecord.objects.filter(action="reconciliation.asked").count() == 1


@pytest.mark.parametrize(
    ("theirs", "ours", "how"),
    [
        ((5, "EUR"), None, Differs.ONLY_THERE),
        ((5, "EUR"), Ours(5, "EUR", succeeded=True), None),
        ((5, "EUR"), Ours(6, "EUR", succeeded=True), Differs.AMOUNT),
        ((5, "EUR"), Ours(5, "USD", succeeded=False), Differs.AMOUNT),
        ((5, "EUR"), Ours(5, "EUR", succeeded=False), Differs.STATE),
    ],
)
def test_how_two_differ(theirs: tuple[int, str], ours: Ours | None, how: Differs | None) -> None:
    assert differs(theirs, ours) is how


def test_open_differences_are_measured(bank: Simulator, deliver: Deliver) -> None:
    forget(of(paid(deliver), "capture"), amount=1)
    compare()
    tasks.measure()
    assert metrics.DIFFERENCES._value.get() == 1


@pytest.mark.parametrize(("role", "may"), [("support", False), ("manager", True), ("admin", True)])
def test_who_looks_who_asks_and_who_notes(
    client: Client, bank: Simulator, deliver: Deliver, role: str, may: bool
) -> None:
    payment: Payment = payment_of(paid(deliver))
    forget(payment.operations.get(kind="capture"), amount=1)
    compare()
    enter(client, role)
    page = client.get(PAGE).content.decode()
    assert "other amount" in page
    assert "185,000 VND" in page
    assert f"/payment/{payment.id}/change/" in page
    assert ("Compare</button>" in page, "Note</button>" in page) == (may, may)
    found = Difference.objects.get()
    allowed = 302 if may else 403
    assert client.post(f"{PAGE}ask/", {"day": timezone.now().date()}).status_code == allowed
    assert client.post(f"{PAGE}{found.id}/note/", {"note": "booked by hand"}).status_code == allowed
    found.refresh_from_db()
    assert found.state == (DifferenceState.NOTED if may else DifferenceState.OPEN)
    if may:
        assert "booked by hand (somebody)" in client.get(PAGE).content.decode()
        assert client.post(f"{PAGE}ask/", {"day": "2026-02-31"}).status_code == 400
        assert client.post(f"{PAGE}ask/", {"day": timezone.now().date() + timedelta(days=1)}).status_code == 400
        assert client.post(f"{PAGE}{found.id}/note/", {"note": ""}).status_code == 400
        assert client.get(f"{PAGE}ask/").status_code == 405
