"""What a linked console calls, through HTTP with real signatures."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from django.test import Client
from hub_cast import ACTOR, Cast
from seatkeep_hub.companies.models import Company
from seatkeep_hub.companies.services import company_rename
from seatkeep_hub.instances import rules
from seatkeep_hub.instances.models import Instance
from seatkeep_hub.instances.proof import TYP
from seatkeep_hub.people.leaving import user_leave
from seatkeep_hub.people.sessions import sessions_end
from seatkeep_license import jose
from seatkeep_license.keys import SigningKey
from seatkeep_webkit.clock import now

KEY = SigningKey.from_seed(bytes(range(1, 33)))
COUNTER = itertools.count()
LINK = {"name": "Console", "console_url": "http://console.localhost:8080", "jwk": KEY.verify_key.jwk}


def post(path: str, body: dict[str, Any]) -> Any:
    return Client().post(f"/api/v1{path}", json.dumps(body), content_type="application/json")


@pytest.fixture
def instance(cast: Cast) -> Instance:
    return Instance.objects.create(
        company=cast.msp_a,
        name="Console",
        public_key=KEY.verify_key.raw,
        key_thumbprint=KEY.kid,
        console_url="http://console.localhost:8080",
        created_at=now(),
    )


def signed(instance: Instance, method: str, path: str, body: bytes = b"") -> Any:
    issued = int(now().timestamp())
    claims = {
        "iss": str(instance.uid),
        "aud": "http://licensing.localhost:8080",
        "iat": issued,
        "exp": issued + 60,
        "jti": f"call-number-{next(COUNTER)}",
        "htm": method,
        "htu": f"/api/v1{path}",
        "bh": rules.body_hash(body),
    }
    header = f"Bearer {jose.sign(claims, KEY, TYP)}"
    return Client().generic(
        method, f"/api/v1{path}", body, content_type="application/json", headers={"Authorization": header}
    )


@pytest.mark.django_db
def test_link_waits_until_somebody_decides() -> None:
    started = post("/link", LINK)
    assert started.status_code == 201
    polled = post("/link/poll", {"device_code": started.json()["device_code"]})
    assert (polled.status_code, polled.json()) == (202, {"status": "pending"})


@pytest.mark.django_db
def test_attack_guessed_device_code_gets_410() -> None:
    assert post("/link/poll", {"device_code": "guess"}).status_code == 410


@pytest.mark.django_db
def test_attack_private_key_or_foreign_curve_is_refused() -> None:
    assert post("/link", {**LINK, "jwk": {"kty": "OKP", "crv": "X25519", "x": KEY.verify_key.x}}).status_code == 422


@pytest.mark.django_db(transaction=True)
def test_sync_reads_the_consoles_subtree_only(cast: Cast, instance: Instance) -> None:
    items = signed(instance, "GET", "/sync").json()["items"]
    assert {item["name"] for item in items if item["kind"] == "company" and not item["deleted"]} == {"MSP A", "Bakery"}


@pytest.mark.django_db(transaction=True)
def test_sync_hears_of_a_rename_after_its_cursor(cast: Cast, instance: Instance) -> None:
    cursor = signed(instance, "GET", "/sync").json()["cursor"]
    company_rename(actor=ACTOR, company=cast.customer, name="Bakery & Sons", now=now())
    items = signed(instance, "GET", f"/sync?cursor={cursor}").json()["items"]
    assert [item["name"] for item in items] == ["Bakery & Sons"]


def test_credentials_are_fetched_one_by_one_and_audited(cast: Cast, instance: Instance) -> None:
    from seatkeep_webkit.audit.models import AuditEntry

    path = f"/licenses/{cast.license.uid}/credentials?product=endpoint-workstation"
    assert signed(instance, "GET", path).json()["username"].startswith("SK-")
    assert AuditEntry.objects.get(action="license:credential_show").actor_id == str(instance.uid)


def test_attack_console_reaches_for_the_sibling(cast: Cast, instance: Instance) -> None:
    answer = signed(instance, "POST", f"/companies/{cast.msp_b.uid}/restore")
    assert answer.status_code == 404


def test_off_boarding_is_one_job_that_can_be_asked_about(cast: Cast, instance: Instance) -> None:
    from seatkeep_hub.agreements.offboarding import offboarding_run

    days = json.dumps(dict.fromkeys(("last_day", "protect_until", "bill_until"), "2026-11-22")).encode()
    job = signed(instance, "POST", f"/companies/{cast.customer.uid}/offboard", days).json()["job"]
    offboarding_run(uid=job, now=now())
    assert signed(instance, "GET", f"/jobs/{job}").json()["state"] == "FINISHED"
    assert Company.objects.get(pk=cast.customer.pk).status == "REMOVED"


def test_a_restored_customer_is_in_use_again(cast: Cast, instance: Instance) -> None:
    from seatkeep_hub.agreements.offboarding import offboarding_run

    days = json.dumps(dict.fromkeys(("last_day", "protect_until", "bill_until"), "2026-11-22")).encode()
    offboarding_run(
        uid=signed(instance, "POST", f"/companies/{cast.customer.uid}/offboard", days).json()["job"], now=now()
    )
    answer = signed(instance, "POST", f"/companies/{cast.customer.uid}/restore")
    assert answer.json()["status"] == "ACTIVE"


@pytest.mark.django_db
def test_people_who_are_signed_in_to_the_console_are_told_as_at_sign_in(cast: Cast, instance: Instance) -> None:
    asked = [cast.alice, cast.diana, cast.charlie, cast.erin]
    body = json.dumps({"people": [str(one.uid) for one in asked]}).encode()
    answer = signed(instance, "POST", "/instance/people", body).json()
    assert [(one["email"], one["sessions_from"]) for one in answer] == [
        ("diana@example.com", None), ("alice@example.com", None)]  # fmt: skip
    assert answer[1]["seatkeep_access"] == [{"company_id": str(cast.msp_a.uid), "level": "WRITE", "role": "OWNER"}]


@pytest.mark.django_db
def test_who_left_is_missing_and_ended_sessions_are_dated(cast: Cast, instance: Instance) -> None:
    at = now()
    sessions_end(actor=ACTOR, user=cast.alice, now=at)
    user_leave(actor=ACTOR, user=cast.bob, decisions={}, now=at)
    body = json.dumps({"people": [str(cast.alice.uid), str(cast.bob.uid)]}).encode()
    (only,) = signed(instance, "POST", "/instance/people", body).json()
    assert (only["email"], only["sessions_from"] is not None) == ("alice@example.com", True)


@pytest.mark.django_db
def test_attack_a_console_asks_about_more_people_than_it_can_have(cast: Cast, instance: Instance) -> None:
    body = json.dumps({"people": [str(cast.alice.uid)] * 501}).encode()
    assert signed(instance, "POST", "/instance/people", body).status_code == 422
