"""Products that the vendor makes, renames and retires; and who may edit what this server sells."""

from __future__ import annotations

import re
from datetime import datetime

from django.db import transaction
from seatkeep_webkit.actors import Actor
from seatkeep_webkit.audit.services import audit_record

from seatkeep_hub.companies.enums import AccessLevel, CompanyStatus, Right
from seatkeep_hub.companies.errors import CompanyNotFoundError
from seatkeep_hub.companies.models import Company
from seatkeep_hub.companies.selectors import Viewer, holding
from seatkeep_hub.licensing.enums import Platform
from seatkeep_hub.licensing.errors import ProductFieldError, ProductInUseError, ProductSoldError
from seatkeep_hub.licensing.models import Bundle, License, Product

CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
MAX_CODE, MAX_NAME, MAX_CATEGORY = 60, 200, 60
VENDOR_AND_ONE = 2
"""Companies at the top where one stands alone below the vendor."""


def may_edit_catalog(viewer: Viewer) -> bool:
    """Whether the viewer may edit what this server sells.

    That is decided at the vendor; where just one company stands below it, which is how one's own server begins, that
    company's people decide, too.
    """
    # Joined, not one condition with "or", which reads every company, on each page.
    present = Company.objects.exclude(status=CompanyStatus.REMOVED).defer("search").order_by()
    vendor = Company.objects.filter(parent=None).values("pk")
    found = list(present.filter(parent=None)[:1].union(present.filter(parent__in=vendor)[:2], all=True))
    homes = [one for one in found if one.parent_id is None or len(found) == VENDOR_AND_ONE]
    return any(holding(viewer, one).suffices(AccessLevel.WRITE, Right.CATALOG) for one in homes)


def catalog_check(viewer: Viewer) -> None:
    """See that the viewer may edit what this server sells; for all others there is no such page.

    Raises:
        CompanyNotFoundError: They may not.
    """
    if not may_edit_catalog(viewer):
        raise CompanyNotFoundError


@transaction.atomic
def product_set(
    *,
    actor: Actor,
    code: str,
    name: str,
    category: str,
    platform: Platform | str,
    now: datetime,
    is_retired: bool = False,
) -> Product:
    """Make a product, or change one. The same values change nothing.

    A retired product is in no bundle that can be ordered; licenses that have it keep it.

    Args:
        actor: Who edits; that they may is `catalog_check`.
        code: Small letters, digits and single hyphens, at most 60; it never changes.
        name: What people read, 1 to 200 characters.
        category: Seats of one category count for one price; fixed once a license has the product.
        platform: What it runs on; fixed once a license has the product.
        now: Current time, aware UTC.
        is_retired: No longer sold.

    Raises:
        ProductFieldError: A field is empty, too long or unknown; `fields` names it.
        ProductInUseError: A license has it, and its category or platform would change.
        ProductSoldError: It would be retired, and a bundle that can be ordered holds it; `bundles` names them.
    """
    _fields_check(code, name, category, platform)
    product = Product.objects.select_for_update().filter(code=code).first() or Product(code=code)
    wanted = {"name": name.strip(), "category": category, "platform": str(platform), "is_retired": is_retired}
    if product.pk and all(getattr(product, field) == value for field, value in wanted.items()):
        return product
    if product.pk:
        _change_check(product, category=category, platform=str(platform), is_retired=is_retired)
    for field, value in wanted.items():
        setattr(product, field, value)
    product.save()
    audit_record(
        actor=actor,
        action="product:set",
        subject_type="product",
        subject_id=str(product.uid),
        company_uid=None,
        details={"product": code, "name": product.name, "category": category, "is_retired": is_retired},
        now=now,
    )
    return product


def _change_check(product: Product, *, category: str, platform: str, is_retired: bool) -> None:
    is_other = (product.category, product.platform) != (category, platform)
    if is_other and License.objects.filter(bundle__products=product).exists():
        raise ProductInUseError
    if is_retired and not product.is_retired:
        sold = list(Bundle.objects.filter(products=product, is_offered=True).values_list("code", flat=True))
        if sold:
            raise ProductSoldError(bundles=sorted(sold))


def _fields_check(code: str, name: str, category: str, platform: Platform | str) -> None:
    faults: dict[str, list[str]] = {}
    if len(code) > MAX_CODE or not CODE.fullmatch(code):
        faults["code"] = ["Small letters, digits and single hyphens, such as mail-server."]
    if not name.strip() or len(name) > MAX_NAME or not name.isprintable():
        faults["name"] = [f"1 to {MAX_NAME} characters."]
    if len(category) > MAX_CATEGORY or not CODE.fullmatch(category):
        faults["category"] = ["Small letters, digits and single hyphens, such as endpoint."]
    if platform not in Platform.values:
        faults["platform"] = ["Unknown."]
    if faults:
        raise ProductFieldError(fields=faults)
