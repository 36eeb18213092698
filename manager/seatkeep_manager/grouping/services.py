"""Writes of templates, dynamic groups and memberships; each marks the documents that change."""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from importlib.resources import files
from typing import Any

from django.db import connection, transaction
from django.db.models import Max
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record

from seatkeep_manager.directory.errors import GroupNotFoundError
from seatkeep_manager.directory.models import StaticGroup
from seatkeep_manager.directory.rules import name_clean
from seatkeep_manager.directory.services import group_touch
from seatkeep_manager.grouping import rules
from seatkeep_manager.grouping.errors import (
    DynamicGroupNameTakenError,
    DynamicGroupNotFoundError,
    DynamicGroupsTooManyError,
    DynamicGroupTooDeepError,
    TemplateBuiltinError,
    TemplateForeignError,
    TemplateNotFoundError,
    TemplateUsedError,
)
from seatkeep_manager.grouping.models import DynamicGroup, GroupTemplate

_TAKE = files(__package__).joinpath("sql/memberships_take.sql").read_text()


@transaction.atomic
def template_create(
    *,
    actor: Actor,
    name: str,
    operation: str,
    conditions: Sequence[Any],
    company_hub_id: uuid.UUID | None,
    now: datetime,
    description: str = "",
) -> GroupTemplate:
    """Make a template; nothing uses it yet.

    Args:
        actor: Who does it.
        name: For people.
        operation: AND, OR, NAND or NOR.
        conditions: The rules, see `rules.template_clean`.
        company_hub_id: The company that owns it; None: everybody's.
        now: Current time, aware UTC.
        description: What it is for.

    Raises:
        NameInvalidError: The name is empty, too long or holds control characters.
        TemplateRulesError: A rule is not right; the message names it.
    """
    clean = rules.template_clean(operation, conditions)
    template = GroupTemplate.objects.create(
        name=name_clean(name),
        description=description.strip()[:1000],
        company_hub_id=company_hub_id,
        operation=clean.operation.value,
        rules=rules.rules_dump(clean),
        created_at=now,
        changed_at=now,
    )
    _template_record(actor, "group_template:create", template, now)
    return template


@transaction.atomic
def template_update(
    *,
    actor: Actor,
    template_id: int,
    now: datetime,
    name: str,
    operation: str,
    conditions: Sequence[Any],
    description: str = "",
) -> GroupTemplate:
    """Change a template; every device under a group that uses it decides anew. A no-op changes nothing.

    Raises:
        TemplateNotFoundError: There is no such template.
        TemplateBuiltinError: It is built in.
        NameInvalidError: The name is empty, too long or holds control characters.
        TemplateRulesError: A rule is not right; the message names it.
    """
    template = _template_lock(template_id)
    if template.builtin:
        raise TemplateBuiltinError
    clean = rules.template_clean(operation, conditions)
    wanted = (name_clean(name), description.strip()[:1000], clean.operation.value, rules.rules_dump(clean))
    if wanted == (template.name, template.description, template.operation, template.rules):
        return template
    template.name, template.description, template.operation, template.rules = wanted
    template.changed_at = now
    template.save()
    anchors = set(template.groups.values_list("anchor_id", flat=True))
    group_touch(group_ids=anchors, now=now)
    _template_record(actor, "group_template:update", template, now, groups=len(anchors))
    return template


@transaction.atomic
def template_delete(*, actor: Actor, template_id: int, now: datetime) -> None:
    """Delete a template that no group uses.

    Raises:
        TemplateNotFoundError: There is no such template.
        TemplateBuiltinError: It is built in.
        TemplateUsedError: Groups use it.
    """
    template = _template_lock(template_id)
    if template.builtin:
        raise TemplateBuiltinError
    if template.groups.exists():
        raise TemplateUsedError
    _template_record(actor, "group_template:delete", template, now)
    template.delete()


@transaction.atomic
def dynamic_group_create(
    *,
    actor: Actor,
    name: str,
    template_id: int,
    anchor_id: int,
    now: datetime,
    parent_id: int | None = None,
) -> DynamicGroup:
    """Make a group below a static group, or below another dynamic group of the same anchor; last in its place.

    Raises:
        GroupNotFoundError: There is no such static group.
        DynamicGroupNotFoundError: There is no such group above under this anchor.
        TemplateNotFoundError: There is no such template.
        TemplateForeignError: The template belongs to a company that does not own the place.
        DynamicGroupTooDeepError: It would stand deeper than 8 levels.
        DynamicGroupsTooManyError: The place holds 64 groups.
        DynamicGroupNameTakenError: The place holds a group of that name.
        NameInvalidError: The name is empty, too long or holds control characters.
    """
    anchor = _anchor_lock(anchor_id)
    parent = _parent(anchor, parent_id)
    template = _template_for(template_id, anchor)
    siblings = DynamicGroup.objects.filter(anchor=anchor, parent=parent)
    if siblings.count() >= rules.MAX_SIBLINGS:
        raise DynamicGroupsTooManyError
    group = DynamicGroup(anchor=anchor, parent=parent, template=template, name=name_clean(name), created_at=now)
    _name_check(group)
    group.position = (siblings.aggregate(last=Max("position"))["last"] or 0) + 1
    group.save()
    group_touch(group_ids=[anchor.pk], now=now)
    _group_record(actor, "dynamic_group:create", group, now, template=template.name)
    return group


@transaction.atomic
def dynamic_group_update(
    *, actor: Actor, group_id: int, now: datetime, name: str | None = None, template_id: int | None = None
) -> DynamicGroup:
    """Rename a group or give it another template; None keeps. A no-op changes nothing.

    Raises:
        DynamicGroupNotFoundError: There is no such group.
        TemplateNotFoundError: There is no such template.
        TemplateForeignError: The template belongs to a company that does not own the place.
        DynamicGroupNameTakenError: The place holds a group of that name.
        NameInvalidError: The name is empty, too long or holds control characters.
    """
    group = _group_lock(group_id)
    former = (group.name, group.template_id)
    group.name = group.name if name is None else name_clean(name)
    if template_id is not None:
        group.template = _template_for(template_id, group.anchor)
    if (group.name, group.template_id) == former:
        return group
    _name_check(group)
    group.save(update_fields=["name", "template"])
    group_touch(group_ids=[group.anchor_id], now=now)
    _group_record(actor, "dynamic_group:update", group, now, template=group.template.name)
    return group


@transaction.atomic
def dynamic_group_shift(*, actor: Actor, group_id: int, steps: int, now: datetime) -> DynamicGroup:
    """Move a group up (negative) or down among those of its place, as far as there is room; later ones win.

    Raises:
        DynamicGroupNotFoundError: There is no such group.
    """
    group = _group_lock(group_id)
    siblings = list(DynamicGroup.objects.filter(anchor=group.anchor, parent=group.parent).order_by("position", "id"))
    index = siblings.index(group)
    target = min(max(index + steps, 0), len(siblings) - 1)
    if target == index:
        return group
    siblings.insert(target, siblings.pop(index))
    for position, sibling in enumerate(siblings, start=1):
        sibling.position = position
    DynamicGroup.objects.bulk_update(siblings, ["position"])
    group_touch(group_ids=[group.anchor_id], now=now)
    _group_record(actor, "dynamic_group:shift", group, now, position=target + 1)
    return siblings[target]


@transaction.atomic
def dynamic_group_delete(*, actor: Actor, group_id: int, now: datetime) -> None:
    """Delete a group with all groups below it; policies on them stop counting.

    Raises:
        DynamicGroupNotFoundError: There is no such group.
    """
    group = _group_lock(group_id)
    _group_record(actor, "dynamic_group:delete", group, now)
    group_touch(group_ids=[group.anchor_id], now=now)
    group.delete()


def memberships_take(*, told: Mapping[int, Collection[str]], now: datetime) -> None:
    """Make memberships what devices say, inside the caller's transaction, which holds the devices' rows.

    Args:
        told: Device id → the groups' uids, 32 hex digits; unknown ones and those of other places are passed over.
        now: Current time, aware UTC.
    """
    if told:
        ids = sorted(told)
        with connection.cursor() as cursor:
            cursor.execute(_TAKE, [ids, [json.dumps(list(told[pk])) for pk in ids], now])


def _template_lock(template_id: int) -> GroupTemplate:
    template = GroupTemplate.objects.select_for_update().filter(pk=template_id).first()
    if template is None:
        raise TemplateNotFoundError
    return template


def _template_for(template_id: int, anchor: StaticGroup) -> GroupTemplate:
    """A template that may be used at a place: everybody's, or one of a company at or above it."""
    template = _template_lock(template_id)
    owner = template.company_hub_id
    if owner is not None and not StaticGroup.objects.filter(pk__in=anchor.path, hub_id=owner).exists():
        raise TemplateForeignError
    return template


def _anchor_lock(anchor_id: int) -> StaticGroup:
    anchor = StaticGroup.objects.select_for_update().filter(pk=anchor_id).first()
    if anchor is None:
        raise GroupNotFoundError
    return anchor


def _group_lock(group_id: int) -> DynamicGroup:
    """A group with its place, which stays locked: two people who sort the same place wait for each other."""
    found = DynamicGroup.objects.filter(pk=group_id).values_list("anchor_id", flat=True).first()
    if found is None:
        raise DynamicGroupNotFoundError
    _anchor_lock(found)
    group = DynamicGroup.objects.select_related("anchor", "parent", "template").filter(pk=group_id).first()
    if group is None:
        raise DynamicGroupNotFoundError
    return group


def _parent(anchor: StaticGroup, parent_id: int | None) -> DynamicGroup | None:
    if parent_id is None:
        return None
    parent = above = DynamicGroup.objects.filter(anchor=anchor, pk=parent_id).first()
    if parent is None:
        raise DynamicGroupNotFoundError
    depth = 1
    while above is not None:
        depth, above = depth + 1, above.parent
    if depth > rules.MAX_DEPTH:
        raise DynamicGroupTooDeepError
    return parent


def _name_check(group: DynamicGroup) -> None:
    same = DynamicGroup.objects.filter(anchor=group.anchor, parent=group.parent, name=group.name).exclude(pk=group.pk)
    if same.exists():
        raise DynamicGroupNameTakenError(fields={"name": [DynamicGroupNameTakenError.message]})


def _template_record(actor: Actor, action: str, template: GroupTemplate, now: datetime, **details: Any) -> None:
    audit_record(
        actor=actor, action=action, subject_type="group_template", subject_id=str(template.uid),
        company_uid=template.company_hub_id, details={"name": template.name, **details}, now=now,
    )  # fmt: skip


def _group_record(actor: Actor, action: str, group: DynamicGroup, now: datetime, **details: Any) -> None:
    audit_record(
        actor=actor, action=action, subject_type="dynamic_group", subject_id=str(group.uid),
        company_uid=group.anchor.company_hub_id, details={"name": group.name, **details}, now=now,
    )  # fmt: skip
