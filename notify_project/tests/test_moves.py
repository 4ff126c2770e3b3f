"""A booking whose showtime is not as it was sold."""

from collections.abc import Callable
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from django.utils import timezone
from servers import Sink

from chassis.ids import uuid7
from notifications.kinds import samples
from notifications.models import BookingSummary, Contact, Notification

pytestmark = pytest.mark.django_db

Deliver = Callable[..., bool]

THIS_HOUR = timezone.now().replace(minute=0, second=0, microsecond=0)


def move(deliver: Deliver, *, hours: int, revision: int, **overrides: Any) -> bool:
    """The showtime of the golden booking is in as many hours from now, an hour later than before."""
    start = THIS_HOUR + timedelta(hours=hours)
    showtime = {**samples.BOOKING["showtime"], "starts_at": start.isoformat(), "time_zone": "UTC"}
    before = {"starts_at": (start - timedelta(hours=1)).isoformat(), "screen": "Screen 3"}
    told = {"before": before, "showtime": showtime, "free_cancellation_until": start.isoformat()}
    return deliver("booking.moved", revision=revision, **(told | overrides))


def hour(hours: int) -> str:
    local = THIS_HOUR + timedelta(hours=hours)
    return f"{local:%B} {local.day}, {local.year}, {local.hour % 12 or 12}:00\u202f{local:%p}"


def test_a_moved_showtime_is_told_with_both_times_and_the_way_out(
    sink: Sink, deliver: Deliver, contact: Contact
) -> None:
    move(deliver, hours=30, revision=2)
    [mail] = sink.messages(contact.email)
    assert mail["subject"] == "A change to your booking K7QF2M9XTD: The Long Take"
    assert "was changed to another time" in mail["text"]
    was, now, offer = (line for line in mail["text"].splitlines() if line.startswith(("Was", "Now", "If it does not")))
    assert hour(29) in was
    assert hour(30) in now
    assert hour(30) in offer
    assert "₫180,000 goes back to what you paid with" in offer
    assert "the ticket you have stays valid" in mail["text"]
    for wording in (mail["text"], mail["html"]):
        assert "you keep it, that free cancellation ends" in wording
    assert [picture["name"] for picture in mail["attachments"]] == ["ticket-1.png", "ticket-2.png"]


def test_a_film_that_is_shown_otherwise_is_told_as_it_was_and_as_it_is(
    sink: Sink, deliver: Deliver, contact: Contact
) -> None:
    start = (THIS_HOUR + timedelta(hours=30)).isoformat()
    before = {"starts_at": start, "screen": "Screen 3", "movie_title": "x", "format": "2D", "language": "en"}
    showtime = {**samples.BOOKING["showtime"], "starts_at": start, "format": "3D", "language": "de"}
    told = {"before": before, "showtime": showtime, "free_cancellation_until": start}
    deliver("booking.moved", revision=2, changed=["format", "language"], **told)
    [mail] = sink.messages(contact.email)
    was, now = (line for line in mail["text"].splitlines() if line.startswith(("Was", "Now")))
    assert was.endswith("(2D, English)")
    assert now.endswith("(3D, German)")
    assert "another time" not in mail["text"]


def test_other_seats_in_another_screen_are_told_with_those_before_and_a_ticket_that_counts(
    sink: Sink, deliver: Deliver, contact: Contact
) -> None:
    seats = [{"id": str(uuid7()), "before": "C7", "now": "B1", "moved_to": str(uuid7())}]
    start = (THIS_HOUR + timedelta(hours=30)).isoformat()
    move(
        deliver, hours=30, revision=2, changed=["screen"], moved_seats=seats, before={"starts_at": start, "screen": "9"}
    )
    [mail] = sink.messages(contact.email)
    assert "Seats    B1, B2 (were C7)" in mail["text"]
    assert "the one you have does not count any more" in mail["text"]
    assert "stays valid" not in mail["text"]
    assert "here is the new one" in mail["html"]
    assert [picture["name"] for picture in mail["attachments"]] == ["ticket-1.png", "ticket-2.png"]


def test_later_messages_call_the_seats_what_they_are_called_in_the_other_screen(deliver: Deliver) -> None:
    deliver("booking.created")
    there = [{**seat, "row": "D"} for seat in samples.BOOKING["seats"]]
    move(deliver, hours=30, revision=2, changed=["screen"], seats=there)
    assert [seat["row"] for seat in BookingSummary.objects.get().seats] == ["D", "D"]


def test_who_has_not_paid_yet_is_not_promised_their_money_back(sink: Sink, deliver: Deliver, contact: Contact) -> None:
    move(deliver, hours=30, revision=2, ticket="", tickets=[])
    [mail] = sink.messages(contact.email)
    assert "free of charge" in mail["text"]
    assert "ticket" not in mail["text"]
    assert mail["attachments"] == []


def test_each_move_is_told_once(sink: Sink, deliver: Deliver, contact: Contact) -> None:
    for hours, revision in ((30, 2), (30, 2), (31, 3)):
        move(deliver, hours=hours, revision=revision)
    first, second = sink.messages(contact.email)
    assert hour(30) in first["text"]
    assert hour(31) in second["text"]


def test_a_move_that_nobody_can_act_on_any_more_is_not_told(sink: Sink, deliver: Deliver, contact: Contact) -> None:
    move(deliver, hours=0, revision=2)
    assert sink.messages(contact.email) == []
    assert Notification.objects.get().reason == "too_late"


@pytest.mark.parametrize("order", list(permutations(["created", 2, 3])), ids=str)
def test_later_messages_say_the_newest_time_whatever_arrived_last(
    sink: Sink, deliver: Deliver, contact: Contact, order: tuple[Any, ...]
) -> None:
    for news in order:
        if news == "created":
            deliver("booking.created", payment_method={"token": "tok_visa"})
        else:
            move(deliver, hours=30 + news, revision=news)
    deliver("payment.completed")
    receipt = sink.messages(contact.email)[-1]
    assert receipt["subject"].startswith("Your receipt")
    assert hour(33) in receipt["text"]


def test_other_seats_are_told_with_the_tickets_that_count_and_later_mails_name_them(
    sink: Sink, deliver: Deliver, contact: Contact
) -> None:
    start = (THIS_HOUR + timedelta(hours=30)).isoformat()
    deliver("booking.created", hold_expires_at=start)
    deliver("booking.reseated", showtime={**samples.BOOKING["showtime"], "starts_at": start, "time_zone": "UTC"})
    mail = sink.messages(contact.email)[-1]
    assert "Other seats for your booking K7QF2M9XTD" in mail["subject"]
    assert "instead of B1" in mail["text"]
    assert "The seat before is broken. We are sorry." in mail["text"]
    assert "the one you have lets nobody in any more" in mail["text"]
    assert [picture["name"] for picture in mail["attachments"]] == ["ticket-1.png", "ticket-2.png"]
    (known,) = BookingSummary.objects.all()
    assert [f"{seat['row']}{seat['number']}" for seat in known.seats] == ["C1", "B2"]
    deliver("booking.reseated", seating=2)
    deliver("booking.reseated", seating=2)
    assert len([each for each in sink.messages(contact.email) if "Other seats" in each["subject"]]) == 2
