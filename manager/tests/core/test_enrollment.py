"""How devices get in, and what attackers try."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from cast import ACTOR, FakeAgent, Tree
from django.db import connection
from django.test import Client
from seatkeep_license.encoding import seconds_of
from seatkeep_license.keys import SigningKey
from seatkeep_manager.directory.enums import DeviceState
from seatkeep_manager.directory.group_services import group_create
from seatkeep_manager.directory.models import Device, StaticGroup
from seatkeep_manager.directory.services import device_retire
from seatkeep_manager.enrollment.deciding import request_approve, request_reject
from seatkeep_manager.enrollment.enums import RequestState, WaitReason
from seatkeep_manager.enrollment.errors import (
    DeploymentKeyExistsError,
    EnrollmentRejectedError,
    KeyUnknownError,
    RequestClockSkewError,
    RequestInvalidError,
)
from seatkeep_manager.enrollment.models import EnrollmentRequest, EnrollmentToken, RevokedCredential
from seatkeep_manager.enrollment.services import (
    Waiting,
    deployment_key_create,
    deployment_key_rotate,
    device_enroll,
    device_jwt,
    devices_alike,
    install_link_create,
    token_revoke,
)
from seatkeep_protocol.enrollment import JwtRequest, Previous, PreviousProof, jwt_request_build, previous_build
from seatkeep_webkit.audit.models import AuditEntry

KEYS = b'{"keys": []}'
CONSOLE = "https://console.localhost:8443"


@pytest.fixture
def licensing_url() -> Iterator[str]:
    """A Licensing that knows one address only."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/.well-known/seatkeep-keys.json" else 404)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(KEYS)

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def enroll(agent: FakeAgent, token: EnrollmentToken, now: datetime, **extra: Any) -> Device | Waiting:
    return device_enroll(secret=token.secret, request=agent.request(now, **extra), ip="192.0.2.1", now=now)


def enrolled(agent: FakeAgent, token: EnrollmentToken, now: datetime) -> Device:
    device = enroll(agent, token, now)
    assert isinstance(device, Device)
    return device


@pytest.fixture
def office(tree: Tree, now: datetime) -> StaticGroup:
    """Alpha's group Büro/Empfang; Beta has one of the same name."""
    for company in (tree.alpha, tree.beta):
        above = group_create(actor=ACTOR, parent_id=company.pk, name="Büro", now=now)
        group_create(actor=ACTOR, parent_id=above.pk, name="Empfang", now=now)
    return StaticGroup.objects.get(name="Empfang", company_hub_id=tree.alpha.hub_id)


@pytest.mark.parametrize("path", ["Büro/Empfang", "\\büro\\ EMPFANG \\"])
def test_a_new_device_stands_in_the_group_that_its_installation_names(
    token: EnrollmentToken, office: StaticGroup, now: datetime, path: str
) -> None:
    device = enroll(FakeAgent(), token, now, group=path)

    assert isinstance(device, Device)
    assert device.group == office


@pytest.mark.parametrize("path", ["Empfang", "Büro/Lager", "../Beta", "Beta/Büro", "/", "%", "Büro/" * 40])
def test_a_group_that_the_customer_does_not_have_is_noted_and_the_key_decides(
    token: EnrollmentToken, tree: Tree, office: StaticGroup, now: datetime, path: str
) -> None:
    device = enroll(FakeAgent(), token, now, group=path)

    assert isinstance(device, Device)
    assert device.group == tree.alpha
    noted = AuditEntry.objects.get(action="device:group_unknown", subject_id=str(device.uid))
    assert noted.details["group"] == path


def test_a_device_that_is_there_stays_where_people_put_it(
    token: EnrollmentToken, tree: Tree, office: StaticGroup, now: datetime
) -> None:
    agent = FakeAgent()
    device = enrolled(agent, token, now)

    again = enroll(FakeAgent(fingerprint=agent.fingerprint), token, now + timedelta(days=60), group="Büro/Empfang")

    assert isinstance(again, Device)
    assert (again.pk, again.group) == (device.pk, tree.alpha)


def test_a_named_group_waits_for_approval_with_its_device(
    token: EnrollmentToken, office: StaticGroup, now: datetime
) -> None:
    token_revoke(actor=ACTOR, token=token, now=now)
    waiting = enroll(FakeAgent(), token, now, group="Büro/Empfang")

    assert isinstance(waiting, Waiting)
    assert request_approve(actor=ACTOR, user=None, request=waiting.request, now=now).group == office


def test_a_new_device_stands_in_its_keys_group(token: EnrollmentToken, tree: Tree, now: datetime) -> None:
    device = enrolled(FakeAgent(), token, now)
    assert (device.group_id, device.company_hub_id) == (tree.alpha.pk, tree.alpha.hub_id)


def test_asking_again_gives_the_same_device_and_takes_no_second_use(token: EnrollmentToken, now: datetime) -> None:
    agent = FakeAgent()
    request = agent.request(now)
    first, second = [device_enroll(secret=token.secret, request=request, ip=None, now=now) for _ in range(2)]
    token.refresh_from_db()
    assert (first, token.uses) == (second, 1)


def test_an_unknown_key_is_refused(db: None, now: datetime) -> None:
    with pytest.raises(KeyUnknownError):
        device_enroll(secret="skd_guessed", request=FakeAgent().request(now), ip=None, now=now)


def test_a_request_for_another_console_is_refused(token: EnrollmentToken, now: datetime) -> None:
    with pytest.raises(RequestInvalidError):
        enroll(FakeAgent(), token, now, audience="https://evil.example")


def test_a_request_with_a_flipped_byte_is_refused(token: EnrollmentToken, now: datetime) -> None:
    request = FakeAgent().request(now)
    broken = request[:-10] + ("A" if request[-10] != "A" else "B") + request[-9:]
    with pytest.raises(RequestInvalidError):
        device_enroll(secret=token.secret, request=broken, ip=None, now=now)


def test_an_old_request_is_told_the_time(token: EnrollmentToken, now: datetime) -> None:
    with pytest.raises(RequestClockSkewError) as caught:
        device_enroll(secret=token.secret, request=FakeAgent().request(now - timedelta(days=30)), ip=None, now=now)
    assert caught.value.extra["server_time_us"] == int(now.timestamp() * 1_000_000)


def test_a_revoked_key_leads_to_waiting_never_to_nothing(token: EnrollmentToken, now: datetime) -> None:
    token_revoke(actor=ACTOR, token=token, now=now)
    outcome = enroll(FakeAgent(), token, now)
    assert isinstance(outcome, Waiting)
    assert outcome.request.reason == WaitReason.TOKEN_REVOKED


def test_an_expired_link_leads_to_waiting(tree: Tree, now: datetime) -> None:
    link = install_link_create(actor=ACTOR, user=None, group=tree.alpha, now=now)
    outcome = enroll(FakeAgent(), link, now + timedelta(days=14))
    assert isinstance(outcome, Waiting)


def test_the_daily_cap_leads_to_waiting_until_tomorrow(tree: Tree, now: datetime) -> None:
    key = deployment_key_create(actor=ACTOR, user=None, group=tree.beta, now=now, daily_cap=1)
    enrolled(FakeAgent(), key, now)
    agent = FakeAgent()
    assert isinstance(enroll(agent, key, now), Waiting)
    assert isinstance(enroll(agent, key, now + timedelta(days=1)), Device)


def test_an_approved_device_gets_in_when_it_asks_next(token: EnrollmentToken, now: datetime) -> None:
    token_revoke(actor=ACTOR, token=token, now=now)
    agent = FakeAgent()
    waiting = enroll(agent, token, now)
    assert isinstance(waiting, Waiting)
    approved = request_approve(actor=ACTOR, user=None, request=waiting.request, now=now)
    assert enroll(agent, token, now) == approved


def test_a_rejected_device_is_told_so(token: EnrollmentToken, now: datetime) -> None:
    token_revoke(actor=ACTOR, token=token, now=now)
    agent = FakeAgent()
    waiting = enroll(agent, token, now)
    assert isinstance(waiting, Waiting)
    request_reject(actor=ACTOR, user=None, request=waiting.request, now=now)
    with pytest.raises(EnrollmentRejectedError):
        enroll(agent, token, now)


def test_takeover_of_a_fresh_machine_by_a_deployment_key_waits(token: EnrollmentToken, now: datetime) -> None:
    victim = FakeAgent()
    device = enrolled(victim, token, now)
    thief = FakeAgent(fingerprint=victim.fingerprint)
    outcome = enroll(thief, token, now + timedelta(days=6))
    assert isinstance(outcome, Waiting)
    assert (outcome.request.reason, outcome.request.replaces) == (WaitReason.TAKEOVER, device)
    device.refresh_from_db()
    assert device.agent_thumbprint == victim.key.kid


def test_takeover_by_naming_a_device_without_its_old_key_waits(token: EnrollmentToken, now: datetime) -> None:
    device = enrolled(FakeAgent(), token, now)
    thief = FakeAgent()
    claim = PreviousProof(aud=CONSOLE, iat=seconds_of(now), device=device.hex_id, jkt=thief.key.kid)
    previous = Previous(device=device.hex_id, proof=previous_build(claim, SigningKey.generate()))
    assert isinstance(enroll(thief, token, now, previous=previous), Waiting)


def test_the_old_key_hands_its_device_to_a_new_key(token: EnrollmentToken, now: datetime) -> None:
    old = FakeAgent()
    device = enrolled(old, token, now)
    new = FakeAgent(fingerprint=old.fingerprint)
    claim = PreviousProof(aud=CONSOLE, iat=seconds_of(now), device=device.hex_id, jkt=new.key.kid)
    previous = Previous(device=device.hex_id, proof=previous_build(claim, old.key))
    assert enroll(new, token, now, previous=previous) == device
    assert RevokedCredential.objects.filter(nkey=old.user.public_key.decode()).exists()


def test_a_machine_not_seen_for_a_week_is_taken_back_by_its_fingerprint(token: EnrollmentToken, now: datetime) -> None:
    old = FakeAgent()
    device = enrolled(old, token, now)
    later = now + timedelta(days=7)
    assert enroll(FakeAgent(fingerprint=old.fingerprint), token, later) == device


def test_a_fingerprint_of_another_customer_matches_nothing(token: EnrollmentToken, tree: Tree, now: datetime) -> None:
    agent = FakeAgent()
    device = enrolled(agent, token, now)
    other = deployment_key_create(actor=ACTOR, user=None, group=tree.beta, now=now)
    outcome = enroll(FakeAgent(fingerprint=agent.fingerprint), other, now)
    assert isinstance(outcome, Device)
    assert outcome != device


def test_a_retired_device_comes_back_with_a_good_key(token: EnrollmentToken, now: datetime) -> None:
    agent = FakeAgent()
    device = enrolled(agent, token, now)
    device_retire(actor=ACTOR, device_id=device.pk, now=now)
    again = enrolled(agent, token, now)
    assert (again.pk, again.state) == (device.pk, DeviceState.ACTIVE)


def test_a_customer_has_one_deployment_key_and_rotation_overlaps(token: EnrollmentToken, now: datetime) -> None:
    with pytest.raises(DeploymentKeyExistsError):
        deployment_key_create(actor=ACTOR, user=None, group=token.group, now=now)
    fresh = deployment_key_rotate(actor=ACTOR, user=None, token=token, now=now)
    later = now + timedelta(days=6)
    assert isinstance(enroll(FakeAgent(), token, later), Device)
    assert isinstance(enroll(FakeAgent(), fresh, later), Device)


def test_the_secret_of_a_key_is_encrypted_in_its_column(token: EnrollmentToken) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM enrollment_enrollmenttoken WHERE id = %s", [token.pk])
        assert token.secret.encode() not in bytes(cursor.fetchone()[0])


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_race_a_link_of_25_uses_lets_exactly_25_of_40_in(tree: Tree, now: datetime) -> None:
    link = install_link_create(actor=ACTOR, user=None, group=tree.alpha, now=now)

    def come(_: int) -> bool:
        try:
            return isinstance(enroll(FakeAgent(), link, now), Device)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(come, range(40))) == 25
    assert Device.objects.count() == 25
    assert EnrollmentRequest.objects.filter(state=RequestState.WAITING).count() == 15


def test_the_broker_jwt_carries_tags_and_no_permissions(edge_seed: None, token: EnrollmentToken, now: datetime) -> None:
    agent = FakeAgent()
    device = enrolled(agent, token, now)
    asked = JwtRequest(aud=CONSOLE, iat=seconds_of(now), jti="1", device=device.hex_id)
    jwt = device_jwt(request=jwt_request_build(asked, agent.key), device_hex=device.hex_id, now=now)
    segment = jwt.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    assert set(claims["nats"]) == {"type", "version", "issuer_account", "tags"}
    assert f"device:{device.hex_id}" in claims["nats"]["tags"]
    assert claims["exp"] - claims["iat"] == 7 * 24 * 3600


def post(path: str, body: object) -> Any:
    raw = body if isinstance(body, str | bytes) else json.dumps(body)
    return Client().post(path, data=raw, content_type="application/json")


def test_http_enroll_answers_all_that_the_agent_needs(edge_seed: None, token: EnrollmentToken) -> None:
    from seatkeep_webkit.clock import now as clock_now

    answer = post("/agent/v1/enroll", {"key": token.secret, "request": FakeAgent().request(clock_now())})
    assert answer.status_code == 200, answer.content
    assert {"device", "company", "instance", "nats", "root_key", "min_version", "addresses"} <= set(answer.json())


def test_http_waiting_is_202_with_the_time_to_ask_again(edge_seed: None, token: EnrollmentToken, now: datetime) -> None:
    from seatkeep_webkit.clock import now as clock_now

    token_revoke(actor=ACTOR, token=token, now=now)
    answer = post("/agent/v1/enroll", {"key": token.secret, "request": FakeAgent().request(clock_now())})
    assert (answer.status_code, answer.json()["status"]) == (202, "waiting")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"key": 1}', b"\xff\xfe", b'{"key":"a","request":"x.y.z"}'])
def test_http_garbage_is_a_problem_document(db: None, token: EnrollmentToken, body: bytes) -> None:
    answer = post("/agent/v1/enroll", body)
    assert 400 <= answer.status_code < 500
    assert answer["Content-Type"] == "application/problem+json"


def test_http_ten_megabytes_are_refused_unread(db: None) -> None:
    answer = post("/agent/v1/enroll", b"x" * 10_000_000)
    assert (answer.status_code, answer.json()["code"]) == (422, "too_large")


def test_http_an_unknown_key_is_a_403_with_its_code(db: None, now: datetime) -> None:
    answer = post("/agent/v1/enroll", {"key": "skd_x", "request": FakeAgent().request(now)})
    assert (answer.status_code, answer.json()["code"]) == (403, "key_unknown")


def test_http_a_wrong_clock_is_told_the_time_in_the_problem_itself(token: EnrollmentToken) -> None:
    body = {"key": token.secret, "request": FakeAgent().request(datetime.now(UTC) - timedelta(days=30))}
    answer = Client().post("/agent/v1/enroll", json.dumps(body), content_type="application/json")
    problem = answer.json()
    told = datetime.fromtimestamp(problem["server_time_us"] / 1_000_000, UTC)
    assert (answer.status_code, problem["code"]) == (422, "clock_skew")
    assert abs(told - datetime.now(UTC)) < timedelta(seconds=30)


def test_http_the_lease_keys_of_licensing_come_through_the_relay(db: None, settings: Any, licensing_url: str) -> None:
    settings.LICENSING_DEVICE_URL, settings.DEVICE_CA = licensing_url, None
    answer = Client().get("/agent/v1/relay/keys")
    assert (answer.status_code, answer.content, answer["Content-Type"]) == (200, KEYS, "application/json")


def test_http_lease_keys_are_only_read(db: None) -> None:
    assert Client().post("/agent/v1/relay/keys").status_code == 405


def test_http_a_flood_of_requests_is_slowed_down(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seatkeep_manager.enrollment.views.REQUESTS_PER_MINUTE", 3)
    codes = [post("/agent/v1/enroll", b"{").status_code for _ in range(5)]
    assert 429 in codes


def test_http_a_hub_that_is_down_is_a_503_with_retry_after(db: None, settings: Any) -> None:
    settings.LICENSING_DEVICE_URL = "http://127.0.0.1:9"
    answer = post("/agent/v1/relay/activate", b"token")
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")


def test_http_progress_of_an_installer_is_kept(token: EnrollmentToken) -> None:
    body = {
        "key": token.secret, "install_id": "019aa000-0000-7000-8000-000000000000", "step": "downloaded", "ok": True,
        "detail": "",
    }  # fmt: skip
    assert post("/agent/v1/progress", body).status_code == 204
    assert token.installs.get().step == "downloaded"


@pytest.mark.django_db
def test_a_machine_is_found_by_its_index_among_the_many_of_a_customer(tree: Tree, now: datetime) -> None:
    Device.objects.bulk_create(
        Device(
            kind="WORKSTATION",
            hostname=f"pc-{number}",
            group=tree.alpha,
            company_hub_id=tree.alpha.company_hub_id,
            fingerprint={"machine_id": f"m{number}", "board_serial": f"b{number}", "system_uuid": f"u{number}"},
            document_floor=1,
            enrolled_at=now,
        )
        for number in range(1_000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE directory_device")
    mine = Device.objects.filter(company_hub_id=tree.alpha.company_hub_id)
    asked = devices_alike(mine, {"machine_id": "m7", "board_serial": "b8", "mac": "a9"})
    assert sorted(found.hostname for found in asked) == ["pc-7", "pc-8"]
    assert "device_fingerprint" in asked.explain()
    assert not devices_alike(mine, {"mac": "a9"})
