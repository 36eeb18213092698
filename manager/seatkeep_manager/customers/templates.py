"""Writes of the templates for customers to come."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from django.db import IntegrityError, transaction
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record

from seatkeep_manager.customers.errors import TemplateNameTakenError, TemplateNotFoundError, TemplateStandardError
from seatkeep_manager.customers.models import CustomerTemplate
from seatkeep_manager.customers.plans import groups_clean, tags_clean
from seatkeep_manager.directory.rules import name_clean

STANDARD = "Standard"


@transaction.atomic
def template_create(
    *,
    actor: Actor,
    name: str,
    groups: Iterable[str],
    policy_ids: Collection[int],
    daily_cap: int,
    now: datetime,
    makes_key: bool = True,
    tags: Iterable[str] = (),
) -> CustomerTemplate:
    """Make a template for customers to come.

    Raises:
        TemplateNameTakenError: Another template has this name.
        NameInvalidError, TooManyGroupsError, TagInvalidError: A part of it is wrong.
    """
    template = CustomerTemplate(created_at=now)
    _fill(template, name, groups, daily_cap, makes_key, tags)
    _save(template)
    template.policies.set(policy_ids)
    _record(actor, "template:create", template, now)
    return template


@transaction.atomic
def template_update(
    *,
    actor: Actor,
    template_id: int,
    name: str,
    groups: Iterable[str],
    policy_ids: Collection[int],
    daily_cap: int,
    now: datetime,
    makes_key: bool = True,
    tags: Iterable[str] = (),
) -> CustomerTemplate:
    """Change a template; customers that were set up with it stay as they are.

    Raises:
        TemplateNotFoundError: There is none.
        TemplateStandardError: The standard template keeps its name.
        TemplateNameTakenError: Another template has this name.
        NameInvalidError, TooManyGroupsError, TagInvalidError: A part of it is wrong.
    """
    template = _locked(template_id)
    if template.name == STANDARD and name.strip() != STANDARD:
        raise TemplateStandardError
    _fill(template, name, groups, daily_cap, makes_key, tags)
    _save(template)
    template.policies.set(policy_ids)
    _record(actor, "template:update", template, now)
    return template


@transaction.atomic
def template_delete(*, actor: Actor, template_id: int, now: datetime) -> None:
    """Delete a template; customers that were set up with it stay as they are.

    Raises:
        TemplateNotFoundError: There is none.
        TemplateStandardError: It is the standard template.
    """
    template = _locked(template_id)
    if template.name == STANDARD:
        raise TemplateStandardError
    _record(actor, "template:delete", template, now)
    template.delete()


@transaction.atomic
def template_default(*, now: datetime) -> CustomerTemplate:
    """The template that is always there: workstations and servers apart, no policy. Safe when raced."""
    found, _ = CustomerTemplate.objects.get_or_create(
        name=STANDARD, defaults={"groups": ["Workstations", "Servers"], "created_at": now}
    )
    return found


def _locked(template_id: int) -> CustomerTemplate:
    template = CustomerTemplate.objects.select_for_update().filter(pk=template_id).first()
    if template is None:
        raise TemplateNotFoundError
    return template


def _fill(
    template: CustomerTemplate, name: str, groups: Iterable[str], daily_cap: int, makes_key: bool, tags: Iterable[str]
) -> None:
    template.name = name_clean(name)
    template.groups = [name_clean(group) for group in groups_clean(groups)]
    template.daily_cap, template.makes_key = daily_cap, makes_key
    template.tags = list(tags_clean(tags))


def _save(template: CustomerTemplate) -> None:
    try:
        with transaction.atomic():
            template.save()
    except IntegrityError as error:
        raise TemplateNameTakenError from error


def _record(actor: Actor, action: str, template: CustomerTemplate, now: datetime) -> None:
    audit_record(
        actor=actor,
        action=action,
        subject_type="template",
        subject_id=str(template.uid),
        details={"name": template.name},
        now=now,
    )
