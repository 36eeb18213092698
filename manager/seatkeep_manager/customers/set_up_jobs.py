"""Set many customers up alike: one order, one transaction per customer, resumable, and safe to do again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.db import DatabaseError, transaction
from django.db.models import Count
from seatkeep_webkit.actors import Actor, actor_pack, actor_unpack
from seatkeep_webkit.audit.services import audit_record
from seatkeep_webkit.errors import AppError

from seatkeep_manager.customers.enums import ItemOutcome, SetupState
from seatkeep_manager.customers.errors import NoCustomersError, SetupJobNotFoundError, TooManyCustomersError
from seatkeep_manager.customers.locks import job_alone
from seatkeep_manager.customers.models import SetupItem, SetupJob
from seatkeep_manager.customers.plans import SetUpPlan, plan_of_job
from seatkeep_manager.customers.services import customer_set_up, customers_writable
from seatkeep_manager.directory.models import User
from seatkeep_manager.hublink.errors import CompanyNotFoundError

logger = logging.getLogger(__name__)

MAX_CUSTOMERS = 10_000
SLICE = timedelta(seconds=4)
"""How long one job works before the others of the same worker have their turn."""
LOCK_SPACE = 0x5EA8
_UNEXPECTED = "Unexpected failure; the server's log tells more."


@transaction.atomic
def setup_order(
    *, actor: Actor, user: User, plan: SetUpPlan, company_uids: Collection[UUID], now: datetime
) -> SetupJob:
    """Order the set-up of many customers; the work is done in the background.

    Args:
        actor: Who does it.
        user: The same person, whose access is judged now for all and again for each customer when its turn comes.
        plan: What each customer gets.
        company_uids: The customers; doubles count once.
        now: Current time, aware UTC.

    Raises:
        NoCustomersError, TooManyCustomersError: None, or over 10,000.
        CompanyNotFoundError, CustomerReadOnlyError: For any of them; then nothing is ordered.
    """
    if not company_uids:
        raise NoCustomersError
    if len(set(company_uids)) > MAX_CUSTOMERS:
        raise TooManyCustomersError
    companies = list(customers_writable(user, uids=company_uids).values_list("pk", flat=True))
    job = SetupJob.objects.create(
        template=plan.template,
        template_name=plan.name,
        groups=list(plan.groups),
        policy_ids=list(plan.policy_ids),
        tags=list(plan.tags),
        makes_key=plan.makes_key,
        daily_cap=plan.daily_cap,
        user=user,
        actor=actor_pack(actor),
        created_at=now,
        created_by=actor.label,
    )
    SetupItem.objects.bulk_create([SetupItem(job=job, company_id=pk) for pk in companies])
    _record(actor, "setup:order", job, now, template=plan.name, customers=len(companies))
    return job


def setup_work(*, job_id: int, clock: Callable[[], datetime]) -> SetupJob:
    """Set up the customers that are left, for at most some seconds; safe when called twice at once.

    Each customer is one transaction together with the note of what came of it: after a kill the others go on, and
    nothing is made twice. What one customer refuses does not stop the rest.
    """
    job = SetupJob.objects.select_related("template", "user").get(pk=job_id)
    with job_alone(LOCK_SPACE, job_id) as is_mine:
        if not is_mine:
            return job
        until = clock() + SLICE
        while _next_done(job, clock()):
            if clock() >= until:
                break
    job.refresh_from_db()
    return job


def _next_done(job: SetupJob, now: datetime) -> bool:
    """Set the next customer up; False when the job is over."""
    with transaction.atomic():
        locked = SetupJob.objects.select_for_update().get(pk=job.pk)
        item = job.items.filter(outcome=ItemOutcome.WAITING).select_related("company").order_by("id").first()
        if locked.state != SetupState.RUNNING:
            return False
        if item is None:
            locked.state, locked.finished_at = SetupState.DONE, now
            locked.save(update_fields=["state", "finished_at"])
            return False
        _item_do(job, item, now)
        return True


def _item_do(job: SetupJob, item: SetupItem, now: datetime) -> None:
    try:
        with transaction.atomic():
            _item_set_up(job, item, now)
    except AppError as error:
        item.outcome, item.error_code, item.error = ItemOutcome.ERROR, error.code, str(error.detail)[:500]
    except DatabaseError:
        logger.exception("set-up of %s", item.company_id)
        item.outcome, item.error_code, item.error = ItemOutcome.ERROR, "unexpected", _UNEXPECTED
    item.done_at = now
    item.save()


def _item_set_up(job: SetupJob, item: SetupItem, now: datetime) -> None:
    if job.user is None:
        raise CompanyNotFoundError
    result = customer_set_up(
        actor=actor_unpack(job.actor), user=job.user, company_uid=item.company.uid, plan=plan_of_job(job), now=now
    )
    item.outcome = ItemOutcome.CHANGED if result.made else ItemOutcome.SAME
    item.made = [{"what": what, "count": count} for what, count in sorted(result.made.items())]
    item.error_code, item.error = "", ""


@transaction.atomic
def setup_retry(*, actor: Actor, job_id: int, now: datetime, is_all: bool = False) -> SetupJob:
    """Try the customers that failed again, or with `is_all` every one of them. Idempotent.

    Raises:
        SetupJobNotFoundError: There is none.
    """
    job = _locked(job_id)
    items = job.items.exclude(outcome=ItemOutcome.WAITING)
    items = items if is_all else items.filter(outcome=ItemOutcome.ERROR)
    if count := items.update(outcome=ItemOutcome.WAITING, made=[], error_code="", error="", done_at=None):
        job.state, job.finished_at = SetupState.RUNNING, None
        job.save(update_fields=["state", "finished_at"])
        _record(actor, "setup:retry", job, now, customers=count)
    return job


@transaction.atomic
def setup_cancel(*, actor: Actor, job_id: int, now: datetime) -> SetupJob:
    """Leave the customers that are not done yet as they are; the others stay set up. Idempotent.

    Raises:
        SetupJobNotFoundError: There is none.
    """
    job = _locked(job_id)
    if job.state == SetupState.RUNNING:
        job.state, job.finished_at = SetupState.CANCELED, now
        job.save(update_fields=["state", "finished_at"])
        _record(actor, "setup:cancel", job, now)
    return job


def setup_counts(job: SetupJob) -> dict[str, int]:
    """How many customers of a job had which outcome; every outcome is named."""
    found = dict(job.items.order_by().values_list("outcome").annotate(n=Count("id")))
    return {outcome: found.get(outcome, 0) for outcome in ItemOutcome.values}


def _locked(job_id: int) -> SetupJob:
    job = SetupJob.objects.select_for_update().filter(pk=job_id).first()
    if job is None:
        raise SetupJobNotFoundError
    return job


def _record(actor: Actor, action: str, job: SetupJob, now: datetime, **details: str | int | bool | None) -> None:
    audit_record(actor=actor, action=action, subject_type="setup", subject_id=str(job.uid), details=details, now=now)
