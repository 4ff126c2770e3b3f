from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.template.loader import render_to_string

from shop import purchases

NOW = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)


def booking(name: str = "one", *, status: str = "CONFIRMED", hours: int = 5, **more: Any) -> dict[str, Any]:
    """hours: from now to the start."""
    showtime = {
        "movie_title": "Salt Road",
        "theater_name": "Marquee",
        "starts_at": (NOW + timedelta(hours=hours)).isoformat(),
        "screen": "Hall 1",
        "format": "2D",
        "language": "en",
    }
    total = {"amount": 3000, "currency": "EUR"}
    return {
        "id": name,
        "status": status,
        "showtime": showtime,
        "terms": {**showtime},
        "total": total,
        "change": None,
        **more,
    }


def test_what_a_booking_is_exchanged_for_pays_the_rest() -> None:
    carried = {"carried": {"amount": 1000, "currency": "EUR"}}
    assert purchases.due(booking(exchange=None)) == {"amount": 3000, "currency": "EUR"}
    assert purchases.due(booking(exchange=carried)) == {"amount": 2000, "currency": "EUR"}


def test_a_moved_showtime_is_told_of_what_is_still_good() -> None:
    moved = booking(exchange=None)
    assert purchases.changes(moved) == []
    moved["showtime"] |= {"screen": "Hall 2", "starts_at": (NOW + timedelta(hours=7)).isoformat()}
    assert purchases.changes(moved) == ["starts_at", "screen"]
    told = {"revision": 3, "accepted": False}
    assert purchases.changes({**moved, "change": told}) == ["starts_at", "screen"]
    assert purchases.changes({**moved, "change": {**told, "accepted": True}}) == []
    assert purchases.changes({**moved, "status": "CANCELLED"}) == []


def test_the_same_moment_written_otherwise_is_no_change() -> None:
    same = booking()
    same["showtime"]["starts_at"] = "2026-11-27T21:00:00+07:00"
    assert purchases.changes(same) == []


def test_those_to_come_are_first_and_the_next_one_in_front() -> None:
    found = [
        booking("past", hours=-3),
        booking("later", hours=50),
        booking("ended", status="CANCELLED", hours=20),
        booking("soon", hours=1),
        booking("long past", hours=-90),
    ]
    coming, past = purchases.parted(found, now=NOW)
    assert [each["id"] for each in coming] == ["soon", "later"]
    assert [each["id"] for each in past] == ["ended", "past", "long past"]


@pytest.mark.parametrize(
    ("status", "tickets", "settled"),
    [("PENDING", [], False), ("CONFIRMED", [], False), ("CONFIRMED", ["code"], True), ("FAILED", [], True)],
)
def test_a_page_looks_again_until_nothing_more_happens(status: str, tickets: list[str], settled: bool) -> None:
    assert purchases.is_settled({"status": status, "tickets": tickets}) is settled


def test_what_ended_it_is_the_step_that_did() -> None:
    steps = [
        {"from_status": "PENDING", "to_status": "CONFIRMED", "trigger": "seats_sold"},
        {"from_status": "CONFIRMED", "to_status": "CANCELLED", "trigger": "exchanged"},
        {"from_status": "CANCELLED", "to_status": "CANCELLED", "trigger": "refunded"},
    ]
    ended = purchases.ending(steps)
    assert ended is not None
    assert ended["trigger"] == "exchanged"
    assert purchases.ending(steps[:1]) is None


def test_seats_are_named_as_they_stand_whatever_order_they_were_chosen_in() -> None:
    chosen = [
        {"id": f"{row}{number}", "row": row, "number": number}
        for row, number in (("C", 4), ("AA", 1), ("A", 10), ("A", 9))
    ]
    tickets = [{"seat_id": seat["id"], "seat": seat["id"], "code": "code"} for seat in chosen]
    bought = booking(seats=chosen, tickets=tickets)
    bought["showtime"]["time_zone"] = "Europe/Berlin"
    in_order = ["A9", "A10", "C4", "AA1"]
    assert [ticket["seat"] for ticket in purchases.tickets(bought)] == in_order
    assert f"Seats: {', '.join(in_order)}" in render_to_string("shop/what.html", {"booking": bought})


@pytest.mark.parametrize(
    ("status", "hours", "exchange", "may"),
    [
        ("EXPIRED", 5, None, True),
        ("REJECTED", 5, None, True),
        ("FAILED", 5, None, True),
        ("EXPIRED", -1, None, False),
        ("EXPIRED", 5, {"carried": {"amount": 1000, "currency": "EUR"}}, True),
        ("CANCELLED", 5, None, False),
        ("PENDING", 5, None, False),
    ],
)
def test_seats_may_be_chosen_again_where_nothing_was_bought_and_there_is_time(
    status: str, hours: int, exchange: Any, may: bool
) -> None:
    assert purchases.may_try_again(booking(status=status, hours=hours, exchange=exchange), now=NOW) is may


def test_lines_that_are_alike_are_one_with_their_count() -> None:
    adult = {"kind": "ticket", "code": "adult", "name": "Adult", "gross": 900}
    child = {**adult, "code": "child", "gross": 500}
    told = [(line["count"], line["code"], line["gross"]) for line in purchases.counted([adult, child, adult])]
    assert told == [(2, "adult", 1800), (1, "child", 500)]
