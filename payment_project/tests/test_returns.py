"""Seats that their customer gives back: booking says what is due of each, and so much goes back of it, once."""

from collections.abc import Callable
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest

from payments import refunds, services, tasks
from payments.lines import by_rate
from payments.models import Payment, Refund
from payments.receipts import lines_of
from payments.refunds import Wanted
from tests.factories import booking_data, clerk_of, due, ending_data, reduced_data
from tests.sales import documents, paid
from tests.simulator import Simulator
from tests.together import event, payment_of, together

pytestmark = pytest.mark.django_db

Deliver = Callable[..., bool]
Emitted = Callable[..., list[Any]]
PRICE = 90_000
DUE = 81_000
KEPT = PRICE - DUE


@pytest.fixture
def booking(deliver: Deliver) -> dict[str, Any]:
    """Two seats, B1 and B2, captured."""
    booking = booking_data(payment_method={"token": "tok_visa"})
    for name in ("booking.created", "booking.confirmed"):
        deliver(name, booking)
    return booking


def reduced(booking: dict[str, Any], place: int = 0, amount: int = DUE) -> dict[str, Any]:
    return reduced_data(booking, due(booking["seats"][place], amount))


def cancelled(booking: dict[str, Any], *, kept: int) -> dict[str, Any]:
    """After the first seat was given back, by its customer too."""
    ended = ending_data(booking, refund=booking["total"]["amount"] - kept, reason="cancelled_by_customer")
    gone = [due(booking["seats"][0], DUE)]
    return ended | {"seat_ids": [booking["seats"][1]["id"]], "due": gone}


def support_gives_back(booking: dict[str, Any], place: int = 0, **wanted: Any) -> None:
    """Asked for; the gateway is asked by the clock."""
    seats = [UUID(booking["seats"][place]["id"])]
    wish = Wanted(clerk_of(), "the sound failed", **({"seats": seats} | wanted))
    refunds.request_refund(payment_id=payment_of(booking).id, wanted=wish)


def went_back(booking: dict[str, Any], simulator: Simulator) -> int:
    """By the gateway's record, of which the books say the same."""
    payment = payment_of(booking)
    (entry,) = simulator.record(payment.id)
    assert entry["refunded_amount"] == payment.refunded_amount
    return payment.refunded_amount


def test_what_is_due_of_a_seat_goes_back_once_and_is_told_with_the_seat(
    deliver: Deliver, booking: dict[str, Any], emitted: Emitted, simulator: Simulator, sign_in: Callable[..., Any]
) -> None:
    for _ in range(2):
        deliver("booking.reduced", reduced(booking))
        tasks.resume_operations()
    assert went_back(booking, simulator) == DUE
    (told,) = emitted("payment.refunded")
    assert (told.data["amount"]["amount"], told.data["status"]) == (DUE, "partially_refunded")
    assert (told.data["kind"], told.data["reason"]) == ("cancel", "")
    (seat,) = told.data["seats"]
    assert (seat["price"]["amount"], seat["amount"]["amount"]) == (PRICE, DUE)
    assert [each["id"] for each in told.data["seats_left"]] == [booking["seats"][1]["id"]]
    (made,) = Refund.objects.filter(payment=payment_of(booking))
    shown = sign_in(user_id=booking["user_id"]).get(f"/refunds/{made.id}").json()
    assert (shown["reason"], [each["number"] for each in shown["seats"]]) == ("seats_given_back", [1])


def test_a_refund_of_staff_makes_no_work_when_booking_frees_its_seats(
    deliver: Deliver, booking: dict[str, Any], simulator: Simulator
) -> None:
    support_gives_back(booking)
    tasks.resume_operations()
    deliver("booking.reduced", reduced_data(booking))
    assert (went_back(booking, simulator), payment_of(booking).under_way) == (PRICE, "")


def test_the_credit_note_has_the_lines_of_the_seat_and_less_of_each_where_a_fee_is_kept(deliver: Deliver) -> None:
    for amount, in_all in ((101_000, {500: -81_000, 1000: -20_000}), (50_500, {500: -40_500, 1000: -10_000})):
        booking = paid(deliver)
        deliver("booking.reduced", reduced(booking, amount=amount))
        _, note = documents(booking)
        assert note.total == -amount
        assert {each.rate: each.gross for each in by_rate(lines_of(note))} == in_all
        if amount == booking["seats"][0]["price"]["amount"]:
            own = [each for each in booking["lines"] if each["seat_id"] == booking["seats"][0]["id"]]
            assert [(each["code"], each["gross"]) for each in note.lines] == [
                (each["code"], -each["gross"]) for each in own
            ]


@pytest.mark.parametrize("ends", [False, True])
def test_in_whatever_order_it_is_heard_the_same_goes_back(ends: bool, simulator: Simulator) -> None:
    fee = 4_500
    for order in permutations(range(3 + ends)):
        booking = booking_data(payment_method={"token": "tok_visa"})
        news = [
            event("booking.created", booking),
            event("booking.confirmed", booking),
            event("booking.reduced", reduced(booking)),
            event("booking.cancelled", cancelled(booking, kept=KEPT + fee)),
        ]
        for place in order:
            together(news[place])
        tasks.resume_operations()
        payment = payment_of(booking)
        assert payment.under_way == ""
        if payment.captured_amount:
            assert went_back(booking, simulator) == (2 * PRICE - KEPT - fee if ends else DUE)
        else:
            assert ends
            assert payment.status == "voided"  # it had ended before any card was asked
        assert [seat["due"] for seat in payment.seats if seat["number"] == 1] == [DUE]


@pytest.mark.parametrize("heard_first", [True, False])
def test_a_seat_that_support_gives_back_at_the_same_time_goes_back_once_and_whole(
    deliver: Deliver, booking: dict[str, Any], simulator: Simulator, emitted: Emitted, heard_first: bool
) -> None:
    support_gives_back(booking)
    if heard_first:
        deliver("booking.reduced", reduced(booking))
    tasks.resume_operations()
    deliver("booking.reduced", reduced(booking))
    tasks.resume_operations()
    assert went_back(booking, simulator) == PRICE
    # Booking reckoned with a fee of that seat: nothing is kept of it.
    deliver("booking.cancelled", cancelled(booking, kept=2 * KEPT))
    assert (went_back(booking, simulator), payment_of(booking).retained_amount) == (2 * PRICE - KEPT, KEPT)
    (lowered,) = emitted("payment.fee_lowered")
    assert lowered.data["retained"]["amount"] == KEPT


def test_two_give_backs_and_a_refund_under_way_follow_each_other(
    deliver: Deliver, booking: dict[str, Any], simulator: Simulator
) -> None:
    support_gives_back(booking, seats=(), amount=1_000)
    for place in (0, 1):
        deliver("booking.reduced", reduced(booking, place))
    tasks.resume_operations()
    assert went_back(booking, simulator) == 1_000 + 2 * DUE


def test_no_more_goes_back_than_is_left_after_goodwill(
    deliver: Deliver, booking: dict[str, Any], simulator: Simulator
) -> None:
    support_gives_back(booking, seats=(), amount=2 * PRICE - 50_000)
    tasks.resume_operations()
    deliver("booking.reduced", reduced(booking, amount=PRICE))
    assert went_back(booking, simulator) == 2 * PRICE
    deliver("booking.cancelled", cancelled(booking, kept=0))
    tasks.resume_operations()
    assert went_back(booking, simulator) == 2 * PRICE


def test_seats_of_nothing_ask_nobody(deliver: Deliver, booking: dict[str, Any], simulator: Simulator) -> None:
    deliver("booking.reduced", reduced(booking, amount=0))
    assert (went_back(booking, simulator), payment_of(booking).under_way) == (0, "")
    deliver("booking.cancelled", cancelled(booking, kept=PRICE) | {"due": [due(booking["seats"][0], 0)]})
    assert went_back(booking, simulator) == PRICE


def test_what_the_gateway_refuses_waits_for_a_person_and_goes_back_once(
    deliver: Deliver, booking: dict[str, Any], simulator: Simulator, sign_in: Callable[..., Any]
) -> None:
    capture_id = payment_of(booking).capture_id
    Payment.objects.filter(booking_id=booking["booking_id"]).update(capture_id="cap_of_nobody")
    for place in (0, 1):
        deliver("booking.reduced", reduced(booking, place))
    assert (payment_of(booking).attention, payment_of(booking).refunded_amount) == ("unknown_capture", 0)
    # Of one of them a person hands the money over; of the other the gateway is asked again.
    body = {
        "payment_id": str(payment_of(booking).id),
        "way": "cash",
        "reference": "till 1",
        "reason": "your card had expired",
        "seats": [booking["seats"][0]["id"]],
    }
    linh = sign_in(roles=("manager",), username="linh")
    made = linh.post("/refunds/outside", body, headers={"Idempotency-Key": "cash"}).json()
    assert (made["amount"]["amount"], payment_of(booking).attention) == (DUE, "unknown_capture")
    Payment.objects.filter(booking_id=booking["booking_id"]).update(capture_id=capture_id)
    tasks.resume_operations()
    assert payment_of(booking).refunded_amount == DUE

    services.resume_payment(payment_id=payment_of(booking).id, clerk=clerk_of())
    tasks.resume_operations()
    payment = payment_of(booking)
    assert (payment.refunded_amount, payment.attention) == (2 * DUE, "")
    assert simulator.record(payment.id)[0]["refunded_amount"] == DUE
