"""Reads of agreements; the scope comes first."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Floor

from seatkeep_hub.agreements import rules
from seatkeep_hub.agreements.enums import AgreementMode
from seatkeep_hub.agreements.errors import AgreementNotFoundError
from seatkeep_hub.agreements.models import Agreement
from seatkeep_hub.agreements.usage import usage_list, usage_slices, usage_totals
from seatkeep_hub.companies.models import Company
from seatkeep_hub.companies.selectors import Viewer, companies_visible
from seatkeep_hub.licensing.enums import NodeKind, SeatState
from seatkeep_hub.licensing.models import BundleProduct, PoolNode

__all__ = [
    "agreement_get",
    "agreement_list",
    "agreement_over",
    "overused_seats",
    "usage_list",
    "usage_slices",
    "usage_totals",
]


def agreement_list(viewer: Viewer, *, company: Company | None = None) -> QuerySet[Agreement]:
    """Agreements of companies that the viewer may see, closed ones included; below `company` only, if given."""
    companies = companies_visible(viewer)
    if company is not None:
        companies = companies.filter(path__contains=[company.pk])
    found = Agreement.objects.filter(company__in=companies.values("pk"))
    return found.select_related("company", "license__bundle", "product", "node")


def agreement_get(viewer: Viewer, uid: UUID) -> Agreement:
    """One agreement.

    Raises:
        AgreementNotFoundError: There is none, or it is another's.
    """
    found = agreement_list(viewer).filter(uid=uid).first()
    if found is None:
        raise AgreementNotFoundError
    return found


def agreement_over(agreement: Agreement) -> int:
    """How many devices are more than agreed (or above the warning line)."""
    return rules.over_agreed(
        mode=agreement.mode, quantity=agreement.quantity, warn_above=agreement.warn_above, used=agreement.node.used
    )


def overused_seats() -> Q:
    """Condition on seats: their customer uses more than its fixed number, or their license more than was ordered.

    Every computer that shares in the overuse is meant, not only the last ones: nobody is picked.
    """
    line = BundleProduct.objects.filter(bundle=OuterRef("license__bundle"), product=OuterRef("product"))
    full = PoolNode.objects.filter(kind=NodeKind.ROOT).annotate(
        ordered=Floor(F("license__quantity") * Subquery(line.values("ratio")[:1]))
    )
    over = Agreement.objects.filter(mode=AgreementMode.FIXED, closed_at=None, node__used__gt=F("quantity"))
    is_over = Exists(full.filter(license=OuterRef("license"), product=OuterRef("product"), used__gt=F("ordered")))
    return Q(state=SeatState.ACTIVE) & (Q(node__in=over.values("node")) | Q(is_over))
