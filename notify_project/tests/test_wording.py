import tomllib
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from babel import Locale

from notifications import first_wordings, previews
from notifications.domain import LANGUAGES
from notifications.kinds import KINDS, samples
from notifications.presentation import moment, money, present
from notifications.wording import Wording, render
from notifications.wording_rules import BadWording

URL = "https://marquee.example"


def seeded() -> list[Any]:
    return [
        pytest.param(language, channel, code, Wording(**wording), id=f"{language}-{channel}-{code}")
        for path in sorted(first_wordings.FOLDER.glob("*.toml"))
        for language in [path.stem]
        for channel, codes in tomllib.loads(path.read_text(encoding="utf-8")).items()
        for code, wording in codes.items()
    ]


@pytest.mark.parametrize(("language", "channel", "code", "wording"), seeded())
def test_every_seeded_wording_renders_and_names_only_what_exists(
    language: str, channel: str, code: str, wording: Wording
) -> None:
    rendered = previews.preview(KINDS[code], wording, language=language, public_url=URL)
    assert len(rendered.text) > 20
    if channel == "email":
        assert rendered.subject
        assert rendered.html.startswith("<!doctype html>")
    else:
        assert len(rendered.text) < 320


def test_every_message_has_a_wording_in_every_language() -> None:
    known = {(parameter.values[0], parameter.values[1], parameter.values[2]) for parameter in seeded()}
    for language in LANGUAGES:
        assert {(language, "email", code) for code in KINDS} <= known
        assert {(language, "sms", code) for code in ("ticket", "message")} <= known
        assert {(language, channel, code) for code, kind in KINDS.items() for channel in kind.channels} <= known


@pytest.mark.parametrize(
    ("amount", "currency", "language", "shown"),
    [
        (250000, "VND", "en", "₫250,000"),
        (250000, "VND", "vi", "250.000\xa0₫"),
        (1250, "USD", "en", "$12.50"),
        (1250, "USD", "vi", "12,50\xa0US$"),
        (5, "EUR", "en", "€0.05"),
        (1800, "JPY", "en", "¥1,800"),
        (12345, "KWD", "en", "KWD12.345"),
        (123456, "IQD", "en", "IQD123.456"),
        (-1250, "USD", "en", "-$12.50"),
        (9007199254740993, "USD", "en", "$90,071,992,547,409.93"),
    ],
)
def test_money_is_written_by_its_currency_s_exponent_and_the_language(
    amount: int, currency: str, language: str, shown: str
) -> None:
    assert money({"amount": amount, "currency": currency}, Locale.parse(language)) == shown


@pytest.mark.parametrize(
    ("time", "zone", "language", "shown"),
    [
        (
            "2026-07-14T23:30:00Z",
            "America/New_York",
            "en",
            "Tuesday, July 14, 2026, 7:30\u202fPM, Eastern Daylight Time (GMT-4)",
        ),
        (
            "2026-01-14T23:30:00Z",
            "America/New_York",
            "vi",
            "Thứ Tư, 14 tháng 1, 2026, 18:30, Giờ chuẩn miền Đông (GMT-5)",
        ),
        (
            "2026-03-14T19:30:00+07:00",
            "Asia/Ho_Chi_Minh",
            "vi",
            "Thứ Bảy, 14 tháng 3, 2026, 19:30, Giờ Việt Nam (GMT+7)",
        ),
        (
            "2026-03-14T12:30:00Z",
            "Asia/Ho_Chi_Minh",
            "en",
            "Saturday, March 14, 2026, 7:30\u202fPM, Vietnam Time (GMT+7)",
        ),
        (
            "2026-03-14T12:30:00Z",
            "Asia/Kathmandu",
            "en",
            "Saturday, March 14, 2026, 6:15\u202fPM, Nepal Time (GMT+5:45)",
        ),
        (
            "2026-07-14T12:30:00Z",
            "Europe/Berlin",
            "en",
            "Tuesday, July 14, 2026, 2:30\u202fPM, Central European Summer Time (GMT+2)",
        ),
        ("2026-07-14T12:30:00Z", "Etc/UTC", "en", "Tuesday, July 14, 2026, 12:30\u202fPM, Coordinated Universal Time"),
        ("2026-07-14T12:30:00Z", "Etc/GMT+3", "en", "Tuesday, July 14, 2026, 9:30\u202fAM, GMT-3"),
    ],
)
def test_times_are_those_of_the_theater_with_the_name_of_its_zone(
    time: str, zone: str, language: str, shown: str
) -> None:
    assert moment(time, ZoneInfo(zone), Locale.parse(language)) == shown


def test_a_showtime_in_a_zone_nobody_knows_is_shown_in_utc() -> None:
    context = {**samples.BOOKING, "showtime": {**samples.BOOKING["showtime"], "time_zone": "Mars/Olympus_Mons"}}
    shown = present(context, kind=KINDS["ticket"], booking={}, name="", language="en", public_url=URL)
    assert shown["starts_at"].endswith("12:30\u202fPM, Coordinated Universal Time")


def test_a_time_that_is_no_theater_s_is_its_reader_s() -> None:
    shown = present(
        samples.TOKEN,
        kind=KINDS["password_reset"],
        booking={},
        name="",
        language="en",
        public_url=URL,
        time_zone="Asia/Ho_Chi_Minh",
    )
    assert shown["expires_at"] == "Saturday, March 14, 2026, 6:00\u202fPM, Vietnam Time (GMT+7)"


@pytest.mark.parametrize(("language", "version"), [("en", "2D, English"), ("vi", "2D, Tiếng Anh")])
def test_a_film_is_named_with_its_format_and_its_language(language: str, version: str) -> None:
    kind = KINDS["ticket"]
    shown = present(kind.sample, kind=kind, booking={}, name="", language=language, public_url=URL)
    assert shown["version"] == version


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", KINDS)
def test_no_mail_greets_with_a_gap_where_the_name_is_not_known(language: str, code: str) -> None:
    wording = first_wordings.of(code, "email", language)
    assert wording is not None
    shown = previews.values(KINDS[code], language=language, public_url=URL) | {"name": ""}
    rendered = render(wording, shown, strict=True)
    assert " ," not in rendered.text
    assert " ," not in rendered.html


def test_seats_and_their_tickets_come_in_the_order_of_the_hall() -> None:
    taken = [("B", 2), ("A", 10), ("AA", 1), ("A", 9)]
    context = {
        **samples.BOOKING,
        "seats": [{"row": row, "number": number} for row, number in taken],
        "tickets": [{"seat": f"{row}{number}", "code": f"code of {row}{number}"} for row, number in taken],
    }
    shown = present(context, kind=KINDS["ticket"], booking={}, name="", language="en", public_url=URL)
    assert shown["seats"] == "A9, A10, B2, AA1"
    assert [(one["seat"], one["code"], one["picture"]) for one in shown["tickets"]] == [
        ("A9", "code of A9", "ticket-4"),
        ("A10", "code of A10", "ticket-2"),
        ("B2", "code of B2", "ticket-1"),
        ("AA1", "code of AA1", "ticket-3"),
    ]


def test_what_a_booking_is_about_is_known_from_its_summary() -> None:
    shown = present({}, kind=KINDS["receipt"], booking=samples.BOOKING, name="", language="en", public_url=URL)
    assert shown["reference"] == "MQ7K2P"
    assert shown["seats"] == "F7, F8"


def test_a_token_is_only_in_the_link() -> None:
    shown = present(
        {"token": "s3cr/t", "expires_at": "2026-03-14T11:00:00+00:00"},
        kind=KINDS["password_reset"],
        booking={},
        name="",
        language="en",
        public_url=URL,
    )
    assert shown["link"] == "https://marquee.example/reset?token=s3cr%2Ft"
    assert "token" not in shown


def test_values_are_escaped_in_html_and_left_alone_in_text_and_subject() -> None:
    rendered = render(
        Wording(subject="{{ name }}", text="{{ name }}", body="<p>{{ name }}</p>"), {"name": "<b>O'Hara & Co</b>"}
    )
    assert rendered.subject == "<b>O'Hara & Co</b>"
    assert rendered.text == "<b>O'Hara & Co</b>\n"
    assert "<p>&lt;b&gt;O&#x27;Hara &amp; Co&lt;/b&gt;</p>" in rendered.html


def test_a_subject_is_one_line_whatever_its_values_hold() -> None:
    rendered = render(Wording(subject="To {{ name }}", text="."), {"name": "Eve\r\nBcc: all@example.com"})
    assert rendered.subject == "To Eve Bcc: all@example.com"


@pytest.mark.parametrize(
    "source",
    [
        "{% load static %}",
        "{% include 'admin/base.html' %}",
        "{% extends 'admin/base.html' %}",
        "{% autoescape off %}{{ name }}{% endautoescape %}",
        "{{ name|safe }}",
        "{{ name|center:999999999 }}",
        "{% debug %}",
        "{% url 'admin:index' %}",
        "{% csrf_token %}",
        "{{ name.__class__ }}",
        "{{ name._private }}",
        "{% if name %}",
        "{{ nobody_knows_this }}",
        "{{ name|first:1 }}",
    ],
)
def test_the_template_language_has_no_way_out(source: str) -> None:
    wording = Wording(subject="s", text="t", body=source)
    with pytest.raises(BadWording):
        previews.preview(KINDS["welcome"], wording, language="en", public_url=URL)
