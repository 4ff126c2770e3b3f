"""A gift card pays all of a booking, or a part of it, and gets back what it paid."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from chassis.ids import uuid7
from chassis.storage.models import OutboxMessage
from payments import tasks
from payments.gift_models import GiftCard
from payments.models import GatewayOperation, Payment, Refund
from payments.receipt_models import Receipt
from tests.factories import booking_data, ending_data, gift_card, refund
from tests.gift_books import assert_books_are_right
from tests.simulator import Simulator

pytestmark = pytest.mark.django_db

Client = Any
Deliver = Callable[..., bool]
VND = {"currency": "VND"}


class Sale:
    """A booking of two seats at 90,000 each, whose customer pays in a second step."""

    def __init__(self, deliver: Deliver, customer: Client) -> None:
        self.deliver, self.customer = deliver, customer
        self.booking = booking_data(user_id=customer.user_id)
        deliver("booking.created", self.booking)

    def pay(self, code: str | None, token: str | None = None, *, key: object = None) -> Any:
        body: dict[str, Any] = {"booking_id": self.booking["booking_id"]}
        body |= {} if code is None else {"gift_card": {"code": code}}
        body |= {} if token is None else {"payment_method": {"token": token}}
        return self.customer.post("/payments", body, headers={"Idempotency-Key": str(key or uuid7())})

    def confirm(self) -> None:
        self.deliver("booking.confirmed", self.booking)

    def end(self, *, back: int | None = None) -> None:
        self.deliver("booking.cancelled", ending_data(self.booking, refund=back))

    @property
    def payment(self) -> Payment:
        return Payment.objects.get(booking_id=self.booking["booking_id"])


@pytest.fixture
def sale(deliver: Deliver, sign_in: Callable[..., Client]) -> Sale:
    return Sale(deliver, sign_in())


def standing(card: GiftCard) -> tuple[int, int]:
    """(balance, reserved); the books are right."""
    assert_books_are_right()
    card.refresh_from_db()
    return card.balance, card.reserved


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


class TestPaying:
    def test_a_gift_card_pays_all_of_it_and_no_gateway_is_asked(self, sale: Sale, simulator: Simulator) -> None:
        card, code = gift_card(200_000)
        answer = sale.pay(code.lower().replace("-", " "))
        assert (answer.status_code, answer.json()["status"]) == (201, "authorized")
        assert answer.json()["gift_card"] == {
            "last4": card.last4,
            "amount": {"amount": 180_000, **VND},
            "refunded_amount": {"amount": 0, **VND},
        }
        assert standing(card) == (20_000, 180_000)
        sale.confirm()
        assert standing(card) == (20_000, 0)
        assert (sale.payment.status, sale.payment.captured_amount) == ("captured", 180_000)
        assert simulator.record(sale.payment.id) == []
        receipt = Receipt.objects.get(payment=sale.payment)
        assert (receipt.total, receipt.gift_amount, receipt.gift_last4) == (180_000, 180_000, card.last4)

    def test_a_card_pays_the_rest(self, sale: Sale, simulator: Simulator) -> None:
        card, code = gift_card(50_000)
        assert sale.pay(code, "tok_visa").status_code == 201
        assert standing(card) == (0, 50_000)
        sale.confirm()
        assert standing(card) == (0, 0)
        (entry,) = simulator.record(sale.payment.id)
        assert (entry["authorised_amount"], entry["captured_amount"]) == (130_000, 130_000)
        receipt = sale.customer.get(f"/payments/{sale.payment.id}/receipt").json()
        assert receipt["gift_card"] == {"last4": card.last4, "amount": {"amount": 50_000, **VND}}
        assert (receipt["card_last4"], receipt["total"]["amount"]) == ("4242", 180_000)

    def test_what_it_does_not_pay_needs_a_method(self, sale: Sale) -> None:
        card, code = gift_card(50_000)
        answer = sale.pay(code)
        assert refused(answer) == (409, "gift_card_not_enough")
        assert answer.json()["rest"] == {"amount": 130_000, **VND}
        assert standing(card) == (50_000, 0)
        assert refused(sale.pay(None)) == (400, "invalid")

    def test_it_is_asked_for_once_under_one_key(self, sale: Sale) -> None:
        card, code = gift_card(200_000)
        first, again = (sale.pay(code, key="one") for _ in range(2))
        assert (again.status_code, again.json(), again.headers["Idempotency-Replayed"]) == (201, first.json(), "true")
        assert refused(sale.pay(code)) == (409, "already_paid")
        assert standing(card) == (20_000, 180_000)

    @pytest.mark.parametrize(
        ("columns", "code"),
        [
            ({"blocked_at": "2026-01-01T00:00Z"}, "gift_card_blocked"),
            ({"expires_at": "2026-01-01T00:00Z"}, "gift_card_expired"),
            ({"currency": "EUR"}, "gift_card_currency"),
        ],
    )
    def test_one_that_may_not_pay_is_refused(self, sale: Sale, columns: dict[str, Any], code: str) -> None:
        card, typed = gift_card(200_000, **columns)
        assert refused(sale.pay(typed, "tok_visa")) == (409, code)
        card.refresh_from_db()
        assert (card.balance, sale.payment.status) == (200_000, "requires_payment_method")

    def test_an_empty_one_and_a_code_that_is_none_are_refused(self, sale: Sale) -> None:
        _, code = gift_card(200_000)
        assert sale.pay(code).status_code == 201
        other = Sale(sale.deliver, sale.customer)
        assert other.pay(code, "tok_visa").status_code == 201
        third = Sale(sale.deliver, sale.customer)
        assert refused(third.pay(code, "tok_visa")) == (409, "gift_card_empty")
        assert refused(third.pay("7K3Q-0M9T", "tok_visa")) == (409, "gift_card_invalid")
        assert refused(third.pay("!", "tok_visa")) == (409, "gift_card_invalid")

    def test_the_code_is_in_no_event_and_no_row(self, sale: Sale) -> None:
        _, code = gift_card(200_000)
        assert sale.pay(code).status_code == 201
        sale.confirm()
        digits = code.replace("-", "")
        told = [str(body) for body in OutboxMessage.objects.values_list("body", flat=True)]
        rows = [str(row) for model in (Payment, GatewayOperation, Receipt) for row in model.objects.values()]
        assert told
        assert not [text for text in (*told, *rows) if code in text or digits in text]


class TestLettingGo:
    def test_what_it_reserved_is_free_when_the_card_is_declined_and_another_may_be_tried(self, sale: Sale) -> None:
        card, code = gift_card(50_000)
        assert sale.pay(code, "tok_card_declined").status_code == 402
        assert standing(card) == (50_000, 0)
        assert sale.pay(code, "tok_visa").status_code == 201
        assert standing(card) == (0, 50_000)

    def test_it_is_free_when_the_booking_ends_or_the_capture_is_refused(self, sale: Sale) -> None:
        card, code = gift_card(50_000)
        assert sale.pay(code, "tok_visa").status_code == 201
        sale.deliver("booking.expired", ending_data(sale.booking))
        assert standing(card) == (50_000, 0)
        other = Sale(sale.deliver, sale.customer)
        assert other.pay(code, "tok_capture_fails").status_code == 201
        other.confirm()
        assert (other.payment.status, standing(card)) == ("failed", (50_000, 0))

    def test_it_stays_reserved_as_long_as_nobody_knows_what_the_gateway_did(
        self, sale: Sale, killed_after_the_call: AbstractContextManager[object], simulator: Simulator
    ) -> None:
        card, code = gift_card(50_000)
        with killed_after_the_call:
            sale.pay(code, "tok_visa")
        assert tasks.resume_operations() == 0
        assert (sale.payment.status, standing(card)) == ("processing", (0, 50_000))
        sale.deliver("booking.expired", ending_data(sale.booking))
        assert (sale.payment.status, standing(card)) == ("voided", (50_000, 0))
        assert simulator.record(sale.payment.id)[0]["voided_amount"] == 130_000

    def test_a_kill_before_the_answer_is_recorded_moves_it_once(
        self, sale: Sale, killed_before_the_call: AbstractContextManager[object], time_passes: Callable[[], int]
    ) -> None:
        card, code = gift_card(200_000)
        with killed_before_the_call:
            sale.pay(code)
        assert standing(card) == (20_000, 180_000)
        time_passes()
        assert tasks.resume_operations() == 1
        sale.confirm()
        assert (sale.payment.status, standing(card)) == ("captured", (20_000, 0))


class TestGivingBack:
    @pytest.fixture
    def paid(self, sale: Sale) -> tuple[Sale, GiftCard]:
        """130,000 by the card and 50,000 by a gift card."""
        card, code = gift_card(50_000)
        assert sale.pay(code, "tok_visa").status_code == 201
        sale.confirm()
        return sale, card

    def test_it_goes_to_the_card_first_and_to_neither_more_than_it_paid(
        self, paid: tuple[Sale, GiftCard], sign_in: Callable[..., Client], simulator: Simulator
    ) -> None:
        sale, card = paid
        linh = sign_in(roles=("support",), username="linh")
        first, second = sale.booking["seats"]
        assert refund(linh, sale.payment, seats=[first["id"]]).json()["gift_card_amount"] is None
        assert standing(card) == (0, 0)
        answer = refund(linh, sale.payment, seats=[second["id"]]).json()
        assert (answer["status"], answer["gift_card_amount"]) == ("succeeded", {"amount": 50_000, **VND})
        assert standing(card) == (50_000, 0)
        (entry,) = simulator.record(sale.payment.id)
        assert entry["refunded_amount"] == 130_000
        assert (sale.payment.status, sale.payment.gift_refunded_amount) == ("refunded", 50_000)
        notes = Receipt.objects.filter(payment=sale.payment).exclude(refund=None).order_by("id")
        assert list(notes.values_list("total", "gift_amount")) == [(-90_000, 0), (-90_000, -50_000)]

    def test_what_only_the_gift_card_is_owed_still_no_gateway_is_asked_for(
        self, paid: tuple[Sale, GiftCard], sign_in: Callable[..., Client], simulator: Simulator
    ) -> None:
        sale, card = paid
        linh = sign_in(roles=("support",), username="linh")
        assert refund(linh, sale.payment, amount=130_000).status_code == 201
        assert refund(linh, sale.payment, amount=20_000).json()["status"] == "succeeded"
        assert standing(card) == (20_000, 0)
        assert GatewayOperation.objects.order_by("-id")[0].provider == "gift_card"
        assert simulator.record(sale.payment.id)[0]["refunded_amount"] == 130_000

    def test_a_fee_is_kept_of_what_goes_back_last(self, paid: tuple[Sale, GiftCard], simulator: Simulator) -> None:
        sale, card = paid
        sale.end(back=150_000)
        assert standing(card) == (20_000, 0)
        assert simulator.record(sale.payment.id)[0]["refunded_amount"] == 130_000
        assert Refund.objects.get().amount == 150_000

    def test_an_expired_card_gets_its_value_back_and_is_good_for_some_days_more(
        self, paid: tuple[Sale, GiftCard], settings: Any
    ) -> None:
        sale, card = paid
        GiftCard.objects.update(expires_at=timezone.now() - timedelta(days=1), blocked_at=timezone.now())
        sale.end()
        assert standing(card) == (50_000, 0)
        days = timedelta(days=settings.GIFT_CARD_REOPENED_DAYS)
        assert card.expires_at is not None
        assert abs(card.expires_at - timezone.now() - days) < timedelta(minutes=1)
        assert card.blocked_at is not None

    def test_a_refused_refund_moves_neither_part_and_goes_outside_without_the_gift_cards(
        self, paid: tuple[Sale, GiftCard], sign_in: Callable[..., Client], simulator: Simulator
    ) -> None:
        sale, card = paid
        # Somebody at the gateway gave back a part by hand: the rest of it is too much then.
        by_hand = simulator.post(f"/v1/captures/{sale.payment.capture_id}/refunds", {"amount": 1}, key=str(uuid7()))
        assert by_hand[0] in (200, 201)
        sale.end()
        assert (sale.payment.attention, standing(card)) == ("amount_too_large", (0, 0))
        minh = sign_in(roles=("manager",), username="minh")
        body = {"payment_id": str(sale.payment.id), "way": "cash", "reference": "till 2", "reason": "the card ended"}
        given = minh.post("/refunds/outside", body, headers={"Idempotency-Key": "once"})
        assert (given.status_code, given.json()["gift_card_amount"]) == (201, {"amount": 50_000, **VND})
        assert standing(card) == (50_000, 0)
        assert sum(line.amount for line in sale.payment.transactions.filter(account="outside")) == -130_000
