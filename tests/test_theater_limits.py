"""A manager limited to a theater, through the real gateway: what is of it in all services, and nothing of another's."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from admin_site import Visitor
from waiting import wait_for
from world import (
    PRICE,
    Choice,
    Market,
    Person,
    World,
    book,
    payment_of,
    settled,
    showtime_body,
    wait_until_on_sale,
)


@dataclass(frozen=True)
class House:
    """A theater with a showtime and a booking of it that is paid. free: a seat that nobody has."""

    theater: str
    showtime: str
    free: str
    customer: Person
    booking: dict[str, Any]
    payment: str


@pytest.fixture(scope="module")
def there(market: Market) -> House:
    """Of somebody else."""
    choice, customer = market.seats(2), market.customer()
    bought = Choice(choice.showtime, choice.seats[:1])
    return _with_a_booking(customer, market.theater["id"], bought, free=choice.seats[1])


@pytest.fixture(scope="module")
def here(world: World, market: Market) -> House:
    admin = world.staff("admin")
    named = {"name": f"Own theater {secrets.token_hex(3)}", "city": "Hue", "address": "1 Test Street"}
    theater = admin.post("/api/theaters", {**named, "time_zone": "Asia/Ho_Chi_Minh", "currency": PRICE["currency"]}).ok(
        201
    )["id"]
    places = [{"row": "A", "number": x, "x": x, "y": 1, "category": "standard"} for x in (1, 2, 3)]
    screen = admin.post(f"/api/theaters/{theater}/screens", {"name": "Hall 1", "seats": places}).ok(201)
    starts_at = (datetime.now(UTC) + timedelta(days=90)).replace(minute=0, second=0, microsecond=0)
    showtime = admin.post("/api/showtimes", showtime_body(market.movie, screen, starts_at)).ok(201)["id"]
    wait_until_on_sale(world, showtime)
    seats = [seat["id"] for seat in world.anybody.get(f"/api/showtimes/{showtime}/seats").ok()["seats"]]
    return _with_a_booking(market.customer(), theater, Choice(showtime, seats[:1]), free=seats[2])


def _with_a_booking(customer: Person, theater: str, choice: Choice, *, free: str) -> House:
    booked = settled(customer, book(customer, choice, "tok_visa"), "CONFIRMED", "captured")
    return House(theater, choice.showtime, free, customer, booked, payment_of(customer, booked)["id"])


@pytest.fixture(scope="module")
def manager(world: World, here: House) -> Person:
    """Somebody who was given the role and the theater through the API, and signed in again."""
    person = world.new_customer()
    rights = {"roles": ["customer", "manager"], "theaters": [here.theater]}
    assert world.staff("admin").patch(f"/api/auth/users/{person.id}/rights", rights).ok()["theaters"] == [here.theater]
    return world.sign_in(username=person.username, email=person.email, password=person.password)


@pytest.fixture(scope="module")
def desk(world: World, manager: Person) -> Visitor:
    return Visitor(world, "booking", {"username": manager.username, "password": manager.password})


def test_what_is_asked_of_one_thing(manager: Person, here: House, there: House) -> None:
    for house, status in ((here, 200), (there, 404)):
        for path in (
            f"/api/bookings/{house.booking['id']}",
            f"/api/bookings/{house.booking['id']}/history",
            f"/api/payments/{house.payment}",
            f"/api/payments/{house.payment}/receipt",
        ):
            assert (path, manager.get(path).status) == (path, status)


def test_what_is_listed(manager: Person, here: House, there: House) -> None:
    for house, rows in ((here, 1), (there, 0)):
        for path in (
            f"/api/bookings?reference={house.booking['reference']}",
            f"/api/payments?booking_id={house.booking['id']}",
        ):
            assert (path, len(manager.get(path).ok()["results"])) == (path, rows)
    of_ours, of_theirs = (
        f"/api/notifications/history?user_id={house.customer.id}&booking_id={house.booking['id']}"
        for house in (here, there)
    )
    wait_for(lambda: manager.get(of_ours).ok()["results"], what="message about the booking")
    assert manager.get(of_theirs).ok()["results"] == []


def test_what_is_changed(manager: Person, here: House, there: House) -> None:
    for house, theirs in ((here, True), (there, False)):
        seats = {"seat_ids": [house.free]}
        blocked = f"/api/showtimes/{house.showtime}/seats/blocked"
        asked = [
            manager.patch(f"/api/theaters/{house.theater}", {"address": "2 Test Street"}),
            manager.patch(f"/api/showtimes/{house.showtime}", {"format": "3D"}),
            manager.post(blocked, seats),
            manager.delete(blocked, seats),
        ]
        for answer in asked:
            if theirs:
                assert answer.status in (200, 204), answer
            else:
                answer.problem(403, "other_theater")
    manager.post(
        "/api/theaters",
        {"name": "Another", "city": "Hue", "address": "1", "time_zone": "Etc/UTC", "currency": "EUR"},
    ).problem(403)


def test_the_desk(desk: Visitor, here: House, there: House) -> None:
    for house, theirs in ((here, True), (there, False)):
        booking, reference = house.booking["id"], house.booking["reference"]
        for service, page in (
            ("booking", f"bookings/{booking}/whole/"),
            ("booking", f"showtimes/{house.showtime}/map/"),
            ("booking", f"bookings/booking/{booking}/change/"),
            ("catalog", f"catalog/theater/{house.theater}/change/"),
            ("payment", f"payments/payment/{house.payment}/change/"),
            ("notify", f"notifications/bookingsummary/{booking}/change/"),
        ):
            assert (page, desk.at(service).status(page) == 200) == (page, theirs)
        for service, listed in (
            ("booking", "bookings/booking/"),
            ("payment", "payments/payment/"),
            ("notify", "notifications/bookingsummary/"),
        ):
            assert (listed, reference in desk.at(service).page(listed).body.decode()) == (listed, theirs)


def test_a_booking_is_cancelled_at_their_theater_alone(manager: Person, here: House, there: House) -> None:
    reason = {"reason": "They called."}
    manager.delete(f"/api/bookings/{there.booking['id']}", reason).problem(404)
    manager.delete(f"/api/bookings/{here.booking['id']}", reason).ok()
    settled(manager, here.booking, "CANCELLED", "refunded")
