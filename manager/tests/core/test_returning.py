"""Devices that joined after the backup come back to a restored manager, and nobody else does."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import nkeys
import pytest
from cast import FakeAgent, Tree
from django.test import Client
from nkeys import PREFIX_BYTE_ACCOUNT
from seatkeep_manager.directory.models import Device
from seatkeep_manager.enrollment.errors import DeviceUnknownError, RequestClockSkewError, RequestInvalidError
from seatkeep_manager.enrollment.models import EnrollmentToken, RevokedCredential
from seatkeep_manager.enrollment.returning import device_return
from seatkeep_manager.enrollment.services import device_broker_jwt, device_enroll
from seatkeep_webkit.audit.models import AuditEntry

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("edge_seed")]


class Lost:
    """A device with its JWT, whose row was lost by a restore."""

    def __init__(self, token: EnrollmentToken, now: datetime) -> None:
        self.agent = FakeAgent()
        device = device_enroll(secret=token.secret, request=self.agent.request(now), ip=None, now=now)
        assert isinstance(device, Device)
        self.uid, self.company = device.uid, device.company_hub_id
        self.jwt = device_broker_jwt(device, now=now)
        device.delete()


@pytest.fixture
def lost(token: EnrollmentToken, now: datetime) -> Lost:
    return Lost(token, now)


def come_back(agent: FakeAgent, jwt: str, now: datetime) -> Device:
    return device_return(jwt=jwt, request=agent.request(now), ip="192.0.2.1", now=now)


def test_a_device_of_after_the_backup_comes_back_as_itself_into_its_company(lost: Lost, now: datetime) -> None:
    device = come_back(lost.agent, lost.jwt, now)
    assert (device.uid, device.company_hub_id, device.agent_thumbprint) == (lost.uid, lost.company, lost.agent.key.kid)
    assert AuditEntry.objects.filter(action="device:return", subject_id=str(lost.uid)).count() == 1


def test_coming_back_twice_gives_the_same_device(lost: Lost, now: datetime) -> None:
    assert come_back(lost.agent, lost.jwt, now) == come_back(lost.agent, lost.jwt, now)


def test_a_device_that_was_off_for_a_month_comes_back_by_its_old_jwt(lost: Lost, now: datetime) -> None:
    assert come_back(lost.agent, lost.jwt, now + timedelta(days=30)).uid == lost.uid


def test_a_device_of_a_company_that_the_backup_lacks_stands_in_unassigned(
    lost: Lost, tree: Tree, now: datetime
) -> None:
    tree.alpha.tokens.all().delete()
    tree.alpha.delete()
    device = come_back(lost.agent, lost.jwt, now)
    assert device.group == tree.unassigned
    assert device.company_hub_id is None


def test_a_stolen_jwt_is_worth_nothing_without_the_agents_key(lost: Lost, now: datetime) -> None:
    thief = FakeAgent()
    thief.user = lost.agent.user
    with pytest.raises(DeviceUnknownError):
        come_back(thief, lost.jwt, now)


def test_a_jwt_does_not_lend_its_place_to_another_broker_key(lost: Lost, now: datetime) -> None:
    lost.agent.user = FakeAgent().user
    with pytest.raises(DeviceUnknownError):
        come_back(lost.agent, lost.jwt, now)


def test_a_jwt_by_a_foreign_signing_key_is_refused(lost: Lost, now: datetime, tmp_path: Path, settings: Any) -> None:
    seed = tmp_path / "foreign.seed"
    seed.write_bytes(bytes(nkeys.encode_seed(b"\x07" * 32, PREFIX_BYTE_ACCOUNT)))
    settings.NATS_EDGE_SIGNING_SEED = str(seed)
    with pytest.raises(DeviceUnknownError):
        come_back(lost.agent, lost.jwt, now)


def test_no_flipped_character_of_a_jwt_is_taken(lost: Lost, now: datetime) -> None:
    for place in range(0, len(lost.jwt), 7):
        flipped = "A" if lost.jwt[place] != "A" else "B"
        with pytest.raises(DeviceUnknownError):
            come_back(lost.agent, lost.jwt[:place] + flipped + lost.jwt[place + 1 :], now)


def test_a_revoked_device_does_not_come_back(lost: Lost, now: datetime) -> None:
    RevokedCredential.objects.create(nkey=lost.agent.user.public_key.decode(), revoked_at=now)
    with pytest.raises(DeviceUnknownError):
        come_back(lost.agent, lost.jwt, now)


def test_a_known_device_is_not_taken_over_by_the_key_that_it_had_before(lost: Lost, now: datetime) -> None:
    device = come_back(lost.agent, lost.jwt, now)
    Device.objects.filter(pk=device.pk).update(agent_thumbprint="its new key")
    with pytest.raises(DeviceUnknownError):
        come_back(lost.agent, lost.jwt, now)


def test_an_old_or_garbled_request_is_refused(lost: Lost, now: datetime) -> None:
    with pytest.raises(RequestClockSkewError):
        device_return(jwt=lost.jwt, request=lost.agent.request(now - timedelta(minutes=3)), ip=None, now=now)
    with pytest.raises(RequestInvalidError):
        device_return(jwt=lost.jwt, request="a.b.c", ip=None, now=now)


@pytest.mark.parametrize(
    "jwt", ["", "...", "a.b", "\x00", "é.é.é", "x" * 5_000, "ef176a13-d8a3-4d6f-8027-b86d9af51915"]
)
def test_garbage_instead_of_a_jwt_is_refused_over_http(lost: Lost, client: Client, jwt: str) -> None:
    from seatkeep_webkit.clock import now as clock_now

    body = {"jwt": jwt, "request": lost.agent.request(clock_now())}
    answer = client.post("/agent/v1/return", json.dumps(body), content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "device_unknown")
