"""What every write of policies shares: the lock, the mark on documents, the version, the audit entry."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Max
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record

from seatkeep_manager.directory.services import device_touch, group_touch
from seatkeep_manager.policies.enums import UNFINISHED
from seatkeep_manager.policies.errors import PolicyLockedError, PolicyNotFoundError, PolicyRollingOutError
from seatkeep_manager.policies.models import Policy, PolicyAssignment, PolicyVersion
from seatkeep_manager.policies.size import document_size_check

NOTE_LIMIT = 500


def policy_lock(policy_id: int) -> Policy:
    """Lock a policy that is there.

    Raises:
        PolicyNotFoundError: There is no such policy, or it was deleted.
    """
    policy = Policy.objects.select_for_update().filter(pk=policy_id, deleted_at__isnull=True).first()
    if policy is None:
        raise PolicyNotFoundError
    return policy


def policy_lock_to_change(policy_id: int) -> Policy:
    """Lock a policy whose settings may be changed now.

    Raises:
        PolicyNotFoundError: There is no such policy, or it was deleted.
        PolicyLockedError: It is built in.
        PolicyRollingOutError: A version of it is being rolled out.
    """
    policy = policy_lock(policy_id)
    if policy.is_locked:
        raise PolicyLockedError
    if policy.rollouts.filter(state__in=UNFINISHED).exists():
        raise PolicyRollingOutError
    return policy


def policy_touch(policy: Policy, now: datetime, *, is_checking_size: bool = True) -> None:
    """Ask for new documents of everything that a policy is assigned to.

    Raises:
        DocumentTooLargeError: One of them would be too large.
    """
    assignments = list(policy.assignments.select_related("group", "dynamic_group", "device"))
    if is_checking_size:
        document_size_check(assignments)
    assignments_touch(assignments, now)


def assignments_touch(assignments: Iterable[PolicyAssignment], now: datetime) -> None:
    """Ask for new documents of the targets of assignments."""
    found = list(assignments)
    group_touch(group_ids={one.anchor_id for one in found if one.anchor_id is not None}, now=now)
    device_touch(device_ids=[one.device_id for one in found if one.device_id is not None], now=now)


def version_write(policy: Policy, settings: dict[str, Any], *, actor: Actor, now: datetime, note: str) -> PolicyVersion:
    """Write down a new version; its number is one above all that the policy ever had."""
    last = policy.versions.aggregate(last=Max("version"))["last"] or 0
    return PolicyVersion.objects.create(
        policy=policy,
        version=last + 1,
        settings=settings,
        created_at=now,
        created_by=actor.label,
        note=note.strip()[:NOTE_LIMIT],
    )


def version_enforce(policy: Policy, version: PolicyVersion, now: datetime) -> None:
    """Make a version the one in force for every device.

    Raises:
        DocumentTooLargeError: A document would be too large with it.
    """
    policy.settings, policy.version, policy.changed_at = version.settings, version.version, now
    policy.save(update_fields=["settings", "version", "changed_at"])
    policy_touch(policy, now)


def policy_record(actor: Actor, action: str, policy: Policy, now: datetime, **details: str | int | bool | None) -> None:
    """Write the audit entry of an act on a policy."""
    audit_record(
        actor=actor,
        action=action,
        subject_type="policy",
        subject_id=str(policy.uid),
        company_uid=policy.company_hub_id,
        details=details,
        now=now,
    )
