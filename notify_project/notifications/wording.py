"""The template language of messages: Django's, cut down to what wording needs.

Values are text, numbers, lists and dicts, never model objects; a template cannot load, include, or switch off
escaping, so whoever may edit the wording can do nothing else with it. What comes out is held against wording_rules each
time: of a row that was saved before there was a rule, nothing goes out that breaks it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.template import Context, Engine, Template
from django.template.base import VariableDoesNotExist
from django.template.exceptions import TemplateSyntaxError
from django.utils.safestring import mark_safe

from notifications.domain import FALLBACK_LANGUAGE
from notifications.wording_hosts import check_hosts, text_of
from notifications.wording_language import OUTPUT_LIMIT
from notifications.wording_rules import BadWording, House, check_html, check_text
from notifications.wording_source import LINK, check_source, check_tags

UNKNOWN = "\N{REPLACEMENT CHARACTER}unknown:"
# Under each mail, where the house has an address that somebody reads.
FOOTS = {"en": "Questions? Write to {}.", "vi": "Bạn có câu hỏi? Hãy viết cho {}."}
# What an {% if %} leaves of the lines around it.
GAP = re.compile(r"[^\S\n]*\n(?:[^\S\n]*\n){2,}")
LAYOUT = (Path(__file__).parent / "layout.html").read_text(encoding="utf-8")


class _Engine(Engine):
    default_builtins = ["notifications.wording_language"]


# Keyed by (escape, strict). A strict engine marks names that do not exist; the others leave them blank.
_ENGINES = {
    (escape, strict): _Engine(autoescape=escape, string_if_invalid=f"{UNKNOWN}%s" if strict else "")
    for escape in (False, True)
    for strict in (False, True)
}


@dataclass(frozen=True, slots=True)
class Wording:
    """The source of a message; an SMS has `text` only. body is HTML."""

    text: str
    subject: str = ""
    body: str = ""


@dataclass(frozen=True, slots=True)
class Rendered:
    """subject is one line; html is a whole page, or empty."""

    subject: str
    text: str
    html: str


def render(
    wording: Wording,
    values: Mapping[str, Any],
    *,
    mail_domain: str = "",
    about_account: bool = False,
    strict: bool = False,
) -> Rendered:
    """Raises BadWording for what cannot be rendered and for what a mail may not say (wording_rules).

    A mail, which is what has a subject, ends with where to ask, if `values` say so. Paragraphs have one empty line
    between them, whatever a branch that is not taken leaves. mail_domain: of the house's own addresses. about_account:
    it names no host but the house's. strict, for what is about to be saved: also for a name that `values` does not
    have, for a branch that is not taken with these, and for what is opened and not closed.
    """
    link, support = values.get(LINK, ""), values.get("support_email", "")
    house = House(values.get("public_url", ""), mail_domain, support)
    if strict:
        for source, html in ((wording.subject, False), (wording.text, False), (wording.body, True)):
            check_source(source, values=values, house=house, html=html, own_hosts_only=about_account)
    subject = _render(wording.subject, values, escape=False, strict=strict)
    text = _render(wording.text, values, escape=False, strict=strict)
    body = _render(wording.body, values, escape=True, strict=strict)
    if link and link in subject:
        raise BadWording("The link stands in the text and the HTML part, and not in the subject.")
    check_text(text, link=link)
    check_html(body, house=house, link=link, balanced=strict)
    if about_account:
        said = [value for value in values.values() if isinstance(value, str)]
        check_hosts("\n".join([subject, text, text_of(body)]), house=house, said=said)
    foot = _foot(support, values.get("language", "")) if subject else ""
    page = {**values, "body": mark_safe(body), "foot": foot}  # noqa: S308  (escaped above)
    return Rendered(
        subject=" ".join(subject.split()),
        text="\n\n".join(part for part in (GAP.sub("\n\n", text).strip(), foot) if part) + "\n",
        html=_render(LAYOUT, page, escape=True, strict=False) if body else "",
    )


def _foot(support: str, language: str) -> str:
    return FOOTS.get(language, FOOTS[FALLBACK_LANGUAGE]).format(support) if support else ""


def _render(source: str, values: Mapping[str, Any], *, escape: bool, strict: bool) -> str:
    """Plain text: what is marked as safe HTML would not be escaped where a page shows it."""
    try:
        output = _compiled(source, escape, strict).render(Context(dict(values), autoescape=escape)) + ""
    except RecursionError as error:
        raise BadWording("This is too deep to render.") from error
    except (TemplateSyntaxError, VariableDoesNotExist, ValueError, TypeError, AttributeError) as error:
        raise BadWording(str(error)) from error
    if strict and UNKNOWN in output:
        name = output.partition(UNKNOWN)[2].split()[0]
        raise BadWording(f"There is nothing called {name} in this message.")
    if len(output) > OUTPUT_LIMIT:
        raise BadWording(f"A message has at most {OUTPUT_LIMIT} signs.")
    return output


@lru_cache(maxsize=256)
def _compiled(source: str, escape: bool, strict: bool) -> Template:
    if source != LAYOUT:
        check_tags(source)
    return Template(source, engine=_ENGINES[escape, strict])
