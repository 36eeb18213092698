"""Reads of the mirror for the console, the publisher and the tasks."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from seatkeep_manager.hublink.enums import ChangeKind, LinkState, SyncKind, SyncState
from seatkeep_manager.hublink.errors import CompanyNotFoundError, LicenseNotFoundError
from seatkeep_manager.hublink.models import (
    HubLink,
    MirroredCompany,
    MirroredLicense,
    MirroredNode,
    MirroredSeat,
    SyncChange,
    SyncRun,
    SyncTrouble,
)
from seatkeep_manager.hublink.rules import DEVICE_KINDS, Status


def link_get() -> HubLink:
    """The one link; an unsaved fresh one before anybody linked."""
    return HubLink.objects.filter(id=1).first() or HubLink()


def link_status() -> Status:
    """What the sync tile says: running wins, then disconnected, then synchronized."""
    link = link_get()
    if link.state != LinkState.LINKED:
        return Status("NOT_LINKED", reason=link.link_error)
    running = SyncRun.objects.filter(state=SyncState.RUNNING).order_by("-id").first()
    if running:
        return Status("RUNNING", done=running.done, expected=running.expected, since=running.started_at)
    if link.disconnected_since:
        return Status("DISCONNECTED", since=link.disconnected_since, reason=link.disconnected_reason)
    return Status("SYNCHRONIZED", since=link.last_synced_at)


def sync_run_list(*, limit: int = 25) -> list[SyncRun]:
    """The newest synchronizations first."""
    return list(SyncRun.objects.order_by("-id")[:limit])


def dry_run_latest() -> SyncRun | None:
    """The newest preview."""
    return SyncRun.objects.filter(kind=SyncKind.DRY_RUN).order_by("-id").first()


def sync_run_get(uid: UUID) -> SyncRun | None:
    """One synchronization."""
    return SyncRun.objects.filter(uid=uid).first()


def held_run() -> SyncRun | None:
    """The newest full read, if it asks before customers are marked as gone and nobody has agreed since."""
    newest = SyncRun.objects.filter(kind=SyncKind.FULL).order_by("-id").first()
    is_held = newest is not None and newest.state == SyncState.HELD
    return newest if is_held and link_get().removals_allowed is None else None


def change_list(run: SyncRun) -> QuerySet[SyncChange]:
    """What a preview found, or what a full read asks about."""
    return run.changes.order_by("id")


def change_counts(run: SyncRun) -> dict[str, int]:
    """Kind of change → how many; every kind is named."""
    found = dict(run.changes.order_by().values_list("change").annotate(n=Count("id")))
    return {change: found.get(change, 0) for change in ChangeKind.values}


def trouble_list() -> QuerySet[SyncTrouble]:
    """Items that could not be taken over, longest first."""
    return SyncTrouble.objects.order_by("first_at", "id")


def company_list(*, hub_ids: Iterable[UUID] | None = None) -> QuerySet[MirroredCompany]:
    """Companies that devices can belong to; all of them, or those of a scope."""
    companies = MirroredCompany.objects.filter(kind__in=DEVICE_KINDS).select_related("group")
    return companies if hub_ids is None else companies.filter(hub_id__in=list(hub_ids))


def company_get(uid: UUID) -> MirroredCompany:
    """One customer by its uid here.

    Raises:
        CompanyNotFoundError: There is none.
    """
    company = company_list().filter(uid=uid).first()
    if company is None:
        raise CompanyNotFoundError
    return company


def license_list() -> QuerySet[MirroredLicense]:
    """Licenses that the hub still shows to this instance."""
    return MirroredLicense.objects.filter(is_deleted=False).order_by("public_id")


def license_get(uid: UUID) -> MirroredLicense:
    """One license by its uid here.

    Raises:
        LicenseNotFoundError: There is none.
    """
    found = license_list().filter(uid=uid).first()
    if found is None:
        raise LicenseNotFoundError
    return found


def product_names() -> dict[str, str]:
    """Product code → its name, as far as licenses here name it."""
    products = license_list().values_list("products", flat=True)
    return {one["code"]: one.get("name") or one["code"] for found in products for one in found}


def node_list(*, company_hub_ids: Iterable[UUID] | None = None) -> QuerySet[MirroredNode]:
    """Customers' seats, one row per license, customer and product."""
    nodes = MirroredNode.objects.filter(is_deleted=False).order_by("license_hub_id", "company_hub_id", "product")
    return nodes if company_hub_ids is None else nodes.filter(company_hub_id__in=list(company_hub_ids))


def nodes_of_shares(share_ids: Collection[UUID]) -> QuerySet[MirroredNode]:
    """Customers' seats among these licenses or customers' seats (both by hub id)."""
    return node_list().filter(Q(hub_id__in=share_ids) | Q(license_hub_id__in=share_ids))


def companies_of_shares(share_ids: Collection[UUID]) -> QuerySet[MirroredNode, UUID]:
    """Hub ids of the customers that these licenses or customers' seats (both by hub id) are for."""
    return nodes_of_shares(share_ids).values_list("company_hub_id", flat=True)


def license_for_company(*, company_hub_id: UUID, product: str) -> MirroredLicense | None:
    """The license from which a customer's device takes its seat of a product.

    The first by public id among those whose seats for that customer are not suspended; a license
    that is not in order is the last choice, so that the device can say why.
    """
    nodes = node_list(company_hub_ids=[company_hub_id]).filter(product=product)
    licenses = {found.hub_id: found for found in license_list().filter(hub_id__in=nodes.values("license_hub_id"))}
    usable = [n for n in nodes if n.license_hub_id in licenses]
    usable.sort(key=lambda n: (n.is_suspended, licenses[n.license_hub_id].state != "OK", n.license_hub_id.hex))
    return licenses[usable[0].license_hub_id] if usable else None


def seats_stopped_list(hub_ids: Iterable[UUID]) -> list[MirroredSeat]:
    """Seats that a person stopped in the hub at some time, in a fixed order."""
    return list(MirroredSeat.objects.filter(hub_id__in=list(hub_ids)).order_by("id"))
