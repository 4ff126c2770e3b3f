"""What a booking says of itself, worked out for its pages. Plain values in and out."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

# What a showtime may be that it was not when it was booked; the API tells both.
FIELDS = ("movie_title", "theater_name", "starts_at", "screen", "format", "language")
# Where the money was taken, at least for a while: there is a receipt.
PAID = ("captured", "partially_refunded", "refunded")


def is_settled(booking: Mapping[str, Any]) -> bool:
    """Whether nothing more happens to it by itself: paid with its tickets made, or ended."""
    if booking["status"] == "PENDING":
        return False
    return booking["status"] != "CONFIRMED" or bool(booking["tickets"])


def standing(booking: Mapping[str, Any]) -> str:
    """In a word; what is said of a booking that is not settled changes with it."""
    return f"{booking['status']}-{booking['payment_status']}".lower()


def due(booking: Mapping[str, Any]) -> dict[str, Any]:
    """What is to be paid of it, as money: less than its total where another booking is exchanged for it."""
    total, exchange = booking["total"], booking["exchange"]
    return {**total, "amount": total["amount"] - (exchange["carried"]["amount"] if exchange else 0)}


def changes(booking: Mapping[str, Any]) -> list[str]:
    """Which of FIELDS differ from what was booked, of one that is still good, until its customer says that it suits."""
    change = booking["change"]
    if booking["status"] not in ("PENDING", "CONFIRMED") or (change and change["accepted"]):
        return []
    return [name for name in FIELDS if _read(name, booking["terms"]) != _read(name, booking["showtime"])]


def _read(name: str, showtime: Mapping[str, Any]) -> Any:
    return datetime.fromisoformat(showtime[name]) if name == "starts_at" else showtime[name]


def parted(
    bookings: Sequence[Mapping[str, Any]], *, now: datetime
) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
    """Those to come, the next one first, and the others, the last one first."""
    by_start = sorted(bookings, key=lambda booking: _read("starts_at", booking["showtime"]))
    coming = [booking for booking in by_start if _is_to_come(booking, now)]
    return coming, [booking for booking in reversed(by_start) if not _is_to_come(booking, now)]


def _is_to_come(booking: Mapping[str, Any], now: datetime) -> bool:
    return booking["status"] in ("PENDING", "CONFIRMED") and _read("starts_at", booking["showtime"]) > now


def may_try_again(booking: Mapping[str, Any], *, now: datetime) -> bool:
    """Whether it came to no purchase, and its showtime is still to come."""
    return booking["status"] in ("EXPIRED", "REJECTED", "FAILED") and _read("starts_at", booking["showtime"]) > now


def types(booking: Mapping[str, Any]) -> dict[str, int]:
    """How many tickets of each type it has, by the type's code."""
    return dict(Counter(seat["ticket_type"]["code"] for seat in booking["seats"]))


def ending(steps: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Of its history the step that cancelled it; None for one that goes on."""
    return next((step for step in reversed(steps) if step["to_status"] == "CANCELLED" != step["from_status"]), None)


def ticket_of(booking: Mapping[str, Any], seat_id: str) -> dict[str, Any] | None:
    """A seat with what lets one in to it; None for a seat that has no ticket."""
    seats = {seat["id"]: seat for seat in booking["seats"]}
    for ticket in booking["tickets"]:
        if ticket["seat_id"] == seat_id and seat_id in seats:
            return {**seats[seat_id], **ticket}
    return None


def tickets(booking: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Its seats that have a ticket, each with it."""
    found = (ticket_of(booking, ticket["seat_id"]) for ticket in booking["tickets"])
    return in_order([ticket for ticket in found if ticket])


def counted(lines: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Lines of a price, those that are alike as one, with their count and what they come to together."""
    alike = Counter((line["kind"], line["code"], line["name"], line["gross"]) for line in lines)
    return [
        {"kind": kind, "code": code, "name": name, "count": count, "gross": gross * count}
        for (kind, code, name, gross), count in alike.items()
    ]


def in_order(seats: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """As they stand in the hall, A9, A10, B1, whatever order they were chosen in; rows of two letters come last."""
    return sorted(seats, key=lambda seat: (len(seat["row"]), seat["row"], seat["number"]))
