"""The counter: staff take the money themselves, nobody else can say that they did, and it goes back the same way."""

import pytest
from admin_site import Visitor, sell
from waiting import wait_for
from world import PRICE, Choice, Market, World, new_key, payment_of, settled


@pytest.fixture(scope="module")
def desk(world: World) -> Visitor:
    return Visitor(world, "booking", world.where.accounts["support"])


def test_seats_are_sold_for_cash_printed_and_given_back_and_nobody_is_told(
    world: World, market: Market, desk: Visitor
) -> None:
    manager = world.staff("manager")
    booking_id = sell(desk, market.seats(2), handed="999999")
    booked = settled(manager, {"id": booking_id}, "CONFIRMED", "captured")

    def sold() -> str:
        page = desk.page(f"bookings/{booking_id}/counter/").body.decode()
        return page if "Sold:" in page else ""

    assert "Change" in wait_for(sold, what="page of what is sold")
    printed = desk.send(f"bookings/{booking_id}/counter/", {}, to=f"bookings/{booking_id}/tickets/")
    assert printed.body.decode().count("Code of seat") == 2

    reason = {"reason": "the customer is ill"}
    manager.delete(f"/api/bookings/{booking_id}", reason).ok()
    settled(manager, booked, "CANCELLED", "refunded")
    paid = payment_of(manager, booked)
    assert (paid["refunded_amount"]["amount"], paid["status"]) == (2 * PRICE["amount"], "refunded")
    money = desk.at("payment").page(f"panels/bookings/{booking_id}/steps/").body.decode()
    assert "to be given back in cash at the counter" in money
    messages = desk.at("notify").page(f"panels/bookings/{booking_id}/messages/").body.decode()
    assert booked["reference"] not in messages


def test_an_address_that_was_typed_gets_the_tickets(world: World, market: Market, desk: Visitor) -> None:
    email = f"counter-{new_key()}@example.com"
    booking_id = sell(desk, market.seats(1), method="terminal", slip="7", email=email)
    booked = settled(world.staff("support"), {"id": booking_id}, "CONFIRMED", "captured")
    assert wait_for(lambda: world.mail_about(email, booked["reference"], "ticket"), what="mail with the ticket")


@pytest.mark.parametrize("token", ["counter:cash", "cash"])
def test_no_customer_pays_by_a_word_of_the_counter(market: Market, choice: Choice, token: str) -> None:
    market.customer().post("/api/bookings", choice.body(token)).problem(400)
