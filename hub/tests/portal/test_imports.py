"""The pages of an import: every step, and what a sibling and a reader get."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hub_cast import NOW, Cast
from seatkeep_hub.companies.models import Company
from seatkeep_hub.imports.applying import import_apply_run
from seatkeep_hub.imports.models import ImportRun
from seatkeep_hub.imports.services import import_check
from seatkeep_hub.imports.undoing import import_undo_run
from seatkeep_hub.portal.enums import UseMode
from seatkeep_hub.portal.models import FirstRun

LIST = b"Nr;Firma;E-Mail\nK-1;Florist;\nK-2;Garage;nobody\n"


@pytest.fixture(autouse=True)
def _set_up(cast: Cast) -> None:
    FirstRun.objects.create(
        mode=UseMode.DISTRIBUTOR, owner=cast.diana, company=cast.distributor, completed_at=NOW,
        public_address="http://licensing.localhost:8080",
    )  # fmt: skip


def browser(user: object) -> Client:
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")  # type: ignore[arg-type]  # any of the cast
    return client


def upload(cast: Cast, content: bytes = LIST) -> Any:
    file = SimpleUploadedFile("list.csv", content)
    return browser(cast.alice).post("/imports/new/", {"target": cast.msp_a.pk, "file": file})


def checked(cast: Cast, content: bytes = LIST) -> str:
    page = upload(cast, content).url
    browser(cast.alice).post(f"{page}columns/", {"custom_identifier": "0", "name": "1", "email": "2"})
    import_check(uid=ImportRun.objects.get().uid)
    return str(page)


def test_an_upload_leads_to_the_columns(cast: Cast) -> None:
    page = upload(cast).url
    assert browser(cast.alice).get(page).url == f"{page}columns/"  # type: ignore[attr-defined]  # a redirect
    body = browser(cast.alice).get(f"{page}columns/").content.decode()
    assert '<option value="0">Nr</option>' in body
    assert '<option value="2" selected>E-Mail</option>' in body


def test_a_column_named_twice_is_said_at_its_field(cast: Cast) -> None:
    page = upload(cast).url
    answer = browser(cast.alice).post(f"{page}columns/", {"custom_identifier": "0", "name": "0"})
    assert answer.status_code == 422
    assert "One column cannot hold two things." in answer.content.decode()


@pytest.mark.parametrize(
    ("content", "words"), [(b"", "The first row must name the columns."), (b"a\n\xff", "is not UTF-8")]
)
def test_a_file_that_cannot_be_read_is_said_at_the_file(cast: Cast, content: bytes, words: str) -> None:
    answer = upload(cast, content)
    assert (answer.status_code, words in answer.content.decode()) == (422, True)


def test_the_check_says_which_column_and_offers_no_apply(cast: Cast) -> None:
    body = browser(cast.alice).get(checked(cast)).content.decode()
    assert "<strong>E-Mail</strong>: This is no e-mail address." in body
    assert "/apply/" not in body


def test_rows_are_filtered_by_result(cast: Cast) -> None:
    body = browser(cast.alice).get(checked(cast) + "?result=CREATE").content.decode()
    assert "Florist" in body
    assert "K-2" not in body


def test_work_shows_progress_and_then_goes_on(cast: Cast) -> None:
    page = upload(cast).url
    client = browser(cast.alice)
    client.post(f"{page}columns/", {"custom_identifier": "0", "name": "1"})
    assert "Checking the rows" in client.get(page).content.decode()
    import_check(uid=ImportRun.objects.get().uid)
    assert client.get(f"{page}progress/", headers={"HX-Request": "true"})["HX-Redirect"] == page


def test_apply_and_undo_ask_first(cast: Cast) -> None:
    page, client = checked(cast, LIST.replace(b"nobody", b"")), browser(cast.alice)
    assert "2 rows create something." in client.get(f"{page}apply/").content.decode()
    client.post(f"{page}apply/", {"confirmed": "1"})
    run = import_apply_run(uid=ImportRun.objects.get().uid, now=NOW)
    assert Company.objects.filter(parent=cast.msp_a, status="ACTIVE").count() == 3
    assert "/undo/" in client.get(page).content.decode()
    client.post(f"{page}undo/", {"confirmed": "1"})
    import_undo_run(uid=run.uid, now=NOW)
    assert Company.objects.filter(parent=cast.msp_a, status="ACTIVE").count() == 1
    assert "Undone" in client.get(page).content.decode()


@pytest.mark.parametrize("name", ["", "columns/", "progress/", "apply/", "undo/"])
def test_attack_a_sibling_and_a_reader_see_no_import(cast: Cast, name: str) -> None:
    page = checked(cast)
    for other in (cast.charlie, cast.bob, cast.erin):
        assert browser(other).get(page + name).status_code == 404


def test_attack_upload_below_another_tenants_company(cast: Cast) -> None:
    answer = browser(cast.charlie).post(
        "/imports/new/", {"target": cast.msp_a.pk, "file": SimpleUploadedFile("x.csv", LIST)}
    )
    assert (answer.status_code, ImportRun.objects.exists()) == (422, False)
    assert browser(cast.charlie).get(f"/imports/new/?below={cast.msp_a.uid}").status_code == 404


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_template_and_export_are_files(cast: Cast, kind: str) -> None:
    client = browser(cast.alice)
    for path in ("/imports/template/", f"/companies/{cast.msp_a.uid}/export/"):
        assert f".{kind}" in client.get(f"{path}?format={kind}")["Content-Disposition"]
    assert browser(cast.charlie).get(f"/companies/{cast.msp_a.uid}/export/").status_code == 404


def test_the_list_of_imports_opens_with_and_without_any(cast: Cast) -> None:
    assert "Nothing imported yet." in browser(cast.charlie).get("/imports/").content.decode()
    checked(cast)
    assert "list.csv" in browser(cast.alice).get("/imports/").content.decode()
    assert "list.csv" not in browser(cast.charlie).get("/imports/").content.decode()
