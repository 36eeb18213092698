"""Writes of policies and their assignments; each marks the documents that change."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max
from seatkeep_webkit.actors import Actor

from seatkeep_manager.directory.models import Device, StaticGroup
from seatkeep_manager.directory.rules import name_clean
from seatkeep_manager.grouping.models import DynamicGroup
from seatkeep_manager.policies.enums import UNFINISHED, PolicyProduct, RolloutState
from seatkeep_manager.policies.errors import (
    PolicyAssignmentNotFoundError,
    PolicyForeignError,
    PolicyLockedError,
    PolicyNotFoundError,
)
from seatkeep_manager.policies.models import TARGETS, Policy, PolicyAssignment, PolicyVersion, Target, target_column
from seatkeep_manager.policies.rules import description_clean, settings_clean
from seatkeep_manager.policies.size import document_size_check
from seatkeep_manager.policies.writing import (
    assignments_touch,
    policy_lock,
    policy_lock_to_change,
    policy_record,
    policy_touch,
    version_enforce,
    version_write,
)


@transaction.atomic
def policy_create(
    *,
    actor: Actor,
    name: str,
    product: PolicyProduct,
    settings: Mapping[str, Any],
    company_hub_id: uuid.UUID | None,
    now: datetime,
    description: str = "",
    note: str = "",
) -> Policy:
    """Make a policy; nothing obeys it until it is assigned.

    Args:
        actor: Who does it.
        name: For people.
        product: `endpoint` or `agent`.
        settings: Setting → {"value", "flag"?: APPLY|FORCE|NOT_APPLY, "mode"?: REPLACE|APPEND|PREPEND}.
        company_hub_id: The company that owns it; None: everybody's.
        now: Current time, aware UTC.
        description: What it is for.
        note: Why it was made; at most 500 characters are kept.

    Raises:
        NameInvalidError: The name is empty, too long or holds control characters.
        PolicySettingsError: A setting is unknown or does not fit.
    """
    clean = settings_clean(product=product, settings=settings)
    policy = Policy.objects.create(
        name=name_clean(name),
        description=description_clean(description),
        product=product,
        company_hub_id=company_hub_id,
        settings=clean,
        created_at=now,
        changed_at=now,
    )
    version_write(policy, clean, actor=actor, now=now, note=note)
    policy_record(actor, "policy:create", policy, now, name=policy.name)
    return policy


@transaction.atomic
def policy_update(
    *,
    actor: Actor,
    policy_id: int,
    now: datetime,
    name: str | None = None,
    settings: Mapping[str, Any] | None = None,
    description: str | None = None,
    note: str = "",
) -> Policy:
    """Change a policy; new settings make a version, and every device under an assignment hears of it at once.

    A no-op changes nothing.

    Args:
        actor: Who does it.
        policy_id: The policy.
        now: Current time, aware UTC.
        name: A new name; None keeps it.
        settings: New settings in whole, as for `policy_create`; None keeps them.
        description: What it is for; None keeps it.
        note: Why; at most 500 characters are kept with the version.

    Raises:
        PolicyNotFoundError: There is no such policy.
        PolicyLockedError: It is built in.
        PolicyRollingOutError: A version of it is being rolled out.
        NameInvalidError: The name is empty, too long or holds control characters.
        PolicySettingsError: A setting is unknown or does not fit.
        DocumentTooLargeError: A group's settings would be larger than 256 kB.
    """
    policy = policy_lock_to_change(policy_id)
    _describe(actor, policy, name, description, now)
    clean = policy.settings if settings is None else settings_clean(product=policy.product, settings=settings)
    if clean != policy.settings:
        version_enforce(policy, version_write(policy, clean, actor=actor, now=now, note=note), now)
        policy_record(actor, "policy:update", policy, now, version=policy.version)
    return policy


def _describe(actor: Actor, policy: Policy, name: str | None, description: str | None, now: datetime) -> None:
    new_name = policy.name if name is None else name_clean(name)
    new_description = policy.description if description is None else description_clean(description)
    if (new_name, new_description) == (policy.name, policy.description):
        return
    is_renamed = new_name != policy.name
    policy.name, policy.description, policy.changed_at = new_name, new_description, now
    policy.save(update_fields=["name", "description", "changed_at"])
    if is_renamed:
        policy_touch(policy, now, is_checking_size=False)
    policy_record(actor, "policy:rename", policy, now, name=policy.name)


@transaction.atomic
def policy_duplicate(
    *, actor: Actor, policy_id: int, name: str, company_hub_id: uuid.UUID | None, now: datetime
) -> Policy:
    """Make a policy with the settings in force of another one, assigned to nothing.

    Raises:
        PolicyNotFoundError: There is no such policy.
        NameInvalidError: The name is empty, too long or holds control characters.
    """
    source = policy_lock(policy_id)
    return policy_create(
        actor=actor,
        name=name,
        product=PolicyProduct(source.product),
        settings=source.settings,
        company_hub_id=company_hub_id,
        now=now,
        description=source.description,
        note=f"{source.name}, {source.version}",
    )


@transaction.atomic
def policy_roll_back(*, actor: Actor, policy_id: int, version: PolicyVersion, now: datetime, note: str = "") -> Policy:
    """Bring the settings of a former version back, as a new version. A no-op changes nothing.

    Raises:
        PolicyNotFoundError: There is no such policy.
        PolicyLockedError: It is built in.
        PolicyRollingOutError: A version of it is being rolled out.
        PolicySettingsError: The product no longer knows a setting of that version.
        DocumentTooLargeError: A group's settings would be larger than 256 kB.
    """
    policy = policy_lock_to_change(policy_id)
    clean = settings_clean(product=policy.product, settings=version.settings)
    if clean != policy.settings:
        version_enforce(policy, version_write(policy, clean, actor=actor, now=now, note=note), now)
        policy_record(actor, "policy:roll_back", policy, now, version=policy.version, returned=version.version)
    return policy


@transaction.atomic
def policy_delete(*, actor: Actor, policy_id: int, now: datetime) -> None:
    """Unassign a policy everywhere and put it away; `policy_restore` brings it back as it was.

    A roll-out under way ends with it.

    Raises:
        PolicyNotFoundError: There is no such policy.
        PolicyLockedError: It is built in.
    """
    policy = policy_lock(policy_id)
    if policy.is_locked:
        raise PolicyLockedError
    assignments = list(policy.assignments.select_related(*TARGETS).order_by("position", "id"))
    assignments_touch(assignments, now)
    policy.former_targets = [{target_column(one.target): one.target.pk} for one in assignments]
    policy.assignments.all().delete()
    policy.rollouts.filter(state__in=UNFINISHED).update(state=RolloutState.ROLLED_BACK, finished_at=now)
    policy.deleted_at = now
    policy.save(update_fields=["deleted_at", "former_targets"])
    policy_record(actor, "policy:delete", policy, now, name=policy.name, targets=len(assignments))


@transaction.atomic
def policy_restore(*, actor: Actor, policy_id: int, now: datetime) -> Policy:
    """Bring a deleted policy back, last in order on every target that it had and that is still its company's.

    Idempotent.

    Raises:
        PolicyNotFoundError: There is no such policy.
        DocumentTooLargeError: A target's settings would be larger than 256 kB by now.
    """
    policy = Policy.objects.select_for_update().filter(pk=policy_id).first()
    if policy is None:
        raise PolicyNotFoundError
    if policy.deleted_at is None:
        return policy
    targets, policy.deleted_at, policy.former_targets = policy.former_targets, None, []
    policy.save(update_fields=["deleted_at", "former_targets"])
    for target in _locked_targets(targets):
        if _is_owned_above(policy, _place(target)):
            _assign(actor, policy, target, now)
    policy_record(actor, "policy:restore", policy, now, name=policy.name)
    return policy


@transaction.atomic
def policy_assign_group(*, actor: Actor, policy_id: int, group_id: int, now: datetime) -> PolicyAssignment:
    """Put a policy on a group, after those that it has. Idempotent.

    Raises:
        PolicyNotFoundError: There is no such policy or group.
        PolicyForeignError: The policy belongs to a company that does not own the group.
        DocumentTooLargeError: The group's settings would be larger than 256 kB.
    """
    group = StaticGroup.objects.select_for_update().filter(pk=group_id).first()
    if group is None:
        raise PolicyNotFoundError
    policy = policy_lock(policy_id)
    _check_owner(policy, group)
    return _assign(actor, policy, group, now)


@transaction.atomic
def policy_assign_dynamic(*, actor: Actor, policy_id: int, group_id: int, now: datetime) -> PolicyAssignment:
    """Put a policy on a dynamic group, after those that it has. Idempotent.

    Raises:
        PolicyNotFoundError: There is no such policy or group.
        PolicyForeignError: The policy belongs to a company that does not own the group's place.
        DocumentTooLargeError: The settings of the group's place would be larger than 256 kB.
    """
    found = DynamicGroup.objects.select_for_update(of=("self",)).select_related("anchor").filter(pk=group_id).first()
    if found is None:
        raise PolicyNotFoundError
    policy = policy_lock(policy_id)
    _check_owner(policy, found.anchor)
    return _assign(actor, policy, found, now)


@transaction.atomic
def policy_assign_device(*, actor: Actor, policy_id: int, device_id: int, now: datetime) -> PolicyAssignment:
    """Put a policy on one device, after those that it has; it merges after all groups. Idempotent.

    Raises:
        PolicyNotFoundError: There is no such policy or device.
        PolicyForeignError: The policy belongs to a company that does not own the device.
        DocumentTooLargeError: The device's settings would be larger than 256 kB.
    """
    device = Device.objects.select_for_update(of=("self",)).select_related("group").filter(pk=device_id).first()
    if device is None:
        raise PolicyNotFoundError
    policy = policy_lock(policy_id)
    _check_owner(policy, device.group)
    return _assign(actor, policy, device, now)


@transaction.atomic
def policy_unassign(*, actor: Actor, assignment_id: int, now: datetime) -> None:
    """Take a policy off its target; the settings fall back by themselves.

    Raises:
        PolicyAssignmentNotFoundError: It is not assigned.
    """
    found = PolicyAssignment.objects.select_related("policy", *TARGETS)
    assignment = found.filter(pk=assignment_id).first()
    if assignment is None:
        raise PolicyAssignmentNotFoundError
    assignments_touch([assignment], now)
    policy_record(actor, "policy:unassign", assignment.policy, now, target=str(assignment.target.uid))
    assignment.delete()


def _locked_targets(former: Iterable[Mapping[str, int]]) -> Iterator[Target]:
    """What is still there of former targets, locked: static groups, dynamic groups, devices."""
    ids = {column: [one[column] for one in former if column in one] for column in TARGETS}
    yield from StaticGroup.objects.select_for_update().filter(pk__in=ids["group"]).order_by("pk")
    dynamic = DynamicGroup.objects.select_for_update(of=("self",)).select_related("anchor")
    yield from dynamic.filter(pk__in=ids["dynamic_group"]).order_by("pk")
    devices = Device.objects.select_for_update(of=("self",)).select_related("group")
    yield from devices.filter(pk__in=ids["device"]).order_by("pk")


def _place(target: Target) -> StaticGroup:
    """The static group that a target is or stands in."""
    if isinstance(target, StaticGroup):
        return target
    return target.anchor if isinstance(target, DynamicGroup) else target.group


def _assign(actor: Actor, policy: Policy, target: Target, now: datetime) -> PolicyAssignment:
    on_target = {target_column(target): target}
    same_target = PolicyAssignment.objects.filter(**on_target)
    found = same_target.filter(policy=policy).first()
    if found is not None:
        return found
    last = same_target.aggregate(last=Max("position"))["last"] or 0
    assignment = PolicyAssignment.objects.create(policy=policy, position=last + 1, created_at=now, **on_target)
    document_size_check([assignment])
    assignments_touch([assignment], now)
    policy_record(actor, "policy:assign", policy, now, target=str(target.uid))
    return assignment


def _check_owner(policy: Policy, group: StaticGroup) -> None:
    if not _is_owned_above(policy, group):
        raise PolicyForeignError


def _is_owned_above(policy: Policy, group: StaticGroup) -> bool:
    """A company's policy works for it and all below; one of nobody works everywhere."""
    if policy.company_hub_id is None or policy.company_hub_id == group.company_hub_id:
        return True
    return StaticGroup.objects.filter(pk__in=group.path, hub_id=policy.company_hub_id).exists()
