"""Who can be ordered for: by the form, by a forged form, and by the API."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from hub_cast import Cast
from seatkeep_hub.licensing.models import License

ORDER = "/licenses/order/"


@pytest.fixture
def alice(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.alice, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def answers(owner: Any) -> dict[str, str]:
    return {
        "owner": str(owner.uid), "units_endpoint-protection": "5", "kind": "MSP",
        "overuse": "ALLOW_AND_ALERT", "lapse": "KEEP_PROTECTING",
    }  # fmt: skip


def by_api(client: Client, **body: object) -> Any:
    order = {"bundle_code": "endpoint-protection", "quantity": 5, **body}
    return client.post("/api/v1/licenses", json.dumps(order), content_type="application/json")


def test_the_form_offers_companies_that_own_licenses(cast: Cast, alice: Client) -> None:
    said = alice.get(ORDER).content.decode()
    assert (str(cast.msp_a.uid) in said, str(cast.customer.uid) in said) == (True, False)


def test_attack_a_forged_form_orders_for_a_customer(cast: Cast, alice: Client) -> None:
    before = License.objects.count()
    assert alice.post(ORDER, answers(cast.customer)).status_code == 422
    assert License.objects.count() == before


@pytest.mark.parametrize("kind", ["MSP", "TRIAL", "PREPAID", "NFR"])
def test_the_api_refuses_a_license_that_a_customer_would_own(cast: Cast, alice: Client, kind: str) -> None:
    before = License.objects.count()
    answer = by_api(alice, owner_id=str(cast.customer.uid), kind=kind)
    assert (answer.status_code, answer.json()["code"]) == (422, "not_a_license_owner")
    assert License.objects.count() == before


def test_the_msp_itself_orders(cast: Cast, alice: Client) -> None:
    assert by_api(alice, owner_id=str(cast.msp_a.uid)).status_code == 201
