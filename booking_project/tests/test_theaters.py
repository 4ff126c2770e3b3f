"""Whoever is limited to theaters has no part in bookings, showtimes and promotions of others, by any door."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import test_staff_deeds as deeds
from django.test import Client
from django.utils import timezone
from factories import TARIFF, PromoCodeFactory, ScreenFactory, ShowtimeFactory
from rest_framework.test import APIClient

from bookings.counter_models import CounterSale
from bookings.models import Booking, BookingTransition, Customer, PromoCode, Promotion, PromoUse, Screen
from chassis.ids import uuid7
from chassis.storage.models import AuditRecord
from chassis.testing_staff import enter
from chassis.testing_theaters import (
    assert_deeds_stay_at_their_theater,
    assert_lists_show_their_theater_alone,
    assert_told_of_their_theater_alone,
    desk_pages,
    reads,
)

pytestmark = pytest.mark.django_db
# What everybody reads.
PUBLIC = {"GET /showtimes/{showtime_id}/seats", "GET /tickets/.well-known/jwks.json"}
# A script, and where a door gets its token; what it tells there is one of the deeds.
# Home is looked at below, as of today.
NOTHING_OF_A_THEATER = {"door_worker", "door_sync", "houses_panel", "desk_needs"}
OF_NO_THEATER: set[str] = set()


@pytest.fixture
def sold(bought: Callable[..., Booking]) -> Booking:
    """Of tonight, with a code, an address, and somebody who is still to be let in."""
    code = PromoCodeFactory(word="EVENING")
    booking = bought(0, 1, promo_code=code.word)
    Promotion.objects.update(theaters=[booking.showtime.theater_id])
    Customer.objects.create(user_id=booking.user_id, email="ada@example.com", as_of=booking.created_at)
    CounterSale.objects.create(
        booking=booking, method="cash", seller_id=uuid7(), seller="linh", sold_at=booking.created_at
    )
    return booking


def test_what_is_done_is_done_at_their_theater_alone(sold: Booking) -> None:
    by_api = {name: partial(_of, do, sold) for name, do in deeds.BY_API.items()}
    at_the_desk = deeds.BY_HAND | deeds.AT_THE_DESK | {"told by a door": told_by_a_door}
    by_hand = {name: partial(_of, do, sold) for name, do in at_the_desk.items()}
    assert_deeds_stay_at_their_theater(by_api, by_hand, theater=sold.showtime.theater_id)


def told_by_a_door(browser: Client, booking: Booking) -> Any:
    scan = {"id": str(uuid7()), "code": booking.reference, "at": timezone.now().isoformat()}
    there = f"/admin/booking/door/{booking.showtime_id}/sync/"
    return browser.post(there, {"scans": [scan]}, content_type="application/json")


def _of(do: Callable[[Any, Booking], Any], booking: Booking, client: Any) -> Any:
    return do(client, Booking.objects.get(id=booking.id))


def test_what_is_read_is_of_their_theater_alone(sold: Booking) -> None:
    showtime, promotion = sold.showtime, Promotion.objects.get()
    hall = ScreenFactory(theater_id=showtime.theater_id)
    below, promo = f"/bookings/{sold.id}", f"/promotions/{promotion.id}"
    by_api = {
        "GET /bookings": (f"/bookings?reference={sold.reference}", sold.reference),
        "GET /bookings by email": ("/bookings?email=ada@example.com", sold.reference),
        "GET /bookings by user": (f"/bookings?user_id={sold.user_id}", sold.reference),
        "GET /bookings/{booking_id}": (below, sold.reference),
        "GET /bookings/{booking_id}/cancellation": (f"{below}/cancellation", "refund"),
        "GET /bookings/{booking_id}/history": (f"{below}/history", "CONFIRMED"),
        "GET /promotions": ("/promotions", promotion.name),
        "GET /promotions/{promotion_id}": (promo, promotion.name),
        "GET /promotions/{promotion_id}/codes": (f"{promo}/codes", "EVENING"),
        "GET /promotions:export": ("/promotions:export?format=csv", promotion.name),
        "GET /promotions/{promotion_id}/uses": (f"{promo}/uses", sold.reference),
        "GET /showtimes/{showtime_id}/seats/in-screen/{screen_id}": (
            f"/showtimes/{showtime.id}/seats/in-screen/{hall.id}",
            "bookings",
        ),
        "GET /showtimes/{showtime_id}/tickets/revoked": (f"/showtimes/{showtime.id}/tickets/revoked", "revoked"),
    }
    assert {" ".join(name.split()[:2]) for name in by_api} | PUBLIC == reads()
    root, day = "/admin/booking", f"day={showtime.starts_at.astimezone(ZoneInfo(showtime.time_zone)):%Y-%m-%d}"
    first = showtime.starts_at.date() - timedelta(days=2)
    days = f"by=theater&first={first}&last={first + timedelta(days=4)}"
    by_hand = {
        "tonight": (f"{root}/tonight/?{day}", showtime.theater_name),
        "tonight_panel": (f"{root}/panels/tonight/?{day}", str(showtime.id)),
        "occupancy_panel": (f"{root}/panels/occupancy/?{days}", showtime.theater_name),
        "occupancy_file": (f"{root}/occupancy/export.csv?{days}", showtime.theater_name),
        "showtime_map": (f"{root}/showtimes/{showtime.id}/map/", sold.reference),
        "counter_sale": (f"{root}/showtimes/{showtime.id}/counter/?seat={deeds.free_seat(sold)}", showtime.movie_title),
        "counter_sold": (f"{root}/bookings/{sold.id}/counter/", sold.reference),
        "counter_panel": (f"{root}/panels/counter/{sold.id}/", "Sold"),
        "paper_tickets": (f"{root}/bookings/{sold.id}/tickets/", "never"),
        "doors": (f"{root}/door/?{day}", showtime.theater_name),
        "door": (f"{root}/door/{showtime.id}/", showtime.movie_title),
        "door_check_in": (f"{root}/door/{showtime.id}/check-in/", "never"),
        "door_codes": (f"{root}/door/{showtime.id}/codes/", "codes"),
        "booking_whole": (f"{root}/bookings/{sold.id}/whole/", sold.reference),
        "booking_exchange": (f"{root}/bookings/{sold.id}/exchange/", sold.reference),
        "customer_bookings_panel": (f"{root}/panels/customers/{sold.user_id}/bookings/", sold.reference),
        "desk_search": (f"{root}/panels/search/?q={sold.reference}", f"{sold.id}/whole"),
    }
    assert by_hand.keys() | NOTHING_OF_A_THEATER == desk_pages()
    by_hand |= {
        "another screen": (f"{root}/bookings/showtime/{showtime.id}/screen/", showtime.movie_title),
        "codes": (f"{root}/bookings/promotion/{promotion.id}/codes/", promotion.name),
        "import": (f"{root}/bookings/promotion/import/?of={promotion.id}", promotion.name),
        "places": (f"{root}/bookings/promotion/import/", promotion.name),
        "filter": (f"{root}/bookings/promocode/", promotion.name),
        "export": (f"{root}/bookings/booking/export.csv", sold.reference),
    }
    assert_told_of_their_theater_alone(by_api, by_hand, theater=showtime.theater_id)


def test_home_tells_of_their_theater_alone(hold: Callable[..., Booking], let_hold_end: Callable[..., None]) -> None:
    booking = hold(0)
    showtime = booking.showtime
    let_hold_end(booking)
    Booking.objects.update(hold_expires_at=timezone.now() - timedelta(minutes=5))
    showtime.time_zone, showtime.starts_at = "UTC", timezone.now()
    showtime.save()
    panels = "/admin/booking/panels"
    told = {"houses": (f"{panels}/houses/", showtime.theater_name), "needs": (f"{panels}/needs/", "not swept")}
    assert_told_of_their_theater_alone({}, told, theater=showtime.theater_id)


def test_lists_are_of_their_theater_alone(sold: Booking) -> None:
    rows = [
        *(sold, sold.showtime, Screen.objects.get(id=sold.showtime.screen_id)),
        *(BookingTransition.objects.first(), Promotion.objects.get(), PromoCode.objects.get(), PromoUse.objects.get()),
    ]
    Screen.objects.update(theater_id=sold.showtime.theater_id)
    assert_lists_show_their_theater_alone(rows, of_none=OF_NO_THEATER, theater=sold.showtime.theater_id)


def test_what_somebody_of_staff_bought_themselves_is_theirs_wherever_it_is(
    sign_in: Callable[..., APIClient], sold: Booking
) -> None:
    clerk = sign_in(roles=("customer", "support"), user_id=sold.user_id, theaters=[str(uuid7())])
    assert clerk.get(f"/bookings/{sold.id}").status_code == 200
    for query in ("", f"?user_id={sold.user_id}", f"?reference={sold.reference}"):
        assert len(clerk.get(f"/bookings{query}").json()["results"]) == 1


def test_what_is_not_sold_online_is_sold_by_those_of_the_theater(sign_in: Callable[..., APIClient]) -> None:
    showtime = ShowtimeFactory(tariff=TARIFF)
    wanted = {"quantity": {"crew": 1}}
    for theater, status in ((showtime.theater_id, 200), (uuid7(), 400)):
        clerk = sign_in(roles=("support",), theaters=[str(theater)])
        assert clerk.post(f"/showtimes/{showtime.id}/quote", wanted).status_code == status


def test_seats_of_another_theater_are_not_held_in_exchange(sign_in: Callable[..., APIClient], sold: Booking) -> None:
    other = ShowtimeFactory(movie_id=sold.showtime.movie_id)
    clerk = sign_in(roles=("support",), theaters=[str(sold.showtime.theater_id)], amr=["pwd", "otp"])
    wanted = {"showtime_id": str(other.id), "quantity": 1, "reason": "the lift failed"}
    answer = clerk.post(f"/bookings/{sold.id}/exchange", wanted)
    assert (answer.status_code, answer.json()["code"]) == (403, "other_theater")


def test_a_promotion_of_theirs_is_for_theaters_of_theirs(sign_in: Callable[..., APIClient], sold: Booking) -> None:
    theater, promotion = sold.showtime.theater_id, Promotion.objects.get()
    manager = sign_in(roles=("manager",), theaters=[str(theater)])
    for theaters in ([], [str(uuid7())], [str(theater), str(uuid7())]):
        added = manager.post("/promotions", {**deeds.PROMOTION, "theaters": theaters})
        changed = manager.patch(f"/promotions/{promotion.id}", {"theaters": theaters})
        assert {added.json()["code"], changed.json()["code"]} == {"other_theater"}
    assert manager.patch(f"/promotions/{promotion.id}", {"theaters": [str(theater)]}).status_code == 200


def test_of_the_log_somebody_limited_reads_what_they_did_themselves(client: Client, sold: Booking) -> None:
    account = enter(client, "support", username="linh", theaters=frozenset({sold.showtime.theater_id}))
    for actor_id, name in ((account, "linh"), (uuid7(), "linh"), (uuid7(), "somebody.elsewhere")):
        AuditRecord.objects.create(
            actor_id=str(actor_id), actor_name=name, door="api", action="x.done", subject_type="x", words="x"
        )
    page = client.get("/admin/booking/chassis/auditrecord/")
    assert [entry.actor_id for entry in page.context["cl"].result_list] == [str(account)]
    assert "somebody.elsewhere" not in page.content.decode()
    enter(client, "support", username="linh")
    assert "somebody.elsewhere" in client.get("/admin/booking/chassis/auditrecord/").content.decode()
