"""Policies: settings, versions, copies, files, order."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Body, Router, Status
from seatkeep_protocol.settings_schema import product_schema
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.errors import NotFoundError
from seatkeep_webkit.idempotency import idempotent
from seatkeep_webkit.paging import Page, paginate

from seatkeep_manager.api.auth import caller
from seatkeep_manager.api.owners import owner_of
from seatkeep_manager.api.policy_schemas import (
    ChangeOut,
    DuplicateIn,
    GroupPolicyOut,
    OrderIn,
    PolicyChange,
    PolicyIn,
    PolicyOut,
    PolicyVersionOut,
    RollBackIn,
)
from seatkeep_manager.api.schemas import AssignIn, AssignmentOut, PageOut
from seatkeep_manager.customers.policy_places import assignment_visible
from seatkeep_manager.directory.enums import AccessLevel, Functionality
from seatkeep_manager.directory.selectors import group_get
from seatkeep_manager.policies.changes import Change, settings_changes
from seatkeep_manager.policies.enums import PolicyProduct
from seatkeep_manager.policies.models import Policy, PolicyAssignment
from seatkeep_manager.policies.ordering import assignments_order
from seatkeep_manager.policies.selectors import (
    group_assignments,
    policies_deleted,
    policies_visible,
    policy_get,
    policy_version_get,
    policy_versions,
)
from seatkeep_manager.policies.services import (
    policy_assign_group,
    policy_create,
    policy_delete,
    policy_duplicate,
    policy_restore,
    policy_roll_back,
    policy_unassign,
    policy_update,
)
from seatkeep_manager.policies.transfer import policies_export, policies_import, policy_file_read

router = Router(tags=["Policies"])


@router.get("/policies", response=PageOut[PolicyOut], summary="Policies")
def policy_list(request: HttpRequest, cursor: str | None = None, limit: int = 100, deleted: bool = False) -> Page[Any]:
    """Policies that the caller may see; with `deleted` those that the caller may bring back."""
    user = caller(request)
    found = policies_deleted(user) if deleted else policies_visible(user)
    return paginate(found, order=("name", "id"), cursor=cursor, limit=limit)


@router.post("/policies", response={201: PolicyOut}, summary="Make a policy")
@idempotent
def policy_new(request: HttpRequest, body: PolicyIn) -> Status[Policy]:
    """Make a policy; nothing obeys it until it is assigned."""
    made = policy_create(
        actor=actor_from_request(request),
        name=body.name,
        product=PolicyProduct(body.product),
        settings=body.settings,
        company_hub_id=owner_of(request, body.company, Functionality.POLICIES),
        now=clock_now(),
        description=body.description,
        note=body.note,
    )
    return Status(201, made)


@router.get("/policies/{uuid:uid}", response=PolicyOut, summary="One policy")
def policy_read(request: HttpRequest, uid: UUID) -> Policy:
    """One policy."""
    return policy_get(caller(request), uid=uid)


@router.patch("/policies/{uuid:uid}", response=PolicyOut, summary="Change a policy")
def policy_change(request: HttpRequest, uid: UUID, body: PolicyChange) -> Policy:
    """Change a policy; new settings are a version, and computers obey within seconds."""
    return policy_update(
        actor=actor_from_request(request),
        policy_id=_writable(request, uid).pk,
        now=clock_now(),
        name=body.name,
        description=body.description,
        settings=body.settings,
        note=body.note,
    )


@router.delete("/policies/{uuid:uid}", response={204: None}, summary="Delete a policy")
def policy_remove(request: HttpRequest, uid: UUID) -> Status[None]:
    """Take a policy off everywhere and put it away; it can be brought back."""
    policy_delete(actor=actor_from_request(request), policy_id=_writable(request, uid).pk, now=clock_now())
    return Status(204, None)


@router.post("/policies/{uuid:uid}/restore", response=PolicyOut, summary="Bring a deleted policy back")
def policy_back(request: HttpRequest, uid: UUID) -> Policy:
    """Bring a deleted policy back to where it was assigned."""
    found = policies_deleted(caller(request)).filter(uid=uid).first()
    if found is None:
        raise NotFoundError
    return policy_restore(actor=actor_from_request(request), policy_id=found.pk, now=clock_now())


@router.post("/policies/{uuid:uid}/duplicate", response={201: PolicyOut}, summary="Copy a policy")
@idempotent
def policy_copy(request: HttpRequest, uid: UUID, body: DuplicateIn) -> Status[Policy]:
    """Make a policy with the same settings, assigned to nothing; the way to change a built-in one."""
    found = policy_get(caller(request), uid=uid)
    owner = owner_of(request, body.company, Functionality.POLICIES)
    made = policy_duplicate(
        actor=actor_from_request(request), policy_id=found.pk, name=body.name, company_hub_id=owner, now=clock_now()
    )
    return Status(201, made)


@router.get("/policies/{uuid:uid}/versions", response=PageOut[PolicyVersionOut], summary="Versions of a policy")
def version_list(request: HttpRequest, uid: UUID, cursor: str | None = None, limit: int = 100) -> Page[Any]:
    """Who made which version, when and why; the newest first."""
    found = policy_get(caller(request), uid=uid)
    return paginate(policy_versions(found), order=("-version",), cursor=cursor, limit=limit)


@router.get("/policies/{uuid:uid}/versions/{int:number}/changes", response=list[ChangeOut], summary="What differs")
def version_changes(request: HttpRequest, uid: UUID, number: int, since: int | None = None) -> list[Change]:
    """What a version changed, setting by setting; since the one before it, or since version `since`."""
    found = policy_get(caller(request), uid=uid)
    newer = policy_version_get(found, version=number)
    former = number - 1 if since is None else since
    before = policy_version_get(found, version=former).settings if former > 0 else {}
    return settings_changes(before, newer.settings, schema=product_schema(found.product))


@router.post("/policies/{uuid:uid}/versions/{int:number}/roll-back", response=PolicyOut, summary="Bring a version back")
def version_back(request: HttpRequest, uid: UUID, number: int, body: RollBackIn) -> Policy:
    """Make the settings of a former version the newest one; computers obey within seconds."""
    found = _writable(request, uid)
    version = policy_version_get(found, version=number)
    return policy_roll_back(
        actor=actor_from_request(request), policy_id=found.pk, version=version, now=clock_now(), note=body.note
    )


@router.get("/policies/{uuid:uid}/export", response=dict[str, Any], summary="A policy as a file")
def policy_file(request: HttpRequest, uid: UUID) -> dict[str, Any]:
    """The settings in force in the form that `POST /policy-files` takes."""
    return policies_export([policy_get(caller(request), uid=uid)])


@router.post("/policy-files", response={201: list[PolicyOut]}, summary="Make policies from a file")
@idempotent
def policy_file_take(
    request: HttpRequest, body: Body[dict[str, Any]], company: UUID | None = None
) -> Status[list[Policy]]:
    """Make every policy of an export, or none; a policy or setting that does not fit is named."""
    owner = owner_of(request, company, Functionality.POLICIES)
    file = policy_file_read(json.dumps(body).encode())
    made = policies_import(actor=actor_from_request(request), file=file, company_hub_id=owner, now=clock_now())
    return Status(201, made)


@router.post("/policies/{uuid:uid}/assignments", response=AssignmentOut, summary="Assign a policy")
@idempotent
def policy_assign(request: HttpRequest, uid: UUID, body: AssignIn) -> PolicyAssignment:
    """Put a policy on a group. Idempotent."""
    user = caller(request)
    found = policy_get(user, uid=uid, level=AccessLevel.USE)
    group = group_get(user, uid=body.group, functionality=Functionality.POLICIES, level=AccessLevel.USE)
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


@router.get("/groups/{uuid:uid}/policies", response=PageOut[GroupPolicyOut], summary="Policies of a group")
def group_policies(request: HttpRequest, uid: UUID, cursor: str | None = None, limit: int = 1000) -> Page[Any]:
    """What is assigned to the group itself, the first to merge first."""
    group = group_get(caller(request), uid=uid, functionality=Functionality.POLICIES)
    return paginate(group_assignments(group), order=("position", "id"), cursor=cursor, limit=limit)


@router.put("/groups/{uuid:uid}/policies", response=list[GroupPolicyOut], summary="Order the policies of a group")
def group_policies_order(request: HttpRequest, uid: UUID, body: OrderIn) -> list[PolicyAssignment]:
    """Put the policies of a group in order; all of them must be named, else 409 `policy_order_stale`."""
    group = group_get(caller(request), uid=uid, functionality=Functionality.POLICIES, level=AccessLevel.USE)
    return assignments_order(actor=actor_from_request(request), target=group, wanted=body.assignments, now=clock_now())


def _writable(request: HttpRequest, uid: UUID) -> Policy:
    return policy_get(caller(request), uid=uid, level=AccessLevel.WRITE)
