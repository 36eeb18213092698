"""Off-board a customer: one verb, one job that can be interrupted; and bring the customer back with its history."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record

from seatkeep_hub.agreements.enums import JobState
from seatkeep_hub.agreements.errors import OffboardDatesError, OffboardEarlyError, OffboardNotFoundError
from seatkeep_hub.agreements.models import Agreement, Offboarding
from seatkeep_hub.agreements.services import agreement_close, agreement_reopen
from seatkeep_hub.companies import rules as company_rules
from seatkeep_hub.companies.errors import CompanyStatusError
from seatkeep_hub.companies.models import Company
from seatkeep_hub.companies.selectors import Viewer, companies_visible
from seatkeep_hub.licensing.enums import SeatState
from seatkeep_hub.licensing.models import Seat
from seatkeep_hub.licensing.seats import seats_deactivate
from seatkeep_hub.licensing.suspension import company_remove, company_restore

CHUNK = 200


@transaction.atomic
def company_offboard(
    *, actor: Actor, company: Company, last_day: date, protect_until: date, bill_until: date, now: datetime
) -> Offboarding:
    """Begin to off-board a customer; `offboarding_run` (a background job) does the work at once.

    Idempotent while a job of the company runs: that job is returned.

    Args:
        actor: Who does it; whether they may is the caller's look-up.
        company: The customer.
        last_day: Last day of the contract.
        protect_until: Protection ends as this day begins (UTC). The seats are released by this job, so whoever wants
            to wait, as a console does, calls on that day.
        bill_until: Last day, inclusive, on which fixed agreements count as agreed in the daily usage. What is billed by
            use ends with the seats.
        now: Current time, aware UTC.

    Raises:
        OffboardDatesError: `protect_until` or `bill_until` lies before `last_day`.
        OffboardEarlyError: `protect_until` is still to come.
        CompanyStatusError: The company is removed, or the root.
    """
    if protect_until < last_day or bill_until < last_day:
        raise OffboardDatesError
    if protect_until > now.date():
        raise OffboardEarlyError
    locked = Company.objects.select_for_update(no_key=True).get(pk=company.pk)
    running = Offboarding.objects.filter(company=locked, state=JobState.RUNNING).first()
    if running:
        return running
    if not company_rules.can_remove(locked.kind, locked.status):
        raise CompanyStatusError
    job = Offboarding.objects.create(
        company=locked,
        last_day_on=last_day,
        protect_until_on=protect_until,
        bill_until_on=bill_until,
        total=_seats(locked).count(),
        actor=actor.label[:200],
        created_at=now,
    )
    audit_record(
        actor=actor,
        action="company:offboard",
        subject_type="company",
        subject_id=str(locked.uid),
        company_uid=locked.uid,
        details={"last_day": str(last_day), "protect_until": str(protect_until), "bill_until": str(bill_until)},
        now=now,
    )
    return job


def offboarding_run(*, uid: UUID, now: datetime) -> Offboarding:
    """Do or go on with an off-boarding: close agreements, release every seat, mark the company REMOVED. Idempotent.

    Each chunk is a transaction of its own, so that a killed worker loses nothing; agreements are closed first, so
    that no new seat is taken behind its back.
    """
    job = Offboarding.objects.select_related("company").get(uid=uid)
    if job.state == JobState.FINISHED:
        return job
    actor = Actor.system(f"off-boarding for {job.actor}")
    for agreement in _agreements(job.company).filter(closed_at=None):
        agreement_close(actor=actor, agreement=agreement, now=now)
    while chunk := list(_seats(job.company).order_by("id").values_list("uid", flat=True)[:CHUNK]):
        job.done += seats_deactivate(actor=actor, seat_uids=chunk, now=now)
        job.save(update_fields=["done"])
    company_remove(actor=actor, company=job.company, now=now)
    job.state, job.finished_at, job.total = JobState.FINISHED, now, max(job.total, job.done)
    job.save(update_fields=["state", "finished_at", "total"])
    return job


def company_return(*, actor: Actor, company: Company, now: datetime) -> Company:
    """Bring an off-boarded customer back with its history: ACTIVE, agreements of its last off-boarding open again.

    Its devices activate anew. Idempotent.

    Raises:
        CompanyStatusError: An off-boarding still runs, or the company was not removed.
        CompanyNameTakenError: Another company has its name meanwhile.
    """
    last = Offboarding.objects.filter(company=company).order_by("-id").first()
    if last is not None and last.state == JobState.RUNNING:
        raise CompanyStatusError
    restored = company_restore(actor=actor, company=company, now=now)
    if last is not None:
        for agreement in _agreements(restored).filter(closed_at__gte=last.created_at, license__frozen_at=None):
            agreement_reopen(actor=actor, agreement=agreement, now=now)
    return restored


def offboarding_get(viewer: Viewer, uid: UUID) -> Offboarding:
    """One off-boarding.

    Raises:
        OffboardNotFoundError: There is none, or the viewer may not see its company.
    """
    visible = companies_visible(viewer).values("pk")
    job = Offboarding.objects.filter(uid=uid, company__in=visible).select_related("company").first()
    if job is None:
        raise OffboardNotFoundError
    return job


def _seats(company: Company) -> QuerySet[Seat]:
    return Seat.objects.filter(node__company__path__contains=[company.pk], state=SeatState.ACTIVE)


def _agreements(company: Company) -> QuerySet[Agreement]:
    found = Agreement.objects.filter(company__path__contains=[company.pk])
    return found.select_related("license", "company", "product").order_by("id")
