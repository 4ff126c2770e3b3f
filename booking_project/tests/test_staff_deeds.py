"""Everything that staff can do here is on record: who did it, and what it was before."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from factories import PromotionFactory, ShowtimeFactory, seat_ids
from money import authorise, capture
from rest_framework.test import APIClient

from bookings import blocks
from bookings.models import Booking, Promotion, Screen
from chassis.codes import new_code
from chassis.ids import uuid7
from chassis.storage.models import AuditRecord
from chassis.testing_deeds import deeds_of_everybody, leaving_a_record, staff_deeds
from chassis.testing_staff import enter
from chassis.web.staff import local_user

pytestmark = pytest.mark.django_db

BASE = "/admin/booking/bookings"
REASON = {"reason": "note among colleagues", "message": "We are sorry."}
# Staff buy as everybody does, for themselves; what they alone may book is on record, as test_tariffs.py shows.
OF_CUSTOMERS = {
    *("POST /bookings", "POST /bookings/{booking_id}/extend", "POST /showtimes/{showtime_id}/quote"),
    *("POST /bookings/{booking_id}/accept-change", "POST /bookings/{booking_id}/exchange/quote"),
    *("POST /bookings/{booking_id}/give-back", "POST /bookings/{booking_id}/give-back/quote"),
}


ONLY_READ = {"screen showtime"}


PROMOTION = {"name": "Quiet evenings", "label": "Quiet evening", "off": "percent", "value": 10}


def promotion_of(booking: Booking) -> Promotion:
    return PromotionFactory(theaters=[booking.showtime.theater_id])


def a_promotion(booking: Booking) -> str:
    return f"/promotions/{promotion_of(booking).pk}"


def added(booking: Booking) -> dict[str, object]:
    return {**PROMOTION, "theaters": [str(booking.showtime.theater_id)]}


def blocked(booking: Booking) -> str:
    return f"/showtimes/{booking.showtime_id}/seats/blocked"


def free_seat(booking: Booking) -> str:
    return str(seat_ids(booking.showtime)[-1])


def put_back(api: APIClient, booking: Booking) -> Any:
    seat = free_seat(booking)
    blocks.block_seats(showtime_id=booking.showtime_id, seat_ids=[seat_ids(booking.showtime)[-1]])
    return api.delete(blocked(booking), {"seat_ids": [seat]})


def change_seats(api: APIClient, booking: Booking) -> Any:
    changes = [{"leaves": str(seat_ids(booking.showtime)[0]), "gets": free_seat(booking)}]
    return api.post(f"/bookings/{booking.id}/seats", {"changes": changes, "reason": "broken"})


def let_in(api: APIClient, booking: Booking) -> Any:
    wanted = {"ticket": booking.ticket, "showtime_id": str(booking.showtime_id), "door": "Hall 1, left"}
    return api.post("/tickets/check-in", wanted)


def cancel(browser: Client, booking: Booking) -> Any:
    return browser.post(f"{BASE}/booking/", {"action": "cancel", ACTION_CHECKBOX_NAME: [str(booking.id)], **REASON})


def exchange(api: APIClient, booking: Booking) -> Any:
    screen = Screen.objects.get(id=booking.showtime.screen_id)
    theater = booking.showtime.theater_id
    other = ShowtimeFactory(screen=screen, movie_id=booking.showtime.movie_id, theater_id=theater)
    return api.post(
        f"/bookings/{booking.id}/exchange", {"showtime_id": str(other.id), "quantity": 1, "reason": "the lift failed"}
    )


def change_promotion(browser: Client, booking: Booking) -> Any:
    there = f"{BASE}/promotion/{promotion_of(booking).pk}/change/"
    return browser.post(there, {**added(booking), "min_tickets": 2, "label": "Another label"})


def stop_promotions(browser: Client, booking: Booking) -> Any:
    chosen = {"action": "stop", ACTION_CHECKBOX_NAME: [str(promotion_of(booking).pk)], "sure": "yes"}
    return browser.post(f"{BASE}/promotion/", chosen)


def add_word(browser: Client, booking: Booking) -> Any:
    return browser.post(f"{BASE}/promotion/{promotion_of(booking).pk}/codes/", {"word": "quiet", "most_uses": 5})


def bring_vouchers(api: APIClient, booking: Booking) -> Any:
    file = f"code\n{new_code()}".encode()
    return api.generic("POST", f"{a_promotion(booking)}/vouchers:import", file, content_type="text/csv")


def bring_vouchers_by_hand(browser: Client, booking: Booking) -> Any:
    there = f"{BASE}/promotion/import/?of={promotion_of(booking).pk}"
    looked = browser.post(there, {"file": SimpleUploadedFile("x.csv", f"code\n{new_code()}".encode())})
    return browser.post(there, {"do": looked.context.get("kept", "")}) if looked.context else looked


def block(browser: Client, booking: Booking) -> Any:
    return on_the_map(browser, booking, "block", free_seat(booking))


def move(browser: Client, booking: Booking) -> Any:
    leaves, gets = f"{seat_ids(booking.showtime)[0]}.{booking.id}", f"{free_seat(booking)}.available"
    return on_the_map(browser, booking, "move", leaves, gets)


def sell(browser: Client, booking: Booking) -> Any:
    there = f"/admin/booking/showtimes/{booking.showtime_id}/counter/"
    asked = browser.get(there, {"seat": free_seat(booking)})
    # Whoever is not shown the form sends one all the same.
    form = asked.context["form"].initial if asked.context else {"method": "cash", "total": 0, "key": uuid7()}
    return browser.post(there, {"seat": free_seat(booking), **form})


def on_the_map(browser: Client, booking: Booking, what: str, *seats: str) -> Any:
    wanted = {"what": what, "seat": seats, "reason": "broken"}
    return browser.post(f"/admin/booking/showtimes/{booking.showtime_id}/map/", wanted)


def check_in_at_the_door(browser: Client, booking: Booking) -> Any:
    there = f"/admin/booking/door/{booking.showtime_id}/check-in/"
    return browser.post(there, {"code": booking.ticket}, content_type="application/json")


BY_API: dict[str, Callable[[APIClient, Booking], Any]] = {
    "POST /bookings/{booking_id}/exchange": exchange,
    "POST /bookings/{booking_id}/seats": change_seats,
    "DELETE /bookings/{booking_id}": lambda api, booking: api.delete(f"/bookings/{booking.id}", REASON),
    "POST /showtimes/{showtime_id}/seats/blocked": lambda api, booking: api.post(
        blocked(booking), {"seat_ids": [free_seat(booking)]}
    ),
    "DELETE /showtimes/{showtime_id}/seats/blocked": put_back,
    "POST /tickets/check-in": let_in,
    "POST /promotions": lambda api, booking: api.post("/promotions", added(booking)),
    "PATCH /promotions/{promotion_id}": lambda api, booking: api.patch(a_promotion(booking), {"value": 20}),
    "DELETE /promotions/{promotion_id}": lambda api, booking: api.delete(a_promotion(booking)),
    "POST /promotions/{promotion_id}/codes": lambda api, booking: api.post(
        f"{a_promotion(booking)}/codes", {"word": "QUIET"}
    ),
    "POST /promotions/{promotion_id}/vouchers": lambda api, booking: api.post(
        f"{a_promotion(booking)}/vouchers", {"count": 2}
    ),
    "POST /promotions/{promotion_id}/vouchers:import": bring_vouchers,
}
BY_HAND: dict[str, Callable[[Client, Booking], Any]] = {
    "cancel booking": cancel,
    "add promotion": lambda browser, booking: browser.post(
        f"{BASE}/promotion/add/", {**added(booking), "min_tickets": 1}
    ),
    "change promotion": change_promotion,
    "stop promotion": stop_promotions,
    "codes promotion": add_word,
    "import_vouchers promotion": bring_vouchers_by_hand,
}


# What the pages of the desk do, which belong to no table.
AT_THE_DESK: dict[str, Callable[[Client, Booking], Any]] = {
    "block seats": block,
    "move a booking": move,
    "sell at the counter": sell,
    "print tickets": lambda browser, booking: browser.post(f"/admin/booking/bookings/{booking.id}/tickets/"),
    "let in by hand": lambda browser, booking: browser.post(
        f"/admin/booking/door/{booking.showtime_id}/", {"code": booking.reference}
    ),
    "let in by a script": check_in_at_the_door,
}


@pytest.fixture
def sold(hold: Callable[..., Booking]) -> Booking:
    """With its tickets."""
    booking = hold(0, 1)
    authorise(booking.id)
    capture(booking.id)
    return Booking.objects.get(id=booking.id)


def test_there_is_nothing_else_that_staff_can_do() -> None:
    everything = staff_deeds(local_user("root", {"admin"})) | deeds_of_everybody()
    assert everything == {*BY_API, *BY_HAND, *OF_CUSTOMERS, *ONLY_READ}


@pytest.mark.parametrize("deed", BY_API)
def test_what_is_done_through_the_api_is_on_record(sign_in: Callable[..., APIClient], sold: Booking, deed: str) -> None:
    linh = sign_in(roles=("manager",), username="linh")
    with leaving_a_record("api") as made:
        answer = BY_API[deed](linh, sold)
    assert answer.status_code < 300, answer.content
    assert {(entry.actor_id, entry.actor_name) for entry in made()} == {(str(linh.user_id), "linh")}  # type: ignore[attr-defined]


@pytest.mark.parametrize("deed", BY_HAND)
def test_what_is_done_in_the_admin_site_is_on_record(client: Client, sold: Booking, deed: str) -> None:
    account = enter(client, "manager", username="linh")
    with leaving_a_record("admin") as made:
        assert BY_HAND[deed](client, sold).status_code == 302
    assert {(entry.actor_id, entry.actor_name) for entry in made()} == {(str(account), "linh")}


@pytest.mark.parametrize("deed", AT_THE_DESK)
def test_what_is_done_on_the_pages_of_the_desk_is_on_record(client: Client, sold: Booking, deed: str) -> None:
    account = enter(client, "support", username="linh")
    with leaving_a_record("admin") as made:
        assert AT_THE_DESK[deed](client, sold).status_code in (200, 302)
    assert {(entry.actor_id, entry.actor_name) for entry in made()} == {(str(account), "linh")}


@pytest.mark.parametrize("deed", BY_API)
def test_what_is_refused_is_not_on_record(sign_in: Callable[..., APIClient], sold: Booking, deed: str) -> None:
    stranger = sign_in()
    # 400: what only staff say of a booking is nothing that a customer may send.
    assert BY_API[deed](stranger, sold).status_code in (400, 403, 404)
    assert not AuditRecord.objects.exists()
