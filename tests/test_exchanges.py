"""A booking is exchanged for another showtime of its film: dearer, cheaper, or as dear, and never before it is paid."""

from typing import Any

from waiting import wait_for
from world import (
    PRICE,
    Choice,
    Market,
    Person,
    World,
    book,
    new_key,
    pay,
    payment_of,
    seat_statuses,
    settled,
    wait_for_seats,
)

ONE = PRICE["amount"]


def bought(market: Market, count: int) -> tuple[Person, Choice, dict[str, Any]]:
    customer, choice = market.customer(), market.seats(count)
    booked = book(customer, choice, "tok_visa")
    settled(customer, booked, "CONFIRMED", "captured")
    wait_for(lambda: customer.get(f"/api/bookings/{booked['id']}").ok()["ticket"], what="ticket")
    return customer, choice, booked


def exchange(customer: Person, old: dict[str, Any], choice: Choice, token: str | None = None) -> dict[str, Any]:
    path, key = f"/api/bookings/{old['id']}/exchange", new_key()
    answer = customer.post(path, choice.body(token), key=key)
    made: dict[str, Any] = answer.ok(201)
    assert customer.post(path, choice.body(token), key=key).body == answer.body
    return made


def test_dearer_seats_are_paid_with_the_old_ones_and_a_card(world: World, market: Market) -> None:
    customer, before, old = bought(market, 1)
    after = market.seats(2)
    quote = customer.post(f"/api/bookings/{old['id']}/exchange/quote", after.body()).ok()
    assert [quote[name]["amount"] for name in ("total", "worth", "to_pay", "refund")] == [2 * ONE, ONE, ONE, 0]

    new = exchange(customer, old, after)
    customer.post(f"/api/bookings/{old['id']}/exchange", market.seats(1).body()).problem(409, "exchange_open")
    assert pay(customer, new, "tok_card_declined").status == 402
    assert settled(customer, old, "CONFIRMED", "captured")["ticket"]
    pay(customer, new).ok(201)

    settled(customer, new, "CONFIRMED", "captured")
    settled(customer, old, "CANCELLED")
    wait_for_seats(world, before, "available")
    assert seat_statuses(world, after) == {"sold"}
    told = wait_for(lambda: world.mail_about(customer.email, old["reference"], "is exchanged"), what="mail of it")
    assert new["reference"] in told["text"]
    assert wait_for(lambda: world.mail_about(customer.email, f"Your ticket {new['reference']}"), what="new ticket")
    assert [line["trigger"] for line in history(customer, old)][-1] == "exchanged"

    # What comes back of the new one goes to its card, and to the card that had paid the old one.
    customer.delete(f"/api/bookings/{new['id']}").ok()
    settled(customer, new, "CANCELLED", "refunded")
    assert payment_of(customer, new)["refunded_amount"]["amount"] == 2 * ONE


def test_cheaper_seats_need_no_card_and_the_difference_comes_back(world: World, market: Market) -> None:
    customer, before, old = bought(market, 2)
    new = exchange(customer, old, market.seats(1))
    settled(customer, new, "CONFIRMED", "captured")
    settled(customer, old, "CANCELLED")
    wait_for_seats(world, before, "available")
    wait_for(lambda: payment_of(customer, old)["status"] == "refunded", what="refund")
    assert wait_for(lambda: world.mail_about(customer.email, "Your refund", old["reference"]), what="mail of the money")
    assert payment_of(customer, new)["exchange"]["booking_id"] == old["id"]


def test_what_is_not_paid_in_the_end_leaves_the_old_one(market: Market) -> None:
    customer, _, old = bought(market, 1)
    declined = exchange(customer, old, market.seats(2), "tok_card_declined")
    settled(customer, declined, "FAILED")
    fails = exchange(customer, old, market.seats(2), "tok_capture_fails")
    settled(customer, fails, "CANCELLED")
    assert settled(customer, old, "CONFIRMED", "captured")["ticket"]
    new = exchange(customer, old, market.seats(1))
    settled(customer, new, "CONFIRMED", "captured")
    settled(customer, old, "CANCELLED")


def test_what_is_not_exchanged(market: Market, support: Person, choice: Choice) -> None:
    customer, before, old = bought(market, 1)
    path = f"/api/bookings/{old['id']}/exchange"
    customer.post(path, before.body()).problem(409, "not_exchangeable")
    held = book(customer, choice)
    customer.post(f"/api/bookings/{held['id']}/exchange", market.seats(1).body()).problem(409, "not_exchangeable")
    customer.delete(f"/api/bookings/{held['id']}").ok()
    market.customer().post(path, market.seats(1).body()).problem(404, "booking_not_found")
    support.post(path, market.seats(1).body()).problem(400, "invalid")


def history(customer: Person, booking: dict[str, Any]) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = customer.get(f"/api/bookings/{booking['id']}/history").ok()["results"]
    return lines
