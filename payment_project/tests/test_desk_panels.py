"""The desk's panels of money."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from chassis import testing_staff
from chassis.ids import uuid7
from chassis.messaging.dead_letters import DeadLetters
from payments import tasks
from payments.models import GatewayOperation, Payment
from tests.factories import PaymentFactory, booking_data, gift_card
from tests.sales import documents, give_back, paid
from tests.together import payment_of

pytestmark = pytest.mark.django_db
PANELS = "/admin/payment/panels"
Deliver = Callable[..., bool]


@pytest.fixture
def support(client: Client) -> Client:
    testing_staff.enter(client, "support", username="linh")
    return client


@pytest.fixture
def manager(client: Client) -> Client:
    testing_staff.enter(client, "manager", username="mai")
    return client


def read(browser: Client, path: str) -> str:
    answer = browser.get(f"{PANELS}/{path}", headers={"HX-Request": "true"})
    assert answer.status_code == 200, (path, answer.status_code)
    return answer.content.decode()


def test_a_bookings_money_says_what_became_of_it_and_leads_to_what_staff_may_do(
    support: Client, deliver: Deliver
) -> None:
    booking = paid(deliver)
    give_back(booking, amount=5_000)
    page = read(support, f"bookings/{booking['booking_id']}/money/")
    for said in (
        "185,000 VND",
        "5,000 VND",
        "ending in 4242",
        "asked for by linh: sorry",
        documents(booking)[0].number,
    ):
        assert said in page, said
    assert 'value="refund"' in page
    assert 'value="try_again"' not in page  # the gateway refused nothing
    Payment.objects.update(attention="refund_refused")
    assert 'value="try_again"' in read(support, f"bookings/{booking['booking_id']}/money/")
    assert "No payment." in read(support, f"bookings/{uuid7()}/money/")


def test_the_button_leads_to_the_page_that_asks_how_much_and_why(client: Client, deliver: Deliver) -> None:
    testing_staff.enter(client, "support")
    booking = paid(deliver)
    chosen = {"action": "refund", "_selected_action": str(payment_of(booking).id)}
    page = client.post("/admin/payment/payments/payment/", chosen).content.decode()
    assert "What is left of these payments" in page


def test_each_step_of_the_money_is_said_in_words_with_its_moment(support: Client, deliver: Deliver) -> None:
    booking = paid(deliver)
    give_back(booking, amount=5_000)
    page = read(support, f"bookings/{booking['booking_id']}/steps/?zone=Asia/Ho_Chi_Minh")
    said = (
        "185,000 VND reserved on the card",
        "185,000 VND taken",
        "linh asked to give 5,000 VND back",
        "5,000 VND given back",
    )
    places = [page.index(each) for each in said]
    assert places == sorted(places)
    assert "receipt R" in page
    operation = GatewayOperation.objects.order_by("id")[0]
    assert f'datetime="{operation.finished_at.isoformat()}"' in page
    for zone in ("Nowhere/Atall", "../../etc/passwd", "America", ""):
        assert "taken" in read(support, f"bookings/{booking['booking_id']}/steps/?zone={zone}")


def test_what_was_refused_and_what_is_not_known_is_told_apart(support: Client, deliver: Deliver) -> None:
    declined = booking_data(payment_method={"token": "tok_insufficient_funds"})
    deliver("booking.created", declined)
    page = read(support, f"bookings/{declined['booking_id']}/steps/")
    assert "refused to reserve it on the card" in page
    assert "insufficient funds" in page
    GatewayOperation.objects.update(state="pending", finished_at=None, attempts=3)
    assert "asked 3 times, no answer yet" in read(support, f"bookings/{declined['booking_id']}/steps/")


def test_somebodys_money_leads_to_each_booking(support: Client, deliver: Deliver) -> None:
    booking = paid(deliver)
    page = read(support, f"customers/{booking['user_id']}/money/")
    assert f"/admin/booking/bookings/{booking['booking_id']}/whole/" in page
    assert documents(booking)[0].number in page
    assert "Nothing was paid" in read(support, f"customers/{uuid7()}/money/")


def test_the_takings_of_today_are_those_of_the_theaters_own_day(
    manager: Client, deliver: Deliver, django_assert_max_num_queries: Callable[..., object]
) -> None:
    assert "Nothing was taken today" in read(manager, "takings-today/")
    give_back(paid(deliver), amount=5_000)
    paid(deliver, theater=uuid7())
    tasks.sum_up_takings()
    with django_assert_max_num_queries(5):
        page = " ".join(read(manager, "takings-today/").split())
    cells = re.findall(r"<td[^>]*>([^<]+)</td>", page)
    assert ["2", "185,000 VND", "5,000 VND", "180,000 VND"] in (cells[:4], cells[4:])
    assert page.count("Marquee Bến Thành") == 2


def test_a_payment_is_found_by_its_booking_and_by_the_gateways_id_and_a_gift_card_by_its_end(
    support: Client, deliver: Deliver
) -> None:
    booking = paid(deliver)
    payment, (card, _) = payment_of(booking), gift_card()
    whole = f"/admin/booking/bookings/{booking['booking_id']}/whole/"
    for term in (payment.booking_reference, payment.authorization_id, payment.capture_id, str(payment.id)):
        assert read(support, f"search/?q={term}").count(whole) == 1, term
    assert f"/admin/payment/payments/giftcard/{card.id}/change/" in read(support, f"search/?q={card.last4}")
    assert "Nothing." in read(support, "search/?q=ch_nothing")


def test_what_needs_somebody_is_counted_and_leads_to_its_list(
    support: Client, deliver: Deliver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DeadLetters, "counts", lambda _: {"payment.dead": 0})
    assert "Nothing waits" in read(support, "needs/")
    PaymentFactory(attention="refund_refused")
    deliver("booking.created", booking_data(payment_method={"token": "tok_visa"}))
    GatewayOperation.objects.update(state="pending", created_at=timezone.now() - timedelta(hours=1))
    page = read(support, "needs/")
    for said in ("1</strong> payment that the gateway refused", "1</strong> payment of unknown outcome"):
        assert said in page
    for address in ("payment/?attention__isempty=0", "gatewayoperation/?state__exact=pending"):
        assert f"/admin/payment/payments/{address}" in page
        assert support.get(f"/admin/payment/payments/{address}").status_code == 200
