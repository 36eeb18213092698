"""Policies refuse nonsense, tickets go to the right key, problems follow the facts."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from cast import ACTOR, Tree
from seatkeep_license.keys import SigningKey
from seatkeep_license.tickets import ticket_verify
from seatkeep_manager.directory.models import Device
from seatkeep_manager.directory.services import device_retire
from seatkeep_manager.enrollment.deciding import request_reject
from seatkeep_manager.enrollment.models import EnrollmentToken
from seatkeep_manager.enrollment.services import device_enroll, token_revoke
from seatkeep_manager.hublink.adapters.messages import LicenseItem, NodeItem
from seatkeep_manager.hublink.enums import LinkState
from seatkeep_manager.hublink.mirror import item_apply
from seatkeep_manager.hublink.models import HubLink, MirroredLicense, MirroredNode
from seatkeep_manager.hublink.services import instance_key
from seatkeep_manager.policies.enums import PolicyProduct
from seatkeep_manager.policies.errors import DocumentTooLargeError, PolicyForeignError, PolicySettingsError
from seatkeep_manager.policies.models import PolicyVersion
from seatkeep_manager.policies.selectors import effective_policy
from seatkeep_manager.policies.services import (
    policy_assign_device,
    policy_assign_group,
    policy_create,
    policy_update,
)
from seatkeep_manager.problems.acts import problems_snooze
from seatkeep_manager.problems.enums import UNRESOLVED, ProblemKind
from seatkeep_manager.problems.models import Problem
from seatkeep_manager.problems.services import devices_evaluate, instance_evaluate, snoozes_end
from seatkeep_manager.publisher.gather import events_consume, events_foresee
from seatkeep_manager.statedocs.licenses import license_assign_enrolled, license_assign_waiting, tickets_issue
from seatkeep_manager.statedocs.models import LicenseAssignment
from seatkeep_manager.statedocs.rules import seats_free
from seatkeep_manager.statedocs.waiting import refused_ask_again
from seatkeep_manager.tasks.errors import TaskParamsInvalidError, TaskTargetsEmptyError
from seatkeep_manager.tasks.services import task_create, task_runs_expire

SETTING = "heartbeat.interval_seconds"
HUB = "https://licensing.localhost:8443"


def make(tree: Tree, now: datetime, settings: dict[str, Any], company: uuid.UUID | None = None, **extra: Any) -> int:
    product = extra.get("product", PolicyProduct.AGENT)
    return policy_create(
        actor=ACTOR, name="P", product=product, settings=settings, company_hub_id=company, now=now
    ).pk  # fmt: skip


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("no.such.setting", {"value": 1}),
        (SETTING, {"value": "fast"}),
        (SETTING, {"value": 1}),
        (SETTING, {"value": 60, "flag": "SHOUT"}),
        (SETTING, {}),
        (SETTING, 60),
    ],
)
def test_a_wrong_setting_is_refused_by_name(tree: Tree, now: datetime, name: str, setting: object) -> None:
    with pytest.raises(PolicySettingsError) as caught:
        make(tree, now, {name: setting})
    assert list(caught.value.fields) == [name]


def test_a_forced_setting_of_a_group_wins_over_the_devices_own(device: Device, tree: Tree, now: datetime) -> None:
    forced = make(tree, now, {SETTING: {"value": 60, "flag": "FORCE"}})
    own = make(tree, now, {SETTING: {"value": 90}})
    policy_assign_group(actor=ACTOR, policy_id=forced, group_id=tree.msp.pk, now=now)
    policy_assign_device(actor=ACTOR, policy_id=own, device_id=device.pk, now=now)
    effective = effective_policy(device, product="agent")[SETTING]
    assert (effective.value, effective.is_forced) == (60, True)


def test_a_customers_policy_cannot_be_put_on_another_customer(tree: Tree, now: datetime) -> None:
    policy = make(tree, now, {SETTING: {"value": 60}}, company=tree.alpha.hub_id)
    with pytest.raises(PolicyForeignError):
        policy_assign_group(actor=ACTOR, policy_id=policy, group_id=tree.beta.pk, now=now)


def test_a_change_makes_a_version_and_no_change_makes_none(tree: Tree, now: datetime) -> None:
    policy = make(tree, now, {SETTING: {"value": 60}})
    policy_update(actor=ACTOR, policy_id=policy, settings={SETTING: {"value": 60}}, now=now)
    policy_update(actor=ACTOR, policy_id=policy, settings={SETTING: {"value": 70}}, now=now)
    assert list(PolicyVersion.objects.filter(policy_id=policy).values_list("version", flat=True)) == [1, 2]


def test_what_would_not_fit_a_document_is_refused_while_editing(
    tree: Tree, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seatkeep_manager.policies.size.DOCUMENT_LIMIT_BYTES", 4 * 1024 + 300)
    policy = make(tree, now, {SETTING: {"value": 60}})
    with pytest.raises(DocumentTooLargeError):
        policy_assign_group(actor=ACTOR, policy_id=policy, group_id=tree.alpha.pk, now=now)


@pytest.fixture
def linked(tree: Tree, now: datetime) -> MirroredLicense:
    assert tree.alpha.hub_id is not None
    HubLink.objects.create(
        state=LinkState.LINKED, instance_id=uuid.uuid4(), company_id=tree.msp.hub_id, licensing_device_url=HUB
    )
    found = MirroredLicense.objects.create(
        hub_id=uuid.uuid4(), public_id="ABC-DEF-GHJ", owner_hub_id=tree.msp.hub_id, quantity=5, changed_at=now
    )
    MirroredNode.objects.create(
        hub_id=uuid.uuid4(), license_hub_id=found.hub_id, company_hub_id=tree.alpha.hub_id,
        product="endpoint-workstation", changed_at=now,
    )  # fmt: skip
    return found


def test_a_new_device_is_told_to_hold_a_seat_of_its_customer(
    device: Device, linked: MirroredLicense, now: datetime
) -> None:
    made = license_assign_enrolled(device_id=device.pk, token_id=None, now=now)
    assert made is not None
    assert (made.license_public_id, made.product, made.ticket) == ("ABC-DEF-GHJ", "endpoint-workstation", "")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("last", ["license", "seats"])
def test_an_agreement_that_comes_after_the_device_gives_it_a_license_at_once(
    device: Device, tree: Tree, now: datetime, last: str
) -> None:
    assert license_assign_enrolled(device_id=device.pk, token_id=None, now=now) is None
    share = LicenseItem(id=uuid.uuid4(), public_id="ABC-DEF-GHJ", owner_id=tree.msp.hub_id, state="OK", quantity=5)
    seats = NodeItem(
        id=uuid.uuid4(), license_id=share.id, company_id=tree.alpha.hub_id, product="endpoint-workstation"
    )  # fmt: skip
    for item in (seats, share) if last == "license" else (share, seats):
        item_apply(item, run_id=0, now=now)
    events_consume(now=now)
    events_foresee(now=now, ahead=set())  # What an open transaction of another test holds back.
    assert LicenseAssignment.objects.get(device=device).license_public_id == "ABC-DEF-GHJ"


def test_a_device_keeps_its_license_when_the_hub_tells_of_others(
    device: Device, linked: MirroredLicense, now: datetime
) -> None:
    license_assign_enrolled(device_id=device.pk, token_id=None, now=now)
    assert license_assign_waiting(share_ids=[linked.hub_id], now=now) == 0


def test_a_ticket_is_bound_to_the_endpoints_key(device: Device, linked: MirroredLicense, now: datetime) -> None:
    license_assign_enrolled(device_id=device.pk, token_id=None, now=now)
    endpoint = SigningKey.generate()
    Device.objects.filter(pk=device.pk).update(endpoint_thumbprint=endpoint.kid)
    assert tickets_issue(device_ids=[device.pk], now=now) == 1
    ticket = ticket_verify(
        LicenseAssignment.objects.get().ticket, keys=instance_key(now=now).verify_key, audience=HUB, now=now,
        device_key=endpoint.verify_key, product="endpoint-workstation",
    )  # fmt: skip
    assert ticket.license == "ABC-DEF-GHJ"
    assert tickets_issue(device_ids=[device.pk], now=now) == 0


def test_the_ticket_leaves_the_document_once_the_seat_is_held(
    device: Device, linked: MirroredLicense, now: datetime
) -> None:
    license_assign_enrolled(device_id=device.pk, token_id=None, now=now)
    Device.objects.filter(pk=device.pk).update(endpoint_thumbprint="k")
    tickets_issue(device_ids=[device.pk], now=now)
    Device.objects.filter(pk=device.pk).update(lease={"state": "ACTIVE", "public_id": "ABC-DEF-GHJ"})
    tickets_issue(device_ids=[device.pk], now=now)
    assert LicenseAssignment.objects.get().ticket == ""


def unresolved(kind: ProblemKind) -> int:
    return Problem.objects.filter(kind=kind, state__in=UNRESOLVED).count()


def test_a_waiting_device_is_a_problem_until_it_is_decided(token: EnrollmentToken, now: datetime) -> None:
    from cast import FakeAgent

    token_revoke(actor=ACTOR, token=token, now=now)
    waiting: Any = device_enroll(secret=token.secret, request=FakeAgent().request(now), ip=None, now=now)
    instance_evaluate(now=now)
    assert unresolved(ProblemKind.WAITING_FOR_APPROVAL) == 1
    request_reject(actor=ACTOR, user=None, request=waiting.request, now=now)
    instance_evaluate(now=now)
    assert unresolved(ProblemKind.WAITING_FOR_APPROVAL) == 0


def test_a_broken_link_is_a_problem_after_ten_minutes(linked: MirroredLicense, now: datetime) -> None:
    HubLink.objects.update(disconnected_since=now)
    instance_evaluate(now=now + timedelta(minutes=9))
    assert unresolved(ProblemKind.LINK_BROKEN) == 0
    instance_evaluate(now=now + timedelta(minutes=10))
    assert unresolved(ProblemKind.LINK_BROKEN) == 1


def test_silence_is_one_problem_and_retiring_ends_it(device: Device, now: datetime) -> None:
    later = now + timedelta(days=15)
    for _ in range(2):
        devices_evaluate(device_ids=[device.pk], now=later)
    assert unresolved(ProblemKind.WORKSTATION_SILENT) == 1
    device_retire(actor=ACTOR, device_id=device.pk, now=later)
    devices_evaluate(device_ids=[device.pk], now=later)
    assert unresolved(ProblemKind.WORKSTATION_SILENT) == 0


def test_a_snoozed_problem_comes_back(device: Device, now: datetime) -> None:
    later = now + timedelta(days=15)
    devices_evaluate(device_ids=[device.pk], now=later)
    problem = Problem.objects.get(kind=ProblemKind.WORKSTATION_SILENT)
    problems_snooze(actor=ACTOR, user=None, problem_ids=[problem.pk], until=later + timedelta(hours=1), now=later)
    assert snoozes_end(now=later) == 0
    assert snoozes_end(now=later + timedelta(hours=1)) == 1


@pytest.mark.parametrize(("kind", "params"), [("FLY", {}), ("SCAN", {"targets": [1]}), ("SCAN", {"evil": 1})])
def test_a_task_with_wrong_parameters_is_refused(device: Device, now: datetime, kind: str, params: Any) -> None:
    with pytest.raises(TaskParamsInvalidError):
        task_create(actor=ACTOR, kind=kind, params=params, device_ids=[device.pk], now=now)


def test_a_task_for_a_retired_device_has_no_target(device: Device, now: datetime) -> None:
    device_retire(actor=ACTOR, device_id=device.pk, now=now)
    with pytest.raises(TaskTargetsEmptyError):
        task_create(actor=ACTOR, kind="SCAN", params={}, device_ids=[device.pk], now=now)


def test_a_scan_expires_after_seven_days(device: Device, now: datetime) -> None:
    task = task_create(actor=ACTOR, kind="SCAN", params={}, device_ids=[device.pk], now=now)
    assert task_runs_expire(now=now + timedelta(days=7) - timedelta(seconds=1)) == set()
    assert task_runs_expire(now=now + timedelta(days=7)) == {device.pk}
    assert task.runs.get().state == "EXPIRED"


@pytest.fixture
def refused(device: Device, linked: MirroredLicense, now: datetime) -> LicenseAssignment:
    """A device whose ticket the hub refused, because the customer's one seat is taken."""
    license_assign_enrolled(device_id=device.pk, token_id=None, now=now)
    MirroredNode.objects.update(hard_limit=1, used=1)
    lease = {"state": "REFUSED", "error": "no_seat_left"}
    Device.objects.filter(pk=device.pk).update(endpoint_thumbprint=SigningKey.generate().kid, lease=lease)
    tickets_issue(device_ids=[device.pk], now=now)
    return LicenseAssignment.objects.get()


def test_a_refused_device_is_told_as_soon_as_there_is_room(
    refused: LicenseAssignment, linked: MirroredLicense, now: datetime
) -> None:
    assert refused_ask_again(share_ids=[linked.hub_id], now=now) == 0
    MirroredNode.objects.update(hard_limit=2)
    assert refused_ask_again(share_ids=[linked.hub_id], now=now) == 1
    assert LicenseAssignment.objects.get().ticket not in ("", refused.ticket)


@pytest.mark.parametrize(
    ("changed", "free"),
    [
        ({}, None),
        ({"customer_room": (3, 1)}, 2),
        ({"customer_room": (3, 5)}, 0),
        ({"license_room": (4, 4)}, None),
        ({"license_room": (4, 3), "is_blocking": True}, 1),
        ({"license_room": (4, 3), "customer_room": (9, 1), "is_blocking": True}, 1),
        ({"is_suspended": True}, 0),
        ({"license_state": "EXPIRED"}, 0),
    ],
)
def test_seats_are_free_where_nothing_refuses_one(changed: dict[str, Any], free: int | None) -> None:
    facts: dict[str, Any] = {
        "license_state": "OK", "is_blocking": False, "is_suspended": False, "license_room": (None, 0),
        "customer_room": (None, 0),
    }  # fmt: skip
    assert seats_free(**facts | changed) == free
