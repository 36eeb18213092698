"""Set-up of customers: each one in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record

from seatkeep_manager.customers.errors import CustomerReadOnlyError, CustomerRemovedError
from seatkeep_manager.customers.models import CustomerRecord
from seatkeep_manager.customers.plans import SetUpPlan, tags_clean
from seatkeep_manager.customers.selectors import customer_get, customers_visible
from seatkeep_manager.directory.enums import AccessLevel
from seatkeep_manager.directory.group_services import group_create
from seatkeep_manager.directory.models import StaticGroup, User
from seatkeep_manager.directory.rules import name_clean
from seatkeep_manager.enrollment.models import EnrollmentToken
from seatkeep_manager.enrollment.selectors import deployment_key_current
from seatkeep_manager.enrollment.services import deployment_key_create
from seatkeep_manager.hublink.enums import CustomerState
from seatkeep_manager.hublink.errors import CompanyNotFoundError
from seatkeep_manager.hublink.models import MirroredCompany
from seatkeep_manager.hublink.services import companies_mark_ready, company_mark_ready
from seatkeep_manager.policies.models import Policy, PolicyAssignment
from seatkeep_manager.policies.services import policy_assign_group


@dataclass(frozen=True)
class SetUpResult:
    """What a set-up left behind.

    Attributes:
        company: The customer, ready now.
        groups: The groups of the plan below it, new ones and old ones.
        token: Its deployment key, if one was wanted.
        made: What was not there before: `group`, `policy`, `tag`, `key`, `ready` → how many. Empty: it had everything.
    """

    company: MirroredCompany
    groups: list[StaticGroup]
    token: EnrollmentToken | None
    made: dict[str, int]


@transaction.atomic
def customer_set_up(*, actor: Actor, user: User, company_uid: UUID, plan: SetUpPlan, now: datetime) -> SetUpResult:
    """Make everything a new customer needs, or nothing, and mark it ready.

    That is groups, policies, tags, a deployment key. A customer that was set up before gets what is missing; its key
    stays. Doing it again changes nothing.

    Args:
        actor: Who does it.
        user: The same person, whose access is judged.
        company_uid: The customer.
        plan: What to make.
        now: Current time, aware UTC.

    Raises:
        CompanyNotFoundError: No such customer, or not the person's to see.
        CustomerReadOnlyError: The person may only look.
        CustomerRemovedError: Licensing has removed it.
        NameInvalidError: A group's name is wrong.
        PolicyForeignError: A policy belongs to another customer.
    """
    company = customer_get(user, uid=company_uid, level=AccessLevel.WRITE)
    if company.state == CustomerState.UNLINKED or company.group is None:
        raise CustomerRemovedError
    group = company.group
    made: dict[str, int] = {}
    groups = [_group_ensure(actor, group, name, made, now) for name in plan.groups]
    _policies_ensure(actor, group, plan, made, now)
    token = _key_ensure(actor, user, group, plan, made, now) if plan.makes_key else None
    if company.set_up_at is None:
        made["ready"] = 1
    company = company_mark_ready(actor=actor, company_id=company.pk, now=now)
    _remember(actor, company, plan, made, now)
    if made:
        counts = {f"{what}s": count for what, count in made.items() if what in ("group", "tag")}
        _record(actor, "customer:setup", company, now, template=plan.name, key="key" in made, **counts)
    return SetUpResult(company, groups, token, made)


@transaction.atomic
def customers_mark_ready(*, actor: Actor, user: User, company_uids: Collection[UUID], now: datetime) -> int:
    """Mark customers as ready without making anything; returns how many were new.

    Raises:
        CompanyNotFoundError, CustomerReadOnlyError: For any of them; then none is marked.
    """
    companies = customers_writable(user, uids=company_uids)
    return companies_mark_ready(actor=actor, company_ids=list(companies.values_list("pk", flat=True)), now=now)


def customers_writable(user: User, *, uids: Collection[UUID]) -> QuerySet[MirroredCompany]:
    """Exactly these customers, all of which the person may change.

    Raises:
        CompanyNotFoundError: One does not exist or is not the person's to see.
        CustomerReadOnlyError: The person may only look at one.
    """
    wanted = set(uids)
    rows = customers_visible(user, level=AccessLevel.WRITE).filter(uid__in=wanted)
    if rows.count() != len(wanted):
        is_seen = customers_visible(user).filter(uid__in=wanted).count() == len(wanted)
        raise CustomerReadOnlyError if is_seen else CompanyNotFoundError
    return rows


@transaction.atomic
def customer_tag(*, actor: Actor, user: User, company_uid: UUID, tags: Iterable[str], now: datetime) -> CustomerRecord:
    """Give a customer these tags of this console instead of those it had. A no-op changes nothing.

    Raises:
        CompanyNotFoundError, CustomerReadOnlyError: As for `customer_get`.
        TagInvalidError: One of them is no tag.
    """
    company = customer_get(user, uid=company_uid, level=AccessLevel.WRITE)
    record, _ = CustomerRecord.objects.select_for_update().get_or_create(company=company)
    cleaned = list(tags_clean(tags))
    if record.tags != cleaned:
        record.tags = cleaned
        record.save(update_fields=["tags"])
        _record(actor, "customer:tag", company, now, tags=", ".join(cleaned))
    return record


def _group_ensure(actor: Actor, parent: StaticGroup, name: str, made: dict[str, int], now: datetime) -> StaticGroup:
    found = parent.children.filter(name=name_clean(name)).first()
    if found is None:
        made["group"] = made.get("group", 0) + 1
        found = group_create(actor=actor, parent_id=parent.pk, name=name, now=now)
    return found


def _policies_ensure(actor: Actor, group: StaticGroup, plan: SetUpPlan, made: dict[str, int], now: datetime) -> None:
    there = set(PolicyAssignment.objects.filter(group=group).values_list("policy_id", flat=True))
    alive = set(Policy.objects.filter(pk__in=plan.policy_ids, deleted_at__isnull=True).values_list("pk", flat=True))
    for policy_id in plan.policy_ids:
        if policy_id in alive - there:
            policy_assign_group(actor=actor, policy_id=policy_id, group_id=group.pk, now=now)
            made["policy"] = made.get("policy", 0) + 1


def _key_ensure(
    actor: Actor, user: User, group: StaticGroup, plan: SetUpPlan, made: dict[str, int], now: datetime
) -> EnrollmentToken:
    found = deployment_key_current(group)
    if found is None:
        made["key"] = 1
        found = deployment_key_create(actor=actor, user=user, group=group, daily_cap=plan.daily_cap, now=now)
    return found


def _remember(actor: Actor, company: MirroredCompany, plan: SetUpPlan, made: dict[str, int], now: datetime) -> None:
    """Keep when and how it was set up, and add the plan's tags to those it has."""
    record, _ = CustomerRecord.objects.select_for_update().get_or_create(company=company)
    tags = list(tags_clean([*record.tags, *plan.tags]))
    if added := len(tags) - len(record.tags):
        made["tag"] = added
    if made or record.set_up_at is None:
        record.template, record.tags, record.set_up_at, record.set_up_by = plan.template, tags, now, actor.label
        record.save()


def _record(
    actor: Actor, action: str, company: MirroredCompany, now: datetime, **details: str | int | bool | None
) -> None:
    audit_record(
        actor=actor,
        action=action,
        subject_type="customer",
        subject_id=str(company.uid),
        company_uid=company.hub_id,
        details=details,
        now=now,
    )
