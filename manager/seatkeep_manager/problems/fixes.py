"""The fix of a problem as one act: which kinds have one, what it does, and doing it for many at once.

Each fix needs the right for what it does, not for problems: who may run tasks may scan, and so on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from seatkeep_protocol.tasks import TaskKind
from seatkeep_webkit.actors import Actor

from seatkeep_manager.directory.access import may_everywhere
from seatkeep_manager.directory.enums import AccessLevel, DeviceState, Functionality
from seatkeep_manager.directory.models import Device, User
from seatkeep_manager.directory.selectors import devices_visible
from seatkeep_manager.directory.services import device_restore, device_retire
from seatkeep_manager.enrollment.deciding import request_approve
from seatkeep_manager.enrollment.enums import RequestState
from seatkeep_manager.enrollment.selectors import requests_visible
from seatkeep_manager.hublink.services import sync_request
from seatkeep_manager.problems.acts import problems_fixed
from seatkeep_manager.problems.enums import ProblemKind
from seatkeep_manager.problems.errors import ProblemNoFixError
from seatkeep_manager.problems.models import Problem
from seatkeep_manager.statedocs.models import LicenseAssignment
from seatkeep_manager.tasks.enums import RunState
from seatkeep_manager.tasks.models import ClientTask, TaskRun
from seatkeep_manager.tasks.services import task_create, task_rerun


class FixCode(StrEnum):
    """What is done."""

    SCAN = "scan"
    SIGNATURES = "signatures"
    RESTART = "restart"
    ACTIVATE = "activate"
    RERUN = "rerun"
    MANAGE = "manage"
    RETIRE = "retire"
    APPROVE = "approve"
    SYNC = "sync"


@dataclass(frozen=True)
class Fix:
    """One fix.

    Attributes:
        code: Its name in addresses and the API.
        label: The verb on the button.
        meaning: What it does, one sentence each.
        functionality: What a person must be allowed, at `level`.
        is_danger: It interrupts people or takes something away.
    """

    code: FixCode
    label: Promise
    meaning: tuple[Promise, ...]
    functionality: Functionality
    level: AccessLevel
    is_danger: bool = False


@dataclass(frozen=True)
class Fixed:
    """What came of a fix.

    Attributes:
        count: For how many problems it was ordered.
        task: The task that does it, where it is one.
    """

    count: int
    task: UUID | None = None


_TASKS, _GROUPS = Functionality.CLIENT_TASKS, Functionality.GROUPS
_LIST = (
    Fix(FixCode.SCAN, _("Scan"), (_("A scan of the folders of each computer's policy begins at once."),
        _("What is found is moved to quarantine.")), _TASKS, AccessLevel.USE),
    Fix(FixCode.SIGNATURES, _("Update signatures"), (_("Each computer fetches the newest signatures at once."),),
        _TASKS, AccessLevel.USE),
    Fix(FixCode.RESTART, _("Restart"), (_("Whoever is signed in gets a notice and ten minutes to save."),
        _("A computer that is offline restarts only if it comes back within 12 hours.")),
        _TASKS, AccessLevel.USE, is_danger=True),
    Fix(FixCode.ACTIVATE, _("Take a seat again"), (_("Each computer asks Licensing for its seat once more."),),
        _TASKS, AccessLevel.USE),
    Fix(FixCode.RERUN, _("Try again"), (_("What failed is ordered once more, at once."),), _TASKS, AccessLevel.USE),
    Fix(FixCode.MANAGE, _("Manage again"), (_("The computers are managed again, with their history."),),
        _GROUPS, AccessLevel.WRITE),
    Fix(FixCode.RETIRE, _("Stop managing"), (_("A signed order to retire waits for each computer for 180 days."),
        _("Its history stays; it can be brought back.")), _GROUPS, AccessLevel.WRITE, is_danger=True),
    Fix(FixCode.APPROVE, _("Approve"), (_("They are let in as soon as they ask again, within 15 seconds."),),
        Functionality.INSTALLERS, AccessLevel.WRITE),
    Fix(FixCode.SYNC, _("Connect again"), (_("The console asks Licensing at once for everything new."),),
        Functionality.SETTINGS, AccessLevel.WRITE),
)  # fmt: skip
FIXES: Mapping[FixCode, Fix] = {one.code: one for one in _LIST}
FIXES_OF: Mapping[ProblemKind, tuple[FixCode, ...]] = {
    ProblemKind.OPEN_DETECTION: (FixCode.SCAN,),
    ProblemKind.SIGNATURES_OLD: (FixCode.SIGNATURES,),
    ProblemKind.NO_SEAT: (FixCode.ACTIVATE,),
    ProblemKind.RESTART_NEEDED: (FixCode.RESTART,),
    ProblemKind.TASK_FAILED: (FixCode.RERUN,),
    ProblemKind.WORKSTATION_SILENT: (FixCode.RETIRE,),
    ProblemKind.SERVER_SILENT: (FixCode.RETIRE,),
    ProblemKind.CAME_BACK: (FixCode.MANAGE, FixCode.RETIRE),
    ProblemKind.WAITING_FOR_APPROVAL: (FixCode.APPROVE,),
    ProblemKind.LINK_BROKEN: (FixCode.SYNC,),
}
"""The first is what a person would press; a kind that is not here is mended elsewhere, as its text says."""


def fixes_of(kind: str) -> list[Fix]:
    """The fixes of a kind, the usual one first."""
    return [FIXES[code] for code in FIXES_OF.get(ProblemKind(kind), ())] if kind in ProblemKind.values else []


def fix_get(code: str, kinds: Collection[str]) -> Fix:
    """One fix that all of these kinds have.

    Raises:
        ProblemNoFixError: One of them has no such fix, or there is no kind.
    """
    fits = bool(kinds) and all(code in {str(one.code) for one in fixes_of(kind)} for kind in kinds)
    if not fits:
        raise ProblemNoFixError
    return FIXES[FixCode(code)]


def problems_fixable(user: User, fix: Fix, problems: QuerySet[Problem]) -> list[Problem]:
    """Those problems for which a person may order a fix, of those they may see; a fixed number of statements."""
    rows = list(problems.order_by("pk"))
    if fix.code is FixCode.SYNC:
        return rows if may_everywhere(user, fix.functionality, fix.level) else []
    if fix.code is FixCode.APPROVE:
        mine = {str(uid) for uid in requests_visible(user, level=fix.level).values_list("uid", flat=True)}
        return [row for row in rows if row.details.get("request") in mine]
    devices = devices_visible(user, functionality=fix.functionality, level=fix.level)
    allowed = set(devices.filter(pk__in=[row.device_id for row in rows]).values_list("pk", flat=True))
    return [row for row in rows if row.device_id in allowed]


@transaction.atomic
def problems_fix(*, actor: Actor, user: User | None, fix: Fix, problems: Collection[Problem], now: datetime) -> Fixed:
    """Order a fix. The problems stay until their facts are gone.

    Args:
        actor: Who orders it.
        user: The same person; None for a program.
        fix: One that all the problems' kinds have (`fix_get`).
        problems: Those of `problems_fixable`.
        now: Current time, aware UTC.

    Raises:
        ProblemNoFixError: There is nothing to do for any of them.
        TaskTooManyTargetsError, DeviceTasksFullError, HubNotLinkedError: As the fix itself.
    """
    if not problems:
        raise ProblemNoFixError
    task = _DOES[fix.code](actor, user, list(problems), now)
    ids = [problem.pk for problem in problems]
    problems_fixed(actor=actor, user=user, problem_ids=ids, fix=str(fix.code), now=now)
    return Fixed(len(ids), task.uid if task else None)


Do = Callable[[Actor, User | None, list[Problem], datetime], ClientTask | None]


def _task(kind: TaskKind) -> Do:
    def order(actor: Actor, user: User | None, problems: list[Problem], now: datetime) -> ClientTask:
        return task_create(actor=actor, kind=kind, params={}, device_ids=_devices(problems), now=now)

    return order


def _activate(actor: Actor, user: User | None, problems: list[Problem], now: datetime) -> ClientTask | None:
    rows = LicenseAssignment.objects.filter(device_id__in=_devices(problems), is_withdrawn=False, is_stopped=False)
    by_product: dict[str, list[int]] = defaultdict(list)
    for device_id, product in rows.values_list("device_id", "product"):
        by_product[product].append(device_id)
    if not by_product:
        raise ProblemNoFixError
    made = [
        task_create(actor=actor, kind=TaskKind.ACTIVATE, params={"product": product}, device_ids=ids, now=now)
        for product, ids in sorted(by_product.items())
    ]
    return made[0]


def _rerun(actor: Actor, user: User | None, problems: list[Problem], now: datetime) -> ClientTask | None:
    """Order anew what failed: of each device and kind of task its newest ended run."""
    ended = TaskRun.objects.filter(
        device_id__in=_devices(problems), state__in=[RunState.FINISHED, RunState.FAILED], finished_at__isnull=False
    )
    newest = ended.order_by("device_id", "task__kind", "-finished_at", "-id").distinct("device_id", "task__kind")
    failed: dict[int, list[int]] = defaultdict(list)
    for run in newest.values("device_id", "task_id", "state"):
        if run["state"] == RunState.FAILED:
            failed[run["task_id"]].append(run["device_id"])
    if not failed:
        raise ProblemNoFixError
    tasks = ClientTask.objects.in_bulk(failed)
    made = [
        task_rerun(actor=actor, task=tasks[task_id], device_ids=ids, now=now) for task_id, ids in sorted(failed.items())
    ]
    return made[0] if len(made) == 1 else None


def _manage(actor: Actor, user: User | None, problems: list[Problem], now: datetime) -> None:
    for device_id in _devices(problems):
        device_restore(actor=actor, device_id=device_id, now=now)


def _retire(actor: Actor, user: User | None, problems: list[Problem], now: datetime) -> None:
    """Retire what is managed; of what came back the order is given anew from today."""
    again = Device.objects.filter(pk__in=_devices(problems), state=DeviceState.RETIRED)
    for device_id in again.order_by("pk").values_list("pk", flat=True):
        device_restore(actor=actor, device_id=device_id, now=now)
    for device_id in _devices(problems):
        device_retire(actor=actor, device_id=device_id, now=now)


def _approve(actor: Actor, user: User | None, problems: list[Problem], now: datetime) -> None:
    uids = [problem.details["request"] for problem in problems if "request" in problem.details]
    asked = requests_visible(user, level=AccessLevel.WRITE) if user else None
    if asked is None:
        raise ProblemNoFixError
    for request in asked.filter(uid__in=uids, state=RequestState.WAITING).order_by("pk"):
        request_approve(actor=actor, user=user, request=request, now=now)


def _sync(actor: Actor, user: User | None, problems: list[Problem], now: datetime) -> None:
    sync_request(actor=actor, is_full=False, now=now)


def _devices(problems: list[Problem]) -> list[int]:
    return sorted({problem.device_id for problem in problems if problem.device_id is not None})


_DOES: Mapping[FixCode, Do] = {
    FixCode.SCAN: _task(TaskKind.SCAN),
    FixCode.SIGNATURES: _task(TaskKind.SIGNATURES_UPDATE),
    FixCode.RESTART: _task(TaskKind.RESTART),
    FixCode.ACTIVATE: _activate,
    FixCode.RERUN: _rerun,
    FixCode.MANAGE: _manage,
    FixCode.RETIRE: _retire,
    FixCode.APPROVE: _approve,
    FixCode.SYNC: _sync,
}
