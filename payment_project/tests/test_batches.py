"""Events that come together have the effects they would have one by one, in as many statements as one of them takes."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chassis.ids import uuid7
from chassis.messaging.batches import Delivery, Lane, Verdict
from chassis.messaging.events import Event
from chassis.messaging.inbox import receive_all
from chassis.testing_plans import analyze, costs, rows_read
from payments import books, gateways, operations, tasks
from payments.gateways import Approved, Refused, Unknown
from payments.handlers import HANDLERS, lock
from payments.models import GatewayOperation, Payment, Refund, Transaction
from tests.factories import PaymentFactory, PaymentMethodFactory, booking_data, ending_data
from tests.lossy import LossyPath
from tests.simulator import Simulator
from tests.together import event, payment_of, together

pytestmark = pytest.mark.django_db

Emitted = Callable[..., list[Event]]
MANY = 50


def paid_at_once(count: int, token: str = "tok_visa", **overrides: Any) -> list[dict[str, Any]]:
    return [booking_data(payment_method={"token": token}, **overrides) for _ in range(count)]


def of_an_unknown_card(count: int) -> list[dict[str, Any]]:
    return [booking_data(payment_method={"id": str(uuid7())}) for _ in range(count)]


def of_a_saved_card(count: int) -> list[dict[str, Any]]:
    methods = PaymentMethodFactory.create_batch(count)
    return [booking_data(user_id=method.user_id, payment_method={"id": str(method.id)}) for method in methods]


def statements(events: list[Event]) -> int:
    """Those it takes to handle them together, once they are locked."""
    with CaptureQueriesContext(connection) as context:
        receive_all(events, HANDLERS)
    return len(context.captured_queries)


def assert_as_many_for_one(name: str, bookings: list[dict[str, Any]]) -> None:
    one, *many = [event(name, booking) for booking in bookings]
    assert len(many) == MANY
    assert statements([one]) == statements(many)


@pytest.mark.parametrize(
    ("bookings", "becomes"),
    [
        (lambda: paid_at_once(1 + MANY), "authorized"),
        (lambda: paid_at_once(1 + MANY, "tok_card_declined"), "declined"),
        (lambda: paid_at_once(1 + MANY, "tok_gateway_down"), "processing"),
        (lambda: of_an_unknown_card(1 + MANY), "declined"),
        (lambda: of_a_saved_card(1 + MANY), "declined"),
        (lambda: [booking_data() for _ in range(1 + MANY)], "requires_payment_method"),
    ],
    ids=["paid", "declined", "not answered", "unknown card", "saved card", "no card"],
)
def test_bookings_told_of_together_take_as_many_statements_as_one(
    bookings: Callable[[], list[dict[str, Any]]], becomes: str
) -> None:
    assert_as_many_for_one("booking.created", bookings())
    assert set(Payment.objects.values_list("status", flat=True)) == {becomes}
    assert Payment.objects.count() == 1 + MANY


def test_bookings_confirmed_together_take_as_many_statements_as_one(simulator: Simulator) -> None:
    bookings = paid_at_once(1 + MANY)
    together(*(event("booking.created", booking) for booking in bookings))
    assert_as_many_for_one("booking.confirmed", bookings)
    assert Payment.objects.filter(status="captured", captured_amount=180_000).count() == 1 + MANY
    assert Transaction.objects.count() == 4 * (1 + MANY)
    assert all(len(simulator.record(payment.id)) == 1 for payment in Payment.objects.all())


def test_bookings_confirmed_before_they_are_known_take_as_many_statements_as_one() -> None:
    bookings = paid_at_once(1 + MANY)
    assert_as_many_for_one("booking.confirmed", bookings)
    together(*(event("booking.created", booking) for booking in bookings))
    assert set(Payment.objects.values_list("status", flat=True)) == {"captured"}


def test_what_the_gateway_gives_back_together_is_asked_and_recorded_in_as_many_statements_as_one() -> None:
    bookings = paid_at_once(1 + MANY)
    for name in ("booking.created", "booking.confirmed"):
        together(*(event(name, booking) for booking in bookings))
    one, *many = bookings
    counts = []
    for some in ([one], many):
        events = [event("booking.cancelled", ending_data(booking)) for booking in some]
        HANDLERS["booking.cancelled"].apply_all(events)
        with CaptureQueriesContext(connection) as context:
            tasks.resume_operations()
        counts.append(len(context.captured_queries))
    assert counts[0] == counts[1]
    assert set(Payment.objects.values_list("status", "refunded_amount")) == {("refunded", 180_000)}
    refunds = {refund.operation_id for refund in Refund.objects.all()}
    assert refunds == {books.id_of(3, payment.booking_id) for payment in Payment.objects.all()}


def test_the_payments_of_events_of_all_types_are_locked_by_one_statement_in_one_order() -> None:
    bookings = paid_at_once(3)
    together(*(event("booking.created", booking) for booking in bookings))
    names = ("booking.created", "booking.confirmed", "booking.checked_in")
    news = [event(name, booking) for name in names for booking in reversed(bookings)]
    with CaptureQueriesContext(connection) as context:
        lock([*news, event("user.updated", {"user_id": str(uuid7())})])
    [locking] = context.captured_queries
    assert locking["sql"].endswith("ORDER BY id FOR UPDATE")


def test_what_a_batch_touches_is_found_without_reading_whole_tables() -> None:
    due = datetime.now(UTC)
    others = Payment.objects.bulk_create(PaymentFactory.build_batch(3000))
    GatewayOperation.objects.bulk_create(
        GatewayOperation(payment=payment, kind="authorise", state="succeeded", amount=1, currency="VND", due_at=due)
        for payment in others
    )
    analyze("payments", "gateway_operations")
    for count in (1, 20):
        bookings = paid_at_once(count)
        with costs() as made:
            together(*(event("booking.created", booking) for booking in bookings))
            together(*(event("booking.confirmed", booking) for booking in bookings))
        assert {payment_of(booking).status for booking in bookings} == {"captured"}
        assert {name for name in ("payments", "gateway_operations") if rows_read(made, name) > 30 * count} == set()


def test_one_told_three_times_in_one_batch_is_paid_once(emitted: Emitted, simulator: Simulator) -> None:
    booking, [other] = booking_data(payment_method={"token": "tok_visa"}), paid_at_once(1)
    told = event("booking.created", booking)
    assert len(together(told, event("booking.created", other), told, event("booking.created", booking))) == 3
    confirmed = event("booking.confirmed", booking)
    assert len(together(confirmed, event("booking.confirmed", booking), confirmed)) == 2
    assert together(told, confirmed) == set()
    assert [news.type for news in emitted()] == ["payment.authorized"] * 2 + ["payment.completed"]
    [record] = simulator.record(payment_of(booking).id)
    assert record["captured_amount"] == 180_000
    assert payment_of(other).status == "authorized"


@pytest.mark.parametrize("order", [1, -1], ids=["created first", "ended first"])
@pytest.mark.parametrize("ending", ["booking.cancelled", "booking.expired", "booking.failed"])
def test_created_and_ended_in_one_batch_takes_no_money(
    emitted: Emitted, simulator: Simulator, ending: str, order: int
) -> None:
    bookings = paid_at_once(3)
    news = [event("booking.created", booking) for booking in bookings]
    news += [event(ending, ending_data(booking)) for booking in bookings]
    together(*news[::order])
    assert {payment_of(booking).status for booking in bookings} == {"voided"}
    assert emitted() == []
    assert all(simulator.record(payment_of(booking).id) == [] for booking in bookings)


@pytest.mark.parametrize("order", [1, -1], ids=["created first", "confirmed first"])
def test_created_and_confirmed_in_one_batch_goes_on_to_the_capture(emitted: Emitted, order: int) -> None:
    bookings = paid_at_once(3)
    news = [event(name, booking) for name in ("booking.created", "booking.confirmed") for booking in bookings]
    together(*news[::order])
    assert {payment_of(booking).status for booking in bookings} == {"captured"}
    assert sorted(news.type for news in emitted()) == ["payment.authorized"] * 3 + ["payment.completed"] * 3


def test_confirmed_and_cancelled_in_one_batch_is_given_back() -> None:
    bookings = paid_at_once(2)
    together(*(event("booking.created", booking) for booking in bookings))
    news = [
        event("booking.confirmed", bookings[0]),
        event("booking.cancelled", ending_data(bookings[0], refund=150_000)),
    ]
    together(*news, event("booking.confirmed", bookings[1]))
    assert (payment_of(bookings[0]).captured_amount, payment_of(bookings[0]).refunded_amount) == (180_000, 150_000)
    assert payment_of(bookings[1]).status == "captured"


def test_each_outcome_of_a_batch_is_its_own_bookings(emitted: Emitted) -> None:
    cards = ["tok_visa", "tok_card_declined", "tok_gateway_down", "tok_capture_fails", "tok_timeout_once", "tok_odd"]
    bookings = {card: booking_data(payment_method={"token": card}) for card in cards}
    together(*(event("booking.created", booking) for booking in bookings.values()))
    became = {
        card: (payment_of(booking).status, payment_of(booking).failure_code) for card, booking in bookings.items()
    }
    assert became == {
        "tok_visa": ("authorized", ""),
        "tok_card_declined": ("declined", "card_declined"),
        "tok_gateway_down": ("processing", ""),
        "tok_capture_fails": ("authorized", ""),
        "tok_timeout_once": ("authorized", ""),
        "tok_odd": ("declined", "invalid_token"),
    }
    waiting = GatewayOperation.objects.get(state="pending")
    assert (waiting.attempts, waiting.leased_until, waiting.last_error) == (1, None, "HTTP 503")
    assert waiting.due_at > datetime.now(UTC)
    assert len(emitted()) == 5


def test_what_follows_from_an_event_of_a_batch_carries_its_own_correlation_id_and_trace(
    emitted: Emitted, lossy: LossyPath, caplog: pytest.LogCaptureFixture
) -> None:
    bookings = [*paid_at_once(12), *of_an_unknown_card(2)]
    traces = {booking["booking_id"]: f"{place + 1:032x}" for place, booking in enumerate(bookings)}

    def news(name: str, booking: dict[str, Any]) -> Event:
        trace = traces[booking["booking_id"]]
        return event(name, booking, correlationid=f"of-{booking['booking_id']}", traceparent=f"00-{trace}-{1:016x}-01")

    caplog.set_level(logging.INFO)
    together(*(news("booking.created", booking) for booking in bookings))
    together(*(news("booking.confirmed", booking) for booking in bookings))
    told = emitted()
    assert len(told) == 12 * 2 + 2
    for answer in told:
        booking_id = answer.data["booking_id"]
        assert answer.correlationid == f"of-{booking_id}"
        assert answer.traceparent[3:35] == traces[booking_id]
    asked = {f"of-{booking['booking_id']}" for booking in bookings[:12]}
    assert sorted(lossy.correlations) == sorted([*asked, *asked])


def test_a_poisoned_event_among_good_ones_is_dead_lettered_alone(simulator: Simulator) -> None:
    broken = {**booking_data(payment_method={"token": "tok_visa"}), "total": "a lot"}
    for place in (0, 3, 7):
        bookings = paid_at_once(7)
        news = [event("booking.created", booking) for booking in bookings]
        news.insert(place, event("booking.created", broken))
        deliveries = [Delivery(one, message=None) for one in news]
        Lane(HANDLERS, lock=lock).handle(deliveries)
        verdicts = [delivery.verdict for delivery in deliveries]
        assert verdicts.pop(place) is Verdict.DEAD_LETTERED
        assert set(verdicts) == {Verdict.HANDLED}
        assert {payment_of(booking).status for booking in bookings} == {"authorized"}
        assert all(len(simulator.record(payment_of(booking).id)) == 1 for booking in bookings)
    assert not Payment.objects.filter(booking_id=broken["booking_id"]).exists()


def test_an_amount_the_database_refuses_costs_the_others_nothing() -> None:
    bookings = paid_at_once(4)
    bookings[2]["total"] = {"amount": -1, "currency": "VND"}
    deliveries = [Delivery(event("booking.created", booking), message=None) for booking in bookings]
    Lane(HANDLERS, lock=lock).handle(deliveries)
    verdicts = [Verdict.HANDLED, Verdict.HANDLED, Verdict.DEAD_LETTERED, Verdict.HANDLED]
    assert [delivery.verdict for delivery in deliveries] == verdicts
    assert Payment.objects.filter(status="authorized").count() == 3


def test_a_kill_before_or_after_the_calls_of_a_batch_loses_and_doubles_nothing(
    simulator: Simulator,
    time_passes: Callable[[], int],
    killed_before_the_call: AbstractContextManager[object],
    killed_after_the_call: AbstractContextManager[object],
) -> None:
    for killed in (killed_before_the_call, killed_after_the_call):
        bookings = paid_at_once(10)
        news = [event("booking.created", booking) for booking in bookings]
        with killed:
            together(*news)
        assert {payment_of(booking).status for booking in bookings} == {"processing"}
        assert tasks.resume_operations() == 0, "the leases of the one that was killed have not run out"
        time_passes()
        assert together(*news) == set()
        assert {payment_of(booking).status for booking in bookings} == {"authorized"}
        assert all(len(simulator.record(payment_of(booking).id)) == 1 for booking in bookings)
    assert Transaction.objects.count() == 2 * 20


def test_outcomes_that_come_twice_are_recorded_once(emitted: Emitted) -> None:
    """As when one was frozen past its lease, and another one asked meanwhile."""
    bookings = paid_at_once(4)
    for booking in bookings:
        HANDLERS["booking.created"].apply_all([event("booking.created", booking)])
    frozen = operations.lease_due(limit=9)
    GatewayOperation.objects.update(leased_until=None)
    operations.run_all(operations.lease_of_bookings([bookings[0]["booking_id"], bookings[1]["booking_id"]]))
    answers = [(one, Approved(f"late_{one.id.hex[:8]}", one.amount, "4242")) for one in frozen]
    assert operations.record_all(answers) == []
    assert {payment_of(booking).status for booking in bookings} == {"authorized"}
    assert len(emitted("payment.authorized")) == 4
    assert Transaction.objects.count() == 8
    assert not payment_of(bookings[0]).authorization_id.startswith("late_")


def test_an_outcome_for_what_is_to_be_reversed_meanwhile_is_dropped(emitted: Emitted) -> None:
    bookings = paid_at_once(3)
    HANDLERS["booking.created"].apply_all([event("booking.created", booking) for booking in bookings])
    leased = operations.lease_due(limit=9)
    HANDLERS["booking.expired"].apply_all([event("booking.expired", ending_data(bookings[0]))])
    operations.record_all([(one, Refused("card_declined")) for one in leased])
    assert [payment_of(booking).status for booking in bookings] == ["processing", "declined", "declined"]
    assert payment_of(bookings[0]).under_way == "reverse"
    assert len(emitted("payment.failed")) == 2
    assert tasks.resume_operations() == 1
    assert payment_of(bookings[0]).status == "voided"


def test_what_was_confirmed_while_it_was_asked_for_goes_on_to_its_capture_as_the_others_are_recorded() -> None:
    bookings = paid_at_once(3)
    HANDLERS["booking.created"].apply_all([event("booking.created", booking) for booking in bookings])
    leased = operations.lease_due(limit=9)
    HANDLERS["booking.confirmed"].apply_all([event("booking.confirmed", bookings[1])])
    following = operations.record_all([(one, Approved("auth_1", one.amount, "4242")) for one in leased])
    assert [(one.kind, one.payment.booking_id, one.attempts) for one in following] == [
        ("capture", payment_of(bookings[1]).booking_id, 1)
    ]
    assert {payment_of(booking).status for booking in bookings} == {"authorized"}


def test_what_raises_leaves_the_others_of_its_batch_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    perform, bookings = gateways.perform, paid_at_once(5)
    broken = bookings[2]["booking_id"]

    def ask(operation: GatewayOperation) -> gateways.Outcome:
        if str(operation.payment.booking_id) == broken:
            raise RuntimeError("a fault of ours")
        return perform(operation)

    with monkeypatch.context() as patch:
        patch.setattr(gateways, "perform", ask)
        with pytest.raises(RuntimeError):
            together(*(event("booking.created", booking) for booking in bookings))
    assert Payment.objects.filter(status="authorized").count() == 4


@pytest.mark.django_db(transaction=True)
def test_threads_that_only_ask_have_no_connection_to_the_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        before = cursor.fetchone()
        together(*(event("booking.created", booking) for booking in paid_at_once(20)))
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        assert cursor.fetchone() <= before


@pytest.mark.django_db(transaction=True)
def test_an_answer_that_cannot_be_written_keeps_no_other_from_it() -> None:
    together(*(event("booking.created", booking) for booking in paid_at_once(4, "tok_gateway_down")))
    GatewayOperation.objects.update(due_at=datetime.now(UTC))
    leased = operations.lease_due(limit=10)
    too_long = "x" * 65
    answers = [Approved(too_long if number == 2 else f"auth_{number}", one.amount) for number, one in enumerate(leased)]
    operations.record_all(list(zip(leased, answers, strict=True)))
    stuck = GatewayOperation.objects.get(id=leased[2].id)
    assert (stuck.state, stuck.payment.status) == ("pending", "processing")
    assert Payment.objects.filter(status="authorized").count() == 3


def test_an_id_that_cannot_be_kept_is_an_answer_that_is_not_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    together(event("booking.created", booking_data(payment_method={"token": "tok_gateway_down"})))
    operation = GatewayOperation.objects.select_related("payment").get()
    for told in ("x" * 65, "nul\0"):
        answer = Approved(told, operation.amount)
        monkeypatch.setattr(gateways.named(operation.provider), "perform", lambda _, answer=answer: answer)
        assert gateways.perform(operation) == Unknown("answer not understood")
