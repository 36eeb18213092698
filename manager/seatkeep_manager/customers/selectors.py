"""Reads of customers; each starts from the groups that a person may see."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from seatkeep_manager.customers.enums import UNFINISHED, OffboardState, SetupState
from seatkeep_manager.customers.errors import (
    CustomerReadOnlyError,
    OffboardNotFoundError,
    PackNotFoundError,
    SetupJobNotFoundError,
    TemplateNotFoundError,
)
from seatkeep_manager.customers.models import (
    CustomerRecord,
    CustomerTemplate,
    HandOverPack,
    OffboardJob,
    SetupItem,
    SetupJob,
)
from seatkeep_manager.detections.enums import QuarantineState
from seatkeep_manager.detections.models import Detection, QuarantineItem
from seatkeep_manager.directory.access import may_everywhere, within
from seatkeep_manager.directory.enums import AccessLevel, DeviceState, Functionality, ProtectionStatus
from seatkeep_manager.directory.models import Device, User
from seatkeep_manager.enrollment.models import EnrollmentToken
from seatkeep_manager.hublink.enums import CustomerState, HubCompanyState
from seatkeep_manager.hublink.errors import CompanyNotFoundError
from seatkeep_manager.hublink.models import MirroredCompany, MirroredNode
from seatkeep_manager.hublink.selectors import company_list
from seatkeep_manager.policies.models import PolicyAssignment

Viewer = User | AnonymousUser


def customers_visible(user: Viewer, *, level: AccessLevel = AccessLevel.READ) -> QuerySet[MirroredCompany]:
    """The customers that a person may see or change."""
    mine = within(company_list(), user, functionality=Functionality.CUSTOMERS, level=level)
    return mine.order_by("name", "id")


def customer_get(user: Viewer, *, uid: UUID, level: AccessLevel = AccessLevel.READ) -> MirroredCompany:
    """One customer.

    Raises:
        CompanyNotFoundError: It does not exist or is not the person's to see.
        CustomerReadOnlyError: The person may see it but asked to change it.
    """
    company = customers_visible(user).filter(uid=uid).first()
    if company is None:
        raise CompanyNotFoundError
    if level == AccessLevel.WRITE and not customers_visible(user, level=level).filter(uid=uid).exists():
        raise CustomerReadOnlyError
    return company


def owners_visible(user: Viewer, functionality: Functionality, level: AccessLevel) -> QuerySet[MirroredCompany]:
    """Companies of every kind for which a person may make something; an MSP's is shared with all below it."""
    rows = MirroredCompany.objects.filter(group__isnull=False).exclude(hub_state=HubCompanyState.REMOVED)
    mine = within(rows.select_related("group"), user, functionality=functionality, level=level)
    return mine.order_by("name", "id")


def customers_overview(user: Viewer) -> QuerySet[MirroredCompany]:
    """Customers with what a technician asks first: devices, protected, seats, open detections, last contact."""
    return (
        customers_visible(user)
        .select_related("record")
        .annotate(
            device_count=_devices(Count("id")),
            protected_count=_devices(Count("id", filter=Q(protection=ProtectionStatus.PROTECTED))),
            detection_count=_detections(),
            seats_used=_seats(Sum("used")),
            seats_agreed=_seats(Sum("agreed")),
            last_contact_at=Subquery(
                Device.objects.filter(company_hub_id=OuterRef("hub_id"), last_seen_at__isnull=False)
                .order_by("-last_seen_at")
                .values("last_seen_at")[:1]
            ),
        )
    )


def _devices(count: Count) -> Coalesce:
    devices = Device.objects.filter(company_hub_id=OuterRef("hub_id"), state=DeviceState.ACTIVE)
    return Coalesce(
        Subquery(devices.order_by().values("company_hub_id").annotate(n=count).values("n"), IntegerField()), 0
    )


def _detections() -> Coalesce:
    found = Detection.objects.filter(device__company_hub_id=OuterRef("hub_id"), resolved_at__isnull=True)
    counted = found.order_by().annotate(company=F("device__company_hub_id")).values("company").annotate(n=Count("id"))
    return Coalesce(Subquery(counted.values("n"), IntegerField()), 0)


def _seats(total: Sum) -> Coalesce:
    nodes = MirroredNode.objects.filter(company_hub_id=OuterRef("hub_id"), is_deleted=False)
    return Coalesce(
        Subquery(nodes.order_by().values("company_hub_id").annotate(n=total).values("n"), IntegerField()), 0
    )


def customer_tags_own(company: MirroredCompany) -> list[str]:
    """The tags that this console gave a customer the caller may see, beside those of Licensing."""
    found = CustomerRecord.objects.filter(company=company).values_list("tags", flat=True).first()
    return found or []


def customers_new(user: Viewer) -> QuerySet[MirroredCompany]:
    """Customers that wait for their set-up."""
    return customers_visible(user).filter(state=CustomerState.NOT_SET_UP)


def template_list() -> QuerySet[CustomerTemplate]:
    """All templates by name."""
    return CustomerTemplate.objects.order_by("name")


def template_get(uid: UUID) -> CustomerTemplate:
    """One template.

    Raises:
        TemplateNotFoundError: There is none.
    """
    found = template_list().filter(uid=uid).first()
    if found is None:
        raise TemplateNotFoundError
    return found


def offboard_latest(company: MirroredCompany) -> OffboardJob | None:
    """The newest off-boarding of a customer the caller may see."""
    return company.offboards.order_by("-id").first()


def offboard_get(user: Viewer, *, uid: UUID) -> OffboardJob:
    """One off-boarding.

    Raises:
        OffboardNotFoundError: It does not exist or its customer is not the person's to see.
    """
    job = OffboardJob.objects.filter(uid=uid, company__in=customers_visible(user)).select_related("company").first()
    if job is None:
        raise OffboardNotFoundError
    return job


def offboard_due_ids(*, now: datetime) -> list[int]:
    """Off-boardings that have work to do now, oldest first."""
    due = Q(state=OffboardState.RUNNING) | Q(state=OffboardState.SCHEDULED, protect_until__lte=now.date())
    jobs = OffboardJob.objects.filter(due, state__in=UNFINISHED, not_before__lte=now)
    return list(jobs.order_by("id").values_list("id", flat=True))


@dataclass(frozen=True)
class OffboardForecast:
    """What an off-boarding will hit, for the page that asks first."""

    devices: int
    online: int
    offline: int
    seats: int
    policies: int
    keys: int
    held_files: int


def offboard_forecast(company: MirroredCompany, *, now: datetime) -> OffboardForecast:
    """Count what an off-boarding of this customer will hit."""
    hub_id = company.hub_id
    devices = Device.objects.filter(company_hub_id=hub_id, state=DeviceState.ACTIVE)
    total, online = devices.count(), devices.filter(online_until__gt=now).count()
    below = Q(group__company_hub_id=hub_id) | Q(dynamic_group__anchor__company_hub_id=hub_id)
    held = QuarantineItem.objects.filter(device__company_hub_id=hub_id, state=QuarantineState.HELD)
    seats = MirroredNode.objects.filter(company_hub_id=hub_id, is_deleted=False).aggregate(n=Sum("used"))["n"]
    return OffboardForecast(
        devices=total,
        online=online,
        offline=total - online,
        seats=seats or 0,
        policies=PolicyAssignment.objects.filter(below | Q(device__company_hub_id=hub_id)).count(),
        keys=EnrollmentToken.objects.filter(company_hub_id=hub_id, revoked_at__isnull=True).count(),
        held_files=held.count(),
    )


def pack_get(company: MirroredCompany) -> HandOverPack:
    """The newest hand-over pack of a customer that the caller may change.

    Raises:
        PackNotFoundError: There is none.
    """
    pack = HandOverPack.objects.filter(job__company=company).select_related("job").order_by("-id").first()
    if pack is None:
        raise PackNotFoundError
    return pack


def products_kept(company_hub_ids: Collection[UUID]) -> dict[UUID, datetime]:
    """Customers whose computers keep the protection product when they are retired, since when that was ordered."""
    jobs = OffboardJob.objects.filter(
        company__hub_id__in=company_hub_ids,
        keeps_product=True,
        returned_at__isnull=True,
        state__in=[OffboardState.RUNNING, OffboardState.DONE],
    )
    return dict(jobs.order_by("id").values_list("company__hub_id", "created_at"))


def setups_visible(user: Viewer, *, level: AccessLevel = AccessLevel.READ) -> QuerySet[SetupJob]:
    """Set-ups of many customers, newest first: a person's own, or all for who has all customers."""
    jobs = SetupJob.objects.select_related("template").order_by("-id")
    if may_everywhere(user, Functionality.CUSTOMERS, level):
        return jobs
    return jobs.filter(user=user) if isinstance(user, User) else jobs.none()


def setup_get(user: Viewer, *, uid: UUID, level: AccessLevel = AccessLevel.READ) -> SetupJob:
    """One set-up of many customers.

    Raises:
        SetupJobNotFoundError: It does not exist or is not the person's to see (or change).
    """
    job = setups_visible(user, level=level).filter(uid=uid).first()
    if job is None:
        raise SetupJobNotFoundError
    return job


def setup_items(user: Viewer, job: SetupJob) -> QuerySet[SetupItem]:
    """The customers of a job that the person may see, failed ones first."""
    return job.items.filter(company__in=customers_visible(user).order_by()).select_related("company__group")


def setup_open_ids() -> list[int]:
    """Jobs that have customers left, oldest first."""
    return list(SetupJob.objects.filter(state=SetupState.RUNNING).order_by("id").values_list("id", flat=True))
