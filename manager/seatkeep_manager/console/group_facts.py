"""What stands above the computers of a group: what it is, its policies, and what a person may do with it."""

from __future__ import annotations

from typing import Any

from seatkeep_manager.console.group_words import rules_words
from seatkeep_manager.directory.enums import AccessLevel, GroupKind
from seatkeep_manager.directory.models import StaticGroup, User
from seatkeep_manager.directory.selectors import groups_visible
from seatkeep_manager.grouping.models import DynamicGroup
from seatkeep_manager.policies.models import PolicyAssignment


def group_facts(user: User, group: StaticGroup | None, dynamic: DynamicGroup | None) -> dict[str, Any]:
    """The facts of the chosen group, or dynamic group and the static group above it.

    Args:
        user: Who looks.
        group: The chosen static group, or the one that the dynamic group stands below.
        dynamic: The chosen dynamic group, if any.
    """
    if group is None:
        return {}
    on_it = {"dynamic_group": dynamic} if dynamic else {"group": group}
    assignments = PolicyAssignment.objects.filter(**on_it).select_related("policy").order_by("position", "id")
    facts: dict[str, Any] = {
        "dynamic": dynamic,
        "assignments": list(assignments),
        "can_change": groups_visible(user, level=AccessLevel.WRITE).filter(pk=group.pk).exists(),
        "is_free": group.kind == GroupKind.FREE and not group.is_locked,
    }
    if dynamic:
        facts["rule_words"] = rules_words(dynamic.template.rules)
    return facts
