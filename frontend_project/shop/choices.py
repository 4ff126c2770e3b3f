"""What a customer chooses of a showtime: how many tickets of each type, which seats. Plain values in and out."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

# As many as booking holds at once.
MOST = 10
DEFAULT_TICKETS = 2


def counts(form: Mapping[str, str], types: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Tickets by code of their type, as asked for; two of the showtime's default where nothing is."""
    wanted = {each["code"]: _number(form.get(f"type-{each['code']}", "")) for each in types if each["online"]}
    chosen = {code: number for code, number in wanted.items() if number}
    if chosen or any(f"type-{each['code']}" in form for each in types):
        return _at_most(chosen)
    default = next((each["code"] for each in types if each["default"]), "")
    return {default: DEFAULT_TICKETS} if default else {}


def _number(text: str) -> int:
    return min(int(text), MOST) if text.isascii() and text.isdecimal() and len(text) < 4 else 0


def _at_most(chosen: Mapping[str, int]) -> dict[str, int]:
    room, fitting = MOST, {}
    for code, number in chosen.items():
        if room > 0:
            fitting[code] = min(number, room)
            room -= fitting[code]
    return fitting


def tickets(seat_ids: Sequence[str], wanted: Mapping[str, int]) -> list[dict[str, str]]:
    """Each seat with the type of its ticket, in the order of the types. Raises ValueError where the numbers differ."""
    types = [code for code, number in wanted.items() for _ in range(number)]
    if len(types) != len(seat_ids) or len(set(seat_ids)) != len(seat_ids):
        raise ValueError(f"{len(seat_ids)} seats for {len(types)} tickets")
    return [{"seat_id": seat, "ticket_type": code} for seat, code in zip(seat_ids, types, strict=True)]


def attempt(form: Mapping[str, str]) -> str:
    """What makes a form that is sent twice one: its own name for itself, or a new one where it has none."""
    try:
        return str(UUID(form.get("attempt", "")))
    except ValueError:
        return str(uuid4())


def rows(seats: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The seats by row, from the screen backwards, each row from left to right."""
    by_row: dict[str, list[Mapping[str, Any]]] = {}
    for seat in sorted(seats, key=lambda seat: (seat["y"], seat["x"])):
        by_row.setdefault(seat["row"], []).append(seat)
    return [{"name": name, "seats": found} for name, found in by_row.items()]


def still_free(named: Sequence[str], seats: Sequence[Mapping[str, Any]]) -> list[str]:
    """Of the seats that are named those that can be had."""
    there = {seat["id"] for seat in seats if seat["status"] == "available"}
    return [seat for seat in named if seat in there]


def free(seats: Sequence[Mapping[str, Any]]) -> int:
    return sum(seat["status"] == "available" for seat in seats)
