"""Events of the booking service, in every order and as often as they like, end with the money where it belongs."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from chassis.ids import uuid7
from payments import books, services, tasks
from payments.models import GatewayOperation, Payment, Transaction
from tests.factories import PaymentMethodFactory, booking_data, clerk_of, ending_data
from tests.lossy import LossyPath
from tests.simulator import Simulator

pytestmark = pytest.mark.django_db

ENDINGS = ["booking.rejected", "booking.expired", "booking.cancelled", "booking.failed"]
Deliver = Callable[..., bool]
Emitted = Callable[..., list[Any]]


def payment_of(booking: dict[str, Any]) -> Payment:
    return Payment.objects.get(booking_id=booking["booking_id"])


def types(events: list[Any]) -> list[str]:
    return [event.type for event in events]


def balance(payment: Payment) -> dict[str, int]:
    """The ledger of a payment: what each account holds."""
    accounts: dict[str, int] = {}
    for line in Transaction.objects.filter(payment=payment):
        accounts[line.account] = accounts.get(line.account, 0) + line.amount
    assert sum(accounts.values()) == 0
    return accounts


def test_a_booking_with_a_card_is_authorised_at_once(deliver: Deliver, emitted: Emitted, simulator: Simulator) -> None:
    booking = booking_data(payment_method={"token": "tok_visa"})
    assert deliver("booking.created", booking)
    payment = payment_of(booking)
    assert (payment.status, payment.held_amount) == ("authorized", 180_000)
    assert types(emitted()) == ["payment.authorized"]
    assert simulator.record(payment.id)[0]["status"] == "authorised"


def test_booking_is_told_the_last_digits_of_the_card_that_pays_after_one_that_did_not(
    deliver: Deliver, emitted: Emitted, sign_in: Callable[..., Any]
) -> None:
    booking = booking_data()
    deliver("booking.created", booking)
    customer = sign_in(user_id=booking["user_id"])
    for token in ("tok_card_declined", "tok_capture_fails"):
        asked = {"booking_id": booking["booking_id"], "payment_method": {"token": token}}
        customer.post("/payments", asked, headers={"Idempotency-Key": str(uuid7())})
    deliver("booking.expired", ending_data(booking))
    assert types(emitted()) == ["payment.failed", "payment.authorized", "payment.voided"]
    assert emitted("payment.authorized")[0].data["card_last4"] == payment_of(booking).card_last4 == "0341"


def test_a_booking_without_a_card_waits_for_its_customer(deliver: Deliver, emitted: Emitted) -> None:
    booking = booking_data()
    deliver("booking.created", booking)
    assert payment_of(booking).status == "requires_payment_method"
    assert emitted() == []
    assert not GatewayOperation.objects.exists()


def test_a_confirmed_booking_is_captured(deliver: Deliver, emitted: Emitted, simulator: Simulator) -> None:
    booking = booking_data(payment_method={"token": "tok_visa"})
    deliver("booking.created", booking)
    deliver("booking.confirmed", booking)
    payment = payment_of(booking)
    assert (payment.status, payment.captured_amount, payment.held_amount) == ("captured", 180_000, 0)
    assert types(emitted()) == ["payment.authorized", "payment.completed"]
    assert simulator.record(payment.id)[0]["captured_amount"] == 180_000
    assert balance(payment) == {"customer": -180_000, "authorised": 0, "cash": 180_000}


def test_a_database_put_back_from_before_a_booking_charges_it_once(deliver: Deliver, simulator: Simulator) -> None:
    booking = booking_data(payment_method={"token": "tok_visa"})
    told = [("booking.created", booking), ("booking.confirmed", booking)]
    dump = transaction.savepoint()
    for event_type, data in told:
        deliver(event_type, data)
    before = payment_of(booking)
    transaction.savepoint_rollback(dump)
    assert not Payment.objects.exists()
    for event_type, data in told:
        assert deliver(event_type, data)
    payment = payment_of(booking)
    assert (payment.id, payment.status, payment.captured_amount) == (before.id, "captured", 180_000)
    [entry] = simulator.record(payment.id)
    assert (entry["authorised_amount"], entry["captured_amount"]) == (180_000, 180_000)
    assert entry["id"] == payment.authorization_id == before.authorization_id


@pytest.mark.parametrize("fee", [0, 60_000])
def test_a_database_put_back_from_before_a_booking_ended_gives_its_money_back_once(
    deliver: Deliver, simulator: Simulator, fee: int
) -> None:
    booking = booking_data(payment_method={"token": "tok_visa"})
    ending = ending_data(booking, refund=180_000 - fee, reason="cancelled_by_customer")
    told = [("booking.created", booking), ("booking.confirmed", booking), ("booking.cancelled", ending)]
    dump = transaction.savepoint()
    for event_type, data in told:
        deliver(event_type, data)
    before = payment_of(booking)
    transaction.savepoint_rollback(dump)
    assert not GatewayOperation.objects.exists()
    for event_type, data in told:
        assert deliver(event_type, data)
    payment = payment_of(booking)
    assert (payment.status, payment.refunded_amount) == (before.status, 180_000 - fee)
    assert payment.attention == ""
    assert simulator.record(payment.id)[0]["refunded_amount"] == 180_000 - fee


def test_what_is_owed_still_after_the_gateway_refused_is_asked_under_a_key_of_its_own(
    deliver: Deliver, simulator: Simulator
) -> None:
    booking = booking_data(payment_method={"token": "tok_visa"})
    for event_type in ("booking.created", "booking.confirmed"):
        deliver(event_type, booking)
    taken = payment_of(booking)
    simulator.post(f"/v1/captures/{taken.capture_id}/refunds", {"amount": 100_000}, key=str(uuid7()))
    deliver("booking.cancelled", ending_data(booking))
    assert payment_of(booking).attention == "amount_too_large"
    for _ in range(2):
        services.resume_payment(payment_id=taken.id, clerk=clerk_of())
        tasks.resume_operations()
    refunds = GatewayOperation.objects.filter(payment=taken, kind="refund").order_by("id")
    assert [refund.id for refund in refunds] == [books.id_of(step, taken.booking_id) for step in (3, 4, 5)]
    assert {refund.state for refund in refunds} == {"refused"}


def test_a_declined_card_that_came_with_the_booking_ends_it(deliver: Deliver, emitted: Emitted) -> None:
    booking = booking_data(payment_method={"token": "tok_insufficient_funds"})
    deliver("booking.created", booking)
    payment = payment_of(booking)
    assert (payment.status, payment.booking_state) == ("declined", "ended")
    [failed] = emitted()
    assert failed.type == "payment.failed"
    assert failed.data["failure_code"] == "insufficient_funds"
    assert (failed.data["stage"], failed.data["final"], failed.data["retryable"]) == ("authorise", True, False)
    deliver("booking.failed", ending_data(booking, reason="insufficient_funds"))
    assert payment_of(booking).status == "declined"
    assert len(emitted()) == 1


def test_a_saved_card_is_used_and_somebody_elses_is_a_decline(deliver: Deliver, simulator: Simulator) -> None:
    _, vaulted = simulator.post("/v1/payment_methods", {"payment_token": "tok_visa"}, key=str(uuid7()))
    method = PaymentMethodFactory(token=vaulted["id"])
    mine = booking_data(user_id=method.user_id, payment_method={"id": str(method.id)})
    deliver("booking.created", mine)
    assert payment_of(mine).status == "authorized"
    for stolen in ({"id": str(method.id)}, {"token": vaulted["id"]}):
        theirs = booking_data(payment_method=stolen)
        deliver("booking.created", theirs)
        assert (payment_of(theirs).status, payment_of(theirs).failure_code) == ("declined", "unknown_payment_method")
        assert simulator.record(payment_of(theirs).id) == []


def test_a_saved_card_in_the_wrong_row_is_refused_by_the_gateway_itself(deliver: Deliver, simulator: Simulator) -> None:
    kept = {"payment_token": "tok_visa", "customer": str(uuid7())}
    _, vaulted = simulator.post("/v1/payment_methods", kept, key=str(uuid7()))
    method = PaymentMethodFactory(token=vaulted["id"])
    booking = booking_data(user_id=method.user_id, payment_method={"id": str(method.id)})
    deliver("booking.created", booking)
    assert (payment_of(booking).status, payment_of(booking).failure_code) == ("declined", "invalid_token")


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_is_only_authorised_is_voided_when_the_booking_ends(
    deliver: Deliver, emitted: Emitted, simulator: Simulator, ending: str
) -> None:
    booking = booking_data(payment_method={"token": "tok_visa"})
    deliver("booking.created", booking)
    deliver(ending, ending_data(booking))
    payment = payment_of(booking)
    assert (payment.status, payment.held_amount, payment.ended_reason) == ("voided", 0, "hold_ended")
    assert types(emitted()) == ["payment.authorized", "payment.voided"]
    assert simulator.record(payment.id)[0]["voided_amount"] == 180_000
    assert balance(payment) == {"customer": 0, "authorised": 0}


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_is_captured_is_refunded_when_the_booking_ends(
    deliver: Deliver, emitted: Emitted, simulator: Simulator, ending: str
) -> None:
    booking = booking_data(payment_method={"token": "tok_visa"})
    deliver("booking.created", booking)
    deliver("booking.confirmed", booking)
    deliver(ending, ending_data(booking, reason="cancelled_by_customer"))
    payment = payment_of(booking)
    assert (payment.status, payment.refunded_amount) == ("refunded", 180_000)
    assert types(emitted()) == ["payment.authorized", "payment.completed", "payment.refunded"]
    assert emitted()[-1].data["status"] == "refunded"
    assert payment.refunds.get().reason == "cancelled_by_customer"
    assert simulator.record(payment.id)[0]["refunded_amount"] == 180_000
    assert balance(payment) == {"customer": 0, "authorised": 0, "cash": 0}


def test_a_cancellation_fee_stays_and_the_rest_goes_back(deliver: Deliver, emitted: Emitted) -> None:
    booking = booking_data(payment_method={"token": "tok_visa"})
    deliver("booking.created", booking)
    deliver("booking.confirmed", booking)
    deliver("booking.cancelled", ending_data(booking, refund=150_000))
    payment = payment_of(booking)
    assert (payment.status, payment.refunded_amount, payment.retained_amount) == ("partially_refunded", 150_000, 30_000)
    assert emitted("payment.refunded")[0].data["amount"] == {"amount": 150_000, "currency": "VND"}
    assert balance(payment)["cash"] == 30_000


def test_a_fee_is_taken_even_when_the_cancellation_overtakes_the_capture(deliver: Deliver) -> None:
    booking = booking_data(payment_method={"token": "tok_visa"})
    deliver("booking.created", booking)
    deliver("booking.cancelled", ending_data(booking, refund=150_000))
    payment = payment_of(booking)
    assert (payment.status, payment.captured_amount, payment.refunded_amount) == (
        "partially_refunded",
        180_000,
        150_000,
    )


def test_nothing_to_refund_is_nothing_asked(deliver: Deliver, emitted: Emitted) -> None:
    booking = booking_data(payment_method={"token": "tok_visa"})
    deliver("booking.created", booking)
    deliver("booking.confirmed", booking)
    deliver("booking.cancelled", ending_data(booking, refund=0))
    assert (payment_of(booking).status, payment_of(booking).retained_amount) == ("captured", 180_000)
    assert emitted("payment.refunded") == []


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_booking_that_ended_before_it_was_known_is_never_charged(
    deliver: Deliver, emitted: Emitted, simulator: Simulator, ending: str
) -> None:
    booking = booking_data(payment_method={"token": "tok_visa"})
    deliver(ending, ending_data(booking))
    deliver("booking.created", booking)
    deliver("booking.confirmed", booking)
    payment = payment_of(booking)
    assert payment.status == "voided"
    assert emitted() == []
    assert simulator.record(payment.id) == []


def test_a_confirmation_that_overtakes_the_booking_is_kept_until_the_money_is_there(deliver: Deliver) -> None:
    booking = booking_data(payment_method={"token": "tok_visa"})
    deliver("booking.confirmed", booking)
    deliver("booking.created", booking)
    assert payment_of(booking).status == "captured"


def test_a_cancellation_wins_over_a_confirmation_that_comes_after_it(deliver: Deliver) -> None:
    booking = booking_data(payment_method={"token": "tok_visa"})
    deliver("booking.created", booking)
    deliver("booking.cancelled", ending_data(booking))
    deliver("booking.confirmed", booking)
    assert payment_of(booking).status == "voided"


def test_every_event_twice_has_the_effect_of_once(deliver: Deliver, emitted: Emitted, simulator: Simulator) -> None:
    booking = booking_data(payment_method={"token": "tok_visa"})
    for event_type, data in [
        ("booking.created", booking),
        ("booking.confirmed", booking),
        ("booking.cancelled", ending_data(booking)),
    ]:
        event_id = uuid7()
        assert deliver(event_type, data, event_id=event_id)
        assert not deliver(event_type, data, event_id=event_id)
        assert deliver(event_type, data)  # the same news under another id
    assert types(emitted()) == ["payment.authorized", "payment.completed", "payment.refunded"]
    [record] = simulator.record(payment_of(booking).id)
    assert (record["captured_amount"], record["refunded_amount"]) == (180_000, 180_000)


def test_a_capture_refused_for_good_ends_the_booking_and_releases_the_money(
    deliver: Deliver, emitted: Emitted, simulator: Simulator
) -> None:
    booking = booking_data(payment_method={"token": "tok_capture_fails"})
    deliver("booking.created", booking)
    deliver("booking.confirmed", booking)
    payment = payment_of(booking)
    assert (payment.status, payment.failure_code, payment.held_amount) == ("failed", "capture_refused", 0)
    assert types(emitted()) == ["payment.authorized", "payment.failed", "payment.voided"]
    failed = emitted("payment.failed")[0].data
    assert (failed["stage"], failed["final"], failed["retryable"]) == ("capture", True, False)
    assert simulator.record(payment.id)[0]["status"] == "voided"
    deliver("booking.cancelled", ending_data(booking))
    assert payment_of(booking).status == "failed"
    assert len(emitted()) == 3


def test_a_lost_answer_is_asked_for_again_at_once(deliver: Deliver, simulator: Simulator) -> None:
    booking = booking_data(payment_method={"token": "tok_timeout_once"})
    deliver("booking.created", booking)
    payment = payment_of(booking)
    assert payment.status == "authorized"
    assert len(simulator.record(payment.id)) == 1


def test_an_authorisation_in_doubt_is_taken_back_when_the_booking_ends(
    deliver: Deliver, emitted: Emitted, simulator: Simulator, lossy: LossyPath
) -> None:
    booking = booking_data(payment_method={"token": "tok_visa"})
    lossy.lose_answers = 2
    deliver("booking.created", booking)
    payment = payment_of(booking)
    assert (payment.status, payment.under_way) == ("processing", "authorise")
    assert simulator.record(payment.id)[0]["status"] == "authorised"
    deliver("booking.expired", ending_data(booking))
    payment = payment_of(booking)
    assert (payment.status, payment.under_way) == ("voided", "")
    assert simulator.record(payment.id)[0]["status"] == "voided"
    assert types(emitted()) == ["payment.voided"]
    assert balance(payment) == {"customer": 0, "authorised": 0}


def test_a_gateway_that_stays_away_keeps_the_intent_and_an_ended_booking_closes_it(
    deliver: Deliver, emitted: Emitted, simulator: Simulator, time_passes: Callable[[], int]
) -> None:
    booking = booking_data(payment_method={"token": "tok_gateway_down"})
    deliver("booking.created", booking)
    for _ in range(3):
        assert time_passes() == 1
        assert tasks.resume_operations() == 1
    assert payment_of(booking).status == "processing"
    assert GatewayOperation.objects.get().attempts == 4
    deliver("booking.expired", ending_data(booking))
    assert payment_of(booking).status == "voided"
    assert GatewayOperation.objects.get().state == "reversed"
    assert emitted() == []
    assert time_passes() == 0


def test_a_cancellation_while_the_capture_is_in_doubt_waits_for_its_outcome_and_refunds(
    deliver: Deliver, emitted: Emitted, lossy: LossyPath, time_passes: Callable[[], int]
) -> None:
    booking = booking_data(payment_method={"token": "tok_visa"})
    deliver("booking.created", booking)
    lossy.lose_answers = 2
    deliver("booking.confirmed", booking)
    assert payment_of(booking).under_way == "capture"
    deliver("booking.cancelled", ending_data(booking))
    assert payment_of(booking).status == "authorized"
    time_passes()
    assert tasks.resume_operations() == 1
    assert payment_of(booking).status == "refunded"
    assert types(emitted()) == ["payment.authorized", "payment.completed", "payment.refunded"]


def statements(context: CaptureQueriesContext) -> int:
    """Round trips that do something; in these tests a transaction shows as a savepoint."""
    return sum("SAVEPOINT" not in query["sql"] for query in context.captured_queries)


def test_the_hot_path_takes_three_and_four_statements_beside_the_inbox(deliver: Deliver) -> None:
    booking = booking_data(payment_method={"token": "tok_visa"})
    with CaptureQueriesContext(connection) as authorising:
        deliver("booking.created", booking)
    with CaptureQueriesContext(connection) as capturing:
        deliver("booking.confirmed", booking)
    assert payment_of(booking).status == "captured"
    assert (statements(authorising), statements(capturing)) == (1 + 3, 1 + 4)
