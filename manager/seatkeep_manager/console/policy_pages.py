"""What the tabs of one policy show: settings, assignments, versions in words, the roll-out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from seatkeep_protocol.settings_schema import product_schema
from seatkeep_webkit.clock import now as clock_now

from seatkeep_manager.console.policy_form import PolicyForm
from seatkeep_manager.console.policy_words import ChangeWords, changes_words
from seatkeep_manager.customers.policy_places import (
    assignments_visible,
    policy_assignments_visible,
    policy_template_names,
)
from seatkeep_manager.directory.enums import AccessLevel
from seatkeep_manager.directory.models import User
from seatkeep_manager.directory.selectors import devices_visible
from seatkeep_manager.policies.enums import RolloutDeviceState, RolloutState
from seatkeep_manager.policies.models import Policy, PolicyRollout, PolicyVersion
from seatkeep_manager.policies.selectors import policy_versions, rollout_latest

TABS = ("overview", "versions", "rollout")
VERSIONS_SHOWN = 50
DEVICES_SHOWN = 50


@dataclass(frozen=True)
class TabItem:
    """One tab of a policy's page."""

    label: str
    url: str
    is_current: bool
    count: int = 0


@dataclass(frozen=True)
class VersionRow:
    """One version, what it changed, and what became of it."""

    version: PolicyVersion
    changes: list[ChangeWords]
    is_in_force: bool
    fate: str
    tone: str


@dataclass(frozen=True)
class StageRow:
    """One stage of a roll-out: its share, and whether it is done, present, where it stopped, or ahead."""

    percent: int
    state: str


def tab_items(policy: Policy, current: str) -> list[TabItem]:
    """The tabs; that of roll-outs only where there was one."""
    address = reverse("console:policy", args=[policy.uid])
    labels = {"overview": _("Overview"), "versions": _("Versions")}
    counts = {"versions": policy.versions.count()}
    if policy.rollouts.exists():
        labels["rollout"] = _("Roll-out")
    return [
        TabItem(label, f"{address}?tab={name}", name == current, counts.get(name, 0)) for name, label in labels.items()
    ]


def tab_context(user: User, policy: Policy, tab: str) -> dict[str, Any]:
    """What one tab shows; nothing is read for the others."""
    if tab == "versions":
        return {"versions": version_rows(policy)}
    if tab == "rollout":
        return rollout_context(user, policy)
    rows = policy_assignments_visible(user, policy)
    form = PolicyForm(product=policy.product, stored=policy.settings)
    return {
        "assignments": rows,
        "writable": set(_writable_ids(user, policy)),
        "hidden": policy.assignments.count() - len(rows),
        "templates": policy_template_names(policy),
        "sections": [section for section in form.sections() if section.set_count],
    }


def _writable_ids(user: User, policy: Policy) -> Iterable[int]:
    return assignments_visible(user, level=AccessLevel.USE).filter(policy=policy).values_list("pk", flat=True)


def version_rows(policy: Policy) -> list[VersionRow]:
    """The newest versions with what each changed against the one before it."""
    found = list(policy_versions(policy)[: VERSIONS_SHOWN + 1])
    schema = product_schema(policy.product)
    endings = {one.version_id: one for one in policy.rollouts.order_by("id")}
    rows = []
    for number, version in enumerate(found[:VERSIONS_SHOWN]):
        before = found[number + 1].settings if number + 1 < len(found) else {}
        fate, tone = _fate(policy, version, endings.get(version.pk))
        rows.append(
            VersionRow(
                version, changes_words(before, version.settings, schema), version.version == policy.version, fate, tone
            )
        )
    return rows


def _fate(policy: Policy, version: PolicyVersion, rollout: PolicyRollout | None) -> tuple[str, str]:
    if version.version == policy.version:
        return _("in force"), "ok"
    if rollout is not None and rollout.state != RolloutState.FINISHED:
        tones = {RolloutState.STOPPED: "bad", RolloutState.ROLLED_BACK: "off"}
        return str(rollout.get_state_display()), tones.get(RolloutState(rollout.state), "info")
    return "", ""


def rollout_context(user: User, policy: Policy) -> dict[str, Any]:
    """The newest roll-out: stages, counts, and the computers that failed or have not answered."""
    rollout = rollout_latest(policy)
    if rollout is None:
        return {"rollout": None}
    before = policy.settings if rollout.finished_at is None else _former(rollout)
    visible = rollout.devices.filter(device__in=devices_visible(user)).select_related("device")
    troubled = visible.exclude(state=RolloutDeviceState.APPLIED).order_by("state", "id")
    return {
        "rollout": rollout,
        "stages": _stages(rollout),
        "troubled": list(troubled[:DEVICES_SHOWN]),
        "troubled_more": max(0, troubled.count() - DEVICES_SHOWN),
        "changes": changes_words(before, rollout.version.settings, product_schema(policy.product)),
        "holds_until": rollout.stage_at + _hold(rollout),
        "is_held": clock_now() >= rollout.stage_at + _hold(rollout),
    }


def _hold(rollout: PolicyRollout) -> timedelta:
    return timedelta(seconds=rollout.hold_seconds)


def _former(rollout: PolicyRollout) -> dict[str, Any]:
    """What was in force before a roll-out that has ended: the version before its own."""
    former = rollout.policy.versions.filter(version__lt=rollout.version.version).order_by("-version").first()
    return former.settings if former else {}


def _stages(rollout: PolicyRollout) -> list[StageRow]:
    words = []
    for number, percent in enumerate(rollout.stages):
        is_done = number < rollout.stage or rollout.state == RolloutState.FINISHED
        is_here = number == rollout.stage and not is_done
        here = "present" if rollout.finished_at is None else "stopped"
        words.append(StageRow(percent, "done" if is_done else here if is_here else "ahead"))
    return words
