"""The fee of a cancellation is of the seats that the customer still had, whichever of the events is heard of first."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis.web.problems import Problem
from payments import refunds, tasks
from payments.models import Payment, Refund, Transaction
from payments.refunds import Wanted
from payments.seats import RefundKind, Seat, fee_left
from tests.factories import booking_data, clerk_of, ending_data, seat_data
from tests.simulator import Simulator

pytestmark = pytest.mark.django_db

Deliver = Callable[..., bool]
Emitted = Callable[..., list[Any]]

prices = st.lists(st.integers(0, 100_000), min_size=1, max_size=5).filter(any)


def reckoned(total: int, percent: int) -> int:
    """As booking reckons a fee (bookings.domain.cancellation)."""
    return total * percent // 100


@given(prices=prices, percent=st.integers(0, 100), back=st.sets(st.integers(0, 4)))
def test_what_is_kept_of_a_fee_is_what_it_had_been_of_the_seats_left_but_for_a_unit_in_the_customers_favour(
    prices: list[int], percent: int, back: set[int]
) -> None:
    ids = [seat["id"] for seat in (seat_data(n) for n in range(len(prices)))]
    seats = [
        Seat(ids[n], "B", n, price, RefundKind.CANCEL if n in back else None, charged=True)
        for n, price in enumerate(prices)
    ]
    of_those_left = reckoned(sum(price for n, price in enumerate(prices) if n not in back), percent)
    kept = fee_left(reckoned(sum(prices), percent), seats)
    assert of_those_left - 1 <= kept <= of_those_left


def opened(deliver: Deliver, prices: list[int]) -> tuple[dict[str, Any], Payment]:
    seats = [seat_data(number, price=price) for number, price in enumerate(prices, 1)]
    total = {"amount": sum(prices), "currency": "VND"}
    booking = booking_data(payment_method={"token": "tok_visa"}, seats=seats, total=total)
    deliver("booking.created", booking)
    deliver("booking.confirmed", booking)
    return booking, Payment.objects.get(booking_id=booking["booking_id"])


def ask(payment: Payment, **wanted: Any) -> None:
    """Staff ask; the gateway is asked by the clock."""
    refunds.request_refund(payment_id=payment.id, wanted=Wanted(clerk_of(), "the sound failed", **wanted))


def id_of(booking: dict[str, Any], place: int) -> UUID:
    return UUID(booking["seats"][place]["id"])


def ids(booking: dict[str, Any]) -> list[str]:
    return [seat["id"] for seat in booking["seats"]]


def cancelled(booking: dict[str, Any], *, fee: int, seats: list[str]) -> dict[str, Any]:
    total = booking["total"]["amount"]
    return ending_data(booking, refund=total - fee, reason="cancelled_by_customer") | {"seat_ids": seats}


@pytest.mark.parametrize("end_first", [True, False])
@pytest.mark.parametrize(("fee", "kept"), [(0, 0), (45_000, 22_500), (180_000, 90_000)])
def test_of_a_seat_that_booking_had_not_heard_of_nothing_is_kept(
    deliver: Deliver, emitted: Emitted, simulator: Simulator, end_first: bool, fee: int, kept: int
) -> None:
    booking, payment = opened(deliver, [90_000, 90_000])
    end = cancelled(booking, fee=fee, seats=ids(booking))
    ask(payment, seats=[id_of(booking, 0)])
    if end_first:
        deliver("booking.cancelled", end)
    tasks.resume_operations()
    deliver("booking.cancelled", end)
    tasks.resume_operations()
    payment.refresh_from_db()
    assert (payment.retained_amount, payment.refunded_amount) == (kept, 180_000 - kept)
    assert simulator.record(payment.id)[0]["refunded_amount"] == 180_000 - kept
    told = [
        (each.data["fee_told"]["amount"], each.data["retained"]["amount"]) for each in emitted("payment.fee_lowered")
    ]
    assert told == ([(fee, kept)] if fee else [])


def test_a_seat_whose_refund_the_gateway_refused_was_not_given_back_and_its_fee_is_kept(
    deliver: Deliver, emitted: Emitted, simulator: Simulator
) -> None:
    booking, payment = opened(deliver, [90_000, 90_000])
    ask(payment, seats=[id_of(booking, 0)])
    simulator.post(f"/v1/captures/{payment.capture_id}/refunds", {"amount": 100_000}, key="elsewhere")
    deliver("booking.cancelled", cancelled(booking, fee=90_000, seats=ids(booking)))
    tasks.resume_operations()
    payment.refresh_from_db()
    assert (payment.retained_amount, payment.attention) == (90_000, "amount_too_large")
    assert emitted("payment.fee_lowered") == []


def test_of_a_seat_that_booking_knew_of_the_fee_is_as_it_was_told(deliver: Deliver, emitted: Emitted) -> None:
    booking, payment = opened(deliver, [90_000, 90_000])
    ask(payment, seats=[id_of(booking, 0)])
    tasks.resume_operations()
    deliver("booking.cancelled", cancelled(booking, fee=45_000, seats=ids(booking)[1:]))
    payment.refresh_from_db()
    assert (payment.retained_amount, payment.fee_told_amount) == (45_000, 45_000)
    assert emitted("payment.fee_lowered") == []


steps = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["cancel", "goodwill"]), st.sets(st.integers(0, 2), min_size=1)),
        st.tuples(st.just("amount"), st.integers(1, 60_000)),
        st.tuples(st.sampled_from(["booking hears", "the gateway answers"]), st.none()),
    ),
    max_size=7,
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(life=steps, percent=st.sampled_from([0, 1, 33, 50, 99, 100]), end_heard_at=st.integers(0, 7))
def test_in_any_order_the_money_adds_up_and_nothing_is_kept_of_what_went_back(
    deliver: Deliver, emitted: Emitted, simulator: Simulator, life: list[Any], percent: int, end_heard_at: int
) -> None:
    prices = [50_001, 30_000, 19_999]
    with transaction.atomic():
        booking, payment = opened(deliver, prices)
        heard: set[str] = set()  # the seats of which booking knows that they were given back
        for place, (what, about) in enumerate(life):
            if place == end_heard_at:
                break
            _step(payment, booking, what, about, heard)
        has = [seat for seat in ids(booking) if seat not in heard]
        worth = sum(price for seat, price in zip(ids(booking), prices, strict=True) if seat in has)
        fee = reckoned(worth, percent)
        deliver("booking.cancelled", cancelled(booking, fee=fee, seats=has))
        tasks.resume_operations()
        payment.refresh_from_db()
        back = sum(seat["price"] for seat in payment.seats if seat["refunded"] == "cancel")
        kept = payment.captured_amount - payment.refunded_amount
        assert kept <= payment.retained_amount <= reckoned(sum(prices) - back, percent)
        goodwill = sum(Refund.objects.filter(payment=payment, kind="goodwill").values_list("amount", flat=True))
        assert kept >= reckoned(sum(prices) - back, percent) - goodwill - len(prices)
        assert payment.under_way == payment.attention == ""
        given = Refund.objects.filter(payment=payment, status="succeeded").aggregate(of=Sum("amount"))["of"] or 0
        assert given == payment.refunded_amount == simulator.record(payment.id)[0]["refunded_amount"]
        cash = Transaction.objects.filter(payment=payment, account="cash").aggregate(of=Sum("amount"))["of"]
        assert cash == kept
        lowered = [each for each in emitted("payment.fee_lowered") if each.data["payment_id"] == str(payment.id)]
        said = lowered[-1].data["retained"]["amount"] if lowered else fee
        assert said == payment.retained_amount
        transaction.set_rollback(True)


def _step(payment: Payment, booking: dict[str, Any], what: str, about: Any, heard: set[str]) -> None:
    """What staff ask for, and what is refused them, changes nothing."""
    try:
        if what == "amount":
            ask(payment, amount=about)
        elif what == "the gateway answers":
            tasks.resume_operations()
        elif what == "booking hears":
            payment.refresh_from_db()
            heard |= {str(seat["id"]) for seat in payment.seats if seat["refunded"] == "cancel"}
        else:
            ask(payment, seats=[id_of(booking, place) for place in about], kind=RefundKind(what))
    except Problem:
        return
