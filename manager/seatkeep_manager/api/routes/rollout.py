"""Policies, installers, computers that wait for approval."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Status
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.errors import NotFoundError
from seatkeep_webkit.idempotency import idempotent
from seatkeep_webkit.paging import Page, paginate

from seatkeep_manager.api.auth import caller, require_admin
from seatkeep_manager.api.schemas import (
    ApprovalOut,
    AssignIn,
    AssignmentOut,
    InstallerIn,
    PageOut,
    PolicyChange,
    PolicyIn,
    PolicyOut,
    TokenOut,
)
from seatkeep_manager.customers.across import assignment_visible
from seatkeep_manager.customers.selectors import customer_get
from seatkeep_manager.directory.enums import AccessLevel
from seatkeep_manager.directory.selectors import group_get
from seatkeep_manager.enrollment.models import EnrollmentRequest, EnrollmentToken
from seatkeep_manager.enrollment.selectors import request_get, requests_waiting, token_get, tokens_visible
from seatkeep_manager.enrollment.services import (
    deployment_key_create,
    install_link_create,
    request_approve,
    request_reject,
    token_revoke,
)
from seatkeep_manager.policies.enums import PolicyProduct
from seatkeep_manager.policies.models import Policy, PolicyAssignment
from seatkeep_manager.policies.selectors import policies_visible, policy_get
from seatkeep_manager.policies.services import (
    policy_assign_group,
    policy_create,
    policy_delete,
    policy_unassign,
    policy_update,
)

router = Router(tags=["Rollout"])


@router.get("/policies", response=PageOut[PolicyOut], summary="Policies")
def policy_list(request: HttpRequest, cursor: str | None = None, limit: int = 100) -> Page[Any]:
    """Policies that the caller may see."""
    return paginate(policies_visible(caller(request)), order=("name", "id"), cursor=cursor, limit=limit)


@router.post("/policies", response={201: PolicyOut}, summary="Make a policy")
@idempotent
def policy_new(request: HttpRequest, body: PolicyIn) -> Status[Policy]:
    """Make a policy; nothing obeys it until it is assigned."""
    owner = _owner(request, body.company)
    made = policy_create(
        actor=actor_from_request(request),
        name=body.name,
        product=PolicyProduct(body.product),
        settings=body.settings,
        company_hub_id=owner,
        now=clock_now(),
    )
    return Status(201, made)


def _owner(request: HttpRequest, company: UUID | None) -> UUID | None:
    """The owner of a new policy: a customer that the caller may change, or everybody for administrators."""
    if company is None:
        require_admin(request)
        return None
    return customer_get(caller(request), uid=company, level=AccessLevel.WRITE).hub_id


@router.get("/policies/{uuid:uid}", response=PolicyOut, summary="One policy")
def policy_read(request: HttpRequest, uid: UUID) -> Policy:
    """One policy."""
    return policy_get(caller(request), uid=uid)


@router.patch("/policies/{uuid:uid}", response=PolicyOut, summary="Change a policy")
def policy_change(request: HttpRequest, uid: UUID, body: PolicyChange) -> Policy:
    """Change name or settings; computers obey within seconds."""
    found = policy_get(caller(request), uid=uid, level=AccessLevel.WRITE)
    return policy_update(
        actor=actor_from_request(request), policy_id=found.pk, now=clock_now(), name=body.name, settings=body.settings
    )


@router.delete("/policies/{uuid:uid}", response={204: None}, summary="Delete a policy")
def policy_remove(request: HttpRequest, uid: UUID) -> Status[None]:
    """Take a policy off everywhere and put it away."""
    found = policy_get(caller(request), uid=uid, level=AccessLevel.WRITE)
    policy_delete(actor=actor_from_request(request), policy_id=found.pk, now=clock_now())
    return Status(204, None)


@router.post("/policies/{uuid:uid}/assignments", response=AssignmentOut, summary="Assign a policy")
@idempotent
def policy_assign(request: HttpRequest, uid: UUID, body: AssignIn) -> PolicyAssignment:
    """Put a policy on a group. Idempotent."""
    user = caller(request)
    found = policy_get(user, uid=uid)
    group = group_get(user, uid=body.group, level=AccessLevel.WRITE)
    return policy_assign_group(
        actor=actor_from_request(request), policy_id=found.pk, group_id=group.pk, now=clock_now()
    )


@router.delete("/policy-assignments/{uuid:uid}", response={204: None}, summary="Take a policy off")
def policy_off(request: HttpRequest, uid: UUID) -> Status[None]:
    """Take a policy off its target; settings fall back."""
    found = assignment_visible(caller(request), uid=uid)
    if found is None:
        raise NotFoundError
    policy_unassign(actor=actor_from_request(request), assignment_id=found.pk, now=clock_now())
    return Status(204, None)


@router.get("/installers", response=PageOut[TokenOut], summary="Install links and deployment keys")
def installer_list(request: HttpRequest, cursor: str | None = None, limit: int = 100) -> Page[Any]:
    """Keys of groups that the caller may change."""
    return paginate(tokens_visible(caller(request)), order=("-id",), cursor=cursor, limit=limit)


@router.post("/installers", response={201: TokenOut}, summary="Make a key")
@idempotent
def installer_new(request: HttpRequest, body: InstallerIn) -> Status[EnrollmentToken]:
    """Make an install link or a deployment key."""
    user = caller(request)
    group = group_get(user, uid=body.group, level=AccessLevel.WRITE)
    make = install_link_create if body.kind == "INSTALL_LINK" else deployment_key_create
    return Status(201, make(actor=actor_from_request(request), user=user, group=group, now=clock_now()))


@router.post("/installers/{uuid:uid}/revoke", response=TokenOut, summary="Revoke a key")
def installer_stop(request: HttpRequest, uid: UUID) -> EnrollmentToken:
    """Stop a key. Idempotent."""
    token = token_get(caller(request), uid=uid)
    return token_revoke(actor=actor_from_request(request), token=token, now=clock_now())


@router.get("/approvals", response=PageOut[ApprovalOut], summary="Computers that wait")
def approval_list(request: HttpRequest, cursor: str | None = None, limit: int = 100) -> Page[Any]:
    """Computers that wait to be let in."""
    return paginate(requests_waiting(caller(request)), order=("-id",), cursor=cursor, limit=limit)


@router.post("/approvals/{uuid:uid}/approve", response=ApprovalOut, summary="Let a computer in")
def approval_yes(request: HttpRequest, uid: UUID) -> EnrollmentRequest:
    """Let a computer in; it hears so when it asks next."""
    user = caller(request)
    found = request_get(user, uid=uid)
    request_approve(actor=actor_from_request(request), user=user, request=found, now=clock_now())
    return request_get(user, uid=uid)


@router.post("/approvals/{uuid:uid}/reject", response=ApprovalOut, summary="Turn a computer away")
def approval_no(request: HttpRequest, uid: UUID) -> EnrollmentRequest:
    """Turn a computer away for good."""
    user = caller(request)
    found = request_get(user, uid=uid)
    return request_reject(actor=actor_from_request(request), user=user, request=found, now=clock_now())
