"""Files in the form that an accounting wants, and marks of what was sent to it."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hub_cast import ACTOR
from openpyxl import load_workbook
from seatkeep_hub.billing.corrections import correction_add
from seatkeep_hub.billing.errors import (
    LayoutFieldError,
    LayoutNameTakenError,
    SendingFieldError,
    StatementDraftError,
    StatementSentError,
)
from seatkeep_hub.billing.layouts import LayoutWanted, layout_change, layout_create, layout_remove, layout_usual
from seatkeep_hub.billing.models import ExportLayout, Statement, StatementSending
from seatkeep_hub.billing.selectors import lines_for_files
from seatkeep_hub.billing.sendings import statements_mark_sent
from seatkeep_hub.billing.services import statement_close
from seatkeep_hub.billing.statement_files import csv_rows, xlsx_file
from seatkeep_hub.companies.models import Company
from seatkeep_hub.companies.services import company_update

pytestmark = pytest.mark.django_db

MARCH, APRIL = date(2027, 3, 1), date(2027, 4, 1)
AFTER = datetime(2027, 4, 1, 12, tzinfo=UTC)
LATER = datetime(2027, 5, 1, 12, tzinfo=UTC)
WORKSTATION = "endpoint-workstation"


@pytest.fixture
def closed(shop):
    shop.price("333.3333")
    shop.agree(shop.customer, "FIXED", quantity=3)
    draft = shop.draft(MARCH, now=AFTER)
    return statement_close(actor=ACTOR, statement=draft, total_minor=draft.total_minor, now=AFTER)


def rows(layout):
    lines = lines_for_files(Statement.objects.all())
    text = "".join(csv_rows(layout, lines))
    return text, list(csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=layout.separator))


def saved(shop, **changes):
    usual = {"name": "DATEV", "columns": ["BUYER_NUMBER", "ITEM", "FIRST_ON", "QUANTITY", "PRICE", "AMOUNT"]}
    return layout_create(actor=ACTOR, seller=shop.msp, wanted=LayoutWanted(**{**usual, **changes}), now=AFTER)


def test_the_usual_file_says_what_a_bill_needs(shop, closed):
    text, table = rows(layout_usual(shop.msp))
    assert text.startswith("\ufeffMonth,Buyer,")
    line = dict(zip(*table, strict=True))
    assert (line["Month"], line["Buyer"], line["Amount"]) == ("2027-03", "Contoso", "0.00")
    assert line["Item code"] == WORKSTATION


def test_a_layout_chooses_order_codes_decimals_days_and_form(shop):
    company_update(actor=ACTOR, company=shop.customer, now=AFTER, custom_identifier="K-17")
    shop.price("333.3333", basis="AGREED")
    shop.agree(shop.customer, "FIXED", quantity=3)
    shop.draft(MARCH, now=AFTER)
    layout = saved(
        shop, item_codes={WORKSTATION: " 4711 "}, separator=";", decimal_mark=",", date_format="%d.%m.%Y",
        has_heading=False, has_mark=False,
    )  # fmt: skip
    text, _ = rows(layout)
    assert text == "K-17;4711;01.03.2027;3,0000;3,333333;10,00\r\n"


def test_attack_names_and_codes_are_no_formulas(shop):
    Company.objects.filter(pk=shop.customer.pk).update(name="=cmd|' /C calc'!A0", custom_identifier="@x")
    shop.price("300", basis="AGREED")
    shop.agree(shop.customer, "FIXED", quantity=3)
    shop.draft(MARCH, now=AFTER)
    layout = saved(shop, columns=["BUYER", "BUYER_NUMBER", "ITEM"], item_codes={WORKSTATION: "+1"}, separator="\t")
    assert rows(layout)[1][1] == ["'=cmd|' /C calc'!A0", "'@x", "'+1"]


def test_a_negative_correction_stays_a_number(shop, closed):
    line = closed.lines.get()
    correction_add(actor=ACTOR, line=line, amount_minor=-150, reason="-2 seats", now=LATER)
    layout = saved(shop, columns=["KIND", "AMOUNT", "QUANTITY", "REASON"])
    assert rows(layout)[1][-1] == ["Correction", "-1.50", "", "'-2 seats"]


def test_a_spreadsheet_holds_numbers_and_days(shop, closed):
    layout = saved(shop, columns=["FIRST_ON", "AMOUNT", "BUYER"])
    response = xlsx_file("march", layout, lines_for_files(Statement.objects.all()))
    sheet = load_workbook(io.BytesIO(b"".join(response.streaming_content))).active
    response.close()
    heading, first = sheet.iter_rows(values_only=True)
    assert heading == ("First day", "Amount", "Buyer")
    assert first == (datetime(2027, 3, 1), 0, "Contoso")  # noqa: DTZ001 - a spreadsheet knows no zones


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "  "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"columns": []}, "columns"),
        ({"columns": ["ITEM", "ITEM"]}, "columns"),
        ({"columns": ["PASSWORD"]}, "columns"),
        ({"item_codes": {"no-product": "1"}}, "item_codes"),
        ({"item_codes": {WORKSTATION: "x" * 61}}, "item_codes"),
        ({"decimal_mark": ","}, "separator"),
        ({"date_format": "%c"}, "date_format"),
        ({"separator": "%"}, "separator"),
    ],
)
def test_a_layout_that_cannot_be_is_refused(shop, changes, field):
    with pytest.raises(LayoutFieldError) as refused:
        saved(shop, **changes)
    assert list(refused.value.fields) == [field]
    assert not ExportLayout.objects.exists()


def test_a_name_is_there_once_per_seller(shop):
    layout = saved(shop)
    with pytest.raises(LayoutNameTakenError):
        saved(shop)
    wanted = LayoutWanted(name="Sage", columns=["AMOUNT"])
    assert layout_change(actor=ACTOR, layout=layout, wanted=wanted, now=LATER).name == "Sage"
    layout_remove(actor=ACTOR, layout=layout, now=LATER)
    assert not ExportLayout.objects.exists()


def test_what_was_sent_is_not_sent_to_the_same_receiver_unknowingly(closed):
    def send(to, **more):
        return statements_mark_sent(actor=ACTOR, statements=[closed], sent_to=to, now=AFTER, **more)

    assert send("DATEV", layout_name="Form 1")[0].is_again is False
    with pytest.raises(StatementSentError):
        send("  datev ")
    assert send("Tax adviser")[0].is_again is False
    assert send("datev", is_again=True)[0].is_again is True
    assert StatementSending.objects.count() == 3


def test_marks_are_all_or_none(shop, closed):
    draft = shop.draft(APRIL, now=LATER)
    with pytest.raises(StatementDraftError):
        statements_mark_sent(actor=ACTOR, statements=[closed, draft], sent_to="DATEV", now=LATER)
    with pytest.raises(SendingFieldError):
        statements_mark_sent(actor=ACTOR, statements=[closed], sent_to="   ", now=LATER)
    assert not StatementSending.objects.exists()


def test_quantity_times_price_is_the_amount(shop):
    shop.price("310", basis="AGREED", unit="SEAT_DAY")
    shop.agree(shop.customer, "FIXED", quantity=3)
    shop.draft(MARCH, now=AFTER)
    quantity, price, amount = rows(saved(shop, columns=["QUANTITY", "PRICE", "AMOUNT"]))[1][1]
    assert Decimal(quantity) * Decimal(price) == Decimal(amount) == Decimal("288.30")
