"""The takings are what receipts, credit notes and kept fees say, each counted once, on the theater's day."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import Sum

from payments import takings, tasks
from payments.ledger import Account
from payments.models import Payment, Transaction
from payments.receipt_models import NO_THEATER
from payments.takings import SUMS
from payments.takings_models import FeeKept, Takings, TakingsCode, TakingsSeries
from tests.factories import ending_data
from tests.sales import THEATER, VND, give_back, paid

pytestmark = pytest.mark.django_db
Deliver = Callable[..., bool]


def sums(**of: Any) -> dict[str, int]:
    """Of all there is, added up by the clock first."""
    tasks.sum_up_takings()
    return {name: value or 0 for name, value in Takings.objects.filter(**of).aggregate(**_sums()).items()}


def _sums() -> dict[str, Any]:
    return {f"{name}_": Sum(name) for name in SUMS}


def in_ledger() -> int:
    """What customers paid and did not get back, in the account of customers."""
    return -(Transaction.objects.filter(account=Account.CUSTOMER).aggregate(sum=Sum("amount"))["sum"] or 0)


def test_a_sale_is_in_the_takings_of_its_theaters_day(deliver: Deliver) -> None:
    paid(deliver)
    assert sums() == {
        "tickets_": 2,
        "returned_": 0,
        "gross_": 185_000,
        "refunds_": 0,
        "tax_": 9_892,
        "reductions_": 9_000,
        "gift_": 0,
        "cash_": 0,
        "terminal_": 0,
        "kept_": 0,
    }
    of_tickets, of_no_ticket = Takings.objects.order_by("-ticket_type")
    assert (of_tickets.film, of_tickets.type_name, of_tickets.gross) == ("The Lantern Keeper", "Ticket", 180_000)
    assert (of_no_ticket.ticket_type, of_no_ticket.gross) == ("", 5_000)
    assert of_tickets.day == (datetime.now(UTC) + timedelta(hours=7)).date()
    series = TakingsSeries.objects.get()
    assert (series.position, series.theater_name) == (1, "Marquee Bến Thành")
    code = TakingsCode.objects.get()
    assert (code.code, code.uses, code.amount) == ("discount", 1, 9_000)


def test_nothing_is_counted_twice_and_sums_go_on(deliver: Deliver) -> None:
    paid(deliver)
    assert tasks.sum_up_takings() == 1
    assert tasks.sum_up_takings() == 0
    paid(deliver, theater=None)
    paid(deliver)
    assert takings.behind() == 2
    assert sums()["gross_"] == 3 * 185_000
    assert takings.behind() == 0
    assert sums(theater_id=THEATER)["tickets_"] == 4
    assert sums(theater_id=NO_THEATER)["tickets_"] == 2


def test_what_goes_back_is_taken_off_and_the_ledger_says_the_same(deliver: Deliver) -> None:
    booking = paid(deliver)
    give_back(booking, amount=30_000)
    other = paid(deliver)
    deliver("booking.cancelled", ending_data(other))
    tasks.resume_operations()
    all_of_it = sums()
    assert all_of_it["gross_"] - all_of_it["refunds_"] == 155_000 == in_ledger()
    assert (all_of_it["tickets_"], all_of_it["returned_"]) == (4, 2)


def test_a_fee_that_is_kept_is_told_once_and_falls_when_it_is_given_back(deliver: Deliver) -> None:
    booking = paid(deliver)
    deliver("booking.cancelled", ending_data(booking) | {"refund": VND | {"amount": 165_000}})
    tasks.resume_operations()
    kept = sums()
    assert (kept["kept_"], kept["gross_"] - kept["refunds_"]) == (20_000, 20_000)
    give_back(booking, amount=5_000)
    assert sums()["kept_"] == 15_000
    assert list(FeeKept.objects.order_by("id").values_list("amount", "is_summed")) == [(20_000, True), (-5_000, True)]


def test_rebuilding_comes_to_the_same_and_brings_in_what_a_process_of_before_kept(deliver: Deliver) -> None:
    for theater in (THEATER, uuid4()):
        booking = paid(deliver, theater=theater)
        deliver("booking.cancelled", ending_data(booking) | {"refund": VND | {"amount": 100_000}})
        tasks.resume_operations()
    before = sums()
    FeeKept.objects.all().delete()
    Takings.objects.update(gross=1)
    call_command("rebuild_takings")
    assert sums() == before
    assert before["kept_"] == 170_000
    assert takings.bring_in_fees() == 0


def test_many_receipts_are_added_up_some_at_a_time(deliver: Deliver, monkeypatch: pytest.MonkeyPatch) -> None:
    for theater in (THEATER, THEATER, uuid4(), uuid4()):
        paid(deliver, theater=theater)
    monkeypatch.setattr(takings, "THEATERS", 2)
    monkeypatch.setattr(takings, "OF_EACH", 1)
    assert takings.sum_up(batches=1) == 2
    assert takings.sum_up(batches=5) == 2
    assert sums()["gross_"] == 4 * 185_000


@pytest.mark.django_db(transaction=True)
def test_somebody_else_who_is_at_it_is_let_through(deliver: Deliver) -> None:
    paid(deliver)
    found: list[int] = []

    def elsewhere() -> None:
        found.append(tasks.sum_up_takings())
        connection.close()

    with transaction.atomic():
        assert takings._is_free()
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join(30)
    assert found == [0]
    assert sums()["gross_"] == 185_000
    assert Payment.objects.count() == 1
