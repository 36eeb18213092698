"""Every route × role: anonymous 401, sibling and child 404 or an empty list, never a word of MSP A.

The cast and what it owns are made once for the file; what a test changes is taken back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from hub_cast import ACTOR, NOW, Cast, cast_make
from ninja.operation import Operation
from seatkeep_hub.agreements.enums import AgreementMode
from seatkeep_hub.agreements.services import agreement_set
from seatkeep_hub.agreements.usage import usage_days_record
from seatkeep_hub.api.app import api
from seatkeep_hub.billing.corrections import correction_request
from seatkeep_hub.billing.drafting import statement_draft
from seatkeep_hub.billing.layouts import LayoutWanted, layout_create
from seatkeep_hub.billing.models import Statement
from seatkeep_hub.billing.prices import price_list_set
from seatkeep_hub.billing.rules import Tier, month_of
from seatkeep_hub.billing.services import statement_close
from seatkeep_hub.companies.enums import Role
from seatkeep_hub.companies.models import User
from seatkeep_hub.companies.notes import note_add
from seatkeep_hub.companies.people import access_set
from seatkeep_hub.imports.services import import_begin
from seatkeep_hub.instances.enums import TokenLevel
from seatkeep_hub.instances.models import Instance
from seatkeep_hub.instances.scopes import SCOPES
from seatkeep_hub.instances.tokens import token_create
from seatkeep_hub.licensing.security_admins import security_admin_accept, security_admin_invite
from seatkeep_hub.msp.bulk import Wanted, run_begin
from seatkeep_hub.msp.enums import CompanyAct
from seatkeep_hub.msp.invitations import invitation_create
from seatkeep_hub.msp.models import Request
from seatkeep_hub.ordering.plans import change_plan
from seatkeep_license.keys import SigningKey
from seatkeep_webkit.actors import Actor, ActorKind

OPEN_ROUTES = {"/link", "/link/poll"}
INSTANCE_ONLY = {"/sync", "/instance", "/instance/people", "/licenses/{license_id}/credentials"}
WITHOUT_SCOPE = {"/roles", "/bundles", "/imports/template"}
ONLY_AUTHOR = {"/companies/{company_id}/notes/{note_id}"}


@dataclass(frozen=True)
class Route:
    method: str
    path: str


def routes() -> Iterator[Route]:
    for _, router in api._routers:
        for path, view in router.path_operations.items():
            for operation in view.operations:
                yield from (Route(method, path) for method in _methods(operation))


def _methods(operation: Operation) -> list[str]:
    return list(operation.methods)


CLOSED = sorted({route for route in routes() if route.path not in OPEN_ROUTES}, key=lambda one: (one.path, one.method))
SCOPED = [route for route in CLOSED if route.path not in INSTANCE_ONLY | WITHOUT_SCOPE]


World = tuple[Cast, dict[str, str]]


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    outer = transaction.atomic()
    outer._from_testcase = True
    with django_db_blocker.unblock(), outer:
        cast = cast_make()
        yield cast, _ids(cast)
        transaction.set_rollback(True)


@pytest.fixture
def cast(world: World, db: None) -> Cast:
    return world[0]


@pytest.fixture
def ids(world: World, db: None) -> dict[str, str]:
    return world[1]


def _ids(cast: Cast) -> dict[str, str]:
    agreement = agreement_set(
        actor=ACTOR,
        license=cast.license,
        product_code="endpoint-workstation",
        company=cast.customer,
        mode=AgreementMode.FIXED,
        quantity=3,
        now=NOW,
    )
    instance = Instance.objects.create(
        company=cast.msp_a,
        name="Console of A",
        public_key=SigningKey.generate().verify_key.raw,
        key_thumbprint="thumb",
        console_url="http://console.localhost",
        created_at=NOW,
    )
    admin = security_admin_invite(actor=ACTOR, company=cast.msp_a, email="sec@example.com", now=NOW).admin
    invited = invitation_create(company=cast.msp_a, email="new@example.com", level="READ", actor=ACTOR, now=NOW)
    made = token_create(company=cast.msp_a, name="PSA", level=TokenLevel.READ, actor=ACTOR, now=NOW)
    run = import_begin(actor=ACTOR, target=cast.msp_a, file_name="x", content=b"custom_identifier\nK-1\n", now=NOW)
    return {
        "company_id": str(cast.customer.uid),
        "license_id": str(cast.license.uid),
        "agreement_id": str(agreement.uid),
        "user_id": str(cast.alice.uid),
        "admin_id": str(admin.uid),
        "invitation_id": str(invited.invitation.uid),
        "instance_id": str(instance.uid),
        "token_id": str(made.token.uid),
        "seat_id": "018f0000-0000-7000-8000-000000000001",
        "session_id": "987654321987654321",
        "import_id": str(run.uid),
        "product": "endpoint-workstation",
        "plan_id": str(_plan(cast).uid),
        "code": "endpoint-protection",
        "share_id": "018f0000-0000-7000-8000-000000000006",
        "terms_id": "018f0000-0000-7000-8000-000000000005",
        "run_id": "018f0000-0000-7000-8000-000000000003",
        "question_id": "018f0000-0000-7000-8000-000000000004",
        "job_id": "018f0000-0000-7000-8000-000000000002",
        **_acts(cast),
        **_billing(cast),
    }


def _plan(cast: Cast) -> Any:
    return change_plan(actor=ACTOR, license=cast.license, quantity=12, due_on=date(2027, 1, 1), now=NOW)


def _acts(cast: Cast) -> dict[str, str]:
    """A note about the customer, a request of MSP A, and an act of its owner."""
    wanted = Wanted(CompanyAct.TAG_ADD, tag="x")
    run = run_begin(
        viewer=cast.alice,
        actor=Actor(kind=ActorKind.USER, id=str(cast.alice.uid), label="alice"),
        wanted=wanted,
        company_uids=[cast.customer.uid],
        now=NOW,
    )
    asked = Request.objects.create(
        company=cast.msp_a,
        about=cast.customer,
        kind="CUSTOMER",
        command={"kind": "CUSTOMER", "name": "x"},
        requester="x",
        created_at=NOW,
    )
    note = note_add(actor=ACTOR, company=cast.customer, text="of MSP A", now=NOW)
    return {"note_id": str(note.uid), "act_id": str(run.uid), "request_id": str(asked.uid)}


def _billing(cast: Cast) -> dict[str, str]:
    """A closed November of MSP A, which its buyer may read and nobody else beside or below."""
    priced = {"endpoint-workstation": [Tier(1, Decimal(300))], "endpoint-server": [Tier(1, Decimal(300))]}
    price_list_set(
        actor=ACTOR, seller=cast.msp_a, buyer=None, valid_from_on=date(2026, 11, 1), currency="EUR", basis="AGREED",
        unit="SEAT_MONTH", proration="DAILY", tiers=priced, now=NOW,
    )  # fmt: skip
    over = datetime(2026, 12, 1, 9, tzinfo=UTC)
    usage_days_record(first=date(2026, 11, 1), last=date(2026, 11, 30), now=over)
    draft = statement_draft(seller=cast.msp_a, buyer=cast.customer, month=month_of(date(2026, 11, 1)), now=over)
    statement_close(actor=ACTOR, statement=draft, total_minor=draft.total_minor, now=over)
    line = draft.lines.get()
    wanted = LayoutWanted(name="DATEV", columns=["AMOUNT"])
    layout = layout_create(actor=ACTOR, seller=cast.msp_a, wanted=wanted, now=over)
    asked = correction_request(actor=ACTOR, line=line, amount_minor=-1, reason="x", now=over)
    return {"statement_id": str(draft.uid), "line_id": str(line.uid), "layout_id": str(layout.uid),
            "correction_id": str(asked.uid)}  # fmt: skip


def body_of(route: Route, cast: Cast) -> dict[str, Any]:
    a, customer = str(cast.msp_a.uid), str(cast.customer.uid)
    statement = str(Statement.objects.filter(seller=cast.msp_a).values_list("uid", flat=True).first() or cast.msp_a.uid)
    bodies: dict[str, dict[str, Any]] = {
        "PUT /companies/{company_id}/trust": {"is_trusted": True},
        "POST /companies/{company_id}/notes": {"text": "x"},
        "PATCH /companies/{company_id}/notes/{note_id}": {"text": "x"},
        "POST /companies/{company_id}/move": {"target_id": str(cast.msp_b.uid)},
        "POST /company-acts": {"act": "SUSPEND", "companies": [customer]},
        "POST /requests": {"kind": "CUSTOMER", "about_id": a, "customer": {"name": "Intruder"}},
        "POST /requests/{request_id}/approve": {"answer": ""},
        "POST /requests/{request_id}/reject": {"answer": ""},
        "POST /companies": {"parent_id": a, "kind": "CUSTOMER", "name": "Intruder"},
        "PATCH /companies/{company_id}": {"name": "Intruder"},
        "POST /licenses": {"owner_id": a, "bundle_code": "endpoint-protection", "quantity": 1},
        "PUT /licenses/{license_id}/seats": {"quantity": 1},
        "PUT /licenses/{license_id}/overuse": {"overuse": "BLOCK"},
        "POST /licenses/{license_id}/trial/convert": {"quantity": 1},
        "POST /licenses/{license_id}/bundle": {"bundle_code": "endpoint-advanced", "quantity": 10},
        "POST /orders": {"owner_id": a, "lines": [{"bundle_code": "endpoint-protection", "quantity": 1}]},
        "POST /companies/{company_id}/orders": {
            "lines": [{"license_id": str(cast.license.uid), "product": "endpoint-workstation", "quantity": 1}]
        },
        "POST /companies/{company_id}/terms": {"terms": []},
        "PUT /catalog/bundles/{code}": {"name": "x", "category": "x", "products": {"mail-server": 1}},
        "PUT /catalog/products/{code}": {"name": "x", "category": "x", "platform": "SERVER"},
        "POST /catalog/terms": {"title": "x", "text": "x"},
        "POST /companies/{company_id}/sites": {"name": "North"},
        "PUT /companies/{company_id}/silent-rule": {"days": 30},
        "POST /licenses/{license_id}/shares": {"product": "endpoint-workstation", "total": 5},
        "PUT /licenses/{license_id}/shares/{share_id}/limit": {"limit": 1},
        "POST /licenses/runs": {"act": "suspend", "licenses": [str(cast.license.uid)]},
        "POST /seats/runs": {"act": "stop", "seats": ["018f0000-0000-7000-8000-000000000001"]},
        "POST /seats/questions/{question_id}/answer": {"answer": "KEPT"},
        "POST /planned-changes": {"license_id": str(cast.license.uid), "quantity": 9, "due_on": "2027-01-01"},
        "POST /agreements": {
            "company_id": customer,
            "license_id": str(cast.license.uid),
            "product": "endpoint-workstation",
            "mode": "FIXED",
            "quantity": 1,
        },
        **{
            f"POST /agreements/{what}": {
                "companies": [customer],
                "license_id": str(cast.license.uid),
                "product": "endpoint-workstation",
                "mode": "FLEXIBLE",
            }
            for what in ("preview", "runs")
        },
        "POST /instance/people": {"people": [str(cast.alice.uid)]},
        "PUT /imports/{import_id}/mapping": {"mapping": {"custom_identifier": 0}},
        "POST /price-lists": {
            "seller_id": a,
            "valid_from_on": "2026-12-01",
            "currency": "EUR",
            "basis": "AGREED",
            "unit": "SEAT_MONTH",
            "prices": {"endpoint-workstation": [{"price_minor": 1}]},
        },
        "POST /statements/close": {"totals": {statement: 0}},
        "PUT /companies/{company_id}/billing-settings": {"letterhead": "Intruder"},
        "PUT /companies/{company_id}/billing-settings/logo": {"content": ""},
        "POST /export-layouts": {"seller_id": a, "name": "x", "columns": ["AMOUNT"]},
        "PUT /export-layouts/{layout_id}": {"name": "x", "columns": ["AMOUNT"]},
        "POST /statements/{statement_id}/sendings": {"sent_to": "x"},
        "POST /statement-lines/{line_id}/correction-requests": {"amount_minor": -1, "reason": "x"},
        "POST /statements": {"seller_id": a, "buyer_id": customer, "month_on": "2026-12-01"},
        "POST /statements/{statement_id}/close": {"total_minor": 0},
        "POST /statement-lines/{line_id}/corrections": {"amount_minor": -1, "reason": "x"},
        "PUT /seats/{seat_id}/name": {"name": "x"},
        "POST /seats/stop": {"seats": ["018f0000-0000-7000-8000-000000000001"]},
        "POST /seats/resume": {"seats": ["018f0000-0000-7000-8000-000000000001"]},
        "POST /invitations": {"company_id": a, "email": "intruder@example.com"},
        "PUT /users/{user_id}/access/{company_id}": {"level": "WRITE"},
        "PUT /users/{user_id}/access": {"settings": [{"company_id": customer, "level": "WRITE"}]},
        "PUT /users/{user_id}/role": {"company_id": a, "role": "OWNER"},
        "PATCH /users/{user_id}": {"name": "Intruder"},
        "POST /users/{user_id}/leave": {"decisions": []},
        "PUT /users/{user_id}/alerts": {"hour": 7},
        "PUT /companies/{company_id}/sign-in-rule": {"requires_second_factor": False},
        "POST /security-admins": {"company_id": a, "email": "intruder@example.com"},
        "POST /api-tokens": {"company_id": a, "name": "x"},
        "POST /companies/{company_id}/offboard": {
            "last_day": "2026-11-22",
            "protect_until": "2026-11-22",
            "bill_until": "2026-11-22",
        },
    }
    return bodies.get(f"{route.method} {route.path}", {})


def send(client: Client, route: Route, ids: dict[str, str], cast: Cast, **headers: str) -> Any:
    queries = {
        "/usage": "?first=2026-11-01&last=2026-11-30",
        "/licenses/{license_id}/shares": "?product=endpoint-workstation",
        "/usage/report": "?first=2026-11-01&last=2026-11-30",
        "/users/{user_id}/why": f"?company_id={cast.customer.uid}",
        "/companies/{company_id}/move": f"?target_id={cast.customer.uid}",
    }
    query = queries.get(route.path, "")
    path = "/api/v1" + route.path.format(**ids) + query
    return client.generic(
        route.method, path, _json(body_of(route, cast)), content_type="application/json", headers=headers
    )


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def _json(body: dict[str, Any]) -> str:
    import json

    return json.dumps(body) if body else ""


@pytest.mark.parametrize("route", CLOSED, ids=lambda one: f"{one.method} {one.path}")
def test_anonymous_gets_401(route: Route, cast: Cast, ids: dict[str, str]) -> None:
    assert send(Client(), route, ids, cast).status_code == 401


@pytest.mark.parametrize("who", ["charlie", "erin"])
@pytest.mark.parametrize("route", SCOPED, ids=lambda one: f"{one.method} {one.path}")
def test_sibling_and_child_see_nothing_of_a(route: Route, who: str, cast: Cast, ids: dict[str, str]) -> None:
    client = Client()
    client.force_login(getattr(cast, who), backend="allauth.account.auth_backends.AuthenticationBackend")
    answer = send(client, route, ids, cast)
    text = answer.content.decode()
    is_empty = answer.status_code == 200 and not any(secret in text for secret in ("MSP A", "Bakery", *ids.values()))
    assert answer.status_code == 404 or is_empty, (answer.status_code, text)


@pytest.mark.parametrize(
    "route", [one for one in SCOPED if one.method != "GET"], ids=lambda one: f"{one.method} {one.path}"
)
def test_reader_changes_nothing(route: Route, cast: Cast, ids: dict[str, str]) -> None:
    client = Client()
    client.force_login(cast.bob, backend="allauth.account.auth_backends.AuthenticationBackend")
    answer = send(client, route, ids, cast)
    is_nothing_done = answer.status_code == 200 and answer.json() in ({"stopped": 0}, {"results": {}})
    assert answer.status_code in (403, 404) or is_nothing_done, answer.content


@pytest.mark.parametrize("route", SCOPED, ids=lambda one: f"{one.method} {one.path}")
def test_security_admin_of_the_customer_sees_nothing_of_its_msp(route: Route, cast: Cast, ids: dict[str, str]) -> None:
    invited = security_admin_invite(actor=ACTOR, company=cast.customer, email=cast.charlie.email, now=NOW)
    security_admin_accept(actor=ACTOR, token=invited.token, user=cast.charlie, now=NOW)
    answer = send(signed_in(cast.charlie), route, ids, cast)
    text = answer.content.decode()
    assert answer.status_code == 404 or (answer.status_code == 200 and "MSP A" not in text), (answer.status_code, text)


@pytest.mark.parametrize("route", SCOPED, ids=lambda one: f"{one.method} {one.path}")
def test_distributor_with_all_rights_is_let_in(route: Route, cast: Cast, ids: dict[str, str]) -> None:
    answer = send(signed_in(cast.diana), route, ids, cast)
    assert answer.status_code < 500, answer.content
    assert answer.status_code != 401
    is_for_the_password = b"reauthentication" in answer.content
    assert answer.status_code != 403 or is_for_the_password or route.path in ONLY_AUTHOR, answer.content


@pytest.mark.parametrize("route", SCOPED, ids=lambda one: f"{one.method} {one.path}")
def test_token_with_every_scope_is_let_in(route: Route, cast: Cast, ids: dict[str, str]) -> None:
    made = token_create(company=cast.msp_a, name="all", scopes=SCOPES, actor=ACTOR, now=NOW)
    answer = send(Client(), route, ids, cast, Authorization=f"Bearer {made.secret}")
    assert answer.status_code < 500, answer.content
    assert b"scope" not in answer.content or answer.status_code not in (401, 403), answer.content


@pytest.mark.parametrize("route", CLOSED, ids=lambda one: f"{one.method} {one.path}")
def test_token_with_the_scope_of_another_part_gets_403(route: Route, cast: Cast, ids: dict[str, str]) -> None:
    other = "audit:read" if not route.path.startswith("/audit") else "usage:read"
    made = token_create(company=cast.msp_a, name="other", scopes=[other], actor=ACTOR, now=NOW)
    answer = send(Client(), route, ids, cast, Authorization=f"Bearer {made.secret}")
    assert answer.status_code == 403, answer.content


AMOUNT = re.compile(r'"(?:\w+_minor)": ?"?-?\d')


@pytest.mark.parametrize(
    "route", [one for one in SCOPED if one.method == "GET"], ids=lambda one: f"{one.method} {one.path}"
)
def test_who_may_not_see_prices_sees_no_amount(route: Route, cast: Cast, ids: dict[str, str]) -> None:
    access_set(actor=ACTOR, user=cast.bob, company=cast.msp_a, role=Role.TECHNICIAN, now=NOW)
    answer = send(signed_in(cast.bob), route, ids, cast)
    assert AMOUNT.search(answer.content.decode(errors="replace")) is None, answer.content
    assert answer.headers.get("Content-Type", "") != "application/pdf"


@pytest.mark.parametrize("route", [one for one in CLOSED if one.path in INSTANCE_ONLY], ids=lambda one: one.path)
def test_a_person_cannot_call_what_is_for_consoles(route: Route, cast: Cast, ids: dict[str, str]) -> None:
    client = Client()
    client.force_login(cast.alice, backend="allauth.account.auth_backends.AuthenticationBackend")
    path = "/api/v1" + route.path.format(**ids) + "?product=endpoint-workstation"
    body = _json(body_of(route, cast))
    assert client.generic(route.method, path, body, content_type="application/json").status_code == 403


def test_parent_sees_what_is_below(cast: Cast, ids: dict[str, str]) -> None:
    client = Client()
    client.force_login(cast.diana, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.get(f"/api/v1/companies/{cast.customer.uid}").json()["name"] == "Bakery"


def test_attack_session_without_csrf_token_changes_nothing(cast: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.alice, backend="allauth.account.auth_backends.AuthenticationBackend")
    answer = client.post(f"/api/v1/companies/{cast.customer.uid}/suspend")
    assert answer.status_code == 403
