"""Money that the house gives back itself, where the card gateway has refused to: a refund, in an account of its own."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client as Browser

from chassis.ids import uuid7
from chassis.storage.models import AuditRecord
from payments.ledger import Account
from payments.models import GatewayOperation, Payment, Refund, Transaction
from payments.outside import is_card_number
from tests.factories import booking_data, clerk_of, ending_data, refund
from tests.simulator import Simulator

pytestmark = pytest.mark.django_db

Client = Any
Deliver = Callable[..., bool]
Emitted = Callable[..., list[Any]]

PAGE = "/admin/payment/payments/payment/"
BY_TRANSFER = {"way": "bank_transfer", "reference": "VCB 0417", "reason": "your card had expired"}


@pytest.fixture(autouse=True)
def _limits(settings: Any) -> None:
    settings.REFUND_ALONE_UP_TO = {"VND": 200_000}
    settings.REFUND_APPROVAL_HOURS = 24


@pytest.fixture
def linh(sign_in: Callable[..., Client]) -> Client:
    return sign_in(roles=("manager",), username="linh")


@pytest.fixture
def minh(sign_in: Callable[..., Client]) -> Client:
    return sign_in(roles=("support",), username="minh")


def card_ended(payment: Payment) -> None:
    """From now on the gateway gives nothing back of it."""
    Payment.objects.filter(id=payment.id).update(capture_id="cap_of_nobody")


@pytest.fixture
def owed(deliver: Deliver) -> Payment:
    """A payment of a cancelled booking whose refund the gateway has refused."""
    booking = booking_data(payment_method={"token": "tok_visa"})
    deliver("booking.created", booking)
    deliver("booking.confirmed", booking)
    payment = Payment.objects.get(booking_id=booking["booking_id"])
    card_ended(payment)
    deliver("booking.cancelled", ending_data(booking))
    payment.refresh_from_db()
    assert payment.attention == "unknown_capture"
    return payment


def give(client: Client, payment: Payment, *, key: object = None, **wanted: Any) -> Any:
    body = {"payment_id": str(payment.id), **BY_TRANSFER, **wanted}
    return client.post("/refunds/outside", body, headers={"Idempotency-Key": str(key or uuid7())})


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def accounts(payment: Payment) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    for line in Transaction.objects.filter(payment=payment):
        found[line.account] += line.amount
    return dict(found)


class TestWhatIsWrittenDown:
    def test_it_is_a_refund_that_is_done_and_nothing_needs_attention_any_more(
        self, linh: Client, owed: Payment, simulator: Simulator, emitted: Emitted
    ) -> None:
        asked_before = simulator.record(owed.id)
        answer = give(linh, owed)
        made = answer.json()
        assert (answer.status_code, made["status"], made["outside"]) == (201, "succeeded", "bank_transfer")
        assert (made["amount"]["amount"], made["staff"]["reference"]) == (180_000, "VCB 0417")
        assert answer.headers["Location"] == f"/refunds/{made['id']}"
        owed.refresh_from_db()
        assert (owed.status, owed.refunded_amount, owed.attention, owed.under_way) == ("refunded", 180_000, "", "")
        [told] = emitted("payment.refunded")
        assert (told.data["refund_id"], told.data["outside"]) == (made["id"], "bank_transfer")
        assert told.data["refunded_amount"]["amount"] == 180_000
        assert simulator.record(owed.id) == asked_before
        assert simulator.record(owed.id)[0]["refunded_amount"] == 0

    def test_it_stands_in_accounts_of_its_own_and_the_ledger_adds_up(self, linh: Client, owed: Payment) -> None:
        give(linh, owed)
        assert accounts(owed) == {
            Account.CUSTOMER: 0,
            Account.AUTHORIZED: 0,
            Account.CASH: 180_000,
            Account.OUTSIDE: -180_000,
        }

    def test_what_was_done_by_hand_at_the_gateway_is_in_its_record_and_so_in_its_account(
        self, linh: Client, payment: Payment, simulator: Simulator, deliver: Deliver
    ) -> None:
        simulator.post(f"/v1/captures/{payment.capture_id}/refunds", {"amount": 180_000}, key=str(uuid7()))
        assert refused(refund(linh, payment)) == (409, "refund_refused")
        assert give(linh, payment, way="provider", reference="case 4711").status_code == 201
        assert accounts(payment) == {Account.CUSTOMER: 0, Account.AUTHORIZED: 0, Account.CASH: 0}
        assert simulator.record(payment.id)[0]["refunded_amount"] == 180_000

    def test_a_part_leaves_the_rest_for_a_person_and_asks_the_gateway_for_nothing(
        self, linh: Client, owed: Payment
    ) -> None:
        asked = GatewayOperation.objects.filter(kind="refund").count()
        assert give(linh, owed, amount=80_000).status_code == 201
        owed.refresh_from_db()
        assert (owed.status, owed.attention, owed.under_way) == ("partially_refunded", "unknown_capture", "")
        assert GatewayOperation.objects.filter(kind="refund").count() == asked
        assert give(linh, owed, way="cash", reference="till 2").status_code == 201
        owed.refresh_from_db()
        assert (owed.status, owed.attention) == ("refunded", "")

    def test_of_a_booking_that_goes_on_it_gives_back_a_seat(
        self, linh: Client, payment: Payment, emitted: Emitted
    ) -> None:
        card_ended(payment)
        first = payment.seats[0]["id"]
        assert refused(refund(linh, payment, seats=[first])) == (409, "refund_refused")
        assert give(linh, payment, seats=[first], way="cash").status_code == 201
        [told] = emitted("payment.refunded")
        assert (told.data["kind"], told.data["outside"]) == ("cancel", "cash")
        assert [seat["id"] for seat in told.data["seats"]] == [first]
        payment.refresh_from_db()
        assert [seat["refunded"] for seat in payment.seats] == ["cancel", None]

    def test_the_same_request_again_writes_it_down_once(self, linh: Client, owed: Payment) -> None:
        key = uuid7()
        first, again = (give(linh, owed, key=key, amount=1) for _ in range(2))
        assert (again.status_code, again.content) == (201, first.content)
        assert again.headers["Idempotency-Replayed"] == "true"
        assert Refund.objects.exclude(outside="").count() == 1

    def test_who_did_it_how_and_why_is_on_record(self, linh: Client, owed: Payment) -> None:
        give(linh, owed)
        record = AuditRecord.objects.get(action="refund.given_outside")
        assert (record.actor_name, record.reason) == ("linh", "your card had expired")
        assert (record.after["outside"], record.after["reference"]) == ("bank_transfer", "VCB 0417")
        assert record.before["left"] != record.after["left"]

    def test_a_customer_reads_how_and_not_what_it_is_found_by(
        self, linh: Client, owed: Payment, sign_in: Callable[..., Client]
    ) -> None:
        made = give(linh, owed).json()
        read = sign_in(user_id=owed.user_id).get(f"/refunds/{made['id']}").json()
        assert (read["outside"], read["staff"]) == ("bank_transfer", None)
        assert "VCB 0417" not in str(read)


class TestWhatIsRefused:
    def test_without_a_refund_that_the_gateway_refused_money_goes_back_by_it(
        self, linh: Client, payment: Payment
    ) -> None:
        assert refused(give(linh, payment)) == (409, "not_refused_by_gateway")
        assert not Refund.objects.exists()

    def test_support_may_not(self, minh: Client, owed: Payment) -> None:
        assert give(minh, owed).status_code == 403
        assert not Refund.objects.exclude(outside="").exists()

    def test_nobody_does_it_for_themselves(self, owed: Payment, sign_in: Callable[..., Client]) -> None:
        own = sign_in(roles=("admin",), user_id=owed.user_id)
        assert refused(give(own, owed)) == (403, "own_purchase")

    def test_more_than_what_is_left_is_not_given(self, linh: Client, owed: Payment) -> None:
        assert refused(give(linh, owed, amount=180_001)) == (409, "refund_too_large")
        assert give(linh, owed).status_code == 201
        assert refused(give(linh, owed, amount=1)) == (409, "not_refundable")

    def test_what_the_gateway_is_asked_again_is_not_given_meanwhile(
        self, linh: Client, owed: Payment, settings: Any
    ) -> None:
        Payment.objects.filter(id=owed.id).update(under_way="refund")
        assert refused(give(linh, owed)) == (409, "payment_in_progress")

    @pytest.mark.parametrize(
        ("wrong", "pointer"),
        [
            ({"way": "cheque"}, "/way"),
            ({"way": None}, "/way"),
            ({"reference": ""}, "/reference"),
            ({"reference": "x" * 65}, "/reference"),
            ({"reference": 7}, "/reference"),
            ({"reason": ""}, "/reason"),
            ({"amount": 0}, "/amount"),
        ],
    )
    def test_a_wrong_field_is_named(self, linh: Client, owed: Payment, wrong: dict[str, Any], pointer: str) -> None:
        answer = give(linh, owed, **wrong)
        assert answer.status_code == 400
        assert pointer in {error["pointer"] for error in answer.json()["errors"]}

    def test_a_cards_number_is_no_reference_and_a_transfers_is(self, linh: Client, owed: Payment) -> None:
        assert refused(give(linh, owed, reference="4242 4242 4242 4242")) == (400, "card_number_refused")
        assert give(linh, owed, reference="4242 4242 4242 4243").status_code == 201
        assert not is_card_number("FT24123456789012")


class TestALargeOne:
    @pytest.fixture(autouse=True)
    def _low(self, settings: Any) -> None:
        settings.REFUND_ALONE_UP_TO = {"VND": 100_000}

    def test_waits_for_somebody_else_and_is_given_then(
        self, linh: Client, minh: Client, owed: Payment, emitted: Emitted, simulator: Simulator
    ) -> None:
        asked = give(linh, owed)
        made = asked.json()
        assert (asked.status_code, made["status"], made["outside"]) == (202, "awaiting_approval", "bank_transfer")
        assert accounts(owed)[Account.CUSTOMER] == -180_000
        assert emitted("payment.refunded") == []
        assert refused(linh.post(f"/refunds/{made['id']}/approve")) == (403, "second_person_needed")
        approved = minh.post(f"/refunds/{made['id']}/approve")
        assert (approved.status_code, approved.json()["status"]) == (200, "succeeded")
        assert approved.json()["staff"]["reference"] == "VCB 0417"
        assert accounts(owed)[Account.OUTSIDE] == -180_000
        [told] = emitted("payment.refunded")
        assert told.data["outside"] == "bank_transfer"
        assert simulator.record(owed.id)[0]["refunded_amount"] == 0
        assert AuditRecord.objects.get(action="refund.approved").after["outside"] == "bank_transfer"

    def test_what_a_colleague_refuses_is_not_given(self, linh: Client, minh: Client, owed: Payment) -> None:
        made = give(linh, owed).json()
        assert minh.post(f"/refunds/{made['id']}/refuse", {"note": "it came back after all"}).status_code == 200
        owed.refresh_from_db()
        assert (owed.refunded_amount, owed.attention) == (0, "unknown_capture")


class TestOnItsPage:
    @pytest.fixture
    def manager(self) -> Browser:
        user = User.objects.create_user("linh", is_staff=True)
        user.groups.add(Group.objects.get(name="manager"))
        browser = Browser()
        browser.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        session = browser.session
        session["staff"] = {"account": str(clerk_of("linh").account_id)}
        session.save()
        return browser

    def chosen(self, *payments: Payment, **form: str) -> dict[str, Any]:
        return {
            "action": "give_outside",
            "key": str(uuid7()),
            "_selected_action": [str(payment.id) for payment in payments],
            **form,
        }

    def test_it_is_shown_before_it_is_written_down(self, manager: Browser, owed: Payment) -> None:
        form = {
            "kind": "",
            "amount": "",
            "way": "cash",
            "reference": "till 2, 0093",
            "reason": "Your card had expired.",
        }
        asked = manager.post(PAGE, self.chosen(owed)).content.decode()
        assert 'name="reference"' in asked
        shown = manager.post(PAGE, self.chosen(owed, **form)).content.decode()
        assert "is given back outside of the card gateway, in cash, till 2, 0093" in " ".join(shown.split())
        assert not Refund.objects.exclude(outside="").exists()
        done = manager.post(PAGE, self.chosen(owed, **form, seen="yes"), follow=True).content.decode()
        assert "is written down as given back" in done
        made = Refund.objects.exclude(outside="").get()
        assert (made.status, made.outside, made.reference, made.amount) == (
            "succeeded",
            "cash",
            "till 2, 0093",
            180_000,
        )

    def test_of_two_payments_at_once_nothing_is_asked(self, manager: Browser, owed: Payment, payment: Payment) -> None:
        answer = manager.post(PAGE, self.chosen(owed, payment), follow=True)
        assert b"Choose one payment" in answer.content

    def test_a_cards_number_is_refused_there_too(self, manager: Browser, owed: Payment) -> None:
        form = {"kind": "", "way": "cash", "reference": "4242424242424242", "reason": "x", "seen": "yes"}
        assert b"kept nowhere here" in manager.post(PAGE, self.chosen(owed, **form)).content
        assert not Refund.objects.exclude(outside="").exists()
