"""The worker's part of a roll-out: see how the reached devices fare, and go on, or stop and take it back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, F, Q
from seatkeep_protocol.policy import ChainNode, NodeKind, policies_merge
from seatkeep_protocol.rollouts import chain_on
from seatkeep_protocol.settings_schema import ENDPOINT, product_schema
from seatkeep_protocol.subjects import device_key, group_key
from seatkeep_webkit.actors import Actor

from seatkeep_manager.directory.models import Device
from seatkeep_manager.enrollment.broker import company_hex
from seatkeep_manager.policies import rollout_rules as rules
from seatkeep_manager.policies.enums import RolloutDeviceState, RolloutState
from seatkeep_manager.policies.errors import PolicyNotFoundError, RolloutNotFoundError
from seatkeep_manager.policies.models import PolicyRollout, PolicyRolloutDevice
from seatkeep_manager.policies.reached import changed_settings, device_report, devices_take_in
from seatkeep_manager.policies.rolling import plan_of, rollout_end, rollout_lock, rollout_next
from seatkeep_manager.policies.selectors import devices_chains

DEVICES_AT_ONCE = 2_000
"""How many devices one look judges; those that were looked at longest ago come first."""
ACTOR = Actor.system("roll-out")


@transaction.atomic
def rollout_watch(*, rollout_id: int, now: datetime) -> rules.Step | None:
    """Judge the devices of a roll-out and do what follows. Idempotent; safe beside a person who acts on it.

    Returns:
        What was done; None when it is over.
    """
    try:
        rollout = rollout_lock(rollout_id)
    except (RolloutNotFoundError, PolicyNotFoundError):
        return None
    devices_take_in(rollout)
    _judge(rollout, now)
    rollout.counts = _counts(rollout, now)
    rollout.save(update_fields=["counts"])
    step = _step(rollout, now)
    if step is rules.Step.STOP:
        rollout_end(rollout, RolloutState.STOPPED, actor=ACTOR, now=now, reason=_reason(rollout))
    elif step in (rules.Step.NEXT, rules.Step.FINISH):
        rollout_next(rollout, actor=ACTOR, now=now)
    return step


def _judge(rollout: PolicyRollout, now: datetime) -> None:
    has_news = Q(device__protection_at__gt=F("checked_at"))
    due = rollout.devices.filter(Q(state=RolloutDeviceState.WAITING) | has_news)
    rows = list(
        due.select_related("device__group").order_by(F("checked_at").asc(nulls_first=True), "id")[:DEVICES_AT_ONCE]
    )
    chains = devices_chains([row.device for row in rows])
    changed = changed_settings(rollout)
    for row in rows:
        chain = chains[row.device_id]
        fate = rules.device_fate(
            device_report(row.device, _applied(row.device, chain, rollout.policy.uid.hex)),
            changed=changed,
            expected=_expected(chain, row.device, changed) if rollout.policy.product == ENDPOINT else None,
            was_well=row.was_well,
            since=row.reached_at,
        )
        row.state, row.reason, row.checked_at = fate.state, fate.reason[:500], now
    PolicyRolloutDevice.objects.bulk_update(rows, ["state", "reason", "checked_at"], batch_size=500)


def _applied(device: Device, chain: list[ChainNode], policy: str) -> int:
    """The lowest version that a device obeys of the documents that carry the policy."""
    keys = {
        device_key(device.hex_id)
        if node.kind is NodeKind.DEVICE
        else group_key(company_hex(device.company_hub_id), device.group.uid.hex)
        for node in chain
        if any(one.policy == policy for one in node.policies)
    }
    return min((int(device.applied_versions.get(key, 0)) for key in keys), default=0)


def _expected(chain: list[ChainNode], device: Device, changed: Mapping[str, Any]) -> dict[str, Any]:
    """What the merge gives for the changed settings, where a policy sets them on this device."""
    effective = policies_merge(chain_on(chain, device.hex_id), product=ENDPOINT, schema=product_schema(ENDPOINT))
    return {name: effective[name].value for name in changed if name in effective and effective[name].origins}


def _counts(rollout: PolicyRollout, now: datetime) -> dict[str, int]:
    answered = ~Q(state=RolloutDeviceState.WAITING)
    is_online = Q(device__online_until__gt=now)
    counted = rollout.devices.aggregate(
        total=Count("id"),
        applied=Count("id", filter=Q(state=RolloutDeviceState.APPLIED)),
        failed=Count("id", filter=Q(state=RolloutDeviceState.FAILED)),
        waiting=Count("id", filter=Q(state=RolloutDeviceState.WAITING)),
        online=Count("id", filter=is_online),
        online_answered=Count("id", filter=is_online & answered),
    )
    return {name: int(count) for name, count in counted.items()}


def _step(rollout: PolicyRollout, now: datetime) -> rules.Step:
    counts = rollout.counts
    return rules.next_step(
        applied=counts["applied"],
        failed=counts["failed"],
        online=counts["online"],
        online_answered=counts["online_answered"],
        plan=plan_of(rollout),
        is_last_stage=rollout.is_last_stage,
        is_running=rollout.state == RolloutState.RUNNING,
        stage_at=rollout.stage_at,
        now=now,
    )


def _reason(rollout: PolicyRollout) -> str:
    """The commonest failure, as the computers tell it."""
    failed = rollout.devices.filter(state=RolloutDeviceState.FAILED).exclude(reason="")
    found = failed.values("reason").annotate(n=Count("id")).order_by("-n", "reason").first()
    return found["reason"] if found else ""
