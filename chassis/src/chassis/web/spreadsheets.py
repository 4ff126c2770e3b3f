"""Rows as CSV, for people with spreadsheets: a line at a time, however many there are."""

import csv
from collections.abc import Iterable, Iterator, Sequence

# Signs that a spreadsheet would take for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_lines(rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """A line for each row; texts pass as_text() first, numbers stay numbers."""
    writer = csv.writer(_Echo())
    for row in rows:
        yield writer.writerow(row)


def as_text(value: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{value}" if value.startswith(_FORMULA) else value


class _Echo:
    """A file whose write() hands the line back."""

    def write(self, line: str) -> str:
        return line
