"""Computers that wait: who, why and from where on the page and by API, and what a person decides."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from seatkeep_manager.directory.group_services import group_create
from seatkeep_manager.directory.models import Device
from seatkeep_manager.enrollment.models import EnrollmentRequest, EnrollmentToken
from seatkeep_webkit.actors import Actor
from standing_cast import NOW, Cast


def signed_in(user: object) -> Client:
    client = Client()
    client.force_login(user)  # type: ignore[arg-type]  # the project's user
    return client


def approve(client: Client, cast: Cast, **body: object) -> Any:
    address = f"/api/v1/approvals/{cast.waiting.uid}/approve"
    return client.post(address, body, content_type="application/json")


def page(client: Client, cast: Cast, **posted: object) -> Any:
    return client.post(reverse("console:approvals-approve"), {"selected": [str(cast.waiting.pk)], **posted})


def test_the_list_says_who_why_and_with_what(cast: Cast) -> None:
    EnrollmentRequest.objects.filter(pk=cast.waiting.pk).update(replaces=cast.device)
    shown = signed_in(cast.bob).get(reverse("console:approvals")).content.decode()
    assert cast.token.hint in shown
    assert cast.device.hostname in shown
    [row] = signed_in(cast.bob).get("/api/v1/approvals").json()["items"]
    assert (row["ip"], row["looks_like"], row["key"]) == ("192.0.2.7", str(cast.device.uid), str(cast.token.uid))


def test_the_dialog_asks_only_what_is_open(cast: Cast) -> None:
    plain = page(signed_in(cast.bob), cast).content.decode()
    EnrollmentRequest.objects.filter(pk=cast.waiting.pk).update(replaces=cast.device, reason="TAKEOVER")
    alike = page(signed_in(cast.bob), cast).content.decode()
    assert ('name="answer"' in plain, 'name="always"' in plain) == (False, True)
    assert ('name="answer"' in alike, 'name="always"' in alike) == (True, False)


def test_a_computer_joins_another_group_and_the_key_lets_all_in(cast: Cast) -> None:
    group = group_create(actor=Actor.system("test"), parent_id=cast.group.pk, name="Kiosks", now=NOW)
    page(signed_in(cast.bob), cast, form_sent="1", group=str(group.uid), always="on")
    assert Device.objects.get(hostname="kiosk-7").group == group
    assert EnrollmentToken.objects.get(pk=cast.token.pk).is_unlimited


def test_two_computers_stay_two(cast: Cast) -> None:
    EnrollmentRequest.objects.filter(pk=cast.waiting.pk).update(replaces=cast.device, reason="TAKEOVER")
    before = cast.device.agent_thumbprint
    assert approve(signed_in(cast.bob), cast, answer="MASTER").json()["state"] == "APPROVED"
    cast.device.refresh_from_db()
    assert (cast.device.agent_thumbprint, cast.device.is_master) == (before, True)
    assert Device.objects.filter(hostname="kiosk-7").exists()


@pytest.mark.parametrize(
    ("body", "status"), [({"answer": "PERHAPS"}, 422), ({"group": "beta"}, 404), ({"always": True}, 409)]
)
def test_what_does_not_fit_is_refused_and_nothing_is_decided(cast: Cast, body: dict[str, Any], status: int) -> None:
    assert cast.beta.group
    if "always" in body:
        EnrollmentToken.objects.filter(pk=cast.token.pk).update(revoked_at=NOW)
    named = {"group": str(cast.beta.group.uid)} if "group" in body else {}
    assert approve(signed_in(cast.bob), cast, **{**body, **named}).status_code == status
    cast.waiting.refresh_from_db()
    assert cast.waiting.state == "WAITING"


def test_who_only_looks_decides_nothing(cast: Cast) -> None:
    assert approve(signed_in(cast.rita), cast).status_code == 404
    page(signed_in(cast.rita), cast, form_sent="1")
    cast.waiting.refresh_from_db()
    assert cast.waiting.state == "WAITING"
