"""Events in any order, twice or not, answers lost, processes killed at the worst moment, on the real database and the
real gateway: in the end the money is where it belongs, and nothing was done twice.
"""

from collections.abc import Callable
from typing import Any

import pytest
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis.ids import uuid7
from chassis.messaging.events import Event
from chassis.messaging.inbox import Handler, receive_all
from payments import gateways, operations, tasks
from payments.handlers import HANDLERS, lock
from payments.models import UNFINISHED, GatewayOperation, Payment, Transaction
from tests.factories import booking_data, due, ending_data, reduced_data
from tests.lossy import LossyPath
from tests.simulator import Simulator
from tests.together import event

CARDS = ["tok_visa", "tok_card_declined", "tok_capture_fails", "tok_gateway_down", "tok_timeout_once"]
ENDINGS = ["booking.cancelled", "booking.expired"]
NEWS = ["booking.created", "booking.confirmed", "booking.reduced", *ENDINGS]
# Of a seat that its customer gave back.
KEPT = 9_000
FATES = [
    "handled",
    "killed before the call",
    "killed after the call",
    "killed after one of the answers was recorded",
    "killed after the answers were recorded",
    "answer lost",
    "request lost",
]

# Of one or the other of two bookings.
news = st.tuples(st.sampled_from([0, 1]), st.sampled_from(NEWS))
steps = st.one_of(
    st.tuples(st.lists(news, min_size=1, max_size=5), st.sampled_from(FATES)),
    st.tuples(st.just("pay"), st.sampled_from(CARDS)),
    st.tuples(st.just("time passes"), st.just("")),
)


def handle(events: list[Event], fate: str, lossy: LossyPath) -> None:
    """Events that come together."""
    if fate == "answer lost":
        lossy.lose_answers = 2
    if fate == "request lost":
        lossy.lose_requests = 2
    if not fate.startswith("killed"):
        receive_all(events, HANDLERS, lock=lock)
    else:
        receive_all(
            events, {name: Handler(apply_all=handler.apply_all) for name, handler in HANDLERS.items()}, lock=lock
        )
        leased = operations.lease_of_bookings({one.data["booking_id"] for one in events})
        if fate != "killed before the call":
            answers = [(operation, gateways.perform(operation)) for operation in leased]
            if fate == "killed after one of the answers was recorded":
                operations.record_all(answers[:1])
            if fate == "killed after the answers were recorded":
                operations.record_all(answers)
    lossy.lose_answers = lossy.lose_requests = 0


@pytest.mark.django_db
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    card=st.sampled_from(CARDS),
    at_once=st.booleans(),
    fee=st.sampled_from([0, 30_000]),
    reduced=st.booleans(),
    life=st.lists(steps, min_size=1, max_size=8),
)
def test_the_money_ends_where_it_belongs(
    card: str,
    at_once: bool,
    fee: int,
    reduced: bool,
    life: list[tuple[str | list[tuple[int, str]], str]],
    simulator: Simulator,
    lossy: LossyPath,
    sign_in: Callable[..., Any],
    time_passes: Callable[[], int],
) -> None:
    gateways.named.cache_clear()
    customer = sign_in()
    method = {"token": card} if at_once else None
    bookings = [booking_data(user_id=customer.user_id, payment_method=method) for _ in range(2)]
    gone = [[due(booking["seats"][0], 90_000 - KEPT)] if reduced else [] for booking in bookings]
    kept = fee + KEPT * reduced
    endings = [
        ending_data(booking, refund=booking["total"]["amount"] - kept)
        | {"seat_ids": [booking["seats"][1]["id"]], "due": seats}
        for booking, seats in zip(bookings, gone, strict=True)
    ]
    told = {name: endings if name in ENDINGS else bookings for name in NEWS}
    told["booking.reduced"] = [reduced_data(booking, *seats) for booking, seats in zip(bookings, gone, strict=True)]
    heard: list[set[str]] = [set(), set()]
    for what, how in life:
        if what == "pay":
            payload = {"booking_id": bookings[0]["booking_id"], "payment_method": {"token": how}}
            answer = customer.post("/payments", payload, headers={"Idempotency-Key": str(uuid7())})
            assert answer.status_code in (201, 202, 402, 409, 503), answer.content
        elif what == "time passes":
            time_passes()
            tasks.resume_operations()
        else:
            for which, name in what:
                heard[which].add(name)
            handle([event(name, told[name][which]) for which, name in what], how, lossy)
    for booking, names in zip(bookings, heard, strict=True):
        if names.isdisjoint(ENDINGS):
            handle([event("booking.expired", ending_data(booking))], "handled", lossy)
    while time_passes():
        tasks.resume_operations()
        gateways.named.cache_clear()
    for booking in bookings:
        check(booking, simulator)


def check(booking: dict[str, Any], simulator: Simulator) -> None:
    """The invariants of a payment that is at rest, against the gateway's own record."""
    payment = Payment.objects.filter(booking_id=booking["booking_id"]).first()
    if payment is None:
        return
    assert payment.under_way == ""
    assert not GatewayOperation.objects.filter(payment=payment, state__in=UNFINISHED).exists()
    ledger = {
        row["account"]: row["total"]
        for row in Transaction.objects.filter(payment=payment)
        .values("account")
        .annotate(total=Sum("amount"))
        .order_by()
    }
    assert sum(ledger.values()) == 0
    record = simulator.record(payment.id)
    took = {name: sum(entry[f"{name}_amount"] for entry in record) for name in ("captured", "voided", "refunded")}
    assert sum(entry["authorised_amount"] for entry in record) == took["captured"] + took["voided"]
    assert ledger.get("cash", 0) == took["captured"] - took["refunded"]
    assert ledger.get("authorised", 0) == 0 == payment.held_amount
    assert (payment.captured_amount, payment.refunded_amount) == (took["captured"], took["refunded"])
    assert sum(entry["captured_amount"] > 0 for entry in record) <= 1
    if payment.booking_state == "ended" and took["captured"]:
        assert took["captured"] - took["refunded"] == payment.retained_amount
