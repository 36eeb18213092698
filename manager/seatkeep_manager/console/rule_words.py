"""Daily rules in words."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from seatkeep_manager.tasks.enums import ServerTaskKind
from seatkeep_manager.tasks.models import ServerTask


def rule_words(rule: ServerTask) -> str:
    """What a rule does, in one line."""
    if rule.kind == ServerTaskKind.RENAME:
        return _("Name computers %(pattern)s") % {"pattern": rule.params.get("pattern", "")}
    days = int(rule.params.get("days", 0))
    words = ngettext(
        "Stop managing what did not connect for %(n)s day", "Stop managing what did not connect for %(n)s days", days
    )
    return words % {"n": days}
