"""A showtime on sale is moved to another screen: everybody sits there, with a ticket that counts, and pays no more."""

from datetime import UTC, datetime, timedelta
from typing import Any

from waiting import wait_for
from world import PRICE, Choice, Market, Person, World, book, payment_of, settled, showtime_body, wait_until_on_sale

COUPLE = {"couple": PRICE}


def layout(rows: dict[str, str]) -> list[dict[str, Any]]:
    """Of each row its seats, s or c for half a couple seat."""
    kinds = {"s": "standard", "c": "couple"}
    return [
        {"row": row, "number": x, "x": x, "y": y, "category": kinds[kind]}
        for y, (row, seats) in enumerate(rows.items(), 1)
        for x, kind in enumerate(seats, 1)
    ]


def seats_of(world: World, showtime: str) -> dict[str, dict[str, Any]]:
    seats = world.anybody.get(f"/api/showtimes/{showtime}/seats").ok()["seats"]
    return {f"{seat['row']}{seat['number']}": seat for seat in seats}


def of(customer: Person, booking: dict[str, Any]) -> list[str]:
    shown = customer.get(f"/api/bookings/{booking['id']}").ok()
    return sorted(f"{seat['row']}{seat['number']}" for seat in shown["seats"])


def ticket_of(customer: Person, booking: dict[str, Any]) -> str:
    return wait_for(lambda: customer.get(f"/api/bookings/{booking['id']}").ok()["ticket"], what="ticket")


def test_whoever_has_seats_sits_in_the_other_screen_and_the_door_knows(
    world: World, market: Market, admin: Person
) -> None:
    theater = market.theater["id"]
    halls = [
        admin.post(f"/api/theaters/{theater}/screens", {"name": name, "seats": layout(rows)}).ok(201)
        for name, rows in (("Large", {"A": "ssss", "B": "cccc"}), ("Small", {"A": "sss", "C": "cc"}))
    ]
    starts_at = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=90)
    wish = showtime_body(market.movie, halls[0], starts_at)
    showtime = admin.post("/api/showtimes", {**wish, "prices": wish["prices"] | COUPLE}).ok(201)["id"]
    wait_until_on_sale(world, showtime)
    there = seats_of(world, showtime)
    wanted = [["A1"], ["A4"], ["B3", "B4"]]
    booked = []
    for names in wanted:
        customer = market.customer()
        booking = book(customer, Choice(showtime, [there[name]["id"] for name in names]), "tok_visa")
        booked.append((customer, settled(customer, booking, "CONFIRMED", "captured")))

    told = admin.get(f"/api/showtimes/{showtime}/seats/in-screen/{halls[1]['id']}").ok()
    assert (told["bookings"], told["people"], told["without_seat"]) == (3, 4, 0)
    old = [ticket_of(*each) for each in booked]

    change = {"screen_id": halls[1]["id"]}
    admin.patch(f"/api/showtimes/{showtime}", change).problem(409, "fewer_seats")
    admin.patch(f"/api/showtimes/{showtime}", {**change, "refund_without_seat": True}).ok()

    for customer, booking in booked:
        words = f"A change to your booking {booking['reference']}"
        mail = wait_for(lambda: world.mail_about(customer.email, words), what="mail about the move")  # noqa: B023
        assert "does not count any more" in mail["text"]
        assert "Large" in mail["text"]
        assert "Small" in mail["text"]
    assert [of(*each) for each in booked] == [["A1"], ["A3"], ["C1", "C2"]]
    now = seats_of(world, showtime)
    assert {name for name, seat in now.items() if seat["status"] == "sold"} == {"A1", "A3", "C1", "C2"}
    assert [payment_of(*each)["amount"]["amount"] for each in booked] == [
        PRICE["amount"] * len(names) for names in wanted
    ]

    at_the_door = {"showtime_id": showtime, "door": "Small"}
    for (customer, booking), ticket in zip(booked, old, strict=True):
        refused = admin.post("/api/tickets/check-in", {"ticket": ticket, **at_the_door}).problem(409, "ticket_void")
        assert refused["ended_by"] == "showtime_moved"
        counts = {"ticket": ticket_of(customer, booking), **at_the_door}
        admitted = admin.post("/api/tickets/check-in", counts).ok()
        assert sorted(f"{seat['row']}{seat['number']}" for seat in admitted["seats"]) == of(customer, booking)
