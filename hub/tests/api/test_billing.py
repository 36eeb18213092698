"""An MSP's month by the API alone: prices, draft, proof, close, correct."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from hub_cast import ACTOR, NOW, Cast
from seatkeep_hub.agreements.services import agreement_set
from seatkeep_hub.agreements.usage import usage_run
from seatkeep_hub.companies.people import access_set
from seatkeep_hub.licensing.activation import Device, Wish
from seatkeep_hub.licensing.seats import seats_activate

OVER = datetime(2026, 12, 1, 9, tzinfo=UTC)
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture
def alice(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Calls as Alice on 1 December; the Bakery has had two devices since 22 November."""
    agreement_set(
        actor=ACTOR, license=cast.license, product_code="endpoint-workstation", company=cast.customer, mode="FLEXIBLE",
        now=NOW,
    )  # fmt: skip
    wishes = [
        Wish(
            device=Device(fingerprint=name, key=b"k" * 32, key_thumbprint=name.ljust(43, "0"), name=name),
            product="endpoint-workstation", issued_at=NOW, jti=name, public_id=cast.license.public_id,
            company=cast.customer.uid,
        )
        for name in ("till", "oven")
    ]  # fmt: skip
    seats_activate(wishes=wishes, actor=ACTOR, now=NOW)
    usage_run(now=OVER)
    monkeypatch.setattr("seatkeep_hub.api.routes.billing.read_clock", lambda: OVER)
    return caller(cast.alice)


def caller(user: object) -> Any:
    client = Client()
    client.force_login(user, backend=BACKEND)  # type: ignore[arg-type]  # any of the cast

    def call(method: str, path: str, body: object = None, status: int = 200) -> Any:
        answer = client.generic(method, f"/api/v1{path}", _json(body), content_type="application/json")
        assert answer.status_code == status, answer.content
        return answer.json()

    return call


def _json(body: object) -> str:
    import json

    return "" if body is None else json.dumps(body)


def priced(cast: Cast, **changes: object) -> dict[str, object]:
    prices = {"endpoint-workstation": [{"price_minor": 300}, {"from_seats": 50, "price_minor": "250.5"}]}
    return {
        "seller_id": str(cast.msp_a.uid), "valid_from_on": "2026-11-01", "currency": "EUR", "basis": "IN_USE_DAYS",
        "unit": "SEAT_MONTH", "prices": prices, **changes,
    }  # fmt: skip


def month(cast: Cast) -> dict[str, str]:
    return {"seller_id": str(cast.msp_a.uid), "buyer_id": str(cast.customer.uid), "month_on": "2026-11-01"}


def test_a_month_from_prices_to_correction(alice: Any, cast: Cast) -> None:
    alice("POST", "/price-lists", priced(cast))
    draft = alice("POST", "/statements", month(cast))
    assert (draft["total_minor"], draft["state"], draft["currency"]) == (180, "DRAFT", "EUR")
    line = alice("GET", f"/statements/{draft['id']}/lines")["items"][0]
    assert (line["device_days"], line["amount_minor"]) == (18, 180)
    first = alice("GET", f"/statement-lines/{line['id']}/seats?limit=1")
    rest = alice("GET", f"/statement-lines/{line['id']}/seats?cursor={first['next_cursor']}")
    assert [(one["device"], one["days"]) for one in first["items"] + rest["items"]] == [("till", 9), ("oven", 9)]
    closed = alice("POST", f"/statements/{draft['id']}/close", {"total_minor": 180})
    assert (closed["state"], closed["closed_by"]) == ("CLOSED", "alice@example.com")
    made = alice("POST", f"/statement-lines/{line['id']}/corrections", {"amount_minor": -90, "reason": "oven is ours"})
    assert (made["amount_minor"], made["corrects_id"]) == (-90, line["id"])
    assert {one["month_on"] for one in alice("GET", "/statements")["items"]} == {"2026-11-01", "2026-12-01"}


@pytest.mark.parametrize(
    ("act", "body", "status", "code"),
    [
        ("close", {"total_minor": 7}, 409, "statement_changed"),
        ("close", {"total_minor": 10**15}, 422, "invalid"),
        ("close", {}, 422, "invalid"),
    ],
)
def test_a_refusal_has_its_code(
    alice: Any, cast: Cast, act: str, body: dict[str, object], status: int, code: str
) -> None:
    alice("POST", "/price-lists", priced(cast))
    draft = alice("POST", "/statements", month(cast))
    assert alice("POST", f"/statements/{draft['id']}/{act}", body, status)["code"] == code


def test_a_closed_month_refuses_with_its_code(alice: Any, cast: Cast) -> None:
    alice("POST", "/price-lists", priced(cast))
    draft = alice("POST", "/statements", month(cast))
    alice("POST", f"/statements/{draft['id']}/close", {"total_minor": 180})
    assert alice("POST", f"/statements/{draft['id']}/count", None, 409)["code"] == "statement_closed"
    assert alice("POST", "/statements", month(cast), 409)["code"] == "statement_closed"
    assert alice("POST", "/price-lists", priced(cast), 409)["code"] == "price_list_used"


@pytest.mark.parametrize(
    "changes",
    [{"currency": "eur"}, {"prices": {"endpoint-server": [{"price_minor": -1}]}}, {"valid_from_on": "2026-11-02"}],
)
def test_wrong_prices_are_named(alice: Any, cast: Cast, changes: dict[str, object]) -> None:
    alice("POST", "/price-lists", priced(cast, **changes), 422)
    assert alice("GET", "/price-lists")["items"] == []


def test_a_buyer_reads_its_closed_month_and_no_prices(alice: Any, cast: Cast) -> None:
    alice("POST", "/price-lists", priced(cast))
    draft = alice("POST", "/statements", month(cast))
    access_set(actor=ACTOR, user=cast.erin, company=cast.customer, level="WRITE", now=NOW)
    erin = caller(cast.erin)
    erin("GET", f"/statements/{draft['id']}", None, 404)
    alice("POST", f"/statements/{draft['id']}/close", {"total_minor": 180})
    assert erin("GET", f"/statements/{draft['id']}")["total_minor"] == 180
    assert erin("GET", "/price-lists")["items"] == []
    erin("POST", f"/statements/{draft['id']}/close", {"total_minor": 180}, 404)


def test_many_months_are_closed_at_once_each_with_its_result(
    alice: Any, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seatkeep_hub.api.routes.closing.read_clock", lambda: OVER)
    alice("POST", "/price-lists", priced(cast))
    draft = alice("POST", "/statements", month(cast))
    unknown = "018f0000-0000-7000-8000-000000000009"
    wrong = alice("POST", "/statements/close", {"totals": {draft["id"]: 1, unknown: 5}})
    assert {one["statement_id"]: one["code"] for one in wrong} == {
        draft["id"]: "statement_changed", unknown: "statement_unknown"}  # fmt: skip
    assert alice("GET", f"/statements/{draft['id']}")["state"] == "DRAFT"
    right = {"totals": {draft["id"]: 180}}
    assert [alice("POST", "/statements/close", right)[0]["code"] for _ in range(2)] == ["closed", "closed"]
    assert alice("GET", f"/statements/{draft['id']}")["state"] == "CLOSED"


def test_attack_the_months_of_another_are_closed(alice: Any, cast: Cast) -> None:
    alice("POST", "/price-lists", priced(cast))
    draft = alice("POST", "/statements", month(cast))
    caller(cast.charlie)("POST", "/statements/close", {"totals": {draft["id"]: 180}}, 404)
    access_set(actor=ACTOR, user=cast.bob, company=cast.msp_a, role="READ_ONLY", sees_prices=True, now=NOW)
    caller(cast.bob)("POST", "/statements/close", {"totals": {draft["id"]: 180}}, 403)
    alice("POST", "/statements/close", {"totals": {}}, 422)
    assert alice("GET", f"/statements/{draft['id']}")["state"] == "DRAFT"
