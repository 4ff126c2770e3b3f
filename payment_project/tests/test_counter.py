"""What staff sell at the counter: nobody is asked, the money has accounts of its own and goes back the same way."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from chassis.ids import nobodys_id, uuid7
from chassis.messaging.events import Event
from chassis.testing_staff import enter
from payments import gateways, takings, tasks
from payments.ledger import COUNTER, Account, Kind, Posting, booked, postings
from payments.models import GatewayOperation, Transaction
from payments.receipt_models import Receipt
from payments.takings_models import Takings
from tests.factories import ending_data
from tests.sales import give_back, paid, sold
from tests.together import payment_of

pytestmark = pytest.mark.django_db

Deliver = Callable[..., bool]
Emitted = Callable[..., list[Event]]
LINH = str(uuid7())
TOTAL = 185_000


def by_staff(method: str = "cash", **told: Any) -> dict[str, Any]:
    return {"counter": method, "sold_by": "linh", "sold_by_id": LINH, **told}


def at_the_counter(method: str = "cash", **told: Any) -> dict[str, Any]:
    return sold(user_id=nobodys_id(), payment_method=by_staff(method, **told))


def stands(booking: dict[str, Any]) -> dict[str, int]:
    """What the accounts of its ledger have."""
    sums: dict[str, int] = {}
    for line in Transaction.objects.filter(payment=payment_of(booking)):
        sums[line.account] = sums.get(line.account, 0) + line.amount
    return {account: amount for account, amount in sums.items() if amount}


def test_staff_read_the_slip_of_the_card_machine(deliver: Deliver, client: Any) -> None:
    enter(client, "support")
    booking = paid(deliver, user_id=nobodys_id(), payment_method=by_staff("terminal", slip="4711/12"))
    panel = client.get(f"/admin/payment/panels/bookings/{payment_of(booking).booking_id}/money/").content.decode()
    assert "4711/12" in panel
    assert payment_of(booking).capture_id not in panel


@pytest.mark.parametrize(("method", "account"), COUNTER.items())
def test_what_staff_took_is_captured_at_once_and_nobody_is_asked(
    deliver: Deliver, emitted: Emitted, settings: Any, method: str, account: Account
) -> None:
    settings.PAYMENT_GATEWAY_URL = "http://127.0.0.1:9"  # the discard port: nobody answers
    booking = paid(deliver, user_id=nobodys_id(), payment_method=by_staff(method, slip="4711/12"))
    assert stands(booking) == {"customer": -TOTAL, account: TOTAL}
    payment = payment_of(booking)
    assert (payment.provider, payment.authorization_id, payment.card_last4) == (method, "4711/12", "")
    assert set(GatewayOperation.objects.values_list("provider", "payment_token")) == {(method, "")}
    assert [told.type for told in emitted()] == ["payment.authorized", "payment.completed"]
    receipt = Receipt.objects.get()
    assert receipt.counter == {"method": method, "sold_by": "linh", "sold_by_id": LINH, "slip": "4711/12"}


def test_the_order_of_arrival_does_not_matter(deliver: Deliver) -> None:
    booking = at_the_counter()
    deliver("booking.confirmed", booking)
    deliver("booking.created", booking)
    assert stands(booking) == {"customer": -TOTAL, "till": TOTAL}
    assert Receipt.objects.get().counter["sold_by"] == "linh"


@pytest.mark.parametrize(
    "method",
    [
        {"counter": "cash"},
        {"counter": "cash", "sold_by": "linh"},
        by_staff("voucher"),
        by_staff(""),
        {"counter": "cash", "token": "tok_visa"},
        {"token": "counter:cash"},
        {"token": "cash"},
    ],
)
def test_what_nobody_of_staff_stands_for_pays_nothing(
    deliver: Deliver, emitted: Emitted, method: dict[str, Any]
) -> None:
    booking = sold(payment_method=method)
    deliver("booking.created", booking)
    assert payment_of(booking).status == "declined"
    (told,) = emitted()
    assert (told.type, told.data["final"], told.data["failure_code"]) == (
        "payment.failed",
        True,
        "unknown_payment_method",
    )
    assert not Transaction.objects.exists()


@pytest.mark.parametrize("method", [by_staff(), {"token": "counter:cash"}, {"token": "cash"}])
def test_a_customer_does_not_pay_at_the_counter_through_the_api(
    deliver: Deliver, sign_in: Callable[..., Any], method: dict[str, Any]
) -> None:
    customer = sign_in()
    booking = sold(user_id=customer.user_id, payment_method=None)
    deliver("booking.created", booking)
    body = {"booking_id": booking["booking_id"], "payment_method": method}
    answer = customer.post("/payments", body, headers={"Idempotency-Key": str(uuid7())})
    assert answer.status_code == 400
    assert payment_of(booking).status == "requires_payment_method"


def test_it_is_no_provider_of_new_money(settings: Any) -> None:
    settings.PAYMENT_PROVIDER = "cash"
    with pytest.raises(ImproperlyConfigured, match="There are: simulator"):
        gateways.check()
    assert not set(gateways.reporting()) & set(COUNTER)


def test_what_ends_unsold_is_not_kept(deliver: Deliver, emitted: Emitted) -> None:
    booking = at_the_counter()
    deliver("booking.created", booking)
    deliver("booking.rejected", ending_data(booking))
    assert payment_of(booking).status == "voided"
    assert stands(booking) == {}
    assert emitted()[-1].type == "payment.voided"


def test_it_goes_back_the_way_it_came_in_parts_and_whole(deliver: Deliver, emitted: Emitted) -> None:
    booking = paid(deliver, payment_method=by_staff())
    give_back(booking, amount=30_000)
    assert stands(booking) == {"customer": 30_000 - TOTAL, "till": TOTAL - 30_000}
    give_back(booking)
    assert stands(booking) == {}
    assert payment_of(booking).status == "refunded"
    assert {told.data["outside"] for told in emitted("payment.refunded")} == {"cash"}
    assert {note.counter["method"] for note in Receipt.objects.exclude(refund=None)} == {"cash"}


def test_the_takings_say_what_was_paid_in_cash_and_by_card_there(deliver: Deliver) -> None:
    in_cash = paid(deliver, payment_method=by_staff())
    paid(deliver, payment_method=by_staff("terminal"))
    paid(deliver)
    give_back(in_cash, amount=35_000)
    tasks.sum_up_takings()

    def sums() -> tuple[int, int, int]:
        rows = list(Takings.objects.all())
        return tuple(sum(getattr(row, name) for row in rows) for name in ("gross", "cash", "terminal"))  # type: ignore[return-value]

    assert sums() == (3 * TOTAL, TOTAL - 35_000, TOTAL)
    takings.rebuild()
    assert sums() == (3 * TOTAL, TOTAL - 35_000, TOTAL)


def test_staff_read_what_to_give_back_by_hand(deliver: Deliver, client: Any) -> None:
    enter(client, "manager")
    booking = paid(deliver, user_id=nobodys_id(), payment_method=by_staff())
    payment = payment_of(booking)
    panel = client.get(f"/admin/payment/panels/bookings/{payment.booking_id}/money/").content.decode()
    assert "in cash at the counter" in panel
    assert payment.authorization_id not in panel, "no slip, and no id in its place"
    steps = client.get(f"/admin/payment/panels/bookings/{payment.booking_id}/steps/").content.decode()
    assert "185,000 VND taken in cash at the counter" in steps
    asked = {"action": "refund", "_selected_action": str(payment.pk), "reason": "sorry", "amount": "35000", "kind": ""}
    asked |= {"key": str(uuid7())}
    seen = client.post("/admin/payment/payments/payment/", asked).content.decode()
    assert "Give back 35,000 VND in cash" in seen
    assert "Nothing is mailed: no address is known." in seen
    done = client.post("/admin/payment/payments/payment/", asked | {"seen": "yes"}, follow=True).content.decode()
    assert "Give back 35,000 VND in cash, and say so under pay-outs at the till." in done
    receipt = Receipt.objects.get()
    page = client.get(f"/admin/payment/payments/receipt/{receipt.pk}/change/").content.decode()
    assert "in cash at the counter, sold by linh" in page


@pytest.mark.parametrize("provider", ["simulator", "large", *COUNTER])
@pytest.mark.parametrize("kind", [Kind.AUTHORIZE, Kind.CAPTURE, Kind.VOID, Kind.REFUND])
def test_an_entry_stays_balanced_in_whichever_accounts_it_is_booked(kind: Kind, provider: str) -> None:
    lines = booked(postings(kind, 7), provider)
    assert sum(line.amount for line in lines) == 0
    taken = {line.account for line in lines} - {Account.CUSTOMER, Account.AUTHORIZED}
    assert taken <= {COUNTER.get(provider, Account.CASH)}
    assert all(isinstance(line, Posting) and line.kind is kind for line in lines)
