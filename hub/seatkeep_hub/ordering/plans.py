"""Change seats later: the rule is stored now and holds from its day on. It never picks computers."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record
from seatkeep_webkit.errors import AppError

from seatkeep_hub.agreements.errors import AgreementClosedError
from seatkeep_hub.agreements.models import Agreement
from seatkeep_hub.agreements.services import agreement_set
from seatkeep_hub.companies.selectors import Viewer, companies_visible
from seatkeep_hub.licensing.isolation import read_committed
from seatkeep_hub.licensing.models import License
from seatkeep_hub.licensing.services import change_check, license_quantity_change, quantity_check
from seatkeep_hub.ordering import rules
from seatkeep_hub.ordering.enums import PlanState
from seatkeep_hub.ordering.errors import PlanExistsError, PlanFieldError, PlanNotFoundError, PlanOverError
from seatkeep_hub.ordering.models import PlannedChange

FURTHEST_EAST = timedelta(hours=14)


@transaction.atomic
def change_plan(
    *,
    actor: Actor,
    license: License,
    quantity: int,
    due_on: date,
    now: datetime,
    agreement: Agreement | None = None,
    note: str = "",
) -> PlannedChange:
    """Plan another number of seats from a day on: of an agreement, then a fixed one, or of the license itself.

    On that day the number is set as if by hand. If more computers are in use then, they stay and the state shows it.

    Args:
        actor: Who plans; whether they may is the caller's look-up.
        license: The license, or that of the agreement.
        quantity: Seats (agreement) or units (license) from then on, 1 to 1,000,000.
        due_on: First day, in the time zone of the license's owner; after today.
        now: Current time, aware UTC.
        agreement: Whose number changes; None for the license's own.
        note: Why, for the ledger.

    Raises:
        PlanFieldError: The day is not ahead.
        AgreementClosedError: The agreement is closed.
        LicenseFieldError: The quantity is out of range.
        LicenseStateError: The license is cancelled, or changes are frozen.
        PlanExistsError: A change is planned already.
    """
    quantity_check(quantity)
    fault = rules.due_fault(due_on, now=now, zone=license.owner.time_zone)
    if fault:
        raise PlanFieldError(fields={"due_on": [fault]})
    if agreement is not None and agreement.closed_at is not None:
        raise AgreementClosedError
    change_check(license, now)
    try:
        with transaction.atomic():
            plan = PlannedChange.objects.create(
                license=license,
                agreement=agreement,
                quantity=quantity,
                due_on=due_on,
                note=note[:500],
                actor=actor.label[:200],
                created_at=now,
            )
    except IntegrityError as error:
        raise PlanExistsError from error
    _audit(actor, plan, "plan", now)
    return plan


@transaction.atomic
def change_unplan(*, actor: Actor, plan: PlannedChange, now: datetime) -> PlannedChange:
    """Take a planned change back. Idempotent.

    Raises:
        PlanOverError: It was done, or could not be done.
    """
    locked = PlannedChange.objects.select_for_update(of=("self",)).get(pk=plan.pk)
    if locked.state == PlanState.CANCELLED:
        return locked
    if locked.state != PlanState.PLANNED:
        raise PlanOverError
    locked.state, locked.ended_at = PlanState.CANCELLED, now
    locked.save(update_fields=["state", "ended_at"])
    _audit(actor, locked, "unplan", now)
    return locked


def changes_apply(*, now: datetime) -> int:
    """Do every planned change whose day has begun where its license's owner lives. Idempotent, resumable.

    Returns:
        How many were done or refused.
    """
    latest = (now + FURTHEST_EAST).date()
    found = PlannedChange.objects.filter(state=PlanState.PLANNED, due_on__lte=latest).select_related("license__owner")
    due = [plan for plan in found if rules.is_due(plan.due_on, now=now, zone=plan.license.owner.time_zone)]
    return sum(_apply(plan, now) for plan in due)


def plans_near(*, now: datetime) -> QuerySet[PlannedChange]:
    """Planned changes at most seven days away in some zone; `rules.is_announced` judges each in its owner's."""
    latest = (now + FURTHEST_EAST + rules.ANNOUNCED_BEFORE).date()
    found = PlannedChange.objects.filter(state=PlanState.PLANNED, due_on__lte=latest)
    return found.select_related(*_RELATED).order_by("due_on", "id")


_RELATED = ("license__owner", "license__bundle", "agreement__company", "agreement__product", "agreement__node")


def plan_list(viewer: Viewer) -> QuerySet[PlannedChange]:
    """Planned changes of agreements and licenses that the viewer may see, the next ones first."""
    visible = companies_visible(viewer).values("pk")
    mine = Q(agreement__company__in=visible) | Q(agreement=None, license__owner__in=visible)
    return PlannedChange.objects.filter(mine).select_related(*_RELATED).order_by("due_on", "id")


def plan_get(viewer: Viewer, uid: UUID) -> PlannedChange:
    """One planned change.

    Raises:
        PlanNotFoundError: There is none, or it is another's.
    """
    found = plan_list(viewer).filter(uid=uid).first()
    if found is None:
        raise PlanNotFoundError
    return found


def plans_open(plans: QuerySet[PlannedChange]) -> QuerySet[PlannedChange]:
    """Those that are still to come, each with `in_use`, the seats in use of its agreement now."""
    return plans.filter(state=PlanState.PLANNED).annotate(in_use=F("agreement__node__used"))


def _apply(plan: PlannedChange, now: datetime) -> bool:
    with read_committed():
        locked = PlannedChange.objects.select_for_update(of=("self",), skip_locked=True)
        found = locked.select_related(*_RELATED).filter(pk=plan.pk, state=PlanState.PLANNED).first()
        if found is None:
            return False
        try:
            with transaction.atomic():
                _change(found, now)
            found.state = PlanState.DONE
        except AppError as error:
            found.state, found.refusal = PlanState.REFUSED, error.detail[:300]
        found.ended_at = now
        found.save(update_fields=["state", "refusal", "ended_at"])
        _audit(Actor.system("planned change"), found, found.state.lower(), now)
    return True


def _change(plan: PlannedChange, now: datetime) -> None:
    actor = Actor.system(f"planned by {plan.actor}")
    note = plan.note or f"planned for {plan.due_on}"
    agreement = plan.agreement
    if agreement is None:
        license_quantity_change(actor=actor, license=plan.license, quantity=plan.quantity, now=now, note=note)
        return
    if agreement.closed_at is not None:
        raise AgreementClosedError
    agreement_set(
        actor=actor,
        license=plan.license,
        product_code=agreement.product.code,
        company=agreement.company,
        mode="FIXED",
        quantity=plan.quantity,
        on_exceed=agreement.on_exceed,
        now=now,
        note=note,
    )


def _audit(actor: Actor, plan: PlannedChange, verb: str, now: datetime) -> None:
    company = plan.agreement.company if plan.agreement else plan.license.owner
    audit_record(
        actor=actor,
        action=f"planned_change:{verb}",
        subject_type="planned_change",
        subject_id=str(plan.uid),
        company_uid=company.uid,
        details={
            "license": plan.license.public_id,
            "agreement": plan.agreement.public_id if plan.agreement else None,
            "quantity": plan.quantity,
            "due_on": str(plan.due_on),
        },
        now=now,
    )
