"""Who may do what."""

import pytest
from endpoints import ENDPOINTS, NOWHERE, Endpoint
from reads import PRIVATE
from world import Choice, Market, Person, World, book, new_key, payment_of, settled

STAFF_ONLY = ["/api/refunds", "/api/tickets/check-in", "/api/notifications/email", "/api/notifications/sms"]
MANAGERS_ONLY = [
    "/api/movies",
    "/api/theaters",
    f"/api/theaters/{NOWHERE}/screens",
    "/api/showtimes",
    "/api/promotions",
]


def endpoint(path: str) -> Endpoint:
    return next(each for each in ENDPOINTS if each.path == path)


@pytest.mark.parametrize("path", PRIVATE)
def test_without_a_token_nothing_private_is_read(world: World, path: str) -> None:
    world.anybody.get(path).problem(401, "not_authenticated")


@pytest.mark.parametrize("each", [each for each in ENDPOINTS if not each.public], ids=str)
def test_without_a_token_nothing_is_changed(world: World, each: Endpoint) -> None:
    world.anybody.send(each.method, each.path, each.body, headers={"Idempotency-Key": new_key()}).problem(401)


@pytest.mark.parametrize("path", [*STAFF_ONLY, *MANAGERS_ONLY])
def test_a_customer_does_no_staff_work(customer: Person, path: str) -> None:
    customer.post(path, endpoint(path).body, key=new_key()).problem(403, "permission_denied")


@pytest.mark.parametrize("path", MANAGERS_ONLY)
def test_support_does_not_change_the_programme(support: Person, path: str) -> None:
    support.post(path, endpoint(path).body).problem(403, "permission_denied")


@pytest.mark.parametrize("role", ["support", "manager"])
def test_roles_and_theaters_are_given_by_admins_alone(world: World, role: str) -> None:
    address = f"/api/auth/users/{world.staff('support').id}/rights"
    world.staff(role).get(address).problem(403, "permission_denied")
    world.staff(role).patch(address, {"theaters": []}).problem(403, "permission_denied")


@pytest.mark.parametrize("role", ["support", "manager", "admin"])
def test_all_staff_send_messages(world: World, role: str) -> None:
    body = {"to": "visitor@customers.example", "subject": f"From {role}", "text": "Hello."}
    world.staff(role).post("/api/notifications/email", body).ok(202)


def test_somebody_else_s_things_are_not_there(market: Market, choice: Choice) -> None:
    owner, other = market.customers[0], market.customers[1]
    booked = book(owner, choice, "tok_visa")
    settled(owner, booked, "CONFIRMED", "captured")
    payment = payment_of(owner, booked)
    for path in (
        f"/api/bookings/{booked['id']}",
        f"/api/bookings/{booked['id']}/history",
        f"/api/payments/{payment['id']}",
    ):
        other.get(path).problem(404)
    other.delete(f"/api/bookings/{booked['id']}").problem(404)
    assert other.get(f"/api/payments?booking_id={booked['id']}").ok()["results"] == []
    assert booked["id"] not in {row["id"] for row in other.get("/api/bookings?page_size=100").ok()["results"]}
    other.get(f"/api/notifications/history?user_id={owner.id}").problem(403)


def test_somebody_else_s_booking_is_not_paid(market: Market, choice: Choice) -> None:
    owner, other = market.customers[0], market.customers[1]
    booked = book(owner, choice)
    body = {"booking_id": booked["id"], "payment_method": {"token": "tok_visa"}}
    other.post("/api/payments", body, key=new_key()).problem(404)
    assert owner.get(f"/api/bookings/{booked['id']}").ok()["status"] == "PENDING"


def test_support_sees_a_customer_s_things(support: Person, market: Market, choice: Choice) -> None:
    owner = market.customers[0]
    booked = book(owner, choice, "tok_visa")
    settled(owner, booked, "CONFIRMED", "captured")
    assert support.get(f"/api/bookings/{booked['id']}").ok()["id"] == booked["id"]
    assert support.get(f"/api/payments/{payment_of(owner, booked)['id']}").ok()["status"] == "captured"
    assert support.get(f"/api/bookings?user_id={owner.id}").ok()["results"]
    assert support.get(f"/api/notifications/history?user_id={owner.id}").ok()["results"]


def test_a_customer_cannot_take_a_role(world: World, customer: Person) -> None:
    customer.patch("/api/auth/users/me", {"roles": ["admin"]}).problem(400)
    world.anybody.post(
        "/api/auth/register",
        {"username": "box-admin", "email": "x@customers.example", "password": "a-long-phrase-42", "roles": ["admin"]},
    ).problem(400)
    assert customer.get("/api/auth/users/me").ok()["roles"] == ["customer"]
