"""How lists of staff search, count and offer filters, so that each costs what it shows and not what there is.

A search field says how it is looked up: `reference` by a part of it, which wants a trigram index on its upper case;
`=reference` by the whole of it, which wants any index, as typed or in capitals or in small letters. An id is looked up
among ids alone, and nothing else is.
"""

from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.utils import get_fields_from_path
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import BooleanField, DateField, Model, Q, QuerySet, UUIDField

# So many rows are counted, and found by one field: nobody turns more pages than that.
MOST = 1000
# A filter offers the values that so many of the newest rows have.
NEWEST = 2000


class BoundedPaginator(Paginator):  # type: ignore[type-arg]  # generic in the stubs alone
    """Counts no further than `most`: the pages of a list end there, and a search or a filter leads further."""

    most = MOST

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by()[: self.most].count()) if isinstance(rows, QuerySet) else len(rows)


class RecentValues(admin.AllValuesFieldListFilter):
    """By a field's values, those of the newest rows: any other one is still answered to who asks for it."""

    def __init__(self, field: Any, request: Any, params: Any, model: Any, model_admin: Any, field_path: str) -> None:
        super().__init__(field, request, params, model, model_admin, field_path)
        newest = field.model._base_manager.order_by("-pk").values(field.name)[:NEWEST]
        values = {row[field.name] for row in newest}
        self.lookup_choices: Any = sorted(values, key=lambda value: (value is not None, str(value)))


def filters_of(model: type[Model], listed: Sequence[Any]) -> list[Any]:
    """Django's filters by name, but for the one that would read a whole table for what there is to choose from."""
    return [(item, RecentValues) if _would_read_all(model, item) else item for item in listed]


def _would_read_all(model: type[Model], item: Any) -> bool:
    if not isinstance(item, str):
        return False
    field: Any = get_fields_from_path(model, item)[-1]
    few = field.is_relation or field.choices or isinstance(field, BooleanField | DateField)
    return not few


def search(rows: QuerySet[Any], fields: Sequence[str], term: str) -> QuerySet[Any]:
    """The rows with every word of the term in one of the fields. Each field is asked by itself, by its own index."""
    for word in term.split():
        found = Q(pk__in=[])
        for name in fields:
            found |= _found(rows.model, name, word)
        rows = rows.filter(found)
    return rows


def _found(model: type[Model], name: str, word: str) -> Q:
    path = name.removeprefix("=")
    field = get_fields_from_path(model, path)[-1]
    id_ = _as_id(word)
    if isinstance(field, UUIDField) is (id_ is None):
        return Q(pk__in=[])
    how: str
    value: Any
    if id_ is not None:
        how, value = "", id_
    elif path != name:
        how, value = "__in", _values(field, {word, word.upper(), word.lower()})
    else:
        how, value = "__icontains", word
    relation, _, column = path.rpartition("__")
    if not relation:
        return Q(**{f"{path}{how}": value})
    # Of another table: its rows first, whose keys an index of this one knows.
    there = _model_at(model, relation)
    keys = list(there._base_manager.filter(**{f"{column}{how}": value}).values_list("pk", flat=True)[:MOST])
    return Q(**{f"{relation}__in": keys})


def _values(field: Any, words: set[str]) -> list[Any]:
    """What of these the field may hold: no word is an IP address, and nothing is found by it."""
    values = []
    for word in words:
        with suppress(ValidationError):
            values.append(field.clean(word, None))
    return values


def _model_at(model: type[Model], path: str) -> type[Model]:
    field: Any = get_fields_from_path(model, path)[-1]
    related: type[Model] = field.related_model
    return related


def _as_id(word: str) -> UUID | None:
    try:
        return UUID(word)
    except ValueError:
        return None
