"""What a move of computers changes, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from seatkeep_manager.console.words import TASKS
from seatkeep_manager.customers.moves import MovePreview
from seatkeep_manager.directory.models import StaticGroup

NAMED = 6
"""How many names a sentence lists."""


def move_lines(preview: MovePreview, group: StaticGroup) -> list[str]:
    """What the dialog says before the move."""
    lines = [_count(preview, group)]
    if preview.retired:
        text = ngettext("%(n)s is no longer managed and refuses the move.",
                        "%(n)s are no longer managed and refuse the move.", preview.retired)  # fmt: skip
        lines.append(text % {"n": preview.retired})
    if preview.leaving:
        lines += _customer(preview)
    lines += _listed(_("Policies that no longer count"), preview.policies_lost)
    lines += _listed(_("Policies that count from then on"), preview.policies_gained)
    lines += _listed(_("Tasks of groups that end for them"), _tasks(preview.tasks_lost))
    lines += _listed(_("Tasks of groups that begin for them"), _tasks(preview.tasks_gained))
    if preview.moving and len(lines) == 1:
        lines.append(_("Policies, tasks and licenses stay as they are."))
    return lines


def _count(preview: MovePreview, group: StaticGroup) -> str:
    text = ngettext("%(n)s computer goes to %(group)s.", "%(n)s computers go to %(group)s.", preview.moving)
    said = text % {"n": preview.moving, "group": group.name}
    if preview.staying:
        there = ngettext("%(n)s stands there already.", "%(n)s stand there already.", preview.staying)
        said = f"{said} {there % {'n': preview.staying}}"
    return said


def _customer(preview: MovePreview) -> list[str]:
    text = ngettext("%(n)s changes its customer.", "%(n)s change their customer.", preview.leaving)
    lines = [text % {"n": preview.leaving}]
    if preview.licenses:
        lines[0] += " " + _("The seat is taken from %(licenses)s, for the new customer's account.") % {
            "licenses": ", ".join(preview.licenses)
        }
    if preview.unlicensed:
        text = ngettext(
            "%(n)s gives its seat back and is no longer protected: the new customer has no license for it.",
            "%(n)s give their seats back and are no longer protected: the new customer has no license for them.",
            preview.unlicensed,
        )  # fmt: skip
        lines.append(text % {"n": preview.unlicensed})
    return lines


def _listed(label: str, names: Sequence[str]) -> list[str]:
    if not names:
        return []
    more = f" (+{len(names) - NAMED})" if len(names) > NAMED else ""
    return [f"{label}: {', '.join(names[:NAMED])}{more}"]


def _tasks(kinds: Sequence[str]) -> list[str]:
    return [str(TASKS.get(kind, kind)) for kind in kinds]
