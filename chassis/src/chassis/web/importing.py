"""Lines of a table, each done by the service that does one: all of them, or none and every reason why.

A fault is {"line", "field", "code", "detail"}: the line as the file counts it; field "" where it is about all of it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import IO, Any, ClassVar

from django.conf import settings
from django.db import transaction
from rest_framework import serializers
from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.parsers import BaseParser

from chassis.web.exceptions import field_errors
from chassis.web.parsing import StrictJSONParser
from chassis.web.problems import Conflict, Problem
from chassis.web.spreadsheets import CONTENT_TYPES, CSV, JSON, XLSX
from chassis.web.tables import Line, Table, check_columns, read_table

Fault = dict[str, Any]


class ImportRefused(Conflict):
    """errors: [{"line", "field", "code", "detail"}], the first of them; faults: how many there are."""

    code = "import_refused"
    title = "Nothing was imported"
    most_errors = 100
    members: ClassVar[Mapping[str, Mapping[str, Any]]] = {"faults": {"type": "integer", "examples": [2]}}

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            "Nothing was imported: errors says of each line what is wrong.", errors=faults, faults=len(faults)
        )


@dataclass(frozen=True, slots=True)
class Imported:
    """How many lines there are, and what is wrong with them; done: they are in. Else they only would be."""

    lines: int
    faults: list[Fault]
    done: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """What a file has: names in their order, and how the cells of some become what the API takes.

    read: of a cell's text; raises ValueError, whose text is a sentence. write: the reverse. JSON has these as the API
    has them. required: columns that may not be missing. empty: what is meant where nothing stands in a cell.
    """

    names: Sequence[str]
    required: Sequence[str]
    read: Mapping[str, Callable[[str], Any]] = field(default_factory=dict)
    write: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    empty: Mapping[str, Any] = field(default_factory=dict)

    def row(self, values: Mapping[str, Any], kind: str) -> list[Any]:
        """A line of an export, which an import takes again."""
        written: Mapping[str, Callable[[Any], Any]] = {} if kind == JSON else self.write
        return [written[name](values[name]) if name in written else values[name] for name in self.names]


def as_json(text: str) -> Any:
    """A list or a table in one cell. Raises ValueError."""
    try:
        return StrictJSONParser().parse(BytesIO(text.encode()))
    except ParseError as exc:
        raise ValueError("This cell holds JSON, and it is not well-formed.") from exc


def read_lines(table: Table, columns: Columns) -> tuple[list[tuple[int, dict[str, Any]]], list[Fault]]:
    """The lines with their numbers, as the API would have them, and what is wrong with their cells.

    Raises TableUnreadable.
    """
    check_columns(table, known=columns.names, required=columns.required)
    faults: list[Fault] = []
    lines = [(line["line"], _read(line, table["kind"], columns, faults)) for line in table["lines"]]
    return lines, faults


def _read(line: Line, kind: str, columns: Columns, faults: list[Fault]) -> dict[str, Any]:
    faults += [fault(line["line"], name, "no_value", said) for name, said in line["odd"].items()]
    values = {**(columns.empty if kind != JSON else {}), **line["values"]}
    for name in line["values"].keys() & columns.read.keys() if kind != JSON else ():
        try:
            values[name] = columns.read[name](values[name])
        except ValueError as exc:
            faults.append(fault(line["line"], name, "invalid", str(exc)))
            del values[name]
    return values


def _first(path: Sequence[str]) -> str:
    return path[0]


def all_or_none(
    lines: Sequence[tuple[int, dict[str, Any]]],
    faults: list[Fault],
    do: Callable[[dict[str, Any]], object],
    *,
    dry_run: bool,
    column: Callable[[Sequence[str]], str] = _first,
    at_the_end: Callable[[], object] = lambda: None,
) -> Imported:
    """Does each line by itself. do: raises Problem, or DRF's ValidationError. What a dry run does it takes back.

    column: that a member of the API was read from, by its path. at_the_end: what all of them have in common, once none
    was refused. Raises ImportRefused, unless it is a dry run.
    """
    known = {(each["line"], each["field"]) for each in faults}
    with transaction.atomic():
        for number, values in lines:
            try:
                with transaction.atomic():
                    do(values)
            except (Problem, ValidationError) as refused:
                faults += [
                    each for each in faults_of(number, refused, column=column) if (number, each["field"]) not in known
                ]
        done = not dry_run and not faults
        if done:
            at_the_end()
        else:
            transaction.set_rollback(True)
    return told(len(lines), faults, dry_run=dry_run)


def told(lines: int, faults: Sequence[Fault], *, dry_run: bool) -> Imported:
    """Raises ImportRefused, unless it is a dry run."""
    in_order = sorted(faults, key=lambda each: int(each["line"]))
    if in_order and not dry_run:
        raise ImportRefused(in_order)
    return Imported(lines, in_order, done=not dry_run)


def fault(line: int, field: str, code: str, detail: str) -> Fault:
    return {"line": line, "field": field, "code": code, "detail": detail}


def faults_of(line: int, refused: Exception, *, column: Callable[[Sequence[str]], str] = _first) -> Iterator[Fault]:
    """What a refusal says of a line. column: that a member of the API was read from, by its path."""
    code = refused.code if isinstance(refused, Problem) else "invalid"
    said = refused.errors if isinstance(refused, Problem) else field_errors(getattr(refused, "detail", ""))
    for error in said or [{"pointer": "", "detail": getattr(refused, "detail", str(refused))}]:
        path = error["pointer"].strip("/").split("/")
        where = f" ({'/'.join(path[1:])})" if path[1:] else ""
        yield fault(line, column(path), error.get("code", code), f"{error['detail']}{where}")


class _TableParser(BaseParser):
    """A table as the body of a request, bounded by `most_lines` of its view; request.data is the Table."""

    kind: ClassVar[str]

    def parse(self, stream: IO[bytes], media_type: Any = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        most = min((parser_context or {})["view"].most_lines, settings.IMPORTED_LINES)
        return read_table(stream.read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1), self.kind, most=most)


class CSVTable(_TableParser):
    media_type, kind = "text/csv", CSV


class XLSXTable(_TableParser):
    media_type, kind = CONTENT_TYPES[XLSX], XLSX


class JSONTable(_TableParser):
    media_type, kind = "application/json", JSON


TABLES = [CSVTable, XLSXTable, JSONTable]


class LineFaultSerializer(serializers.Serializer[Any]):
    line = serializers.IntegerField(help_text="As the file counts them, its head is 1; of a list of JSON from 1.")
    field = serializers.CharField(help_text="Empty where it is about the whole line.")
    code = serializers.CharField()
    detail = serializers.CharField()


class ImportedSerializer(serializers.Serializer[Any]):
    """What was imported; of a dry run, what would be."""

    dry_run = serializers.BooleanField()
    lines = serializers.IntegerField()
    errors = serializers.ListField(  # type: ignore[assignment]  # a member's name, and not DRF's own
        child=LineFaultSerializer(), max_length=ImportRefused.most_errors, help_text="Empty unless it was a dry run."
    )


def shown(imported: Imported) -> dict[str, Any]:
    errors = imported.faults[: ImportRefused.most_errors]
    return {"dry_run": not imported.done, "lines": imported.lines, "errors": errors}
