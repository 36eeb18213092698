"""The tree of companies beside the table: those that have others below them."""

from __future__ import annotations

from collections import Counter
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Count
from django.http import HttpRequest, QueryDict
from django.urls import reverse
from seatkeep_webkit.trees import TreeItem, open_to_current

from seatkeep_hub.companies.enums import CompanyKind, CompanyStatus
from seatkeep_hub.companies.models import Company, User
from seatkeep_hub.companies.rules import CHILD_KINDS
from seatkeep_hub.companies.selectors import companies_visible, company_get

SHOWN_AT_MOST = 200
_PARENT_KINDS = [kind for kind, children in CHILD_KINDS.items() if children and kind != CompanyKind.VENDOR]
_ICONS = {
    CompanyKind.DISTRIBUTOR: "building-skyscraper",
    CompanyKind.DIVISION: "hierarchy-2",
    CompanyKind.MSP_MANAGER: "buildings",
    CompanyKind.MSP: "building-store",
    CompanyKind.MANAGED_MSP: "building-store",
}


def asked_company(request: HttpRequest, viewer: User) -> Company | None:
    """The company in `?below=`; None without one.

    Raises:
        CompanyNotFoundError: It is not the viewer's to see.
    """
    try:
        uid = UUID(request.GET.get("below", ""))
    except ValueError:
        return None
    return company_get(viewer, uid)


def scope_of(company: Company | None) -> dict[str, str]:
    """The scope of a table that shows a company and everything below it."""
    return {"below": str(company.uid)} if company else {}


def scope_path(scope: QueryDict) -> list[int] | None:
    """The id of the company that a posted selection came from, as a path lookup takes it; None for everywhere.

    An address that names no company any more means nothing, never everything.
    """
    text = scope.get("below", "")
    if not text:
        return None
    try:
        found = Company.objects.filter(uid=UUID(text)).values_list("pk", flat=True).first()
    except ValueError:
        found = None
    return [found or 0]


def company_items(viewer: User, current: Company | None) -> list[TreeItem]:
    """Companies that may have others below them, as a tree with how many customers each has in all.

    At most 200, the first by name; empty where there is only one, because a tree of one place helps nobody.
    """
    visible = companies_visible(viewer).exclude(status=CompanyStatus.REMOVED)
    parents = list(visible.filter(kind__in=_PARENT_KINDS).defer("search").order_by("name", "id")[:SHOWN_AT_MOST])
    if len(parents) < 2:
        return []
    counts = _customers_below(viewer, parents)
    items = {one.pk: _item(one, current, counts[one.pk]) for one in parents}
    roots: list[TreeItem] = []
    for one in parents:
        siblings = items[one.parent_id].children if one.parent_id in items else roots
        siblings.append(items[one.pk])
    open_to_current(roots)
    return roots


def _customers_below(viewer: User, parents: list[Company]) -> Counter[int]:
    """Customers of each company and of all below it."""
    customers = companies_visible(viewer).filter(kind=CompanyKind.CUSTOMER).exclude(status=CompanyStatus.REMOVED)
    direct = dict(customers.filter(parent__in=parents).order_by().values_list("parent_id").annotate(total=Count("pk")))
    below: Counter[int] = Counter()
    for one in parents:
        for pk in one.path:
            below[pk] += direct.get(one.pk, 0)
    return below


def _item(company: Company, current: Company | None, count: int) -> TreeItem:
    is_paused = company.status == CompanyStatus.SUSPENDED
    return TreeItem(
        label=company.name,
        url=f"{reverse('portal:companies')}?{urlencode({'below': company.uid})}",
        icon=_ICONS.get(CompanyKind(company.kind), "building"),
        count=count,
        badge=company.get_status_display() if company.status != CompanyStatus.ACTIVE else "",
        tone="warn" if is_paused else "info",
        is_current=current is not None and company.pk == current.pk,
    )
