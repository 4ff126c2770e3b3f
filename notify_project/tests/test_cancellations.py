"""Money is told truly: what comes back, what is kept and why, and that before it is said to have come back."""

from collections.abc import Callable
from itertools import permutations
from typing import Any

import pytest
from django.utils import timezone
from servers import Sink

from chassis.ids import uuid7
from notifications import delivery
from notifications.domain import FOLLOW_WAIT
from notifications.models import Contact, Notification

pytestmark = pytest.mark.django_db

Deliver = Callable[..., bool]

REFUND_AND_END = ["payment.refunded", "booking.cancelled"]
# A refund of an amount, which is all of it.
WHOLE: dict[str, Any] = {"status": "refunded", "seats": [], "seats_left": []}


@pytest.mark.parametrize("order", list(permutations(REFUND_AND_END)), ids=lambda order: " then ".join(order))
def test_what_comes_back_is_read_before_that_it_came_back(
    sink: Sink, deliver: Deliver, contact: Contact, order: tuple[str, str]
) -> None:
    for event_type in order:
        deliver(event_type, **(WHOLE if event_type == "payment.refunded" else {}))
    delivery.deliver_due()
    ended, refund = sink.messages(contact.email)
    assert ended["subject"] == "Booking K7QF2M9XTD is cancelled"
    assert refund["subject"].startswith("Your refund")


def test_a_refund_waits_for_word_of_the_cancellation_but_not_for_ever(
    sink: Sink, deliver: Deliver, contact: Contact, make_due: Callable[[], None]
) -> None:
    deliver("payment.refunded", **WHOLE)
    assert delivery.deliver_due() == 0
    assert Notification.objects.get().due_at <= timezone.now() + FOLLOW_WAIT
    make_due()
    delivery.deliver_due()
    assert len(sink.messages(contact.email)) == 1


def test_a_refund_of_goodwill_waits_for_nothing_and_leaves_the_ticket_good(
    sink: Sink, deliver: Deliver, contact: Contact
) -> None:
    deliver("payment.refunded", kind="goodwill", reason="Sorry about the <b>sound</b>.")
    [mail] = sink.messages(contact.email)
    assert "your ticket stays valid" in mail["text"]
    assert "Sorry about the <b>sound</b>." in mail["text"]
    assert "Sorry about the &lt;b&gt;sound&lt;/b&gt;." in mail["html"]


@pytest.mark.parametrize("language", ["en", "vi"])
def test_a_refund_of_seats_names_whose_money_it_is_and_says_nothing_of_who_sits_there(
    sink: Sink, deliver: Deliver, contact: Contact, language: str
) -> None:
    """Somebody may have been let in meanwhile: that a seat was given back is booking's to say."""
    Contact.objects.filter(user_id=contact.user_id).update(language=language)
    deliver("payment.refunded")
    deliver("booking.reduced")
    deliver("booking.reduced", gone=[])
    money, seats = sink.messages(contact.email)
    for part in ("text", "html"):
        assert "(B1)" in money[part]
        assert "B2" not in money[part]
        assert "B1" in seats[part]
        assert "B2" in seats[part]


def test_seats_that_were_given_back_are_no_news_once_the_booking_has_ended(
    sink: Sink, deliver: Deliver, contact: Contact
) -> None:
    deliver("booking.cancelled")
    deliver("booking.reduced")
    assert [mail["subject"] for mail in sink.messages(contact.email)] == ["Booking K7QF2M9XTD is cancelled"]


@pytest.mark.parametrize("order", list(permutations(["payment.fee_lowered", "booking.cancelled"])), ids=" then ".join)
def test_that_less_is_kept_is_read_after_how_much_it_was_to_be(
    sink: Sink, deliver: Deliver, contact: Contact, order: tuple[str, str]
) -> None:
    deliver("booking.created")
    for event_type in order:
        deliver(event_type)
    delivery.deliver_due()
    ended, less = sink.messages(contact.email)
    assert ended["subject"] == "Booking K7QF2M9XTD is cancelled"
    assert less["subject"] == "We keep less than we wrote: K7QF2M9XTD"


def vnd(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "VND"}


def cancelled(deliver: Deliver, sink: Sink, contact: Contact, **said: Any) -> str:
    """The text of the mail about a cancelled booking of 180,000 dong."""
    deliver("booking.cancelled", **said)
    return str(sink.messages(contact.email)[0]["text"])


@pytest.mark.parametrize(
    ("said", "phrases", "never"),
    [
        (
            {"why": "late", "refund": vnd(90_000), "retained": vnd(90_000)},
            [
                "Of ₫180,000 we keep ₫90,000: the fee for a cancellation this short",
                "₫90,000 goes back to what you paid with",
            ],
            "Whatever was paid",
        ),
        (
            {"why": "late", "refund": vnd(0), "retained": vnd(180_000)},
            ["Of ₫180,000 we keep ₫180,000: the fee", "Nothing of it comes back."],
            "goes back",
        ),
        ({"why": "in_time"}, ["₫180,000 goes back to what you paid with"], "fee"),
        ({"why": "unpaid", "retained": vnd(0)}, ["It was not paid, so nothing was charged."], "goes back"),
        ({"why": "capture_failed"}, ["nothing was charged"], "goes back"),
        ({"why": "by_staff"}, ["\n₫180,000 goes back to what you paid with"], "It was not paid"),
        ({"why": "by_staff", "confirmed": False}, ["It was not paid, so nothing was charged."], "goes back"),
        ({"why": "by_staff", "confirmed": None}, ["Whatever was paid of it goes back to what you paid with"], "fee"),
        (
            {"why": "showtime_cancelled", "message": "The projector\nis <broken>"},
            ["the showtime was cancelled", "The projector", "is <broken>", "\n₫180,000 goes back"],
            "fee",
        ),
        (
            {"why": "late", "refund": vnd(130_000), "retained": vnd(50_000), "refunded": vnd(30_000)},
            ["we keep ₫50,000", "₫30,000 had gone back to you before", "₫100,000 goes back to what you paid with"],
            "Whatever was paid",
        ),
        (
            {"why": "by_staff", "refunded": vnd(180_000)},
            ["₫180,000 had gone back to you before."],
            "goes back",
        ),
    ],
)
def test_a_cancellation_tells_what_comes_back_what_is_kept_and_why(
    sink: Sink, deliver: Deliver, contact: Contact, said: dict[str, Any], phrases: list[str], never: str
) -> None:
    text = cancelled(deliver, sink, contact, **said)
    for phrase in phrases:
        assert phrase in text
    assert never not in text


def test_a_cancellation_of_before_there_was_a_why_tells_the_fee_all_the_same(
    sink: Sink, contact: Contact, deliver: Deliver, golden: Callable[[str], dict[str, Any]]
) -> None:
    then = ("booking_id", "reference", "user_id", "showtime_id", "seat_ids", "total", "refund", "reason")
    data = {name: golden("booking.cancelled")["data"][name] for name in then}
    deliver("booking.cancelled", {**data, "refund": vnd(90_000)})
    [mail] = sink.messages(contact.email)
    assert "Of ₫180,000 we keep ₫90,000: the fee for the cancellation." in mail["text"]
    assert "₫90,000 goes back to what you paid with" in mail["text"]


def test_what_staff_say_of_a_cancellation_is_text_in_the_mail(sink: Sink, deliver: Deliver, contact: Contact) -> None:
    deliver("booking.cancelled", why="by_staff", message='Sorry.\n<a href="https://evil.example">here</a>')
    [mail] = sink.messages(contact.email)
    assert "Sorry.<br>&lt;a href=&quot;https://evil.example&quot;&gt;" in mail["html"]


def test_refunds_of_one_booking_are_told_one_by_one(sink: Sink, deliver: Deliver, contact: Contact) -> None:
    for number, status in ((1, "partially_refunded"), (2, "refunded")):
        deliver(
            "payment.refunded",
            refund_id=uuid7(),
            amount={"amount": 90000, "currency": "VND"},
            refunded_amount={"amount": 90000 * number, "currency": "VND"},
            status=status,
            kind="goodwill",
        )
    first, second = sink.messages(contact.email)
    assert "that makes" not in first["text"]
    assert "With what went back before, that makes ₫180,000." in second["text"]


@pytest.mark.parametrize("language", ["en", "vi"])
@pytest.mark.parametrize(
    ("refund", "pays", "back"), [(180_000, 180_000, None), (162_000, 90_000, "72")], ids=["as dear", "cheaper, late"]
)
def test_an_exchange_says_what_pays_the_new_booking_and_what_comes_back(
    sink: Sink, deliver: Deliver, contact: Contact, language: str, refund: int, pays: int, back: str | None
) -> None:
    Contact.objects.filter(user_id=contact.user_id).update(language=language)
    said = {"refund": vnd(refund), "retained": vnd(180_000 - refund), "refunded": vnd(0), "due": []}
    deliver("booking.cancelled", **said, why="exchanged", exchanged_for="M3VD8Q6RWT", carried=vnd(pays))
    [mail] = sink.messages(contact.email)
    assert "K7QF2M9XTD" in mail["subject"]
    for text in (mail["text"], mail["html"]):
        assert "M3VD8Q6RWT" in text
        assert f"{pays // 1000}" in text
        assert ("72" in text) == (back is not None)


def test_a_receipt_says_what_the_exchanged_booking_paid_of_it(sink: Sink, deliver: Deliver, contact: Contact) -> None:
    deliver("payment.completed", gift_card=None, carried=vnd(100_000))
    [mail] = sink.messages(contact.email)
    assert "Exchanged booking: ₫100,000\r\nCard …4242: ₫80,000" in mail["text"]
