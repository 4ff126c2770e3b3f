"""Words for the staff who read a page, where a column holds a code for programmes."""

from collections.abc import Iterator
from operator import attrgetter
from typing import Any

from django.contrib import admin


def in_words(code: Any) -> str:
    """insufficient_funds: insufficient funds."""
    return str(code or "").replace("_", " ")


def words(name: str, *, title: str = "") -> Any:
    """A column of the words of a code. name: where the row has it, `payment.failure_code` say."""
    code_of = attrgetter(name)

    @admin.display(description=title or in_words(name.rpartition(".")[2]), ordering=name.replace(".", "__"))
    def shown(row: Any) -> str:
        return in_words(code_of(row)) or "-"

    return shown


class _InWords:
    """Of a filter: what there is to choose from, in words."""

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:
        for choice in super().choices(changelist):  # type: ignore[misc]  # of the filter that this is mixed into
            yield {**choice, "display": in_words(choice["display"])}


class ChoicesInWords(_InWords, admin.ChoicesFieldListFilter):
    """By a field that names its codes."""


class ValuesInWords(_InWords, admin.AllValuesFieldListFilter):
    """By a field that does not."""
