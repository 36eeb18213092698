"""Reads of billing; the scope comes first. A seller sees drafts and prices, a buyer what is closed.

Whoever may not see prices at a company sees no price list and no statement of it: here is the one door.
"""

from __future__ import annotations

from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from seatkeep_hub.billing.enums import StatementState
from seatkeep_hub.billing.errors import (
    CorrectionNotFoundError,
    LayoutNotFoundError,
    PriceListNotFoundError,
    StatementNotFoundError,
)
from seatkeep_hub.billing.models import (
    BillingSettings,
    CorrectionRequest,
    ExportLayout,
    PriceList,
    Statement,
    StatementLine,
)
from seatkeep_hub.companies.enums import AccessLevel, Right
from seatkeep_hub.companies.models import Company
from seatkeep_hub.companies.selectors import Viewer, companies_visible, company_get

LINE_PARTS = (
    "statement__seller",
    "statement__buyer",
    "statement__price_list",
    "node__company",
    "node__license",
    "product",
    "corrects__statement",
)


def price_list_list(viewer: Viewer) -> QuerySet[PriceList]:
    """Price lists of sellers at which the viewer may see prices."""
    found = PriceList.objects.filter(seller__in=companies_visible(viewer, right=Right.PRICES).values("pk"))
    return found.select_related("seller", "buyer")


def price_list_get(viewer: Viewer, uid: UUID) -> PriceList:
    """One price list.

    Raises:
        PriceListNotFoundError: There is none, or the viewer may not see its seller.
    """
    found = price_list_list(viewer).filter(uid=uid).first()
    if found is None:
        raise PriceListNotFoundError
    return found


def statement_list(viewer: Viewer, *, company: Company | None = None) -> QuerySet[Statement]:
    """Statements of sellers at which the viewer may see prices, closed ones of such buyers; of `company`, if given."""
    visible = companies_visible(viewer, right=Right.PRICES)
    # By each statement's own companies: a set of all that a distributor sees is too large to be looked into fast.
    sells, buys = (Exists(visible.filter(pk=OuterRef(side))) for side in ("seller", "buyer"))
    found = Statement.objects.filter(Q(sells) | Q(buys, state=StatementState.CLOSED))
    if company is not None:
        found = found.filter(Q(seller=company) | Q(buyer=company))
    return found.select_related("seller", "buyer", "price_list")


def statement_get(viewer: Viewer, uid: UUID, *, level: AccessLevel = AccessLevel.READ) -> Statement:
    """One statement.

    Raises:
        StatementNotFoundError: There is none, or the viewer may not see it.
        RightMissingError: `level` is WRITE, and the viewer may not bill in the seller's name.
        CompanyNotFoundError: `level` is WRITE, and the viewer is a buyer.
    """
    found = statement_list(viewer).filter(uid=uid).first()
    if found is None:
        raise StatementNotFoundError
    if level == AccessLevel.WRITE:
        company_get(viewer, found.seller.uid, right=Right.BILLING)
    return found


def line_list(statement: Statement) -> QuerySet[StatementLine]:
    """A statement's lines, usage first as it was counted, then the minimum and corrections."""
    return statement.lines.select_related(*LINE_PARTS).order_by("id")


def line_get(viewer: Viewer, uid: UUID) -> StatementLine:
    """One line of a statement that the viewer may see.

    Raises:
        StatementNotFoundError: There is none, or the viewer may not see it.
    """
    line = StatementLine.objects.filter(uid=uid, statement__in=statement_list(viewer).values("pk"))
    found = line.select_related(*LINE_PARTS).first()
    if found is None:
        raise StatementNotFoundError
    return found


def sellers_writable(viewer: Viewer) -> QuerySet[Company]:
    """Companies in whose name the viewer may set prices and close months, those that have somebody below, by name."""
    writable = companies_visible(viewer, right=Right.BILLING)
    return writable.filter(children__isnull=False).distinct().order_by("name", "id")


def settings_get(seller: Company) -> BillingSettings:
    """A seller's settings, the defaults where nothing was ever set; do not save it."""
    return BillingSettings.objects.filter(seller=seller).first() or BillingSettings(seller=seller)


def layout_list(viewer: Viewer) -> QuerySet[ExportLayout]:
    """Export layouts of sellers whose prices the viewer may see."""
    sellers = companies_visible(viewer, right=Right.PRICES).values("pk")
    return ExportLayout.objects.filter(seller__in=sellers).select_related("seller")


def layout_get(viewer: Viewer, uid: UUID, *, right: Right | None = None) -> ExportLayout:
    """One export layout.

    Raises:
        LayoutNotFoundError: There is none, or the viewer may not see its seller's prices.
        RightMissingError: The viewer lacks the right at the seller.
    """
    found = layout_list(viewer).filter(uid=uid).first()
    if found is None:
        raise LayoutNotFoundError
    company_get(viewer, found.seller.uid, right=right)
    return found


def correction_list(viewer: Viewer) -> QuerySet[CorrectionRequest]:
    """Corrections that wait for a second person, or were decided, at sellers whose prices the viewer may see."""
    sellers = companies_visible(viewer, right=Right.PRICES).values("pk")
    found = CorrectionRequest.objects.filter(line__statement__seller__in=sellers)
    return found.select_related(
        "line__statement__seller", "line__statement__buyer", "line__node__company", "line__product", "made"
    )


def correction_get(viewer: Viewer, uid: UUID, *, right: Right | None = None) -> CorrectionRequest:
    """One correction.

    Raises:
        CorrectionNotFoundError: There is none, or the viewer may not see its seller's prices.
        RightMissingError: The viewer lacks the right at the seller.
    """
    found = correction_list(viewer).filter(uid=uid).first()
    if found is None:
        raise CorrectionNotFoundError
    company_get(viewer, found.line.statement.seller.uid, right=right)
    return found


def lines_for_files(statements: QuerySet[Statement]) -> QuerySet[StatementLine]:
    """Lines of several statements with all that a file says of them, by buyer."""
    found = StatementLine.objects.filter(statement__in=statements.values("pk"))
    return found.select_related(*LINE_PARTS).order_by("statement__buyer__name", "statement_id", "id")
