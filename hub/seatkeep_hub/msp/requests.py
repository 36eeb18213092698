"""Requests: who is not trusted asks the manager above, who approves or rejects; what is approved is carried out.

A managed MSP that its manager does not trust asks before it orders, changes seats or adds customers. The command is
tried when it is asked for, so that nothing is asked for that could not be done; it is carried out by the same services,
in the name of whoever approves, in the transaction of the approval.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record
from seatkeep_webkit.errors import AppError
from seatkeep_webkit.outbox.services import outbox_append

from seatkeep_hub.companies.enums import AccessLevel, CompanyKind, CompanyStatus
from seatkeep_hub.companies.models import Company
from seatkeep_hub.companies.selectors import Viewer, companies_visible
from seatkeep_hub.companies.services import company_update
from seatkeep_hub.msp.commands import command_run
from seatkeep_hub.msp.enums import RequestKind, RequestState
from seatkeep_hub.msp.errors import (
    ApprovalNeededError,
    RequestDecidedError,
    RequestNotFoundError,
    RequestNotNeededError,
)
from seatkeep_hub.msp.models import Request


def asker_of(viewer: Viewer, company: Company) -> Company | None:
    """The managed MSP in whose name the viewer would have to ask for something at `company`; None: no need to ask.

    Whoever may change the manager above decides alone.
    """
    untrusted = Company.objects.filter(pk__in=company.path, kind=CompanyKind.MANAGED_MSP, is_trusted=False)
    asker = untrusted.select_related("parent").first()
    if asker is None:
        return None
    managers = companies_visible(viewer, level=AccessLevel.WRITE).filter(pk=asker.parent_id or 0)
    return None if managers.exists() else asker


def approval_check(viewer: Viewer, company: Company) -> None:
    """Refuse what must be asked for first. Every edge that orders, changes seats or adds customers calls it.

    Raises:
        ApprovalNeededError: The viewer acts for a managed MSP that is not trusted.
    """
    if asker_of(viewer, company) is not None:
        raise ApprovalNeededError


def companies_free(viewer: Viewer) -> QuerySet[Company]:
    """Companies at which the viewer may change things without asking anybody."""
    writable = companies_visible(viewer, level=AccessLevel.WRITE)
    askers = writable.filter(kind=CompanyKind.MANAGED_MSP, is_trusted=False)
    bound = list(askers.exclude(parent__in=writable.values("pk")).values_list("pk", flat=True))
    return writable.exclude(path__overlap=bound) if bound else writable


@transaction.atomic
def request_make(
    *,
    viewer: Viewer,
    actor: Actor,
    kind: RequestKind | str,
    about: Company,
    command: Mapping[str, Any],
    now: datetime,
    reason: str = "",
) -> Request:
    """Ask the manager above. Nothing is done yet, but whether it could be done is tried.

    Args:
        viewer: Who asks, and may change `about` (the caller's look-up).
        actor: The same, for the journal.
        kind: What is asked for.
        about: The owner of the license, the customer, or the company above the new customer.
        command: Arguments of the service, as plain JSON.
        now: Current time, aware UTC.
        reason: For the one who approves.

    Raises:
        RequestNotNeededError: Nobody has to approve it.
        AppError: What the service would refuse.
    """
    asker = asker_of(viewer, about)
    if asker is None:
        raise RequestNotNeededError
    _try(actor, kind, about, command, now)
    made = Request.objects.create(
        company=asker,
        about=about,
        kind=kind,
        command=dict(command),
        reason=reason.strip()[:500],
        requester=actor.label[:200],
        requester_id=actor.id[:64],
        created_at=now,
    )
    _record(made, actor, "make", now)
    return made


@transaction.atomic
def request_approve(*, actor: Actor, request: Request, now: datetime, answer: str = "") -> Request:
    """Carry out what was asked for, in one transaction with the answer. Approving twice does it once.

    Raises:
        RequestDecidedError: It was rejected or taken back.
        AppError: The service refuses it now; then the request goes on waiting.
    """
    locked = _lock(request)
    if locked.state == RequestState.APPROVED:
        return locked
    _waiting_check(locked)
    locked.outcome = command_run(actor=actor, kind=locked.kind, about=locked.about, command=locked.command, now=now)
    return _decide(locked, RequestState.APPROVED, actor, now, answer)


@transaction.atomic
def request_reject(*, actor: Actor, request: Request, now: datetime, answer: str = "") -> Request:
    """Say no. Idempotent.

    Raises:
        RequestDecidedError: It was approved or taken back.
    """
    return _end(request, RequestState.REJECTED, actor, now, answer)


@transaction.atomic
def request_cancel(*, actor: Actor, request: Request, now: datetime) -> Request:
    """Take one's own request back. Idempotent.

    Raises:
        RequestDecidedError: It was answered.
    """
    return _end(request, RequestState.CANCELLED, actor, now, "")


@transaction.atomic
def trust_set(
    *, actor: Actor, company: Company, is_trusted: bool, now: datetime, approve_waiting: bool = False
) -> list[tuple[Request, str]]:
    """Trust a managed MSP, or stop; on trusting, approve everything that waits, if wished.

    Args:
        actor: Who does it; that they may change the manager above is the caller's look-up.
        company: The managed MSP.
        is_trusted: Whether it does things by itself from now on.
        now: Current time, aware UTC.
        approve_waiting: Approve what waits. What a service refuses goes on waiting.

    Returns:
        Each waiting request with `approved` or the code of the refusal; empty without `approve_waiting`.

    Raises:
        CompanyKindError: It is no managed MSP.
        CompanyStatusError: It is removed.
    """
    company_update(actor=actor, company=company, is_trusted=is_trusted, now=now)
    if not (is_trusted and approve_waiting):
        return []
    waiting = Request.objects.filter(company=company, state=RequestState.PENDING).order_by("id")
    return [(one, _approve_or_code(actor, one, now)) for one in waiting]


def request_list(viewer: Viewer) -> QuerySet[Request]:
    """Requests of companies that the viewer may see, the newest first."""
    visible = companies_visible(viewer).values("pk")
    return Request.objects.filter(company__in=visible).select_related("company__parent", "about").order_by("-id")


def requests_to_decide(viewer: Viewer) -> QuerySet[Request]:
    """Waiting requests that the viewer may answer: those of managed MSPs whose manager the viewer may change."""
    managers = companies_visible(viewer, level=AccessLevel.WRITE).exclude(status=CompanyStatus.REMOVED)
    return request_list(viewer).filter(state=RequestState.PENDING, company__parent__in=managers.values("pk"))


def request_get(viewer: Viewer, uid: UUID) -> Request:
    """One request.

    Raises:
        RequestNotFoundError: There is none, or the viewer may not see who asked.
    """
    found = request_list(viewer).filter(uid=uid).first()
    if found is None:
        raise RequestNotFoundError
    return found


def may_decide(viewer: Viewer, request: Request) -> bool:
    """Whether the viewer may approve and reject it."""
    managers = companies_visible(viewer, level=AccessLevel.WRITE)
    return managers.filter(pk=request.company.parent_id or 0).exists()


def may_cancel(viewer: Viewer, request: Request) -> bool:
    """Whether the viewer may take it back."""
    return companies_visible(viewer, level=AccessLevel.WRITE).filter(pk=request.company_id).exists()


def is_asking_in_use(viewer: Viewer) -> bool:
    """Whether the viewer sees a managed MSP that has to ask, or one that ever did."""
    visible = companies_visible(viewer).filter(kind=CompanyKind.MANAGED_MSP)
    return visible.filter(Q(is_trusted=False) | Q(requests__isnull=False)).exists()


def _try(actor: Actor, kind: RequestKind | str, about: Company, command: Mapping[str, Any], now: datetime) -> None:
    with transaction.atomic():
        command_run(actor=actor, kind=kind, about=about, command=command, now=now)
        transaction.set_rollback(True)


def _approve_or_code(actor: Actor, request: Request, now: datetime) -> str:
    try:
        request_approve(actor=actor, request=request, now=now)
    except AppError as error:
        return error.error_code
    return "approved"


def _end(request: Request, state: RequestState, actor: Actor, now: datetime, answer: str) -> Request:
    locked = _lock(request)
    if locked.state == state:
        return locked
    _waiting_check(locked)
    return _decide(locked, state, actor, now, answer)


def _lock(request: Request) -> Request:
    rows = Request.objects.select_for_update(of=("self",)).select_related("company__parent", "about")
    return rows.get(pk=request.pk)


def _waiting_check(request: Request) -> None:
    if request.state != RequestState.PENDING:
        raise RequestDecidedError


def _decide(request: Request, state: RequestState, actor: Actor, now: datetime, answer: str) -> Request:
    request.state, request.decided_at, request.decider = state, now, actor.label[:200]
    request.answer = answer.strip()[:500]
    request.save(update_fields=["state", "decided_at", "decider", "answer", "outcome"])
    _record(request, actor, state.value.lower(), now)
    return request


def _record(request: Request, actor: Actor, verb: str, now: datetime) -> None:
    audit_record(
        actor=actor,
        action=f"request:{verb}",
        subject_type="request",
        subject_id=str(request.uid),
        company_uid=request.company.uid,
        details={"kind": request.kind, "name": request.about.name},
        now=now,
    )
    outbox_append(topic=f"request.{verb}", payload={"v": 1, "request": str(request.uid)}, now=now)
