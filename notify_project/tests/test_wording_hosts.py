"""What a wording about an account may name: the shop's host, and no other, in whatever spelling."""

import time
from contextlib import suppress

import pytest

from notifications import previews
from notifications.kinds import KINDS
from notifications.wording import Rendered, Wording, render
from notifications.wording_rules import BadWording

URL = "https://marquee.example"
DOMAIN = "mail.marquee.example"
ABOUT_ACCOUNTS = [code for code, kind in KINDS.items() if kind.about_account]
VALUES = {"public_url": URL, "link": f"{URL}/reset?token=s3cret", "name": "Minh", "theater": "", "language": "vi"}

REFUSED = "reads as the address of another house"

ELSEWHERE = [
    "Sign in at evil.example",
    "https://evil.example/reset",
    "HTTP://EVIL.EXAMPLE",
    "ftp://evil",
    "evil[.]example",
    "evil (dot) example",
    "evil\N{FULLWIDTH FULL STOP}example",
    "evil\N{IDEOGRAPHIC FULL STOP}example",
    "evil\N{HALFWIDTH IDEOGRAPHIC FULL STOP}example",
    "evil\N{ZERO WIDTH SPACE}.example",
    "evil\N{VARIATION SELECTOR-16}.exa\N{SOFT HYPHEN}mple",
    "thư-rác.example",
    "xn--evl-lma.xn--p1ai",
    "somebody@evil.example",
    "198.51.100.7",
    "{{ public_url }}.evil.example",
    "{{ public_url }}@evil.example",
    "{{ public_url }}/out?to=evil.example",
    "marquee.example.evil.example",
    "notmarquee.example",
    "evil{{ theater }}.example",
    "{% if name %}evil{% endif %}.example",
    "{{ 'evil.example' }}",
    "{{ theater|default:'evil.example' }}",
    "{% with it='evil.example' %}{{ it }}{% endwith %}",
]


def saved(code: str = "password_reset", **parts: str) -> Rendered:
    wording = Wording(**{"subject": "s", "text": "t"} | parts)
    return previews.preview(KINDS[code], wording, language="en", public_url=URL, mail_domain=DOMAIN)


def sent(**parts: str) -> Rendered:
    wording = Wording(**{"subject": "s", "text": "t"} | parts)
    return render(wording, VALUES, mail_domain=DOMAIN, about_account=True)


@pytest.mark.parametrize("words", ELSEWHERE)
@pytest.mark.parametrize("part", ["subject", "text", "body"])
def test_another_host_is_named_in_no_spelling(part: str, words: str) -> None:
    with pytest.raises(BadWording, match=REFUSED):
        saved(**{part: words})
    with pytest.raises(BadWording, match=REFUSED):
        sent(**{part: words})


@pytest.mark.parametrize(
    "body",
    [
        '<a href="{{ link }}">evil.example</a>',
        "<p>evil<b>.</b>example</p>",
        "<p>evil&#46;example</p>",
        '<img src="cid:x" alt="evil.example">',
        '<p title="evil.example">x</p>',
    ],
)
def test_nor_in_what_html_shows_or_says(body: str) -> None:
    with pytest.raises(BadWording, match=REFUSED):
        saved(body=body)
    with pytest.raises(BadWording):
        sent(body=body)


def test_what_only_one_branch_would_name_is_refused_when_it_is_saved() -> None:
    with pytest.raises(BadWording):
        saved(text="{% if name == 'nobody' %}evil.example{% endif %}")


def test_what_pieces_add_up_to_is_refused_when_it_is_sent() -> None:
    with pytest.raises(BadWording):
        sent(text="{{ 'evil' }}{{ '.' }}{{ 'example' }}")


@pytest.mark.parametrize("words", ["evil . example", "evil .example", "www . evil . Example"])
def test_a_host_with_spaces_at_its_dots_is_refused_when_it_is_saved(words: str) -> None:
    with pytest.raises(BadWording, match=REFUSED):
        saved(text=words)


def test_a_sentence_that_ends_with_an_empty_value_is_one() -> None:
    words = "Hello {{ theater }}. Here it is."
    assert saved(text=words)
    assert sent(text=words)


@pytest.mark.parametrize(
    "words",
    [
        "The link is good until {{ expires_at }}. Then ask for another one.",
        "Write to desk@marquee.example, or look at marquee.example/help, or www.marquee.example.",
        "{{ public_url }}/reset. Or here: {{ link }}",
        "Tickets cost 12.50 from 1.1.2027 on, e.g. for two… and more...",
        "Questions? Write to {{ public_url }}. Thank you.",
        "Hello {{ name }}, thư của bạn. Đây là nó.",
    ],
)
def test_the_shop_and_plain_sentences_are_named(words: str) -> None:
    assert saved(text=words)
    assert sent(text=words)


def test_what_a_message_says_by_itself_is_not_the_wording_s() -> None:
    values = {**VALUES, "email": "mai@elsewhere.example"}
    assert render(Wording(subject="s", text="To {{ email }}"), values, about_account=True)


def test_these_are_the_mails_about_accounts_and_others_may_name_a_partner() -> None:
    assert {code for code, kind in KINDS.items() if kind.carries_secret} < set(ABOUT_ACCOUNTS)
    assert {"email_changed", "password_changed", "account_exists", "welcome"} < set(ABOUT_ACCOUNTS)
    for code in ABOUT_ACCOUNTS:
        with pytest.raises(BadWording):
            saved(code, text="Go to evil.example")
    assert saved("ticket", text="Parking: garage.example")


@pytest.mark.parametrize("sign", ["a", "a.", "1 . ", "a-", "( . ) ", "a[.]", ". ", "\N{SOFT HYPHEN}"])
def test_a_long_wording_is_looked_through_soon(sign: str) -> None:
    began = time.process_time()
    with suppress(BadWording):
        sent(text=(sign * 20_000)[:20_000])
    assert time.process_time() - began < 1
