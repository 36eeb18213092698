"""How many computers obey each of many policies, in a handful of queries whatever their number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from django.db.models import Count

from seatkeep_manager.directory.models import StaticGroup, User
from seatkeep_manager.directory.selectors import devices_active_visible
from seatkeep_manager.grouping.models import Membership
from seatkeep_manager.policies.models import Policy, PolicyAssignment


def policies_device_counts(user: User, policies: Collection[Policy]) -> dict[int, int]:
    """Policy → how many of the managed devices that a person sees stand under its assignments, each once."""
    rows = list(PolicyAssignment.objects.filter(policy__in=policies))
    groups: dict[int, set[int]] = defaultdict(set)
    for row in rows:
        if row.group_id is not None:
            groups[row.policy_id].add(row.group_id)
    counts, paths = _by_group(user)
    singles = _singles(user, rows)
    return {
        policy.pk: sum(n for pk, n in counts.items() if groups[policy.pk] & paths[pk])
        + sum(not groups[policy.pk] & paths.get(place, set()) for place in singles[policy.pk].values())
        for policy in policies
    }


def _by_group(user: User) -> tuple[dict[int, int], dict[int, set[int]]]:
    """Static group → devices directly in it, and the ids from All down to it."""
    found = devices_active_visible(user).order_by().values("group_id").annotate(n=Count("id"))
    counts = {row["group_id"]: row["n"] for row in found}
    paths = StaticGroup.objects.filter(pk__in=counts).values_list("pk", "path")
    return counts, {pk: set(path) for pk, path in paths}


def _singles(user: User, rows: Collection[PolicyAssignment]) -> dict[int, dict[int, int]]:
    """Policy → devices that obey it by themselves or by a dynamic group → the static group that they stand in."""
    found: dict[int, dict[int, int]] = defaultdict(dict)
    visible = devices_active_visible(user).order_by()
    own = [row for row in rows if row.device_id is not None]
    places = dict(visible.filter(pk__in=[row.device_id for row in own]).values_list("pk", "group_id"))
    for row in own:
        if row.device_id in places:
            found[row.policy_id][row.device_id] = places[row.device_id]
    dynamic = [row.dynamic_group_id for row in rows if row.dynamic_group_id is not None]
    members: dict[int, list[tuple[int, int]]] = defaultdict(list)
    mine = Membership.objects.filter(group_id__in=dynamic, device__in=visible)
    for group, device, place in mine.values_list("group_id", "device_id", "device__group_id"):
        members[group].append((device, place))
    for row in rows:
        found[row.policy_id].update(members.get(row.dynamic_group_id or 0, ()))
    return found
