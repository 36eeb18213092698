"""Set-up of customers: one page, one transaction."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record

from seatkeep_manager.customers.errors import CustomerRemovedError, TemplateNameTakenError
from seatkeep_manager.customers.models import CustomerRecord, CustomerTemplate
from seatkeep_manager.customers.selectors import customer_get
from seatkeep_manager.directory.enums import AccessLevel
from seatkeep_manager.directory.group_services import group_create
from seatkeep_manager.directory.models import StaticGroup, User
from seatkeep_manager.directory.rules import name_clean
from seatkeep_manager.enrollment.models import EnrollmentToken
from seatkeep_manager.enrollment.selectors import deployment_key_current
from seatkeep_manager.enrollment.services import deployment_key_create
from seatkeep_manager.hublink.enums import CustomerState
from seatkeep_manager.hublink.models import MirroredCompany
from seatkeep_manager.hublink.services import company_mark_ready
from seatkeep_manager.policies.services import policy_assign_group


@dataclass(frozen=True)
class SetUpResult:
    """What a set-up made: the customer, the groups below it, its deployment key if one was wanted."""

    company: MirroredCompany
    groups: list[StaticGroup]
    token: EnrollmentToken | None


@transaction.atomic
def template_create(
    *, actor: Actor, name: str, groups: list[str], policy_ids: Collection[int], daily_cap: int, now: datetime
) -> CustomerTemplate:
    """Make a template for customers to come.

    Raises:
        TemplateNameTakenError: Another template has this name.
    """
    try:
        with transaction.atomic():
            template = CustomerTemplate.objects.create(
                name=name.strip(), groups=groups, daily_cap=daily_cap, created_at=now
            )
    except IntegrityError as error:
        raise TemplateNameTakenError from error
    template.policies.set(policy_ids)
    _record(actor, "template:create", "template", template.uid, None, now, name=template.name)
    return template


@transaction.atomic
def template_default(*, now: datetime) -> CustomerTemplate:
    """The template that is always there: workstations and servers apart, no policy. Safe when raced."""
    found, _ = CustomerTemplate.objects.get_or_create(
        name="Standard", defaults={"groups": ["Workstations", "Servers"], "created_at": now}
    )
    return found


@transaction.atomic
def customer_set_up(
    *,
    actor: Actor,
    user: User,
    company_uid: UUID,
    template: CustomerTemplate,
    group_names: list[str],
    makes_key: bool,
    now: datetime,
) -> SetUpResult:
    """Make everything a new customer needs, or nothing, and mark it ready.

    That is groups, the template's policies, a deployment key. A customer that was set up before gets what is
    missing; its key stays.

    Args:
        actor: Who does it.
        user: The same person, whose access is judged.
        company_uid: The customer.
        template: Gives the policies and the key's daily limit.
        group_names: Groups to make below the customer's; those that exist are kept.
        makes_key: Whether a deployment key is wanted.
        now: Current time, aware UTC.

    Raises:
        CompanyNotFoundError: No such customer, or not the person's to see.
        CustomerReadOnlyError: The person may only look.
        CustomerRemovedError: Licensing has removed it.
        NameInvalidError: A group's name is wrong.
    """
    company = customer_get(user, uid=company_uid, level=AccessLevel.WRITE)
    _check_there(company)
    group = _group_of(company)
    groups = [_group_ensure(actor, group, name, now) for name in group_names if name.strip()]
    for policy in template.policies.filter(deleted_at__isnull=True).order_by("id"):
        policy_assign_group(actor=actor, policy_id=policy.pk, group_id=group.pk, now=now)
    token = _key_ensure(actor, user, group, template, now) if makes_key else None
    company = company_mark_ready(actor=actor, company_id=company.pk, now=now)
    CustomerRecord.objects.update_or_create(
        company=company, defaults={"template": template, "set_up_at": now, "set_up_by": actor.label}
    )
    _record(
        actor, "customer:setup", "customer", company.uid, company.hub_id, now,
        template=template.name, groups=len(groups), key=token is not None,
    )  # fmt: skip
    return SetUpResult(company, groups, token)


@transaction.atomic
def customers_mark_ready(*, actor: Actor, user: User, company_uids: Collection[UUID], now: datetime) -> int:
    """Mark customers as ready without making anything; returns how many were new.

    Raises:
        CompanyNotFoundError, CustomerReadOnlyError: For any of them; then none is marked.
    """
    companies = [customer_get(user, uid=uid, level=AccessLevel.WRITE) for uid in company_uids]
    new = [company for company in companies if company.state == CustomerState.NOT_SET_UP]
    for company in new:
        company_mark_ready(actor=actor, company_id=company.pk, now=now)
    return len(new)


def _check_there(company: MirroredCompany) -> None:
    if company.state == CustomerState.UNLINKED:
        raise CustomerRemovedError


def _group_of(company: MirroredCompany) -> StaticGroup:
    if company.group is None:
        raise CustomerRemovedError
    return company.group


def _group_ensure(actor: Actor, parent: StaticGroup, name: str, now: datetime) -> StaticGroup:
    found = parent.children.filter(name=name_clean(name)).first()
    return found or group_create(actor=actor, parent_id=parent.pk, name=name, now=now)


def _key_ensure(
    actor: Actor, user: User, group: StaticGroup, template: CustomerTemplate, now: datetime
) -> EnrollmentToken:
    found = deployment_key_current(group)
    return found or deployment_key_create(actor=actor, user=user, group=group, daily_cap=template.daily_cap, now=now)


def _record(
    actor: Actor,
    action: str,
    subject_type: str,
    uid: UUID,
    company: UUID | None,
    now: datetime,
    **details: str | int | bool | None,
) -> None:
    audit_record(
        actor=actor,
        action=action,
        subject_type=subject_type,
        subject_id=str(uid),
        company_uid=company,
        details=details,
        now=now,
    )
