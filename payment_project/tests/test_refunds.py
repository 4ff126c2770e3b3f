"""Giving money back, as support does it."""

from collections.abc import Callable
from typing import Any

import pytest

from chassis.ids import uuid7
from chassis.testing import assert_repeated
from payments import tasks
from payments.models import Payment, Refund
from tests.factories import PaymentFactory, ending_data, refund
from tests.lossy import LossyPath
from tests.simulator import Simulator

pytestmark = pytest.mark.django_db

Client = Any


@pytest.fixture
def support(sign_in: Callable[..., Client]) -> Client:
    return sign_in(roles=("support",), username="linh")


def test_a_payment_is_refunded_in_parts_and_never_beyond_what_was_taken(
    support: Client, payment: Payment, emitted: Callable[..., list[Any]], simulator: Simulator
) -> None:
    part = refund(support, payment, amount=50_000)
    assert (part.status_code, part.json()["status"]) == (201, "succeeded")
    assert part.json()["amount"] == {"amount": 50_000, "currency": "VND"}
    too_much = refund(support, payment, amount=130_001)
    assert (too_much.status_code, too_much.json()["code"]) == (409, "refund_too_large")
    assert too_much.json()["refundable"] == {"amount": 130_000, "currency": "VND"}
    rest = refund(support, payment)
    assert rest.json()["amount"]["amount"] == 130_000
    assert refund(support, payment).json()["code"] == "not_refundable"
    told = [(event.data["amount"]["amount"], event.data["status"]) for event in emitted("payment.refunded")]
    assert told == [(50_000, "partially_refunded"), (130_000, "refunded")]
    assert simulator.record(payment.id)[0]["refunded_amount"] == 180_000


def test_the_same_key_refunds_once(support: Client, payment: Payment, simulator: Simulator) -> None:
    key = uuid7()
    first, second = (refund(support, payment, amount=10_000, key=key) for _ in range(2))
    assert first.status_code == 201
    assert_repeated(first, second)
    assert refund(support, payment, amount=20_000, key=key).status_code == 422
    assert simulator.record(payment.id)[0]["refunded_amount"] == 10_000


def test_a_refund_needs_a_key(support: Client, payment: Payment) -> None:
    answer = support.post("/refunds", {"payment_id": str(payment.id), "reason": "x"})
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")


def test_a_refund_in_doubt_is_202_and_the_same_request_finds_out(
    support: Client, payment: Payment, lossy: LossyPath, simulator: Simulator
) -> None:
    key = uuid7()
    lossy.lose_answers = 2
    answer = refund(support, payment, key=key)
    assert (answer.status_code, answer.json()["status"]) == (202, "pending")
    another = refund(support, payment, amount=1)
    assert (another.status_code, another.json()["code"]) == (409, "payment_in_progress")
    found = refund(support, payment, key=key)
    assert (found.status_code, found.json()["status"]) == (201, "succeeded")
    assert found.json()["id"] == answer.json()["id"]
    assert simulator.record(payment.id)[0]["refunded_amount"] == 180_000


def test_a_refund_that_the_sweep_finished_is_answered_to_the_same_request(
    support: Client, payment: Payment, lossy: LossyPath, time_passes: Callable[[], int]
) -> None:
    key = uuid7()
    lossy.lose_answers = 2
    refund(support, payment, key=key)
    time_passes()
    tasks.resume_operations()
    assert refund(support, payment, key=key).status_code == 201


def test_a_refund_that_the_gateway_refuses_is_409_with_its_reason(
    support: Client, payment: Payment, simulator: Simulator
) -> None:
    simulator.post(f"/v1/captures/{payment.capture_id}/refunds", {"amount": 180_000}, key=str(uuid7()))
    answer = refund(support, payment)
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["failure_code"]) == (409, "refund_refused", "amount_too_large")
    assert Refund.objects.get().status == "failed"
    payment.refresh_from_db()
    assert (payment.status, payment.under_way) == ("captured", "")


def test_customers_do_not_refund_but_may_see_theirs(
    support: Client, payment: Payment, sign_in: Callable[..., Client]
) -> None:
    customer = sign_in(user_id=payment.user_id)
    assert refund(customer, payment).status_code == 403
    made = refund(support, payment).json()
    staff = made.pop("staff")
    assert (staff["requested_by"], staff["decided_by"]) == ("linh", None)
    assert customer.get(f"/refunds/{made['id']}").json() == made | {"staff": None}
    assert sign_in().get(f"/refunds/{made['id']}").status_code == 404
    assert Refund.objects.get().requested_by == "linh"


def test_staff_who_are_the_customer_read_of_their_colleagues_what_a_customer_reads(
    support: Client, payment: Payment, sign_in: Callable[..., Client]
) -> None:
    made = refund(support, payment).json()
    for user_id, seen in ((payment.user_id, None), (uuid7(), made["staff"])):
        staff = sign_in(roles=("manager",), user_id=user_id)
        [listed] = staff.get("/refunds").json()["results"]
        assert (staff.get(f"/refunds/{made['id']}").json()["staff"], listed["staff"]) == (seen, seen)


def test_what_was_not_captured_cannot_be_refunded(support: Client) -> None:
    answer = refund(support, PaymentFactory())
    assert (answer.status_code, answer.json()["code"]) == (409, "not_refundable")


def test_an_amount_may_be_written_with_its_currency_which_must_be_the_payments(
    support: Client, payment: Payment
) -> None:
    assert refund(support, payment, amount={"amount": 1_000, "currency": "VND"}).json()["amount"]["amount"] == 1_000
    answer = refund(support, payment, amount={"amount": 1_000, "currency": "EUR"})
    assert (answer.status_code, answer.json()["code"]) == (409, "currency_mismatch")


def test_an_unknown_payment_cannot_be_refunded(support: Client) -> None:
    answer = refund(support, PaymentFactory.build())
    assert (answer.status_code, answer.json()["code"]) == (404, "payment_not_found")


def told(emitted: Callable[..., list[Any]]) -> list[tuple[str, str, str]]:
    return [(event.data["status"], event.data["kind"], event.data["reason"]) for event in emitted("payment.refunded")]


def test_all_that_is_left_ends_the_booking_unless_something_else_is_said(
    support: Client, payment: Payment, emitted: Callable[..., list[Any]]
) -> None:
    assert refund(support, payment, amount=50_000).json()["kind"] == "goodwill"
    assert refund(support, payment).json()["kind"] == "cancel"
    assert told(emitted) == [
        ("partially_refunded", "goodwill", "the sound failed"),
        ("refunded", "cancel", "the sound failed"),
    ]


def test_everything_may_go_back_while_the_ticket_stays(
    support: Client, payment: Payment, emitted: Callable[..., list[Any]]
) -> None:
    made = refund(support, payment, kind="goodwill")
    assert (made.status_code, made.json()["kind"], made.json()["amount"]["amount"]) == (201, "goodwill", 180_000)
    assert told(emitted) == [("refunded", "goodwill", "the sound failed")]


def test_a_part_of_the_money_ends_no_booking(support: Client, payment: Payment, simulator: Simulator) -> None:
    refused = refund(support, payment, amount=50_000, kind="cancel")
    assert (refused.status_code, refused.json()["code"]) == (409, "part_cannot_cancel")
    assert simulator.record(payment.id)[0]["refunded_amount"] == 0
    assert refund(support, payment, amount=180_000, kind="cancel").json()["kind"] == "cancel"


def test_a_refund_that_the_gateway_refuses_ends_nothing(
    support: Client, payment: Payment, simulator: Simulator, emitted: Callable[..., list[Any]]
) -> None:
    simulator.post(f"/v1/captures/{payment.capture_id}/refunds", {"amount": 180_000}, key=str(uuid7()))
    assert refund(support, payment, kind="cancel").status_code == 409
    assert told(emitted) == []


def test_why_a_booking_ended_is_a_note_among_colleagues_and_what_staff_wrote_is_for_the_customer(
    support: Client, payment: Payment, deliver: Callable[..., bool], sign_in: Callable[..., Client]
) -> None:
    customer = sign_in(user_id=payment.user_id)
    part = refund(support, payment, amount=50_000).json()
    assert customer.get(f"/refunds/{part['id']}").json()["reason"] == "the sound failed"
    booking = {"booking_id": str(payment.booking_id), "reference": "", "user_id": str(payment.user_id)}
    total = {"total": {"amount": payment.amount, "currency": payment.currency}}
    deliver("booking.cancelled", ending_data({**booking, **total}, reason="a regular who complains"))
    rest = Refund.objects.latest("id")
    assert support.get(f"/refunds/{rest.id}").json()["reason"] == "a regular who complains"
    assert customer.get(f"/refunds/{rest.id}").json()["reason"] == "booking_ended"
