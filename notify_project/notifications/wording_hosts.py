"""Which hosts the words of a mail name: mail programs make links of them, and readers type them in."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from html import unescape

from notifications.wording_rules import ATTRIBUTE, TAG, BadWording, House

# Tags between the letters of one word; all others end a line.
WITHIN_A_WORD = frozenset(("a", "b", "code", "em", "i", "s", "small", "span", "strong", "sub", "sup", "u"))
READ_OUT = frozenset(("alt", "aria-label", "title"))
# In the place of what the house says: no part of a name.
KNOWN = "\N{WHITE SQUARE}"
# Signs that are not seen: joiners, marks on a letter, soft hyphens.
UNSEEN = ("Cf", "Mn", "Me")
# As it is written, or in brackets; and with a space before it, which is also what an empty value leaves of a sentence.
DOT = r"(?: ?[\[({] ?(?:\.|dot) ?[\])}] ?|\.)"
SPACED_DOT = rf"(?:{DOT}| \. ?)"
LABEL = r"[\w-]{1,63}"
LAST = r"(?:xn--[\w-]{1,59}|[^\W\d_]{2,63})(?![\w-])"
NAME = re.compile(rf"(?<![\w-])(?:{LABEL}{DOT}){{1,8}}{LAST}", re.IGNORECASE)
SPACED_NAME = re.compile(rf"(?<![\w-])(?:{LABEL}{SPACED_DOT}){{1,8}}{LAST}", re.IGNORECASE)
NUMBERS = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])")
SCHEME = re.compile(r"[a-z][a-z0-9+-]{0,20}:/{2}[^ ]{0,60}", re.IGNORECASE)


def check_hosts(shown: str, *, house: House, said: Iterable[str] = (), spaced: bool = False) -> None:
    """Raises BadWording for a host in this text that is not the house's, however it is written.

    said: values of the message. What they name is not the wording's. spaced: also for one with spaces at its dots.
    """
    known = {value for value in said if next(_named(value, NAME), "")} | ({house.public_url, house.support} - {""})
    for value in sorted(known, key=len, reverse=True):
        shown = shown.replace(value, KNOWN)
    for written in _named(shown, SPACED_NAME if spaced else NAME):
        if not house.has(re.sub(SPACED_DOT, ".", written).lower()):
            raise BadWording(
                f"{written!r} reads as the address of another house, and mail programs make a link of it: a mail about"
                " an account names the shop's alone. After the end of a sentence there is a space."
            )


def _named(text: str, name: re.Pattern[str]) -> Iterator[str]:
    plain = _plain(text)
    for pattern in (name, NUMBERS, SCHEME):
        yield from (found[0] for found in pattern.finditer(plain))


def text_of(html: str) -> str:
    """What a reader sees or hears of HTML that wording_rules let pass; of its addresses nothing."""
    heard = [
        found[2] or found[3] or ""
        for tag in TAG.finditer(html)
        for found in ATTRIBUTE.finditer(tag["attributes"])
        if found[1].lower() in READ_OUT
    ]
    seen = TAG.sub(lambda tag: "" if tag["name"].lower() in WITHIN_A_WORD else "\n", html)
    return unescape("\n".join([seen, *heard]))


def _plain(text: str) -> str:
    """One spelling of what looks alike: one sign for a dot, nothing that is not seen, single spaces."""
    signs = unicodedata.normalize("NFKD", text)
    seen = "".join(sign for sign in signs if unicodedata.category(sign) not in UNSEEN)
    return " ".join(seen.replace("\N{IDEOGRAPHIC FULL STOP}", ".").split())
