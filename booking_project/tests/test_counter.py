"""Selling at the counter: the lines and the total first, then a booking that staff were paid for, once."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils.html import strip_tags
from factories import TARIFF, PromoCodeFactory, ShowtimeFactory, seat_ids
from hypothesis import given
from hypothesis import strategies as st
from money import authorise, capture, told

from bookings.counter_models import CounterSale
from bookings.counter_rules import MOST_SEATS, NotEnoughHanded, change
from bookings.handlers import HANDLERS
from bookings.inventory import seat_statuses
from bookings.models import Booking, Showtime
from chassis.ids import is_nobodys, uuid7
from chassis.messaging.inbox import receive_all
from chassis.storage.models import AuditRecord
from chassis.testing_staff import enter

pytestmark = pytest.mark.django_db

Sell = Callable[..., Any]


@pytest.fixture
def showtime(db: None) -> Showtime:
    return ShowtimeFactory(tariff=TARIFF)


@pytest.fixture
def linh(client: Client) -> Client:
    client.account_id = enter(client, "support", username="linh")
    return client


def counter_of(showtime: Showtime) -> str:
    return f"/admin/booking/showtimes/{showtime.id}/counter/"


def seats_of(showtime: Showtime, *places: int) -> list[str]:
    return [str(seat_ids(showtime)[place]) for place in places]


@pytest.fixture
def sell(linh: Client, showtime: Showtime) -> Sell:
    """sell(0, 1, handed="250000") → the answer to the sale of the first two seats, for what the page says."""

    def send(*places: int, types: tuple[str, ...] = (), **told: Any) -> Any:
        asked = {"seat": seats_of(showtime, *places)}
        asked |= {f"type_{seat}": code for seat, code in zip(asked["seat"], types, strict=False)}
        asked |= {name: told.pop(name) for name in ("promo_code",) if name in told}
        form = linh.get(counter_of(showtime), asked).context["form"]
        said = {name: str(form.get_initial_for_field(field, name)) for name, field in form.fields.items()}
        kept = {name: said[name] for name in ("method", "total", "key")}
        return linh.post(counter_of(showtime), {**asked, **kept, **told})

    return send


def words_of(answer: Any) -> str:
    assert answer.status_code == 200
    return " ".join(strip_tags(answer.content.decode().replace("><", "> <")).split())


def sold_page(booking: Booking) -> str:
    return f"/admin/booking/bookings/{booking.id}/counter/"


@given(total=st.integers(0, 2**53), more=st.integers(0, 2**53))
def test_what_is_handed_over_is_the_total_and_the_change(total: int, more: int) -> None:
    assert total + change(total, total + more) == total + more
    assert change(total, None) == 0
    with pytest.raises(NotEnoughHanded):
        change(total + more + 1, total)


def test_the_page_says_lines_and_total_by_the_types_of_the_tickets(linh: Client, showtime: Showtime) -> None:
    adult, child = seats_of(showtime, 0, 1)
    said = words_of(linh.get(counter_of(showtime), {"seat": [adult, child], f"type_{child}": "child"}))
    assert "Total 195,000 VND" in said
    assert "Booking fee 5,000 VND" in said
    page = linh.get(counter_of(showtime), {"seat": [adult]}).content.decode()
    assert '<option value="crew">Crew</option>' in page


def test_a_sale_for_cash_is_an_ordinary_hold_that_names_who_was_paid(
    sell: Sell, linh: Any, showtime: Showtime, emitted: Any
) -> None:
    answer = sell(0, 1, handed="300000")
    booking = Booking.objects.get()
    assert (answer.status_code, answer.headers["Location"]) == (302, sold_page(booking))
    assert (booking.status, booking.total_amount, booking.with_card) == ("PENDING", 225_000, True)
    assert is_nobodys(booking.user_id)
    (created,) = emitted("booking.created")
    by_staff = {"counter": "cash", "sold_by": "linh", "sold_by_id": str(linh.account_id)}
    assert created.data["payment_method"] == by_staff
    said = AuditRecord.objects.get(action="booking.sold_at_the_counter")
    assert (said.actor_name, said.subject_id, said.door) == ("linh", str(booking.id), "admin")
    assert said.after == {"seats": "A1, A2", "method": "cash", "total": "225,000 VND", "slip": None}
    assert "Being sold…" in words_of(linh.get(sold_page(booking)))
    authorise(booking.id)
    capture(booking.id)
    sold = words_of(linh.get(sold_page(booking)))
    assert "Sold: A1, A2" in sold
    assert "Handed over 300,000 VND Change 75,000 VND" in sold
    whole = linh.get(f"/admin/booking/bookings/{booking.id}/whole/").content.decode()
    assert "in cash, by linh" in whole
    assert "No account, and no address" in whole
    assert "seats held, by staff at the counter" in whole
    assert "/admin/auth/customers/" not in whole
    printed = linh.post(f"/admin/booking/bookings/{booking.id}/tickets/")
    assert printed.content.decode().count("paper-ticket") >= 2


def test_a_sale_by_the_card_machine_keeps_the_number_of_its_slip(sell: Sell, emitted: Any) -> None:
    sell(0, method="terminal", slip="0042/7", handed="999999")
    sale = CounterSale.objects.get()
    assert (sale.method, sale.slip, sale.handed_amount, sale.seller) == ("terminal", "0042/7", None, "linh")
    assert emitted("booking.created")[0].data["payment_method"]["slip"] == "0042/7"


def test_the_same_form_again_is_the_same_booking(linh: Client, showtime: Showtime, emitted: Any) -> None:
    asked = {"seat": seats_of(showtime, 0), "method": "cash", "total": "115000", "key": str(uuid7())}
    first, again = (linh.post(counter_of(showtime), asked) for _ in range(2))
    assert first.headers["Location"] == again.headers["Location"]
    assert len(emitted("booking.created")) == CounterSale.objects.count() == 1
    other = linh.post(counter_of(showtime), {**asked, "seat": seats_of(showtime, 4)}, follow=True)
    assert "This page has sold something already" in words_of(other)
    assert Booking.objects.count() == 1


def test_what_costs_nothing_is_sold_without_being_paid(sell: Sell, linh: Client, showtime: Showtime) -> None:
    Showtime.objects.filter(id=showtime.id).update(tariff={**TARIFF, "fees": []}, revision=2)
    page = linh.get(counter_of(showtime), {"seat": seats_of(showtime, 0), f"type_{seats_of(showtime, 0)[0]}": "crew"})
    assert "Handed over" not in words_of(page)
    sell(0, types=("crew",))
    booking = Booking.objects.get()
    assert (booking.total_amount, booking.with_card) == (0, False)


def test_a_promo_code_counts_as_for_anybody(sell: Sell, linh: Client, showtime: Showtime) -> None:
    PromoCodeFactory(word="QUIET", promotion__value=50)
    sell(0, promo_code="quiet")
    assert Booking.objects.get().total_amount == 70_000
    wrong = words_of(linh.get(counter_of(showtime), {"seat": seats_of(showtime, 4), "promo_code": "loud"}))
    assert "Total 115,000 VND" in wrong


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"handed": "1000"}, "That is less than the total."),
        ({"handed": "115000.5"}, "VND has 0 decimals."),
        ({"handed": "-1"}, "greater than or equal to 0"),
        ({"handed": "lots"}, "Enter a number."),
        ({"method": "voucher"}, "Select a valid choice."),
        ({"method": ""}, "This field is required."),
        ({"method": "terminal", "slip": "4242424242424242"}, "at most 11 characters"),
        ({"slip": "a b"}, "Enter a valid value."),
        ({"email": "nobody"}, "Enter a valid email address."),
        ({"email": "linh@example.org"}, "The address cannot be kept at the moment"),
        ({"key": "1"}, "Enter a valid UUID."),
        ({"total": "115001"}, "The seats cost something else by now"),
        ({"total": "0"}, "The seats cost something else by now"),
        ({"total": str(2**60)}, "Total 115,000 VND"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_half_done(
    linh: Client, showtime: Showtime, settings: Any, form: dict[str, str], said: str
) -> None:
    settings.AUTH_URL = "http://127.0.0.1:9"  # the discard port: nobody answers
    asked = {"seat": seats_of(showtime, 0), "method": "cash", "total": "115000", "key": str(uuid7()), **form}
    page = words_of(linh.post(counter_of(showtime), asked))
    assert said in page
    assert "Sell for 115,000 VND" in page
    assert not Booking.objects.exists()
    assert not CounterSale.objects.exists()
    assert seat_statuses(showtime.id) == {}
    again = linh.post(counter_of(showtime), {**asked, "method": "cash", "total": "115000", "key": str(uuid7())})
    assert form.keys() & {"handed", "email", "slip"} or again.status_code == 302


def test_a_seat_that_went_in_between_is_named_on_the_map(
    sell: Sell, linh: Client, hold: Any, showtime: Showtime
) -> None:
    hold(1)
    said = words_of(linh.get(sell(0, 1).headers["Location"]))
    assert "A seat is held or sold already: A2." in said
    assert Booking.objects.count() == 1
    assert not AuditRecord.objects.exists()


def test_so_many_seats_are_sold_at_once_and_no_more(linh: Client, sell: Sell, showtime: Showtime) -> None:
    sell(*range(MOST_SEATS))
    assert Booking.objects.get().seats.count() == MOST_SEATS
    more = linh.get(counter_of(showtime), {"seat": seats_of(showtime, *range(MOST_SEATS + 1))}, follow=True)
    assert "At most 20 seats are sold at once" in words_of(more)
    none = linh.get(counter_of(showtime), follow=True)
    assert "Choose the seats first." in words_of(none)


def test_many_holds_of_staff_are_many_customers(sell: Sell, showtime: Showtime) -> None:
    for place in range(8):
        assert sell(place).status_code == 302
    assert Booking.objects.filter(status="PENDING").values("user_id").distinct().count() == 8


def test_what_is_not_sold_in_the_end_says_what_to_give_back(sell: Sell, linh: Client) -> None:
    sell(0)
    booking = Booking.objects.get()
    failed = told("payment.failed", booking.id, stage="authorise", final=True, failure_code="unknown_payment_method")
    receive_all([failed], HANDLERS)
    said = words_of(linh.get(f"/admin/booking/panels/counter/{booking.id}/?asked=3"))
    assert "Not sold: failed. Give back 115,000 VND in cash." in said


def test_a_sale_that_takes_long_says_where_it_is_seen(sell: Sell, linh: Client) -> None:
    sell(0)
    panel = f"/admin/booking/panels/counter/{Booking.objects.get().id}/"
    asked = linh.get(f"{panel}?asked=1", headers={"HX-Request": "true"}).content.decode()
    assert f'hx-get="{panel}?asked=2"' in asked
    for looks in ("30", "x", "9" * 99):
        assert "It takes longer than it should" in words_of(linh.get(f"{panel}?asked={looks}"))


def test_a_cancellation_by_staff_says_what_to_give_back(client: Client, sell: Sell) -> None:
    sell(0)
    booking = Booking.objects.get()
    authorise(booking.id)
    capture(booking.id)
    enter(client, "manager", by_code=True)
    asked = {"action": "cancel", "_selected_action": [str(booking.id)]}
    page = client.post("/admin/booking/bookings/booking/", asked).content.decode()
    assert "What the customer will read" not in page
    done = client.post("/admin/booking/bookings/booking/", {**asked, "reason": "ill", "message": ""}, follow=True)
    assert "Give back 115,000 VND in cash." in words_of(done)


def test_whoever_may_not_sell_does_not(client: Client, bought: Any, showtime: Showtime) -> None:
    enter(client, "support")
    booking = bought(0)
    Permission.objects.get(codename="sell_booking").group_set.clear()
    for path in (counter_of(showtime), sold_page(booking), f"/admin/booking/panels/counter/{booking.id}/"):
        assert client.get(path).status_code == 403
    form = {"seat": seats_of(showtime, 1), "what": "sell"}
    assert client.post(f"/admin/booking/showtimes/{showtime.id}/map/", form).status_code == 403
    assert b"Sell the chosen seats" not in client.get(f"/admin/booking/showtimes/{showtime.id}/map/").content


def test_the_map_leads_to_the_counter_with_the_chosen_seats(linh: Client, showtime: Showtime) -> None:
    chosen = {"what": "sell", "seat": [*seats_of(showtime, 2), "x"], "until": "soon"}
    page = linh.post(f"/admin/booking/showtimes/{showtime.id}/map/", chosen, follow=True)
    assert "A3" in words_of(page)
    assert page.redirect_chain[0][0] == f"{counter_of(showtime)}?seat={seats_of(showtime, 2)[0]}"


def test_a_booking_of_anybody_else_is_no_sale_of_the_counter(linh: Client, bought: Any) -> None:
    assert linh.get(sold_page(bought(0))).status_code == 404


@pytest.mark.parametrize(
    "method",
    [
        {"counter": "cash", "sold_by": "linh", "sold_by_id": str(uuid7())},
        {"token": "tok_visa", "counter": "cash"},
        {"token": "counter:cash"},
    ],
)
def test_a_customer_names_no_way_to_pay_of_the_counter(
    sign_in: Callable[..., Any], showtime: Showtime, method: dict[str, str]
) -> None:
    answer = sign_in().post(
        "/bookings",
        {"showtime_id": str(showtime.id), "seat_ids": seats_of(showtime, 0), "payment_method": method},
    )
    assert answer.status_code == 400
    assert not Booking.objects.exists()
