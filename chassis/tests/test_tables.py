"""Files that people bring: what is read of good ones, and that a bad one costs little and is named."""

import io
import json
import time
from datetime import date, datetime
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import openpyxl
import pytest
from openpyxl import Workbook

from chassis.web.problems import PayloadTooLarge
from chassis.web.spreadsheets import CSV, JSON, XLSX
from chassis.web.tables import MOST_BYTES, TableUnreadable, kind_of, read_table

SHEET = "xl/worksheets/sheet1.xml"
# Of processor time, in seconds: more than any of these costs, and far less than a bomb would.
QUICK = 8.0
E = "<row><c t='str'><v>&e;</v></c></row>"
NO_LIST = (
    *(b"[" * 100_000, b'[{"a":' * 50_000, b'{"a": 1}', b"[1]", b'[{"a": NaN}]', b'[{"a": 1, "a": 2}]'),
    *(b'["\\u0000"]', b"\xff"),
)


def workbook(*rows: list[Any]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def with_part(name: str, content: bytes, body: bytes | None = None) -> bytes:
    """The workbook with another part, or another content of one."""
    file = io.BytesIO()
    with ZipFile(io.BytesIO(body or workbook(["name"], ["x"]))) as before, ZipFile(file, "w", ZIP_DEFLATED) as after:
        for part in before.infolist():
            if part.filename != name:
                after.writestr(part, before.read(part))
        after.writestr(name, content)
    return file.getvalue()


def sheet(rows: str) -> bytes:
    head = '<row r="1"><c r="A1" t="inlineStr"><is><t>name</t></is></c></row>'
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'<worksheet xmlns="{space}"><sheetData>{head}{rows}</sheetData></worksheet>'.encode()


def refused(body: bytes, kind: str, most: int = 10) -> str:
    begun = time.thread_time()
    with pytest.raises(TableUnreadable) as why:
        read_table(body, kind, most=most)
    assert time.thread_time() - begun < QUICK
    [error, *_] = why.value.errors or [{}]
    return error["code"]


def test_workbooks_are_read_by_what_knows_no_entities() -> None:
    assert openpyxl.DEFUSEDXML


def test_a_workbook_is_read_as_somebody_would_type_it() -> None:
    moment = datetime(2026, 11, 11, 19, 30)  # noqa: DTZ001  (a workbook knows no zones)
    body = workbook(
        ["Name ", "number", "half", "day", "moment", "yes"],
        [],
        ["'=x", 12, 0.5, date(2026, 11, 11), moment, True],
        [None, None, "  ", None, None, None],
    )
    table = read_table(body, XLSX, most=10)
    assert table["columns"] == ["name", "number", "half", "day", "moment", "yes"]
    told = {
        "name": "=x",
        "number": "12",
        "half": "0.5",
        "day": "2026-11-11",
        "moment": "2026-11-11 19:30",
        "yes": "yes",
    }
    assert table["lines"] == [{"line": 3, "values": told, "odd": {}}]


def test_a_formula_an_error_and_a_number_without_its_end_are_no_values() -> None:
    table = read_table(workbook(["a", "b", "c"], ["=1+1", "#DIV/0!", 1234567890123456]), XLSX, most=10)
    [line] = table["lines"]
    assert line["values"] == {}
    assert list(line["odd"]) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("part", "content", "code"),
    [
        (SHEET, b"<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>" + sheet(E), "workbook_malformed"),
        (SHEET, b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY e "&a;&a;">]>' + sheet(E), "workbook_malformed"),
        (SHEET, b"<worksheet", "workbook_malformed"),
        (SHEET, sheet('<row r="2000000000"><c r="A2000000000"><v>1</v></c></row>'), "lines_too_many"),
        (SHEET, sheet('<row r="2"><c r="XFD2"><v>1</v></c></row>'), "empty"),
        ("xl/styles.xml", b"<styleSheet>" + b" " * 2 * 1024**2 + b"</styleSheet>", "workbook_too_large"),
        ("xl/worksheets/sheet2.xml", b"0" * 20 * 1024**2, "workbook_too_large"),
        ("xl/workbook.xml", b"<workbook/>", "workbook_malformed"),
        ("../../../tmp/escaped", b"0" * 2 * 1024**2, "workbook_too_large"),
    ],
)  # fmt: skip
def test_a_workbook_that_was_made_to_hurt_is_refused(part: str, content: bytes, code: str) -> None:
    assert refused(with_part(part, content), XLSX) == code


def test_a_part_that_is_called_like_a_path_is_never_written(tmp_path: Any) -> None:
    escaped = tmp_path / "escaped"
    table = read_table(with_part(f"../../../../../..{escaped}", b"x"), XLSX, most=10)
    assert [line["values"] for line in table["lines"]] == [{"name": "x"}]
    assert not escaped.exists()


def test_a_workbook_of_as_many_cells_as_it_may_have_is_read_quickly() -> None:
    for rows, code in (
        ("<row><c><v>1</v></c></row>" * 20_000, "lines_too_many"),
        ("<row><c><v>1</v></c></row>" * 100_000, "workbook_too_large"),
        (f"<row>{'<c/>' * 149_000}</row>", "empty"),
        (f"<row>{'<c/>' * 1_000_000}</row>", "workbook_too_large"),
    ):
        assert refused(with_part(SHEET, sheet(rows)), XLSX, most=10_000) == code


@pytest.mark.parametrize("body", [b"PK\x03\x04", b"PK\x03\x04" + b"\0" * 100, b"\xd0\xcf\x11\xe0", b"x"])
def test_what_is_no_workbook_is_refused(body: bytes) -> None:
    assert refused(body, XLSX) == "workbook_malformed"


@pytest.mark.parametrize("body", NO_LIST)
def test_what_is_no_list_of_objects_is_refused(body: bytes) -> None:
    assert refused(body, JSON) == "json_malformed"


def test_a_csv_is_bounded_in_lines_columns_and_cells() -> None:
    assert refused(b"a\n" + b"x\n" * 100_000, CSV) == "lines_too_many"
    assert refused(b"\n" * 100_000 + b"a\nx\n", CSV) == "lines_too_many"
    assert refused(",".join(f"c{n}" for n in range(101)).encode(), CSV) == "columns_too_many"
    assert refused(b"a,,b\n1,2,3\n", CSV) == "column_without_name"
    [line] = read_table(b"a\n" + b"x" * 40_000, CSV, most=10)["lines"]
    assert list(line["odd"]) == ["a"]
    assert refused(b"a\n" + b"x" * 200_000, CSV) == "csv_malformed"


def test_a_file_is_bounded_in_bytes() -> None:
    for kind in (CSV, XLSX, JSON):
        with pytest.raises(PayloadTooLarge):
            read_table(b" " * (MOST_BYTES + 1), kind, most=10)


def test_a_list_of_json_has_its_lines_counted_from_one_and_nulls_left_out() -> None:
    table = read_table(json.dumps([{"a": 1, "b": None}, {"a": [1]}]).encode(), JSON, most=2)
    assert [(line["line"], line["values"]) for line in table["lines"]] == [(1, {"a": 1}), (2, {"a": [1]})]
    assert refused(b"[{},{},{}]", JSON, most=2) == "lines_too_many"


def test_what_a_file_is_is_seen_by_how_it_begins() -> None:
    assert [kind_of(b"PK\x03\x04", "x.csv"), kind_of(b"[]", "../x.JSON"), kind_of(b"a", "")] == [XLSX, JSON, CSV]
