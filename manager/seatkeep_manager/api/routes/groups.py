"""Groups: static ones, dynamic ones, and templates with a preview."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Status
from seatkeep_protocol.device_status import SYMBOLS
from seatkeep_protocol.membership import OPERATORS
from seatkeep_webkit.actors import actor_from_request
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.errors import NotAllowedError
from seatkeep_webkit.idempotency import idempotent
from seatkeep_webkit.paging import Page, paginate

from seatkeep_manager.api.auth import caller
from seatkeep_manager.api.group_schemas import (
    DynamicGroupChange,
    DynamicGroupIn,
    DynamicGroupOut,
    GroupChange,
    GroupIn,
    GroupOutcomeOut,
    GroupRowOut,
    GroupsImportIn,
    PreviewIn,
    PreviewOut,
    SymbolOut,
    TemplateChange,
    TemplateIn,
    TemplateOut,
)
from seatkeep_manager.api.owners import owner_of
from seatkeep_manager.api.schemas import AssignmentOut, DeviceOut, DevicePolicyIn, GroupOut, PageOut
from seatkeep_manager.customers.across import devices_below
from seatkeep_manager.directory.enums import AccessLevel, Functionality
from seatkeep_manager.directory.group_files import GroupRow, groups_import, groups_rows
from seatkeep_manager.directory.group_services import group_create, group_delete, group_move, group_rename
from seatkeep_manager.directory.models import StaticGroup, User
from seatkeep_manager.directory.selectors import devices_active_visible, group_get, groups_visible
from seatkeep_manager.grouping.models import DynamicGroup, GroupTemplate
from seatkeep_manager.grouping.rules import template_clean
from seatkeep_manager.grouping.selectors import (
    dynamic_group_get,
    dynamic_groups_visible,
    template_get,
    template_preview,
    templates_visible,
)
from seatkeep_manager.grouping.services import (
    dynamic_group_create,
    dynamic_group_delete,
    dynamic_group_shift,
    dynamic_group_update,
    template_create,
    template_delete,
    template_update,
)
from seatkeep_manager.policies.models import PolicyAssignment
from seatkeep_manager.policies.selectors import policy_get
from seatkeep_manager.policies.services import policy_assign_dynamic

PREVIEW_SHOWS = 100
router = Router(tags=["Groups"])


@router.get("/groups", response=PageOut[GroupOut], summary="Groups")
def group_list(request: HttpRequest, cursor: str | None = None, limit: int = 100) -> Page[Any]:
    """Groups that the caller may see."""
    return paginate(groups_visible(caller(request)), order=("id",), cursor=cursor, limit=limit)


@router.post("/groups", response={201: GroupOut}, summary="Make a group")
@idempotent
def group_new(request: HttpRequest, body: GroupIn) -> Status[StaticGroup]:
    """Make a static group below another one."""
    parent = _group(request, body.parent)
    made = group_create(actor=actor_from_request(request), parent_id=parent.pk, name=body.name, now=clock_now())
    return Status(201, made)


@router.get("/groups/export", response=list[GroupRowOut], summary="The tree as rows")
def group_export(request: HttpRequest) -> list[GroupRowOut]:
    """All groups that the caller may see, each with its path, in the order of the tree; `/groups/import` takes them."""
    return [
        GroupRowOut(uid=group.uid, path=path, name=group.name, is_locked=group.is_locked)
        for group, path in groups_rows(caller(request))
    ]


@router.post("/groups/import", response=list[GroupOutcomeOut], summary="Make, rename and move groups by rows")
def group_import(request: HttpRequest, body: GroupsImportIn) -> list[GroupOutcomeOut]:
    """Bring the tree to what rows say, with a result for each; nothing is deleted, what follows Licensing stays.

    A row with a uid renames or moves that group, one without is found or made by its path. Each is refused by itself:
    `group_locked`, `group_not_found`, `group_name_taken`, `group_cycle`, `group_too_deep`, `name_invalid`,
    `group_path_invalid`.
    """
    rows = [GroupRow(path=row.path, uid=row.uid) for row in body.rows]
    outcomes = groups_import(
        actor=actor_from_request(request), user=_writer(request), rows=rows, is_dry_run=body.dry_run, now=clock_now()
    )
    return [
        GroupOutcomeOut(path=one.row.path, result=one.result.value, code=one.code, detail=str(one.detail), uid=one.uid)
        for one in outcomes
    ]


@router.patch("/groups/{uuid:uid}", response=GroupOut, summary="Rename or move a group")
def group_change(request: HttpRequest, uid: UUID, body: GroupChange) -> StaticGroup:
    """Rename a static group, or put it with all below it under another one. Those of Licensing stay."""
    found, actor, now = _group(request, uid), actor_from_request(request), clock_now()
    parent = _group(request, body.parent) if body.parent else None
    if body.name is not None:
        found = group_rename(actor=actor, group_id=found.pk, name=body.name, now=now)
    return group_move(actor=actor, group_id=found.pk, parent_id=parent.pk, now=now) if parent else found


@router.delete("/groups/{uuid:uid}", response={204: None}, summary="Delete an empty group")
def group_remove(request: HttpRequest, uid: UUID) -> Status[None]:
    """Delete a static group that holds nothing; those of Licensing stay."""
    group_delete(actor=actor_from_request(request), group_id=_group(request, uid).pk, now=clock_now())
    return Status(204, None)


@router.get("/dynamic-groups", response=PageOut[DynamicGroupOut], summary="Dynamic groups")
def dynamic_list(
    request: HttpRequest, group: UUID | None = None, cursor: str | None = None, limit: int = 100
) -> Page[Any]:
    """Dynamic groups that the caller may see; `group` keeps those directly below a static group."""
    user = caller(request)
    found = dynamic_groups_visible(user)
    if group:
        found = found.filter(anchor=group_get(user, uid=group))
    return paginate(found, order=("id",), cursor=cursor, limit=limit)


@router.post("/dynamic-groups", response={201: DynamicGroupOut}, summary="Make a dynamic group")
@idempotent
def dynamic_new(request: HttpRequest, body: DynamicGroupIn) -> Status[DynamicGroup]:
    """Make a dynamic group, last in its place; computers join within a minute."""
    parent = _dynamic(request, body.parent) if body.parent else None
    made = dynamic_group_create(
        actor=actor_from_request(request),
        name=body.name,
        template_id=template_get(caller(request), uid=body.template).pk,
        anchor_id=_group(request, body.group).pk,
        parent_id=parent.pk if parent else None,
        now=clock_now(),
    )
    return Status(201, made)


@router.get("/dynamic-groups/{uuid:uid}", response=DynamicGroupOut, summary="One dynamic group")
def dynamic_read(request: HttpRequest, uid: UUID) -> DynamicGroup:
    """One dynamic group."""
    return dynamic_group_get(caller(request), uid=uid)


@router.patch("/dynamic-groups/{uuid:uid}", response=DynamicGroupOut, summary="Change a dynamic group")
def dynamic_change(request: HttpRequest, uid: UUID, body: DynamicGroupChange) -> DynamicGroup:
    """Rename it, give it another template, or move it in its place."""
    found, actor, now = _dynamic(request, uid), actor_from_request(request), clock_now()
    template = template_get(caller(request), uid=body.template).pk if body.template else None
    changed = dynamic_group_update(actor=actor, group_id=found.pk, name=body.name, template_id=template, now=now)
    if not body.steps:
        return changed
    return dynamic_group_shift(actor=actor, group_id=found.pk, steps=body.steps, now=now)


@router.delete("/dynamic-groups/{uuid:uid}", response={204: None}, summary="Delete a dynamic group")
def dynamic_remove(request: HttpRequest, uid: UUID) -> Status[None]:
    """Delete a dynamic group with those below it; no computer is touched."""
    dynamic_group_delete(actor=actor_from_request(request), group_id=_dynamic(request, uid).pk, now=clock_now())
    return Status(204, None)


@router.get("/dynamic-groups/{uuid:uid}/devices", response=PageOut[DeviceOut], summary="Who belongs")
def dynamic_devices(request: HttpRequest, uid: UUID, cursor: str | None = None, limit: int = 100) -> Page[Any]:
    """The computers that say they belong to a dynamic group."""
    user = caller(request)
    found = devices_active_visible(user).filter(memberships__group=dynamic_group_get(user, uid=uid))
    return paginate(found, order=("hostname", "id"), cursor=cursor, limit=limit)


@router.post("/dynamic-groups/{uuid:uid}/policies", response=AssignmentOut, summary="Assign a policy")
@idempotent
def dynamic_policy(request: HttpRequest, uid: UUID, body: DevicePolicyIn) -> PolicyAssignment:
    """Put a policy on a dynamic group. Idempotent."""
    found, policy = _dynamic(request, uid), policy_get(caller(request), uid=body.policy)
    return policy_assign_dynamic(
        actor=actor_from_request(request), policy_id=policy.pk, group_id=found.pk, now=clock_now()
    )


@router.get("/group-symbols", response=list[SymbolOut], summary="What rules can ask")
def symbol_list(request: HttpRequest) -> list[dict[str, Any]]:
    """Everything that a rule can ask about, and how; for who may write rules."""
    _writer(request)
    return [
        {
            "symbol": symbol.name, "type": symbol.type.value, "unit": symbol.unit, "choices": list(symbol.choices),
            "operators": sorted(OPERATORS[symbol.type]),
        }
        for symbol in SYMBOLS.values()
    ]  # fmt: skip


@router.get("/group-templates", response=PageOut[TemplateOut], summary="Templates of dynamic groups")
def template_list(request: HttpRequest, cursor: str | None = None, limit: int = 100) -> Page[Any]:
    """Templates that the caller may see."""
    return paginate(templates_visible(caller(request)), order=("name", "id"), cursor=cursor, limit=limit)


@router.post("/group-templates", response={201: TemplateOut}, summary="Make a template")
@idempotent
def template_new(request: HttpRequest, body: TemplateIn) -> Status[GroupTemplate]:
    """Make a template; a rule that cannot be asked is named."""
    made = template_create(
        actor=actor_from_request(request),
        name=body.name,
        operation=body.operation,
        conditions=body.rules,
        company_hub_id=owner_of(request, body.company, Functionality.GROUPS),
        now=clock_now(),
        description=body.description,
    )
    return Status(201, made)


@router.post("/group-templates/preview", response=PreviewOut, summary="Try rules")
def template_try(request: HttpRequest, body: PreviewIn) -> dict[str, Any]:
    """Whom rules would take, from what the console knows; nothing is saved. For who may write rules."""
    user = _writer(request)
    devices = devices_below(user, group_get(user, uid=body.group) if body.group else None)
    found = template_preview(template_clean(body.operation, body.rules), devices, now=clock_now())
    shown = found.devices[:PREVIEW_SHOWS]
    return {"count": len(found.devices), "looked": found.looked, "total": found.total, "devices": shown}


@router.get("/group-templates/{uuid:uid}", response=TemplateOut, summary="One template")
def template_read(request: HttpRequest, uid: UUID) -> GroupTemplate:
    """One template."""
    return template_get(caller(request), uid=uid)


@router.patch("/group-templates/{uuid:uid}", response=TemplateOut, summary="Change a template")
def template_change(request: HttpRequest, uid: UUID, body: TemplateChange) -> GroupTemplate:
    """Change a template; computers under groups that use it decide anew within a minute."""
    found = template_get(caller(request), uid=uid, level=AccessLevel.WRITE)
    return template_update(
        actor=actor_from_request(request),
        template_id=found.pk,
        now=clock_now(),
        name=found.name if body.name is None else body.name,
        operation=found.operation if body.operation is None else body.operation,
        conditions=found.rules if body.rules is None else body.rules,
        description=found.description if body.description is None else body.description,
    )


@router.delete("/group-templates/{uuid:uid}", response={204: None}, summary="Delete a template")
def template_remove(request: HttpRequest, uid: UUID) -> Status[None]:
    """Delete a template that no group uses."""
    found = template_get(caller(request), uid=uid, level=AccessLevel.WRITE)
    template_delete(actor=actor_from_request(request), template_id=found.pk, now=clock_now())
    return Status(204, None)


def _writer(request: HttpRequest) -> User:
    """The account, which may change some group."""
    user = caller(request)
    if not groups_visible(user, level=AccessLevel.WRITE).exists():
        raise NotAllowedError
    return user


def _group(request: HttpRequest, uid: UUID) -> StaticGroup:
    return group_get(caller(request), uid=uid, level=AccessLevel.WRITE)


def _dynamic(request: HttpRequest, uid: UUID) -> DynamicGroup:
    return dynamic_group_get(caller(request), uid=uid, level=AccessLevel.WRITE)
