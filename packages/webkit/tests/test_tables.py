"""THE table: address in, rows, parts and files out."""

from __future__ import annotations

import csv
import io

import pytest
from django.db.models import QuerySet
from django.http import QueryDict
from django.test import Client, RequestFactory
from openpyxl import load_workbook
from seatkeep_webkit.styleguide.views import ComputerTable
from seatkeep_webkit.tables.exports import defused
from seatkeep_webkit.testing.models import Computer, Person

from .conftest import make_computers

URL = "/webkit/styleguide/computers/"
REMOVE = f"{URL}remove/"


def _table(query: str = "", **post: object) -> ComputerTable:
    factory = RequestFactory()
    request = factory.post(f"{URL}?{query}", post) if post else factory.get(f"{URL}?{query}")
    request.user = Person()
    return ComputerTable(request, Computer.objects.all())


def _export(client: Client, query: str) -> bytes:
    response = client.get(f"{URL}?{query}")
    return b"".join(response.streaming_content)  # type: ignore[attr-defined]  # only streamed answers have it


def test_filters_mean_or_within_and_and_between(db: None) -> None:
    make_computers(30)
    table = _table("state=PROTECTED&state=SCAN_ONLY&seen=never")
    expected = Computer.objects.filter(state__in=["PROTECTED", "SCAN_ONLY"], seen_at=None).count()
    assert table.count == expected > 0


@pytest.mark.parametrize(
    "query", ["state=%00", "state=NONE", "sort=uid__x", "sort=--name", "q=%00%FF", "export=pdf", "seen=1&seen=2"]
)
def test_attack_garbage_in_the_address_is_harmless(page: Client, query: str) -> None:
    make_computers(3)
    assert page.get(f"{URL}?{query}").status_code == 200


def test_a_damaged_page_marker_is_an_error_page_with_422(page: Client) -> None:
    response = page.get(f"{URL}?cursor=garbage")
    assert response.status_code == 422
    assert "page marker" in response.content.decode()


def test_htmx_gets_only_the_part(page: Client) -> None:
    make_computers(3)
    part = page.get(URL, headers={"HX-Request": "true", "HX-Target": "table-computers"}).content.decode()
    assert part.strip().startswith('<div id="table-computers"')
    assert "<html" not in part


def test_history_restore_gets_the_whole_page(page: Client) -> None:
    headers = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    assert "<html" in page.get(URL, headers=headers).content.decode()


def test_a_page_costs_the_same_queries_whatever_it_shows(
    page: Client, django_assert_num_queries: pytest.FixtureRequest
) -> None:
    make_computers(120)
    page.get(URL)  # Notes, at most once a minute, that the person was seen.
    with django_assert_num_queries(4):  # type: ignore[operator]  # session, person, rows, count
        page.get(URL)


def test_the_selection_is_what_was_ticked_within_scope(db: None) -> None:
    rows = make_computers(5)
    request = RequestFactory().post(URL, {"selected": [rows[0].pk, rows[4].pk, "x", "", "1" * 30]})
    table = ComputerTable(request, Computer.objects.exclude(pk=rows[4].pk))
    assert list(table.selected()) == [rows[0]]


def test_everything_that_matches_is_the_posted_filter(db: None) -> None:
    make_computers(30)
    table = _table(all_matching="1", table_query="state=PROTECTED&seen=never")
    assert table.selected().count() == Computer.objects.filter(state="PROTECTED", seen_at=None).count() > 0


def test_an_empty_selection_selects_nothing(db: None) -> None:
    make_computers(3)
    assert _table(all_matching="").selected().count() == 0


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_attack_formula_in_csv_is_defused(start: str) -> None:
    assert defused(f"{start}cmd|' /C calc'!A0").startswith("'")  # type: ignore[attr-defined]  # a text stays a text


def test_csv_has_what_is_filtered_and_numbers_stay_numbers(page: Client) -> None:
    make_computers(4)
    Computer.objects.create(name="=1+1", customer="Evil", detections=-3)
    rows = list(csv.reader(io.StringIO(_export(page, "export=csv&q=").decode("utf-8-sig"))))
    assert rows[0][:2] == ["Computer", "Customer"]
    evil = next(row for row in rows if row[1] == "Evil")
    assert (evil[0], evil[3]) == ("'=1+1", "-3")
    assert len(rows) == 6


def test_attack_formula_in_xlsx_is_text(page: Client) -> None:
    Computer.objects.create(name='=HYPERLINK("http://evil")\x01', customer="")
    sheet = load_workbook(io.BytesIO(_export(page, "export=xlsx"))).active
    assert sheet is not None
    assert sheet.cell(2, 1).data_type == "s"


def test_columns_are_chosen_per_person(page: Client, alice: Person) -> None:
    make_computers(1)
    page.post("/me/table/computers/", {"columns": ["name", "uid"], "next": URL})
    content = page.get(URL).content.decode()
    assert str(Computer.objects.get().uid) in content
    assert 'data-label="Customer"' not in content


def test_a_saved_filter_is_offered(page: Client) -> None:
    page.post("/me/table/computers/", {"preset": "Late", "query": "seen=never", "next": URL})
    assert '<a href="?seen=never">Late</a>' in page.get(URL).content.decode()


def test_a_bulk_act_counts_asks_and_then_acts(page: Client) -> None:
    rows = make_computers(3)
    chosen = {"selected": [rows[0].pk, rows[1].pk]}
    question = page.post(REMOVE, chosen)
    assert "<strong>2</strong>" in question.content.decode()
    assert Computer.objects.count() == 3
    answer = page.post(REMOVE, {**chosen, "confirmed": "1"})
    assert (answer.status_code, Computer.objects.count()) == (302, 1)


def test_a_bulk_act_on_nothing_does_nothing(page: Client) -> None:
    make_computers(2)
    assert "Nothing is selected" in page.post(REMOVE, {"confirmed": "1"}).content.decode()
    assert Computer.objects.count() == 2


def test_the_drawer_and_the_page_show_the_same(page: Client) -> None:
    url = f"{URL}{make_computers(1)[0].uid}/"
    drawer = page.get(url, headers={"HX-Request": "true", "HX-Target": "drawer-body"}).content.decode()
    assert "<html" not in drawer
    for content in (drawer, page.get(url).content.decode()):
        assert "pc-0000" in content


class _OneCustomer(ComputerTable):
    def apply_scope(self, queryset: QuerySet[Computer], scope: QueryDict) -> QuerySet[Computer]:
        return queryset.filter(customer=scope.get("customer", ""))


def test_all_that_match_stays_within_the_scope_of_the_page(db: None) -> None:
    make_computers(30)
    customer = Computer.objects.earliest("pk").customer
    request = RequestFactory().get(URL)
    request.user = Person()
    shown = _OneCustomer(request, Computer.objects.filter(customer=customer), scope={"customer": customer})
    posted = RequestFactory().post(REMOVE, {"all_matching": "1", "table_query": shown.query})
    posted.user = Person()
    chosen = _OneCustomer(posted, Computer.objects.all()).selected()
    assert {one.customer for one in chosen} == {customer}


def test_a_search_keeps_what_the_page_is_about(page: Client) -> None:
    make_computers(3)
    body = page.get(f"{URL}?group=7&q=x&state=PROTECTED").content.decode()
    assert '<input type="hidden" name="group" value="7">' in body
