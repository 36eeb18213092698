"""What a table shows of a row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.template.loader import render_to_string
from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from seatkeep_webkit import html
from seatkeep_webkit.errors import Text


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        path: Attribute path of the value, such as `owner.name`; also the column's name.
        label: Heading.
        sort: Field path by which it sorts; not sortable when None.
        is_title: This column names the row and carries its link.
        badge: Tone per value (`ok warn bad info off`): shown as a state.
        template: Template of the cell, with `row` and `value`.
        value: Computes the value instead of `path`.
        export: Computes the exported value; the shown value when None.
        kind: `text` (one line), `long` (wraps), `when` (relative time), `date` or `number` (right-aligned).
        is_hidden: Shown only when the person chooses it.
    """

    path: str
    label: Text
    sort: str | None = None
    is_title: bool = False
    badge: Mapping[str, str] | None = None
    template: str | None = None
    value: Callable[[Any], object] | None = None
    export: Callable[[Any], object] | None = None
    kind: str = "text"
    is_hidden: bool = False

    @property
    def name(self) -> str:
        """The column's name in addresses and preferences."""
        return self.path.replace(".", "_")

    def read(self, row: Any) -> Any:
        """Return the raw value of a row; None where a step of the path is None."""
        if self.value is not None:
            return self.value(row)
        found = row
        for part in self.path.split("."):
            found = getattr(found, part, None)
        return found() if callable(found) else found

    def label_of(self, row: Any, value: Any) -> Text:
        """Return the words of a choice, else the value."""
        display = getattr(row, f"get_{self.path}_display", None)
        return display() if callable(display) else "" if value is None else str(value)

    def render(self, row: Any) -> str | SafeString:
        """Return the cell's content."""
        value = self.read(row)
        if self.template is not None:
            return render_to_string(self.template, {"row": row, "value": value})
        if self.badge is not None:
            return html.status_badge(self.badge.get(str(value), "off"), self.label_of(row, value)) if value else "–"
        if value is None or value == "":
            return format_html('<span class="text-secondary">{}</span>', "–")
        return self._render_kind(row, value)

    def _render_kind(self, row: Any, value: Any) -> str | SafeString:
        if self.kind == "when" and isinstance(value, datetime):
            return html.when(value)
        if self.kind == "date" and isinstance(value, date):
            return date_format(value, "SHORT_DATE_FORMAT")
        if isinstance(value, bool):
            return _("Yes") if value else _("No")
        if self.kind == "number" and isinstance(value, (int, float)):
            return number_format(value, use_l10n=True, force_grouping=True)
        return value if isinstance(value, SafeString) else str(self.label_of(row, value))

    def exported(self, row: Any) -> object:
        """Return the value for a file."""
        if self.export is not None:
            return self.export(row)
        value = self.read(row)
        return value if isinstance(value, (int, float, datetime, date)) else str(self.label_of(row, value))
