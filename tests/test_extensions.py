"""A customer who needs longer to pay: the hold is made longer, once, and paid within it."""

from datetime import datetime

from world import Choice, Person, World, book, booking_of, pay, settled, wait_for_seats


def test_a_hold_is_made_longer_once_and_paid_within_it(world: World, customer: Person, choice: Choice) -> None:
    booked = book(customer, choice)
    assert (booked["extendable"], booked["extended_at"]) == (True, None)

    longer = customer.post(f"/api/bookings/{booked['id']}/extend").ok()

    until = longer["hold_expires_at"]
    assert datetime.fromisoformat(until) > datetime.fromisoformat(booked["hold_expires_at"])
    assert (longer["extendable"], longer["extended_at"] is None) == (False, False)
    wait_for_seats(world, choice, "held")
    again = customer.post(f"/api/bookings/{booked['id']}/extend").problem(409, "hold_extended")
    assert again["hold_expires_at"] == until == booking_of(customer, booked)["hold_expires_at"]
    assert pay(customer, booked).status == 201
    settled(customer, booked, "CONFIRMED", "captured")
    customer.post(f"/api/bookings/{booked['id']}/extend").problem(409, "not_extendable")


def test_a_hold_that_was_given_back_or_is_somebody_elses_is_not_made_longer(
    customer: Person, support: Person, choice: Choice
) -> None:
    booked = book(customer, choice)
    support.post(f"/api/bookings/{booked['id']}/extend").problem(404, "booking_not_found")
    customer.delete(f"/api/bookings/{booked['id']}").ok()
    customer.post(f"/api/bookings/{booked['id']}/extend").problem(409, "not_extendable")
