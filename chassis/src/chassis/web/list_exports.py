"""A list of the admin site as rows: what its columns show of each, without the links, colours and pictures."""

from collections.abc import Iterator, Sequence
from html import unescape
from itertools import islice
from typing import Any

from django.contrib.admin.utils import display_for_field, label_for_field, lookup_field
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import QuerySet
from django.utils.html import strip_tags
from django.utils.safestring import SafeString

_CHUNK = 1000


def headings(listed: Any) -> list[str]:
    """listed: the ChangeList."""
    return [str(label_for_field(name, listed.model, listed.model_admin)) for name in _columns(listed)]


def rows(listed: Any, found: QuerySet[Any]) -> Iterator[Sequence[object]]:
    """Of those that were found, a chunk of them in memory at a time."""
    columns = _columns(listed)
    for chunk in chunks(found):
        listed.model_admin.look_up(chunk)
        for row in chunk:
            yield [_shown(listed.model_admin, name, row) for name in columns]


def chunks(found: QuerySet[Any]) -> Iterator[list[Any]]:
    remaining = found.iterator(chunk_size=_CHUNK)
    while chunk := list(islice(remaining, _CHUNK)):
        yield chunk


def _columns(listed: Any) -> list[Any]:
    return [name for name in listed.list_display if name != "action_checkbox"]


def _shown(page: Any, name: Any, row: Any) -> object:
    try:
        field, _, value = lookup_field(name, row, page)
    except ObjectDoesNotExist:
        return None
    if field is None:
        return unescape(strip_tags(value)) if isinstance(value, SafeString) else value
    if field.is_relation:
        return None if value is None else str(getattr(row, field.name))
    if field.flatchoices or isinstance(value, list | dict):
        return display_for_field(value, field, "")
    return value
