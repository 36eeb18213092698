"""One agreement for many customers: seen first, set one by one, refused one by one; seats found by overuse."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from hub_cast import ACTOR, NOW, Cast
from seatkeep_hub.agreements.errors import AgreementFieldError
from seatkeep_hub.agreements.models import Agreement
from seatkeep_hub.agreements.services import Terms
from seatkeep_hub.companies.enums import CompanyKind
from seatkeep_hub.companies.models import Company
from seatkeep_hub.companies.services import company_create
from seatkeep_hub.licensing.errors import LicenseStateError, ProductNotInLicenseError
from seatkeep_hub.licensing.models import License
from seatkeep_hub.licensing.suspension import company_suspend, license_suspend
from seatkeep_hub.ordering.agreeing import agreements_preview
from seatkeep_hub.ordering.bulk import bulk_run
from seatkeep_hub.ordering.models import BulkRun

WORKSTATION = "endpoint-workstation"
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture
def cafe(cast: Cast) -> Company:
    return company_create(actor=ACTOR, kind=CompanyKind.CUSTOMER, name="Cafe", parent=cast.msp_a, now=NOW)


def client_of(user: Any) -> Client:
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


def look(cast: Cast, *companies: Company, terms: Terms | None = None, product: str = WORKSTATION) -> Any:
    return agreements_preview(
        license=License.objects.get(pk=cast.license.pk), product_code=product, companies=companies,
        terms=terms or Terms("FIXED", 8),
    )  # fmt: skip


def body(cast: Cast, *companies: Company, **more: Any) -> dict[str, Any]:
    chosen = [str(one.uid) for one in companies]
    return {"companies": chosen, "license_id": str(cast.license.uid), "product": WORKSTATION, "mode": "FIXED",
            "quantity": 8, **more}  # fmt: skip


def test_the_preview_tells_each_customer_and_how_far_the_license_grows(cast: Cast, cafe: Company, agree: Any) -> None:
    agree(quantity=8)
    company_suspend(actor=ACTOR, company=cafe, now=NOW)
    found = look(cast, cast.customer, Company.objects.get(pk=cafe.pk), cast.msp_b)
    assert [one.code for one in found.changes] == ["unchanged", "agreement_company", "node_owner"]
    bar = company_create(actor=ACTOR, kind=CompanyKind.CUSTOMER, name="Bar", parent=cast.msp_a, now=NOW)
    grown = look(cast, cast.customer, bar)
    assert (grown.ordered, grown.needed, grown.can_grow) == (10, 16, True)


def test_what_cannot_be_agreed_with_anybody_is_refused_before(cast: Cast) -> None:
    with pytest.raises(AgreementFieldError):
        look(cast, cast.customer, terms=Terms("FIXED", 0))
    with pytest.raises(ProductNotInLicenseError):
        look(cast, cast.customer, product="mail-server")
    license_suspend(actor=ACTOR, license=cast.license, now=NOW)
    with pytest.raises(LicenseStateError):
        look(cast, cast.customer)


def test_the_selected_customers_get_it_on_the_page_after_a_look(cast: Cast, cafe: Company) -> None:
    client, path = client_of(cast.alice), "/companies/agreements/"
    chosen = {"selected": [str(cast.customer.pk), str(cafe.pk), str(cast.msp_a.pk)]}
    assert b"2 customers are selected" in client.post(path, chosen).content
    form = chosen | {"license": str(cast.license.uid), "product_code": WORKSTATION, "mode": "FIXED", "quantity": "8"}
    asked = client.post(path, form).content.decode()
    assert "Bakery: nothing agreed → fixed 8" in asked
    assert "grows from 10 to 16" in asked
    assert not Agreement.objects.exists()
    assert client.post(path, form | {"confirmed": "1"}).status_code == 302
    bulk_run(uid=BulkRun.objects.get().uid, now=NOW)
    assert sorted(Agreement.objects.values_list("company__name", "quantity")) == [("Bakery", 8), ("Cafe", 8)]
    assert License.objects.get(pk=cast.license.pk).quantity == 16


def test_one_that_fell_out_of_use_meanwhile_is_refused_alone(cast: Cast, cafe: Company) -> None:
    answer = client_of(cast.alice).post(
        "/api/v1/agreements/runs", body(cast, cast.customer, cafe), content_type="application/json"
    )
    assert (answer.status_code, answer.json()["total"]) == (202, 2)
    company_suspend(actor=ACTOR, company=cafe, now=NOW)
    run = bulk_run(uid=BulkRun.objects.get().uid, now=NOW)
    assert [(name, code) for _uid, name, code, _words in run.results] == [
        ("Bakery", "done"), ("Cafe", "agreement_company")]  # fmt: skip


def test_api_previews_and_names_what_is_not_yours(cast: Cast) -> None:
    client = client_of(cast.alice)
    wanted = body(cast, cast.customer, cast.msp_b)
    answer = client.post("/api/v1/agreements/preview", wanted, content_type="application/json").json()
    assert [one["code"] for one in answer["changes"]] == ["change", "company_unknown"]
    assert not Agreement.objects.exists()


def test_attack_customers_of_another(cast: Cast) -> None:
    wanted = body(cast, cast.customer)
    for path in ("preview", "runs"):
        call = {"path": f"/api/v1/agreements/{path}", "data": wanted, "content_type": "application/json"}
        assert client_of(cast.charlie).post(**call).status_code == 404
        assert client_of(cast.bob).post(**call).status_code == 403
    form = {"selected": [str(cast.customer.pk)], "license": str(cast.license.uid), "product_code": WORKSTATION,
            "mode": "FIXED", "quantity": "8", "confirmed": "1"}  # fmt: skip
    client_of(cast.charlie).post("/companies/agreements/", form)
    assert not BulkRun.objects.exists()


@pytest.mark.parametrize("wrong", [{"companies": []}, {"quantity": 0}, {"mode": "MAYBE"}, {"quantity": 10**9}])
def test_a_wrong_wish_is_refused(wrong: dict[str, Any], cast: Cast) -> None:
    wanted = body(cast, cast.customer) | wrong
    answer = client_of(cast.alice).post("/api/v1/agreements/runs", wanted, content_type="application/json")
    assert (answer.status_code, BulkRun.objects.count()) == (422, 0)


def test_seats_are_found_by_overuse_customer_and_age_on_page_and_by_api(
    cast: Cast, cafe: Company, agree: Any, activate: Any
) -> None:
    agree(quantity=1)
    agree(company=cafe, quantity=1)
    activate(cast.customer, "one", "two")
    activate(cafe, "calm")
    client = client_of(cast.alice)
    page = client.get("/seats/?over=1").content.decode()
    assert [name in page for name in ("one", "two", ">calm<")] == [True, True, False]
    page = client.get(f"/seats/?customer={cafe.uid}").content.decode()
    assert (">calm<" in page, ">two<" in page) == (True, False)
    found = client.get("/api/v1/seats?is_overused=true&product=endpoint-workstation&state=ACTIVE").json()["items"]
    assert sorted(one["device_name"] for one in found) == ["one", "two"]
    assert client.get("/api/v1/seats?seen_before=2026-01-01T00:00:00Z").json()["items"] == []
    assert client.get("/api/v1/seats?state=LOST").status_code == 422
