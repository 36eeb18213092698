"""Staged roll-outs: a version reaches a share of the devices first, and takes itself back when it fails there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from seatkeep_protocol.rollouts import reach_for
from seatkeep_webkit.actors import Actor

from seatkeep_manager.policies.enums import UNFINISHED, RolloutState
from seatkeep_manager.policies.errors import PolicyUnchangedError, PolicyUnusedError, RolloutNotFoundError
from seatkeep_manager.policies.models import PolicyRollout
from seatkeep_manager.policies.reached import devices_take_in
from seatkeep_manager.policies.rollout_rules import Plan
from seatkeep_manager.policies.rules import settings_clean
from seatkeep_manager.policies.selectors import policy_devices
from seatkeep_manager.policies.writing import (
    policy_lock,
    policy_lock_to_change,
    policy_record,
    policy_touch,
    version_enforce,
    version_write,
)


@transaction.atomic
def rollout_start(
    *, actor: Actor, policy_id: int, settings: Mapping[str, Any], plan: Plan, now: datetime, note: str = ""
) -> PolicyRollout:
    """Make a version of a policy and let the first share of its devices obey it.

    Args:
        actor: Who does it.
        policy_id: The policy.
        settings: The newer settings in whole, as for `policy_create`.
        plan: Stages, watching time, and when to stop.
        now: Current time, aware UTC.
        note: Why; at most 500 characters are kept with the version.

    Raises:
        PolicyNotFoundError: There is no such policy.
        PolicyLockedError: It is built in.
        PolicyRollingOutError: Another version of it is being rolled out.
        PolicySettingsError: A setting is unknown or does not fit.
        PolicyUnchangedError: The settings are those in force.
        PolicyUnusedError: No device obeys the policy.
        DocumentTooLargeError: A document would be too large with both versions in it.
    """
    policy = policy_lock_to_change(policy_id)
    clean = settings_clean(product=policy.product, settings=settings)
    if clean == policy.settings:
        raise PolicyUnchangedError
    if not policy_devices(policy).exists():
        raise PolicyUnusedError
    rollout = PolicyRollout(
        policy=policy,
        version=version_write(policy, clean, actor=actor, now=now, note=note),
        stages=list(plan.stages),
        reach=0,
        hold_seconds=int(plan.hold.total_seconds()),
        failed_percent=plan.failed_percent,
        started_at=now,
        stage_at=now,
        created_by=actor.label,
    )
    _reach(rollout)
    rollout.save()
    devices_take_in(rollout)
    policy_touch(policy, now)
    policy_record(actor, "policy:rollout", policy, now, version=rollout.version.version, percent=rollout.percent)
    return rollout


@transaction.atomic
def rollout_pause(*, actor: Actor, rollout_id: int, now: datetime) -> PolicyRollout:
    """Stay at the present stage; who obeys goes on obeying, and it still stops by itself on errors. Idempotent.

    Raises:
        RolloutNotFoundError: It is not under way.
    """
    return _set_state(actor, rollout_id, RolloutState.PAUSED, "policy:rollout_pause", now)


@transaction.atomic
def rollout_resume(*, actor: Actor, rollout_id: int, now: datetime) -> PolicyRollout:
    """Go on after a pause. Idempotent.

    Raises:
        RolloutNotFoundError: It is not under way.
    """
    return _set_state(actor, rollout_id, RolloutState.RUNNING, "policy:rollout_resume", now)


@transaction.atomic
def rollout_take_back(*, actor: Actor, rollout_id: int, now: datetime) -> PolicyRollout:
    """Let every device obey the version in force again.

    Raises:
        RolloutNotFoundError: It is not under way.
    """
    rollout = rollout_lock(rollout_id)
    return rollout_end(rollout, RolloutState.ROLLED_BACK, actor=actor, now=now)


@transaction.atomic
def rollout_advance(*, actor: Actor, rollout_id: int, now: datetime) -> PolicyRollout:
    """Begin the next stage now, without waiting; after the last one the version is in force for good.

    Raises:
        RolloutNotFoundError: It is not under way.
    """
    return rollout_next(rollout_lock(rollout_id), actor=actor, now=now)


def rollout_next(rollout: PolicyRollout, *, actor: Actor, now: datetime) -> PolicyRollout:
    """Begin the next stage of a locked roll-out, or finish it after the last."""
    if rollout.is_last_stage:
        return _finish(rollout, actor, now)
    rollout.stage += 1
    rollout.stage_at = now
    _reach(rollout)
    rollout.save(update_fields=["stage", "stage_at", "reach"])
    devices_take_in(rollout)
    policy_touch(rollout.policy, now, is_checking_size=False)
    policy_record(actor, "policy:rollout_stage", rollout.policy, now, percent=rollout.percent)
    return rollout


def rollout_end(
    rollout: PolicyRollout, state: RolloutState, *, actor: Actor, now: datetime, reason: str = ""
) -> PolicyRollout:
    """End a locked roll-out so that every device obeys the version in force again."""
    rollout.state, rollout.reason, rollout.finished_at = state, reason, now
    rollout.save(update_fields=["state", "reason", "finished_at"])
    policy_touch(rollout.policy, now, is_checking_size=False)
    action = "policy:rollout_stop" if state == RolloutState.STOPPED else "policy:rollout_take_back"
    policy_record(actor, action, rollout.policy, now, version=rollout.version.version, reason=reason[:200])
    return rollout


def rollout_lock(rollout_id: int) -> PolicyRollout:
    """Lock a roll-out that is under way, and its policy before it, in the order of all writes.

    Raises:
        RolloutNotFoundError: It is not under way.
    """
    found = PolicyRollout.objects.filter(pk=rollout_id, state__in=UNFINISHED).first()
    if found is None:
        raise RolloutNotFoundError
    policy = policy_lock(found.policy_id)
    rows = PolicyRollout.objects.select_for_update(of=("self",)).select_related("version")
    rollout = rows.filter(pk=rollout_id, state__in=UNFINISHED).first()
    if rollout is None:
        raise RolloutNotFoundError
    rollout.policy = policy
    return rollout


def plan_of(rollout: PolicyRollout) -> Plan:
    """The plan that a roll-out follows."""
    return Plan(tuple(rollout.stages), timedelta(seconds=rollout.hold_seconds), rollout.failed_percent)


def _finish(rollout: PolicyRollout, actor: Actor, now: datetime) -> PolicyRollout:
    rollout.state, rollout.finished_at = RolloutState.FINISHED, now
    rollout.save(update_fields=["state", "finished_at"])
    version_enforce(rollout.policy, rollout.version, now)
    policy_record(actor, "policy:rollout_finish", rollout.policy, now, version=rollout.version.version)
    return rollout


def _set_state(actor: Actor, rollout_id: int, state: RolloutState, action: str, now: datetime) -> PolicyRollout:
    rollout = rollout_lock(rollout_id)
    if rollout.state != state:
        rollout.state = state
        rollout.save(update_fields=["state"])
        policy_record(actor, action, rollout.policy, now, percent=rollout.percent)
    return rollout


def _reach(rollout: PolicyRollout) -> None:
    devices = [uid.hex for uid in policy_devices(rollout.policy).values_list("uid", flat=True)]
    rollout.reach = max(rollout.reach, reach_for(rollout.uid.hex, devices, rollout.percent))
