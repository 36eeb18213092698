"""What the person who looks may do, for pages that hide what is not theirs to do; views refuse it all the same."""

from __future__ import annotations

from typing import Any

from django import template

from seatkeep_manager.directory import access
from seatkeep_manager.directory.enums import AccessLevel, Functionality
from seatkeep_manager.directory.models import StaticGroup

register = template.Library()


@register.simple_tag(takes_context=True)
def may(context: dict[str, Any], functionality: str, level: str, group: StaticGroup | None = None) -> bool:
    """Whether it is permitted at a group, or anywhere without one: `{% may "POLICIES" "USE" device.group as can %}`."""
    user, about, wanted = context["request"].user, Functionality(functionality), AccessLevel(level)
    return access.may(user, about, wanted) if group is None else access.may_at(user, group, about, wanted)
