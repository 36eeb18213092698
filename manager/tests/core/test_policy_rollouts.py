"""A version reaches some devices first, goes on when it fares well there, and takes itself back when it does not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cast import ACTOR, Tree
from django.db import IntegrityError, transaction
from seatkeep_manager.directory.enums import DeviceKind
from seatkeep_manager.directory.models import Device
from seatkeep_manager.directory.services import device_create, device_retire
from seatkeep_manager.enrollment.broker import company_hex
from seatkeep_manager.policies.enums import PolicyProduct, RolloutDeviceState, RolloutState
from seatkeep_manager.policies.errors import (
    DocumentTooLargeError,
    PolicyLockedError,
    PolicyRollingOutError,
    PolicyUnchangedError,
    PolicyUnusedError,
    RolloutNotFoundError,
    RolloutPlanError,
)
from seatkeep_manager.policies.models import Policy, PolicyRollout
from seatkeep_manager.policies.rolling import (
    rollout_advance,
    rollout_pause,
    rollout_resume,
    rollout_start,
    rollout_take_back,
)
from seatkeep_manager.policies.rollout_rules import Plan, Report, Step, device_fate, next_step
from seatkeep_manager.policies.selectors import effective_policy, group_chain
from seatkeep_manager.policies.services import policy_assign_group, policy_create, policy_delete, policy_update
from seatkeep_manager.policies.watching import rollout_watch
from seatkeep_protocol.documents import document_chain
from seatkeep_protocol.policy import policies_merge
from seatkeep_protocol.settings_schema import product_schema
from seatkeep_protocol.subjects import group_key

HOUR = "scan.schedule"
GOOD, BAD = "0 3 * * *", "99 99 * * *"
PLAN = Plan(stages=(10, 50, 100), hold=timedelta(minutes=10), failed_percent=10)


@dataclass
class Fleet:
    """Ten computers of one customer under one policy, and what they say."""

    policy: Policy
    devices: list[Device]

    def settings(self, hour: str = GOOD) -> dict[str, Any]:
        return {HOUR: {"value": hour}}

    def obeying(self) -> set[int]:
        """The computers whose agents merge the newer version, by the agent's own code."""
        old = self.policy.settings[HOUR]["value"]
        return {device.pk for device in self.devices if effective_hour(device) != old}

    def speak(self, at: datetime, *, only: set[int] | None = None, **status: Any) -> None:
        """Computers that are online report that they took the newest document and what is in force on them."""
        for device in self.devices:
            if only is not None and device.pk not in only:
                continue
            self._speak(device, at, status)

    def _speak(self, device: Device, at: datetime, status: dict[str, Any]) -> None:
        hour = effective_hour(device)
        fits = hour != BAD
        key = group_key(company_hex(device.company_hub_id), device.group.uid.hex)
        said = {"settings": {HOUR: hour if fits else None}, "settings_errors": {} if fits else {HOUR: "no cron line"}}
        Device.objects.filter(pk=device.pk).update(
            applied_versions={key: int(at.timestamp() * 1_000_000)},
            endpoint_status=said | status,
            protection_at=at,
            online_until=at + timedelta(days=1),
        )


def effective_hour(device: Device) -> Any:
    return effective_policy(device, product="endpoint")[HOUR].value


@pytest.fixture
def fleet(tree: Tree, now: datetime) -> Fleet:
    policy = policy_create(
        actor=ACTOR, name="Scans", product=PolicyProduct.ENDPOINT, settings={HOUR: {"value": "0 1 * * *"}},
        company_hub_id=None, now=now,
    )  # fmt: skip
    policy_assign_group(actor=ACTOR, policy_id=policy.pk, group_id=tree.alpha.pk, now=now)
    devices = [
        device_create(
            actor=ACTOR, group_id=tree.alpha.pk, hostname=f"pc-{n}", kind=DeviceKind.WORKSTATION, now=now
        )
        for n in range(10)
    ]  # fmt: skip
    return Fleet(policy, devices)


def start(fleet: Fleet, now: datetime, hour: str = GOOD, plan: Plan = PLAN) -> PolicyRollout:
    return rollout_start(
        actor=ACTOR, policy_id=fleet.policy.pk, settings=fleet.settings(hour), plan=plan, now=now, note="why"
    )


def state(rollout: PolicyRollout) -> RolloutState:
    rollout.refresh_from_db()
    return RolloutState(rollout.state)


def test_a_stage_reaches_its_share_and_the_policy_stays_in_force_for_the_rest(fleet: Fleet, now: datetime) -> None:
    start(fleet, now)

    assert len(fleet.obeying()) == 1
    fleet.policy.refresh_from_db()
    assert (fleet.policy.version, fleet.policy.settings[HOUR]["value"]) == (1, "0 1 * * *")


def test_a_bad_policy_stops_itself_and_takes_itself_back(fleet: Fleet, now: datetime) -> None:
    rollout = start(fleet, now, BAD)
    reached, later = fleet.obeying(), now + timedelta(minutes=1)
    fleet.speak(later)

    assert rollout_watch(rollout_id=rollout.pk, now=later) is Step.STOP

    assert state(rollout) == RolloutState.STOPPED
    assert (len(reached), rollout.counts["failed"], rollout.reason) == (1, 1, f"{HOUR}: no cron line")
    assert fleet.obeying() == set()
    fleet.policy.refresh_from_db()
    assert fleet.policy.version == 1


def test_a_policy_that_stops_protection_counts_as_failed(fleet: Fleet, now: datetime) -> None:
    rollout = start(fleet, now)
    later = now + timedelta(minutes=1)
    fleet.speak(later)
    Device.objects.filter(pk__in=fleet.obeying()).update(
        protection="NOT_PROTECTED", protection_reasons=["ENGINE_STOPPED"]
    )

    rollout_watch(rollout_id=rollout.pk, now=later)

    assert (state(rollout), rollout.reason) == (RolloutState.STOPPED, "ENGINE_STOPPED")


def test_what_was_broken_before_stops_nothing(fleet: Fleet, now: datetime) -> None:
    Device.objects.update(protection="NOT_PROTECTED", protection_reasons=["ENGINE_STOPPED"])
    rollout = start(fleet, now)
    later = now + timedelta(minutes=1)
    fleet.speak(later)

    rollout_watch(rollout_id=rollout.pk, now=later)

    assert state(rollout) == RolloutState.RUNNING
    assert rollout.counts["applied"] == 1


def test_a_good_policy_goes_stage_by_stage_to_everybody(fleet: Fleet, now: datetime) -> None:
    rollout, at, reached = start(fleet, now), now, []
    for _ in range(3):
        fleet.policy.refresh_from_db()
        reached.append(len(fleet.obeying()))
        at += timedelta(minutes=1)
        fleet.speak(at)
        assert rollout_watch(rollout_id=rollout.pk, now=at) is Step.WAIT
        at += PLAN.hold
        rollout_watch(rollout_id=rollout.pk, now=at)

    assert (reached, state(rollout)) == ([1, 5, 10], RolloutState.FINISHED)
    fleet.policy.refresh_from_db()
    assert (fleet.policy.version, fleet.policy.settings) == (2, rollout.version.settings)
    assert group_chain(fleet.devices[0].group)[-1].policies[0].rollout is None


def test_who_was_first_stays_when_more_follow(fleet: Fleet, now: datetime) -> None:
    rollout = start(fleet, now)
    first = fleet.obeying()

    rollout_advance(actor=ACTOR, rollout_id=rollout.pk, now=now)

    assert first < fleet.obeying()


def test_devices_that_are_off_hold_nothing_up_but_nobody_is_not_enough(fleet: Fleet, now: datetime) -> None:
    rollout = start(fleet, now)
    rollout_advance(actor=ACTOR, rollout_id=rollout.pk, now=now)
    later = now + PLAN.hold
    assert rollout_watch(rollout_id=rollout.pk, now=later) is Step.WAIT

    fleet.speak(later, only=set(list(fleet.obeying())[:1]))

    assert rollout_watch(rollout_id=rollout.pk, now=later) is Step.NEXT


def test_a_device_that_took_no_document_since_has_not_answered(fleet: Fleet, now: datetime) -> None:
    fleet.speak(now - timedelta(seconds=1))
    rollout = start(fleet, now)

    rollout_watch(rollout_id=rollout.pk, now=now + PLAN.hold)

    assert state(rollout) == RolloutState.RUNNING
    assert rollout.counts["waiting"] == 1


def test_paused_it_stays_and_resumed_it_goes_on(fleet: Fleet, now: datetime) -> None:
    rollout = start(fleet, now)
    rollout_pause(actor=ACTOR, rollout_id=rollout.pk, now=now)
    later = now + PLAN.hold
    fleet.speak(later)
    assert rollout_watch(rollout_id=rollout.pk, now=later) is Step.WAIT

    rollout_resume(actor=ACTOR, rollout_id=rollout.pk, now=later)

    assert rollout_watch(rollout_id=rollout.pk, now=later) is Step.NEXT


def test_paused_it_still_stops_on_errors(fleet: Fleet, now: datetime) -> None:
    rollout = start(fleet, now, BAD)
    rollout_pause(actor=ACTOR, rollout_id=rollout.pk, now=now)
    fleet.speak(now + timedelta(seconds=1))

    assert rollout_watch(rollout_id=rollout.pk, now=now + timedelta(seconds=1)) is Step.STOP


def test_taken_back_by_a_person_everybody_obeys_what_is_in_force(fleet: Fleet, now: datetime) -> None:
    rollout = start(fleet, now)

    rollout_take_back(actor=ACTOR, rollout_id=rollout.pk, now=now)

    assert fleet.obeying() == set()
    with pytest.raises(RolloutNotFoundError):
        rollout_take_back(actor=ACTOR, rollout_id=rollout.pk, now=now)


def test_meanwhile_the_policy_cannot_be_changed(fleet: Fleet, now: datetime) -> None:
    start(fleet, now)

    with pytest.raises(PolicyRollingOutError):
        policy_update(actor=ACTOR, policy_id=fleet.policy.pk, settings=fleet.settings("0 9 * * *"), now=now)
    with pytest.raises(PolicyRollingOutError):
        start(fleet, now, "0 9 * * *")


def test_a_policy_deleted_on_the_way_ends_its_rollout(fleet: Fleet, now: datetime) -> None:
    rollout = start(fleet, now)

    policy_delete(actor=ACTOR, policy_id=fleet.policy.pk, now=now)

    assert state(rollout) == RolloutState.ROLLED_BACK
    assert rollout_watch(rollout_id=rollout.pk, now=now) is None


def test_a_computer_that_joins_on_the_way_is_taken_in(fleet: Fleet, tree: Tree, now: datetime) -> None:
    rollout = start(fleet, now, plan=Plan(stages=(100,), hold=timedelta(hours=1)))
    device_create(actor=ACTOR, group_id=tree.alpha.pk, hostname="new", kind=DeviceKind.SERVER, now=now)
    device_retire(actor=ACTOR, device_id=fleet.devices[0].pk, now=now)

    rollout_watch(rollout_id=rollout.pk, now=now)

    rollout.refresh_from_db()
    assert rollout.counts["total"] == 11


def test_a_rollout_needs_somebody_a_difference_and_a_policy_of_ones_own(
    fleet: Fleet, tree: Tree, now: datetime
) -> None:
    unused = policy_create(
        actor=ACTOR, name="Unused", product=PolicyProduct.ENDPOINT, settings={}, company_hub_id=None, now=now
    )
    with pytest.raises(PolicyUnusedError):
        rollout_start(actor=ACTOR, policy_id=unused.pk, settings=fleet.settings(), plan=PLAN, now=now)
    with pytest.raises(PolicyUnchangedError):
        start(fleet, now, "0 1 * * *")
    Policy.objects.filter(pk=fleet.policy.pk).update(builtin="x")
    with pytest.raises(PolicyLockedError):
        start(fleet, now)


def test_both_versions_have_to_fit_the_document(fleet: Fleet, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    size = 4 * 1024 + 4 * 128 + 160
    monkeypatch.setattr("seatkeep_manager.policies.size.DOCUMENT_LIMIT_BYTES", size)
    with pytest.raises(DocumentTooLargeError) as caught:
        start(fleet, now, "0 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16 * * *")

    assert "Alpha" in caught.value.detail
    assert not PolicyRollout.objects.exists()


@pytest.mark.parametrize(
    "plan",
    [
        {"stages": ()}, {"stages": (10, 10, 100)}, {"stages": (50,)}, {"stages": (0, 100)}, {"stages": (100, 50)},
        {"stages": (10, 101)}, {"stages": (*range(1, 11), 100)}, {"failed_percent": 101}, {"failed_percent": -1},
        {"hold": timedelta(days=15)}, {"hold": timedelta(seconds=-1)},
    ],
)  # fmt: skip
def test_a_plan_that_makes_no_sense_is_refused_by_field(plan: dict[str, Any]) -> None:
    with pytest.raises(RolloutPlanError) as caught:
        Plan(**plan)

    assert caught.value.fields


def test_race_one_policy_has_one_rollout_under_way(fleet: Fleet, now: datetime) -> None:
    rollout = start(fleet, now)
    rollout.pk, rollout.uid = None, fleet.policy.uid

    with pytest.raises(IntegrityError), transaction.atomic():
        rollout.save(force_insert=True)


def test_the_agent_and_the_console_agree_who_obeys(fleet: Fleet, now: datetime) -> None:
    from seatkeep_manager.statedocs import rules
    from seatkeep_protocol.documents import Addresses

    start(fleet, now)
    nodes = group_chain(fleet.devices[0].group)
    obeying = set()
    for device in fleet.devices:
        facts = rules.DeviceFacts(
            uid=device.uid, name=device.name, company="0" * 32, group=device.group.uid, group_version=1,
            restore_id=device.uid, policies=(), tasks=(), license=None, retired_at=None, addresses=Addresses(),
        )  # fmt: skip
        document = rules.device_document(instance="1" * 32, facts=facts)
        group = rules.group_document(
            instance="1" * 32, company="0" * 32, group=device.group.uid.hex, nodes=nodes, dynamic={}
        )
        chain = document_chain(group, document, {})
        merged = policies_merge(chain, product="endpoint", schema=product_schema("endpoint"))
        if merged[HOUR].value == GOOD:
            obeying.add(device.pk)

    assert obeying == fleet.obeying()


SINCE = datetime.fromtimestamp(1_000_000, tz=UTC)


def report(**changed: Any) -> Report:
    facts: dict[str, Any] = {
        "applied": 2_000_000_000_000, "status_at": SINCE + timedelta(seconds=5), "values": {HOUR: GOOD}, "errors": {},
        "is_unprotected": False, "reasons": [],
    }  # fmt: skip
    return Report(**facts | changed)


@pytest.mark.parametrize(
    ("said", "was_well", "expected"),
    [
        (report(), True, "APPLIED"),
        (report(applied=1), True, "WAITING"),
        (report(values={HOUR: "0 1 * * *"}), True, "WAITING"),
        (report(values={}), True, "APPLIED"),
        (report(errors={HOUR: "x"}), True, "FAILED"),
        (report(errors={HOUR: "x"}), False, "APPLIED"),
        (report(errors={"engine.kind": "x"}), True, "APPLIED"),
        (report(errors={HOUR: "x"}, status_at=SINCE - timedelta(seconds=1)), True, "WAITING"),
        (report(is_unprotected=True, reasons=["LICENSE_MISSING"]), True, "APPLIED"),
        (report(is_unprotected=True, reasons=["SIGNATURES_MISSING"]), True, "FAILED"),
    ],
)
def test_how_a_device_fares(said: Report, was_well: bool, expected: str) -> None:
    fate = device_fate(said, changed={HOUR: None}, expected={HOUR: GOOD}, was_well=was_well, since=SINCE)

    assert fate.state == RolloutDeviceState(expected)


@pytest.mark.parametrize(("applied", "expected"), [(1, "WAITING"), (2_000_000_000_000, "APPLIED")])
def test_where_nobody_reports_values_the_document_decides(applied: int, expected: str) -> None:
    fate = device_fate(report(applied=applied), changed={}, expected=None, was_well=True, since=SINCE)

    assert fate.state == RolloutDeviceState(expected)


@pytest.mark.parametrize(
    ("applied", "failed", "expected"),
    [(0, 1, Step.STOP), (9, 1, Step.WAIT), (8, 1, Step.STOP), (90, 10, Step.WAIT), (89, 11, Step.STOP)],
)
def test_it_stops_above_the_threshold_not_at_it(applied: int, failed: int, expected: Step) -> None:
    step = next_step(
        applied=applied, failed=failed, online=0, online_answered=0, plan=PLAN, is_last_stage=False, is_running=True,
        stage_at=SINCE, now=SINCE,
    )  # fmt: skip

    assert step is expected
