"""Papers: every name can be read back, tables go on over pages, and of a logo only its picture survives."""

from __future__ import annotations

import io
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from hub_cast import ACTOR
from PIL import Image
from pypdf import PdfReader
from seatkeep_hub.billing.branding import logo_set, settings_set
from seatkeep_hub.billing.errors import LogoError
from seatkeep_hub.billing.logos import MAX_BYTES, logo_clean
from seatkeep_hub.billing.papers import seat_record_pdf, statement_pdf
from seatkeep_hub.billing.selectors import line_list, settings_get
from seatkeep_hub.companies.models import Company
from seatkeep_hub.project.fonts import font_path
from seatkeep_webkit.env import SettingError

MARCH = date(2027, 3, 1)
AFTER = datetime(2027, 4, 1, 12, tzinfo=UTC)
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 60 20"><script>alert(1)</script>'
    '<rect width="60" height="20" style="fill:#206bc4;background:url(http://evil.example/x)" onload="alert(1)"/>'
    '<image href="http://evil.example/x.png"/><a href="javascript:alert(1)"><path d="M0 0h9"/></a>'
    '<use href="#a"/><path d="M5 5h50v10H5z" fill="url(http://evil.example/y)"/></svg>'
)


def read(paper: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(paper))


def text_of(paper: bytes) -> str:
    return "\n".join(page.extract_text() for page in read(paper).pages)


def png(side: int = 40) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (side, side), (32, 107, 196)).save(out, format="PNG")
    return out.getvalue()


@pytest.fixture
def drafted(shop):
    shop.price("300")
    shop.agree(shop.customer)
    return lambda: shop.draft(MARCH, now=AFTER)


def font_of(letters: str, path: Path) -> Path:
    """A TrueType font that has these letters, all as one square."""
    pen = TTGlyphPen(None)
    pen.moveTo((100, 0))
    for corner in ((900, 0), (900, 800), (100, 800)):
        pen.lineTo(corner)
    pen.closePath()
    names = [".notdef", *(f"u{ord(letter):04X}" for letter in letters)]
    made = FontBuilder(1000, isTTF=True)
    made.setupGlyphOrder(names)
    made.setupCharacterMap({ord(letter): name for letter, name in zip(letters, names[1:], strict=True)})
    made.setupGlyf(dict.fromkeys(names, pen.glyph()))
    made.setupHorizontalMetrics(dict.fromkeys(names, (1000, 100)))
    made.setupHorizontalHeader(ascent=800, descent=-200)
    made.setupNameTable({"familyName": "Square", "styleName": "Regular"})
    made.setupOS2()
    made.setupPost()
    made.save(path)
    return path


@pytest.mark.parametrize("is_there", [True, False])
def test_east_asian_names_need_the_operators_font_and_break_nothing_without(
    is_there, shop, drafted, settings, tmp_path
):
    settings.PAPER_FONT = font_of("東京パン屋", tmp_path / "square.ttf") if is_there else None
    shop.activate(shop.customer, "till 東京パン屋 1", at=datetime(2027, 3, 10, 9, tzinfo=UTC))
    found = text_of(seat_record_pdf(line_list(drafted()).get(), now=AFTER))
    assert ("東京パン屋" in found, "till" in found, "?" in found) == (is_there, True, False)


def test_a_setting_that_names_no_font_is_refused_at_start(monkeypatch, tmp_path):
    for content in (b"OTTO....", b""):
        (tmp_path / "a.ttf").write_bytes(content)
        monkeypatch.setenv("SEATKEEP_PAPER_FONT", str(tmp_path / "a.ttf"))
        with pytest.raises(SettingError):
            font_path("SEATKEEP_PAPER_FONT")
    monkeypatch.setenv("SEATKEEP_PAPER_FONT", str(tmp_path / "nothing.ttf"))
    with pytest.raises(SettingError):
        font_path("SEATKEEP_PAPER_FONT")


def test_a_seat_record_names_each_device_with_its_days_and_who_did_it(shop, drafted):
    shop.activate(shop.customer, "Büro-Ж-Ω", at=datetime(2027, 3, 10, 9, tzinfo=UTC))
    shop.stop("Büro-Ж-Ω", at=datetime(2027, 3, 20, 9, tzinfo=UTC))
    found = text_of(seat_record_pdf(line_list(drafted()).get(), now=AFTER))
    assert "Büro-Ж-Ω" in found
    assert re.search(r"2027-03-10\s+2027-03-20\s+11", found)
    assert "2027-03-20 09:00" in found
    assert "tests" in found
    assert "Page 1 of 1" in found


def test_a_name_from_right_to_left_is_shaped_and_can_be_read_back(shop, drafted):
    Company.objects.filter(pk=shop.customer.pk).update(name="مخبز السلام")
    shop.activate(shop.customer, "a", at=datetime(2027, 3, 10, 9, tzinfo=UTC))
    assert "مخبز السلام" in text_of(statement_pdf(drafted(), now=AFTER))


def test_a_long_table_goes_on_with_its_heading_on_each_page(shop, drafted):
    names = [f"PC-{number:03}" for number in range(10)]
    shop.activate(shop.customer, *names, at=datetime(2027, 3, 2, 9, tzinfo=UTC))
    for day in range(3, 17):
        at = datetime(2027, 3, day, 9, tzinfo=UTC)
        shop.stop(*names, at=at)
        shop.resume(*names, at=at + timedelta(hours=1))
    pages = [page.extract_text() for page in read(seat_record_pdf(line_list(drafted()).get(), now=AFTER)).pages]
    assert len(pages) > 3
    assert all("Serial number" in page for page in pages)
    assert f"Page {len(pages)} of {len(pages)}" in pages[-1]
    assert all(any(name in page for page in pages) for name in names)


def test_a_statement_ends_with_its_total(shop, drafted):
    shop.activate(shop.customer, "a", at=datetime(2027, 3, 1, 0, 1, tzinfo=UTC))
    draft = drafted()
    found = text_of(statement_pdf(draft, now=AFTER))
    assert draft.total_text == "3.00 EUR"
    assert found.count("3.00 EUR") == 3
    assert "Draft, not closed yet" in found


@pytest.mark.parametrize("content", [png(), SVG.encode()])
def test_a_logo_and_a_letterhead_stand_on_the_paper(shop, drafted, content):
    shop.activate(shop.customer, "a", at=datetime(2027, 3, 10, 9, tzinfo=UTC))
    draft = drafted()
    before = len(statement_pdf(draft, now=AFTER))
    logo_set(actor=ACTOR, seller=shop.msp, content=content, now=AFTER)
    settings_set(
        actor=ACTOR, seller=shop.msp, is_second_person_needed=False, is_draft_mail_sent=True, now=AFTER,
        letterhead="Alice IT\nHauptstraße 1",
    )  # fmt: skip
    paper = statement_pdf(draft, now=AFTER)
    assert "Hauptstraße 1" in text_of(paper)
    assert len(paper) > before
    logo_set(actor=ACTOR, seller=shop.msp, content=b"", now=AFTER)
    assert settings_get(shop.msp).logo_type == ""


def test_attack_an_svg_keeps_its_shapes_and_nothing_that_acts_or_calls_out():
    kind, clean = logo_clean(SVG.encode())
    assert kind == "image/svg+xml"
    assert re.findall(rb"<(\w+)", clean) == [b"svg", b"rect", b"path"]
    assert not re.search(rb"script|evil|javascript|onload|href|style", clean)
    assert b'fill="#206bc4"' in clean


def test_attack_a_png_loses_what_hides_behind_its_picture():
    from PIL.PngImagePlugin import PngInfo

    hidden = PngInfo()
    hidden.add_text("Comment", "<script>alert(1)</script>")
    out = io.BytesIO()
    Image.new("RGB", (9, 9)).save(out, format="PNG", pnginfo=hidden)
    kind, clean = logo_clean(out.getvalue() + b"<?php evil ?>")
    assert kind == "image/png"
    assert b"script" not in clean
    assert b"evil" not in clean


@pytest.mark.parametrize(
    "content",
    [
        b"not a picture",
        b"\x89PNG\r\n\x1a\nbroken",
        b"GIF89a",
        b"<html></html>",
        b'<svg xmlns="http://www.w3.org/2000/svg"><text>no shape</text></svg>',
        b'<!DOCTYPE svg [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg" width="9"><path d="&a;"/></svg>',
        b'<svg xmlns="http://www.w3.org/2000/svg" width="9">' + b"<g/>" * 3000 + b"</svg>",
        b"x" * (MAX_BYTES + 1),
        png(2001),
    ],
)
def test_attack_what_is_no_small_picture_is_refused(content):
    with pytest.raises(LogoError):
        logo_clean(content)


def test_an_svg_that_cannot_be_drawn_is_refused_and_the_former_logo_stays(shop):
    logo_set(actor=ACTOR, seller=shop.msp, content=png(), now=AFTER)
    broken = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9"><path d="M0 0 Zq"/></svg>'
    with pytest.raises(LogoError):
        logo_set(actor=ACTOR, seller=shop.msp, content=broken, now=AFTER)
    assert settings_get(shop.msp).logo_type == "image/png"
