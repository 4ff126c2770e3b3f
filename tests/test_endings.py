"""Every way a booking can end other than well, and what becomes of its seats and its money."""

from typing import Any

import pytest
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
    settled,
    wait_for_seats,
)

TOTAL = {"amount": 2 * PRICE["amount"], "currency": "VND"}
DECLINES = {
    "tok_card_declined": "card_declined",
    "tok_insufficient_funds": "insufficient_funds",
    "tok_expired_card": "expired_card",
}


@pytest.mark.parametrize("token", DECLINES)
def test_a_declined_card_that_came_with_the_booking_ends_it(
    world: World, customer: Person, choice: Choice, token: str
) -> None:
    booked = book(customer, choice, token)
    settled(customer, booked, "FAILED")
    wait_for_seats(world, choice, "available")
    payment = payment_of(customer, booked)
    assert (payment["status"], payment["failure_code"]) == ("declined", DECLINES[token])
    assert payment["captured_amount"]["amount"] == 0
    pay(customer, booked).problem(409, "booking_ended")
    reference = booked["reference"]
    assert wait_for(lambda: world.mail_about(customer.email, reference, "did not go through"), what="notice of it")


@pytest.mark.parametrize("token", DECLINES)
def test_a_declined_card_leaves_the_hold_and_another_one_pays(
    world: World, customer: Person, choice: Choice, token: str
) -> None:
    booked = book(customer, choice)
    declined = pay(customer, booked, token).problem(402, DECLINES[token])
    assert declined["retryable"] is True
    assert booking_of(customer, booked)["status"] == "PENDING"

    assert pay(customer, booked, "tok_visa").status == 201
    settled(customer, booked, "CONFIRMED", "captured")
    assert payment_of(customer, booked)["status"] == "captured"
    wait_for_seats(world, choice, "sold")


def test_a_capture_that_is_refused_ends_the_booking_and_takes_nothing(
    world: World, customer: Person, choice: Choice
) -> None:
    booked = book(customer, choice, "tok_capture_fails")

    def ended() -> bool:
        return booking_of(customer, booked)["status"] in ("CANCELLED", "FAILED")

    wait_for(ended, seconds=30, what="end of the booking")
    wait_for_seats(world, choice, "available")
    payment = payment_of(customer, booked)
    assert payment["status"] in ("failed", "voided")
    assert payment["captured_amount"]["amount"] == 0


def test_a_gateway_that_is_down_is_told_and_the_hold_stays(customer: Person, choice: Choice) -> None:
    booked = book(customer, choice)
    answer = pay(customer, booked, "tok_gateway_down")
    assert answer.status in (202, 503), answer
    if answer.status == 503:
        assert int(answer.headers["Retry-After"]) > 0
    assert booking_of(customer, booked)["status"] == "PENDING"


def test_a_hold_is_cancelled_and_its_seats_are_free(world: World, choice: Choice) -> None:
    customer = world.new_customer()  # an address that is not proven gets a few such notices an hour
    booked = book(customer, choice)
    cancelled = customer.delete(f"/api/bookings/{booked['id']}").ok()
    assert cancelled["status"] == "CANCELLED"
    wait_for_seats(world, choice, "available")
    customer.delete(f"/api/bookings/{booked['id']}").problem(409, "not_cancellable")
    assert wait_for(lambda: world.mail_about(customer.email, booked["reference"], "cancelled"), what="notice")


def test_a_cancelled_booking_takes_no_money(customer: Person, choice: Choice) -> None:
    """A payment that is faster than the news of the cancellation is voided."""
    booked = book(customer, choice)
    customer.delete(f"/api/bookings/{booked['id']}").ok()
    wait_for(lambda: pay(customer, booked).json().get("code") == "booking_ended", what="refusal of the payment")
    given_back = ("requires_payment_method", "voided")
    wait_for(lambda: payment_of(customer, booked)["status"] in given_back, what="money given back")
    assert payment_of(customer, booked)["captured_amount"]["amount"] == 0


def test_a_paid_booking_is_cancelled_and_refunded(world: World, customer: Person, choice: Choice) -> None:
    booked = book(customer, choice, "tok_visa")
    settled(customer, booked, "CONFIRMED", "captured")

    assert customer.delete(f"/api/bookings/{booked['id']}").ok()["status"] == "CANCELLED"

    settled(customer, booked, "CANCELLED", "refunded")
    payment = payment_of(customer, booked)
    assert (payment["status"], payment["refunded_amount"]) == ("refunded", TOTAL)
    wait_for_seats(world, choice, "available")
    assert wait_for(lambda: world.mail_about(customer.email, "refund", booked["reference"]), what="refund notice")


def test_seats_that_were_given_back_can_be_bought_by_another(customer: Person, market: Market, choice: Choice) -> None:
    booked = book(customer, choice)
    customer.delete(f"/api/bookings/{booked['id']}").ok()
    another = market.customer()
    assert another.id != customer.id
    settled(another, book(another, choice, "tok_visa"), "CONFIRMED", "captured")


def test_staff_refund_in_parts_and_not_more_than_was_paid(customer: Person, support: Person, choice: Choice) -> None:
    booked = book(customer, choice, "tok_visa")
    settled(customer, booked, "CONFIRMED", "captured")
    payment = payment_of(customer, booked)

    def refund(amount: int | None = None) -> Any:
        part = {"amount": amount} if amount is not None else {}
        body = {"payment_id": payment["id"], "reason": "a broken seat", **part}
        return support.post("/api/refunds", body, key=new_key())

    first = refund(PRICE["amount"] // 2).ok(201)
    assert first["amount"] == {"amount": PRICE["amount"] // 2, "currency": "VND"}
    assert customer.get(f"/api/refunds/{first['id']}").ok()["id"] == first["id"]
    wait_for(lambda: payment_of(customer, booked)["status"] == "partially_refunded", what="partial refund")
    refund(TOTAL["amount"]).problem(409, "refund_too_large")
    refund().ok(201)
    wait_for(lambda: payment_of(customer, booked)["refunded_amount"] == TOTAL, what="whole refund")
    refund(1).problem(409)


def test_staff_give_a_seat_back_and_what_was_used_as_goodwill_alone(
    world: World, customer: Person, support: Person, choice: Choice
) -> None:
    booked = book(customer, choice, "tok_visa")
    settled(customer, booked, "CONFIRMED", "captured")
    payment = payment_of(customer, booked)
    going, staying = (seat["id"] for seat in payment["seats"])
    wanted = {"payment_id": payment["id"], "reason": "as you asked"}

    support.post("/api/refunds", {**wanted, "seats": [going]}, key=new_key()).ok(201)

    wait_for_seats(world, Choice(choice.showtime, [going]), "available")
    now = booking_of(customer, booked)
    assert (now["status"], [seat["id"] for seat in now["seats"]]) == ("CONFIRMED", [staying])
    assert [seat["id"] for seat in now["seats_given_back"]] == [going]
    support.post("/api/refunds", {**wanted, "seats": [going]}, key=new_key()).problem(409, "seat_refunded")
    for subject in ("Your refund", "Seats of booking"):
        wait_for(lambda about=subject: world.mail_about(customer.email, about, booked["reference"]), what=subject)

    at_the_door = {"ticket": now["tickets"][0]["code"], "showtime_id": choice.showtime}
    support.post("/api/tickets/check-in", at_the_door).ok()
    wait_for(lambda: payment_of(customer, booked)["seats"][1]["checked_in"], what="word of the check-in")
    support.post("/api/refunds", wanted, key=new_key()).problem(409, "checked_in")
    support.delete(f"/api/bookings/{booked['id']}", {"reason": "x"}).problem(409, "not_cancellable")
    support.post("/api/refunds", {**wanted, "kind": "goodwill"}, key=new_key()).ok(201)


def test_a_cancelled_showtime_cancels_and_refunds_its_bookings(
    world: World, market: Market, admin: Person, customer: Person
) -> None:
    from datetime import UTC, datetime, timedelta

    from world import showtime_body, wait_until_on_sale

    starts_at = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=90)
    showtime = admin.post("/api/showtimes", showtime_body(market.movie, market.screen, starts_at)).ok(201)["id"]
    wait_until_on_sale(world, showtime)
    seats = world.anybody.get(f"/api/showtimes/{showtime}/seats").ok()["seats"]
    paid = book(customer, Choice(showtime, [seats[0]["id"]]), "tok_visa")
    held = book(customer, Choice(showtime, [seats[1]["id"]]))
    settled(customer, paid, "CONFIRMED", "captured")

    assert admin.delete(f"/api/showtimes/{showtime}").status in (200, 202, 204)

    settled(customer, paid, "CANCELLED", "refunded")
    settled(customer, held, "CANCELLED")
    customer.post("/api/bookings", Choice(showtime, [seats[2]["id"]]).body()).problem(409, "sales_closed")


@pytest.mark.late
def test_a_hold_that_nobody_pays_ends_and_frees_its_seats(
    world: World, abandoned_hold: tuple[Person, Choice, dict[str, Any]], market: Market
) -> None:
    customer, choice, booked = abandoned_hold
    settled(customer, booked, "EXPIRED", seconds=330)
    wait_for_seats(world, choice, "available")
    pay(customer, booked).problem(409)
    customer.delete(f"/api/bookings/{booked['id']}").problem(409, "not_cancellable")
    assert wait_for(lambda: world.mail_about(customer.email, "hold has ended", booked["reference"]), what="notice")
    another = market.customer()
    settled(another, book(another, choice, "tok_visa"), "CONFIRMED", "captured")
