"""What the HTML and the text of a mail may be: letters, tables and pictures that come along; nothing from elsewhere.

The rules are an allow-list over a grammar that is narrower than HTML: each tag and attribute in quotes and on the list,
no comment, no declaration. What passes means the same to every mail program; what does not is refused and not mended.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from urllib.parse import urlsplit


class BadWording(Exception):
    """The wording cannot be sent; the message says why, for the person who edits it."""


@dataclass(frozen=True, slots=True)
class House:
    """Whose mails they are. public_url: the shop's; sender: the domain that mails come from; support: who answers."""

    public_url: str = ""
    sender: str = ""
    support: str = ""

    def owns(self, address: str) -> bool:
        """Whether it is of the house: who answers, or at one of its hosts."""
        local, _, domain = address.lower().rpartition("@")
        return bool(local) and (address.lower() == self.support.lower() or self.has(domain))

    def has(self, host: str) -> bool:
        """Whether the host, in lower case, is the sender's or the shop's domain, or one above or below it."""
        own = {self.sender.lower(), (urlsplit(self.public_url).hostname or "").lower()} - {""}
        return any(
            host == known or f".{host}".endswith(f".{known}") or ("." in host and known.endswith(f".{host}"))
            for known in own
        )


TAGS = frozenset((
    "a", "b", "blockquote", "br", "caption", "center", "code", "dd", "div", "dl", "dt", "em", "h1", "h2", "h3", "h4",
    "h5", "h6", "hr", "i", "img", "li", "ol", "p", "pre", "s", "small", "span", "strong", "sub", "sup", "table",
    "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul",
))  # fmt: skip
VOID = frozenset(("br", "hr", "img"))
ATTRIBUTES = frozenset((
    "align", "alt", "aria-hidden", "aria-label", "bgcolor", "border", "cellpadding", "cellspacing", "class", "colspan",
    "color", "dir", "height", "href", "lang", "role", "rowspan", "src", "style", "title", "valign", "width",
))  # fmt: skip
ONLY_OF = {"href": "a", "src": "img"}
STYLE_FUNCTIONS = frozenset({"calc", "hsl", "hsla", "rgb", "rgba"})

TAG = re.compile(
    r"""<(?P<end>/?)(?P<name>[a-zA-Z][a-zA-Z0-9]*)(?P<attributes>(?:\s+[a-zA-Z][a-zA-Z-]*(?:="[^"<>]*"|='[^'<>]*')?)*)\s*/?>"""
)
ATTRIBUTE = re.compile(r"""\s+([a-zA-Z][a-zA-Z-]*)(?:="([^"]*)"|='([^']*)')?""")
PICTURE = re.compile(r"cid:[A-Za-z0-9._-]+")
TELEPHONE = re.compile(r"tel:\+?[0-9() .-]{3,25}")
STYLE_CALL = re.compile(r"([a-z-]*)\s*\(", re.IGNORECASE)
STYLE_REFUSED = re.compile(r"\\|/\*|@|<")
UNSEEN = re.compile(r"[\s\x00-\x1f\x7f\\]")


def check_html(html: str, *, house: House, link: str = "", balanced: bool = False) -> None:
    """Raises BadWording with the line for whatever a mail may not have.

    link: the secret one, which may stand as a whole href and nowhere else. balanced: every tag has to be closed, too.
    """
    opened: list[tuple[str, int]] = []
    position = 0
    for start, tag in _tags(html):
        _check_words(html[position:start], link)
        line = html.count("\n", 0, start) + 1
        name = tag["name"].lower()
        if name not in TAGS:
            raise BadWording(f"Line {line}: a mail may not have <{name}>.")
        if balanced:
            _balance(opened, name, line, ends=bool(tag["end"]))
        for attribute, value in _attributes(tag["attributes"]):
            _check_attribute(name, attribute, value, line=line, house=house, link=link)
        position = tag.end()
    _check_words(html[position:], link)
    if balanced and opened:
        raise BadWording("Line {1}: <{0}> is never closed.".format(*opened[-1]))


def check_text(text: str, *, link: str) -> None:
    """Raises BadWording where the secret link is not alone: mail programs make links of what surrounds it."""
    if not link:
        return
    for found in re.finditer(re.escape(link), text):
        around = text[max(found.start() - 1, 0) : found.start()] + text[found.end() : found.end() + 1]
        if around.strip():
            raise BadWording("The link stands alone in the text: leave a space or a new line before and after it.")


def _tags(html: str) -> Iterator[tuple[int, re.Match[str]]]:
    position = html.find("<")
    while position >= 0:
        tag = TAG.match(html, position)
        if tag is None:
            line = html.count("\n", 0, position) + 1
            shown = html[position : position + 40].partition("\n")[0]
            raise BadWording(
                f"Line {line}: {shown!r} is no tag that a mail may have. Attributes need quotes, a sign alone is &lt;,"
                " and there are no comments."
            )
        yield position, tag
        position = html.find("<", tag.end())


def _attributes(source: str) -> Iterator[tuple[str, str]]:
    for found in ATTRIBUTE.finditer(source):
        yield found[1].lower(), unescape(found[2] or found[3] or "")


def _check_words(words: str, link: str) -> None:
    if link and link in unescape(words):
        raise BadWording('In the HTML part the link stands as a whole address, href="{{ link }}", and nowhere else.')


def _check_attribute(tag: str, name: str, value: str, *, line: int, house: House, link: str) -> None:
    where = f'Line {line}: {name}="{value[:60]}" of <{tag}>'
    if name not in ATTRIBUTES or ONLY_OF.get(name, tag) != tag:
        raise BadWording(f"Line {line}: a mail may not have the attribute {name} at <{tag}>.")
    if link and link in value:
        if (name, value) != ("href", link):
            raise BadWording(f'Line {line}: the link is a whole address, href="{{{{ link }}}}", and no part of {name}.')
    elif name == "href":
        _check_address(value, house, where)
    elif name == "src" and not PICTURE.fullmatch(value):
        raise BadWording(f"{where}: a mail shows the pictures that come with it (cid:), and loads none.")
    elif name == "style" and (
        STYLE_REFUSED.search(value)
        or any(call[1].lower() not in STYLE_FUNCTIONS for call in STYLE_CALL.finditer(value))
    ):
        raise BadWording(f"{where}: a style loads nothing.")


def _check_address(value: str, house: House, where: str) -> None:
    """An address leads to the shop, or to the house's own mail and telephone."""
    kind, _, rest = value.partition(":")
    if not UNSEEN.search(value):
        if kind == "mailto" and house.owns(rest) and not re.search(r"[?,%&]", rest):
            return
        base = house.public_url.rstrip("/")
        if base and value.startswith(base) and value[len(base) : len(base) + 1] in {"", "/", "?", "#"}:
            return
    if TELEPHONE.fullmatch(value):
        return
    raise BadWording(f"{where}: a link of a mail leads to the shop, to a mail address of the house or to a telephone.")


def _balance(opened: list[tuple[str, int]], name: str, line: int, *, ends: bool) -> None:
    if name in VOID:
        return
    if not ends:
        opened.append((name, line))
    elif not opened:
        raise BadWording(f"Line {line}: </{name}> closes nothing.")
    else:
        last, since = opened.pop()
        if last != name:
            raise BadWording(f"Line {line}: </{name}> comes while <{last}> of line {since} is open.")
