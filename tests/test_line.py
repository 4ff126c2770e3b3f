"""The line: from registering to the ticket in the mailbox."""

from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest
from browsing import Browser
from client import Client
from waiting import wait_for
from world import (
    PRICE,
    Choice,
    Market,
    Person,
    World,
    book,
    booking_of,
    new_key,
    pay,
    payment_of,
    seat_statuses,
    settled,
    wait_for_seats,
)

TOTAL = {"amount": 2 * PRICE["amount"], "currency": "VND"}


def mails_of_a_purchase(world: World, customer: Person, booking: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    """The receipt and the ticket, once both are there."""

    def both() -> tuple[dict[str, Any], ...] | None:
        receipt = world.mail_about(customer.email, "receipt", booking["reference"])
        ticket = world.mail_about(customer.email, "Your ticket", booking["reference"])
        return (receipt, ticket) if receipt and ticket else None

    return wait_for(both, what=f"receipt and ticket of {booking['reference']}") or ()


def test_whoever_registers_can_sign_in_and_is_welcomed(world: World) -> None:
    customer = world.new_customer()
    token = world.anybody.post("/api/auth/token", {"username": customer.email, "password": customer.password}).ok()
    assert set(token) >= {"access_token", "refresh_token", "token_type", "expires_in"}
    assert token["token_type"] == "Bearer"
    assert token["expires_in"] > 0
    me = customer.get("/api/auth/users/me").ok()
    assert (me["username"], me["roles"]) == (customer.username, ["customer"])
    mail = wait_for(lambda: world.mail_about(customer.email, "Confirm"), what="confirmation mail") or {}
    token = mail["text"].split("/verify?token=")[1].split()[0]
    world.anybody.post("/api/auth/email/verify", {"token": token}).ok()
    assert wait_for(lambda: world.mail_about(customer.email, "Welcome", "Grace Hopper"), what="welcome")


def test_a_showtime_is_found_from_the_movie_to_its_seats(world: World, market: Market) -> None:
    anybody = world.anybody
    assert anybody.get(f"/api/movies/{market.movie['id']}").ok()["title"] == market.movie["title"]
    assert anybody.get(f"/api/theaters/{market.theater['id']}").ok()["time_zone"] == "Asia/Ho_Chi_Minh"
    showtime = anybody.get(f"/api/showtimes/{market.showtimes[0]}").ok()
    assert showtime["movie"] == {"id": market.movie["id"], "title": market.movie["title"]}
    assert set(showtime["theater"]) == {"id", "name", "time_zone"}
    assert showtime["price_from"] == PRICE
    assert showtime["total_seats"] == 240
    assert datetime.fromisoformat(showtime["starts_at"]).utcoffset() is not None

    seat_map = anybody.get(f"/api/showtimes/{market.showtimes[0]}/seats").ok()
    assert seat_map["showtime_id"] == market.showtimes[0]
    assert (seat_map["screen"]["rows"], seat_map["screen"]["columns"]) == (12, 20)
    assert len(seat_map["seats"]) == 240
    assert set(seat_map["seats"][0]) >= {"id", "row", "number", "x", "y", "category", "accessible", "status", "price"}


def test_a_booking_with_a_card_ends_with_a_receipt_and_a_ticket(world: World, customer: Person, choice: Choice) -> None:
    booked = book(customer, choice, "tok_visa")
    assert booked["total"] == TOTAL
    assert [seat["id"] for seat in booked["seats"]] == sorted(choice.seats)

    paid = settled(customer, booked, "CONFIRMED", "captured")

    payment = payment_of(customer, booked)
    assert payment["status"] == "captured"
    assert payment["amount"] == paid["total"] == TOTAL
    assert payment["refunded_amount"] == {"amount": 0, "currency": "VND"}
    assert customer.get(f"/api/payments/{payment['id']}").ok() == payment
    wait_for_seats(world, choice, "sold")

    receipt, ticket = mails_of_a_purchase(world, customer, booked)
    assert "₫240,000" in receipt["text"]
    issued = wait_for(lambda: booking_of(customer, booked)["tickets"], what="tickets of the booking")
    pictures = [attachment["name"] for attachment in ticket["attachments"]]
    assert pictures == [f"ticket-{number}.png" for number in range(1, len(paid["seats"]) + 1)]
    assert len(issued) == len(pictures)
    for one in issued:
        assert one["code"] in ticket["text"].replace("\r\n", "")
        assert one["code"].count(".") == 2


def test_every_step_of_a_booking_is_kept(customer: Person, choice: Choice) -> None:
    booked = book(customer, choice, "tok_visa")
    settled(customer, booked, "CONFIRMED", "captured")
    history = customer.get(f"/api/bookings/{booked['id']}/history").ok()["results"]
    states = [step["to_status"] for step in history]
    assert states[0] == "PENDING"
    assert "CONFIRMED" in states
    assert all(before["at"] <= after["at"] for before, after in pairwise(history))


def test_a_hold_is_paid_afterwards(world: World, choice: Choice) -> None:
    customer = world.new_customer()  # an address that is not proven gets a few such notices an hour
    booked = book(customer, choice)
    wait_for_seats(world, choice, "held")
    assert wait_for(lambda: world.mail_about(customer.email, "holding", booked["reference"]), what="hold notice")

    answer = pay(customer, booked)

    assert answer.status == 201, answer
    assert answer.json()["status"] in ("authorized", "captured")
    assert answer.json()["amount"] == TOTAL
    settled(customer, booked, "CONFIRMED", "captured")
    assert len(mails_of_a_purchase(world, customer, booked)) == 2


def test_a_saved_card_pays(customer: Person, market: Market) -> None:
    saved = customer.post("/api/payments/methods", {"token": "tok_visa"})
    assert saved.status in (200, 201), saved
    assert "tok_visa" not in saved.body.decode()
    method = {"id": saved.json()["id"]}

    with_booking = market.seats(1)
    booked = customer.post("/api/bookings", {**with_booking.body(), "payment_method": method}, key=new_key()).ok(201)
    settled(customer, booked, "CONFIRMED", "captured")

    held = book(customer, market.seats(1))
    customer.post("/api/payments", {"booking_id": held["id"], "payment_method": method}, key=new_key()).ok(201)
    settled(customer, held, "CONFIRMED", "captured")


@pytest.mark.parametrize("token", ["tok_slow", "tok_timeout_once"])
def test_a_card_that_answers_late_or_not_at_first_is_charged_once(customer: Person, choice: Choice, token: str) -> None:
    booked = book(customer, choice, token)
    settled(customer, booked, "CONFIRMED", "captured")
    payment = payment_of(customer, booked)
    assert payment["status"] == "captured"
    assert payment["captured_amount"] == TOTAL


def test_the_notification_history_shows_what_was_sent(world: World, customer: Person, choice: Choice) -> None:
    booked = book(customer, choice, "tok_visa")
    settled(customer, booked, "CONFIRMED", "captured")
    mails_of_a_purchase(world, customer, booked)

    def sent() -> set[str]:
        rows = customer.get(f"/api/notifications/history?booking_id={booked['id']}").ok()["results"]
        return {row["template"] for row in rows if row["status"] == "sent"}

    wait_for(lambda: sent() == {"receipt", "ticket"}, what="receipt and ticket in the history")
    [receipt, *_] = customer.get("/api/notifications/history?template=receipt").ok()["results"]
    assert receipt["recipient"] == customer.email


def test_a_receipt_and_a_ticket_come_once(world: World, customer: Person, choice: Choice) -> None:
    booked = book(customer, choice, "tok_visa")
    settled(customer, booked, "CONFIRMED", "captured")
    mails_of_a_purchase(world, customer, booked)
    about = [mail for mail in world.mails(customer.email) if booked["reference"] in mail["subject"] + mail["text"]]
    assert len({mail["message_id"] for mail in about}) == len(about) == 2


def test_best_available_seats_are_chosen_for_the_customer(customer: Person, market: Market) -> None:
    body = {"showtime_id": market.showtimes[-1], "quantity": 3, "payment_method": {"token": "tok_visa"}}
    booked = customer.post("/api/bookings", body, key=new_key()).ok(201)
    assert len(booked["seats"]) == 3
    assert len({seat["row"] for seat in booked["seats"]}) == 1
    numbers = sorted(seat["number"] for seat in booked["seats"])
    assert numbers == list(range(numbers[0], numbers[0] + 3))
    settled(customer, booked, "CONFIRMED", "captured")


def test_a_password_is_reset_by_the_link_in_the_mail(world: World) -> None:
    customer = world.new_customer()
    world.anybody.post("/api/auth/password/reset", {"email": customer.email}).ok(202)
    mail = wait_for(lambda: world.mail_about(customer.email, "Reset your password"), what="reset mail") or {}
    token = mail["text"].split("/reset?token=")[1].split()[0]
    assert f"{world.where.gateway}/reset?token={token}" in mail["text"]

    password = "a-quite-different-phrase-42"
    reader = Browser(world)
    done = reader.submit(reader.get(f"/reset?token={token}"), password=password, again=password)
    assert (done.status, "Your new password is set" in done.text) == (200, True)
    changed = {"token": token, "new_password": password}
    world.anybody.post("/api/auth/password/reset/confirm", changed).problem(400, "invalid_token")

    sign_in = {"username": customer.username, "password": password}
    assert Client(world.where.gateway).post("/api/auth/token", sign_in).status == 200
    assert wait_for(lambda: world.mail_about(customer.email, "Your password was changed"), what="word of it")
    customer.get("/api/auth/users/me").problem(401)


def test_a_token_ends_with_logging_out(world: World) -> None:
    customer = world.new_customer()
    customer.post("/api/bookings", {}).problem(400)
    assert customer.post("/api/auth/logout", {}).status == 204
    for path in ("/api/auth/users/me", "/api/bookings", "/api/payments", "/api/notifications/history"):
        customer.get(path).problem(401)


def test_sold_seats_stay_sold(world: World, customer: Person, choice: Choice) -> None:
    booked = book(customer, choice, "tok_visa")
    settled(customer, booked, "CONFIRMED", "captured")
    refused = customer.post("/api/bookings", choice.body("tok_visa")).problem(409, "seat_unavailable")
    assert refused["seats"] == sorted(choice.seats)
    assert seat_statuses(world, choice) <= {"sold", "held"}
