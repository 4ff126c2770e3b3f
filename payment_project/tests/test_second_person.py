"""Money that leaves is looked at by two: nobody gives back their own, and what is large waits for somebody else."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.utils import timezone

from chassis.four_eyes import ADDRESS_SETTLES
from chassis.ids import uuid7
from chassis.storage.audit_log import Actor, Door
from chassis.storage.models import AuditRecord
from chassis.testing_plans import analyze, costs, rows_read
from payments import refunds, tasks
from payments.clerks import Clerk
from payments.errors import NotAwaitingApproval, SecondPersonNeeded
from payments.models import AddressChange, GatewayOperation, Payment, Refund
from payments.refunds import Wanted
from tests.factories import PaymentFactory, RefundFactory, clerk_of, ending_data, refund
from tests.simulator import Simulator

pytestmark = pytest.mark.django_db

Client = Any
Deliver = Callable[..., bool]


@pytest.fixture(autouse=True)
def _limits(settings: Any) -> None:
    settings.REFUND_ALONE_UP_TO = {"VND": 100_000}
    settings.REFUND_APPROVAL_HOURS = 24


@pytest.fixture
def linh(sign_in: Callable[..., Client]) -> Client:
    return sign_in(roles=("support",), username="linh")


@pytest.fixture
def minh(sign_in: Callable[..., Client]) -> Client:
    return sign_in(roles=("support",), username="minh")


def given_back(simulator: Simulator, payment: Payment) -> int:
    return int(simulator.record(payment.id)[0]["refunded_amount"])


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


class TestWhoMay:
    def test_nobody_gives_back_the_money_of_their_own_purchase(
        self, payment: Payment, sign_in: Callable[..., Client], simulator: Simulator
    ) -> None:
        for role in ("support", "manager", "admin"):
            own = sign_in(roles=(role,), user_id=payment.user_id)
            for wanted in ({}, {"amount": 1}, {"kind": "goodwill"}):
                assert refused(refund(own, payment, **wanted)) == (403, "own_purchase")
        assert given_back(simulator, payment) == 0
        assert not Refund.objects.exists()

    def test_a_password_alone_moves_no_money_where_a_code_is_asked_for(
        self, linh: Client, sign_in: Callable[..., Client], payment: Payment, settings: Any
    ) -> None:
        settings.REFUNDS_NEED_SECOND_FACTOR = True
        assert refused(refund(linh, payment, amount=1)) == (403, "second_factor_needed")
        assert not Refund.objects.exists()
        by_code = sign_in(roles=("support",), username="minh", amr=["pwd", "otp"])
        assert refund(by_code, payment, amount=1).status_code == 201

    def test_whoever_changed_the_address_of_an_account_gives_none_of_its_money_back_for_a_day(
        self, linh: Client, minh: Client, payment: Payment, deliver: Callable[..., bool]
    ) -> None:
        def told(by: UUID | None, ago: timedelta) -> None:
            at = (timezone.now() - ago).isoformat()
            deliver("user.updated", user_id=payment.user_id, email_changed_by=by, email_changed_at=at)

        told(linh.user_id, ADDRESS_SETTLES - timedelta(minutes=1))
        assert refused(refund(linh, payment, amount=1)) == (403, "address_changed_by_you")
        assert refund(minh, payment, amount=1).status_code == 201
        # What comes late tells of what was before, and what the owner does takes nothing back of what staff did.
        told(linh.user_id, ADDRESS_SETTLES + timedelta(days=1))
        told(None, timedelta())
        told(minh.user_id, timedelta())
        assert refused(refund(linh, payment, amount=1)) == (403, "address_changed_by_you")
        assert refused(refund(minh, payment, amount=1)) == (403, "address_changed_by_you")

    def test_after_that_day_it_is_forgotten(self, linh: Client, payment: Payment, deliver: Callable[..., bool]) -> None:
        at = (timezone.now() - ADDRESS_SETTLES - timedelta(minutes=1)).isoformat()
        deliver("user.updated", user_id=payment.user_id, email_changed_by=linh.user_id, email_changed_at=at)
        assert refund(linh, payment, amount=1).status_code == 201
        assert tasks.forget_address_changes() == 1
        assert not AddressChange.objects.exists()

    def test_an_account_told_of_before_changes_were_told_stands_in_nobodys_way(
        self, linh: Client, payment: Payment, deliver: Callable[..., bool]
    ) -> None:
        deliver("user.updated", {"user_id": str(payment.user_id), "email": "mai@example.com"})
        assert refund(linh, payment, amount=1).status_code == 201


class TestALargeRefund:
    def test_waits_for_somebody_else_and_then_goes_back(
        self, linh: Client, minh: Client, payment: Payment, simulator: Simulator, emitted: Callable[..., list[Any]]
    ) -> None:
        asked = refund(linh, payment)
        made = asked.json()
        assert (asked.status_code, made["status"], made["kind"]) == (202, "awaiting_approval", "cancel")
        assert asked.headers["Location"] == f"/refunds/{made['id']}"
        assert datetime.fromisoformat(made["approve_by"]) > timezone.now() + timedelta(hours=23)
        assert not GatewayOperation.objects.filter(kind="refund").exists()
        [waiting] = minh.get("/refunds?status=awaiting_approval").json()["results"]
        assert (waiting["id"], waiting["staff"]["requested_by"]) == (made["id"], "linh")
        assert refused(linh.post(f"/refunds/{made['id']}/approve")) == (403, "second_person_needed")
        approved = minh.post(f"/refunds/{made['id']}/approve")
        assert (approved.status_code, approved.json()["status"]) == (200, "succeeded")
        assert approved.json()["staff"]["decided_by"] == "minh"
        assert given_back(simulator, payment) == 180_000
        [told] = emitted("payment.refunded")
        assert (told.data["refund_id"], told.data["kind"], told.data["status"]) == (made["id"], "cancel", "refunded")
        assert refused(minh.post(f"/refunds/{made['id']}/approve")) == (409, "not_awaiting_approval")

    def test_is_asked_for_once_under_one_key_and_one_at_a_time(self, linh: Client, payment: Payment) -> None:
        key = uuid7()
        first, again = (refund(linh, payment, key=key) for _ in range(2))
        assert (again.status_code, again.json(), again.headers["Idempotency-Replayed"]) == (202, first.json(), "true")
        assert again.headers["Location"] == first.headers["Location"] != ""
        assert refused(refund(linh, payment)) == (409, "refund_awaits_approval")
        assert Refund.objects.count() == 1

    def test_in_small_parts_is_a_large_one(self, linh: Client, payment: Payment, simulator: Simulator) -> None:
        assert refund(linh, payment, amount=60_000).status_code == 201
        assert refund(linh, payment, amount=40_000).status_code == 201
        assert refund(linh, payment, amount=1).json()["status"] == "awaiting_approval"
        assert given_back(simulator, payment) == 100_000

    def test_of_a_currency_without_a_limit_always_waits(self, linh: Client, payment: Payment, settings: Any) -> None:
        settings.REFUND_ALONE_UP_TO = {"EUR": 100_000}
        assert refund(linh, payment, amount=1).json()["status"] == "awaiting_approval"

    def test_has_the_limit_of_all_others_where_its_currency_has_none(
        self, linh: Client, payment: Payment, settings: Any
    ) -> None:
        settings.REFUND_ALONE_UP_TO = {"EUR": 1, "*": 1_000}
        assert refund(linh, payment, amount=1_000).status_code == 201
        assert refund(linh, payment, amount=1).json()["status"] == "awaiting_approval"

    def test_is_approved_by_nobody_whose_purchase_or_change_of_address_it_is(
        self, linh: Client, payment: Payment, sign_in: Callable[..., Client], deliver: Callable[..., bool]
    ) -> None:
        made = refund(linh, payment).json()["id"]
        own = sign_in(roles=("manager",), user_id=payment.user_id)
        assert refused(own.post(f"/refunds/{made}/approve")) == (403, "own_purchase")
        changer = sign_in(roles=("manager",))
        now = timezone.now().isoformat()
        deliver("user.updated", user_id=payment.user_id, email_changed_by=changer.user_id, email_changed_at=now)
        assert refused(changer.post(f"/refunds/{made}/approve")) == (403, "address_changed_by_you")
        assert sign_in(roles=("customer",)).post(f"/refunds/{made}/approve").status_code == 403

    def test_is_approved_by_nobody_once_who_asked_has_changed_the_address_before_or_afterwards(
        self, linh: Client, minh: Client, payment: Payment, simulator: Simulator, deliver: Deliver
    ) -> None:
        made = refund(linh, payment).json()["id"]

        def told(ago: timedelta) -> None:
            at = (timezone.now() - ago).isoformat()
            deliver("user.updated", user_id=payment.user_id, email_changed_by=linh.user_id, email_changed_at=at)

        told(ADDRESS_SETTLES + timedelta(hours=1))
        told(timedelta())
        assert refused(minh.post(f"/refunds/{made}/approve")) == (403, "address_changed_by_who_asked")
        assert given_back(simulator, payment) == 0
        assert minh.post(f"/refunds/{made}/refuse", {"note": "they changed the address"}).status_code == 200
        assert refund(minh, payment).status_code == 202

    def test_is_refused_with_a_note_and_may_be_asked_for_again(
        self, linh: Client, minh: Client, payment: Payment, sign_in: Callable[..., Client]
    ) -> None:
        made = refund(linh, payment).json()["id"]
        said = minh.post(f"/refunds/{made}/refuse", {"note": "the film was shown"}).json()
        assert (said["status"], said["staff"]["note"]) == ("refused", "the film was shown")
        customer = sign_in(user_id=payment.user_id)
        assert customer.get(f"/refunds/{made}").json()["staff"] is None
        assert refused(minh.post(f"/refunds/{made}/approve")) == (409, "not_awaiting_approval")
        assert refund(linh, payment).status_code == 202

    def test_may_be_taken_back_by_who_asked_for_it(self, linh: Client, payment: Payment) -> None:
        made = refund(linh, payment).json()["id"]
        assert linh.post(f"/refunds/{made}/refuse", {"note": "a mistake"}).json()["status"] == "refused"

    def test_lapses_when_nobody_decides_in_time(
        self, linh: Client, minh: Client, payment: Payment, settings: Any
    ) -> None:
        made = refund(linh, payment).json()["id"]
        assert tasks.lapse_refunds() == 0
        Refund.objects.update(approve_by=timezone.now())
        # Before the clock has come to it, too.
        assert refused(minh.post(f"/refunds/{made}/approve")) == (409, "not_awaiting_approval")
        assert tasks.lapse_refunds() == 1
        assert minh.get(f"/refunds/{made}").json()["status"] == "lapsed"

    def test_lapses_with_its_booking_whose_fee_it_would_give_back_otherwise(
        self, linh: Client, minh: Client, payment: Payment, simulator: Simulator, deliver: Deliver
    ) -> None:
        made = refund(linh, payment, amount=120_000).json()["id"]
        booking = {"booking_id": str(payment.booking_id), "reference": "", "user_id": str(payment.user_id)}
        total = {"total": {"amount": payment.amount, "currency": payment.currency}}
        deliver("booking.cancelled", ending_data({**booking, **total}, refund=60_000, reason="cancelled_by_customer"))
        assert refused(minh.post(f"/refunds/{made}/approve")) == (409, "not_awaiting_approval")
        assert minh.get(f"/refunds/{made}").json()["status"] == "lapsed"
        assert given_back(simulator, payment) == 60_000

    def test_is_decided_anew_on_what_is_left_when_it_is_approved(
        self, linh: Client, minh: Client, payment: Payment, simulator: Simulator
    ) -> None:
        made = refund(linh, payment).json()["id"]
        assert refund(minh, payment, amount=50_000).status_code == 201
        assert refused(minh.post(f"/refunds/{made}/approve")) == (409, "refund_too_large")
        assert given_back(simulator, payment) == 50_000

    def test_that_the_gateway_refuses_is_told_to_who_approved_it(
        self, linh: Client, minh: Client, payment: Payment, simulator: Simulator
    ) -> None:
        made = refund(linh, payment).json()["id"]
        simulator.post(f"/v1/captures/{payment.capture_id}/refunds", {"amount": 180_000}, key=str(uuid7()))
        said = minh.post(f"/refunds/{made}/approve").json()
        assert (said["status"], said["failure_code"]) == ("failed", "amount_too_large")

    def test_is_seen_by_its_customer_and_by_nobody_elses(
        self, linh: Client, payment: Payment, sign_in: Callable[..., Client]
    ) -> None:
        made = refund(linh, payment).json()["id"]
        assert sign_in(user_id=payment.user_id).get(f"/refunds/{made}").json()["status"] == "awaiting_approval"
        assert sign_in().get(f"/refunds/{made}").status_code == 404
        assert sign_in(user_id=payment.user_id).get("/refunds").status_code == 403
        assert linh.get(f"/refunds?payment_id={payment.id}").json()["results"][0]["id"] == made


def test_who_asked_approved_and_refused_is_written_down(linh: Client, minh: Client, payment: Payment) -> None:
    first = refund(linh, payment).json()["id"]
    minh.post(f"/refunds/{first}/refuse", {"note": "not yet"})
    second = refund(linh, payment).json()["id"]
    minh.post(f"/refunds/{second}/approve")
    written = AuditRecord.objects.order_by("id").values_list("actor_name", "action", "subject_id", "reason")
    assert list(written) == [
        ("linh", "refund.approval_requested", first, "the sound failed"),
        ("minh", "refund.refused", first, "not yet"),
        ("linh", "refund.approval_requested", second, "the sound failed"),
        ("minh", "refund.approved", second, "the sound failed"),
    ]
    after = AuditRecord.objects.latest("id").after
    assert (after["amount"], after["kind"], after["booking"]) == ("180,000 VND", "cancel", payment.booking_reference)


def test_what_waits_is_found_without_reading_what_is_done() -> None:
    done = {"payment": PaymentFactory(captured=True), "amount": 1, "currency": "VND", "status": "succeeded"}
    Refund.objects.bulk_create(Refund(id=uuid7(), **done) for _ in range(3000))
    RefundFactory(approve_by=timezone.now() + timedelta(days=1))
    analyze("refunds")
    awaiting = Refund.objects.filter(status="awaiting_approval")
    for asked in (awaiting.filter(approve_by__gt=timezone.now()).order_by("approve_by"), awaiting.order_by("-id")[:20]):
        with costs() as made:
            assert len(asked) == 1
        assert rows_read(made, "refunds") == 1, made


@pytest.mark.django_db(transaction=True)
def test_of_eight_who_approve_at_once_one_does(payment: Payment, simulator: Simulator) -> None:
    asked = refunds.request_refund(payment_id=payment.id, wanted=Wanted(clerk_of("linh"), "the sound failed"))

    def approve(clerk: Clerk) -> bool:
        try:
            return refunds.approve_refund(refund_id=asked.refund_id, clerk=clerk).operation is not None
        except NotAwaitingApproval:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        approved = list(pool.map(approve, [clerk_of(f"colleague {number}") for number in range(8)]))
    assert sum(approved) == 1
    assert tasks.resume_operations() == 1
    assert given_back(simulator, payment) == 180_000


def test_a_payment_in_nobodys_way_is_not_asked_about() -> None:
    """An operator's account of one site alone has no purchases and no say over addresses, and needs a colleague too."""
    operator = Clerk(Actor("1", "root", Door.ADMIN))
    payment = PaymentFactory(captured=True, capture_id="cap_1")
    asked = refunds.request_refund(payment_id=payment.id, wanted=Wanted(operator, "the sound failed"))
    assert asked.operation is None
    with pytest.raises(SecondPersonNeeded):
        refunds.approve_refund(refund_id=asked.refund_id, clerk=operator)
    assert refunds.approve_refund(refund_id=asked.refund_id, clerk=clerk_of("linh")).operation is not None
