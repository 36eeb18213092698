"""Statements and prices on the pages: who sees what, who may close, and what the drawer proves."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hub_cast import ACTOR, NOW, Cast
from PIL import Image
from seatkeep_hub.agreements.services import agreement_set
from seatkeep_hub.agreements.usage import usage_days_record
from seatkeep_hub.billing.drafting import statement_draft
from seatkeep_hub.billing.models import CorrectionRequest, ExportLayout, PriceList, Statement, StatementSending
from seatkeep_hub.billing.prices import price_list_set
from seatkeep_hub.billing.rules import Tier, month_of
from seatkeep_hub.billing.services import statement_close
from seatkeep_hub.companies.people import access_set
from seatkeep_hub.licensing.activation import Device, Wish
from seatkeep_hub.licensing.seats import seats_activate
from seatkeep_hub.portal.billing_forms import tiers_read, tiers_text
from seatkeep_hub.portal.enums import UseMode
from seatkeep_hub.portal.models import FirstRun

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
MONTH = month_of(date(2026, 11, 1))
OVER = datetime(2026, 12, 1, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _set_up(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    FirstRun.objects.create(
        mode=UseMode.DISTRIBUTOR, owner=cast.diana, company=cast.distributor, completed_at=NOW,
        public_address="http://licensing.localhost:8080",
    )  # fmt: skip
    monkeypatch.setattr("seatkeep_hub.portal.views.billing.read_clock", lambda: OVER)
    monkeypatch.setattr("seatkeep_hub.portal.viewing.read_clock", lambda: OVER)


@pytest.fixture
def statement(cast: Cast) -> Statement:
    """The Bakery's November: one device from the 22nd, nine days of thirty, at 3.00 a month."""
    agreement_set(
        actor=ACTOR, license=cast.license, product_code="endpoint-workstation", company=cast.customer,
        mode="FLEXIBLE", now=NOW,
    )  # fmt: skip
    device = Device(fingerprint="till", key=b"k" * 32, key_thumbprint="t" * 43, name="till-1", serial="SN-77")
    wish = Wish(
        device=device, product="endpoint-workstation", issued_at=NOW, jti="1", public_id=cast.license.public_id,
        company=cast.customer.uid,
    )  # fmt: skip
    seats_activate(wishes=[wish], actor=ACTOR, now=NOW)
    usage_days_record(first=MONTH.first, last=MONTH.last, now=OVER)
    price_list_set(
        actor=ACTOR, seller=cast.msp_a, buyer=None, valid_from_on=MONTH.first, currency="EUR", basis="IN_USE_DAYS",
        unit="SEAT_MONTH", proration="DAILY", tiers={"endpoint-workstation": [Tier(1, Decimal(300))]}, now=OVER,
    )  # fmt: skip
    return statement_draft(seller=cast.msp_a, buyer=cast.customer, month=MONTH, now=OVER)


def browser(user: object) -> Client:
    client = Client()
    client.force_login(user, backend=BACKEND)  # type: ignore[arg-type]  # any of the cast
    return client


def pages(statement: Statement) -> list[str]:
    line = statement.lines.get()
    return [
        f"/statements/{statement.uid}/",
        f"/statements/lines/{line.uid}/",
        f"/statements/lines/{line.uid}/seats.csv",
        f"/prices/{PriceList.objects.get().uid}/",
    ]


def acts(statement: Statement) -> list[tuple[str, dict[str, object]]]:
    line: UUID = statement.lines.get().uid
    return [
        (f"/statements/{statement.uid}/count/", {}),
        (f"/statements/{statement.uid}/close/", {"total_minor": statement.total_minor}),
        (f"/statements/lines/{line}/correct/", {"amount": "-1", "reason": "x"}),
        (f"/prices/{PriceList.objects.get().uid}/change/", {}),
    ]


def close(cast: Cast, statement: Statement) -> None:
    answer = browser(cast.alice).post(f"/statements/{statement.uid}/close/", {"total_minor": statement.total_minor})
    assert answer.status_code == 302, answer.content


@pytest.mark.parametrize("path", ["/statements/", "/prices/", "/prices/new/"])
def test_list_opens(path: str, cast: Cast, statement: Statement) -> None:
    assert browser(cast.alice).get(path).status_code == 200


def test_every_page_opens_for_the_seller_and_is_404_for_a_sibling_and_the_buyer_of_a_draft(
    cast: Cast, statement: Statement
) -> None:
    access_set(actor=ACTOR, user=cast.erin, company=cast.customer, level="READ", now=NOW)
    for path in pages(statement):
        answers = [browser(one).get(path).status_code for one in (cast.alice, cast.bob, cast.charlie, cast.erin)]
        assert answers == [200, 200, 404, 404], path


def test_attack_a_reader_or_a_sibling_closes_counts_corrects_or_prices(cast: Cast, statement: Statement) -> None:
    for path, fields in acts(statement):
        assert browser(cast.bob).post(path, fields).status_code == 403, path
        assert browser(cast.charlie).post(path, fields).status_code == 404, path
    statement.refresh_from_db()
    assert statement.state == "DRAFT"


def test_attack_the_buyer_of_a_closed_month_corrects_it(cast: Cast, statement: Statement) -> None:
    close(cast, statement)
    access_set(actor=ACTOR, user=cast.erin, company=cast.customer, level="WRITE", now=NOW)
    path, fields = acts(statement)[2]
    assert browser(cast.erin).get(pages(statement)[0]).status_code == 200
    assert browser(cast.erin).post(path, fields).status_code == 404


def test_the_drawer_names_the_device_its_days_and_who_did_it(cast: Cast, statement: Statement) -> None:
    body = browser(cast.alice).get(pages(statement)[1]).content.decode()
    assert all(word in body for word in ("till-1", "SN-77", "22 Nov", "30 Nov", "Activated", "0.90 EUR"))


def test_the_seat_record_is_a_file(cast: Cast, statement: Statement) -> None:
    answer = browser(cast.alice).get(pages(statement)[2])
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]  # a streamed file
    assert "till-1,SN-77,Bakery,2026-11-22,2026-11-30,9," in text


def test_what_to_look_at_is_a_badge_and_an_unpriced_month_offers_no_closing(cast: Cast, statement: Statement) -> None:
    client, path = browser(cast.alice), f"/statements/{statement.uid}/"
    assert "Close the month" in client.get(path).content.decode()
    PriceList.objects.get().prices.all().delete()
    client.post(f"{path}count/")
    body = client.get(path).content.decode()
    assert '<span class="state state-warn">' in body
    assert "&lt;span" not in body
    assert "Close the month" not in body


def test_lines_are_a_file(cast: Cast, statement: Statement) -> None:
    answer = browser(cast.alice).get(f"/statements/{statement.uid}/?export=csv")
    assert "Bakery" in b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]  # a streamed file


def test_a_closed_month_refuses_everything_but_a_correction(cast: Cast, statement: Statement) -> None:
    close(cast, statement)
    client = browser(cast.alice)
    assert client.post(f"/statements/{statement.uid}/count/").status_code == 409
    path, fields = acts(statement)[2]
    assert client.post(path, fields).status_code == 302
    correction = Statement.objects.get(month_on=date(2026, 12, 1)).lines.get(kind="CORRECTION")
    assert (correction.amount_minor, correction.reason, correction.approver) == (-100, "x", "alice@example.com")


def test_a_correction_opens_with_its_reason_and_what_it_corrects(cast: Cast, statement: Statement) -> None:
    close(cast, statement)
    client = browser(cast.alice)
    path, fields = acts(statement)[2]
    client.post(path, {**fields, "reason": "a device of our own"})
    december = Statement.objects.get(month_on=date(2026, 12, 1))
    assert "Correction of November 2026" in client.get(f"/statements/{december.uid}/").content.decode()
    line = december.lines.get(kind="CORRECTION")
    body = client.get(f"/statements/lines/{line.uid}/").content.decode()
    assert all(word in body for word in ("a device of our own", "alice@example.com", str(statement.lines.get().uid)))


def test_closing_what_changed_meanwhile_shows_the_question_again(cast: Cast, statement: Statement) -> None:
    answer = browser(cast.alice).post(f"/statements/{statement.uid}/close/", {"total_minor": 1})
    assert answer.status_code == 422
    assert "The numbers changed since you looked" in answer.content.decode()


def prices_of(cast: Cast, **changes: str) -> dict[str, str]:
    return {
        "seller": str(cast.msp_a.uid), "valid_from_on": "2026-12", "currency": "eur", "basis": "AGREED",
        "unit": "SEAT_MONTH", "proration": "DAILY", "minimum": "25",
        "price_endpoint-workstation": "3.50; 50+ 3,105", **changes,
    }  # fmt: skip


def test_prices_are_set_for_all_and_for_one_buyer(cast: Cast) -> None:
    client = browser(cast.alice)
    assert client.post("/prices/new/", prices_of(cast)).status_code == 302
    assert client.post(f"/prices/new/?buyer={cast.customer.uid}", prices_of(cast)).status_code == 302
    found = PriceList.objects.get(buyer=None)
    prices = [(one.from_seats, one.price_minor) for one in found.prices.all()]
    assert (found.currency, found.minimum_minor, prices) == ("EUR", 2500, [(1, Decimal(350)), (50, Decimal("310.5"))])
    assert PriceList.objects.filter(buyer=cast.customer).exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"currency": "E1"},
        {"price_endpoint-workstation": "three"},
        {"price_endpoint-workstation": "50+ 3"},
        {"price_endpoint-workstation": ""},
        {"minimum": "-5"},
        {"valid_from_on": "soon"},
    ],
)
def test_what_is_wrong_comes_back_and_nothing_is_written(cast: Cast, changes: dict[str, str]) -> None:
    assert browser(cast.alice).post("/prices/new/", prices_of(cast, **changes)).status_code == 422
    assert not PriceList.objects.exists()


def test_attack_prices_in_anothers_name(cast: Cast) -> None:
    fields = prices_of(cast, seller=str(cast.msp_a.uid))
    assert browser(cast.charlie).post("/prices/new/", fields).status_code == 422
    assert browser(cast.charlie).post(f"/prices/new/?buyer={cast.customer.uid}", fields).status_code == 404


def test_tiers_read_back_as_they_are_written() -> None:
    tiers = tiers_read("3.5; 50+ 3.105", "EUR")
    assert tiers_text([(one.from_seats, one.price_minor) for one in tiers], "EUR") == "3.50; 50+ 3.105"


def test_attack_a_buyer_that_is_no_id(cast: Cast) -> None:
    assert browser(cast.alice).get("/prices/new/?buyer=x").status_code == 404


def png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, format="PNG")
    return out.getvalue()


def closed_line(client: Client, cast: Cast, statement: Statement) -> UUID:
    statement_close(actor=ACTOR, statement=statement, total_minor=statement.total_minor, now=OVER)
    return statement.lines.get().uid


def layout_of(client: Client, cast: Cast, **changes: str) -> int:
    fields = {"name": "DATEV", "separator": ";", "decimal_mark": ",", "date_format": "%d.%m.%Y", "at_AMOUNT": "1",
              "at_BUYER": "2", "code_endpoint-workstation": "4711", "at_ITEM": "3"}  # fmt: skip
    return client.post(f"/statements/settings/{cast.msp_a.uid}/layouts/new/", {**fields, **changes}).status_code


def test_a_statement_and_a_seat_record_are_papers(cast: Cast, statement: Statement) -> None:
    client = browser(cast.alice)
    for path in (
        f"/statements/{statement.uid}/statement.pdf",
        f"/statements/lines/{statement.lines.get().uid}/seats.pdf",
    ):
        response = client.get(path)
        assert response["Content-Type"] == "application/pdf"
        assert response.content.startswith(b"%PDF-")
        assert browser(cast.charlie).get(path).status_code == 404


def test_a_month_is_written_in_a_layout_and_marked_as_sent_once(cast: Cast, statement: Statement) -> None:
    client = browser(cast.alice)
    closed_line(client, cast, statement)
    assert layout_of(client, cast) == 302
    layout = ExportLayout.objects.get()
    asked = f"?seller={cast.msp_a.uid}&month=2026-11"
    text = b"".join(client.get(f"/statements/month/lines.csv{asked}&layout={layout.uid}").streaming_content).decode()
    assert text == "0,90;Bakery;4711\r\n"
    assert (
        client.post(f"/statements/month/send/{asked}", {"sent_to": "DATEV", "layout_name": "DATEV"}).status_code == 302
    )
    again = client.post(f"/statements/{statement.uid}/send/", {"sent_to": "datev", "layout_name": "PDF"})
    assert again.status_code == 422
    assert b"already" in again.content
    assert b"DATEV (DATEV)" in client.get(f"/statements/month/{asked}").content
    assert StatementSending.objects.count() == 1


@pytest.mark.parametrize("changes", [{"name": ""}, {"at_AMOUNT": "x"}, {"decimal_mark": ";"}, {"separator": ","}])
def test_a_layout_that_cannot_be_comes_back(cast: Cast, changes: dict[str, str]) -> None:
    assert layout_of(browser(cast.alice), cast, **changes) == 422
    assert not ExportLayout.objects.exists()


def test_attack_layouts_settings_and_marks_of_another(cast: Cast, statement: Statement) -> None:
    closed_line(browser(cast.alice), cast, statement)
    layout_of(browser(cast.alice), cast)
    layout = ExportLayout.objects.get()
    paths = [f"/statements/settings/{cast.msp_a.uid}/", f"/statements/settings/{cast.msp_a.uid}/layouts/new/",
             f"/statements/layouts/{layout.uid}/", f"/statements/layouts/{layout.uid}/remove/",
             f"/statements/{statement.uid}/send/", f"/statements/settings/{cast.msp_a.uid}/logo"]  # fmt: skip
    for path in paths:
        assert browser(cast.charlie).post(path, {"confirmed": "1", "sent_to": "x"}).status_code == 404
    for path in paths[:5]:
        assert browser(cast.bob).post(path, {"confirmed": "1", "sent_to": "x"}).status_code in (403, 404)
    assert ExportLayout.objects.exists()
    assert not StatementSending.objects.exists()


def test_a_logo_is_kept_and_shown_where_nothing_can_act(cast: Cast) -> None:
    client = browser(cast.alice)
    path = f"/statements/settings/{cast.msp_a.uid}/"
    made = client.post(
        path, {"logo": SimpleUploadedFile("a.png", png()), "letterhead": "Alice IT", "is_draft_mail_sent": "1"}
    )
    assert made.status_code == 302
    shown = client.get(f"{path}logo")
    assert shown["Content-Type"] == "image/png"
    assert "sandbox" in shown["Content-Security-Policy"]
    refused = client.post(path, {"logo": SimpleUploadedFile("a.svg", b"<svg>")})
    assert refused.status_code == 422


def test_a_second_person_approves_a_correction(cast: Cast, statement: Statement) -> None:
    alice = browser(cast.alice)
    line = closed_line(alice, cast, statement)
    alice.post(f"/statements/settings/{cast.msp_a.uid}/", {"is_second_person_needed": "1"})
    assert alice.post(f"/statements/lines/{line}/correct/", {"amount": "-1.50", "reason": "broken"}).status_code == 302
    asked = CorrectionRequest.objects.get()
    approve = f"/statements/corrections/{asked.uid}/approve/"
    assert b"somebody else" in alice.post(approve, {"confirmed": "1"}).content
    assert browser(cast.charlie).post(approve, {"confirmed": "1"}).status_code == 404
    assert browser(cast.bob).post(approve, {"confirmed": "1"}).status_code == 403
    assert b"wait" in alice.get("/statements/").content
    assert browser(cast.diana).post(approve, {"confirmed": "1"}).status_code == 302
    asked.refresh_from_db()
    assert (asked.state, asked.made.enterer, asked.made.approver) == (
        "APPROVED", "alice@example.com", "diana@example.com")  # fmt: skip
    assert browser(cast.diana).post(approve, {"confirmed": "1"}).status_code == 422


def test_a_relation_gets_its_own_cut_off_until_a_month_of_it_is_closed(cast: Cast, statement: Statement) -> None:
    client = browser(cast.alice)
    fields = prices_of(cast, valid_from_on="2026-11", cut_off="17:30", time_zone="Europe/Berlin")
    assert client.post("/prices/new/", fields).status_code == 302
    found = PriceList.objects.get(valid_from_on=date(2026, 11, 1))
    assert b"17:30" in client.get(f"/prices/{found.uid}/").content
    statement_close(
        actor=ACTOR, statement=statement, total_minor=statement_draft(
            seller=cast.msp_a, buyer=cast.customer, month=MONTH, now=OVER).total_minor, now=OVER,
    )  # fmt: skip
    december = prices_of(cast, valid_from_on="2026-12", cut_off="12:00")
    assert client.post("/prices/new/", december).status_code == 302
    assert client.post("/prices/new/", prices_of(cast, valid_from_on="2026-11", cut_off="08:00")).status_code == 422
