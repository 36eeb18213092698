"""The link to Licensing: its state, synchronizations, previews, what is asked and what failed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Status
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.errors import NotFoundError
from seatkeep_webkit.paging import Page, paginate

from seatkeep_manager.api.auth import require_admin
from seatkeep_manager.api.link_schemas import ChangeOut, RetriedOut, SyncRunOut, TroubleOut
from seatkeep_manager.api.schemas import LinkOut, PageOut, SyncIn
from seatkeep_manager.hublink.models import SyncChange, SyncRun, SyncTrouble
from seatkeep_manager.hublink.selectors import (
    change_list,
    dry_run_latest,
    held_run,
    link_get,
    link_status,
    sync_run_get,
    trouble_list,
)
from seatkeep_manager.hublink.services import link_start, preview_request, removals_allow, sync_request
from seatkeep_manager.hublink.troubles import troubles_retry

router = Router(tags=["Link to Licensing"])


@router.get("/link", response=LinkOut, summary="The link to Licensing")
def link_read(request: HttpRequest) -> dict[str, Any]:
    """How the link stands."""
    require_admin(request)
    return _link()


@router.post("/link", response={201: LinkOut}, summary="Connect to Licensing")
def link_connect(request: HttpRequest) -> Status[dict[str, Any]]:
    """Ask for a code that a Security Admin approves in Licensing."""
    require_admin(request)
    link_start(actor=actor_from_request(request), now=clock_now())
    return Status(201, _link())


@router.post("/link/sync", response={202: LinkOut}, summary="Synchronize now")
def link_sync(request: HttpRequest, body: SyncIn) -> Status[dict[str, Any]]:
    """Ask for a synchronization; several requests become one run."""
    require_admin(request)
    sync_request(actor=actor_from_request(request), is_full=body.full, now=clock_now())
    return Status(202, _link())


def _link() -> dict[str, Any]:
    link, status = link_get(), link_status()
    return {
        "state": link.state,
        "status": status.word,
        "done": status.done,
        "expected": status.expected,
        "reason": status.reason,
        "company_name": link.company_name,
        "user_code": link.user_code,
        "verification_uri": link.verification_uri,
        "last_synced_at": link.last_synced_at,
        "disconnected_since": link.disconnected_since,
        "held_run": held.uid if (held := held_run()) else None,
        "preview_run": preview.uid if (preview := dry_run_latest()) else None,
        "troubles": trouble_list().count(),
    }


@router.post("/link/preview", response={202: LinkOut}, summary="Ask what would change")
def link_preview(request: HttpRequest) -> Status[dict[str, Any]]:
    """Read everything in the background and keep what would change; several requests become one run."""
    require_admin(request)
    preview_request(actor=actor_from_request(request), now=clock_now())
    return Status(202, _link())


@router.get("/link/runs", response=PageOut[SyncRunOut], summary="Synchronizations")
def link_runs(request: HttpRequest, cursor: str | None = None, limit: int = 50) -> Page[SyncRun]:
    """Newest first; previews are of kind DRY_RUN."""
    require_admin(request)
    return paginate(SyncRun.objects.all(), order=("-id",), cursor=cursor, limit=limit)


@router.get("/link/runs/{uuid:uid}/changes", response=PageOut[ChangeOut], summary="What a run would change")
def link_changes(
    request: HttpRequest, uid: UUID, change: str | None = None, cursor: str | None = None, limit: int = 100
) -> Page[SyncChange]:
    """Of the newest preview, and of runs that ask before customers are marked as removed."""
    require_admin(request)
    rows = change_list(_run(uid))
    return paginate(rows.filter(change=change) if change else rows, order=("id",), cursor=cursor, limit=limit)


@router.post("/link/runs/{uuid:uid}/allow", response={202: LinkOut}, summary="Agree to removals")
def link_allow(request: HttpRequest, uid: UUID) -> Status[dict[str, Any]]:
    """Let customers that a run in state HELD did not see be marked as removed; everything is read again at once."""
    require_admin(request)
    _run(uid)
    removals_allow(actor=actor_from_request(request), run_uid=uid, now=clock_now())
    return Status(202, _link())


@router.get("/link/troubles", response=PageOut[TroubleOut], summary="What could not be taken over")
def link_troubles(request: HttpRequest, cursor: str | None = None, limit: int = 100) -> Page[SyncTrouble]:
    """Each failed alone, with the reason."""
    require_admin(request)
    return paginate(trouble_list(), order=("id",), cursor=cursor, limit=limit)


@router.post("/link/troubles/retry", response=RetriedOut, summary="Try what failed again")
def link_troubles_retry(request: HttpRequest) -> dict[str, int]:
    """Each by itself; tells how many went through."""
    require_admin(request)
    taken, failed = troubles_retry(actor=actor_from_request(request), now=clock_now())
    return {"taken": taken, "failed": failed}


def _run(uid: UUID) -> SyncRun:
    run = sync_run_get(uid)
    if run is None:
        raise NotFoundError
    return run
