"""Reads of customers; each starts from the groups that a person may see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from seatkeep_manager.customers.enums import UNFINISHED, OffboardState
from seatkeep_manager.customers.errors import CustomerReadOnlyError, OffboardNotFoundError, TemplateNotFoundError
from seatkeep_manager.customers.models import CustomerTemplate, OffboardJob
from seatkeep_manager.detections.models import Detection
from seatkeep_manager.directory.access import within
from seatkeep_manager.directory.enums import AccessLevel, DeviceState, Functionality, ProtectionStatus
from seatkeep_manager.directory.models import Device, User
from seatkeep_manager.hublink.enums import CustomerState
from seatkeep_manager.hublink.errors import CompanyNotFoundError
from seatkeep_manager.hublink.models import MirroredCompany, MirroredNode
from seatkeep_manager.hublink.selectors import company_list

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


def customers_overview(user: Viewer) -> QuerySet[MirroredCompany]:
    """Customers with what a technician asks first: devices, protected, seats, open detections, last contact."""
    return customers_visible(user).annotate(
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
    """What an off-boarding will hit, for the dialog that asks first."""

    devices: int
    online: int
    seats: int


def offboard_forecast(company: MirroredCompany, *, now: datetime) -> OffboardForecast:
    """Count what an off-boarding of this customer will hit."""
    devices = Device.objects.filter(company_hub_id=company.hub_id, state=DeviceState.ACTIVE)
    seats = MirroredNode.objects.filter(company_hub_id=company.hub_id, is_deleted=False).aggregate(n=Sum("used"))["n"]
    return OffboardForecast(devices.count(), devices.filter(online_until__gt=now).count(), seats or 0)
