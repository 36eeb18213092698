"""Writes of policies and their assignments; each marks the documents that change."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record

from seatkeep_manager.directory.models import Device, StaticGroup
from seatkeep_manager.directory.rules import name_clean
from seatkeep_manager.directory.services import device_touch, group_touch
from seatkeep_manager.policies.enums import PolicyProduct
from seatkeep_manager.policies.errors import PolicyAssignmentNotFoundError, PolicyForeignError, PolicyNotFoundError
from seatkeep_manager.policies.models import Policy, PolicyAssignment, PolicyVersion
from seatkeep_manager.policies.rules import settings_clean
from seatkeep_manager.policies.size import document_size_check


@transaction.atomic
def policy_create(
    *,
    actor: Actor,
    name: str,
    product: PolicyProduct,
    settings: Mapping[str, Any],
    company_hub_id: uuid.UUID | None,
    now: datetime,
) -> Policy:
    """Make a policy; nothing obeys it until it is assigned.

    Args:
        actor: Who does it.
        name: For people.
        product: `endpoint` or `agent`.
        settings: Setting → {"value", "flag"?: APPLY|FORCE|NOT_APPLY, "mode"?: REPLACE|APPEND|PREPEND}.
        company_hub_id: The company that owns it; None: everybody's.
        now: Current time, aware UTC.

    Raises:
        NameInvalidError: The name is empty, too long or holds control characters.
        PolicySettingsError: A setting is unknown or does not fit.
    """
    clean = settings_clean(product=product, settings=settings)
    policy = Policy.objects.create(
        name=name_clean(name),
        product=product,
        company_hub_id=company_hub_id,
        settings=clean,
        created_at=now,
        changed_at=now,
    )
    _version_write(policy, actor, now)
    _record(actor, "policy:create", policy, now, name=policy.name)
    return policy


@transaction.atomic
def policy_update(
    *, actor: Actor, policy_id: int, now: datetime, name: str | None = None, settings: Mapping[str, Any] | None = None
) -> Policy:
    """Change a policy; every device under one of its assignments hears of it at once. A no-op changes nothing.

    Raises:
        PolicyNotFoundError: There is no such policy.
        NameInvalidError: The name is empty, too long or holds control characters.
        PolicySettingsError: A setting is unknown or does not fit.
        DocumentTooLargeError: A group's settings would be larger than 256 kB.
    """
    policy = _policy_lock(policy_id)
    new_name = policy.name if name is None else name_clean(name)
    clean = policy.settings if settings is None else settings_clean(product=policy.product, settings=settings)
    if new_name == policy.name and clean == policy.settings:
        return policy
    policy.name, policy.settings, policy.changed_at = new_name, clean, now
    policy.version += 1
    policy.save(update_fields=["name", "settings", "changed_at", "version"])
    _version_write(policy, actor, now)
    _record(actor, "policy:update", policy, now, version=policy.version)
    for assignment in policy.assignments.select_related("group", "device"):
        _check_size(assignment)
        _touch(assignment, now)
    return policy


@transaction.atomic
def policy_delete(*, actor: Actor, policy_id: int, now: datetime) -> None:
    """Unassign a policy everywhere and put it away; its versions stay readable.

    Raises:
        PolicyNotFoundError: There is no such policy.
    """
    policy = _policy_lock(policy_id)
    for assignment in policy.assignments.all():
        _touch(assignment, now)
    policy.assignments.all().delete()
    policy.deleted_at = now
    policy.save(update_fields=["deleted_at"])
    _record(actor, "policy:delete", policy, now)


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
    policy = _policy_lock(policy_id)
    _check_owner(policy, group)
    return _assign(actor, policy, now, group=group)


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
    policy = _policy_lock(policy_id)
    _check_owner(policy, device.group)
    return _assign(actor, policy, now, device=device)


@transaction.atomic
def policy_unassign(*, actor: Actor, assignment_id: int, now: datetime) -> None:
    """Take a policy off its target; the settings fall back by themselves.

    Raises:
        PolicyAssignmentNotFoundError: It is not assigned.
    """
    found = PolicyAssignment.objects.select_related("policy", "group", "device")
    assignment = found.filter(pk=assignment_id).first()
    if assignment is None:
        raise PolicyAssignmentNotFoundError
    _touch(assignment, now)
    target = assignment.group or assignment.device
    _record(actor, "policy:unassign", assignment.policy, now, target=str(target.uid) if target else "")
    assignment.delete()


def _assign(
    actor: Actor, policy: Policy, now: datetime, *, group: StaticGroup | None = None, device: Device | None = None
) -> PolicyAssignment:
    same_target = PolicyAssignment.objects.filter(group=group, device=device)
    found = same_target.filter(policy=policy).first()
    if found is not None:
        return found
    last = same_target.aggregate(last=Max("position"))["last"] or 0
    assignment = PolicyAssignment.objects.create(
        policy=policy, group=group, device=device, position=last + 1, created_at=now
    )
    _check_size(assignment)
    _touch(assignment, now)
    target = group or device
    _record(actor, "policy:assign", policy, now, target=str(target.uid) if target else "")
    return assignment


def _check_owner(policy: Policy, group: StaticGroup) -> None:
    """A company's policy works for it and all below; one of nobody works everywhere."""
    if policy.company_hub_id is None or policy.company_hub_id == group.company_hub_id:
        return
    if not StaticGroup.objects.filter(pk__in=group.path, hub_id=policy.company_hub_id).exists():
        raise PolicyForeignError


def _check_size(assignment: PolicyAssignment) -> None:
    document_size_check(group=assignment.group, device=assignment.device)


def _touch(assignment: PolicyAssignment, now: datetime) -> None:
    if assignment.group_id is not None:
        group_touch(group_ids=[assignment.group_id], now=now)
    if assignment.device_id is not None:
        device_touch(device_ids=[assignment.device_id], now=now)


def _policy_lock(policy_id: int) -> Policy:
    policy = Policy.objects.select_for_update().filter(pk=policy_id, deleted_at__isnull=True).first()
    if policy is None:
        raise PolicyNotFoundError
    return policy


def _version_write(policy: Policy, actor: Actor, now: datetime) -> None:
    PolicyVersion.objects.create(
        policy=policy, version=policy.version, settings=policy.settings, created_at=now, created_by=actor.label
    )


def _record(actor: Actor, action: str, policy: Policy, now: datetime, **details: str | int | bool | None) -> None:
    audit_record(
        actor=actor,
        action=action,
        subject_type="policy",
        subject_id=str(policy.uid),
        company_uid=policy.company_hub_id,
        details=details,
        now=now,
    )
