"""Off-boarding of a customer: one verb, one job, steps that can be entered twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record
from seatkeep_webkit.errors import AppError

from seatkeep_manager.customers import rules
from seatkeep_manager.customers.enums import UNFINISHED, OffboardState, OffboardStep
from seatkeep_manager.customers.errors import OffboardRunningError, OffboardStartedError, OffboardStuckError
from seatkeep_manager.customers.hand_over import pack_make
from seatkeep_manager.customers.locks import job_alone
from seatkeep_manager.customers.models import CustomerRecord, OffboardJob
from seatkeep_manager.customers.returning import policies_assign_again
from seatkeep_manager.customers.rules import StepEnd
from seatkeep_manager.directory.enums import DeviceState
from seatkeep_manager.directory.models import Device
from seatkeep_manager.directory.services import device_retire
from seatkeep_manager.enrollment.models import EnrollmentToken
from seatkeep_manager.enrollment.services import token_revoke
from seatkeep_manager.hublink.adapters.hub import HubClient
from seatkeep_manager.hublink.errors import HubRefusedError
from seatkeep_manager.hublink.mirror import company_remove
from seatkeep_manager.hublink.models import MirroredCompany
from seatkeep_manager.policies.models import PolicyAssignment
from seatkeep_manager.policies.services import policy_unassign

DEVICES_AT_ONCE = 200
SLICE = timedelta(seconds=4)
"""How long one job works before the others of the same worker have their turn."""
LOCK_SPACE = 0x5EA7

ClientMaker = Callable[[MirroredCompany], HubClient]
"""Makes the client of the Licensing account that a customer belongs to."""


@transaction.atomic
def offboard_start(
    *,
    actor: Actor,
    company: MirroredCompany,
    last_day: date,
    protect_until: date,
    bill_until: date,
    now: datetime,
    keeps_product: bool = False,
) -> OffboardJob:
    """Plan the leave of a customer; the work begins when protection ends.

    Args:
        actor: Who does it; the caller has judged that the person may change the customer.
        company: The customer.
        last_day: Last day of the contract.
        protect_until: Computers stay protected until this day begins; today means at once.
        bill_until: Passed on to Licensing.
        now: Current time, aware UTC.
        keeps_product: Leave the protection product installed, without a license; else it is removed with the agent.

    Raises:
        OffboardDatesError: The days are out of order.
        OffboardRunningError: An off-boarding of this customer has not ended.
    """
    rules.dates_check(last_day=last_day, protect_until=protect_until, bill_until=bill_until)
    try:
        with transaction.atomic():
            job = OffboardJob.objects.create(
                company=company,
                last_day=last_day,
                protect_until=protect_until,
                bill_until=bill_until,
                keeps_product=keeps_product,
                not_before=now,
                created_at=now,
                created_by=actor.label,
            )
    except IntegrityError as error:
        raise OffboardRunningError from error
    until = protect_until.isoformat()
    _record(actor, "customer:offboard", company, now, protect_until=until, keeps_product=keeps_product)
    return job


@transaction.atomic
def offboard_cancel(*, actor: Actor, job_id: int, now: datetime) -> OffboardJob:
    """Call off a leave before Licensing is told of it; policies come back, revoked keys do not. Idempotent.

    Raises:
        OffboardStartedError: Licensing was told, or it is done.
    """
    job = OffboardJob.objects.select_for_update().get(pk=job_id)
    if job.state == OffboardState.CANCELED:
        return job
    if not rules.can_cancel(state=job.state, step=job.step):
        raise OffboardStartedError
    policies_assign_again(actor, job, now)
    job.state, job.finished_at, job.undo = OffboardState.CANCELED, now, {}
    job.save(update_fields=["state", "finished_at", "undo"])
    _record(actor, "customer:offboard_cancel", job.company, now)
    return job


@transaction.atomic
def offboard_retry(*, actor: Actor, job_id: int, now: datetime) -> OffboardJob:
    """Try a step that failed again now instead of at its next time.

    Raises:
        OffboardStuckError: It did not fail.
    """
    job = OffboardJob.objects.select_for_update().get(pk=job_id)
    if job.state != OffboardState.RUNNING or not job.error:
        raise OffboardStuckError
    job.not_before, job.attempts = now, 0
    job.save(update_fields=["not_before", "attempts"])
    _record(actor, "customer:offboard_retry", job.company, now, step=job.step)
    return job


def offboard_work(*, job_id: int, client: ClientMaker, clock: Callable[[], datetime]) -> OffboardJob:
    """Do the steps of one off-boarding until it is done, waits, fails or has had its time; safe when called twice.

    A failure is written down with the time of the next attempt; nothing done before is lost.
    """
    job = OffboardJob.objects.select_related("company", "company__group").get(pk=job_id)
    with job_alone(LOCK_SPACE, job_id) as is_mine:
        if not is_mine:
            return job
        until = clock() + SLICE
        while _entered(job, clock()) and _step_guarded(job, client, clock()):
            if clock() > until:
                break
    return job


@transaction.atomic
def _entered(job: OffboardJob, now: datetime) -> bool:
    """Note that the present step begins; False when there is none. From here on a cancel sees how far it is."""
    locked = OffboardJob.objects.select_for_update().get(pk=job.pk)
    job.refresh_from_db(from_queryset=OffboardJob.objects.select_related("company", "company__group"))
    if locked.state not in UNFINISHED:
        return False
    job.state = OffboardState.RUNNING
    job.steps.setdefault(job.step, {"began_at": now.isoformat()})
    job.save(update_fields=["state", "steps"])
    return True


def _step_guarded(job: OffboardJob, client: ClientMaker, now: datetime) -> bool:
    """Do one step; False when the job has to wait."""
    try:
        end = _STEPS[OffboardStep(job.step)](job, client, now)
    except AppError as error:
        job.attempts += 1
        job.error = str(error.detail)
        job.not_before = now + rules.retry_delay(job.attempts)
        job.save(update_fields=["attempts", "error", "not_before"])
        return False
    _step_ended(job, end, now)
    return end is not StepEnd.WAIT


@transaction.atomic
def _step_ended(job: OffboardJob, end: StepEnd, now: datetime) -> None:
    locked = OffboardJob.objects.select_for_update().get(pk=job.pk)
    job.error, job.attempts = "", 0
    if end is StepEnd.DONE:
        job.steps[job.step]["ended_at"] = now.isoformat()
        job.step = rules.step_after(OffboardStep(job.step))
    if end is StepEnd.WAIT:
        job.not_before = now + rules.LOOK_AGAIN
    if locked.state != OffboardState.CANCELED:
        job.save(update_fields=["error", "attempts", "steps", "step", "not_before"])


def _step_keys(job: OffboardJob, client: ClientMaker, now: datetime) -> StepEnd:
    for token in EnrollmentToken.objects.filter(company_hub_id=job.company.hub_id, revoked_at__isnull=True):
        token_revoke(actor=_actor(job), token=token, now=now)
    return StepEnd.DONE


@transaction.atomic
def _step_policies(job: OffboardJob, client: ClientMaker, now: datetime) -> StepEnd:
    """Take policies off the customer's groups and devices, remembering them for a return."""
    locked = OffboardJob.objects.select_for_update().get(pk=job.pk)
    if locked.state == OffboardState.CANCELED:
        return StepEnd.WAIT
    mine = PolicyAssignment.objects.filter(_below(job.company)).order_by("position", "id")
    taken = list(mine.values("id", "policy_id", "group_id", "dynamic_group_id", "device_id"))
    for row in taken:
        policy_unassign(actor=_actor(job), assignment_id=row["id"], now=now)
    kept = [
        {"policy": a["policy_id"], "group": a["group_id"], "dynamic": a["dynamic_group_id"], "device": a["device_id"]}
        for a in taken
    ]
    job.undo = job.undo | {"policies": [*job.undo.get("policies", []), *kept]}
    job.save(update_fields=["undo"])
    return StepEnd.DONE


def _step_licensing(job: OffboardJob, client: ClientMaker, now: datetime) -> StepEnd:
    """Tell the hub; by the job's own key it answers the same job when told twice, and a new one the next time."""
    hub = client(job.company)
    try:
        ref = hub.offboard(
            job.company.hub_id,
            last_day=job.last_day,
            protect_until=job.protect_until,
            bill_until=job.bill_until,
            key=f"offboard-{job.uid}",
        )
    finally:
        hub.close()
    job.hub_job = ref.job
    job.save(update_fields=["hub_job"])
    return StepEnd.DONE


def _step_devices(job: OffboardJob, client: ClientMaker, now: datetime) -> StepEnd:
    """Put a signed order to retire into some device documents; it stays there 180 days for those that are offline."""
    devices = Device.objects.filter(company_hub_id=job.company.hub_id, state=DeviceState.ACTIVE)
    if job.total == 0:
        job.total = devices.count()
    ids = list(devices.order_by("id").values_list("id", flat=True)[:DEVICES_AT_ONCE])
    with transaction.atomic():
        for device_id in ids:
            device_retire(actor=_actor(job), device_id=device_id, now=now)
        job.done += len(ids)
        job.undo = job.undo | {"devices": [*job.undo.get("devices", []), *ids]}
        job.save(update_fields=["done", "total", "undo"])
    return StepEnd.MORE if ids else StepEnd.DONE


def _step_licensing_wait(job: OffboardJob, client: ClientMaker, now: datetime) -> StepEnd:
    if job.hub_job is None:
        return StepEnd.DONE
    hub = client(job.company)
    try:
        state = hub.job(job.hub_job)
    finally:
        hub.close()
    if state.state == "FAILED":
        raise HubRefusedError("Licensing could not release the customer's seats; look at its Activity page.")
    return StepEnd.DONE if state.state == "FINISHED" else StepEnd.WAIT


def _step_pack(job: OffboardJob, client: ClientMaker, now: datetime) -> StepEnd:
    pack_make(job, now=now)
    return StepEnd.DONE


@transaction.atomic
def _step_archive(job: OffboardJob, client: ClientMaker, now: datetime) -> StepEnd:
    company = MirroredCompany.objects.select_for_update(of=("self",)).get(pk=job.company_id)
    company_remove(company, now=now)
    CustomerRecord.objects.update_or_create(company=company, defaults={"archived_at": now})
    job.state, job.finished_at = OffboardState.DONE, now
    job.save(update_fields=["state", "finished_at"])
    _record(_actor(job), "customer:archive", company, now, devices=job.done)
    return StepEnd.DONE


_STEPS: dict[OffboardStep, Callable[[OffboardJob, ClientMaker, datetime], StepEnd]] = {
    OffboardStep.KEYS: _step_keys,
    OffboardStep.POLICIES: _step_policies,
    OffboardStep.LICENSING: _step_licensing,
    OffboardStep.DEVICES: _step_devices,
    OffboardStep.LICENSING_WAIT: _step_licensing_wait,
    OffboardStep.PACK: _step_pack,
    OffboardStep.ARCHIVE: _step_archive,
}


def _below(company: MirroredCompany) -> Q:
    """Assignments on the customer's groups, on dynamic groups in them, and on its devices."""
    hub_id = company.hub_id
    return (
        Q(group__company_hub_id=hub_id)
        | Q(dynamic_group__anchor__company_hub_id=hub_id)
        | Q(device__company_hub_id=hub_id)
    )


def _actor(job: OffboardJob) -> Actor:
    """The job acts in the name of who ordered it."""
    return Actor.system(f"off-boarding by {job.created_by}")


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
