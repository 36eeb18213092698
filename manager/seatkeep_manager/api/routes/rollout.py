"""Installers, and computers that wait for approval."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Status
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.idempotency import idempotent
from seatkeep_webkit.paging import Page, paginate

from seatkeep_manager.api.auth import caller
from seatkeep_manager.api.schemas import (
    ApprovalOut,
    ApproveIn,
    InstallerIn,
    PageOut,
    TokenOut,
)
from seatkeep_manager.directory.enums import AccessLevel, Functionality
from seatkeep_manager.directory.selectors import group_get
from seatkeep_manager.enrollment.deciding import request_reject, requests_approve
from seatkeep_manager.enrollment.enums import Answer
from seatkeep_manager.enrollment.models import EnrollmentRequest, EnrollmentToken
from seatkeep_manager.enrollment.selectors import request_get, requests_waiting, token_get, tokens_visible
from seatkeep_manager.enrollment.services import (
    deployment_key_create,
    install_link_create,
    token_revoke,
)

router = Router(tags=["Rollout"])


@router.get("/installers", response=PageOut[TokenOut], summary="Install links and deployment keys")
def installer_list(request: HttpRequest, cursor: str | None = None, limit: int = 100) -> Page[Any]:
    """Keys of groups that the caller may change."""
    return paginate(tokens_visible(caller(request)), order=("-id",), cursor=cursor, limit=limit)


@router.post("/installers", response={201: TokenOut}, summary="Make a key")
@idempotent
def installer_new(request: HttpRequest, body: InstallerIn) -> Status[EnrollmentToken]:
    """Make an install link or a deployment key."""
    user = caller(request)
    group = group_get(user, uid=body.group, functionality=Functionality.INSTALLERS, level=AccessLevel.WRITE)
    make = install_link_create if body.kind == "INSTALL_LINK" else deployment_key_create
    return Status(201, make(actor=actor_from_request(request), user=user, group=group, now=clock_now()))


@router.post("/installers/{uuid:uid}/revoke", response=TokenOut, summary="Revoke a key")
def installer_stop(request: HttpRequest, uid: UUID) -> EnrollmentToken:
    """Stop a key. Idempotent."""
    token = token_get(caller(request), uid=uid, level=AccessLevel.WRITE)
    return token_revoke(actor=actor_from_request(request), token=token, now=clock_now())


@router.get("/approvals", response=PageOut[ApprovalOut], summary="Computers that wait")
def approval_list(request: HttpRequest, cursor: str | None = None, limit: int = 100) -> Page[Any]:
    """Computers that wait to be let in."""
    return paginate(requests_waiting(caller(request)), order=("-id",), cursor=cursor, limit=limit)


@router.post("/approvals/{uuid:uid}/approve", response=ApprovalOut, summary="Let a computer in")
def approval_yes(request: HttpRequest, uid: UUID, body: ApproveIn | None = None) -> EnrollmentRequest:
    """Let a computer in; it hears so when it asks next. Refused with `enrollment_request_decided`, `key_revoked`."""
    user, wish = caller(request), body or ApproveIn()
    found = request_get(user, uid=uid)
    place = wish.group and group_get(
        user, uid=wish.group, functionality=Functionality.INSTALLERS, level=AccessLevel.WRITE
    )
    requests_approve(
        actor=actor_from_request(request), user=user, requests=[found], group=place or None,
        answer=Answer(wish.answer), is_always=wish.always, now=clock_now(),
    )  # fmt: skip
    return request_get(user, uid=uid)


@router.post("/approvals/{uuid:uid}/reject", response=ApprovalOut, summary="Turn a computer away")
def approval_no(request: HttpRequest, uid: UUID) -> EnrollmentRequest:
    """Turn a computer away for good."""
    user = caller(request)
    found = request_get(user, uid=uid)
    return request_reject(actor=actor_from_request(request), user=user, request=found, now=clock_now())
