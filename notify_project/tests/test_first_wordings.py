"""What customers read: every first wording, of every golden message and of what else these events may say."""

import re
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any

import msgspec
import pytest
from django.conf import settings

from chassis.messaging.events import Event
from notifications import first_wordings
from notifications.domain import LANGUAGES, SECRET
from notifications.kinds import KINDS, samples
from notifications.kinds.kind import Kind
from notifications.presentation import present
from notifications.wording import FOOTS, Rendered, render

Golden = Callable[[str], dict[str, Any]]

URL = "https://marquee.example"
SUPPORT = "help@marquee.example"
RAW_CODE = re.compile(r"\b[a-z0-9]+(?:_[a-z0-9]+)+\b")
UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-", re.IGNORECASE)
FIGURE = re.compile(r"\d+(?:[.,:]\d+)*")


def vnd(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "VND"}


# What an event may say beside what its golden message says: each branch of a wording is read once.
ALSO: dict[str, list[dict[str, Any]]] = {
    "payment.failed": [
        {"final": final, "retryable": retryable, "failure_code": code}
        for final, retryable in ((True, False), (False, True), (False, False))
        for code in ("insufficient_funds", "expired_card", "card_declined", "gateway_unavailable", None)
    ],
    "payment.refunded": [
        {"amount": vnd(60_000), "refunded_amount": vnd(60_000), "status": "partially_refunded", "kind": "goodwill"},
        {"amount": vnd(60_000), "refunded_amount": vnd(120_000), "status": "partially_refunded", "reason": ""},
        {"amount": vnd(60_000), "reason": "One.\n\n\n\nTwo."},
    ],
    "booking.cancelled": [
        {"why": why, "confirmed": confirmed, "retained": vnd(kept), "refund": vnd(180_000 - kept), "message": message}
        for why in ("unpaid", "in_time", "showtime_changed", "late", "by_staff", "showtime_cancelled", "capture_failed")
        for confirmed in (True, False)
        for kept in (0, 50_000, 180_000)
        for message in ("", "The projector failed.\n\n\nWe are sorry.")
    ]
    + [{"why": "by_staff", "refunded": vnd(30_000)}, {"why": "by_staff", "refunded": vnd(180_000)}],
    "booking.moved": [
        {"ticket": "", "tickets": []},
        {"changed": ["movie_title", "screen"]},
        {"tickets": []},
    ],
    "ticket.issued": [{"tickets": []}],
    "booking.reduced": [{"gone": []}, {"refund": None, "retained": None}, {"refund": vnd(0)}, {"retained": vnd(0)}],
    "payment.fee_lowered": [{"retained": vnd(0)}],
    "booking.created": [{"payment_method": None}],
}


def contexts(kind: Kind, golden: Golden) -> Iterator[dict[str, Any]]:
    """What is kept with a message of this kind, for the golden message and for each of ALSO."""
    if kind.tells is None:
        yield {"subject": "About your visit", "text": "The doors open early.\n\n\n\nSee you."}
        return
    message = golden(kind.tells.event)
    for more in ({}, *ALSO.get(kind.tells.event, [])):
        event = Event.parse({**message, "data": {**message["data"], **more}})
        said = event.read(kind.tells.reads)
        yield {name: msgspec.to_builtins(getattr(said, name)) for name in kind.tells.says}


def mails(kind: Kind, language: str, golden: Golden) -> Iterator[tuple[str, dict[str, Any], Rendered]]:
    """Its mails, with what they say: of a booking that is known or not, to somebody with a name or without."""
    wording = first_wordings.of(kind.code, "email", language)
    assert wording is not None
    for context in contexts(kind, golden):
        if kind.carries_secret:
            context[SECRET] = "a-b-c"
        for booking in (samples.BOOKING, {}):
            for name in ("Minh Khai", ""):
                for support in (SUPPORT, ""):
                    values = present(
                        context,
                        kind=kind,
                        booking=booking,
                        name=name,
                        language=language,
                        public_url=URL,
                        support_email=support,
                    )
                    yield support, values, render(wording, values, mail_domain="marquee.example")


def without_codes(mail: Rendered, values: dict[str, Any]) -> str:
    """Its text but for the tickets, which are letters there and pictures in the HTML."""
    text = mail.text
    for one in values["tickets"]:
        text = text.replace(one["code"], "")
    return text


def words_of(html: str) -> str:
    """What somebody reads of a page, and not its attributes."""
    return unescape(re.sub(r"<[^>]*>", "", html[html.index("<body") :]))


EACH = [pytest.param(kind, language, id=f"{language}-{kind.code}") for language in LANGUAGES for kind in KINDS.values()]


@pytest.mark.parametrize(("kind", "language"), EACH)
def test_a_mail_has_no_gap_no_code_and_no_id_and_ends_with_a_line(kind: Kind, language: str, golden: Golden) -> None:
    read = 0
    for _, values, mail in mails(kind, language, golden):
        text = without_codes(mail, values)
        for part in (mail.subject, text, words_of(mail.html)):
            assert "None" not in part
            assert "{" not in part
            assert not UUID.search(part), part
            assert not RAW_CODE.search(re.sub(r"https?://\S+", "", part)), part
            assert not re.search(r"\s[.,;:]|\(\s*\)", part.replace(" \n", "\n")), part
        assert "\n\n\n" not in mail.text
        assert mail.text.endswith("\n")
        assert not mail.text.endswith("\n\n")
        assert "<p></p>" not in mail.html
        read += 1
    assert read >= 8


@pytest.mark.parametrize(("kind", "language"), EACH)
def test_the_text_and_the_html_of_a_mail_say_the_same_figures(kind: Kind, language: str, golden: Golden) -> None:
    read = 0
    for _, values, mail in mails(kind, language, golden):
        text = without_codes(mail, values)
        assert set(FIGURE.findall(text)) == set(FIGURE.findall(words_of(mail.html) + alternatives(mail.html)))
        read += 1
    assert read >= 8


def alternatives(html: str) -> str:
    """What is read in the place of pictures."""
    return " ".join(unescape(alt) for alt in re.findall(r'alt="([^"]*)"', html))


@pytest.mark.parametrize(("kind", "language"), EACH)
def test_a_mail_asks_to_write_only_where_somebody_reads_it(kind: Kind, language: str, golden: Golden) -> None:
    for support, values, mail in mails(kind, language, golden):
        foot = FOOTS[language].format(SUPPORT)
        for part in (mail.text, words_of(mail.html)):
            assert (foot in part) is bool(support)
            assert ("@" in part) is bool(support)
            for asked in ("write to ", "viết cho", "viết ngay cho"):
                for rest in part.lower().split(asked)[1:]:
                    assert rest.strip().startswith(SUPPORT), values


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_a_foot(language: str) -> None:
    assert "{}" in FOOTS[language]


def test_nobody_of_whom_it_is_known_is_asked_whether_they_paid(golden: Golden) -> None:
    kind = KINDS["booking_cancelled"]
    for _, values, mail in mails(kind, "en", golden):
        assert values["paid"] is not values["unpaid"]
        assert "Whatever was paid" not in mail.text
        assert ("nothing was charged" in mail.text) is values["unpaid"]


@pytest.mark.parametrize("wrong", ["help", "help@a b", "Help <help@marquee.example>", "help@marquee.example\nBcc: x@y"])
def test_a_support_address_that_is_none_stops_the_boot(wrong: str) -> None:
    from notifications.smtp import mail_address

    with pytest.raises(ValueError, match="SUPPORT_EMAIL"):
        mail_address(wrong, name="SUPPORT_EMAIL")
    assert mail_address(" help@marquee.example ", name="SUPPORT_EMAIL") == "help@marquee.example"
    assert mail_address("", name="SUPPORT_EMAIL") == ""
    assert isinstance(settings.SUPPORT_EMAIL, str)
