"""A customer gives a seat back: the other goes on, and the money of the one comes back to the card."""

from waiting import wait_for
from world import PRICE, Choice, Market, Person, World, book, booking_of, new_key, payment_of, seat_statuses, settled


def test_a_seat_is_given_back_and_its_money_with_it_and_then_the_rest(world: World, market: Market) -> None:
    customer, choice = market.customer(), market.seats(2)
    booked = book(customer, choice, "tok_visa")
    settled(customer, booked, "CONFIRMED", "captured")
    wait_for(lambda: booking_of(customer, booked)["ticket"], what="ticket")
    going, staying = (seat["id"] for seat in booked["seats"])
    path, body, key = f"/api/bookings/{booked['id']}/give-back", {"seat_ids": [going]}, new_key()

    quote = customer.post(f"{path}/quote", body).ok()
    answer = customer.post(path, body, key=key)

    shown = answer.ok()
    assert (quote["refund"], quote["retained"]["amount"], quote["why"]) == (PRICE, 0, "in_time")
    assert shown["cancellation"] == quote
    assert ([seat["id"] for seat in shown["seats"]], shown["status"]) == ([staying], "CONFIRMED")
    assert customer.post(path, body, key=key).body == answer.body
    customer.post(path, body).problem(409, "seats_not_returnable")
    assert seat_statuses(world, choice) == {"available", "sold"}
    settled(customer, booked, "CONFIRMED", "partially_refunded")
    paid = payment_of(customer, booked)
    assert (paid["refunded_amount"], paid["status"]) == (PRICE, "partially_refunded")
    told = wait_for(
        lambda: world.mail_about(customer.email, booked["reference"], "were given back"), what="mail of the seats"
    )
    assert "goes back to what you paid with" in told["text"]
    assert wait_for(
        lambda: world.mail_about(customer.email, booked["reference"], "Your refund"), what="mail of the money"
    )

    last = customer.post(path, {"seat_ids": [staying]}).ok()
    assert (last["status"], last["cancellation"]["refund"]) == ("CANCELLED", PRICE)
    settled(customer, booked, "CANCELLED", "refunded")


def test_somebody_elses_seats_are_not_given_back(market: Market, support: Person, choice: Choice) -> None:
    booked = book(market.customer(), choice, "tok_visa")
    body = {"seat_ids": [booked["seats"][0]["id"]]}
    for path in ("give-back", "give-back/quote"):
        support.post(f"/api/bookings/{booked['id']}/{path}", body).problem(404, "booking_not_found")
