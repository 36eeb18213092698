"""Reads an uploaded table (CSV, CSV in gzip, XLSX, or rows as JSON) within limits, and writes one. Pure.

openpyxl reads and writes XLSX: kept, no native code, streams rows both ways, and there already for the tables' exports.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from xml.etree.ElementTree import ParseError

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.utils.exceptions import InvalidFileException

MAX_BYTES = 2_500_000
"""Of an uploaded file, as the server takes it in one request."""
MAX_UNPACKED_BYTES = 64_000_000
"""Of what a compressed file holds: more is a bomb, or no customer list."""
MAX_ROWS = 50_000
MAX_COLUMNS = 64
MAX_CELL_LENGTH = 2_000

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
_ZIP, _GZIP, _OLE = b"PK\x03\x04", b"\x1f\x8b", b"\xd0\xcf\x11\xe0"


class TableFileError(Exception):
    """The file breaks a rule; `code` says which, `detail` where."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code} {detail}".strip())
        self.code, self.detail = code, detail


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a table.

    Attributes:
        number: As a spreadsheet counts; the heading is 1.
        cells: Trimmed texts, one per column of the heading.
        faults: Code by column index, where a cell could not be taken as it is.
    """

    number: int
    cells: tuple[str, ...]
    faults: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Table:
    """A heading and the rows below it that are not empty."""

    header: tuple[str, ...]
    lines: list[Line]


def table_read(content: bytes) -> Table:
    """Read a file; what it is, is told by its first bytes, not by its name.

    Raises:
        TableFileError: `too_large`, `too_many_rows`, `too_many_columns`, `unpacks_too_large`, `encoding`, `broken`,
            `old_excel`, `no_heading`, `heading_twice` or `empty`.
    """
    if len(content) > MAX_BYTES:
        raise TableFileError("too_large", f"{MAX_BYTES:,}")
    if content.startswith(_OLE):
        raise TableFileError("old_excel")
    rows = _xlsx_rows(content) if content.startswith(_ZIP) else _csv_rows(_unpacked(content))
    return _table(rows)


def table_of_json(content: bytes) -> Table:
    """Read `{"rows": [{"custom_identifier": "…", …}, …]}`; the first row is number 1 here.

    Raises:
        TableFileError: As `table_read`.
    """
    try:
        rows = json.loads(content)["rows"]
        header = list(dict.fromkeys(name for row in rows for name in row))
        lists = [[_json_text(row.get(name)) for name in header] for row in rows]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise TableFileError("broken") from error
    return _table((at, [(text, "") for text in row]) for at, row in enumerate([header, *lists]))


def csv_write(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Write CSV in UTF-8 with a mark; no cell can run as a formula, and reading it back gives the same texts."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(header)
    writer.writerows([_defused(text) for text in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def xlsx_write(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Write XLSX; every cell is a text, so nothing in it is a formula."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("companies")
    sheet.freeze_panes = "A2"
    for row in (header, *rows):
        sheet.append([_text_cell(sheet, text) for text in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


Cells = list[tuple[str, str]]
"""Text and fault code (empty: none) of each cell."""


def _table(rows: Iterable[tuple[int, Cells]]) -> Table:
    found = iter(rows)
    header = _header(next(found, (0, []))[1])
    lines: list[Line] = []
    for number, cells in found:
        if not any(text or fault for text, fault in cells):
            continue
        if len(lines) == MAX_ROWS:
            raise TableFileError("too_many_rows", f"{MAX_ROWS:,}")
        lines.append(_line(number, cells, len(header)))
    if not lines:
        raise TableFileError("empty")
    return Table(header, lines)


def _header(cells: Cells) -> tuple[str, ...]:
    names = [text for text, _ in cells]
    while names and not names[-1]:
        names.pop()
    if not names:
        raise TableFileError("no_heading")
    if len(names) > MAX_COLUMNS:
        raise TableFileError("too_many_columns", str(MAX_COLUMNS))
    filled = [name.lower() for name in names if name]
    twice = next((name for name in filled if filled.count(name) > 1), None)
    if twice:
        raise TableFileError("heading_twice", twice)
    return tuple(names)


def _line(number: int, cells: Cells, width: int) -> Line:
    faults = {at: fault for at, (text, found) in enumerate(cells) if (fault := found or _fault(text))}
    if any(text or fault for text, fault in cells[width:]):
        faults = {at: fault for at, fault in faults.items() if at < width} | {0: "more_cells"}
    texts = [text[:MAX_CELL_LENGTH] for text, _ in cells[:width]]
    return Line(number, (*texts, *[""] * (width - len(texts))), faults)


def _fault(text: str) -> str:
    if len(text) > MAX_CELL_LENGTH:
        return "too_long"
    return "" if text.replace("\n", " ").replace("\r", " ").replace("\t", " ").isprintable() else "unprintable"


def _unpacked(content: bytes) -> bytes:
    if not content.startswith(_GZIP):
        return content
    unpacker = zlib.decompressobj(wbits=31)
    try:
        plain = unpacker.decompress(content, MAX_UNPACKED_BYTES)
    except zlib.error as error:
        raise TableFileError("broken") from error
    if not unpacker.eof:
        raise TableFileError("unpacks_too_large" if len(plain) >= MAX_UNPACKED_BYTES else "broken")
    return plain


def _csv_rows(content: bytes) -> Iterator[tuple[int, Cells]]:
    text = _decoded(content)
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 1
    try:
        for row in reader:
            # A cell may hold line breaks: a row's number is the line on which it begins.
            yield number, [_csv_cell(cell.strip()) for cell in row]
            number = reader.line_num + 1
    except csv.Error as error:
        raise TableFileError("broken", str(number)) from error


def _csv_cell(text: str) -> tuple[str, str]:
    return (text, "formula") if text.startswith("=") else (_fused(text), "")


def _decoded(content: bytes) -> str:
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise TableFileError("encoding", str(content[: error.start].count(b"\n") + 1)) from error


def _xlsx_rows(content: bytes) -> Iterator[tuple[int, Cells]]:
    try:
        _zip_check(content)
        book = load_workbook(io.BytesIO(content), read_only=True)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # What the file says of its own size need not be true.
        for number, row in enumerate(sheet.iter_rows(max_row=2 * MAX_ROWS, max_col=MAX_COLUMNS + 1), start=1):
            yield number, [_xlsx_cell(cell) for cell in row]
    except (zipfile.BadZipFile, InvalidFileException, ParseError, KeyError, ValueError, IndexError, OSError) as error:
        raise TableFileError("broken") from error
    except (zlib.error, TypeError, AttributeError, NotImplementedError, RuntimeError, EOFError) as error:
        raise TableFileError("broken") from error


def _zip_check(content: bytes) -> None:
    # Python's reader never gives more of a member than the archive announces, so the announced sizes are the limit.
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if sum(one.file_size for one in archive.infolist()) > MAX_UNPACKED_BYTES:
            raise TableFileError("unpacks_too_large", f"{MAX_UNPACKED_BYTES:,}")


def _xlsx_cell(cell: Any) -> tuple[str, str]:
    value, kind = cell.value, getattr(cell, "data_type", "n")
    if kind == "f":
        return str(value), "formula"
    if kind == "e":
        return str(value), "error_value"
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time().isoformat() == "00:00:00" else value.isoformat(), ""
    if isinstance(value, date):
        return value.isoformat(), ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value)), ""
    return ("" if value is None else str(value).strip()), ""


def _json_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return "; ".join(str(one) for one in value)
    if isinstance(value, (str, int, float)):
        return str(value).strip()
    raise TypeError


def _defused(text: str) -> str:
    # OWASP, CSV Injection. A text that begins with an apostrophe gets one more, so that reading takes off one.
    return "'" + text if text.startswith((*_FORMULA_STARTS, "'")) else text


def _fused(text: str) -> str:
    return text[1:] if text.startswith("'") and text[1:].startswith((*_FORMULA_STARTS, "'")) else text


def _text_cell(sheet: Any, text: str) -> Any:
    cell = WriteOnlyCell(sheet, value=ILLEGAL_CHARACTERS_RE.sub("", text))
    cell.data_type = "s"
    return cell
