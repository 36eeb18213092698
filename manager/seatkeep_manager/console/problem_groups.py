"""Problems as the home page shows them: kind × customer, the worst first, each with its fix."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from seatkeep_manager.customers.across import SILENT_AFTER
from seatkeep_manager.customers.selectors import customers_visible
from seatkeep_manager.directory.models import User
from seatkeep_manager.directory.selectors import devices_active_visible
from seatkeep_manager.problems.enums import ProblemKind, ProblemState
from seatkeep_manager.problems.models import Problem
from seatkeep_manager.problems.selectors import problems_visible

TONES = {"RED": "bad", "AMBER": "warn", "GREY": "off"}
_RANK = {"RED": 0, "AMBER": 1, "GREY": 2}
SHOWN_PER_GROUP = 25


@dataclass(frozen=True)
class Fix:
    """The button that mends a problem; `is_dialog` opens it over the page."""

    label: str
    url: str
    is_dialog: bool = False


@dataclass
class ProblemGroup:
    """All problems of one kind of one customer."""

    kind: str
    label: str
    severity: str
    tone: str
    customer: str
    customer_url: str
    problems: list[Problem] = field(default_factory=list)
    fix: Fix | None = None
    more: int = 0

    @property
    def count(self) -> int:
        """How many there are, shown or not."""
        return len(self.problems) + self.more


def problem_groups(user: User, *, shows_snoozed: bool, now: datetime) -> list[ProblemGroup]:
    """The problems of a person's customers in groups, red ones first, then the largest."""
    states = [ProblemState.OPEN, ProblemState.ACKNOWLEDGED]
    if shows_snoozed:
        states.append(ProblemState.SNOOZED)
    rows = problems_visible(user).filter(state__in=states).select_related("device", "device__group", "assignee")
    customers = {found.hub_id: found for found in customers_visible(user)}
    groups: dict[tuple[str, Any], ProblemGroup] = {}
    for row in rows.order_by("since", "id")[:5000]:
        group = groups.setdefault(
            (row.kind, row.company_hub_id),
            _group(row, customers.get(row.company_hub_id) if row.company_hub_id else None),
        )
        if len(group.problems) < SHOWN_PER_GROUP:
            group.problems.append(row)
        else:
            group.more += 1
        if _RANK[row.severity] < _RANK[group.severity]:
            group.severity, group.tone = row.severity, TONES[row.severity]
    return sorted(groups.values(), key=lambda g: (_RANK[g.severity], -g.count, g.customer))


def _group(row: Problem, customer: Any) -> ProblemGroup:
    return ProblemGroup(
        kind=row.kind,
        label=str(ProblemKind(row.kind).label),
        severity=row.severity,
        tone=TONES[row.severity],
        customer=customer.name if customer else _("This console"),
        customer_url=reverse("console:customer", args=[customer.uid]) if customer else "",
        fix=fix_for(row),
    )


def fix_for(row: Problem) -> Fix | None:
    """What a person would press first."""
    if row.kind == ProblemKind.WAITING_FOR_APPROVAL:
        return Fix(_("Approve or reject"), reverse("console:approvals"))
    if row.kind == ProblemKind.LINK_BROKEN:
        return Fix(_("Open Licensing link"), reverse("console:link"))
    if row.device is None:
        return None
    return _device_fix(row)


def _device_fix(row: Problem) -> Fix:
    """The fix of a problem of one computer."""
    page = reverse("console:device", args=[row.device.uid]) if row.device else ""
    if row.kind == ProblemKind.OPEN_DETECTION:
        return Fix(_("Look at the file"), f"{page}?tab=detections")
    if row.kind == ProblemKind.NO_SEAT:
        return Fix(_("See licenses"), reverse("console:licenses"))
    if row.kind == ProblemKind.TASK_FAILED:
        return Fix(_("See tasks"), f"{page}?tab=tasks")
    if row.kind == ProblemKind.POLICY_GAP:
        return Fix(_("See settings"), f"{page}?tab=policies")
    return Fix(_("Open computer"), page)


@dataclass(frozen=True)
class AllClear:
    """What the empty page says."""

    protected: int
    silent: int
    checked_at: datetime


def all_clear(user: User, *, now: datetime) -> AllClear:
    """The facts behind "All clear"."""
    devices = devices_active_visible(user)
    return AllClear(
        protected=devices.filter(protection="PROTECTED").count(),
        silent=devices.filter(online_until__lte=now, last_seen_at__gt=now - SILENT_AFTER).count(),
        checked_at=now,
    )
