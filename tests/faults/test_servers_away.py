"""A service, the broker, Redis or the mail server is away: what still works, and what happens when it is back."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from endpoints import NOWHERE, SERVICES
from waiting import wait_for
from world import Choice, Market, Person, World, book, patient, pay, payment_of, settled

from stack import control

# What only this service can answer, and no cache can.
NEEDS = {
    "auth": ("POST", "/api/auth/token"),
    "catalog": ("GET", f"/api/movies/{NOWHERE}"),
    "booking": ("GET", "/api/bookings"),
    "payment": ("GET", "/api/payments"),
    "notify": ("GET", "/api/notifications/history"),
}


def each(action: object, names: list[str]) -> None:
    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(action, names))  # type: ignore[arg-type]


def test_a_service_that_is_down_is_a_503_and_the_others_go_on(customer: Person) -> None:
    control.stop("notify-web")
    problem = customer.get("/api/notifications/history")
    problem.problem(503, "service_unavailable")
    assert int(problem.headers["Retry-After"]) > 0
    for path in ("/api/movies", "/api/bookings", "/api/payments", "/api/auth/users/me"):
        customer.get(path).ok()


def test_every_service_that_is_down_is_a_503_and_answers_again_when_it_is_back(customer: Person) -> None:
    each(control.stop, [f"{service}-web" for service in SERVICES])
    for method, path in NEEDS.values():
        answer = customer.send(method, path, {} if method == "POST" else None)
        answer.problem(503, "service_unavailable")
        assert int(answer.headers["Retry-After"]) > 0
    each(control.start, [f"{service}-web" for service in SERVICES])
    for method, path in NEEDS.values():
        assert customer.send(method, path, {} if method == "POST" else None).status in (200, 400, 404)


def test_without_the_broker_bookings_are_taken_as_holds_and_go_on_by_themselves_when_it_is_back(
    world: World, market: Market
) -> None:
    buyers = [market.customer() for _ in range(3)]
    control.stop("rabbitmq")
    booked = []
    for buyer in buyers:
        started = time.monotonic()
        booked.append((buyer, book(buyer, market.seats(1), "tok_visa")))
        assert time.monotonic() - started < 5
    waiting, to_pay = buyers[0], book(buyers[0], market.seats(1))
    assert world.anybody.get("/api/booking/health").ok()["status"] == "ok"
    assert {buyer.get(f"/api/bookings/{made['id']}").ok()["status"] for buyer, made in booked} == {"PENDING"}

    control.start("rabbitmq")

    for buyer, made in booked:
        settled(buyer, made, "CONFIRMED", "captured", seconds=60)
    assert pay(waiting, to_pay).status in (201, 202)
    settled(waiting, to_pay, "CONFIRMED", "captured", seconds=60)
    for buyer, made in booked:
        reference = made["reference"]
        wait_for(lambda: world.mail_about(buyer.email, "Your ticket", reference), seconds=60, what="ticket")  # noqa: B023


def test_without_redis_bookings_go_on_and_no_seat_is_sold_twice(market: Market, choice: Choice) -> None:
    control.stop("redis")
    first, second = market.customer(), market.customer()
    booked = book(first, choice, "tok_visa")
    second.post("/api/bookings", choice.body("tok_visa")).problem(409, "seat_unavailable")
    settled(first, booked, "CONFIRMED", "captured", seconds=60)

    control.start("redis")

    second.post("/api/bookings", choice.body("tok_visa")).problem(409, "seat_unavailable")
    again = book(second, market.seats(1), "tok_visa")
    settled(second, again, "CONFIRMED", "captured", seconds=60)


def test_while_redis_is_away_people_sign_in_and_read(world: World, customer: Person) -> None:
    control.stop("redis")
    assert world.sign_in(username=customer.username, email=customer.email, password=customer.password).id
    for path in ("/api/movies", "/api/showtimes", "/api/bookings", "/api/auth/users/me"):
        customer.get(path).ok()


def test_mails_wait_for_a_mail_server_that_is_away(world: World, customer: Person, choice: Choice) -> None:
    control.stop("message-sink")
    booked = book(customer, choice, "tok_visa")
    settled(customer, booked, "CONFIRMED", "captured")
    path = f"/api/notifications/history?booking_id={booked['id']}"

    def statuses() -> list[str]:
        return [row["status"] for row in customer.get(path).ok()["results"]]

    wait_for(lambda: statuses() == ["pending", "pending"], what="mails that wait")

    control.start("message-sink")

    wait_for(lambda: statuses() == ["sent", "sent"], seconds=60, what="mails that were sent")
    about = [mail for mail in world.mails(customer.email) if booked["reference"] in mail["subject"] + mail["text"]]
    assert len({mail["message_id"] for mail in about}) == len(about) == 2


def test_a_payment_gateway_that_is_away_is_asked_again(customer: Person, choice: Choice) -> None:
    control.stop("gateway-simulator")
    booked = book(customer, choice, "tok_visa")
    assert booked["status"] == "PENDING"
    control.start("gateway-simulator")
    settled(customer, booked, "CONFIRMED", "captured", seconds=60)
    assert payment_of(customer, booked)["captured_amount"] == booked["total"]


@pytest.mark.parametrize("name", ["postgres-booking", "postgres-payment"])
def test_a_database_that_restarts_delays_and_loses_nothing(customer: Person, choice: Choice, name: str) -> None:
    booked = book(customer, choice, "tok_visa")
    old = control.kill(name, "QUIT")
    control.wait_restarted(name, old)
    # A connection that the restart broke costs one request a 503.
    again = patient(customer)
    settled(again, booked, "CONFIRMED", "captured", seconds=60)
    assert payment_of(again, booked)["captured_amount"] == booked["total"]
