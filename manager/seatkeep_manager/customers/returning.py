"""The way back: a customer who returns is restored, not made anew."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.db import transaction
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record

from seatkeep_manager.customers.enums import UNFINISHED
from seatkeep_manager.customers.errors import OffboardNotFoundError, OffboardRunningError
from seatkeep_manager.customers.models import CustomerRecord, OffboardJob
from seatkeep_manager.directory.models import Device, StaticGroup
from seatkeep_manager.directory.services import device_restore
from seatkeep_manager.grouping.models import DynamicGroup
from seatkeep_manager.hublink.adapters.hub import HubClient
from seatkeep_manager.hublink.mirror import company_return
from seatkeep_manager.hublink.models import MirroredCompany
from seatkeep_manager.policies.models import Policy
from seatkeep_manager.policies.services import policy_assign_device, policy_assign_dynamic, policy_assign_group
from seatkeep_manager.statedocs.stops import assignments_renew


def customer_restore(
    *, actor: Actor, company: MirroredCompany, client: Callable[[MirroredCompany], HubClient], now: datetime
) -> MirroredCompany:
    """Bring an off-boarded customer back with its computers, policies and history; keys stay revoked. Idempotent.

    Raises:
        OffboardNotFoundError: It was never off-boarded here.
        OffboardRunningError: Its off-boarding has not ended.
        HubUnreachableError, HubNonsenseError, HubRefusedError: From the hub; nothing was changed.
    """
    job = company.offboards.order_by("-id").first()
    if job is None:
        raise OffboardNotFoundError
    if job.state in UNFINISHED:
        raise OffboardRunningError
    if job.returned_at is not None:
        return company
    hub = client(company)
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
    policies_assign_again(actor, job, now)
    job.undo, job.returned_at = {}, now
    job.save(update_fields=["undo", "returned_at"])
    audit_record(
        actor=actor,
        action="customer:restore",
        subject_type="customer",
        subject_id=str(company.uid),
        company_uid=company.hub_id,
        details={"devices": len(devices)},
        now=now,
    )
    return company


def policies_assign_again(actor: Actor, job: OffboardJob, now: datetime) -> None:
    """Assign the policies that an off-boarding took off, in their order; what was deleted meanwhile is left out."""
    taken = job.undo.get("policies", [])
    alive = set(
        Policy.objects.filter(pk__in=[one["policy"] for one in taken], deleted_at=None).values_list("pk", flat=True)
    )
    for one in taken:
        if one["policy"] in alive:
            _assign_again(actor, one, now)


def _assign_again(actor: Actor, taken: dict[str, int | None], now: datetime) -> None:
    policy_id = taken["policy"] or 0
    if (group := taken.get("group")) and StaticGroup.objects.filter(pk=group).exists():
        policy_assign_group(actor=actor, policy_id=policy_id, group_id=group, now=now)
    if (dynamic := taken.get("dynamic")) and DynamicGroup.objects.filter(pk=dynamic).exists():
        policy_assign_dynamic(actor=actor, policy_id=policy_id, group_id=dynamic, now=now)
    if (device := taken.get("device")) and Device.objects.filter(pk=device).exists():
        policy_assign_device(actor=actor, policy_id=policy_id, device_id=device, now=now)
