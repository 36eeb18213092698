"""The vendor's catalog on pages and by API: products, bundles with successors, terms; nobody else sees it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from hub_cast import ACTOR, NOW, Cast
from seatkeep_hub.companies.enums import CompanyKind, Role
from seatkeep_hub.companies.people import access_set
from seatkeep_hub.companies.services import company_create
from seatkeep_hub.instances.tokens import token_create
from seatkeep_hub.licensing.bundles import bundle_set
from seatkeep_hub.licensing.errors import BundleFieldError, ProductFieldError, ProductInUseError, ProductSoldError
from seatkeep_hub.licensing.models import Bundle, Product
from seatkeep_hub.licensing.products import may_edit_catalog, product_set
from seatkeep_hub.licensing.selectors import SUCCEEDED, license_list
from seatkeep_hub.ordering.models import TermsText

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
MAIL = {"code": "mail-gate", "name": "Mail gate", "category": "mail", "platform": "SERVER"}
GATE: dict[str, Any] = {
    "code": "gate", "name": "Gate", "category": "mail", "tier": 2, "products": {"mail-server": Decimal(2)},
}  # fmt: skip
PAGES = [
    "/catalog/", "/catalog/bundles/new/", "/catalog/bundles/mail-security/", "/catalog/products/",
    "/catalog/products/new/", "/catalog/products/mail-server/", "/catalog/terms/", "/catalog/terms/new/",
]  # fmt: skip


def client_of(user: Any) -> Client:
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


@pytest.mark.parametrize("path", PAGES)
def test_only_who_edits_the_catalog_sees_its_pages(path: str, cast: Cast) -> None:
    assert client_of(cast.diana).get(path).status_code == 200
    assert [client_of(one).get(path).status_code for one in (cast.alice, cast.bob, cast.erin)] == [404, 404, 404]
    assert Client().get(path).status_code == 302


def test_beside_a_second_company_below_the_vendor_only_the_vendor_edits(cast: Cast) -> None:
    company_create(actor=ACTOR, kind=CompanyKind.DISTRIBUTOR, name="Other", parent=cast.vendor, now=NOW)
    assert not may_edit_catalog(cast.diana)
    access_set(actor=ACTOR, user=cast.diana, company=cast.vendor, role=Role.ADMINISTRATOR, now=NOW)
    assert may_edit_catalog(cast.diana)


def test_a_technician_at_the_top_edits_nothing(cast: Cast) -> None:
    access_set(actor=ACTOR, user=cast.bob, company=cast.distributor, role=Role.TECHNICIAN, now=NOW)
    assert client_of(cast.bob).get("/catalog/").status_code == 404


def test_a_product_is_made_sold_renamed_and_retired_on_pages(cast: Cast) -> None:
    client = client_of(cast.diana)
    assert client.post("/catalog/products/new/", MAIL).status_code == 302
    form = {"code": "mail-suite", "name": "Mail suite", "category": "mail", "tier": "2", "ratio_mail-gate": "1.5",
            "is_offered": "on"}  # fmt: skip
    assert client.post("/catalog/bundles/new/", form).status_code == 302
    assert "1.5 × Mail gate" in client.get("/catalog/").content.decode()
    edit = {"name": "Mail gateway", "category": "mail", "platform": "SERVER", "is_retired": "on"}
    assert b"off sale first" in client.post("/catalog/products/mail-gate/", edit).content
    del form["code"], form["is_offered"]
    assert client.post("/catalog/bundles/mail-suite/", form).status_code == 302
    assert client.post("/catalog/products/mail-gate/", edit).status_code == 302
    found = Product.objects.get(code="mail-gate")
    assert (found.name, found.is_retired, Bundle.objects.get(code="mail-suite").is_offered) == (
        "Mail gateway", True, False)  # fmt: skip
    assert b"mail-gate" not in client.get("/catalog/bundles/new/").content


@pytest.mark.parametrize(
    "wrong",
    [{"code": "Mail Gate"}, {"code": "x" * 61}, {"code": "-x"}, {"name": " "}, {"name": "a\0b"}, {"category": "M!"},
     {"platform": "TOASTER"}],
)  # fmt: skip
def test_a_wrong_product_is_refused_and_nothing_is_written(wrong: dict[str, str], cast: Cast) -> None:
    before = Product.objects.count()
    with pytest.raises(ProductFieldError):
        product_set(actor=ACTOR, now=NOW, **(MAIL | wrong))
    assert Product.objects.count() == before


def test_what_licenses_have_keeps_category_and_platform(cast: Cast) -> None:
    held = {"code": "endpoint-server", "name": "Servers", "category": "endpoint", "platform": "SERVER"}
    assert product_set(actor=ACTOR, now=NOW, **held).name == "Servers"
    with pytest.raises(ProductInUseError):
        product_set(actor=ACTOR, now=NOW, **(held | {"platform": "MOBILE"}))
    with pytest.raises(ProductSoldError) as caught:
        product_set(actor=ACTOR, now=NOW, is_retired=True, **held)
    assert "endpoint-protection" in caught.value.extra["bundles"]


def test_a_retired_product_comes_into_no_bundle(cast: Cast) -> None:
    product_set(actor=ACTOR, now=NOW, is_retired=True, **MAIL)
    with pytest.raises(BundleFieldError):
        bundle_set(actor=ACTOR, now=NOW, **(GATE | {"products": {"mail-gate": Decimal(1)}}))


@pytest.mark.parametrize("successor", ["nothing", "gate", "endpoint-advanced"])
def test_a_successor_is_another_tier_of_the_same_category(successor: str, cast: Cast) -> None:
    with pytest.raises(BundleFieldError):
        bundle_set(actor=ACTOR, now=NOW, successor=successor, **GATE)
    assert not Bundle.objects.filter(code="gate").exists()


def test_terms_are_published_in_versions_and_shown_with_acceptances(cast: Cast) -> None:
    client = client_of(cast.diana)
    form = {"product": "mail-server", "title": "Mail terms", "text": "Be kind."}
    assert [client.post("/catalog/terms/new/", form).status_code for _ in range(2)] == [302, 302]
    assert [one.version for one in TermsText.objects.order_by("id")] == [1, 2]
    assert b"Mail terms" in client.get("/catalog/terms/").content
    assert client.post("/catalog/terms/new/", form | {"text": ""}).status_code == 422


def test_api_edits_the_catalog_in_its_own_scope(cast: Cast) -> None:
    made = token_create(company=cast.distributor, name="PIM", scopes=["catalog:write"], actor=ACTOR, now=NOW)
    call = {"content_type": "application/json", "headers": {"Authorization": f"Bearer {made.secret}"}}
    product = {"name": "Gate", "category": "mail", "platform": "SERVER"}
    assert Client().put("/api/v1/catalog/products/gate", product, **call).json()["code"] == "gate"
    bundle = {"name": "Gate", "category": "mail", "tier": 2, "products": {"gate": 1}, "successor": "mail-security"}
    answer = Client().put("/api/v1/catalog/bundles/gate", bundle, **call).json()
    assert (answer["successor"], answer["license_count"]) == ("mail-security", 0)
    assert Client().put("/api/v1/catalog/bundles/Gate!", bundle, **call).status_code == 422
    terms = Client().post("/api/v1/catalog/terms", {"title": "T", "text": "t", "product": "gate"}, **call)
    assert (terms.status_code, terms.json()["version"]) == (201, 1)
    for field in ("title", "text"):
        bad = Client().post("/api/v1/catalog/terms", {"title": "T", "text": "t", field: "a\x00b"}, **call)
        assert (bad.status_code, list(bad.json()["errors"])) == (422, [field])
    assert len(Client().get("/api/v1/catalog/terms", **call).json()["items"]) == 1
    assert Client().get("/api/v1/licenses", **call).status_code == 403


def test_attack_an_msp_with_a_token_for_everything_edits_the_catalog(cast: Cast) -> None:
    made = token_create(company=cast.msp_a, name="all", scopes=["catalog:write"], actor=ACTOR, now=NOW)
    headers = {"Authorization": f"Bearer {made.secret}"}
    answer = Client().put("/api/v1/catalog/products/x", MAIL, content_type="application/json", headers=headers)
    assert answer.status_code == 404
    assert not Product.objects.filter(code="x").exists()


def test_licenses_with_a_successor_are_told_on_the_dashboard_and_found(cast: Cast) -> None:
    client, path = client_of(cast.alice), f"/licenses/{cast.license.uid}/"
    ep = {"name": "Endpoint protection", "category": "endpoint", "tier": 1,
          "products": {"endpoint-workstation": Decimal(1), "endpoint-server": Decimal(1)}}  # fmt: skip
    bundle_set(actor=ACTOR, now=NOW, code="endpoint-protection", successor="endpoint-advanced", **ep)
    assert b"Successor" in client.get(path).content
    assert cast.license.public_id in client.get("/licenses/?upgrade=1").content.decode()
    assert list(license_list(cast.alice).filter(SUCCEEDED)) == [cast.license]
    bundle_set(actor=ACTOR, now=NOW, code="endpoint-protection", **ep)
    assert b"Successor" not in client.get(path).content
    assert not license_list(cast.alice).filter(SUCCEEDED).exists()
