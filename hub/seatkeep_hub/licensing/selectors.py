"""Reads of licensing; the scope comes first."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum

from seatkeep_hub.companies.models import Company
from seatkeep_hub.companies.selectors import Viewer, companies_visible
from seatkeep_hub.licensing import rules
from seatkeep_hub.licensing.enums import LicenseKind, NodeKind, SeatState
from seatkeep_hub.licensing.errors import LicenseNotFoundError, SeatNotFoundError
from seatkeep_hub.licensing.models import (
    Bundle,
    BundleProduct,
    CredentialSet,
    License,
    LicenseEntry,
    PoolNode,
    Product,
    Seat,
    SeatEvent,
    SeatRefusal,
)
from seatkeep_hub.licensing.security_admins import owners_administered, security_admin_list
from seatkeep_hub.licensing.states import license_in_state, state_conditions, with_state

__all__ = [
    "SUCCEEDED",
    "bundle_list",
    "entry_list",
    "license_get",
    "license_in_state",
    "license_list",
    "license_state",
    "license_usage",
    "licenses_usage",
    "node_list",
    "owners_administered",
    "product_list",
    "refusal_list",
    "seat_count",
    "seat_events",
    "seat_get",
    "seat_list",
    "security_admin_list",
    "state_conditions",
    "with_state",
]

_RATIO = ("bundle_id", "product_id", "ratio")


class ProductUsage(NamedTuple):
    """Ordered and used seats of one product of a license."""

    product: Product
    ordered: int
    used: int
    promised: int


def bundle_list() -> QuerySet[Bundle]:
    """What can be ordered."""
    return Bundle.objects.filter(is_offered=True).prefetch_related("lines__product").order_by("name")


def product_list() -> QuerySet[Product]:
    """All products."""
    return Product.objects.order_by("code")


def bundle_catalog() -> QuerySet[Bundle]:
    """Every bundle, those that are no longer sold too, with its products, successor and number of licenses."""
    return (
        Bundle.objects.select_related("successor")
        .prefetch_related("lines__product")
        .annotate(license_count=Count("licenses", filter=Q(licenses__cancelled_at=None), distinct=True))
        .order_by("category", "tier", "name")
    )


def license_list(viewer: Viewer) -> QuerySet[License]:
    """Licenses whose owner the viewer may see, newest first; their keys are not decrypted unless somebody asks."""
    owners = companies_visible(viewer).values("pk")
    return License.objects.filter(owner__in=owners).select_related("owner", "bundle").defer("key_encrypted")


def license_search(licenses: QuerySet[License], text: str) -> QuerySet[License]:
    """Those that have every word in their id, bundle (name or code), or owner's name or number; all without a text."""
    for word in text.split():
        licenses = licenses.filter(
            Q(public_id__icontains=word)
            | Q(bundle__name__icontains=word)
            | Q(bundle__code__icontains=word)
            | Q(owner__name__icontains=word)
            | Q(owner__custom_identifier__iexact=word)
        )
    return licenses


SUCCEEDED = Q(bundle__successor__is_offered=True, cancelled_at=None, frozen_at=None) & ~Q(kind=LicenseKind.TRIAL)
"""Licenses that the vendor wants to move to another bundle, and that can move."""


def succeeded_count(viewer: Viewer) -> int:
    """How many licenses of the viewer the vendor wants to move; none are counted where no successor is named."""
    if not Bundle.objects.filter(successor__is_offered=True).exists():
        return 0
    return license_list(viewer).filter(SUCCEEDED).count()


def credential_list(license: License) -> QuerySet[CredentialSet]:
    """User names of a license, one per product, by product."""
    return CredentialSet.objects.filter(license=license).select_related("product").order_by("product__code")


def license_get(viewer: Viewer, uid: UUID) -> License:
    """One license.

    Raises:
        LicenseNotFoundError: There is none, or the viewer may not see its owner.
    """
    found = license_list(viewer).filter(uid=uid).first()
    if found is None:
        raise LicenseNotFoundError
    return found


def license_usage(license: License) -> list[ProductUsage]:
    """Seats of each product of a license, by product code."""
    return licenses_usage([license])[license.pk]


def licenses_usage(licenses: Collection[License]) -> dict[int, list[ProductUsage]]:
    """Seats of each product of many licenses, by license id and then by product code; three queries."""
    ids = [one.pk for one in licenses]
    lines = BundleProduct.objects.filter(bundle__in={one.bundle_id for one in licenses})
    ratios = {(bundle, product): ratio for bundle, product, ratio in lines.values_list(*_RATIO)}
    shares = PoolNode.objects.filter(license__in=ids, kind=NodeKind.CUSTOMER, closed_at=None).order_by()
    promised = {
        (license_id, product): total
        for license_id, product, total in shares.values_list("license_id", "product_id").annotate(Sum("reserved"))
    }
    roots: dict[int, list[PoolNode]] = {pk: [] for pk in ids}
    nodes = PoolNode.objects.filter(license__in=ids, kind=NodeKind.ROOT).select_related("product")
    for node in nodes.order_by("product__code"):
        roots[node.license_id].append(node)
    return {
        one.pk: [
            ProductUsage(
                product=root.product,
                ordered=rules.ordered_of(one.quantity, ratios[one.bundle_id, root.product_id]),
                used=root.used,
                promised=promised.get((one.pk, root.product_id), 0),
            )
            for root in roots[one.pk]
            if (one.bundle_id, root.product_id) in ratios
        ]
        for one in licenses
    }


def license_state(license: License, *, now: datetime, usage: Sequence[ProductUsage] | None = None) -> str:
    """Derived state of a license at `now`, a value of `LicenseState`; `usage` where it is known already."""
    lines = license_usage(license) if usage is None else usage
    return rules.license_state(
        is_cancelled=license.cancelled_at is not None,
        is_suspended=license.suspended_at is not None,
        expires_at=license.expires_at,
        usage=[(line.used, line.ordered) for line in lines],
        now=now,
        is_trial=license.kind == LicenseKind.TRIAL,
    )


def console_state(license: License, *, now: datetime, usage: Sequence[ProductUsage] | None = None) -> str:
    """The state as consoles are told it: a stop of billing alone is none of their business; `usage` if known."""
    if license.cancelled_at is None and (license.frozen_at or pause_is_stopped(license, now)):
        return "SUSPENDED"
    return rules.license_state(
        is_cancelled=license.cancelled_at is not None,
        is_suspended=False,
        expires_at=license.expires_at,
        usage=[(line.used, line.ordered) for line in (license_usage(license) if usage is None else usage)],
        now=now,
    )


def pause_is_stopped(license: License, now: datetime) -> bool:
    """Whether protection is stopped at `now`."""
    return license.protection_stops_at is not None and now >= license.protection_stops_at


def entry_list(license: License) -> QuerySet[LicenseEntry]:
    """The license's ledger, newest first."""
    return LicenseEntry.objects.filter(license=license).order_by("-number")


def node_list(license: License) -> QuerySet[PoolNode]:
    """Customers' shares of a license that are open, by customer."""
    shares = PoolNode.objects.filter(license=license, kind=NodeKind.CUSTOMER, closed_at=None)
    return shares.select_related("company", "product").order_by("company__name", "product__code")


def seat_list(viewer: Viewer, *, company: Company | None = None) -> QuerySet[Seat]:
    """Seats of companies that the viewer may see, ended ones included; below `company` only, if given.

    A seat at a license's root belongs to the license's owner.
    """
    companies = companies_visible(viewer)
    if company is not None:
        companies = companies.filter(path__contains=[company.pk])
    seats = Seat.objects.filter(node__company__in=companies.values("pk"))
    return seats.select_related("license", "product", "node__company")


def seat_get(viewer: Viewer, uid: UUID) -> Seat:
    """One seat.

    Raises:
        SeatNotFoundError: There is none, or it is another's.
    """
    found = seat_list(viewer).filter(uid=uid).first()
    if found is None:
        raise SeatNotFoundError
    return found


def seat_count(viewer: Viewer, *, company: Company | None = None) -> dict[str, int]:
    """How many seats are in each state."""
    rows = seat_list(viewer, company=company).order_by().values_list("state").annotate(total=Count("pk"))
    return {state.value: dict(rows).get(state.value, 0) for state in SeatState}


def seats_in_use(viewer: Viewer) -> int:
    """Seats in use of all licenses whose owner the viewer may see, by their counters."""
    roots = PoolNode.objects.filter(kind=NodeKind.ROOT, company__in=companies_visible(viewer).values("pk"))
    return int(roots.aggregate(total=Sum("used"))["total"] or 0)


def seats_used(company_ids: Collection[int]) -> dict[int, int]:
    """Seats that customers use now, all licenses together, by company id; who has no share is left out."""
    shares = PoolNode.objects.filter(kind=NodeKind.CUSTOMER, closed_at=None, company__in=company_ids).order_by()
    return dict(shares.values_list("company_id").annotate(total=Sum("used")))


def seat_events(seat: Seat) -> QuerySet[SeatEvent]:
    """A seat's journal, newest first."""
    return SeatEvent.objects.filter(seat_id=seat.pk).order_by("-at", "-id")


def refusal_list(viewer: Viewer) -> QuerySet[SeatRefusal]:
    """Devices that got no seat and wait, newest first."""
    visible = companies_visible(viewer)
    found = SeatRefusal.objects.filter(
        Exists(visible.filter(pk=OuterRef("node__company"))) | Exists(visible.filter(pk=OuterRef("license__owner")))
    )
    return found.select_related("license", "product", "node__company").order_by("-last_at", "-id")
