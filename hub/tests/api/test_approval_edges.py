"""A managed MSP that is not trusted changes nothing that is ordered: every edge refuses or asks, by API and by page."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from django.test import Client
from hub_cast import ACTOR, NOW, Cast
from seatkeep_hub.agreements.models import Agreement
from seatkeep_hub.agreements.services import agreement_set
from seatkeep_hub.companies.enums import CompanyKind
from seatkeep_hub.companies.models import Company
from seatkeep_hub.companies.people import access_set
from seatkeep_hub.companies.services import company_create
from seatkeep_hub.licensing.enums import LicenseKind
from seatkeep_hub.licensing.models import License
from seatkeep_hub.licensing.services import license_order
from seatkeep_hub.msp.models import Request
from seatkeep_hub.ordering.models import PlannedChange
from seatkeep_hub.ordering.plans import change_plan

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
WORKSTATION = "endpoint-workstation"


@dataclass(frozen=True)
class Partner:
    """A managed MSP that is not trusted, and what it has; Charlie owns it."""

    msp: Company
    customer: Company
    license: License
    trial: License
    agreement: Agreement
    plan: PlannedChange
    client: Client


@pytest.fixture
def partner(cast: Cast) -> Partner:
    manager = company_create(actor=ACTOR, kind=CompanyKind.MSP_MANAGER, name="M", parent=cast.distributor, now=NOW)
    msp = company_create(
        actor=ACTOR, kind=CompanyKind.MANAGED_MSP, name="Partner", parent=manager, now=NOW, is_trusted=False
    )
    customer = company_create(actor=ACTOR, kind=CompanyKind.CUSTOMER, name="Optician", parent=msp, now=NOW)
    access_set(actor=ACTOR, user=cast.charlie, company=msp, level="WRITE", now=NOW)
    own, trial = (
        license_order(actor=ACTOR, owner=msp, bundle_code="endpoint-protection", kind=kind, quantity=10, now=NOW)
        for kind in (LicenseKind.MSP, LicenseKind.TRIAL)
    )
    agreement = agreement_set(
        actor=ACTOR, license=own, product_code=WORKSTATION, company=customer, mode="FIXED", quantity=3, now=NOW
    )
    plan = change_plan(actor=ACTOR, license=own, quantity=12, due_on=date(2027, 1, 1), now=NOW)
    client = Client()
    client.force_login(cast.charlie, backend=BACKEND)
    return Partner(msp, customer, own, trial, agreement, plan, client)


EDGES: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/companies", {"parent_id": "{msp}", "kind": "CUSTOMER", "name": "X"}),
    ("POST", "/companies/{msp}/imports", {"rows": []}),
    ("POST", "/licenses", {"owner_id": "{msp}", "bundle_code": "endpoint-protection", "quantity": 1}),
    ("POST", "/orders", {"owner_id": "{msp}", "lines": [{"bundle_code": "endpoint-protection", "quantity": 1}]}),
    (
        "POST",
        "/companies/{customer}/orders",
        {"lines": [{"license_id": "{license}", "product": WORKSTATION, "quantity": 9}]},
    ),
    (
        "POST",
        "/agreements",
        {"company_id": "{customer}", "license_id": "{license}", "product": WORKSTATION, "mode": "FLEXIBLE"},
    ),
    ("POST", "/agreements/{agreement}/close", {}),
    ("POST", "/planned-changes", {"license_id": "{license}", "quantity": 9, "due_on": "2027-01-01"}),
    ("POST", "/planned-changes", {"agreement_id": "{agreement}", "quantity": 9, "due_on": "2027-01-01"}),
    ("POST", "/planned-changes/{plan}/cancel", {}),
    ("PUT", "/licenses/{license}/seats", {"quantity": 99}),
    ("PUT", "/licenses/{license}/overuse", {"overuse": "BLOCK"}),
    ("POST", "/licenses/{license}/suspend", {}),
    ("POST", "/licenses/{license}/unsuspend", {}),
    ("POST", "/licenses/{license}/bundle", {"bundle_code": "endpoint-advanced", "quantity": 10}),
    ("POST", "/licenses/{license}/shares", {"product": WORKSTATION, "total": 9}),
    ("POST", "/licenses/{trial}/trial/extend", {}),
    ("POST", "/licenses/{trial}/trial/convert", {"quantity": 9}),
    ("POST", "/licenses/{trial}/trial/remove", {}),
]


def filled(partner: Partner, text: str) -> str:
    """The text with ids in it."""
    names = ("msp", "customer", "license", "trial", "agreement", "plan")
    for name in names:
        text = text.replace(f"{{{name}}}", str(getattr(partner, name).uid))
    return text


@pytest.mark.parametrize(("method", "path", "body"), EDGES, ids=[f"{one[0]} {one[1]}" for one in EDGES])
def test_attack_an_edge_of_the_api_needs_approval(
    partner: Partner, method: str, path: str, body: dict[str, Any]
) -> None:
    answer = partner.client.generic(
        method, f"/api/v1{filled(partner, path)}", filled(partner, json.dumps(body)), content_type="application/json"
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "approval_needed")


@pytest.mark.parametrize("act", ["suspend", "unsuspend"])
def test_attack_a_bulk_act_leaves_out_what_needs_approval(partner: Partner, act: str) -> None:
    body = {"act": act, "licenses": [str(partner.license.uid)]}
    answer = partner.client.post("/api/v1/licenses/runs", body, content_type="application/json")
    assert answer.status_code == 404
    assert License.objects.get(pk=partner.license.pk).suspended_at is None


def test_change_seats_of_a_license_becomes_a_request(partner: Partner) -> None:
    path = f"/licenses/{partner.license.uid}/seats/"
    assert partner.client.get(path).status_code == 200
    answer = partner.client.post(path, {"quantity": "25", "note": "New branch"})
    asked = Request.objects.get()
    assert answer["Location"] == f"/requests/{asked.uid}/"
    assert (asked.kind, asked.command["quantity"]) == ("SEATS", 25)
    assert License.objects.get(pk=partner.license.pk).quantity == 10


def test_change_seats_of_a_customer_becomes_a_request(partner: Partner) -> None:
    path = f"/agreements/{partner.agreement.uid}/seats/"
    answer = partner.client.post(path, {"quantity": "7", "note": ""})
    asked = Request.objects.get()
    assert answer["Location"] == f"/requests/{asked.uid}/"
    assert (asked.kind, asked.command["quantity"]) == ("AGREEMENT", 7)
    assert Agreement.objects.get(pk=partner.agreement.pk).quantity == 3


@pytest.mark.parametrize("path", ["/licenses/{license}/seats/", "/agreements/{agreement}/seats/"])
def test_attack_a_later_change_on_a_page_needs_approval(partner: Partner, path: str) -> None:
    form = {"quantity": "25", "note": "", "when": "LATER", "due_on": "2099-01-01"}
    assert partner.client.post(filled(partner, path), form).status_code == 422
    assert PlannedChange.objects.count() == 1


def test_attack_taking_a_planned_change_back_on_its_page_needs_approval(partner: Partner) -> None:
    path = f"/planned/{partner.plan.uid}/cancel/"
    assert partner.client.post(path, {"confirmed": "1"}).status_code in (403, 422)
    assert PlannedChange.objects.get().state == "PLANNED"
