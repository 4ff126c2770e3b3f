from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

from shop import calendars

EVENT = calendars.Event(
    uid="01a21c43-21c2-71f6-82c6-e38900ae28fa",
    sequence=2,
    changed_at=datetime(2026, 11, 27, 9, 0, tzinfo=UTC),
    starts_at=datetime(2026, 11, 28, 19, 30, tzinfo=timezone(timedelta(hours=7))),
    ends_at=datetime(2026, 11, 28, 21, 14, tzinfo=timezone(timedelta(hours=7))),
    title="Lanterns; a film, by \\ hand\nof two",
    place="Marquee Nguyễn Huệ, Phòng 3",
    said="下北沢二番線" * 20,
    url="https://tickets.example/vi/bookings/01a21c43/",
)


def lines(event: calendars.Event) -> list[str]:
    """As a calendar reads them: what was folded is one line again."""
    return calendars.calendar(event).decode().replace("\r\n ", "").split("\r\n")


def test_times_are_universal_and_texts_are_escaped() -> None:
    read = lines(EVENT)
    assert "DTSTART:20261128T123000Z" in read
    assert "DTEND:20261128T141400Z" in read
    assert "SUMMARY:Lanterns\\; a film\\, by \\\\ hand\\nof two" in read
    assert "LOCATION:Marquee Nguyễn Huệ\\, Phòng 3" in read
    assert f"DESCRIPTION:{EVENT.said}" in read
    assert read[0] == "BEGIN:VCALENDAR"
    assert read[-2:] == ["END:VCALENDAR", ""]


def test_no_line_is_longer_than_75_octets_nor_ends_within_a_character() -> None:
    folded = calendars.calendar(EVENT).split(b"\r\n")
    assert len(folded) > len(lines(EVENT))
    assert max(map(len, folded)) <= 75
    assert all(line.decode() is not None for line in folded)


def test_a_text_brings_no_line_of_its_own() -> None:
    read = lines(replace(EVENT, title="Film\r\nATTENDEE:mailto:x@example.org\x00"))
    assert "SUMMARY:Film\\nATTENDEE:mailto:x@example.org" in read


def test_what_is_not_known_or_not_good_any_more() -> None:
    read = lines(replace(EVENT, ends_at=None, cancelled=True, sequence=3))
    assert not any(line.startswith("DTEND") for line in read)
    assert {"STATUS:CANCELLED", "SEQUENCE:3", f"UID:{EVENT.uid}"} <= set(read)
