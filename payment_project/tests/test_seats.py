"""Money of seats: what each was sold at goes back once, and of what somebody was let in with as goodwill alone."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from chassis.ids import uuid7
from chassis.storage.models import AuditRecord
from payments import kept, refunds, seats, tasks
from payments.errors import CheckedIn, PaymentInProgress, SeatRefunded
from payments.models import Payment, Refund
from payments.refunds import Wanted
from payments.seats import Seat
from tests.booking_service import BookingService
from tests.factories import PaymentFactory, booking_data, clerk_of, ending_data, refund, seat_data
from tests.simulator import Simulator
from tests.together import at_once

pytestmark = pytest.mark.django_db

Client = Any
Deliver = Callable[..., bool]
PRICES = (90_000, 60_000, 30_000)


@pytest.fixture
def booking() -> dict[str, Any]:
    """A booking of three seats, B1 to B3."""
    seats = [seat_data(number, price=price) for number, price in enumerate(PRICES, 1)]
    return booking_data(payment_method={"token": "tok_visa"}, seats=seats)


@pytest.fixture
def payment(booking: dict[str, Any], deliver: Deliver) -> Payment:
    deliver("booking.created", booking)
    deliver("booking.confirmed", booking)
    return Payment.objects.get(booking_id=booking["booking_id"])


@pytest.fixture
def support(sign_in: Callable[..., Client]) -> Client:
    return sign_in(roles=("support",), username="linh")


def seat(payment: Payment, number: int) -> str:
    return next(str(each["id"]) for each in payment.seats if each["number"] == number)


def let_in(deliver: Deliver, payment: Payment, *numbers: int) -> None:
    seats = [seat(payment, number) for number in numbers]
    deliver("booking.checked_in", booking_id=payment.booking_id, seat_ids=seats)


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def names(seats: list[dict[str, Any]]) -> list[str]:
    return [f"{each['row']}{each['number']}" for each in seats]


def test_of_seats_what_they_were_sold_at_goes_back_and_the_event_says_which_and_what_is_left(
    support: Client, payment: Payment, emitted: Callable[..., list[Any]], simulator: Simulator
) -> None:
    made = refund(support, payment, seats=[seat(payment, 3), seat(payment, 1)])
    assert (made.status_code, made.json()["kind"], made.json()["amount"]["amount"]) == (201, "cancel", 120_000)
    assert names(made.json()["seats"]) == ["B1", "B3"]
    (told,) = emitted("payment.refunded")
    assert (told.data["status"], told.data["kind"]) == ("partially_refunded", "cancel")
    assert [each["price"]["amount"] for each in told.data["seats"]] == [90_000, 30_000]
    assert names(told.data["seats_left"]) == ["B2"]
    assert simulator.record(payment.id)[0]["refunded_amount"] == 120_000
    last = refund(support, payment, seats=[seat(payment, 2)])
    assert (last.status_code, emitted("payment.refunded")[1].data["seats_left"]) == (201, [])
    payment.refresh_from_db()
    assert (payment.status, payment.refunded_amount) == ("refunded", 180_000)


def test_whose_payment_it_is_sees_what_became_of_each_seat(
    support: Client, payment: Payment, deliver: Deliver, sign_in: Callable[..., Client]
) -> None:
    made = refund(support, payment, seats=[seat(payment, 1)]).json()
    refund(support, payment, seats=[seat(payment, 2)], kind="goodwill")
    let_in(deliver, payment, 3)
    customer = sign_in(user_id=payment.user_id)
    shown = customer.get(f"/payments/{payment.id}").json()["seats"]
    assert [(each["refunded"], each["checked_in"]) for each in shown] == [
        ("cancel", False),
        ("goodwill", False),
        (None, True),
    ]
    assert names(customer.get(f"/refunds/{made['id']}").json()["seats"]) == ["B1"]


def test_a_seat_is_refunded_once_whatever_its_refund_was(support: Client, payment: Payment) -> None:
    for number, kind in ((1, "cancel"), (2, "goodwill")):
        assert refund(support, payment, seats=[seat(payment, number)], kind=kind).status_code == 201
        for again in ("cancel", "goodwill"):
            answer = refund(support, payment, seats=[seat(payment, 3), seat(payment, number)], kind=again)
            assert refused(answer) == (409, "seat_refunded")
            assert answer.json()["seats"] == [seat(payment, number)]


def test_by_seat_after_by_amount_no_more_than_what_is_left(support: Client, payment: Payment) -> None:
    refund(support, payment, amount=100_000)
    answer = refund(support, payment, seats=[seat(payment, 1)])
    assert refused(answer) == (409, "refund_too_large")
    assert answer.json()["refundable"]["amount"] == 80_000
    assert refund(support, payment, seats=[seat(payment, 2)]).status_code == 201
    rest = refund(support, payment)
    assert (rest.json()["amount"]["amount"], rest.json()["kind"], rest.json()["seats"]) == (20_000, "cancel", [])


def test_a_seat_whose_refund_the_gateway_refused_may_be_asked_for_again(
    support: Client, payment: Payment, simulator: Simulator, emitted: Callable[..., list[Any]]
) -> None:
    simulator.post(f"/v1/captures/{payment.capture_id}/refunds", {"amount": 100_000}, key=str(uuid7()))
    assert refused(refund(support, payment, seats=[seat(payment, 1)])) == (409, "refund_refused")
    assert emitted("payment.refunded") == []
    payment.refresh_from_db()
    assert [each["refunded"] for each in payment.seats] == [None, None, None]
    assert refund(support, payment, seats=[seat(payment, 2)]).status_code == 201


@pytest.mark.parametrize(
    ("wanted", "status", "code"),
    [
        ({"seats": []}, 400, "invalid"),
        ({"seats": ["first", "first"]}, 400, "invalid"),
        ({"seats": ["first"], "amount": 1}, 400, "invalid"),
        ({"seats": ["B1"]}, 400, "invalid"),
        ({"seats": ["strange"]}, 400, "unknown_seat"),
    ],
)
def test_seats_that_cannot_be_meant_are_refused(
    support: Client, payment: Payment, wanted: dict[str, Any], status: int, code: str
) -> None:
    known = {"first": seat(payment, 1), "strange": str(uuid7())}
    answer = refund(support, payment, **{**wanted, "seats": [known.get(each, each) for each in wanted["seats"]]})
    assert refused(answer) == (status, code)
    assert not Refund.objects.exists()


def test_of_a_payment_that_knows_no_seats_an_amount_is_given_back(support: Client, deliver: Deliver) -> None:
    before = booking_data(payment_method={"token": "tok_visa"})
    del before["seats"]
    deliver("booking.created", before)
    deliver("booking.confirmed", before)
    old = Payment.objects.get()
    assert refused(refund(support, old, seats=[str(uuid7())])) == (409, "seats_unknown")
    assert refund(support, old, amount=90_000).status_code == 201


def test_seats_are_known_whichever_way_the_payment_was_opened(
    deliver: Deliver, sign_in: Callable[..., Client], booking: dict[str, Any], settings: Any
) -> None:
    """The event came after another one, or is still on its way and the booking service is asked."""
    deliver("booking.confirmed", booking)
    assert Payment.objects.get().seats == []
    deliver("booking.created", booking)
    assert names(Payment.objects.get().seats) == ["B1", "B2", "B3"]
    service, customer, other = BookingService(), sign_in(), booking_data(seats=booking["seats"])
    settings.BOOKING_URL = service.url
    service.bookings[other["booking_id"]] = {**other, "id": other["booking_id"], "status": "PENDING"} | {
        "user_id": str(customer.user_id)
    }
    body = {"booking_id": other["booking_id"], "payment_method": {"token": "tok_visa"}}
    assert customer.post("/payments", body, headers={"Idempotency-Key": "one"}).status_code == 201
    service.shutdown()
    assert names(Payment.objects.get(booking_id=other["booking_id"]).seats) == ["B1", "B2", "B3"]


def test_a_large_refund_of_seats_waits_for_a_second_person_and_is_decided_anew(
    support: Client, payment: Payment, sign_in: Callable[..., Client], settings: Any, deliver: Deliver
) -> None:
    settings.REFUND_ALONE_UP_TO = {"VND": 70_000}
    minh = sign_in(roles=("support",), username="minh")
    waits = refund(support, payment, seats=[seat(payment, 1)])
    assert (waits.status_code, waits.json()["status"]) == (202, "awaiting_approval")
    assert names(waits.json()["seats"]) == ["B1"]
    let_in(deliver, payment, 1)
    assert refused(minh.post(f"/refunds/{waits.json()['id']}/approve")) == (409, "checked_in")
    minh.post(f"/refunds/{waits.json()['id']}/refuse", {"note": "they are in"})
    assert refund(support, payment, seats=[seat(payment, 2)]).status_code == 201
    # What went back of it before counts.
    again = refund(support, payment, seats=[seat(payment, 3)])
    assert again.status_code == 202
    approved = minh.post(f"/refunds/{again.json()['id']}/approve")
    assert (approved.status_code, approved.json()["status"]) == (200, "succeeded")
    payment.refresh_from_db()
    assert [each["refunded"] for each in payment.seats] == [None, "cancel", "cancel"]


def test_what_somebody_was_let_in_with_is_given_back_as_goodwill_alone(
    support: Client, payment: Payment, deliver: Deliver
) -> None:
    let_in(deliver, payment, 1)
    for wanted in ({}, {"kind": "cancel"}, {"seats": [seat(payment, 1), seat(payment, 2)]}):
        answer = refund(support, payment, **wanted)
        assert refused(answer) == (409, "checked_in"), wanted
        assert answer.json()["seats"] == [seat(payment, 1)]
    assert refund(support, payment, seats=[seat(payment, 2)]).status_code == 201
    assert refund(support, payment, seats=[seat(payment, 1)], kind="goodwill").status_code == 201
    assert refund(support, payment, kind="goodwill").json()["amount"]["amount"] == 30_000


@pytest.mark.parametrize("when", ["before the answer", "after it"])
def test_a_refund_that_overtook_the_check_in_was_goodwill_of_the_seats_that_somebody_is_in(
    support: Client, payment: Payment, deliver: Deliver, emitted: Callable[..., list[Any]], when: str
) -> None:
    """Booking frees no seat that somebody is in, and lets nobody in to one that it has freed."""

    def ask(*numbers: int) -> UUID:
        wanted = Wanted(clerk_of(), "the sound failed", seats=[_id(payment, number) for number in numbers])
        asked = refunds.request_refund(payment_id=payment.id, wanted=wanted)
        if when == "before the answer":
            let_in(deliver, payment, 1)
        tasks.resume_operations()
        if when == "after it":
            let_in(deliver, payment, 1)
        payment.refresh_from_db()
        return asked.refund_id

    both = Refund.objects.get(id=ask(1, 2))
    assert [each["refunded"] for each in payment.seats] == ["goodwill", "cancel", None]
    assert (both.kind, [each["refunded"] for each in both.seats]) == ("cancel", ["goodwill", "cancel"])
    assert seats.outcome(kept.seats_of(both)) == "B2 (B1 was in use and stayed)"
    shown = support.get(f"/refunds/{both.id}").json()["seats"]
    assert [each["refunded"] for each in shown] == ["goodwill", "cancel"]
    told = emitted("payment.refunded")[0].data
    assert names(told["seats_left"]) == (["B1", "B3"] if when == "before the answer" else ["B3"])


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("when", ["before the answer", "after it"])
def test_a_refund_of_nothing_but_what_was_in_use_was_goodwill(
    payment: Payment, deliver: Deliver, emitted: Callable[..., list[Any]], whole: bool, when: str
) -> None:
    wanted = Wanted(clerk_of(), "the sound failed", seats=[] if whole else [_id(payment, 1)])
    numbers = (1, 2, 3) if whole else (1,)
    asked = refunds.request_refund(payment_id=payment.id, wanted=wanted)
    if when == "before the answer":
        let_in(deliver, payment, *numbers)
    tasks.resume_operations()
    assert emitted("payment.refunded")[0].data["kind"] == ("goodwill" if when == "before the answer" else "cancel")
    let_in(deliver, payment, *numbers)
    assert Refund.objects.get(id=asked.refund_id).kind == "goodwill"


def test_check_ins_are_noted_in_any_order_once_each_and_whatever_else_is_known(
    support: Client, payment: Payment, deliver: Deliver
) -> None:
    let_in(deliver, payment, 2)
    let_in(deliver, payment, 2, 1)
    payment.refresh_from_db()
    assert payment.let_in == sorted([seat(payment, 1), seat(payment, 2)])
    Payment.objects.filter(id=payment.id).update(seats=[])
    assert refused(refund(support, payment)) == (409, "checked_in")
    assert deliver("booking.checked_in", booking_id=uuid7()) is True


def test_what_a_cancelled_showtime_owes_goes_back_also_to_who_was_in(
    payment: Payment, booking: dict[str, Any], deliver: Deliver, emitted: Callable[..., list[Any]]
) -> None:
    let_in(deliver, payment, 1)
    deliver("booking.cancelled", ending_data(booking, reason="showtime_cancelled"))
    (told,) = emitted("payment.refunded")
    assert (told.data["status"], told.data["seats"]) == ("refunded", [])


def test_the_rest_that_a_booking_owes_after_seats_went_back_goes_back_once(
    support: Client, payment: Payment, booking: dict[str, Any], deliver: Deliver, simulator: Simulator
) -> None:
    refund(support, payment, seats=[seat(payment, 1)])
    deliver("booking.cancelled", ending_data(booking, refund=171_000, reason="cancelled_by_customer"))
    payment.refresh_from_db()
    assert (payment.refunded_amount, payment.retained_amount) == (171_000, 9_000)
    assert simulator.record(payment.id)[0]["refunded_amount"] == 171_000


def test_the_record_of_a_refund_says_how_the_money_stood_before_and_stands_after(
    support: Client, payment: Payment, sign_in: Callable[..., Client], settings: Any
) -> None:
    refund(support, payment, amount=10_000)
    settings.REFUND_ALONE_UP_TO = {"VND": 70_000}
    waits = refund(support, payment, seats=[seat(payment, 1)]).json()
    sign_in(roles=("support",), username="minh").post(f"/refunds/{waits['id']}/approve")
    for action in ("refund.approval_requested", "refund.approved"):
        said = AuditRecord.objects.get(action=action)
        assert said.before == {"refunded": "10,000 VND", "left": "170,000 VND"}
        assert said.after["seats"] == "B1"
        assert (said.after["refunded"], said.after["left"]) == ("100,000 VND", "80,000 VND")
    first = AuditRecord.objects.get(action="refund.requested")
    assert (first.before["refunded"], first.after["left"]) == ("0 VND", "170,000 VND")


def test_of_eight_refunds_of_a_seat_at_once_one_is_made(transactional_db: None, request: Any) -> None:
    payment: Payment = request.getfixturevalue("payment")
    wanted = Wanted(clerk_of(), "the sound failed", seats=[_id(payment, 1)])

    def ask(_: int) -> str:
        try:
            refunds.request_refund(payment_id=payment.id, wanted=wanted)
            tasks.resume_operations()
        except (PaymentInProgress, SeatRefunded) as problem:
            return problem.code
        return "asked"

    told = at_once(ask, 8)
    assert told.count("asked") == 1
    assert set(told) <= {"asked", "payment_in_progress", "seat_refunded"}
    assert list(Refund.objects.values_list("status", "amount")) == [("succeeded", 90_000)]


def _id(payment: Payment, number: int) -> Any:
    return next(each.id for each in kept.seats_of(payment) if each.number == number)


def test_a_refund_and_a_check_in_of_the_same_seat_at_once_are_one_after_the_other(
    transactional_db: None, request: Any
) -> None:
    """Refused when the check-in was first; when the refund was, booking keeps who is in (its own tests)."""
    deliver: Deliver = request.getfixturevalue("deliver")
    seen = set()
    for _ in range(6):
        made = PaymentFactory(captured=True, capture_id="cap_1")
        made.seats = kept.written([Seat(uuid7(), "B", 1, 180_000)])
        made.save()
        wanted = Wanted(clerk_of(), "the sound failed", seats=[_id(made, 1)])

        def ask(made: Payment = made, wanted: Wanted = wanted) -> str:
            try:
                refunds.request_refund(payment_id=made.id, wanted=wanted)
            except CheckedIn:
                return "refused"
            finally:
                connection.close()
            return "asked"

        def enter(made: Payment = made) -> str:
            try:
                deliver("booking.checked_in", booking_id=made.booking_id, seat_ids=[str(_id(made, 1))])
            finally:
                connection.close()
            return "in"

        with ThreadPoolExecutor(2) as pool:
            asked, entered = pool.submit(ask), pool.submit(enter)
            seen.add((asked.result(), entered.result()))
        now = Payment.objects.get(id=made.id)
        assert now.let_in == [str(_id(made, 1))]
        assert (now.under_way == "refund") == ((asked.result()) == "asked")
    assert seen <= {("asked", "in"), ("refused", "in")}
