"""The thresholds of groups: what a group says itself, what it inherits, and changing it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record

from seatkeep_manager.directory.errors import GroupNotFoundError
from seatkeep_manager.directory.models import StaticGroup
from seatkeep_manager.problems.models import GroupThresholds
from seatkeep_manager.problems.thresholds import THRESHOLDS, Threshold, defaults, limits_clean


@dataclass(frozen=True)
class Limit:
    """One threshold as it stands for a group.

    Attributes:
        threshold: Which one.
        own: What the group says itself; None: nothing.
        inherited: What holds without that.
        origin: The group above that says so; None: the default.
    """

    threshold: Threshold
    own: int | None
    inherited: int
    origin: StaticGroup | None

    @property
    def value(self) -> int:
        """What holds for the group's devices."""
        return self.inherited if self.own is None else self.own


def group_limits(group: StaticGroup) -> list[Limit]:
    """Every threshold of a group that the caller may see; the nearest group that sets one wins."""
    rows = GroupThresholds.objects.filter(group_id__in=group.path).select_related("group")
    nearest_last = sorted(rows, key=lambda row: len(row.group.path))
    own: Mapping[str, int] = {}
    inherited: dict[str, tuple[int, StaticGroup | None]] = {name: (one, None) for name, one in defaults().items()}
    for row in nearest_last:
        if row.group_id == group.pk:
            own = row.limits
        else:
            inherited |= {name: (value, row.group) for name, value in row.limits.items() if name in inherited}
    return [Limit(one, own.get(one.name), *inherited[one.name]) for one in THRESHOLDS.values()]


@transaction.atomic
def group_limits_set(*, actor: Actor, group_id: int, own: Mapping[str, object], now: datetime) -> list[Limit]:
    """Say what holds for a group and all below that says nothing else; problems follow within a minute. Idempotent.

    Args:
        actor: Who does it.
        group_id: The group; the caller has taken it from `groups_visible` at level WRITE.
        own: Threshold → number; None or an empty text: as above. What is left out is inherited too.
        now: Current time, aware UTC.

    Raises:
        GroupNotFoundError: There is no such group.
        ThresholdInvalidError: A number is none, out of bounds, or urgent comes before soon; nothing is written.
    """
    group = StaticGroup.objects.select_for_update(of=("self",)).filter(pk=group_id).first()
    if group is None:
        raise GroupNotFoundError
    before = group_limits(group)
    clean = limits_clean(own, inherited={one.threshold.name: one.inherited for one in before})
    if clean == {one.threshold.name: one.own for one in before if one.own is not None}:
        return before
    if clean:
        GroupThresholds.objects.update_or_create(group=group, defaults={"limits": clean})
    else:
        GroupThresholds.objects.filter(group=group).delete()
    audit_record(
        actor=actor, action="group:thresholds", subject_type="group", subject_id=str(group.uid),
        company_uid=group.company_hub_id, details=clean, now=now,
    )  # fmt: skip
    return group_limits(group)
