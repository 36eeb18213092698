"""Integration tokens: they act for a company, and only as far as they may."""

from __future__ import annotations

import json

from django.test import Client
from hub_cast import ACTOR, NOW, Cast
from seatkeep_hub.companies.models import Company
from seatkeep_hub.instances.enums import TokenLevel
from seatkeep_hub.instances.tokens import TokenMade, token_create, token_revoke


def make(cast: Cast, level: TokenLevel) -> TokenMade:
    return token_create(company=cast.msp_a, name="PSA", level=level, actor=ACTOR, now=NOW)


def bearer(made: TokenMade) -> dict[str, str]:
    return {"Authorization": f"Bearer {made.secret}"}


def new_customer(cast: Cast, name: str) -> str:
    return json.dumps({"parent_id": str(cast.msp_a.uid), "kind": "CUSTOMER", "name": name})


def test_a_token_sees_its_companys_subtree_only(cast: Cast) -> None:
    items = Client().get("/api/v1/companies", headers=bearer(make(cast, TokenLevel.READ))).json()["items"]
    assert {item["name"] for item in items} == {"MSP A", "Bakery"}


def test_attack_reading_token_writes(cast: Cast) -> None:
    path = f"/api/v1/companies/{cast.customer.uid}/suspend"
    assert Client().post(path, headers=bearer(make(cast, TokenLevel.READ))).status_code == 403


def test_attack_revoked_token(cast: Cast) -> None:
    made = make(cast, TokenLevel.WRITE)
    token_revoke(token=made.token, actor=ACTOR, now=NOW)
    assert Client().get("/api/v1/companies", headers=bearer(made)).status_code == 401


def test_the_same_key_twice_creates_one_company(cast: Cast) -> None:
    headers = {**bearer(make(cast, TokenLevel.WRITE)), "Idempotency-Key": "k-1"}
    body = new_customer(cast, "Florist")
    for _ in range(2):
        answer = Client().post("/api/v1/companies", body, content_type="application/json", headers=headers)
        assert answer.status_code == 201
    assert Company.objects.filter(name="Florist").count() == 1


def test_who_may_create_whom_holds_in_the_api(cast: Cast) -> None:
    body = json.dumps({"parent_id": str(cast.msp_a.uid), "kind": "DISTRIBUTOR", "name": "Up"})
    headers = bearer(make(cast, TokenLevel.WRITE))
    answer = Client().post("/api/v1/companies", body, content_type="application/json", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "company_kind")
