"""What is filtered, as a file: CSV streamed row by row, or XLSX."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.http import FileResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from seatkeep_webkit.tables.columns import Column

XLSX_MAX_ROWS = 1_048_575
XLSX_MAX_TEXT = 32_767
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
_XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def defused(value: object) -> object:
    """Return a CSV cell that no spreadsheet runs as a formula; numbers stay numbers.

    Source:
        OWASP, CSV Injection: an apostrophe in front of = + - @ tab and line breaks.
    """
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, (int, float, Decimal)) or value is None:
        return value
    text = str(value)
    return "'" + text if text.startswith(_FORMULA_STARTS) else text


def csv_response(name: str, columns: Sequence[Column], rows: Iterable[Any]) -> HttpResponseBase:
    """Stream a CSV file (UTF-8 with a mark, which Excel needs)."""
    response = StreamingHttpResponse(_csv_lines(columns, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def xlsx_response(name: str, columns: Sequence[Column], rows: Iterable[Any]) -> HttpResponseBase:
    """Return an XLSX file; texts are written as texts, so nothing in it is a formula."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(name[:31])
    sheet.freeze_panes = "A2"
    sheet.append([_text_cell(sheet, column.label) for column in columns])
    for at, row in enumerate(rows):
        if at >= XLSX_MAX_ROWS:
            break
        sheet.append([_cell(sheet, column.exported(row)) for column in columns])
    file = tempfile.TemporaryFile()  # noqa: SIM115 - FileResponse closes it after the last byte is sent
    book.save(file)
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=f"{name}.xlsx", content_type=_XLSX_TYPE)


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, value: str) -> str:
        return value


def _csv_lines(columns: Sequence[Column], rows: Iterable[Any]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield "\ufeff" + writer.writerow([str(column.label) for column in columns])
    for row in rows:
        yield writer.writerow([defused(column.exported(row)) for column in columns])


def _cell(sheet: Any, value: object) -> Any:
    if isinstance(value, datetime):
        return WriteOnlyCell(sheet, value=value.astimezone(UTC).replace(tzinfo=None))
    if isinstance(value, (int, float, Decimal, date)) or value is None:
        return WriteOnlyCell(sheet, value=value)
    return _text_cell(sheet, value)


def _text_cell(sheet: Any, value: object) -> Any:
    cell = WriteOnlyCell(sheet, value=ILLEGAL_CHARACTERS_RE.sub("", str(value))[:XLSX_MAX_TEXT])
    cell.data_type = "s"
    return cell
