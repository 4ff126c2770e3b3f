"""What the source of a wording may be, before it is rendered: bounded, closed, and careful with the secret link."""

import re
from collections.abc import Mapping
from typing import Any

from django.template.base import Lexer, Token, TokenType

from notifications.wording_hosts import check_hosts, text_of
from notifications.wording_rules import BadWording, House, check_html, check_text

LINK = "link"
# Far more than a mail needs, and little enough to render in milliseconds.
SOURCE_LIMIT = 20_000
TAGS_LIMIT = 300
TAG_LIMIT = 300
DEPTH_LIMIT = 8
LOOPS_LIMIT = 2

# For a value that is not known yet: as long as the end of a host, so that a dot beside it makes one.
STAND_IN = "xx"
NAMES_LINK = re.compile(rf"(?<![\w.]){LINK}(?!\w)")
LITERAL = re.compile(r""""[^"]*"|'[^']*'""")
LITERAL_WITH_TAG = re.compile(r""""[^"]*[<>][^"]*"|'[^']*[<>][^']*'""")
LOOSE = re.compile(r"\{\{|\{%|\{#|%\}|\}\}|#\}")


def check_tags(source: str) -> None:
    """Raises BadWording for more than a wording needs, and for the link anywhere but as {{ link }}."""
    if len(source) > SOURCE_LIMIT:
        raise BadWording(f"A wording is at most {SOURCE_LIMIT} signs long.")
    tags = [token for token in Lexer(source).tokenize() if token.token_type in (TokenType.VAR, TokenType.BLOCK)]
    if len(tags) > TAGS_LIMIT:
        raise BadWording(f"A wording has at most {TAGS_LIMIT} tags.")
    blocks: list[str] = []
    for tag in tags:
        _check_tag(tag)
        if tag.token_type == TokenType.BLOCK:
            _follow(blocks, tag)


def check_source(
    source: str, *, values: Mapping[str, Any], house: House, html: bool, own_hosts_only: bool = False
) -> None:
    """For a wording that is about to be saved: all its branches at once, where rendering it sees one of each.

    Raises BadWording, also for what is opened and not closed.
    """
    check_tags(source)
    words, literals = "", []
    for token in Lexer(source).tokenize():
        if token.token_type == TokenType.TEXT:
            if loose := LOOSE.search(token.contents):
                line = (token.lineno or 1) + token.contents.count("\n", 0, loose.start())
                rest = token.contents[loose.start() : loose.start() + 30].partition("\n")[0]
                raise BadWording(f"Line {line}: {rest!r} is never closed, or closes nothing.")
            words += token.contents
        elif token.token_type == TokenType.VAR:
            known = token.contents in (LINK, "public_url", "support_email")
            words += str(values[token.contents]) if known else STAND_IN
        if token.token_type in (TokenType.VAR, TokenType.BLOCK):
            literals += LITERAL.findall(token.contents)
    if html:
        check_html(words, house=house, link=values.get(LINK, ""))
    else:
        check_text(words, link=values.get(LINK, ""))
    if own_hosts_only:
        shown = text_of(words) if html else words
        check_hosts("\n".join([shown, *literals]), house=house, said=[values.get(LINK, "")], spaced=True)


def _check_tag(tag: Token) -> None:
    if len(tag.contents) > TAG_LIMIT:
        raise BadWording(f"Line {tag.lineno}: a tag is at most {TAG_LIMIT} signs long.")
    if LITERAL_WITH_TAG.search(tag.contents):
        raise BadWording(f"Line {tag.lineno}: HTML stands beside {{{{ }}}} and {{% %}}, not in them.")
    if NAMES_LINK.search(tag.contents) and (tag.token_type, tag.contents) != (TokenType.VAR, LINK):
        raise BadWording(f"Line {tag.lineno}: the link is written {{{{ link }}}}: no filter and no tag may touch it.")


def _follow(blocks: list[str], tag: Token) -> None:
    """Keeps count of what is open; whether it is closed well is Django's to say."""
    name = tag.contents.split()[0] if tag.contents.split() else ""
    if name in ("for", "if", "with"):
        blocks.append(name)
    elif name.startswith("end") and blocks:
        blocks.pop()
    if len(blocks) > DEPTH_LIMIT or blocks.count("for") > LOOPS_LIMIT:
        raise BadWording(
            f"Line {tag.lineno}: at most {LOOPS_LIMIT} loops stand in each other, and {DEPTH_LIMIT} blocks of any kind."
        )
