"""Detections, quarantine, tasks."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Status
from seatkeep_protocol.tasks import TaskKind
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.idempotency import idempotent
from seatkeep_webkit.paging import Page, paginate

from seatkeep_manager.api.auth import caller
from seatkeep_manager.api.routes.task_things import router as task_things
from seatkeep_manager.api.schemas import (
    DetectionOut,
    GroupTaskIn,
    PageOut,
    QuarantineOut,
    ResolveIn,
    RestoreIn,
    RunOut,
    TaskIn,
    TaskOut,
)
from seatkeep_manager.customers.orders import quarantine_task
from seatkeep_manager.detections.enums import Resolution
from seatkeep_manager.detections.models import Detection, QuarantineItem
from seatkeep_manager.detections.selectors import (
    detection_get,
    detections_visible,
    quarantine_item_get,
    quarantine_visible,
)
from seatkeep_manager.detections.services import detection_resolve
from seatkeep_manager.directory.enums import AccessLevel
from seatkeep_manager.directory.selectors import device_get, group_get
from seatkeep_manager.grouping.selectors import dynamic_group_get
from seatkeep_manager.tasks.errors import TaskTriggerInvalidError
from seatkeep_manager.tasks.group_services import group_task_create
from seatkeep_manager.tasks.models import ClientTask
from seatkeep_manager.tasks.orders import functionality_of
from seatkeep_manager.tasks.selectors import (
    task_failed_devices,
    task_get,
    task_get_writable,
    task_runs_visible,
    tasks_visible,
)
from seatkeep_manager.tasks.services import task_cancel, task_create, task_rerun

router = Router(tags=["Protection"])
router.add_router("", task_things)


@router.get("/detections", response=PageOut[DetectionOut], summary="Detections")
def detection_list(
    request: HttpRequest,
    engine: Annotated[str | None, Query(max_length=255)] = None,
    is_open: bool | None = None,
    cursor: str | None = None,
    limit: int = 100,
) -> Page[Any]:
    """Detections on computers that the caller may see, newest first; `engine` is who found it, such as `defender`."""
    found = detections_visible(caller(request))
    if engine is not None:
        found = found.filter(engine=engine)
    if is_open is not None:
        found = found.filter(resolved_at__isnull=is_open)
    return paginate(found, order=("-occurred_at", "-id"), cursor=cursor, limit=limit)


@router.get("/detections/{uuid:uid}", response=DetectionOut, summary="One detection")
def detection_read(request: HttpRequest, uid: UUID) -> Detection:
    """One detection."""
    return detection_get(caller(request), uid=uid)


@router.post("/detections/{uuid:uid}/resolve", response=DetectionOut, summary="Resolve a detection")
def detection_close(request: HttpRequest, uid: UUID, body: ResolveIn) -> Detection:
    """Close a detection by hand. Idempotent."""
    found = detection_get(caller(request), uid=uid, level=AccessLevel.USE)
    return detection_resolve(
        actor=actor_from_request(request),
        detection_id=found.pk,
        resolution=Resolution(body.resolution),
        note=body.note,
        now=clock_now(),
    )


@router.get("/quarantine", response=PageOut[QuarantineOut], summary="Files in quarantine")
def quarantine_list(request: HttpRequest, cursor: str | None = None, limit: int = 100) -> Page[Any]:
    """Files that computers keep locked away."""
    return paginate(quarantine_visible(caller(request)), order=("-quarantined_at", "-id"), cursor=cursor, limit=limit)


@router.post("/quarantine/{uuid:uid}/restore", response={202: TaskOut}, summary="Restore a file")
@idempotent
def quarantine_back(request: HttpRequest, uid: UUID, body: RestoreIn) -> Status[ClientTask]:
    """Ask the computer to put the file back."""
    return Status(202, _order(request, uid, TaskKind.QUARANTINE_RESTORE, is_excluding=body.is_excluding))


@router.post("/quarantine/{uuid:uid}/delete", response={202: TaskOut}, summary="Delete a file")
@idempotent
def quarantine_remove(request: HttpRequest, uid: UUID) -> Status[ClientTask]:
    """Ask the computer to delete the file for good."""
    return Status(202, _order(request, uid, TaskKind.QUARANTINE_DELETE))


def _order(request: HttpRequest, uid: UUID, kind: TaskKind, *, is_excluding: bool = False) -> ClientTask:
    item: QuarantineItem = quarantine_item_get(caller(request), uid=uid, level=AccessLevel.WRITE)
    actor = actor_from_request(request)
    return quarantine_task(actor=actor, kind=kind, items=[item], is_excluding=is_excluding, now=clock_now())[0]


@router.get("/tasks", response=PageOut[TaskOut], summary="Tasks")
def task_list(
    request: HttpRequest,
    kind: Annotated[str | None, Query(max_length=255)] = None,
    cursor: str | None = None,
    limit: int = 100,
) -> Page[Any]:
    """Tasks on a group, or with a run on a computer, that the caller may see, newest first."""
    found = tasks_visible(caller(request))
    return paginate(found.filter(kind=kind) if kind else found, order=("-id",), cursor=cursor, limit=limit)


@router.post("/tasks", response={201: TaskOut}, summary="Run a task")
@idempotent
def task_new(request: HttpRequest, body: TaskIn) -> Status[ClientTask]:
    """Ask computers to do something as soon as they hear of it."""
    user, what = caller(request), functionality_of(body.kind)
    ids = [device_get(user, uid=uid, functionality=what, level=AccessLevel.USE).pk for uid in body.devices]
    task = task_create(
        actor=actor_from_request(request),
        kind=body.kind,
        params=body.params,
        device_ids=ids,
        now=clock_now(),
        is_server_confirmed=body.confirm_server,
    )
    return Status(201, task)


@router.get("/tasks/{uuid:uid}", response=TaskOut, summary="One task")
def task_read(request: HttpRequest, uid: UUID) -> ClientTask:
    """One task."""
    return task_get(caller(request), uid=uid)


@router.get("/tasks/{uuid:uid}/runs", response=PageOut[RunOut], summary="Runs of a task")
def run_list(
    request: HttpRequest,
    uid: UUID,
    state: Annotated[str | None, Query(max_length=255)] = None,
    cursor: str | None = None,
    limit: int = 100,
) -> Page[Any]:
    """Each computer's part of a task, as far as the caller may see the computer."""
    user = caller(request)
    runs = task_runs_visible(user).filter(task=task_get(user, uid=uid))
    return paginate(runs.filter(state=state) if state else runs, order=("-id",), cursor=cursor, limit=limit)


@router.post("/group-tasks", response={201: TaskOut}, summary="Put a task on a group")
@idempotent
def group_task_new(request: HttpRequest, body: GroupTaskIn) -> Status[ClientTask]:
    """Ask whoever stands in the group, now or later, each time that the trigger fires there; offline too."""
    user = caller(request)
    if (body.group is None) == (body.dynamic_group is None):
        raise TaskTriggerInvalidError(fields={"group": ["Name a group or a dynamic group."]})
    wanted: dict[str, Any] = {"functionality": functionality_of(body.kind), "level": AccessLevel.USE}
    dynamic = dynamic_group_get(user, uid=body.dynamic_group, **wanted) if body.dynamic_group else None
    group = dynamic.anchor if dynamic else group_get(user, uid=body.group or UUID(int=0), **wanted)
    task = group_task_create(
        actor=actor_from_request(request),
        kind=body.kind,
        params=body.params,
        trigger=body.trigger,
        group_id=group.pk,
        dynamic_id=dynamic.pk if dynamic else None,
        now=clock_now(),
        life=timedelta(seconds=body.life_seconds) if body.life_seconds else None,
        pause=timedelta(seconds=body.pause_seconds),
        ends_at=body.ends_at,
        is_server_confirmed=body.confirm_server,
    )
    return Status(201, task)


@router.post("/tasks/{uuid:uid}/cancel", response=TaskOut, summary="Cancel a task")
def task_stop(request: HttpRequest, uid: UUID) -> ClientTask:
    """Take a task back where it has not ended, or off its group. Idempotent."""
    found = task_get_writable(caller(request), uid=uid)
    task_cancel(actor=actor_from_request(request), task=found, now=clock_now())
    found.refresh_from_db()
    return found


@router.post("/tasks/{uuid:uid}/rerun", response={201: TaskOut}, summary="Try what failed once more")
@idempotent
def task_again(request: HttpRequest, uid: UUID) -> Status[ClientTask]:
    """Ask the computers whose newest run failed or expired once more, at once, as a task of its own."""
    user = caller(request)
    found = task_get(user, uid=uid)
    failed = task_failed_devices(user, found)
    again = task_rerun(actor=actor_from_request(request), task=found, device_ids=failed, now=clock_now())
    return Status(201, again)
