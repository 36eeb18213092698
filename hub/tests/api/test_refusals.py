"""The description of the API names the codes by which operations refuse; the table beside the reference's is true."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from hub_cast import Cast
from seatkeep_hub.api.app import api
from seatkeep_hub.api.refusals import REFUSALS

DOCUMENT = Path(__file__).parents[3] / "docs/reference/refusals.md"
ROWS = re.findall(r"^\| (\d+) (\w+) \| (`(\w+)`|–) \| (.+?) \|$", DOCUMENT.read_text(), re.MULTILINE)
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture(scope="module")
def described() -> dict[str, dict[str, Any]]:
    """Responses of each operation by "METHOD /path"."""
    paths = api.get_openapi_schema(path_prefix="/api/v1/")["paths"]
    return {
        f"{method.upper()} {path.removeprefix('/api/v1')}": operation["responses"]
        for path, methods in paths.items()
        for method, operation in methods.items()
    }


def test_every_operation_that_is_named_exists(described: dict[str, dict[str, Any]]) -> None:
    assert set(REFUSALS) - set(described) == set()


@pytest.mark.parametrize("operation", sorted(REFUSALS))
def test_codes_stand_at_their_status(operation: str, described: dict[str, dict[str, Any]]) -> None:
    for one in REFUSALS[operation]:
        found = described[operation][str(one.status)]
        assert one.code in found["x-codes"]
        assert f"`{one.code}`" in found["description"]


def test_the_codes_of_the_reference_are_all_there() -> None:
    assert [int(row[0]) for row in ROWS] == [
        17, 18, 19, 20, 21, 22, 23, 24, 27, 30, 31, 32, 33, 36, 37, 40, 45, 47, 48]  # fmt: skip


@pytest.mark.parametrize("row", [row for row in ROWS if row[3]], ids=lambda row: row[1])
def test_a_code_of_the_reference_is_described_here(row: tuple[str, ...], described: dict[str, dict[str, Any]]) -> None:
    responses = described[row[4].strip("`")]
    assert row[3] in {code for one in responses.values() for code in one.get("x-codes", [])}


@pytest.mark.parametrize(
    ("operation", "change", "code"),
    [
        ("POST /licenses", {"bundle_code": "nothing"}, "bundle_unknown"),
        ("POST /licenses", {"owner": "customer"}, "not_a_license_owner"),
        ("POST /licenses/{license_id}/trial/extend", {}, "not_a_trial"),
        ("POST /licenses/{license_id}/bundle", {"bundle_code": "mail-security", "quantity": 5}, "change_unavailable"),
        ("POST /agreements", {"product": "mail-server"}, "product_not_in_license"),
    ],
)
def test_what_is_answered_is_what_is_described(
    operation: str, change: dict[str, Any], code: str, cast: Cast, described: dict[str, dict[str, Any]]
) -> None:
    client = Client()
    client.force_login(cast.alice, backend=BACKEND)
    owner = cast.customer if change.pop("owner", "") else cast.msp_a
    whole: dict[str, dict[str, Any]] = {
        "POST /licenses": {"owner_id": str(owner.uid), "bundle_code": "endpoint-protection", "quantity": 1},
        "POST /agreements": {
            "company_id": str(cast.customer.uid), "license_id": str(cast.license.uid), "mode": "FLEXIBLE",
        },
    }  # fmt: skip
    path = operation.removeprefix("POST ").format(license_id=cast.license.uid)
    answer = client.post(f"/api/v1{path}", whole.get(operation, {}) | change, content_type="application/json")
    assert answer.json()["code"] == code
    assert code in described[operation][str(answer.status_code)]["x-codes"]
