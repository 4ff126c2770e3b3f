"""How lists of staff search, count and offer filters, so that each costs what it shows and not what there is.

A search field says how it is looked up: `reference` by a part of it, which wants a trigram index on its upper case;
`=reference` by the whole of it, which wants any index, as typed or in capitals or in small letters. An id is looked up
among ids alone, and nothing else is.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.utils import get_fields_from_path
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.core.paginator import Paginator
from django.db import connection, transaction
from django.db.models import BooleanField, DateField, Index, Model, Q, QuerySet, UUIDField
from django.utils.dateparse import parse_datetime

from chassis.ids import first_uuid7_at, uuid7

# So many rows are counted, and found by one field: nobody turns more pages than that.
MOST = 1000
# A filter offers the values that so many of the newest rows have.
NEWEST = 1000
# Of a part of a text, in characters: an index of trigrams knows none that is shorter.
SHORTEST = 3
# A filter without an index looks at so many, and at half of them where each is looked up in another table.
REACH = 800


class BoundedPaginator(Paginator):  # type: ignore[type-arg]  # generic in the stubs alone
    """Counts no further than `most`: the pages of a list end there, and a search or a filter leads further."""

    most = MOST

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by().values("pk")[: self.most].count()) if isinstance(rows, QuerySet) else len(rows)


# From each value to the next by its index: SELECT DISTINCT would read the whole table.
_KNOWN = """
WITH RECURSIVE known AS (
  (SELECT column_ FROM table_ ORDER BY column_ LIMIT 1)
  UNION ALL
  SELECT (SELECT column_ FROM table_ WHERE column_ > known.column_ ORDER BY column_ LIMIT 1)
  FROM known WHERE known.column_ IS NOT NULL
)
SELECT column_ FROM known WHERE column_ IS NOT NULL LIMIT %s
"""
_VALUES = 200


def known_values(field: Any) -> list[Any]:
    """The values of a column that an index begins with, for a few pages each: the first _VALUES of them."""
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN.replace("column_", field.column).replace("table_", field.model._meta.db_table), [_VALUES])
        return [value for (value,) in cursor.fetchall()]


class RecentValues(admin.AllValuesFieldListFilter):
    """By a field's values: where no index begins with it, those of the newest rows, and any other one is still answered
    to who asks for it. What an index of another table finds is found among the newest rows alone.
    """

    def __init__(self, field: Any, request: Any, params: Any, model: Any, model_admin: Any, field_path: str) -> None:
        super().__init__(field, request, params, model, model_admin, field_path)
        if field.name in _in_front(field.model):
            values = set(known_values(field))
        else:
            values = set(field.model._base_manager.order_by("-pk").values_list(field.name, flat=True)[:NEWEST])
        self.lookup_choices: Any = sorted(values, key=lambda value: (value is not None, str(value)))

    def choices(self, changelist: Any) -> Any:
        """A text that is empty has a name all the same, by which it can be chosen."""
        return ({**choice, "display": choice["display"] or "Empty"} for choice in super().choices(changelist))

    def queryset(self, request: Any, queryset: QuerySet[Any]) -> Any:
        found: Any = super().queryset(request, queryset)
        relation, _, column = self.field_path.rpartition("__")
        if relation and self.lookup_val is not None:
            return self._of_newest(queryset, relation, {column: self.lookup_val[-1]})
        known = not self.used_parameters or self.field.name in _in_front(self.field.model)
        return found if known else among_newest(found)

    def _of_newest(self, rows: QuerySet[Any], relation: str, asked: dict[str, Any]) -> QuerySet[Any]:
        """Those that belong to a row of another table: a join may be planned to read all of it."""
        newest = among_newest(rows, most=REACH // 2)
        there = set(newest.order_by().values_list(relation, flat=True))
        theirs = keys_of(self.field.model._base_manager.filter(pk__in=there, **asked))
        return newest.filter(**{f"{relation}__in": theirs})


def among_newest(rows: QuerySet[Any], *, most: int = REACH) -> QuerySet[Any]:
    """Those of so many newest rows of their table."""
    keys = rows.model._base_manager.order_by("-pk").values_list("pk", flat=True)
    oldest = next(iter(keys[most : most + 1]), None)
    return rows if oldest is None else rows.filter(pk__gt=oldest)


class MadeSince(admin.DateFieldListFilter):
    """By when a row was made, as its key says, whose index finds it."""

    def queryset(self, request: Any, queryset: QuerySet[Any]) -> Any:
        found: Any = super().queryset(request, queryset)
        since, until = map(self._said, (self.lookup_kwarg_since, self.lookup_kwarg_until))
        if since is None or until is None:
            return found
        return queryset.filter(pk__gte=first_uuid7_at(since), pk__lt=first_uuid7_at(until))

    def _said(self, parameter: str) -> datetime | None:
        values: Any = self.used_parameters.get(parameter)
        return parse_datetime(values[-1]) if values else None


class AmongNewest(admin.ChoicesFieldListFilter):
    """By a field that no index finds: among the newest rows, as its title says.

    everywhere: values that an index of their own finds, however old.
    """

    everywhere: frozenset[str] = frozenset()

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.title: Any = f"{self.title}, among the newest {REACH:,}"

    def queryset(self, request: Any, queryset: QuerySet[Any]) -> Any:
        found: Any = super().queryset(request, queryset)
        chosen: Any = self.lookup_val
        if not self.used_parameters or chosen is None or set(chosen) <= self.everywhere:
            return found
        return among_newest(found)


def filters_of(model: type[Model], listed: Sequence[Any]) -> list[Any]:
    """Django's filters by name, but for those that would read a whole table: for what there is to choose from, or for
    what was made since."""
    return [_filter_of(model, item) for item in listed]


def _filter_of(model: type[Model], item: Any) -> Any:
    if item == "created_at" and key_is_a_time(model):
        return item, MadeSince
    return (item, RecentValues) if _would_read_all(model, item) else item


def key_is_a_time(model: type[Model]) -> bool:
    """Whether the newest rows have the largest keys."""
    return model._meta.pk.default is uuid7


def order_of(model: type[Model], path: str) -> str | None:
    """What a list is ordered by when it is to be ordered by that: the same or, of when rows were made, their key.

    None where no index has that order. A text that many rows share has none: they would all be sorted by their keys.
    """
    name = path.lstrip("-")
    if name == "created_at" and key_is_a_time(model):
        return path.replace(name, "pk")
    try:
        field: Any = model._meta.get_field(name)
    except FieldDoesNotExist:
        return path if name == "pk" else None
    in_order = field.db_index or name in _in_front(model)
    return path if field.unique or (in_order and isinstance(field, DateField)) else None


def _in_front(model: type[Model]) -> set[str]:
    """The fields with which indexes of all rows begin."""
    plain = [index for index in model._meta.indexes if type(index) is Index and index.condition is None]
    return {index.fields[0].lstrip("-") for index in plain if index.fields}


def _would_read_all(model: type[Model], item: Any) -> bool:
    if not isinstance(item, str):
        return False
    field: Any = get_fields_from_path(model, item)[-1]
    few = field.is_relation or field.choices or isinstance(field, BooleanField | DateField)
    return not few


def search(rows: QuerySet[Any], fields: Sequence[str], term: str, *, few: bool = False) -> QuerySet[Any]:
    """The rows with every word of the term in one of the fields. Each field is asked by itself, by its own index.

    few: of rows. Among many no index finds so short a part as "b": beside longer words it is left out, and alone it is
    looked for as a whole.
    """
    words = term.split()
    shortest = 1 if few else SHORTEST
    for word in [each for each in words if len(each) >= shortest] or words:
        found = Q(pk__in=[])
        for name in fields:
            if name.startswith("=") or len(word) >= shortest:
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
    there = _model_at(model, relation)._base_manager.filter(**{f"{column}{how}": value})
    return Q(**{f"{relation}__in": keys_of(there)})


def keys_of(rows: QuerySet[Any]) -> list[Any]:
    """Of MOST of them, by an index: a planner that expects many would read the table until it has found so many."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('enable_seqscan'), set_config('enable_seqscan', 'off', true)")
        was, _ = cursor.fetchone()
        keys = list(rows.order_by().values_list("pk", flat=True)[:MOST])
        cursor.execute("SELECT set_config('enable_seqscan', %s, true)", [was])
    return keys


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
