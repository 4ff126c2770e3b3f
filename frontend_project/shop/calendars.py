"""A showtime for somebody's calendar (RFC 5545). Plain values in and out."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

MEDIA_TYPE = "text/calendar; charset=utf-8"
# Octets of a line, without its end (section 3.1).
LINE = 75


@dataclass(frozen=True)
class Event:
    """uid: the same for ever, so that a calendar knows it again. sequence: greater after each change.

    changed_at: when it was like this. ends_at: None where it is not known.
    """

    uid: str
    sequence: int
    changed_at: datetime
    starts_at: datetime
    ends_at: datetime | None
    title: str
    place: str
    said: str
    url: str
    cancelled: bool = False


def calendar(event: Event) -> bytes:
    """The file."""
    return b"".join(_folded(line) for line in _lines(event))


def _lines(event: Event) -> Iterator[str]:
    yield from ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Marquee//Tickets//EN", "METHOD:PUBLISH", "BEGIN:VEVENT")
    yield f"UID:{event.uid}"
    yield f"SEQUENCE:{event.sequence}"
    yield f"DTSTAMP:{_utc(event.changed_at)}"
    yield f"DTSTART:{_utc(event.starts_at)}"
    if event.ends_at:
        yield f"DTEND:{_utc(event.ends_at)}"
    yield f"SUMMARY:{_text(event.title)}"
    yield f"LOCATION:{_text(event.place)}"
    yield f"DESCRIPTION:{_text(event.said)}"
    yield f"URL:{event.url}"
    yield f"STATUS:{'CANCELLED' if event.cancelled else 'CONFIRMED'}"
    yield from ("END:VEVENT", "END:VCALENDAR")


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(said: str) -> str:
    """Section 3.3.11. Control characters, which no text may have, are left out."""
    for plain, escaped in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\r\n", "\n"), ("\n", "\\n")):
        said = said.replace(plain, escaped)
    return "".join(each for each in said if each.isprintable())


def _folded(line: str) -> bytes:
    """In pieces of at most LINE octets, none of which ends within a character."""
    pieces, room = [b""], LINE
    for character in line:
        octets = character.encode()
        if len(pieces[-1]) + len(octets) > room:
            pieces.append(b"")
            room = LINE - 1  # the next line begins with a space
        pieces[-1] += octets
    return b"\r\n ".join(pieces) + b"\r\n"
