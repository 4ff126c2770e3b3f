"""What the counter owes is on a list until somebody says that they handed it over, which is said once."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from chassis.ids import uuid7
from chassis.storage.models import AuditRecord
from chassis.testing_costs import assert_bounded, reads
from chassis.testing_database import large_theater
from chassis.testing_plans import costs
from chassis.testing_staff import enter
from payments import payouts, tasks
from payments.desk_panels import owed_at_the_till
from payments.models import GatewayOperation, PayOut, Transaction
from payments.payout_models import OWED, PAID_OUT
from payments.receipt_models import ReceiptSeries
from payments.theaters import paid_at
from tests.factories import clerk_of, ending_data
from tests.sales import THEATER, give_back, paid
from tests.test_counter import TOTAL, at_the_counter, by_staff, stands
from tests.together import payment_of

Deliver = Callable[..., bool]
LIST = "/admin/payment/payments/payout/"
database = pytest.mark.django_db


def cancelled(deliver: Deliver, method: str = "cash") -> PayOut:
    """What is owed of a sale of the counter whose showtime does not take place."""
    booking = paid(deliver, payment_method=by_staff(method))
    deliver("booking.cancelled", ending_data(booking, reason="showtime_cancelled"))
    tasks.resume_operations()
    return PayOut.objects.filter(OWED).get(payment=payment_of(booking))


@database
def test_what_the_system_gives_back_of_a_sale_there_is_owed_there(deliver: Deliver) -> None:
    paid(deliver)
    owed = cancelled(deliver)
    assert (owed.amount, owed.provider, owed.paid_out_at) == (TOTAL, "cash", None)
    assert list(owed_at_the_till()) == [owed]


@database
def test_so_is_what_staff_give_back_in_parts_and_nothing_of_a_card(deliver: Deliver) -> None:
    give_back(paid(deliver), amount=30_000)
    booking = paid(deliver, payment_method=by_staff("terminal"))
    for amount in (30_000, 40_000):
        give_back(booking, amount=amount)
    assert sorted(owed_at_the_till().values_list("provider", "amount")) == [("terminal", 30_000), ("terminal", 40_000)]


@database
def test_so_is_what_was_taken_for_a_sale_that_came_to_nothing(deliver: Deliver) -> None:
    booking = at_the_counter()
    deliver("booking.created", booking)
    deliver("booking.rejected", ending_data(booking))
    tasks.resume_operations()
    assert payment_of(booking).status == "voided"
    assert owed_at_the_till().get().amount == TOTAL


@database
def test_the_ledger_had_it_as_given_back_and_the_mark_moves_nothing(deliver: Deliver) -> None:
    owed = cancelled(deliver)
    before = Transaction.objects.count()
    payouts.pay_out(payout_id=owed.id, clerk=clerk_of("minh"), till="till 2")
    assert Transaction.objects.count() == before
    assert {line.amount for line in Transaction.objects.filter(operation=owed)} == {TOTAL, -TOTAL}
    booking = {"booking_id": owed.payment.booking_id}
    assert stands(booking) == {}
    assert not owed_at_the_till().exists()
    paid_out = PayOut.objects.get(id=owed.id)
    assert (paid_out.paid_out_by, paid_out.till) == ("minh", "till 2")
    entry = AuditRecord.objects.get(action="payout.paid")
    assert (entry.actor_name, entry.subject_id) == ("minh", str(owed.id))
    assert (entry.after["amount"], entry.after["till"]) == ("185,000 VND", "till 2")


@database
def test_staff_do_it_through_the_api(sign_in: Callable[..., Any], deliver: Deliver) -> None:
    owed, staff = cancelled(deliver), sign_in(roles=("support",), username="minh")
    reference = owed.payment.booking_reference.lower()
    [found] = staff.get(f"/payments/pay-outs?owed=true&reference={reference}&theater_id={THEATER}").json()["results"]
    assert found == staff.get(f"/payments/pay-outs/{owed.id}").json()
    assert (found["amount"], found["way"], found["paid_out_at"]) == (
        {"amount": TOTAL, "currency": "VND"},
        "cash",
        None,
    )
    assert found["refund_id"]
    address = f"/payments/pay-outs/{owed.id}/paid"
    done = staff.post(address, {"till": "till 2"})
    assert (done.status_code, done.json()["paid_out_by"], done.json()["till"]) == (200, "minh", "till 2")
    again = staff.post(address, {})
    assert (again.status_code, again.json()["code"]) == (409, "paid_out_before")
    assert staff.get("/payments/pay-outs?owed=true").json()["results"] == []
    assert len(staff.get("/payments/pay-outs?owed=false").json()["results"]) == 1


@database
@pytest.mark.parametrize(
    ("body", "code"), [({"till": ""}, "invalid"), ({"till": "x" * 65}, "invalid"), ({"where": "till"}, "invalid")]
)
def test_what_is_no_till_is_refused(sign_in: Callable[..., Any], deliver: Deliver, body: Any, code: str) -> None:
    answer = sign_in(roles=("support",)).post(f"/payments/pay-outs/{cancelled(deliver).id}/paid", body)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert owed_at_the_till().count() == 1


@database
def test_nothing_is_handed_over_that_is_not_the_counters(sign_in: Callable[..., Any], deliver: Deliver) -> None:
    give_back(paid(deliver), amount=30_000)
    staff, refund = sign_in(roles=("support",)), GatewayOperation.objects.get(kind="refund")
    for id_ in (refund.id, uuid7()):
        for answer in (staff.get(f"/payments/pay-outs/{id_}"), staff.post(f"/payments/pay-outs/{id_}/paid", {})):
            assert (answer.status_code, answer.json()["code"]) == (404, "pay_out_not_found")
    with pytest.raises(IntegrityError, match="operations_paid_out_at_the_till"), transaction.atomic():
        GatewayOperation.objects.update(paid_out_at="2026-01-01T00:00Z")


@database
def test_nobody_hands_money_to_themselves_and_customers_see_no_list(
    sign_in: Callable[..., Any], deliver: Deliver
) -> None:
    owed, customer = cancelled(deliver), sign_in()
    assert customer.get("/payments/pay-outs").status_code == 403
    assert customer.post(f"/payments/pay-outs/{owed.id}/paid", {}).status_code == 403
    buyer = sign_in(roles=("customer", "support"), user_id=owed.payment.user_id)
    assert buyer.post(f"/payments/pay-outs/{owed.id}/paid", {}).json()["code"] == "own_purchase"


@database
def test_staff_are_told_that_it_is_owed_find_it_and_hand_it_over(client: Any, deliver: Deliver) -> None:
    owed = cancelled(deliver, "terminal")
    enter(client, "support")
    needs = client.get("/admin/payment/panels/needs/").content.decode()
    assert "sum that is owed at the till" in needs
    assert LIST in needs
    panels = f"/admin/payment/panels/bookings/{owed.payment.booking_id}"
    assert "Owed at the till" in client.get(f"{panels}/money/").content.decode()
    found = client.get(f"{LIST}?q={owed.payment.booking_reference}").content.decode()
    assert "185,000 VND" in found
    assert "Marquee Bến Thành" in found
    form = {"action": "pay_out", "_selected_action": str(owed.pk)}
    assert "Give back 185,000 VND by the card machine" in client.post(LIST, form).content.decode()
    assert owed_at_the_till().exists()
    number = client.post(LIST, form | {"seen": "yes", "till": "4111 1111 1111 1111"}).content.decode()
    assert "Card numbers are never sent here" in number
    done = client.post(LIST, form | {"seen": "yes", "till": "till 2"}, follow=True).content.decode()
    assert "185,000 VND: paid out." in done
    twice = client.post(LIST, form | {"seen": "yes", "till": ""}, follow=True).content.decode()
    assert "has handed this money over already" in twice
    assert "sum that is owed" not in client.get("/admin/payment/panels/needs/").content.decode()
    assert "till 2" in client.get(f"{panels}/money/").content.decode()
    assert "handed over by" in client.get(f"{panels}/steps/").content.decode()
    assert "185,000 VND" in client.get(f"{LIST}?q={owed.payment.booking_reference}").content.decode()
    assert "185,000 VND" not in client.get(LIST).content.decode()
    file = b"".join(client.get(f"{LIST}export.csv?owed=no").streaming_content).decode()
    assert owed.payment.booking_reference in file
    assert "till 2" in file


@database
def test_the_list_of_a_theater(client: Any, deliver: Deliver) -> None:
    places = [(uuid7(), reference) for reference in ("BENTHANH01", "HUE0000002")]
    sales = [paid(deliver, theater, reference=name, payment_method=by_staff()) for theater, name in places]
    enter(client, "manager")
    for sale in sales:
        give_back(sale)
    for sale in sales:
        series = ReceiptSeries.objects.get(theater_id=sale["theater_id"])
        found = client.get(f"{LIST}?series={series.id}").content.decode()
        assert [each["reference"] in found for each in sales] == [each is sale for each in sales]


def test_what_is_owed_is_read_off_its_index_however_much_was_given_back(
    long_history: None, client: Any, sign_in: Callable[..., Any]
) -> None:
    assert PayOut.objects.filter(PAID_OUT).count() > 200
    enter(client, "support")
    client.get("/admin/payment/panels/needs/")
    with costs() as made:
        assert 0 < len(list(owed_at_the_till().order_by("-id")[:101])) < 10
        list(owed_at_the_till().filter(paid_at([large_theater(1)], "payment__"))[:101])
    looked = [{node.get("Index Name") for node in cost.nodes} for cost in made]
    assert all("idx_operations_owed" in indexes for indexes in looked), looked
    staff = sign_in(("support",))
    assert_bounded(reads(staff, ["/payments/pay-outs", "/payments/pay-outs?owed=true"]), rows=1000)
    assert_bounded(reads(client, [LIST, f"{LIST}?owed=no"], wanted=5000), rows=2000)
