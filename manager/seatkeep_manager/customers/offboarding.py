"""Off-boarding of a customer: one verb, one job, steps that can be entered twice; and the way back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

from django.db import IntegrityError, connection, transaction
from django.db.models import Q
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record
from seatkeep_webkit.errors import AppError

from seatkeep_manager.customers import rules
from seatkeep_manager.customers.enums import OffboardState, OffboardStep
from seatkeep_manager.customers.errors import OffboardNotFoundError, OffboardRunningError, OffboardStartedError
from seatkeep_manager.customers.models import CustomerRecord, OffboardJob
from seatkeep_manager.directory.enums import DeviceState
from seatkeep_manager.directory.models import Device
from seatkeep_manager.directory.services import device_restore, device_retire
from seatkeep_manager.enrollment.models import EnrollmentToken
from seatkeep_manager.enrollment.services import token_revoke
from seatkeep_manager.hublink.adapters.hub import HubClient
from seatkeep_manager.hublink.errors import HubRefusedError
from seatkeep_manager.hublink.mirror import company_remove, company_return
from seatkeep_manager.hublink.models import MirroredCompany
from seatkeep_manager.policies.models import Policy, PolicyAssignment
from seatkeep_manager.policies.services import policy_assign_device, policy_assign_group, policy_unassign
from seatkeep_manager.statedocs.stops import assignments_renew

DEVICES_AT_ONCE = 200
LOCK_SPACE = 0x5EA7
"""First half of the two-number advisory lock; the second is the job."""

ClientMaker = Callable[[], HubClient]


@transaction.atomic
def offboard_start(
    *,
    actor: Actor,
    company: MirroredCompany,
    last_day: date,
    protect_until: date,
    bill_until: date,
    now: datetime,
) -> OffboardJob:
    """Plan the leave of a customer; the work begins when protection ends.

    Args:
        actor: Who does it; the caller has judged that the person may change the customer.
        company: The customer.
        last_day: Last day of the contract.
        protect_until: Computers stay protected until this day begins; today means at once.
        bill_until: Passed on to Licensing.
        now: Current time, aware UTC.

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
                not_before=now,
                created_at=now,
                created_by=actor.label,
            )
    except IntegrityError as error:
        raise OffboardRunningError from error
    _record(actor, "customer:offboard", company, now, protect_until=protect_until.isoformat())
    return job


@transaction.atomic
def offboard_cancel(*, actor: Actor, job_id: int, now: datetime) -> OffboardJob:
    """Call off a leave whose work has not begun. Idempotent.

    Raises:
        OffboardStartedError: The work has begun or is done.
    """
    job = OffboardJob.objects.select_for_update().get(pk=job_id)
    if job.state == OffboardState.CANCELED:
        return job
    if job.state != OffboardState.SCHEDULED:
        raise OffboardStartedError
    job.state, job.finished_at = OffboardState.CANCELED, now
    job.save(update_fields=["state", "finished_at"])
    _record(actor, "customer:offboard_cancel", job.company, now)
    return job


def offboard_work(*, job_id: int, client: ClientMaker, clock: Callable[[], datetime]) -> OffboardJob:
    """Do the steps of one off-boarding until it is done, waits or fails; safe when called twice at once.

    A failure is written down with the time of the next attempt; nothing done before is lost.
    """
    job = OffboardJob.objects.select_related("company", "company__group").get(pk=job_id)
    if not _lock(job_id):
        return job
    try:
        job.refresh_from_db()
        while job.state in (OffboardState.SCHEDULED, OffboardState.RUNNING):
            if not _step_guarded(job, client, clock):
                break
    finally:
        _unlock(job_id)
    return job


def _step_guarded(job: OffboardJob, client: ClientMaker, clock: Callable[[], datetime]) -> bool:
    """Do one step; False when the job has to wait."""
    now = clock()
    try:
        is_done = _STEPS[OffboardStep(job.step)](job, client, now)
    except AppError as error:
        job.attempts += 1
        job.error = error.detail
        job.not_before = now + rules.retry_delay(job.attempts)
        job.state = OffboardState.RUNNING
        job.save()
        return False
    job.state = OffboardState.RUNNING if job.state == OffboardState.SCHEDULED else job.state
    job.error, job.attempts = "", 0
    if is_done:
        job.step = rules.step_after(OffboardStep(job.step))
    else:
        job.not_before = now + rules.LOOK_AGAIN
    job.save()
    return is_done


def _step_keys(job: OffboardJob, client: ClientMaker, now: datetime) -> bool:
    for token in EnrollmentToken.objects.filter(company_hub_id=job.company.hub_id, revoked_at__isnull=True):
        token_revoke(actor=_actor(job), token=token, now=now)
    return True


def _step_policies(job: OffboardJob, client: ClientMaker, now: datetime) -> bool:
    """Take policies off the customer's groups and devices, remembering them for a return."""
    mine = PolicyAssignment.objects.filter(_below(job.company)).select_related("policy", "group", "device")
    with transaction.atomic():
        taken = [
            {"policy": a.policy_id, "group": a.group_id, "device": a.device_id} for a in mine.order_by("position", "id")
        ]
        for assignment in mine:
            policy_unassign(actor=_actor(job), assignment_id=assignment.pk, now=now)
        job.undo = job.undo | {"policies": [*job.undo.get("policies", []), *taken]}
        job.save(update_fields=["undo"])
    return True


def _step_licensing(job: OffboardJob, client: ClientMaker, now: datetime) -> bool:
    """Tell the hub; it answers the same job when told twice."""
    hub = client()
    try:
        ref = hub.offboard(
            job.company.hub_id, last_day=job.last_day, protect_until=job.protect_until, bill_until=job.bill_until
        )
    finally:
        hub.close()
    job.hub_job = ref.job
    return True


def _step_devices(job: OffboardJob, client: ClientMaker, now: datetime) -> bool:
    """Put a signed order to retire into each device document; it stays there for computers that are offline."""
    devices = Device.objects.filter(company_hub_id=job.company.hub_id, state=DeviceState.ACTIVE)
    if job.total == 0:
        job.total = devices.count()
    while ids := list(devices.order_by("id").values_list("id", flat=True)[:DEVICES_AT_ONCE]):
        with transaction.atomic():
            for device_id in ids:
                device_retire(actor=_actor(job), device_id=device_id, now=now)
            job.done += len(ids)
            job.undo = job.undo | {"devices": [*job.undo.get("devices", []), *ids]}
            job.save(update_fields=["done", "total", "undo"])
    return True


def _step_licensing_wait(job: OffboardJob, client: ClientMaker, now: datetime) -> bool:
    if job.hub_job is None:
        return True
    hub = client()
    try:
        state = hub.job(job.hub_job)
    finally:
        hub.close()
    if state.state == "FAILED":
        raise HubRefusedError("Licensing could not release the customer's seats; look at its Activity page.")
    return state.state == "FINISHED"


def _step_archive(job: OffboardJob, client: ClientMaker, now: datetime) -> bool:
    with transaction.atomic():
        company = MirroredCompany.objects.select_for_update(of=("self",)).get(pk=job.company_id)
        company_remove(company, now=now)
        CustomerRecord.objects.update_or_create(company=company, defaults={"archived_at": now})
        job.state, job.finished_at = OffboardState.DONE, now
        _record(_actor(job), "customer:archive", company, now, devices=job.done)
    return True


_STEPS: dict[OffboardStep, Callable[[OffboardJob, ClientMaker, datetime], bool]] = {
    OffboardStep.KEYS: _step_keys,
    OffboardStep.POLICIES: _step_policies,
    OffboardStep.LICENSING: _step_licensing,
    OffboardStep.DEVICES: _step_devices,
    OffboardStep.LICENSING_WAIT: _step_licensing_wait,
    OffboardStep.ARCHIVE: _step_archive,
}


def customer_restore(*, actor: Actor, company: MirroredCompany, client: ClientMaker, now: datetime) -> MirroredCompany:
    """Bring an off-boarded customer back with its computers, policies and history; keys stay revoked. Idempotent.

    Raises:
        OffboardNotFoundError: It was never off-boarded here.
        OffboardRunningError: Its off-boarding has not ended.
        HubUnreachableError, HubNonsenseError, HubRefusedError: From the hub; nothing was changed.
    """
    job = company.offboards.order_by("-id").first()
    if job is None:
        raise OffboardNotFoundError
    if job.state in (OffboardState.SCHEDULED, OffboardState.RUNNING):
        raise OffboardRunningError
    hub = client()
    try:
        hub.restore(company.hub_id)
    finally:
        hub.close()
    return _restore_here(actor=actor, job=job, now=now)


@transaction.atomic
def _restore_here(*, actor: Actor, job: OffboardJob, now: datetime) -> MirroredCompany:
    company = MirroredCompany.objects.select_for_update(of=("self",)).get(pk=job.company_id)
    company_return(company, now=now)
    CustomerRecord.objects.filter(company=company).update(archived_at=None)
    devices = list(Device.objects.filter(id__in=job.undo.get("devices", [])).values_list("id", flat=True))
    for device_id in devices:
        device_restore(actor=actor, device_id=device_id, now=now)
    assignments_renew(device_ids=devices, now=now)
    for taken in job.undo.get("policies", []):
        _assign_again(actor, taken, now)
    job.undo = {}
    job.save(update_fields=["undo"])
    _record(actor, "customer:restore", company, now)
    return company


def _assign_again(actor: Actor, taken: dict[str, int | None], now: datetime) -> None:
    """Assign a policy as before; one that was deleted meanwhile is left out."""
    policy = Policy.objects.filter(pk=taken["policy"] or 0, deleted_at__isnull=True).first()
    if policy is None:
        return
    if group_id := taken["group"]:
        policy_assign_group(actor=actor, policy_id=policy.pk, group_id=group_id, now=now)
    if device_id := taken["device"]:
        policy_assign_device(actor=actor, policy_id=policy.pk, device_id=device_id, now=now)


def _below(company: MirroredCompany) -> Q:
    """Assignments on the customer's groups and devices."""
    return Q(group__company_hub_id=company.hub_id) | Q(device__company_hub_id=company.hub_id)


def _actor(job: OffboardJob) -> Actor:
    """The job acts in the name of who ordered it."""
    return Actor.system(f"off-boarding by {job.created_by}")


def _lock(job_id: int) -> bool:
    """Take the advisory lock of a job; PostgreSQL frees it when the process dies."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCK_SPACE, job_id])
        return bool(cursor.fetchone()[0])


def _unlock(job_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK_SPACE, job_id])


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
