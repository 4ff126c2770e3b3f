"""Tables that people take along, as CSV, as a workbook or as JSON: a row at a time, however many there are.

Nothing in a file for spreadsheets begins as a formula does: such a text has an apostrophe before it, which `from_text`
takes away again when the file comes back. JSON is for programmes, and says texts as they are.
"""

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from tempfile import TemporaryFile
from typing import Any
from uuid import UUID

from django.http import HttpResponseBase, StreamingHttpResponse
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

CSV, XLSX, JSON = "csv", "xlsx", "json"
CONTENT_TYPES = {
    CSV: "text/csv; charset=utf-8",
    XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    JSON: "application/json",
}
PIECE = 64 * 1024
# Signs that a spreadsheet would take for the beginning of a formula; apostrophes before them, so that a text which has
# some of its own comes back as it was.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n]")

Rows = Iterable[Sequence[object]]


def download(name: str, kind: str, columns: Sequence[str], rows: Rows) -> HttpResponseBase:
    """A file called so. kind: one of CONTENT_TYPES. rows: texts, numbers, days, moments, yes or no, None; lists and
    tables of these are written as JSON."""
    return StreamingHttpResponse(
        _WRITERS[kind](columns, rows),
        content_type=CONTENT_TYPES[kind],
        headers={"Content-Disposition": f'attachment; filename="{name}.{kind}"', "Cache-Control": "no-store"},
    )


def as_text(value: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{value}" if _FORMULA.match(value) else value


def from_text(value: str) -> str:
    """What as_text() has made of it, as it was."""
    return value[1:] if value.startswith("'") and _FORMULA.match(value) else value


def csv_lines(rows: Rows) -> Iterator[str]:
    writer = csv.writer(_Echo())
    for row in rows:
        yield writer.writerow([_cell(value) for value in row])


def _csv(columns: Sequence[str], rows: Rows) -> Iterator[str]:
    yield from csv_lines([columns])
    yield from csv_lines(rows)


def _xlsx(columns: Sequence[str], rows: Rows) -> Iterator[bytes]:
    """A workbook is an archive, which begins when its last row is known: it waits in a file that has no name."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(list(columns))
    for row in rows:
        cells = (_cell(value) for value in row)
        sheet.append([ILLEGAL_CHARACTERS_RE.sub("", each) if isinstance(each, str) else each for each in cells])
    with TemporaryFile() as file:
        book.save(file)
        file.seek(0)
        while piece := file.read(PIECE):
            yield piece


def _json(columns: Sequence[str], rows: Rows) -> Iterator[str]:
    before = "["
    for row in rows:
        yield before + json.dumps(dict(zip(columns, row, strict=True)), default=_plain, ensure_ascii=False)
        before = ",\n"
    yield "[]" if before == "[" else "]"


_WRITERS: dict[str, Callable[[Sequence[str], Rows], Iterator[Any]]] = {CSV: _csv, XLSX: _xlsx, JSON: _json}


def _cell(value: object) -> Any:
    """Numbers stay numbers."""
    match value:
        case bool():
            return "yes" if value else "no"
        case int() | float() | Decimal():
            return value
        case str():
            return as_text(value)
        case None:
            return ""
        case list() | tuple() | dict():
            return as_text(json.dumps(value, default=_plain, ensure_ascii=False))
        case _:
            return as_text(str(_plain(value)))


def _plain(value: object) -> Any:
    match value:
        case date():  # and datetime
            return value.isoformat()
        case Decimal():
            return float(value)
        case UUID():
            return str(value)
        case _:
            return str(value)


class _Echo:
    """A file whose write() hands the line back."""

    def write(self, line: str) -> str:
        return line
