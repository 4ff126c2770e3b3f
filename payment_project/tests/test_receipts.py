"""What receipts say, how they are numbered, and that nobody changes one."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from chassis.ids import time_of_uuid7, uuid7
from chassis.messaging.events import Event
from chassis.messaging.inbox import receive_all
from chassis.testing_plans import analyze, costs, rows_read
from payments import books, tasks
from payments.handlers import HANDLERS
from payments.lines import by_rate
from payments.models import Payment
from payments.receipt_models import NO_THEATER, Receipt, ReceiptSeries
from payments.receipts import lines_of
from tests.factories import PaymentFactory, ending_data
from tests.sales import SELLER, SHOWTIME, THEATER, documents, give_back, line, paid, sold
from tests.simulator import Simulator
from tests.together import event, payment_of, together

pytestmark = pytest.mark.django_db


Deliver = Callable[..., bool]


def test_a_receipt_says_what_was_sold_by_whom_and_how_it_was_paid(deliver: Deliver) -> None:
    [receipt] = documents(booking := paid(deliver))
    assert receipt.lines == booking["lines"]
    assert (receipt.seller, receipt.showtime, receipt.theater_id) == (SELLER, SHOWTIME, THEATER)
    assert (receipt.total, receipt.currency, receipt.card_last4) == (185_000, "VND", "4242")
    assert (receipt.position, receipt.number) == (1, f"R{ReceiptSeries.objects.get().id}-000001")
    assert receipt.issued_at == time_of_uuid7(receipt.id)
    assert [(each.rate, each.tax, each.gross) for each in by_rate(lines_of(receipt))] == [
        (500, 7_619, 160_000),
        (1000, 2_273, 25_000),
    ]
    assert payment_of(booking).sale == {}


def test_the_capture_tells_what_its_receipt_says_and_each_its_own_number(emitted: Callable[..., list[Event]]) -> None:
    bookings = [sold(), sold(theater=uuid4()), sold(seller=None, theater=None)]
    together(*(event("booking.created", booking) for booking in bookings))
    together(*(event("booking.confirmed", booking) for booking in bookings))
    told = {each.data["booking_id"]: each.data["receipt"] for each in emitted() if each.type == "payment.completed"}
    for booking in bookings:
        [receipt], receipt_told = documents(booking), told[booking["booking_id"]]
        assert (receipt_told["id"], receipt_told["number"]) == (str(receipt.id), receipt.number)
        assert receipt_told["seller"] == booking["seller"]
        assert [(each["name"], each["count"], each["amount"]["amount"]) for each in receipt_told["lines"]] == [
            ("Ticket", 2, 169_000),
            ("Discount", 1, -9_000),
            ("Fee", 2, 25_000),
        ]
        assert [(each["rate"], each["tax"]["amount"]) for each in receipt_told["taxes"]] == [
            (500, 7_619),
            (1000, 2_273),
        ]


@pytest.mark.parametrize(
    "told",
    [{"lines": []}, {"lines": [line("ticket", 1, 0, 0)]}, {"theater_id": None, "lines": [], "seller": None}],
    ids=["no lines", "lines that do not add up", "a message of before"],
)
def test_a_sale_without_lines_has_one(deliver: Deliver, told: dict[str, Any]) -> None:
    booking = sold()
    booking |= told
    for name in ("booking.created", "booking.confirmed"):
        deliver(name, booking)
    [receipt] = documents(booking)
    [only] = lines_of(receipt)
    assert (only.name, only.net, only.tax, only.gross) == ("Tickets B1, B2", 185_000, 0, 185_000)
    assert receipt.theater_id == (NO_THEATER if "theater_id" in told else THEATER)


def test_each_theater_counts_for_itself_without_a_gap(deliver: Deliver) -> None:
    first, other = uuid4(), uuid4()
    for theater in (first, other, first, None, first, other):
        paid(deliver, theater=theater)
    counted = {
        theater: list(
            Receipt.objects.filter(theater_id=theater).order_by("position").values_list("position", flat=True)
        )
        for theater in (first, other, NO_THEATER)
    }
    assert counted == {first: [1, 2, 3], other: [1, 2], NO_THEATER: [1]}
    assert len(set(Receipt.objects.values_list("number", flat=True))) == 6


def test_a_seat_that_is_given_back_is_credited_by_its_lines(deliver: Deliver) -> None:
    booking = paid(deliver)
    refund = give_back(booking, seats=[UUID(booking["seats"][0]["id"])])
    receipt, note = documents(booking)
    assert (note.refund_id, note.theater_id, note.position, note.total) == (refund.id, THEATER, 2, -101_000)
    assert [(each["kind"], each["gross"]) for each in note.lines] == [
        ("ticket", -90_000),
        ("discount", 9_000),
        ("fee", -20_000),
    ]
    assert (note.seller, note.showtime, note.card_last4) == (receipt.seller, receipt.showtime, receipt.card_last4)


def test_the_fee_that_is_kept_stays_on_the_receipt_with_its_tax(deliver: Deliver) -> None:
    booking = paid(deliver)
    deliver("booking.cancelled", ending_data(booking, refund=148_000))
    receipt, note = documents(booking)
    assert note.total == -148_000
    left = by_rate((*lines_of(receipt), *lines_of(note)))
    assert [(each.rate, each.gross, each.tax) for each in left] == [(500, 32_000, 1_524), (1000, 5_000, 455)]


def test_all_that_goes_back_in_parts_leaves_nothing_of_any_rate(deliver: Deliver) -> None:
    booking = paid(deliver)
    for amount in (1, 33_333, 99_999):
        give_back(booking, amount=amount)
    deliver("booking.cancelled", ending_data(booking))
    issued = documents(booking)
    assert [each.position for each in issued] == [1, 2, 3, 4, 5]
    assert all((each.net, each.tax) == (0, 0) for each in by_rate(part for one in issued for part in lines_of(one)))


def test_a_booking_that_ended_before_its_capture_gets_both(deliver: Deliver) -> None:
    booking = sold()
    deliver("booking.created", booking)
    deliver("booking.cancelled", ending_data(booking, refund=148_000))
    assert [each.total for each in documents(booking)] == [185_000, -148_000]


def test_what_is_never_captured_has_none_and_forgets_its_sale(deliver: Deliver) -> None:
    declined = sold(payment_method={"token": "tok_card_declined"})
    refused = sold(payment_method={"token": "tok_capture_fails"})
    expired = sold()
    for booking in (declined, refused, expired):
        deliver("booking.created", booking)
        assert bool(payment_of(booking).sale) is (booking is not declined)
    deliver("booking.confirmed", refused)
    deliver("booking.expired", ending_data(expired))
    assert [payment_of(each).sale for each in (declined, refused, expired)] == [{}, {}, {}]
    assert not Receipt.objects.exists()


def test_a_sale_is_told_by_whichever_event_knows_it(deliver: Deliver) -> None:
    booking = sold()
    deliver("booking.confirmed", booking)
    deliver("booking.created", booking)
    [receipt] = documents(booking)
    assert receipt.lines == booking["lines"]
    deliver("booking.created", booking)
    assert documents(booking) == [receipt]


@pytest.fixture
def process_of_before(monkeypatch: pytest.MonkeyPatch) -> AbstractContextManager[object]:
    """`with process_of_before:` what is done in it is done by a process that knows nothing of receipts."""

    @contextmanager
    def before() -> Iterator[None]:
        with monkeypatch.context() as patch:
            patch.setattr(books, "_issue", lambda *_, **__: None)
            yield

    return before()


def test_a_payment_captured_before_there_were_receipts_gets_no_credit_note(
    deliver: Deliver, process_of_before: AbstractContextManager[object]
) -> None:
    with process_of_before:
        booking = paid(deliver)
    Payment.objects.update(sale=None)
    give_back(booking)
    assert payment_of(booking).status == "refunded"
    tasks.issue_receipts()
    tasks.issue_credit_notes()
    assert not Receipt.objects.exists()


def test_what_a_process_of_before_captured_and_gave_back_is_made_up_for(
    deliver: Deliver, process_of_before: AbstractContextManager[object]
) -> None:
    with process_of_before:
        booking = paid(deliver)
        for amount in (30_000, 20_000):
            give_back(booking, amount=amount)
    assert tasks.issue_receipts() == 1
    [receipt] = documents(booking)
    assert (receipt.total, receipt.lines) == (185_000, booking["lines"])
    assert tasks.issue_credit_notes() == 2
    assert [each.total for each in documents(booking)] == [185_000, -30_000, -20_000]
    assert (tasks.issue_receipts(), tasks.issue_credit_notes()) == (0, 0)
    deliver("booking.cancelled", ending_data(booking))
    assert all(each.gross == 0 for each in by_rate(part for one in documents(booking) for part in lines_of(one)))


def test_a_receipt_that_is_missing_comes_with_the_next_change(
    deliver: Deliver, process_of_before: AbstractContextManager[object]
) -> None:
    with process_of_before:
        booking = paid(deliver)
    deliver("booking.cancelled", ending_data(booking))
    assert [each.total for each in documents(booking)] == [185_000, -185_000]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE receipts SET total = total + 1",
        "DELETE FROM receipts",
        "UPDATE receipt_series SET last = last - 1",
        "DELETE FROM receipt_series",
    ],
)
def test_nobody_changes_or_deletes_a_receipt_or_its_number(deliver: Deliver, change: str) -> None:
    paid(deliver)
    with pytest.raises(DatabaseError, match="never"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)


def test_the_database_refuses_a_second_receipt_and_a_number_twice(deliver: Deliver) -> None:
    [receipt] = documents(paid(deliver))
    twin = {
        **{field.attname: getattr(receipt, field.attname) for field in Receipt._meta.concrete_fields},
        "id": uuid7(),
    }
    for other in ({"position": 2, "number": "R1-2"}, {"payment_id": PaymentFactory().id}):
        with pytest.raises(DatabaseError), transaction.atomic():
            Receipt.objects.create(**twin | other)


@pytest.mark.parametrize("step", ["captures", "refunds"])
def test_many_take_as_many_statements_as_one(step: str, deliver: Deliver) -> None:
    bookings = [sold(theater=THEATER if number % 2 else uuid4()) for number in range(1 + 30)]
    together(*(event("booking.created", booking) for booking in bookings))
    if step == "refunds":
        together(*(event("booking.confirmed", booking) for booking in bookings))
    one, *many = bookings
    counts = []
    for some in ([one], many):
        data = some if step == "captures" else [ending_data(booking) for booking in some]
        name = "booking.confirmed" if step == "captures" else "booking.cancelled"
        if step == "refunds":
            HANDLERS[name].apply_all([event(name, each) for each in data])
        with CaptureQueriesContext(connection) as made:
            if step == "captures":
                receive_all([event(name, each) for each in data], HANDLERS)
            else:
                tasks.resume_operations()
        counts.append(len(made))
    assert counts[0] == counts[1]
    assert Receipt.objects.count() == (31 if step == "captures" else 62)


def test_numbers_are_given_out_without_reading_other_receipts() -> None:
    bookings = [sold(theater=uuid4()) for _ in range(300)]
    together(*(event("booking.created", booking) for booking in bookings))
    together(*(event("booking.confirmed", booking) for booking in bookings))
    assert Receipt.objects.count() == 300
    ReceiptSeries.objects.bulk_create(ReceiptSeries(theater_id=uuid4(), last=1) for _ in range(5000))
    analyze("receipts", "receipt_series", "payments")
    few = [sold(theater=THEATER) for _ in range(5)]
    together(*(event("booking.created", booking) for booking in few))
    with costs() as made:
        together(*(event("booking.confirmed", booking) for booking in few))
    assert Receipt.objects.count() == 305
    assert rows_read(made, "receipts") <= 5
    assert rows_read(made, "receipt_series") <= 10


@pytest.mark.django_db(transaction=True)
def test_two_that_issue_for_the_same_theaters_wait_for_each_other_and_leave_no_gap(
    deliver: Deliver, simulator: Simulator
) -> None:
    theaters = [uuid4() for _ in range(3)]
    for theater in theaters[1:]:
        paid(deliver, theater=theater)
    batches = [[sold(theater=theaters[number % 3]) for number in range(12)][:: 1 if half else -1] for half in range(2)]
    for batch in batches:
        together(*(event("booking.created", booking) for booking in batch))
    failed: list[Exception] = []

    def confirm(batch: list[dict[str, Any]]) -> None:
        try:
            together(*(event("booking.confirmed", booking) for booking in batch))
        except Exception as exc:
            failed.append(exc)
            raise
        finally:
            connection.close()

    threads = [threading.Thread(target=confirm, args=[batch]) for batch in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []
    for theater in theaters:
        issued = Receipt.objects.filter(theater_id=theater).values_list("position", flat=True)
        last = 8 if theater == theaters[0] else 9
        assert sorted(issued) == list(range(1, last + 1))
        assert ReceiptSeries.objects.get(theater_id=theater).last == last


def test_a_capture_that_is_not_written_takes_no_number(deliver: Deliver) -> None:
    booking = sold()
    deliver("booking.created", booking)
    with transaction.atomic():
        deliver("booking.confirmed", booking)
        transaction.set_rollback(True)
    assert not ReceiptSeries.objects.exists()
    deliver("booking.confirmed", booking)
    assert [each.position for each in documents(booking)] == [1]
