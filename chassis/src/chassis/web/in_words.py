"""Words for the staff who read a page, where a column holds a code for programmes."""

from collections.abc import Iterator
from operator import attrgetter
from typing import Any

from django.contrib import admin

from chassis.web.searching import RecentValues


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


def _in_words(choices: Iterator[Any]) -> Iterator[Any]:
    """What a filter offers to choose from, in words."""
    for choice in choices:
        yield {**choice, "display": in_words(choice["display"])}


class ChoicesInWords(admin.ChoicesFieldListFilter):
    """By a field that names its codes."""

    def choices(self, changelist: Any) -> Iterator[Any]:
        return _in_words(super().choices(changelist))


class ValuesInWords(RecentValues):
    """By a field that does not."""

    def choices(self, changelist: Any) -> Iterator[Any]:
        return _in_words(super().choices(changelist))
