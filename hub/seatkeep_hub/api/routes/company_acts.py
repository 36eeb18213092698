"""`/company-acts` and moves: one act on one or several companies, with a result for each."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Status
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as read_clock
from seatkeep_webkit.idempotency import idempotent
from seatkeep_webkit.impersonation import impersonation_refuse
from seatkeep_webkit.paging import Page, paginate

from seatkeep_hub.api.auth import viewer_of
from seatkeep_hub.api.company_schemas import ActIn, ActOut, ActResultOut, MoveIn, MovePlanOut
from seatkeep_hub.api.reauth import recently_signed_in
from seatkeep_hub.api.schemas import Limit, PageOut
from seatkeep_hub.companies.enums import AccessLevel
from seatkeep_hub.companies.selectors import company_get
from seatkeep_hub.licensing.selectors import license_get
from seatkeep_hub.msp import jobs
from seatkeep_hub.msp.bulk import Wanted, is_quick, item_list, results_of, run_begin, run_get, run_work
from seatkeep_hub.msp.enums import CompanyAct
from seatkeep_hub.msp.models import CompanyRun, CompanyRunItem
from seatkeep_hub.msp.moving import MovePlan, move_plan

router = Router(tags=["Companies"])


@router.get("/companies/{company_id}/move", response=MovePlanOut, summary="What a move would do")
def move_look(request: HttpRequest, company_id: UUID, target_id: UUID, license_id: UUID | None = None) -> MovePlan:
    """Which seats go over to which license, and what stands in the way; writes nothing."""
    viewer = viewer_of(request)
    return move_plan(
        company=company_get(viewer, company_id, level=AccessLevel.WRITE),
        target=company_get(viewer, target_id, level=AccessLevel.WRITE),
        license=license_get(viewer, license_id) if license_id else None,
    )


@router.post("/companies/{company_id}/move", response={202: ActOut}, summary="Move a company")
@idempotent
def move_begin(request: HttpRequest, company_id: UUID, body: MoveIn) -> Status[CompanyRun]:
    """Hang it under another MSP of the same manager, with agreements, seats and history; a job does it.

    You must be able to change the company, the one above it, and the new one.
    """
    viewer = viewer_of(request)
    company_get(viewer, company_id, level=AccessLevel.WRITE)
    wanted = Wanted(CompanyAct.MOVE, target=body.target_id, license=body.license_id)
    return _begin(request, wanted, [company_id])


@router.post("/company-acts", response={200: ActOut, 202: ActOut}, summary="Act on several companies")
@idempotent
def act_begin(request: HttpRequest, body: ActIn) -> Status[CompanyRun]:
    """SUSPEND, UNSUSPEND, TAG_ADD, TAG_REMOVE, MOVE or REMOVE, each company by itself and with a result of its own.

    Up to 200 are done at once (200, with `results`); more, and every MOVE, are a job (202).
    """
    if body.act == CompanyAct.REMOVE:
        impersonation_refuse(request)
        recently_signed_in(request)
    wanted = Wanted(body.act, tag=body.tag, target=body.target_id, license=body.license_id)
    return _begin(request, wanted, body.companies)


@router.get("/company-acts/{act_id}", response=ActOut, summary="How far an act on several companies is")
def act_show(request: HttpRequest, act_id: UUID) -> CompanyRun:
    """One that you began."""
    viewer_of(request)
    return run_get(actor_from_request(request), act_id)


@router.get(
    "/company-acts/{act_id}/results", response=PageOut[ActResultOut], summary="What became of each company of an act"
)
def act_results(
    request: HttpRequest, act_id: UUID, cursor: str | None = None, limit: Limit = 100
) -> Page[CompanyRunItem]:
    """In the order of the act."""
    viewer_of(request)
    run = run_get(actor_from_request(request), act_id)
    return paginate(item_list(run), order=("id",), cursor=cursor, limit=limit)


def _begin(request: HttpRequest, wanted: Wanted, company_uids: list[UUID]) -> Status[CompanyRun]:
    actor, now = actor_from_request(request), read_clock()
    run = run_begin(viewer=viewer_of(request), actor=actor, wanted=wanted, company_uids=company_uids, now=now)
    if not is_quick(run):
        jobs.company_run.defer(uid=str(run.uid))
        return Status(202, run)
    run = run_work(uid=run.uid, now=now)
    setattr(run, "results_now", results_of(run))  # noqa: B010  # what `ActOut` looks for
    return Status(200, run)
