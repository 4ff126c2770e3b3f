"""Tables that people bring: CSV, a workbook or JSON. What one may cost is bounded before it is read.

A table is refused as a whole, by name of the line or the column, where it cannot be read; what is wrong with the values
of its lines is said by whoever takes them.
"""

import csv
import io
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, TypedDict
from xml.etree.ElementTree import ParseError as XMLError
from zipfile import BadZipFile, ZipFile

from openpyxl import load_workbook
from rest_framework.exceptions import ParseError

from chassis.web.parsing import UNSTORABLE, StrictJSONParser
from chassis.web.problems import BadRequest, PayloadTooLarge
from chassis.web.spreadsheets import CSV, JSON, XLSX, from_text

MOST_BYTES = 1024 * 1024
MOST_COLUMNS = 100
# A workbook is an archive: so large it may become, of so many parts; what is no sheet has no need to be large.
MOST_UNPACKED, MOST_PARTS, LARGEST_PART_BESIDE = 8 * 1024 * 1024, 200, 1024 * 1024
# Elements are what costs: a cell is four or six of these signs.
MOST_MARKS = 150_000
LONGEST_CELL = 32_767
_DIGITS_KEPT = 15
# Beyond a line for each that holds something.
_EMPTY_LINES = 1000
_SHEET = re.compile(r"xl/(?:worksheets/[^/]+|sharedStrings)\.xml", re.IGNORECASE)
_NO_WORKBOOK = (
    *(BadZipFile, XMLError, zlib.error, LookupError, ValueError, TypeError, AttributeError),
    *(ArithmeticError, EOFError, OSError, RuntimeError),
)


class TableUnreadable(BadRequest):
    """errors: [{"line"?, "field"?, "code", "detail"}], lines as the file counts them, from 1."""

    code = "table_unreadable"
    title = "The file cannot be read as a table"


@dataclass(frozen=True, slots=True)
class NoValue:
    """What stands in a cell that cannot be read; why: a sentence."""

    why: str


# "" where nothing stands.
Cell = str | NoValue


class Line(TypedDict):
    """values: by column, without what is left empty: texts of a spreadsheet, of JSON whatever it holds.

    odd: what a cell holds that is no value: its column and a sentence.
    """

    line: int
    values: dict[str, Any]
    odd: dict[str, str]


class Table(TypedDict):
    """kind: of the file. columns: that its head names; none of JSON, whose lines name their own. The lines that hold
    anything, of a list of JSON counted from 1."""

    kind: str
    columns: list[str]
    lines: list[Line]


def read_table(body: bytes, kind: str, *, most: int) -> Table:
    """A file of that kind. most: lines. Raises TableUnreadable, PayloadTooLarge."""
    if len(body) > MOST_BYTES:
        raise PayloadTooLarge(f"The file is larger than {MOST_BYTES // 1024} KiB.")
    table = _READERS[kind](body, most)
    if not table["lines"]:
        raise empty()
    return table


def kind_of(body: bytes, name: str) -> str:
    """What a file seems to be, by how it begins and what its name ends with."""
    if body.startswith(b"PK"):
        return XLSX
    return JSON if name.lower().endswith(f".{JSON}") else CSV


def check_columns(table: Table, *, known: Iterable[str], required: Iterable[str]) -> None:
    """Raises TableUnreadable for a column that is missing or unknown. Lines of JSON are looked at one by one."""
    if table["kind"] == JSON:
        return
    missing = [("column_missing", name, "This column is missing.") for name in required if name not in table["columns"]]
    named = ", ".join(known)
    strange = [
        ("column_unknown", name, f"There is no such column here; there are {named}.")
        for name in table["columns"]
        if name not in known
    ]
    if missing or strange:
        raise TableUnreadable(
            "The columns are not as they should be.",
            errors=[_error(code, detail, 1, name) for code, name, detail in [*missing, *strange]],
        )


def empty() -> TableUnreadable:
    return unreadable("empty", "The file holds no lines.")


def unreadable(code: str, detail: str, line: int | None = None, field: str = "") -> TableUnreadable:
    return TableUnreadable(detail, errors=[_error(code, detail, line, field)])


def _error(code: str, detail: str, line: int | None, field: str) -> dict[str, Any]:
    where = {} if line is None else {"line": line}
    return {**where, **({"field": field[:60]} if field else {}), "code": code, "detail": detail}


def _of_csv(body: bytes, most: int) -> Table:
    text = _decoded(body)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)

    def rows() -> Iterator[tuple[int, list[Cell]]]:
        before = 0
        for row in reader:
            yield before + 1, [_text(cell) for cell in row]
            before = reader.line_num

    try:
        return _table(CSV, rows(), most)
    except csv.Error as exc:
        raise unreadable("csv_malformed", f"This line is no CSV: {exc}.", reader.line_num) from exc


def _decoded(body: bytes) -> str:
    encoding = "utf-16" if body.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError as exc:
        line = body[: exc.start].count(b"\n") + 1
        said = "The text is not UTF-8. Save the file as 'CSV UTF-8', or bring a workbook."
        raise unreadable("encoding_unknown", said, line) from exc
    if found := UNSTORABLE.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise unreadable("encoding_unknown", "This is no text: it holds NUL or half a character.", line)
    return text


def _delimiter(text: str) -> str:
    """What stands most often in the head: spreadsheets of countries that write 1,5 use a semicolon."""
    head = text.lstrip("\r\n").split("\n", 1)[0]
    return max(",;\t", key=head.count)


def _of_xlsx(body: bytes, most: int) -> Table:
    try:
        with ZipFile(io.BytesIO(body)) as archive:
            _refuse_bombs(archive)
        book = load_workbook(io.BytesIO(body), read_only=True, data_only=False, keep_links=False)
        sheet: Any = book.worksheets[0]
        rows = enumerate(sheet.iter_rows(max_col=MOST_COLUMNS + 1), start=1)
        return _table(XLSX, ((number, [_of_cell(cell) for cell in cells]) for number, cells in rows), most)
    except TableUnreadable:
        raise
    except _NO_WORKBOOK as exc:
        raise unreadable("workbook_malformed", "This is no workbook that can be read (.xlsx).") from exc


def _refuse_bombs(archive: ZipFile) -> None:
    """By what the parts say of themselves, beyond which nothing is unpacked, and by how many elements they have.

    Raises TableUnreadable.
    """
    parts = archive.infolist()
    beside = [part for part in parts if not _SHEET.fullmatch(part.filename)]
    if (
        len(parts) > MOST_PARTS
        or sum(part.file_size for part in parts) > MOST_UNPACKED
        or any(part.file_size > LARGEST_PART_BESIDE for part in beside)
        or any(part.flag_bits & 1 for part in parts)
        or sum(archive.read(part).count(b"<") for part in parts) > MOST_MARKS
    ):
        said = "The workbook is larger than it may be, or locked. Bring its sheet as CSV."
        raise unreadable("workbook_too_large", said)


def _of_json(body: bytes, most: int) -> Table:
    try:
        rows = _JSON().parse(io.BytesIO(body))
    except ParseError as exc:
        raise unreadable("json_malformed", str(exc.detail)) from exc
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise unreadable("json_malformed", "The file is a list of objects: [{...}, {...}].")
    if len(rows) > most:
        raise _too_many(most, most + 1)
    given = [{name: value for name, value in row.items() if value is not None} for row in rows]
    lines: list[Line] = [{"line": n, "values": row, "odd": {}} for n, row in enumerate(given, start=1)]
    return {"kind": JSON, "columns": [], "lines": lines}


class _JSON(StrictJSONParser):
    max_bytes = MOST_BYTES
    max_values = MOST_BYTES // 8


_READERS: dict[str, Callable[[bytes, int], Table]] = {CSV: _of_csv, XLSX: _of_xlsx, JSON: _of_json}


def _table(kind: str, rows: Iterator[tuple[int, list[Cell]]], most: int) -> Table:
    """rows: with the number of the line that each begins in. The first that holds anything is the head."""
    lines: list[Line] = []
    columns: list[str] = []
    for number, cells in rows:
        if len(lines) > most:
            break
        if number > most * 2 + _EMPTY_LINES:
            raise _too_many(most, number)
        held = {n: cell for n, cell in enumerate(cells) if cell}
        if not held:
            continue
        if not columns:
            columns = _head(number, held)
        elif max(held) >= len(columns):
            raise unreadable("cells_too_many", "The line has more cells than there are columns.", number)
        else:
            lines.append(_line(number, {columns[n]: cell for n, cell in held.items()}))
    if len(lines) > most:
        raise _too_many(most, lines[-1]["line"])
    return {"kind": kind, "columns": columns, "lines": lines}


def _too_many(most: int, line: int) -> TableUnreadable:
    return unreadable("lines_too_many", f"At most {most:,} lines at once.", line)


def _line(number: int, cells: Mapping[str, Cell]) -> Line:
    return {
        "line": number,
        "values": {name: cell for name, cell in cells.items() if not isinstance(cell, NoValue)},
        "odd": {name: cell.why for name, cell in cells.items() if isinstance(cell, NoValue)},
    }


def _head(number: int, cells: Mapping[int, Cell]) -> list[str]:
    """Raises TableUnreadable."""
    columns = [str(cells.get(n, "")).strip().lower() for n in range(max(cells) + 1)]
    if len(columns) > MOST_COLUMNS:
        raise unreadable("columns_too_many", f"At most {MOST_COLUMNS} columns.", number)
    for name, times in Counter(columns).items():
        if not name:
            raise unreadable("column_without_name", "A column has no name.", number)
        if times > 1:
            raise unreadable("column_twice", "This column is there twice.", number, name)
    return columns


def _text(value: str) -> Cell:
    text = from_text(value).strip()
    if len(text) > LONGEST_CELL:
        return NoValue(f"A cell holds at most {LONGEST_CELL:,} characters.")
    return NoValue("This is no text.") if UNSTORABLE.search(text) else text


def _of_cell(cell: Any) -> Cell:
    """Of a workbook, as somebody would type it."""
    match cell.data_type, cell.value:
        case _, None:
            return ""
        case "f", _:
            return NoValue("A formula is no value: paste what it comes to.")
        case "e", _:
            return NoValue("The cell holds an error of the spreadsheet.")
        case _, bool(said):
            return "yes" if said else "no"
        case _, int() | float() as number:
            return _number(number)
        case _, datetime() as moment:
            return moment.date().isoformat() if moment.time() == time() else moment.isoformat(" ", "minutes")
        case _, date() as day:
            return day.isoformat()
        case _, time() as clock:
            return clock.isoformat("minutes")
        case _, value:
            return _text(str(value))


def _number(number: float) -> Cell:
    if abs(number) >= 10**_DIGITS_KEPT:
        return NoValue(f"A spreadsheet keeps {_DIGITS_KEPT} digits: format the column as text, and type it anew.")
    return str(int(number)) if number == int(number) else repr(number)
