"""Set-up of customers: templates, one customer, many at once, marks and tags, the export for an RMM."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Status
from seatkeep_webkit.actors import Actor, actor_from_request
from seatkeep_webkit.clock import now as clock_now
from seatkeep_webkit.fresh import is_freshly_signed_in
from seatkeep_webkit.idempotency import idempotent
from seatkeep_webkit.paging import Page, paginate

from seatkeep_manager.api.auth import caller, require_admin
from seatkeep_manager.api.errors import ReauthenticationNeededError
from seatkeep_manager.api.schemas import CustomerOut, PageOut, SetUpIn, SetUpOut
from seatkeep_manager.api.set_up_schemas import (
    CountOut,
    ReadyIn,
    RetryIn,
    RmmLineOut,
    SetupItemOut,
    SetupJobIn,
    SetupJobOut,
    TagsIn,
    TagsOut,
    TemplateIn,
    TemplateOut,
)
from seatkeep_manager.customers.models import CustomerTemplate, SetupItem, SetupJob
from seatkeep_manager.customers.plans import SetUpPlan, plan_of
from seatkeep_manager.customers.rmm import rmm_customers, rmm_lines, rmm_record
from seatkeep_manager.customers.selectors import (
    customer_get,
    customers_new,
    setup_get,
    setup_items,
    setups_visible,
    template_get,
    template_list,
)
from seatkeep_manager.customers.services import SetUpResult, customer_set_up, customer_tag, customers_mark_ready
from seatkeep_manager.customers.set_up_jobs import setup_cancel, setup_order, setup_retry
from seatkeep_manager.customers.templates import template_create, template_default, template_delete, template_update
from seatkeep_manager.directory.enums import AccessLevel
from seatkeep_manager.directory.models import User
from seatkeep_manager.hublink.models import MirroredCompany
from seatkeep_manager.policies.selectors import policy_get

router = Router(tags=["Set-up of customers"])


@router.get("/templates", response=PageOut[TemplateOut], summary="Templates for new customers")
def template_index(request: HttpRequest, cursor: str | None = None, limit: int = 100) -> Page[CustomerTemplate]:
    """All templates by name."""
    require_admin(request)
    rows = template_list().prefetch_related("policies")
    return paginate(rows, order=("name", "id"), cursor=cursor, limit=limit)


@router.post("/templates", response={201: TemplateOut}, summary="Make a template for new customers")
@idempotent
def template_new(request: HttpRequest, body: TemplateIn) -> Status[CustomerTemplate]:
    """Make a template: groups, policies for everybody, tags, the key's daily limit."""
    user = require_admin(request)
    made = template_create(actor=actor_from_request(request), now=clock_now(), **_template_values(user, body))
    return Status(201, made)


@router.get("/templates/{uuid:uid}", response=TemplateOut, summary="One template")
def template_read(request: HttpRequest, uid: UUID) -> CustomerTemplate:
    """One template."""
    require_admin(request)
    return template_get(uid)


@router.put("/templates/{uuid:uid}", response=TemplateOut, summary="Change a template")
def template_change(request: HttpRequest, uid: UUID, body: TemplateIn) -> CustomerTemplate:
    """Change a template; customers that were set up with it stay as they are."""
    user = require_admin(request)
    values = _template_values(user, body)
    found = template_get(uid)
    return template_update(actor=actor_from_request(request), template_id=found.pk, now=clock_now(), **values)


@router.delete("/templates/{uuid:uid}", response={204: None}, summary="Delete a template")
def template_drop(request: HttpRequest, uid: UUID) -> Status[None]:
    """Delete a template; the standard one stays."""
    require_admin(request)
    template_delete(actor=actor_from_request(request), template_id=template_get(uid).pk, now=clock_now())
    return Status(204, None)


def _template_values(user: User, body: TemplateIn) -> dict[str, Any]:
    return body.dict(exclude={"policies"}) | {"policy_ids": _policy_ids(user, body.policies)}


def _policy_ids(user: User, uids: Iterable[UUID]) -> list[int]:
    return [policy_get(user, uid=uid).pk for uid in uids]


def _plan(user: User, body: SetUpIn) -> SetUpPlan:
    return plan_of(
        _template(body.template),
        groups=body.groups,
        policy_ids=None if body.policies is None else _policy_ids(user, body.policies),
        tags=body.tags,
        makes_key=body.makes_key,
    )


def _template(uid: UUID | None) -> CustomerTemplate:
    return template_get(uid) if uid else template_default(now=clock_now())


@router.post("/customers/ready", response=CountOut, summary="Mark customers as ready")
def customers_ready(request: HttpRequest, body: ReadyIn) -> dict[str, int]:
    """Mark these, or all new ones, as ready without making anything; tells how many were new. Idempotent."""
    user = caller(request)
    uids = list(customers_new(user).values_list("uid", flat=True)) if body.all_new else body.customers
    count = customers_mark_ready(actor=actor_from_request(request), user=user, company_uids=uids, now=clock_now())
    return {"count": count}


@router.post("/customers/{uuid:uid}/ready", response=CustomerOut, summary="Mark a customer as ready")
def customer_ready(request: HttpRequest, uid: UUID) -> MirroredCompany:
    """Mark as ready without making anything. Idempotent."""
    user = caller(request)
    customers_mark_ready(actor=actor_from_request(request), user=user, company_uids=[uid], now=clock_now())
    return customer_get(user, uid=uid)


@router.post("/customers/{uuid:uid}/setup", response=SetUpOut, summary="Set a customer up")
@idempotent
def customer_setup(request: HttpRequest, uid: UUID, body: SetUpIn) -> SetUpResult:
    """Make groups, policies, tags and key of a customer in one transaction and mark it ready."""
    user = caller(request)
    customer_get(user, uid=uid, level=AccessLevel.WRITE)
    return customer_set_up(
        actor=actor_from_request(request), user=user, company_uid=uid, plan=_plan(user, body), now=clock_now()
    )


@router.put("/customers/{uuid:uid}/tags", response=TagsOut, summary="Tag a customer")
def customer_tags(request: HttpRequest, uid: UUID, body: TagsIn) -> dict[str, Any]:
    """Give a customer these tags of this console instead of those it had."""
    user = caller(request)
    record = customer_tag(
        actor=actor_from_request(request), user=user, company_uid=uid, tags=body.tags, now=clock_now()
    )
    return {"own": record.tags, "from_licensing": record.company.tags}


@router.get("/set-ups", response=PageOut[SetupJobOut], summary="Set-ups of many customers")
def setup_index(request: HttpRequest, cursor: str | None = None, limit: int = 50) -> Page[SetupJob]:
    """The caller's own, or all for who sees the whole console; newest first."""
    return paginate(setups_visible(caller(request)), order=("-id",), cursor=cursor, limit=limit)


@router.post("/set-ups", response={202: SetupJobOut}, summary="Set many customers up")
@idempotent
def setup_new(request: HttpRequest, body: SetupJobIn) -> Status[SetupJob]:
    """Give many customers what a template says, each in one transaction, in the background."""
    job = setup_order(
        actor=actor_from_request(request), user=caller(request), plan=plan_of(_template(body.template)),
        company_uids=body.customers, now=clock_now(),
    )  # fmt: skip
    return Status(202, job)


@router.get("/set-ups/{uuid:uid}", response=SetupJobOut, summary="How far a set-up of many is")
def setup_read(request: HttpRequest, uid: UUID) -> SetupJob:
    """Counts by outcome."""
    return setup_get(caller(request), uid=uid)


@router.get("/set-ups/{uuid:uid}/customers", response=PageOut[SetupItemOut], summary="Result per customer")
def setup_customers(
    request: HttpRequest, uid: UUID, outcome: str | None = None, cursor: str | None = None, limit: int = 100
) -> Page[SetupItem]:
    """What came of each customer."""
    user = caller(request)
    rows = setup_items(user, setup_get(user, uid=uid))
    return paginate(rows.filter(outcome=outcome) if outcome else rows, order=("id",), cursor=cursor, limit=limit)


@router.post("/set-ups/{uuid:uid}/retry", response=SetupJobOut, summary="Do a set-up of many again")
def setup_again(request: HttpRequest, uid: UUID, body: RetryIn) -> SetupJob:
    """Try those that failed again, or everybody; who has everything stays as it is."""
    job = setup_get(caller(request), uid=uid, level=AccessLevel.WRITE)
    return setup_retry(actor=actor_from_request(request), job_id=job.pk, is_all=body.everybody, now=clock_now())


@router.post("/set-ups/{uuid:uid}/cancel", response=SetupJobOut, summary="Stop a set-up of many")
def setup_stop(request: HttpRequest, uid: UUID) -> SetupJob:
    """Leave the customers that are not done yet as they are. Idempotent."""
    job = setup_get(caller(request), uid=uid, level=AccessLevel.WRITE)
    return setup_cancel(actor=actor_from_request(request), job_id=job.pk, now=clock_now())


@router.post("/set-ups/{uuid:uid}/rmm-export", response=list[RmmLineOut], summary="Keys and commands for an RMM")
def setup_rmm(request: HttpRequest, uid: UUID) -> list[dict[str, str]]:
    """Everything that an RMM needs, with the keys; a person has to have signed in minutes ago. Audited per customer."""
    user = caller(request)
    job = setup_get(user, uid=uid)
    is_program = isinstance(getattr(request, "actor", None), Actor)
    if not is_program and not is_freshly_signed_in(request):
        raise ReauthenticationNeededError
    companies = list(rmm_customers(user, job=job))
    rmm_record(actor=actor_from_request(request), companies=companies, now=clock_now())
    return [asdict(line) for line in rmm_lines(companies)]
