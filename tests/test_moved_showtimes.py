"""A showtime is moved: everybody who has a booking is told once, and may go for nothing until it starts."""

from datetime import UTC, datetime, timedelta
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
    payment_of,
    settled,
    showtime_body,
    wait_for_seats,
    wait_until_on_sale,
)

DAYS_AHEAD = 80


@pytest.fixture
def showtime(world: World, market: Market, admin: Person) -> str:
    """Far ahead, where cancelling is free anyway."""
    starts_at = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=DAYS_AHEAD)
    made: str = admin.post("/api/showtimes", showtime_body(market.movie, market.screen, starts_at)).ok(201)["id"]
    wait_until_on_sale(world, made)
    return made


def choices(world: World, showtime: str, count: int) -> list[Choice]:
    seats = world.anybody.get(f"/api/showtimes/{showtime}/seats").ok()["seats"]
    return [Choice(showtime, [seat["id"]]) for seat in seats[:count]]


def move(admin: Person, showtime: str, starts_at: datetime) -> None:
    admin.patch(f"/api/showtimes/{showtime}", {"starts_at": starts_at.isoformat()}).ok()


def told(world: World, customer: Person, booking: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        mail
        for mail in world.mails(customer.email)
        if f"A change to your booking {booking['reference']}" in mail["subject"]
    ]


def test_whoever_has_a_booking_is_told_once_and_goes_for_nothing_when_nobody_else_may(
    world: World, market: Market, admin: Person, showtime: str
) -> None:
    one, other = market.customer(), market.customer()
    paid_seat, held_seat, late_seat = choices(world, showtime, 3)
    paid, held = book(one, paid_seat, "tok_visa"), book(other, held_seat)
    settled(one, paid, "CONFIRMED", "captured")

    # The theater takes no ticket back within an hour of the start.
    soon = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=40)
    move(admin, showtime, soon)

    for customer, booking in ((one, paid), (other, held)):
        wait_for(lambda: told(world, customer, booking), what="mail about the move")  # noqa: B023
        history = customer.get(f"/api/bookings/{booking['id']}/history").ok()["results"]
        assert [line["trigger"] for line in history].count("showtime_moved") == 1
        assert history[-1]["from_status"] == history[-1]["to_status"]
    wait_for_seats(world, paid_seat, "sold")
    shown = one.get(f"/api/bookings/{paid['id']}").ok()["showtime"]["starts_at"]
    assert datetime.fromisoformat(shown) == soon

    late = book(one, late_seat, "tok_visa")
    settled(one, late, "CONFIRMED", "captured")
    one.delete(f"/api/bookings/{late['id']}").problem(409, "cancellation_closed")
    assert one.delete(f"/api/bookings/{paid['id']}").ok()["status"] == "CANCELLED"
    settled(one, paid, "CANCELLED", "refunded")
    assert payment_of(one, paid)["refunded_amount"] == PRICE
    wait_for_seats(world, paid_seat, "available")
    assert other.delete(f"/api/bookings/{held['id']}").ok()["status"] == "CANCELLED"

    assert [len(told(world, *whose)) for whose in ((one, paid), (other, held), (one, late))] == [1, 1, 0]


def test_each_move_is_told_and_what_is_not_a_move_is_not(
    world: World, admin: Person, customer: Person, showtime: str
) -> None:
    [seat] = choices(world, showtime, 1)
    booking = book(customer, seat, "tok_visa")
    settled(customer, booking, "CONFIRMED", "captured")
    start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=DAYS_AHEAD)

    dearer = {"amount": PRICE["amount"] + 1, "currency": PRICE["currency"]}
    admin.patch(f"/api/showtimes/{showtime}", {"prices": {"standard": dearer}}).ok()
    for number in (1, 2):
        move(admin, showtime, start + timedelta(hours=4 * number))
        wait_for(lambda: len(told(world, customer, booking)) == number, what=f"mail about move {number}")  # noqa: B023

        # That this suits them is said of this one, and of no later one.
        own = f"/api/bookings/{booking['id']}"
        change = customer.get(own).ok()["change"]
        assert (change["accepted"], customer.get(f"{own}/cancellation").ok()["why"]) == (False, "showtime_changed")
        customer.post(f"{own}/accept-change", {"revision": change["revision"]}).ok()
        assert customer.get(f"{own}/cancellation").ok()["why"] == "in_time"

    first, second = told(world, customer, booking)
    assert first["message_id"] != second["message_id"]
    steps = customer.get(f"/api/bookings/{booking['id']}/history").ok()["results"]
    assert [step["trigger"] for step in steps][-4:] == ["showtime_moved", "change_accepted"] * 2
