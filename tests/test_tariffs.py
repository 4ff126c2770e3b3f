"""Tickets of several types: what catalog plans, booking sells, payment takes and notify says, through the gateway."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from browsing import Browser
from world import Market, Person, World, new_key, payment_of, settled, showtime_body, wait_until_on_sale

ADULT, CHILD, GLASSES, FEE = 120_000, 70_000, 20_000, 5_000
HINTS = {"hint": "up to 12", "hints": {"de": "bis 12 Jahre"}}
SELLER = {"name": "Test Cinemas Ltd", "address": "1 Test Street", "tax_number": "0312345678"}


@pytest.fixture(scope="module")
def opened(world: World, market: Market) -> dict[str, Any]:
    """A theater that sells to adults, and to children who come with them; a screen of its own, and a price list."""
    admin = world.staff("admin")
    name = f"Tariff theater {secrets.token_hex(3)}"
    place = {name: market.theater[name] for name in ("city", "address", "time_zone", "currency", "rules")}
    terms = {"seller": SELLER, "tax": {"included": True, "ticket": 500, "fee": 1000}}
    theater = admin.post("/api/theaters", {"name": name, **place, **terms}).ok(201)
    for code, accompanied in (("adult", False), ("child", True)):
        kind = {"code": code, "name": code.capitalize(), "default": not accompanied, "accompanied": accompanied}
        kind |= HINTS if accompanied else {}
        admin.post(f"/api/theaters/{theater['id']}/ticket-types", kind).ok(201)
    seats = [{"row": "A", "number": x, "x": x, "y": 1, "category": "standard"} for x in range(1, 11)]
    screen = admin.post(f"/api/theaters/{theater['id']}/screens", {"name": "Hall 1", "seats": seats}).ok(201)
    return {"theater": theater, "screen": screen}


def on_sale(world: World, market: Market, opened: dict[str, Any], starts_at: datetime, **listed: Any) -> str:
    """A showtime by a price list of its own, once it can be booked; its id."""
    admin, theater = world.staff("admin"), opened["theater"]
    prices = {"adult": {"standard": ADULT}, "child": {"standard": CHILD}}
    wanted = {"name": secrets.token_hex(4), "currency": "VND", "prices": prices, **listed}
    made = admin.post(f"/api/theaters/{theater['id']}/price-lists", wanted).ok(201)
    body = showtime_body(market.movie, opened["screen"], starts_at) | {"price_list_id": made["id"]}
    del body["prices"]
    showtime: str = admin.post("/api/showtimes", body).ok(201)["id"]
    wait_until_on_sale(world, showtime)
    return showtime


@pytest.fixture(scope="module")
def family(world: World) -> Person:
    return world.new_customer(proven=True)


def test_two_adults_and_a_child_pay_what_they_were_told_line_by_line(
    world: World, market: Market, opened: dict[str, Any], family: Person
) -> None:
    fees = [
        {"code": "glasses", "name": "3D glasses", "per": "ticket", "amount": GLASSES},
        {"code": "booking", "name": "Booking fee", "per": "booking", "amount": FEE},
    ]
    starts_at = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=100)
    early = [{"days_before": 7, "percent": 10}]
    showtime = on_sale(world, market, opened, starts_at, fees=fees, early=early)
    wanted = {"quantity": {"adult": 2, "child": 1}}
    quote = world.anybody.post(f"/api/showtimes/{showtime}/quote", wanted).ok()
    total = (2 * ADULT + CHILD) * 9 // 10 + 3 * GLASSES + FEE
    assert quote["total"] == {"amount": total, "currency": "VND"}

    body = {"showtime_id": showtime, **wanted, "payment_method": {"token": "tok_visa"}}
    booked = family.post("/api/bookings", body, key=new_key()).ok(201)
    assert {name: booked[name] for name in ("lines", "total")} == {name: quote[name] for name in ("lines", "total")}
    assert booked["seats"] == [{**seat, "moved_to": None} for seat in quote["seats"]]
    assert sorted(seat["ticket_type"]["name"] for seat in booked["seats"]) == ["Adult", "Adult", "Child"]
    assert sum(line["gross"] for line in booked["lines"]) == total
    assert all(line["net"] + line["tax"] == line["gross"] for line in booked["lines"])
    settled(family, booked, "CONFIRMED", "captured")
    assert payment_of(family, booked)["captured_amount"] == quote["total"]
    assert settled(family, booked, "CONFIRMED")["lines"] == booked["lines"]


def test_whom_a_childs_ticket_is_for_is_said_and_it_is_not_sold_alone(
    world: World, market: Market, opened: dict[str, Any], family: Person
) -> None:
    starts_at = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=101)
    showtime = on_sale(world, market, opened, starts_at)
    for language, hint in {"en": "up to 12", "de": "bis 12 Jahre"}.items():
        assert f"<small>{hint}</small>" in Browser(world).get(f"/{language}/showtimes/{showtime}/").text
    body = {"showtime_id": showtime, "quantity": {"child": 2}}
    refused = family.post("/api/bookings", body, key=new_key()).problem(400, "accompanied_alone")
    assert [error["pointer"] for error in refused["errors"]] == ["/quantity/child"]


def test_what_costs_nothing_is_booked_without_a_card(
    world: World, market: Market, opened: dict[str, Any], family: Person
) -> None:
    starts_at = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=102)
    free = {"adult": {"standard": 0}, "child": {"standard": 0}}
    showtime = on_sale(world, market, opened, starts_at, prices=free)
    booked = family.post("/api/bookings", {"showtime_id": showtime, "quantity": 2}, key=new_key()).ok(201)
    assert booked["total"]["amount"] == 0
    shown = settled(family, booked, "CONFIRMED", "captured")
    assert len(shown["tickets"]) == 2
    payment = payment_of(family, booked)
    assert (payment["status"], payment["captured_amount"]["amount"]) == ("captured", 0)
    left = family.delete(f"/api/bookings/{booked['id']}").ok()
    assert (left["status"], left["cancellation"]["refund"]["amount"]) == ("CANCELLED", 0)
