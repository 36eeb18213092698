"""Problems as the home page shows them: kind × customer, the worst first, each with its fix."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from seatkeep_manager.console.words import problem_words
from seatkeep_manager.customers.across import SILENT_AFTER
from seatkeep_manager.customers.selectors import customers_visible
from seatkeep_manager.detections.selectors import detections_newest_open
from seatkeep_manager.directory.models import User
from seatkeep_manager.directory.selectors import devices_active_visible
from seatkeep_manager.hublink.models import MirroredCompany
from seatkeep_manager.problems.enums import ProblemKind, ProblemSeverity, ProblemState
from seatkeep_manager.problems.models import Problem
from seatkeep_manager.problems.selectors import problems_visible

TONES = {"RED": "bad", "AMBER": "warn", "GREY": "off"}
_RANK = {"RED": 0, "AMBER": 1, "GREY": 2}
SHOWN_PER_GROUP = 25
READ_AT_MOST = 5000


@dataclass(frozen=True)
class Fix:
    """The button that mends a problem."""

    label: str
    url: str


@dataclass
class ProblemLine:
    """One problem as a line."""

    problem: Problem
    what: str = ""
    place: str = ""
    """The group below the customer; empty where it is the customer itself."""


@dataclass
class ProblemGroup:
    """All problems of one kind of one customer."""

    kind: str
    label: str
    severity: str
    tone: str
    customer: MirroredCompany | None
    lines: list[ProblemLine] = field(default_factory=list)
    fix: Fix | None = None
    more: int = 0
    open_count: int = 0

    @property
    def count(self) -> int:
        """How many there are, shown or not."""
        return len(self.lines) + self.more

    @property
    def name(self) -> str:
        """Whose problems they are."""
        return self.customer.name if self.customer else _("This console")

    @property
    def seen_url(self) -> str:
        """Where all of them are marked as seen."""
        company = {"company": str(self.customer.hub_id)} if self.customer else {}
        return f"{reverse('console:problems-seen')}?{urlencode({'kind': self.kind, **company})}"


@dataclass(frozen=True)
class ProblemPage:
    """Everything that the page shows.

    Attributes:
        groups: The worst first, then the largest.
        counts: How many there are of each severity, whichever is chosen.
        total: How many there are of all severities.
        version: Changes with what is shown, so that a poll may answer "nothing new".
    """

    groups: list[ProblemGroup]
    counts: dict[str, int]
    total: int
    version: str


def problem_page(user: User, *, severity: str = "", shows_snoozed: bool = False, now: datetime) -> ProblemPage:
    """The problems of a person's customers in groups.

    Args:
        user: Who looks.
        severity: Only these; empty for all.
        shows_snoozed: Those put off too.
        now: Current time, aware UTC.
    """
    states = [ProblemState.OPEN, ProblemState.ACKNOWLEDGED, *([ProblemState.SNOOZED] if shows_snoozed else [])]
    rows = list(problems_visible(user).filter(state__in=states).order_by("since", "id")[:READ_AT_MOST])
    counts = Counter(row.severity for row in rows)
    chosen = [row for row in rows if severity in ("", row.severity)]
    groups = _grouped(chosen, {found.hub_id: found for found in customers_visible(user)})
    _say_what(groups)
    return ProblemPage(groups, {one: counts[one] for one in ProblemSeverity.values}, len(rows), _version(chosen, now))


def _grouped(rows: Iterable[Problem], customers: dict[UUID, MirroredCompany]) -> list[ProblemGroup]:
    groups: dict[tuple[str, Any], ProblemGroup] = {}
    for row in rows:
        key = (row.kind, row.company_hub_id)
        customer = customers.get(row.company_hub_id) if row.company_hub_id else None
        group = groups.setdefault(key, _group(row, customer))
        group.open_count += row.state == ProblemState.OPEN
        if len(group.lines) < SHOWN_PER_GROUP:
            group.lines.append(ProblemLine(row, place=_place(row, customer)))
        else:
            group.more += 1
        if _RANK[row.severity] < _RANK[group.severity]:
            group.severity, group.tone = row.severity, TONES[row.severity]
    for group in groups.values():
        group.fix = _group_fix(group)
    return sorted(groups.values(), key=lambda g: (_RANK[g.severity], -g.count, g.name))


def _group(row: Problem, customer: MirroredCompany | None) -> ProblemGroup:
    label = str(ProblemKind(row.kind).label)
    return ProblemGroup(row.kind, label, row.severity, TONES[row.severity], customer)


def _place(row: Problem, customer: MirroredCompany | None) -> str:
    if row.device is None or (customer is not None and row.device.group_id == customer.group_id):
        return ""
    return row.device.group.name


def _say_what(groups: Iterable[ProblemGroup]) -> None:
    """Put the words on the shown lines; the finds of all of them come in one query."""
    lines = [line for group in groups for line in group.lines]
    wanted = {one.problem.device_id for one in lines if one.problem.kind == ProblemKind.OPEN_DETECTION}
    finds = detections_newest_open([pk for pk in wanted if pk is not None])
    for line in lines:
        line.what = problem_words(line.problem, finds.get(line.problem.device_id or 0))


def _version(rows: Iterable[Problem], now: datetime) -> str:
    facts = [(row.pk, row.state, row.severity, row.details, row.note, row.assignee_id) for row in rows]
    return hashlib.sha256(f"{now:%Y%m%d%H%M} {facts}".encode()).hexdigest()[:16]


def _group_fix(group: ProblemGroup) -> Fix | None:
    """The one thing to press for all of a group: its list, where there are several."""
    first = group.lines[0].problem
    if group.count == 1 or group.customer is None or group.customer.group is None:
        return fix_for(first)
    place = {"group": str(group.customer.group.uid)}
    lists = {
        ProblemKind.OPEN_DETECTION: (_("Look at the files"), "detections", {"state": "open"}),
        ProblemKind.NOT_PROTECTED: (_("Open computers"), "computers", {"protection": "NOT_PROTECTED"}),
        ProblemKind.SCAN_ONLY: (_("Open computers"), "computers", {"protection": "SCAN_ONLY"}),
        ProblemKind.SILENT: (_("Open computers"), "computers", {"contact": "offline"}),
    }
    if group.kind not in lists:
        return fix_for(first)
    label, name, query = lists[ProblemKind(group.kind)]
    return Fix(label, f"{reverse(f'console:{name}')}?{urlencode({**place, **query})}")


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
    if row.kind == ProblemKind.ENGINE_DIFFERS:
        return Fix(_("See differences"), f"{page}#differences")
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
