"""Paying, as a customer's application sees it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from chassis.ids import uuid7
from chassis.testing import assert_repeated
from payments import bookings, tasks, vault
from payments.models import GatewayOperation, Payment, PaymentMethod
from tests.booking_service import BookingService
from tests.factories import PaymentFactory, PaymentMethodFactory, booking_data
from tests.lossy import LossyPath
from tests.simulator import Simulator

pytestmark = pytest.mark.django_db

Client = Any


@pytest.fixture
def customer(sign_in: Callable[..., Client]) -> Client:
    return sign_in()


@pytest.fixture
def payment(customer: Client) -> Payment:
    return PaymentFactory(user_id=customer.user_id)


@pytest.fixture
def booking_service(settings: Any) -> Iterator[BookingService]:
    service = BookingService()
    settings.BOOKING_URL = service.url
    bookings.client.cache_clear()
    yield service
    service.shutdown()
    service.server_close()


def pay(client: Client, payment: Payment | UUID, card: str = "tok_visa", *, key: object = None, **payload: Any) -> Any:
    booking_id = payment.booking_id if isinstance(payment, Payment) else payment
    body = {"booking_id": str(booking_id), "payment_method": {"token": card}, **payload}
    return client.post("/payments", body, headers={"Idempotency-Key": str(key or uuid7())})


def test_paying_authorises_and_answers_with_the_payment(
    customer: Client, payment: Payment, emitted: Callable[..., list[Any]], simulator: Simulator
) -> None:
    answer = pay(customer, payment)
    assert (answer.status_code, answer.headers["Location"]) == (201, f"/payments/{payment.id}")
    assert answer.json() == {
        "id": str(payment.id),
        "booking_id": str(payment.booking_id),
        "booking_reference": payment.booking_reference,
        "status": "authorized",
        "amount": {"amount": 180_000, "currency": "VND"},
        "captured_amount": {"amount": 0, "currency": "VND"},
        "refunded_amount": {"amount": 0, "currency": "VND"},
        "gift_card": None,
        "exchange": None,
        "seats": [],
        "failure_code": None,
        "hold_expires_at": payment.hold_expires_at.isoformat(),
        "captured_at": None,
        "created_at": payment.created_at.isoformat(),
    }
    assert [event.type for event in emitted()] == ["payment.authorized"]
    assert simulator.record(payment.id)[0]["authorised_amount"] == 180_000


def test_the_same_key_is_answered_the_same_without_asking_the_gateway_again(
    customer: Client, payment: Payment, simulator: Simulator
) -> None:
    key = uuid7()
    first, second = pay(customer, payment, key=key), pay(customer, payment, key=key)
    assert first.status_code == 201
    assert_repeated(first, second)
    assert len(simulator.record(payment.id)) == 1


def test_a_declined_card_is_declined_again_in_the_same_words(customer: Client, payment: Payment) -> None:
    key = uuid7()
    first, second = (pay(customer, payment, "tok_card_declined", key=key) for _ in range(2))
    assert first.status_code == 402
    assert_repeated(first, second)


def test_the_same_key_with_another_payload_is_refused(customer: Client, payment: Payment) -> None:
    key = uuid7()
    pay(customer, payment, key=key)
    other_card = pay(customer, payment, "tok_expired_card", key=key)
    other_booking = pay(customer, uuid7(), key=key)
    assert [(answer.status_code, answer.json()["code"]) for answer in (other_card, other_booking)] == [
        (422, "idempotency_key_reused")
    ] * 2


def test_a_key_is_required(customer: Client, payment: Payment) -> None:
    answer = customer.post(
        "/payments", {"booking_id": str(payment.booking_id), "payment_method": {"token": "tok_visa"}}
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")


def test_the_same_request_while_the_first_is_at_work_is_409(
    customer: Client, payment: Payment, during_the_call: Callable[[Callable[[], object]], None]
) -> None:
    key = uuid7()
    answers: list[Any] = []
    during_the_call(lambda: answers.append(pay(customer, payment, key=key)))
    assert pay(customer, payment, key=key).status_code == 201
    assert (answers[0].status_code, answers[0].json()["code"]) == (409, "idempotency_key_in_flight")
    assert int(answers[0].headers["Retry-After"]) > 0


def test_another_card_while_the_first_is_being_asked_is_409(
    customer: Client, payment: Payment, during_the_call: Callable[[Callable[[], object]], None]
) -> None:
    answers: list[Any] = []
    during_the_call(lambda: answers.append(pay(customer, payment)))
    assert pay(customer, payment).status_code == 201
    assert (answers[0].status_code, answers[0].json()["code"]) == (409, "payment_in_progress")


def test_after_a_kill_the_same_request_goes_on_with_the_same_authorisation(
    customer: Client,
    payment: Payment,
    simulator: Simulator,
    time_passes: Callable[[], int],
    leases_end: Callable[[], int],
    killed_after_the_call: AbstractContextManager[object],
) -> None:
    key = uuid7()
    with killed_after_the_call:
        pay(customer, payment, key=key)
    assert len(simulator.record(payment.id)) == 1
    time_passes()
    in_flight = pay(customer, payment, key=key)
    assert (in_flight.status_code, in_flight.json()["code"]) == (409, "idempotency_key_in_flight")
    leases_end()
    answer = pay(customer, payment, key=key)
    assert (answer.status_code, answer.json()["status"]) == (201, "authorized")
    assert len(simulator.record(payment.id)) == 1
    assert pay(customer, payment, key=key).headers["Idempotency-Replayed"] == "true"


def test_after_a_kill_the_same_request_learns_what_the_sweep_found_out(
    customer: Client,
    payment: Payment,
    time_passes: Callable[[], int],
    leases_end: Callable[[], int],
    killed_before_the_call: AbstractContextManager[object],
) -> None:
    key = uuid7()
    with killed_before_the_call:
        pay(customer, payment, "tok_insufficient_funds", key=key)
    time_passes()
    tasks.resume_operations()
    leases_end()
    answer = pay(customer, payment, "tok_insufficient_funds", key=key)
    assert (answer.status_code, answer.json()["code"]) == (402, "insufficient_funds")


@pytest.mark.parametrize(
    ("card", "code"),
    [
        ("tok_card_declined", "card_declined"),
        ("tok_insufficient_funds", "insufficient_funds"),
        ("tok_expired_card", "expired_card"),
        ("tok_of_nobody", "invalid_token"),
    ],
)
def test_a_declined_card_is_402_with_its_reason_and_another_may_be_tried(
    customer: Client, payment: Payment, emitted: Callable[..., list[Any]], card: str, code: str
) -> None:
    key = uuid7()
    answer = pay(customer, payment, card, key=key)
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["retryable"]) == (402, code, True)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (problem["payment_id"], problem["instance"]) == (str(payment.id), "/payments")
    [failed] = emitted()
    assert (failed.data["failure_code"], failed.data["final"], failed.data["retryable"]) == (code, False, True)
    assert customer.get(f"/payments/{payment.id}").json()["status"] == "declined"
    again = pay(customer, payment, card, key=key)
    assert (again.status_code, again.json(), again.headers["Content-Type"]) == (
        402,
        problem,
        answer.headers["Content-Type"],
    )
    assert pay(customer, payment).status_code == 201


def test_a_slow_card_is_waited_for(customer: Client, payment: Payment) -> None:
    assert pay(customer, payment, "tok_slow").status_code == 201


def test_a_lost_answer_is_asked_for_again_and_charged_once(
    customer: Client, payment: Payment, simulator: Simulator
) -> None:
    assert pay(customer, payment, "tok_timeout_once").status_code == 201
    assert len(simulator.record(payment.id)) == 1


def test_an_answer_that_stays_lost_is_202_and_the_same_request_finds_out(
    customer: Client, payment: Payment, simulator: Simulator, lossy: LossyPath
) -> None:
    key = uuid7()
    lossy.lose_answers = 4
    for _ in range(2):
        answer = pay(customer, payment, key=key)
        assert (answer.status_code, answer.json()["status"]) == (202, "processing")
        assert int(answer.headers["Retry-After"]) > 0
    assert pay(customer, payment, key=key).status_code == 201
    assert len(simulator.record(payment.id)) == 1


def test_a_gateway_that_is_down_is_503_and_another_card_may_be_tried_at_once(
    customer: Client, payment: Payment, simulator: Simulator
) -> None:
    key = uuid7()
    answer = pay(customer, payment, "tok_gateway_down", key=key)
    assert (answer.status_code, answer.json()["code"]) == (503, "gateway_unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert pay(customer, payment).status_code == 201
    withdrawn = pay(customer, payment, "tok_gateway_down", key=key)
    assert (withdrawn.status_code, withdrawn.json()["code"]) == (409, "attempt_withdrawn")
    assert len(simulator.record(payment.id)) == 1


def test_a_card_in_doubt_is_taken_back_before_another_is_charged(
    customer: Client, payment: Payment, simulator: Simulator, lossy: LossyPath
) -> None:
    lossy.lose_answers = 2
    assert pay(customer, payment).status_code == 202
    assert pay(customer, payment).status_code == 201
    assert sorted(entry["status"] for entry in simulator.record(payment.id)) == ["authorised", "voided"]


def test_a_paid_booking_is_not_paid_again(customer: Client, payment: Payment) -> None:
    pay(customer, payment)
    answer = pay(customer, payment)
    assert (answer.status_code, answer.json()["code"]) == (409, "already_paid")


def test_a_booking_that_ended_is_not_paid(customer: Client) -> None:
    ended = PaymentFactory(user_id=customer.user_id, status="voided", booking_state="ended")
    answer = pay(customer, ended)
    assert (answer.status_code, answer.json()["code"]) == (409, "booking_ended")


def test_a_hold_that_is_over_is_not_paid(customer: Client) -> None:
    late = PaymentFactory(user_id=customer.user_id, hold_expires_at=timezone.now() - timedelta(seconds=1))
    answer = pay(customer, late)
    assert (answer.status_code, answer.json()["code"]) == (409, "hold_expired")
    assert not GatewayOperation.objects.exists()


def test_somebody_elses_booking_does_not_exist(sign_in: Callable[..., Client], payment: Payment) -> None:
    stranger = sign_in()
    assert pay(stranger, payment).status_code == 404
    assert stranger.get(f"/payments/{payment.id}").status_code == 404
    assert stranger.get("/payments").json()["results"] == []


def test_a_refused_request_leaves_its_key_free(
    customer: Client, payment: Payment, sign_in: Callable[..., Client]
) -> None:
    key = uuid7()
    Payment.objects.filter(id=payment.id).update(hold_expires_at=timezone.now() - timedelta(seconds=1))
    assert pay(customer, payment, key=key).status_code == 409
    Payment.objects.filter(id=payment.id).update(hold_expires_at=timezone.now() + timedelta(minutes=1))
    assert pay(customer, payment, key=key).status_code == 201


def test_a_saved_card_pays_and_somebody_elses_does_not(customer: Client, payment: Payment) -> None:
    saved = customer.post("/payments/methods", {"token": "tok_visa"}).json()
    theirs = PaymentMethodFactory()
    refused = pay(customer, payment, payment_method={"id": str(theirs.id)})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/payment_method/id")
    assert pay(customer, payment, payment_method={"id": saved["id"]}).status_code == 201


def test_what_the_gateway_knows_a_saved_card_by_pays_for_nobody_not_even_its_owner(
    customer: Client, payment: Payment, simulator: Simulator
) -> None:
    customer.post("/payments/methods", {"token": "tok_visa"})
    known = vault.opened(PaymentMethod.objects.get().gateway_token)
    refused = pay(customer, payment, card=known)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/payment_method/token")
    again = customer.post("/payments/methods", {"token": known})
    assert (again.status_code, again.json()["errors"][0]["pointer"]) == (400, "/token")
    assert simulator.record(payment.id) == []


def test_a_booking_whose_event_is_still_on_its_way_is_looked_up_and_paid_once(
    customer: Client, booking_service: BookingService, deliver: Callable[..., bool], simulator: Simulator
) -> None:
    booking = booking_data(user_id=customer.user_id)
    booking_service.bookings[booking["booking_id"]] = {**booking, "id": booking["booking_id"], "status": "PENDING"}
    answer = pay(customer, UUID(booking["booking_id"]))
    assert answer.status_code == 201
    assert booking_service.tokens[0].startswith("Bearer ")
    deliver("booking.created", {**booking, "payment_method": {"token": "tok_visa"}})
    payment = Payment.objects.get()
    assert (payment.status, len(simulator.record(payment.id))) == ("authorized", 1)


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"status": "CONFIRMED"}, 409, "booking_ended"),
        ({"user_id": str(uuid7())}, 404, "booking_not_found"),
        ({"total": "much"}, 503, "booking_unavailable"),
    ],
)
def test_a_looked_up_booking_must_be_open_and_ones_own(
    customer: Client, booking_service: BookingService, changes: dict[str, Any], status: int, code: str
) -> None:
    booking = booking_data(user_id=customer.user_id)
    known = {**booking, "id": booking["booking_id"], "status": "PENDING", **changes}
    booking_service.bookings[booking["booking_id"]] = known
    answer = pay(customer, UUID(booking["booking_id"]))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not Payment.objects.exists()


def test_staff_do_not_pay_bookings_that_are_not_said_to_be_theirs(
    sign_in: Callable[..., Client], booking_service: BookingService
) -> None:
    booking = booking_data()
    seen = {name: value for name, value in booking.items() if name != "user_id"}
    booking_service.bookings[booking["booking_id"]] = {**seen, "id": booking["booking_id"], "status": "PENDING"}
    assert pay(sign_in(roles=("support",)), UUID(booking["booking_id"])).status_code == 404


def test_a_booking_nobody_knows_is_404(customer: Client, booking_service: BookingService) -> None:
    answer = pay(customer, uuid7())
    assert (answer.status_code, answer.json()["code"]) == (404, "booking_not_found")


def test_a_booking_service_in_trouble_is_503(customer: Client, booking_service: BookingService) -> None:
    booking_id = uuid7()
    booking_service.bookings[str(booking_id)] = {}
    booking_service.status = 500
    answer = pay(customer, booking_id)
    assert (answer.status_code, answer.json()["code"]) == (503, "booking_unavailable")


def test_without_the_booking_service_an_unknown_booking_is_503(customer: Client) -> None:
    answer = pay(customer, uuid7())
    assert (answer.status_code, answer.json()["code"]) == (503, "booking_unavailable")
    assert int(answer.headers["Retry-After"]) > 0


def test_customers_see_their_own_payments_and_staff_everybodys(
    customer: Client, payment: Payment, sign_in: Callable[..., Client]
) -> None:
    other = PaymentFactory(captured=True)
    assert [entry["id"] for entry in customer.get("/payments").json()["results"]] == [str(payment.id)]
    staff = sign_in(roles=("support",))
    assert [entry["id"] for entry in staff.get("/payments").json()["results"]] == [str(other.id), str(payment.id)]
    assert staff.get(f"/payments/{payment.id}").status_code == 200
    for query, found in [
        (f"user_id={payment.user_id}", payment),
        (f"booking_id={other.booking_id}", other),
        ("status=captured", other),
        (f"reference={other.booking_reference.lower()}", other),
    ]:
        assert [entry["id"] for entry in staff.get(f"/payments?{query}").json()["results"]] == [str(found.id)]


def test_payments_are_paged(customer: Client) -> None:
    made = PaymentFactory.create_batch(3, user_id=customer.user_id)
    first = customer.get("/payments?page_size=2").json()
    second = customer.get(first["next"]).json()
    seen = [entry["id"] for entry in first["results"] + second["results"]]
    assert seen == [str(payment.id) for payment in reversed(made)]
    assert second["next"] is None


def test_what_has_not_changed_is_304(customer: Client, payment: Payment) -> None:
    first = customer.get(f"/payments/{payment.id}")
    again = customer.get(f"/payments/{payment.id}", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
