"""Files as they come: good ones, and those that are made to hurt."""

from __future__ import annotations

import gzip
import io
import json
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook
from seatkeep_hub.imports import files
from seatkeep_hub.imports.files import TableFileError, csv_write, table_of_json, table_read, xlsx_write

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=20)
ROWS = st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=5)


def cells(content: bytes) -> list[tuple[str, ...]]:
    return [line.cells for line in table_read(content).lines]


def code_of(content: bytes) -> str:
    with pytest.raises(TableFileError) as refused:
        table_read(content)
    return refused.value.code


def book(*rows: list[object]) -> bytes:
    made = Workbook()
    assert made.active is not None
    for row in rows:
        made.active.append(row)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_every_usual_csv(delimiter: str, encoding: str) -> None:
    text = f"id{delimiter}name\r\n1{delimiter}Bäcker\r\n"
    assert cells(text.encode(encoding)) == [("1", "Bäcker")]


def test_csv_in_gzip() -> None:
    assert cells(gzip.compress(b"id,name\n1,A\n", mtime=0)) == [("1", "A")]


def test_a_quoted_cell_keeps_its_line_break_and_rows_their_numbers() -> None:
    lines = table_read(b'id,name\n1,"A\nB"\n\n2,C\n').lines
    assert [(line.number, line.cells) for line in lines] == [(2, ("1", "A\nB")), (5, ("2", "C"))]


def test_short_rows_are_filled_and_numbers_of_a_spreadsheet_are_whole() -> None:
    assert cells(book(["id", "name", "seats"], [7.0, "A"], [None, None, None])) == [("7", "A", "")]


def test_rows_by_api() -> None:
    content = json.dumps({"rows": [{"custom_identifier": 1, "tags": ["a", "b"]}, {"name": "B"}]}).encode()
    table = table_of_json(content)
    assert (table.header, [line.cells for line in table.lines]) == (
        ("custom_identifier", "tags", "name"),
        [("1", "a; b", ""), ("", "", "B")],
    )


@pytest.mark.parametrize("content", [b"[]", b"{}", b'{"rows": [1]}', b"\xff", b'{"rows": [{"a": {}}]}', b"[" * 100_000])
def test_attack_broken_json(content: bytes) -> None:
    with pytest.raises(TableFileError):
        table_of_json(content)


@given(rows=ROWS)
def test_csv_out_and_in_is_the_same(rows: list[tuple[str, str]]) -> None:
    found = table_read(csv_write(["id", "name"], rows))
    assert [line.cells for line in found.lines] == rows
    assert not any(line.faults for line in found.lines)


@given(rows=ROWS)
def test_no_exported_csv_cell_begins_a_formula(rows: list[tuple[str, str]]) -> None:
    text = csv_write(["id", "name"], rows).decode("utf-8-sig")
    assert not any(cell.lstrip('"').startswith(("=", "+", "-", "@")) for line in text.splitlines() for cell in [line])


def test_xlsx_out_and_in_is_the_same_and_holds_no_formula() -> None:
    rows = [("=1+1", "'x"), ("+49", "-5")]
    found = table_read(xlsx_write(["id", "name"], rows))
    assert ([line.cells for line in found.lines], [line.faults for line in found.lines]) == (rows, [{}, {}])


def test_attack_formula_cells() -> None:
    for content in (b"id,name\n1,=HYPERLINK(1)\n", book(["id", "name"], [1, "=1+1"])):
        assert table_read(content).lines[0].faults == {1: "formula"}


def test_attack_cell_that_is_too_long() -> None:
    assert table_read(b"id,name\n1," + b"x" * 2001 + b"\n").lines[0].faults == {1: "too_long"}


def test_attack_more_cells_than_the_heading() -> None:
    assert table_read(b"id,name\n1,A,x\n").lines[0].faults == {0: "more_cells"}


def test_attack_nul_and_escape_characters() -> None:
    assert table_read(b"id,name\n1,A\x1b[2J\n").lines[0].faults == {1: "unprintable"}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "no_heading"),
        (b"\n\n", "no_heading"),
        (b"id,name\n", "empty"),
        (b"id,ID\n1,2\n", "heading_twice"),
        (b"id,name\n1,\xe4\n", "encoding"),
        (b'id,name\n1,"open\n', "broken"),
        (b"\xff\xfe\x00", "encoding"),
        (b"PK\x03\x04 no archive", "broken"),
        (b"\xd0\xcf\x11\xe0old", "old_excel"),
        (gzip.compress(b"id,name\n1,A\n", mtime=0)[:-6], "broken"),
        (",".join(map(str, range(65))).encode() + b"\n1\n", "too_many_columns"),
        (b"x" * (files.MAX_BYTES + 1), "too_large"),
        (gzip.compress(b"id\n" + b"1\n" * 50_001, mtime=0), "too_many_rows"),
    ],
)  # fmt: skip
def test_attack_files_that_cannot_be_read(content: bytes, code: str) -> None:
    assert code_of(content) == code


def test_attack_bombs() -> None:
    assert code_of(gzip.compress(b"\0" * (files.MAX_UNPACKED_BYTES + 1), mtime=0)) == "unpacks_too_large"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"\0" * (files.MAX_UNPACKED_BYTES + 1))
    assert code_of(out.getvalue()) == "unpacks_too_large"


def test_attack_a_spreadsheet_with_one_cell_far_out() -> None:
    """A row number of a million must not become a million empty rows."""
    good = book(["id", "name"], [1, "A"])
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(good)) as source, zipfile.ZipFile(out, "w") as target:
        for one in source.infolist():
            content = source.read(one)
            if one.filename.endswith("sheet1.xml"):
                content = content.replace(b'<row r="2"', b'<row r="1048576"').replace(b'r="A2"', b'r="XFD1048576"')
            target.writestr(one, content)
    assert code_of(out.getvalue()) in {"empty", "broken"}
