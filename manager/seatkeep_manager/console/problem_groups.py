"""Problems as the home page shows them: kind × customer, the worst first, each with its fix."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from seatkeep_manager.console.problem_words import advice, problem_words
from seatkeep_manager.customers.across import SILENT_AFTER
from seatkeep_manager.customers.selectors import customers_visible
from seatkeep_manager.detections.selectors import detections_newest_open
from seatkeep_manager.directory.models import User
from seatkeep_manager.directory.selectors import devices_active_visible
from seatkeep_manager.hublink.models import MirroredCompany
from seatkeep_manager.problems.enums import ProblemKind
from seatkeep_manager.problems.fixes import Fix, FixCode, fixes_of
from seatkeep_manager.problems.models import Problem
from seatkeep_manager.problems.selectors import GroupCount, problems_grouped, problems_of_groups

TONES = {"RED": "bad", "AMBER": "warn", "GREY": "off"}
GROUPS_PER_PAGE = 40
UNFOLDED_UP_TO = 5
"""Groups of so many problems show them at once; larger ones unfold."""
UNFOLDED_AT_MOST = 50


@dataclass(frozen=True)
class Way:
    """Where a problem is looked into or mended by hand."""

    label: str
    url: str


@dataclass
class ProblemLine:
    """One problem as a line."""

    problem: Problem
    about: str = ""
    """The computer, who waits, or the kind itself."""
    what: str = ""
    place: str = ""
    """The group below the customer; empty where it is the customer itself."""
    is_new: bool = False


@dataclass
class ProblemGroup:
    """All problems of one kind of one customer."""

    count: GroupCount
    customer: MirroredCompany | None
    lines: list[ProblemLine] = field(default_factory=list)
    query: str = ""
    """The page's filters, so that a fold shows what the page counts."""

    @property
    def kind(self) -> str:
        """What is wrong."""
        return self.count.kind

    @property
    def label(self) -> str:
        """The kind in words."""
        return str(dict(ProblemKind.choices).get(self.kind, self.kind))

    @property
    def advice(self) -> str:
        """What to do."""
        return advice(self.kind)

    @property
    def tone(self) -> str:
        """Of the worst of them."""
        return TONES[self.count.severity]

    @property
    def name(self) -> str:
        """Whose problems they are."""
        return self.customer.name if self.customer else _("This console")

    @property
    def key(self) -> str:
        """Unique on the page."""
        return f"{self.kind}-{self.count.company_hub_id or 'console'}"

    @property
    def ids(self) -> str:
        """What names the group in addresses, with the page's filters."""
        company = {"company": str(self.count.company_hub_id)} if self.count.company_hub_id else {}
        own = urlencode({"kind": self.kind, **company})
        return f"{own}&{self.query}" if self.query else own

    @property
    def shown_fixes(self) -> list[Fix]:
        """What stands as a button: the usual fix, unless it ends the management of computers."""
        return [one for one in fixes_of(self.kind)[:1] if one.code is not FixCode.RETIRE]

    @property
    def further_fixes(self) -> list[Fix]:
        """What stands in the menu."""
        return fixes_of(self.kind)[len(self.shown_fixes) :]

    @property
    def way(self) -> Way | None:
        """Where they are looked into: a list where they are several, else the one."""
        if len(self.lines) == 1 and self.count.count == 1:
            return way_of(self.lines[0].problem)
        return _list_way(self.kind, self.customer)


def problem_groups(
    user: User, problems: QuerySet[Problem], *, marker: datetime | None, page: int, query: str = ""
) -> tuple[list[ProblemGroup], bool]:
    """One page of groups, and whether more follow; a fixed number of statements whatever the number of problems.

    Args:
        user: Who looks.
        problems: What they may see and have chosen.
        marker: What appeared after it is new to them.
        page: From 0.
        query: The page's filters.
    """
    first = page * GROUPS_PER_PAGE
    counts = problems_grouped(problems, marker=marker, limit=GROUPS_PER_PAGE + 1, offset=first)
    shown = counts[:GROUPS_PER_PAGE]
    customers = _customers(user, [one.company_hub_id for one in shown])
    groups = [ProblemGroup(one, customers.get(one.company_hub_id), query=query) for one in shown]
    small = [one for one in groups if one.count.count <= UNFOLDED_UP_TO]
    rows = problems_of_groups(problems, [one.count for one in small]) if small else []
    by_group = defaultdict(list)
    for line in problem_lines(rows, customers, marker=marker):
        by_group[line.problem.kind, line.problem.company_hub_id].append(line)
    for one in small:
        one.lines = by_group[one.kind, one.count.company_hub_id]
    return groups, len(counts) > GROUPS_PER_PAGE


def problem_lines(
    rows: Iterable[Problem], customers: dict[Any, MirroredCompany], *, marker: datetime | None
) -> list[ProblemLine]:
    """Problems as lines; the finds of all of them come in one query."""
    found = list(rows)
    wanted = {row.device_id for row in found if row.kind == ProblemKind.OPEN_DETECTION and row.device_id is not None}
    finds = detections_newest_open(sorted(wanted)) if wanted else {}
    return [
        ProblemLine(
            row,
            about=_about(row),
            what=problem_words(row, finds.get(row.device_id or 0)),
            place=_place(row, customers.get(row.company_hub_id)),
            is_new=marker is not None and row.since > marker,
        )
        for row in found
    ]


def customers_of(user: User, rows: Collection[Problem]) -> dict[Any, MirroredCompany]:
    """The customers of problems, as far as the person may see them, by hub id."""
    return _customers(user, [row.company_hub_id for row in rows])


def _customers(user: User, ids: Iterable[UUID | None]) -> dict[Any, MirroredCompany]:
    wanted = {one for one in ids if one is not None}
    return {found.hub_id: found for found in customers_visible(user).filter(hub_id__in=wanted)} if wanted else {}


def _about(row: Problem) -> str:
    if row.device is not None:
        return row.device.name
    return str(row.details.get("hostname") or row.details.get("name") or row.get_kind_display())


def _place(row: Problem, customer: MirroredCompany | None) -> str:
    if row.device is None or (customer is not None and row.device.group_id == customer.group_id):
        return ""
    return row.device.group.name


def _list_way(kind: str, customer: MirroredCompany | None) -> Way | None:
    lists = {
        ProblemKind.OPEN_DETECTION: (_("Look at the files"), "detections", {"state": "open"}),
        ProblemKind.NOT_PROTECTED: (_("Open computers"), "computers", {"protection": "NOT_PROTECTED"}),
        ProblemKind.SCAN_ONLY: (_("Open computers"), "computers", {"protection": "SCAN_ONLY"}),
        ProblemKind.SERVER_SILENT: (_("Open computers"), "computers", {"contact": "offline", "kind": "SERVER"}),
        ProblemKind.WORKSTATION_SILENT: (_("Open computers"), "computers", {"contact": "silent"}),
    }
    if kind in lists and customer is not None and customer.group is not None:
        label, name, query = lists[ProblemKind(kind)]
        return Way(label, f"{reverse(f'console:{name}')}?{urlencode({'group': customer.group.uid, **query})}")
    return _page_way(kind)


def _page_way(kind: str) -> Way | None:
    """The page for a kind as a whole."""
    pages = {
        ProblemKind.WAITING_FOR_APPROVAL: (_("Approve or reject"), "approvals"),
        ProblemKind.LINK_BROKEN: (_("Open Licensing link"), "link"),
        ProblemKind.NO_SEAT: (_("See licenses"), "licenses"),
        ProblemKind.AGENT_OLD: (_("Open Installers"), "installers"),
    }
    if kind not in pages:
        return None
    label, name = pages[ProblemKind(kind)]
    return Way(label, reverse(f"console:{name}"))


def way_of(row: Problem) -> Way | None:
    """Where one problem is looked into."""
    found = _page_way(row.kind)
    if found is not None:
        return found
    if row.kind == ProblemKind.KEY_BUSY and row.details.get("key"):
        return Way(_("Open the key"), reverse("console:installer", args=[row.details["key"]]))
    if row.kind == ProblemKind.ROLLOUT_STOPPED and row.details.get("policy"):
        return Way(_("Open the policy"), reverse("console:policy", args=[row.details["policy"]]))
    return _device_way(row) if row.device else None


def _device_way(row: Problem) -> Way:
    page = reverse("console:device", args=[row.device.uid]) if row.device else ""
    tabs = {
        ProblemKind.OPEN_DETECTION: (_("Look at the file"), "?tab=detections"),
        ProblemKind.TASK_FAILED: (_("See tasks"), "?tab=tasks"),
        ProblemKind.POLICY_GAP: (_("See settings"), "?tab=policies"),
        ProblemKind.POLICY_ERROR: (_("See settings"), "?tab=policies"),
        ProblemKind.ENGINE_DIFFERS: (_("See differences"), "#differences"),
    }
    label, end = tabs.get(ProblemKind(row.kind), (_("Open computer"), ""))
    return Way(label, f"{page}{end}")


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
