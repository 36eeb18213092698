"""The order of policies on one target: the lower position merges first, so the last one wins."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from seatkeep_webkit.actors import Actor

from seatkeep_manager.policies.errors import PolicyAssignmentNotFoundError, PolicyOrderError
from seatkeep_manager.policies.models import TARGETS, PolicyAssignment, Target, target_column
from seatkeep_manager.policies.writing import assignments_touch, policy_record


@transaction.atomic
def assignments_order(
    *, actor: Actor, target: Target, wanted: Sequence[uuid.UUID], now: datetime
) -> list[PolicyAssignment]:
    """Put the policies of one target in order. A no-op changes nothing.

    Args:
        actor: Who does it.
        target: What they are on.
        wanted: The uids of all assignments of the target, the first to merge first.
        now: Current time, aware UTC.

    Raises:
        PolicyOrderError: `wanted` is not exactly what is assigned there.
    """
    rows = _locked(target)
    by_uid = {row.uid: row for row in rows}
    if len(wanted) != len(rows) or set(wanted) != set(by_uid):
        raise PolicyOrderError
    ordered = [by_uid[uid] for uid in wanted]
    if ordered != rows:
        for position, row in enumerate(ordered, start=1):
            row.position = position
        PolicyAssignment.objects.bulk_update(ordered, ["position"])
        assignments_touch(ordered[:1], now)
        _record(actor, ordered, now)
    return ordered


@transaction.atomic
def assignment_move(*, actor: Actor, assignment_id: int, steps: int, now: datetime) -> PolicyAssignment:
    """Move a policy among those of its target; at an end it stays there.

    Args:
        actor: Who does it.
        assignment_id: What moves.
        steps: Negative moves towards the first.
        now: Current time, aware UTC.

    Raises:
        PolicyAssignmentNotFoundError: It is not assigned.
    """
    found = PolicyAssignment.objects.select_related(*TARGETS).filter(pk=assignment_id).first()
    if found is None:
        raise PolicyAssignmentNotFoundError
    order = [row.uid for row in _locked(found.target)]
    place = order.index(found.uid)
    order.insert(max(0, place + steps), order.pop(place))
    assignments_order(actor=actor, target=found.target, wanted=order, now=now)
    return found


def _locked(target: Target) -> list[PolicyAssignment]:
    rows = PolicyAssignment.objects.select_for_update(of=("self",)).select_related("policy", *TARGETS)
    return list(rows.filter(**{target_column(target): target}).order_by("position", "id"))


def _record(actor: Actor, ordered: list[PolicyAssignment], now: datetime) -> None:
    names = ", ".join(row.policy.name for row in ordered)[:500]
    policy_record(actor, "policy:order", ordered[0].policy, now, target=str(ordered[0].target.uid), order=names)
