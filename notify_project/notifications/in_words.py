"""What staff read of a message and of a booking: what events said, as rows of a name and what it is, in words."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils.html import format_html, format_html_join

from chassis.money import Money, format_money
from chassis.web.in_words import in_words
from notifications.presentation import named

# Whoever holds one of these is let in, or signed in.
UNSHOWN = frozenset({"ticket", "tickets", "token"})


def table(context: Mapping[str, Any]) -> str:
    """A row for each thing that was said; what nobody said, ids and what lets somebody in are left out."""
    zone = (context.get("showtime") or {}).get("time_zone", "UTC")
    rows = [
        (in_words(name), told(value, zone))
        for name, value in context.items()
        if name not in UNSHOWN and not name.endswith("_id") and value not in (None, "", [])
    ]
    if not rows:
        return "-"
    return format_html("<table>{}</table>", format_html_join("", "<tr><th scope='row'>{}</th><td>{}</td></tr>", rows))


def told(value: Any, zone: str = "UTC") -> str:
    """One thing in words: money, seats, a showtime and times as such, a code without its underscores."""
    match value:
        case bool():
            return "yes" if value else "no"
        case {"amount": int() as amount, "currency": str() as currency}:
            return format_money(Money(amount, currency))
        case {"rate": int() as rate, "tax": tax}:
            return f"{rate / 100:g} %: {told(tax)}"
        case {"name": str() as name, "count": int() as count, "amount": amount}:
            return f"{name} ({count}): {told(amount)}"
        case {"starts_at": str()}:
            return showing(value, zone)
        case [{"row": _, "number": _}, *_]:
            return named(value)
        case list():
            return ", ".join(told(one, zone) for one in value)
        case dict():
            return "; ".join(f"{in_words(name)}: {told(part, zone)}" for name, part in value.items())
        case str():
            return _moment(value, zone) or (in_words(value) if value.islower() and " " not in value else value)
        case _:
            return str(value)


def showing(showtime: Mapping[str, Any], zone: str = "UTC") -> str:
    """The film, the place and the start as the theater's clocks show it; what is not known is left out."""
    at = _moment(showtime["starts_at"], showtime.get("time_zone", zone))
    parts = (*(showtime.get(name, "") for name in ("movie_title", "theater_name", "screen")), at)
    return ", ".join(part for part in parts if part)


def _moment(text: str, zone: str) -> str:
    """A time as the clocks of a zone show it, and which these are; "" for what is none."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return ""
    if at.tzinfo is None:
        return ""
    try:
        local = at.astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError):
        zone, local = "UTC", at.astimezone(UTC)
    return f"{local:%a} {local.day} {local:%b %Y %H:%M} {zone}"
