"""Statements and seat records as PDF, with the seller's logo.

Text is set in DejaVu Sans (Latin, Greek, Cyrillic, Arabic, Hebrew and more), shaped and ordered from right to left only
where a text needs it, as shaping takes six times as long. For Chinese, Japanese and Korean it needs the operator's font
(`SEATKEEP_PAPER_FONT`); without it a box stands for each such letter.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.conf import settings as django_settings
from django.contrib.staticfiles import finders
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.fonts import TTFFont
from seatkeep_webkit.env import SettingError

from seatkeep_hub.billing.errors import LogoError, PaperTooLongError
from seatkeep_hub.billing.lines import line_amount, line_price, line_title, month_words
from seatkeep_hub.billing.models import BillingSettings, Statement, StatementLine
from seatkeep_hub.billing.seat_record import SeatDays, record_of, seats_of, terms_changes
from seatkeep_hub.billing.selectors import line_list, settings_get
from seatkeep_hub.companies.models import Company

MAX_ROWS = 5_000
"""More devices or lines than this are for a spreadsheet."""

FAMILY = "DejaVu"
GREY, LIGHT, BLACK = (98, 107, 119), (222, 226, 230), (24, 36, 51)
LOGO_WIDTH, LOGO_HEIGHT = 60.0, 16.0
"""Millimeters."""

ROW = 5.2
COMPLEX_FROM = 0x0590
"""From here on scripts are written from right to left, or change their letters by what stands beside them."""


EAST_ASIAN_FROM = 0x2E80
"""From here on letters are looked for in the operator's font, too: it is large, so it is read only for them."""
OTHER_FAMILY = "other"


class Cell(NamedTuple):
    """A column of a paper's table; width in millimeters."""

    label: str
    width: float
    is_number: bool = False


class Paper(FPDF):
    """A4 pages with the seller's letterhead on the first one and their numbers on all."""

    def __init__(self, title: str, settings: BillingSettings, now: datetime) -> None:
        """Begin a paper; `title` stands in its foot and as its name."""
        super().__init__(format="A4")
        for style, name in (("", "DejaVuSans"), ("B", "DejaVuSans-Bold")):
            self.add_font(FAMILY, style, _font(name))
        self.set_title(title)
        self.set_creation_date(now)
        self.set_margins(18, 16, 18)
        self.set_auto_page_break(auto=True, margin=20)
        self.paper_title = title
        self.add_page()
        try:
            self._letterhead(settings)
        except Exception:
            self._fonts_close()
            raise

    def content(self) -> bytes:
        """Finish the paper."""
        try:
            return bytes(self.output())
        finally:
            self._fonts_close()

    def _fonts_close(self) -> None:
        """Let go of the fonts' files, which the library keeps open."""
        for font in self.fonts.values():
            if isinstance(font, TTFFont):
                font.close()

    def footer(self) -> None:
        """The paper's name and the page's number."""
        self.set_y(-14)
        self.write_line(self.paper_title, size=7, color=GREY, width=130)
        self.set_y(-14)
        self.set_text_shaping(False)
        pages = _("Page %(page)s of %(pages)s") % {"page": self.page_no(), "pages": "{nb}"}
        self.cell(0, ROW, pages, align="R")

    def heading(self, text: str, under: str = "") -> None:
        """The paper's name and what stands under it."""
        self.write_line(text, size=16, style="B", height=8)
        if under:
            self.write_line(under, size=9, color=GREY)
        self.ln(3)

    def facts(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Name and value, one pair per line."""
        for name, value in pairs:
            if value:
                self.write_line(name, size=9, color=GREY, width=55, ends_line=False)
                self.write_line(value, size=9)
        self.ln(3)

    def section(self, text: str) -> None:
        """The heading of a part."""
        self._room(4 * ROW)
        self.ln(2)
        self.write_line(text, size=11, style="B", height=7)

    def head(self, cells: Sequence[Cell]) -> None:
        """The heading of a table; repeated by `row` on each page."""
        self._write_cells(cells, [cell.label for cell in cells], color=GREY, style="B")
        self.set_draw_color(*GREY)
        self.line(self.l_margin, self.get_y(), self.w - self.r_margin, self.get_y())

    def row(self, cells: Sequence[Cell], values: Sequence[str], *, notes: Sequence[str] = (), style: str = "") -> None:
        """One row; its notes stand under it and stay with it as long as they fit on a page."""
        if self._room(ROW * (1 + min(len(notes), 30))):
            self.head(cells)
        self._write_cells(cells, values, style=style)
        for note in notes:
            if self._room(ROW):
                self.head(cells)
            self.set_x(self.l_margin + 4)
            self.write_line(note, size=7, color=GREY, height=4)
        self.set_draw_color(*LIGHT)
        self.line(self.l_margin, self.get_y(), self.w - self.r_margin, self.get_y())

    def write_line(
        self,
        text: str,
        *,
        size: float,
        style: str = "",
        color: tuple[int, int, int] = BLACK,
        width: float = 0,
        height: float = ROW,
        align: str = "L",
        ends_line: bool = True,
    ) -> None:
        """One line of text, cut where it is too long; millimeters and points."""
        self.set_font(FAMILY, style, size)
        self.set_text_color(*color)
        self.set_text_shaping(_is_complex(text))
        if any(ord(letter) >= EAST_ASIAN_FROM for letter in text):
            self._other_font_add()
        room = (width or self.w - self.r_margin - self.get_x()) - 2 * self.c_margin
        nexts = (XPos.LMARGIN, YPos.NEXT) if ends_line else (XPos.RIGHT, YPos.TOP)
        self.cell(width, height, self._cut(text, room), align=align, new_x=nexts[0], new_y=nexts[1])

    def _other_font_add(self) -> None:
        path = django_settings.PAPER_FONT
        if path is None or OTHER_FAMILY in self.fonts:
            return
        self.add_font(OTHER_FAMILY, fname=str(path))
        self.set_fallback_fonts([OTHER_FAMILY], exact_match=False)

    def _write_cells(
        self, cells: Sequence[Cell], values: Sequence[str], *, color: tuple[int, int, int] = BLACK, style: str = ""
    ) -> None:
        for cell, value in zip(cells, values, strict=True):
            align = "R" if cell.is_number else "L"
            self.write_line(value, size=8, style=style, color=color, width=cell.width, align=align, ends_line=False)
        self.ln(ROW)

    def _cut(self, text: str, room: float) -> str:
        """The text, or as much of its beginning as fits before an ellipsis."""
        text = " ".join(text.split())
        width = self.get_string_width(text)
        if width <= room:
            return text
        for kept in range(min(len(text) - 1, int(len(text) * room / width) + 3), 0, -1):
            cut = text[:kept].rstrip() + "…"
            if self.get_string_width(cut) <= room:
                return cut
        return "…"

    def _room(self, height: float) -> bool:
        """Begin a page where so much does not fit any more; say whether it did."""
        if self.get_y() + height <= self.page_break_trigger:
            return False
        self.add_page()
        return True

    def _letterhead(self, settings: BillingSettings) -> None:
        top = self.get_y()
        if settings.logo:
            _draw_logo(self, bytes(settings.logo))
        self.set_xy(self.w - self.r_margin - 90, top)
        for number, line in enumerate([str(settings.seller), *settings.letterhead.splitlines()][:6]):
            style = "B" if number == 0 else ""
            self.write_line(line, size=8, style=style, color=GREY, width=90, height=4, align="R")
            self.set_x(self.w - self.r_margin - 90)
        self.set_xy(self.l_margin, max(top + (LOGO_HEIGHT if settings.logo else 0), self.get_y()) + 6)


def statement_pdf(statement: Statement, *, now: datetime) -> bytes:
    """A statement with its lines.

    Raises:
        PaperTooLongError: It has more than 5,000 lines.
    """
    lines = list(line_list(statement)[: MAX_ROWS + 1])
    if len(lines) > MAX_ROWS:
        raise PaperTooLongError
    title = _("Statement %(month)s") % {"month": month_words(statement)}
    paper = Paper(f"{title} · {statement.buyer}", settings_get(statement.seller), now)
    paper.heading(title, str(statement.buyer))
    paper.facts([
        (_("Seller"), str(statement.seller)),
        (_("Your tax id"), statement.buyer.vat_id),
        (_("State"), _closed_words(statement)),
        (_("What is billed"), statement.price_list.get_basis_display() if statement.price_list else ""),
        (_("Total"), statement.total_text),
    ])  # fmt: skip
    cells = [
        Cell(_("For"), 42), Cell(_("Product"), 34), Cell(_("Agreed"), 16, True), Cell(_("Device-days"), 25, True),
        Cell(_("Billed"), 16, True), Cell(_("Price"), 17, True), Cell(_("Amount"), 24, True),
    ]  # fmt: skip
    paper.head(cells)
    for line in lines:
        paper.row(cells, _line_values(line), notes=[line.reason] if line.reason else [])
    paper.row(cells, ["", "", "", "", "", _("Total"), statement.total_text], style="B")
    return paper.content()


def seat_record_pdf(line: StatementLine, *, now: datetime) -> bytes:
    """The proof of a line: its devices, their days, and who changed what.

    Raises:
        PaperTooLongError: It has more than 5,000 devices.
    """
    record = record_of(line, seats_of(line)[: MAX_ROWS + 1])
    if len(record) > MAX_ROWS:
        raise PaperTooLongError
    title = _("Seat record %(month)s") % {"month": month_words(line.statement)}
    paper = Paper(f"{title} · {line_title(line)}", settings_get(line.statement.seller), now)
    paper.heading(title, " · ".join(filter(None, [line_title(line), str(line.product or "")])))
    paper.facts(_line_facts(line))
    paper.section(_("Devices"))
    cells = [
        Cell(_("Device"), 46), Cell(_("Serial number"), 36), Cell(_("Customer"), 36), Cell(_("First day"), 20),
        Cell(_("Last day"), 20), Cell(_("Days"), 16, True),
    ]  # fmt: skip
    paper.head(cells)
    for one in record:
        paper.row(cells, _seat_values(one), notes=[_event_words(event) for event in one.events])
    paper.row(cells, [_("Device-days"), "", "", "", "", str(sum(len(one.days) for one in record))], style="B")
    _changes(paper, line)
    return paper.content()


def logo_try(content: bytes, seller: Company, now: datetime) -> None:
    """Draw a logo once, so that no paper fails later.

    Raises:
        LogoError: It cannot be drawn.
    """
    try:
        Paper("", BillingSettings(seller=seller, logo=content), now).content()
    except Exception as error:  # whatever the drawing library meets in a strange file
        raise LogoError(_("This picture cannot be drawn on paper.")) from error


def _changes(paper: Paper, line: StatementLine) -> None:
    changes = terms_changes(line)
    if not changes:
        return
    paper.section(_("What was changed"))
    cells = [Cell(_("When"), 34), Cell(_("What"), 60), Cell(_("Seats"), 20, True), Cell(_("Who"), 60)]
    paper.head(cells)
    for one in changes:
        mode = getattr(one, "mode", "")
        what = one.get_mode_display() if mode else one.get_kind_display()  # type: ignore[union-attr]  # each ledger has one
        seats = "–" if mode == "FLEXIBLE" else str(one.quantity)
        values = [date_format(one.at, "Y-m-d H:i"), str(what), seats, one.actor]
        paper.row(cells, values, notes=[one.note] if one.note else [])


def _line_values(line: StatementLine) -> list[str]:
    counts = [str(value) for value in (line.agreed, line.device_days, line.seat_days)]
    return [
        line_title(line),
        str(line.product or ""),
        *(counts if line.kind == "USAGE" else ["", "", ""]),
        line_price(line),
        line_amount(line),
    ]


def _line_facts(line: StatementLine) -> list[tuple[str, str]]:
    statement = line.statement
    return [
        (_("Seller"), str(statement.seller)),
        (_("Buyer"), str(statement.buyer)),
        (_("License"), line.node.license.public_id if line.node else ""),
        (_("State"), _closed_words(statement)),
        (_("Agreed seat-days"), str(line.agreed)),
        (_("Device-days"), str(line.device_days)),
        (_("Billed seat-days"), str(line.seat_days)),
        (_("Price"), line_price(line)),
        (_("Amount"), line_amount(line)),
    ]


def _seat_values(one: SeatDays) -> list[str]:
    first, last = (date_format(day, "Y-m-d") if day else "" for day in (one.first_on, one.last_on))
    return [one.seat.shown_name, one.seat.serial, one.seat.node.company.name, first, last, str(len(one.days))]


def _event_words(event: object) -> str:
    at, kind, actor, detail = (getattr(event, name) for name in ("at", "get_kind_display", "actor", "detail"))
    return " · ".join(filter(None, [date_format(at, "Y-m-d H:i"), str(kind()), actor, detail]))


def _closed_words(statement: Statement) -> str:
    if statement.closed_at is None:
        return _("Draft, not closed yet")
    values = {"day": date_format(statement.closed_at, "Y-m-d"), "who": statement.closed_by}
    return _("Closed on %(day)s by %(who)s") % values


def _draw_logo(paper: Paper, content: bytes) -> None:
    paper.image(
        io.BytesIO(content), x=paper.l_margin, y=paper.get_y(), w=LOGO_WIDTH, h=LOGO_HEIGHT, keep_aspect_ratio=True
    )


def _is_complex(text: str) -> bool:
    return any(ord(letter) >= COMPLEX_FROM and not 0x1E00 <= ord(letter) <= 0x2BFF for letter in text)


def _font(name: str) -> str:
    found = finders.find(f"ui/{name}.ttf")
    if not isinstance(found, str):
        raise SettingError("ui", "the pages' assets are not built (run: make ui)")
    return found
