"""The tables of imports: the files, and the rows of one."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpRequest
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext_lazy as _
from seatkeep_webkit.tables import ChoiceFilter, Column, Empty, Table

from seatkeep_hub.imports.enums import ImportState, RowResult
from seatkeep_hub.imports.models import ImportRow, ImportRun
from seatkeep_hub.imports.selectors import row_list
from seatkeep_hub.imports.words import fault_words
from seatkeep_hub.portal.import_forms import LABELS

STATE_TONES = {
    "READ": "info",
    "PLANNING": "info",
    "PLANNED": "info",
    "APPLYING": "info",
    "APPLIED": "ok",
    "FAILED": "bad",
    "UNDOING": "info",
    "UNDONE": "off",
}
RESULT_TONES = {"CREATE": "ok", "CHANGE": "info", "SAME": "off", "ERROR": "bad"}


class ImportTable(Table[ImportRun]):
    """Files that were uploaded."""

    name = "imports"
    order = "-created_at"
    search = ("file_name__icontains", "target__name__icontains", "actor_label__icontains")
    opens_pages = True
    columns = (
        Column("file_name", _("File"), sort="file_name", is_title=True),
        Column("target.name", _("Below"), sort="target__name"),
        Column("state", _("State"), sort="state", badge=STATE_TONES),
        Column("total", _("Rows"), sort="total", kind="number"),
        Column("actor_label", _("By"), sort="actor_label"),
        Column("created_at", _("Uploaded"), sort="created_at", kind="when"),
        Column("applied_at", _("Applied"), sort="applied_at", kind="when"),
    )
    filters = (ChoiceFilter("state", _("State"), ImportState.choices),)
    empty = Empty(
        _("Nothing imported yet."),
        _("Bring your customers and what they agreed to as a spreadsheet. Importing sends no mail."),
        icon="upload",
        url=reverse_lazy("portal:import-new"),
        label=_("Import a list"),
    )

    def row_url(self, row: ImportRun) -> str:
        """The import's page."""
        return reverse("portal:import", args=[row.uid])


class ImportRowTable(Table[ImportRow]):
    """What each row would do, or did."""

    name = "import-rows"
    order = "number"
    search = ("key__icontains", "name__icontains")
    columns = (
        Column("number", _("Row"), sort="number", is_title=True),
        Column("key", _("Your number"), sort="key"),
        Column("name", _("Name"), sort="name"),
        Column("result", _("Result"), sort="result", badge=RESULT_TONES),
        Column(
            "said",
            _("What"),
            kind="long",
            template="portal/imports/said.html",
            export=lambda row: "; ".join(row.said_plain),
        ),
    )
    filters = (ChoiceFilter("result", _("Result"), RowResult.choices),)
    empty = Empty(_("No rows."), icon="list")

    def __init__(self, request: HttpRequest, run: ImportRun) -> None:
        """Make it for one import."""
        super().__init__(request, row_list(run))
        self._run = run

    def prepare(self, rows: Sequence[ImportRow]) -> None:
        """Put each row's faults and changes into words, with the headings of the file."""
        for row in rows:
            lines = [(self._column(field), fault_words(code, detail)) for field, code, detail in row.faults]
            changes = [(LABELS.get(name, name), *_shown(name, pair)) for name, pair in row.changes.items()]
            vars(row).update(fault_lines=lines, change_lines=[] if lines else changes)
            vars(row)["said_plain"] = [f"{column}: {words}" for column, words in lines]

    def _column(self, field: str) -> str:
        index = self._run.mapping.get(field)
        return str(LABELS.get(field, "")) if index is None else self._run.header[index]


def _shown(name: str, pair: Sequence[str]) -> list[str]:
    """Before and after for people: what is agreed as on the customer's page."""
    if name != "seats":
        return list(pair)
    words = {
        "FIXED": _("Fixed"),
        "FLEXIBLE": _("Flexible"),
        "REFUSE": _("more refused"),
        "warn": _("warn above"),
        "stop": _("stop above"),
    }
    return [" ".join(str(words.get(part, part)) for part in text.split()) for text in pair]
