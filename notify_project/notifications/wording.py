"""The template language of messages: Django's, cut down to what wording needs.

Values are text, numbers, lists and dicts, never model objects; a template cannot load, include, or switch off
escaping, so whoever may edit the wording can do nothing else with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.template import Context, Engine, Template
from django.template.base import VariableDoesNotExist
from django.template.exceptions import TemplateSyntaxError
from django.utils.safestring import mark_safe

UNKNOWN = "\N{REPLACEMENT CHARACTER}unknown:"
LAYOUT = (Path(__file__).parent / "layout.html").read_text(encoding="utf-8")


class _Engine(Engine):
    default_builtins = ["notifications.wording_language"]


# Keyed by (escape, strict). A strict engine marks names that do not exist; the others leave them blank.
_ENGINES = {
    (escape, strict): _Engine(autoescape=escape, string_if_invalid=f"{UNKNOWN}%s" if strict else "")
    for escape in (False, True)
    for strict in (False, True)
}


class BadWording(Exception):
    """The wording cannot be rendered; the message says why, for the person who edits it."""


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


def render(wording: Wording, values: Mapping[str, Any], *, strict: bool = False) -> Rendered:
    """Raises BadWording; when strict, also for a name that `values` does not have."""
    subject = _render(wording.subject, values, escape=False, strict=strict)
    body = _render(wording.body, values, escape=True, strict=strict)
    return Rendered(
        subject=" ".join(subject.split()),
        text=_render(wording.text, values, escape=False, strict=strict).strip() + "\n",
        html=_render(LAYOUT, {**values, "body": mark_safe(body)}, escape=True, strict=False) if body else "",  # noqa: S308  (escaped above)
    )


def _render(source: str, values: Mapping[str, Any], *, escape: bool, strict: bool) -> str:
    try:
        output = _compiled(source, escape, strict).render(Context(dict(values), autoescape=escape))
    except (TemplateSyntaxError, VariableDoesNotExist, ValueError, TypeError, AttributeError) as error:
        raise BadWording(str(error)) from error
    if strict and UNKNOWN in output:
        name = output.partition(UNKNOWN)[2].split()[0]
        raise BadWording(f"There is nothing called {name} in this message.")
    return str(output)


@lru_cache(maxsize=256)
def _compiled(source: str, escape: bool, strict: bool) -> Template:
    return Template(source, engine=_ENGINES[escape, strict])
