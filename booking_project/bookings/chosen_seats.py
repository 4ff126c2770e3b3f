"""Seats as a form of the desk names them, and what is said of them."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from bookings import words
from bookings.sales import Sale, sale_of
from chassis.web.problems import Problem

MOST_SEATS = 50


def wanted(said: Any, showtime_id: UUID) -> dict[str, Any]:
    """What holds.hold_seats() takes: seats, each as a ticket of a type. said: the request's parameters."""
    seats = list(ids_of(said.getlist("seat")[:MOST_SEATS]))
    types = {seat: code for seat in seats if (code := said.get(f"type_{seat}"))}
    return {"showtime_id": showtime_id, "seat_ids": seats, "ticket_types": types or None}


def ids_of(texts: list[str]) -> Iterator[UUID]:
    """Those that are any."""
    for text in texts:
        try:
            yield UUID(text)
        except ValueError:
            continue


def types_for(sale: Sale, category: str, chosen: str) -> list[tuple[str, str, bool]]:
    """Codes and names of the types that a seat of that category is sold as, and which of them it is now."""
    sold = (each for each in sale.tariff.ticket_types if sale.tariff.price_of(each.code, category) is not None)
    return [(each.code, each.name, each.code == chosen) for each in sold]


def refused(problem: Problem, showtime_id: UUID) -> str:
    """Its sentence, and the seats that it names by what people call them."""
    named = {str(seat_id) for seat_id in problem.extra.get("seats", ())}
    known = sale_of(showtime_id).seats.values() if named else ()
    seats = words.names_of([seat for seat in known if str(seat.id) in named])
    return f"{problem.detail.rstrip('.')}: {seats}." if seats else problem.detail
