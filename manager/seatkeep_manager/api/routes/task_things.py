"""What belongs to tasks: software that may be installed, files that computers sent, isolation."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Router, Status
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.errors import NotAllowedError
from seatkeep_webkit.idempotency import idempotent
from seatkeep_webkit.paging import Page, paginate

from seatkeep_manager.api.auth import caller
from seatkeep_manager.api.schemas import PageOut
from seatkeep_manager.api.task_schemas import (
    FileOut,
    IsolationOut,
    PackageIn,
    PackageOut,
    ServerTaskIn,
    ServerTaskOut,
    ServerTaskPreviewOut,
)
from seatkeep_manager.directory.access import may, may_everywhere
from seatkeep_manager.directory.enums import AccessLevel, Functionality
from seatkeep_manager.directory.selectors import device_get, group_get
from seatkeep_manager.tasks.files import file_get, files_visible
from seatkeep_manager.tasks.isolation import device_isolation
from seatkeep_manager.tasks.models import ServerTask, SoftwarePackage
from seatkeep_manager.tasks.server_tasks import (
    EXAMPLES,
    changes,
    server_task_create,
    server_task_get,
    server_task_remove,
    server_task_run,
    server_tasks_visible,
)
from seatkeep_manager.tasks.software import package_add, package_get, package_remove, packages_listed

router = Router(tags=["Tasks"])


@router.get("/software-packages", response=PageOut[PackageOut], summary="Software that tasks may install")
def package_list(request: HttpRequest, cursor: str | None = None, limit: int = 100) -> Page[Any]:
    """The list, by name."""
    if not may(caller(request), Functionality.CLIENT_TASKS, AccessLevel.READ):
        raise NotAllowedError
    return paginate(packages_listed(), order=("name", "version", "id"), cursor=cursor, limit=limit)


@router.post("/software-packages", response={201: PackageOut}, summary="Take a package on the list")
@idempotent
def package_new(request: HttpRequest, body: PackageIn) -> Status[SoftwarePackage]:
    """Let tasks install a file of exactly this content from exactly this address, on every customer's computers."""
    _listing_check(request)
    made = package_add(
        actor=actor_from_request(request), name=body.name, version=body.version, package_format=body.format,
        url=body.url, sha256=body.sha256, now=clock_now(),
    )  # fmt: skip
    return Status(201, made)


@router.delete("/software-packages/{uuid:uid}", response={204: None}, summary="Take a package off the list")
def package_drop(request: HttpRequest, uid: UUID) -> Status[None]:
    """What was ordered already is still done."""
    _listing_check(request)
    package_remove(actor=actor_from_request(request), package=package_get(uid), now=clock_now())
    return Status(204, None)


@router.get("/files", response=PageOut[FileOut], summary="Files that computers sent")
def file_list(request: HttpRequest, cursor: str | None = None, limit: int = 100) -> Page[Any]:
    """Collected logs, newest first; they are kept for 14 days."""
    return paginate(files_visible(caller(request)), order=("-id",), cursor=cursor, limit=limit)


@router.get("/runs/{uuid:uid}/file", summary="The file of a run", response={200: bytes})
def file_read(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The zip itself."""
    found = file_get(caller(request), run_uid=uid)
    return HttpResponse(
        bytes(found.content), content_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{found.name}"'},
    )  # fmt: skip


@router.get("/devices/{uuid:uid}/isolation", response=IsolationOut, summary="How a computer is cut off the network")
def isolation_read(request: HttpRequest, uid: UUID) -> object:
    """As the computer says itself; orders go by `POST /tasks` with ISOLATE and RELEASE."""
    return device_isolation(device_get(caller(request), uid=uid)) or IsolationOut()


@router.get("/server-tasks", response=PageOut[ServerTaskOut], summary="Rules that the console follows each day")
def rule_list(request: HttpRequest, cursor: str | None = None, limit: int = 100) -> Page[Any]:
    """The rules of groups at which the caller may look, newest first."""
    return paginate(server_tasks_visible(caller(request)), order=("-id",), cursor=cursor, limit=limit)


@router.post("/server-tasks", response={201: ServerTaskOut}, summary="Let the console follow a rule each day")
@idempotent
def rule_new(request: HttpRequest, body: ServerTaskIn) -> Status[ServerTask]:
    """It is followed within the hour, then each day; `…/preview` says what it would do now."""
    wanted: dict[str, Any] = {"functionality": Functionality.SERVER_TASKS, "level": AccessLevel.WRITE}
    group = group_get(caller(request), uid=body.group, **wanted)
    made = server_task_create(
        actor=actor_from_request(request), kind=body.kind, params=body.params, group=group, now=clock_now()
    )
    return Status(201, made)


@router.get("/server-tasks/{uuid:uid}", response=ServerTaskOut, summary="One rule")
def rule_read(request: HttpRequest, uid: UUID) -> ServerTask:
    """What it does, and what its last run did."""
    return server_task_get(caller(request), uid=uid)


@router.get("/server-tasks/{uuid:uid}/preview", response=ServerTaskPreviewOut, summary="What a rule would do now")
def rule_preview(request: HttpRequest, uid: UUID) -> ServerTaskPreviewOut:
    """How many computers, and the first of them: its name, and its new one (empty when it goes)."""
    found = server_task_get(caller(request), uid=uid)
    would = changes(found.kind, found.params, found.group, now=clock_now())
    return ServerTaskPreviewOut(
        count=len(would), examples=[(change.device.name, change.name) for change in would[:EXAMPLES]]
    )


@router.post("/server-tasks/{uuid:uid}/run", response=ServerTaskOut, summary="Follow a rule now")
def rule_run(request: HttpRequest, uid: UUID) -> ServerTask:
    """Also where more than a quarter would go: whoever calls this has seen the preview."""
    found = server_task_get(caller(request), uid=uid, level=AccessLevel.USE)
    server_task_run(actor=actor_from_request(request), task=found, now=clock_now(), is_confirmed=True)
    found.refresh_from_db()
    return found


@router.delete("/server-tasks/{uuid:uid}", response={204: None}, summary="Follow a rule no more")
def rule_drop(request: HttpRequest, uid: UUID) -> Status[None]:
    """What it has changed stays as it is."""
    found = server_task_get(caller(request), uid=uid, level=AccessLevel.WRITE)
    server_task_remove(actor=actor_from_request(request), task=found, now=clock_now())
    return Status(204, None)


def _listing_check(request: HttpRequest) -> None:
    if not may_everywhere(caller(request), Functionality.COMMANDS, AccessLevel.WRITE):
        raise NotAllowedError
