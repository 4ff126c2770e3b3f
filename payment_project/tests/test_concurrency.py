"""Many at once, on connections of their own: the gateway is asked for each thing once."""

from collections import Counter
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction

from chassis.ids import uuid7
from chassis.messaging.batches import Delivery, Lane, Verdict
from chassis.money import Money
from chassis.storage.models import AuditRecord
from payments import operations, payouts, refunds, services, tasks
from payments.errors import PaidOutBefore, PaymentInProgress
from payments.gateways import Unknown
from payments.gift_models import GiftCard
from payments.handlers import HANDLERS, lock
from payments.heard import BookingCreated, MethodGiven
from payments.models import GatewayOperation, Payment, PayOut, Transaction
from payments.refunds import Wanted
from tests.factories import PaymentFactory, booking_data, clerk_of, gift_card
from tests.gift_books import assert_books_are_right
from tests.simulator import Simulator
from tests.test_payouts import cancelled
from tests.together import at_once, event

pytestmark = pytest.mark.django_db(transaction=True)


def test_one_of_eight_cards_pays(sign_in: Callable[..., Any], simulator: Simulator) -> None:
    customer = sign_in()
    payment = PaymentFactory(user_id=customer.user_id)
    body = {"booking_id": str(payment.booking_id), "payment_method": {"token": "tok_visa"}}
    answers = at_once(
        lambda _: customer.post("/payments", body, headers={"Idempotency-Key": str(uuid7())}).status_code, 8
    )
    assert sorted(answers) == [201] + [409] * 7
    assert len(simulator.record(payment.id)) == 1


def test_eight_requests_with_one_key_are_one(sign_in: Callable[..., Any], simulator: Simulator) -> None:
    customer = sign_in()
    payment = PaymentFactory(user_id=customer.user_id)
    body = {"booking_id": str(payment.booking_id), "payment_method": {"token": "tok_visa"}}
    answers = at_once(lambda _: customer.post("/payments", body, headers={"Idempotency-Key": "one"}), 8)
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert sum(answer.status_code == 201 and "Idempotency-Replayed" not in answer.headers for answer in answers) == 1
    assert len(simulator.record(payment.id)) == 1


def test_four_sweeps_share_the_work_and_do_each_thing_once(simulator: Simulator) -> None:
    made = []
    for _ in range(20):
        booking = booking_data()
        created = BookingCreated(
            booking_id=UUID(booking["booking_id"]),
            user_id=uuid7(),
            total=Money(180_000, "VND"),
            hold_expires_at=booking["hold_expires_at"],
            payment_method=MethodGiven(token="tok_visa"),
        )
        services.open_payments(bookings=[created])
        made.append(Payment.objects.get(booking_id=booking["booking_id"]))
    assert sum(at_once(lambda _: tasks.resume_operations(), 4)) == 20
    assert set(GatewayOperation.objects.values_list("state", "attempts")) == {("succeeded", 1)}
    assert Transaction.objects.count() == 40
    assert all(len(simulator.record(payment.id)) == 1 for payment in made)


def test_of_eight_refunds_at_once_one_is_intended(deliver: Callable[..., bool]) -> None:
    booking = booking_data(payment_method={"token": "tok_visa"})
    deliver("booking.created", booking)
    deliver("booking.confirmed", booking)
    payment = Payment.objects.get()

    def refund(_: int) -> bool:
        try:
            wanted = Wanted(clerk_of(), "the sound failed")
            return refunds.request_refund(payment_id=payment.id, wanted=wanted).operation is not None
        except PaymentInProgress:
            return False

    assert sum(at_once(refund, 8)) == 1


def test_the_same_booking_told_eight_times_at_once_is_authorised_once(
    deliver: Callable[..., bool], simulator: Simulator
) -> None:
    booking = booking_data(payment_method={"token": "tok_visa"})
    at_once(lambda _: deliver("booking.created", booking), 8)
    payment = Payment.objects.get()
    assert (payment.status, len(simulator.record(payment.id))) == ("authorized", 1)


def test_workers_with_the_same_bookings_in_other_orders_do_each_thing_once(simulator: Simulator) -> None:
    bookings = [booking_data(payment_method={"token": "tok_visa"}) for _ in range(20)]
    news = [event(name, booking) for name in ("booking.created", "booking.confirmed") for booking in bookings]

    def work(number: int) -> set[Verdict | None]:
        deliveries = [Delivery(one, message=None) for one in news]
        Lane(HANDLERS, lock=lock).handle(deliveries[number * 7 :] + deliveries[: number * 7][:: (-1) ** number])
        return {delivery.verdict for delivery in deliveries}

    assert at_once(work, 4) == [{Verdict.HANDLED}] * 4
    assert Payment.objects.filter(status="captured").count() == 20
    assert Transaction.objects.count() == 80
    records = [simulator.record(payment.id) for payment in Payment.objects.all()]
    assert {(len(record), record[0]["captured_amount"]) for record in records} == {(1, 180_000)}


def test_who_knows_no_outcome_does_not_wait_for_who_is_changing_the_operation() -> None:
    bookings = [booking_data(payment_method={"token": "tok_visa"}) for _ in range(2)]
    HANDLERS["booking.created"].apply_all([event("booking.created", booking) for booking in bookings])
    leased = operations.lease_due(limit=9)

    def record(_: int) -> None:
        operations.record_all([(operation, Unknown("timed out")) for operation in leased])

    with transaction.atomic():
        GatewayOperation.objects.select_for_update().get(id=leased[0].id)
        at_once(record, 1)
    held, free = (GatewayOperation.objects.get(id=operation.id) for operation in leased)
    assert held.leased_until is not None
    assert (free.leased_until, free.last_error) == (None, "timed out")


def test_of_64_payments_at_once_a_gift_card_pays_the_ten_that_it_has_value_for(sign_in: Callable[..., Any]) -> None:
    customer = sign_in()
    card, code = gift_card(10 * 1000)
    payments = [PaymentFactory(user_id=customer.user_id, amount=1000) for _ in range(64)]

    def pay(number: int) -> str:
        """As good clients do it: again, under the same key, while the service has no connection left."""
        body = {"booking_id": str(payments[number].booking_id), "gift_card": {"code": code}}
        for _ in range(20):
            answer = customer.post("/payments", body, headers={"Idempotency-Key": f"of-{number}"}).json()
            if answer.get("code") not in ("service_unavailable", "idempotency_key_in_flight"):
                break
        return str(answer.get("code") or answer["status"])

    answers = Counter(at_once(pay, 64))
    assert answers == {"authorized": 10, "gift_card_empty": 54}
    card.refresh_from_db()
    assert (card.balance, card.reserved) == (0, 10_000)
    assert_books_are_right()


def test_events_that_move_two_gift_cards_in_other_orders_do_not_wait_for_each_other(
    sign_in: Callable[..., Any],
) -> None:
    customer = sign_in()
    codes = [gift_card(10 * 1000)[1] for _ in range(2)]
    bookings = [booking_data(user_id=customer.user_id, total={"amount": 1000, "currency": "VND"}) for _ in range(20)]
    HANDLERS["booking.created"].apply_all([event("booking.created", booking) for booking in bookings])
    for number, booking in enumerate(bookings):
        body = {"booking_id": booking["booking_id"], "gift_card": {"code": codes[number % 2]}}
        assert customer.post("/payments", body, headers={"Idempotency-Key": str(uuid7())}).status_code == 201
    news = [event("booking.confirmed", booking) for booking in bookings]

    def work(number: int) -> set[Verdict | None]:
        deliveries = [Delivery(one, message=None) for one in news]
        Lane(HANDLERS, lock=lock).handle(deliveries[number * 3 :] + deliveries[: number * 3][:: (-1) ** number])
        return {delivery.verdict for delivery in deliveries}

    assert at_once(work, 4) == [{Verdict.HANDLED}] * 4
    assert set(GiftCard.objects.values_list("balance", "reserved")) == {(0, 0)}
    assert_books_are_right()


def test_of_eight_at_once_one_has_handed_over_what_is_owed_at_the_till(deliver: Callable[..., bool]) -> None:
    owed = cancelled(deliver)

    def hand_over(number: int) -> bool:
        try:
            payouts.pay_out(payout_id=owed.id, clerk=clerk_of(f"clerk {number}"))
        except PaidOutBefore:
            return False
        return True

    assert sum(at_once(hand_over, 8)) == 1
    entry = AuditRecord.objects.get(action="payout.paid")
    assert entry.actor_name == PayOut.objects.get(id=owed.id).paid_out_by
